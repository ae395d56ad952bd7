"""Losses, behind one contract."""
