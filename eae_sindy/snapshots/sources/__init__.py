"""Snapshots from files of other programs: one file a format, behind `choice.read`."""
