"""A sweep over temperatures in words and in files."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..discovery.sweep import Row, Sweep
from ..recipes import INTERVAL
from ..storage import whole_file
from .files import write_json
from .numbers import error

NAMES = ("sweep.json", "sweep.csv")
# The columns that are printed: a head, the field of a row, and how it is written.
COLUMNS = (
    ("field", "field", ""),
    ("forecast", "forecast", ""),
    ("period", "period", ".4f"),
    ("width", "width", ".2%"),
    ("2<L-L0>/T", "freedom", ".0f"),
    ("Var L/T²", "heat_capacity", ".0f"),
    ("ESS", "ess", ".0f"),
    ("drift", "drift", "+.1f"),
)


def lines(found: Sweep, automatic: bool = True) -> list[str]:
    """Return a sweep as text: one line for each temperature, and one sentence.

    `automatic` says whether the temperature was chosen by the fit, and not named.
    """
    said = [f"  {'T':>8} " + " ".join(f"{head:>9}" for head, *_ in COLUMNS)]
    for row in found.rows:
        mark = "*" if row is found.nearest and found.on_the_ladder else " "
        values = " ".join(f"{_text(getattr(row, name), form):>9}" for _, name, form in COLUMNS)
        said.append(f"{mark} {row.temperature:8.2e} {values}{_note(row)}")
    said += [
        f"  width of the period's {INTERVAL:.0%} interval over the data's own period; L0 is the "
        "least loss of any draw on any rung;",
        "  Var L/T² of N quadratic degrees of freedom is N/2; drift of the mean loss in percent",
    ]
    return [*said, "", sentence(found, automatic)]


def sentence(found: Sweep, automatic: bool = True) -> str:
    """Say how the forecast at the temperature that a fit takes compares with the best."""
    chosen = f"{'auto chose' if automatic else 'the fit has'} T = {found.chosen:.2g}"
    best, row = found.best, found.nearest
    if best is None:
        return f"{chosen}; no rung has a forecast."
    its = "its forecast"
    if not found.on_the_ladder:
        its = f"the forecast of the rung nearest to it, T = {row.temperature:.2g}"
    if not math.isfinite(row.forecast):
        top = f"the best of the ladder has an error of {error(best.forecast)}"
        return f"{chosen}; {its} is not known; {top}, at T = {best.temperature:.2g}."
    if row is best:
        return f"{chosen}; {its} is the best of the ladder, with an error of {error(row.forecast)}."
    return (
        f"{chosen}; {its}, with an error of {error(row.forecast)}, is within a factor "
        f"{row.forecast / best.forecast:.2g} of the best, {error(best.forecast)} at "
        f"T = {best.temperature:.2g}."
    )


def _text(value: float, form: str) -> str:
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "lost"
    return f"{value:{form}}" if form else error(value)


def _note(row: Row) -> str:
    return f"  {row.note}" if row.note else ""


def summary(found: Sweep, provenance: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what goes into sweep.json."""
    best, nearest = found.best, found.nearest
    return {
        "chosen": {
            "temperature": found.chosen,
            "nearest": nearest.temperature,
            "forecast": nearest.forecast,
        },
        "best": best and {"temperature": best.temperature, "forecast": best.forecast},
        "rows": [
            {k: v for k, v in row._asdict().items() if k not in ("low", "high")}
            | {"interval": None if math.isnan(row.low) else [row.low, row.high]}
            for row in found.rows
        ],
        "least_loss": {str(decoder): loss for decoder, loss in found.least.items()},
        "reference_period": found.reference_period,
        "provenance": dict(provenance or {}),
    }


def write(
    found: Sweep, folder: Path, provenance: Mapping[str, Any] | None = None, force: bool = False
) -> list[Path]:
    """Write sweep.json and sweep.csv; return their paths."""
    numbers, rows = (folder / name for name in NAMES)
    write_json(summary(found, provenance), numbers, force)
    with whole_file(rows, force) as part, part.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Row._fields)
        writer.writerows(found.rows)
    return [numbers, rows]
