"""Numbers in print."""

import math
import re
from collections.abc import Sequence
from typing import Any

NOTHING = "–"
MINUS = re.compile(r"(?<![\w-])-(?=[\dz.])")  # not the hyphens of words and of options
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def prose(text: str) -> str:
    """Return plain text with arrows and minus signs as they are printed."""
    return MINUS.sub("−", text.replace("<->", "↔").replace("->", "→"))


def number(value: float, digits: int = 4) -> str:
    """Return a number in print: ``−0.1982``, ``1.2×10⁻⁵``, ``1,913``; a dash for NaN."""
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if not math.isfinite(value):
        return NOTHING if math.isnan(value) else "∞" if value > 0 else "−∞"
    body, _, power = f"{value:.{digits}g}".partition("e")
    return body.replace("-", "−") + (f"×10{str(int(power)).translate(RAISED)}" if power else "")


def aligned(values: Sequence[float]) -> list[str]:
    """Return numbers with as many decimals each, so that a column of them can be compared."""
    finite = [abs(v) for v in values if math.isfinite(v) and v]
    scale = math.floor(math.log10(max(finite))) if finite else 0
    if not -4 <= scale <= 4:
        return [number(v) for v in values]
    decimals = max(0, 4 - scale) if scale >= 0 else 3 - scale
    return [
        # Adding 0 takes the sign off a zero.
        f"{round(v, decimals) + 0:.{decimals}f}".replace("-", "−") if math.isfinite(v)
        else number(v)
        for v in values
    ]  # fmt: skip


def interval(low: str, high: str) -> str:
    """Return an interval of two printed numbers."""
    return f"[{low}, {high}]"


def cell(value: Any) -> str:
    """Return any value in print: numbers, pairs of numbers as intervals, lists, words."""
    if isinstance(value, str):
        return value
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        parts = [cell(v) for v in value]
        pair = len(parts) == 2 and all(isinstance(v, float) for v in value)
        return interval(*parts) if pair else ", ".join(parts)
    return number(value) if isinstance(value, int | float) else str(value)
