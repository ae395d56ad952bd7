"""What a saved ensemble says of snapshots it has not seen."""
