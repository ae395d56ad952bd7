"""How errors are printed: the same everywhere."""

SMALL = 1e-3  # below this the fourth decimal says too little


def error(value: float) -> str:
    """Return a relative error as text: 0.0156, and 2.3e-05 where four decimals say too little."""
    return f"{value:.1e}" if 0 < abs(value) < SMALL else f"{value:.4f}"
