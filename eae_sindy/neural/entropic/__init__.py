"""Algorithms 1 and 2: chains of encoders and the decoders they train."""
