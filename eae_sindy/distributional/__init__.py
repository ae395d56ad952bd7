"""Distributional principal autoencoders: what they see, what they say of data, and their checks."""
