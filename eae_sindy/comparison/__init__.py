"""What other methods make of the same frames."""
