"""Snapshots of systems whose truth is known: what a method should find is planted in them."""
