"""How errors and temperatures are printed: the same everywhere."""

from collections.abc import Sequence

SMALL = 1e-3  # below this the fourth decimal says too little


def error(value: float) -> str:
    """Return a relative error as text: 0.0156, and 2.3e-05 where four decimals say too little."""
    return f"{value:.1e}" if 0 < abs(value) < SMALL else f"{value:.4f}"


def span(values: Sequence[float]) -> str:
    """Return numbers as text: the one that they are, or their least and their largest."""
    least, most = f"{min(values):.3g}", f"{max(values):.3g}"
    return least if least == most else f"{least} to {most}"
