"""The ensemble: chains of encoders, their file, and what the chains say of themselves."""
