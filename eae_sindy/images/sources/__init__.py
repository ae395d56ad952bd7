"""Images from where they are: bundled, in a file of the user's, or in a folder."""
