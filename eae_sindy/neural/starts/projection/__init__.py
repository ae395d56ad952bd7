"""A start that sees: variable projection (Golub & Pereyra 1973), in NumPy and SciPy alone."""
