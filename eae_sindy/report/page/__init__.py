"""A discovery as one HTML page."""
