"""Snapshots of a field: read, checked, split, and brought into POD coordinates."""
