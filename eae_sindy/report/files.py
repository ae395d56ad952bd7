"""The files of a report, each whole or not at all."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..comparison.comparison import Comparison
from ..discovery.equations import FILE
from ..discovery.measurement import Row
from ..errors import EaeSindyError
from ..storage import whole_file
from .report import Report
from .verdicts import of_comparison

# The keys that every row of a comparison.json has had since the first.
COMPARED = (
    *("name", "latents", "members", "terms", "field", "rate", "forecast"),
    *("period", "interval", "runs", "seconds", "note"),
)


def write(report: Report, folder: Path, force: bool = False) -> list[Path]:
    """Write summary.json, coefficients.csv and, with answers, equations.h5; return their paths.

    The summary comes first: it holds the numbers, whatever happens to the rest.
    """
    discovery = report.discovery
    summary, rows, chosen = (folder / n for n in ("summary.json", "coefficients.csv", FILE))
    write_json(report.summary, summary, force)
    with whole_file(rows, force) as part, part.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["equation", "term", "mean", "mode", "low", "high", "significant"])
        for row in discovery.table:
            writer.writerow(
                [row.equation, row.term, row.mean, row.mode, *row.interval, row.significant]
            )
    if discovery.answers is not None:
        discovery.answers.equations.save(chosen, force=force)
        return [summary, rows, chosen]
    if force:  # what an earlier discovery left would pass for this one's
        chosen.unlink(missing_ok=True)
    return [summary, rows]


def write_json(values: Mapping[str, object], path: Path, force: bool = False) -> None:
    """Write a summary; NaN and infinity are no JSON: what has no value is null."""
    with whole_file(path, force) as part:
        part.write_text(json.dumps(_clean(dict(values)), indent=2, allow_nan=False) + "\n")


def write_comparison(comparison: Comparison, folder: Path, force: bool = False) -> list[Path]:
    """Write comparison.json and comparison.csv; return their paths."""
    numbers, rows = folder / "comparison.json", folder / "comparison.csv"
    said = [verdict._asdict() for verdict in of_comparison(comparison)]
    write_json({**comparison.summary(), "verdicts": said}, numbers, force)
    with whole_file(rows, force) as part, part.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f for f in Row._fields if f != "interval"), "low", "high"])
        for row in comparison.rows:
            values = row._asdict()
            ends = values.pop("interval") or ("", "")
            writer.writerow([*values.values(), *ends])
    return [numbers, rows]


def read_comparison(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a comparison.json.

    Raises
    ------
    EaeSindyError
        If the file is something else, or a row lacks one of the keys in `COMPARED`.
    """
    again = "make one with 'eae-sindy compare'"
    try:
        rows = json.loads(path.read_text("utf-8"))["methods"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EaeSindyError(f"{path} is no comparison ({error}): {again}") from error
    if not (isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)):
        raise EaeSindyError(f"{path} is no comparison (it lists no methods): {again}")
    for number, row in enumerate(rows, 1):
        if missing := [key for key in COMPARED if key not in row]:
            raise EaeSindyError(
                f"{path} is no whole comparison (method {number} lacks {', '.join(missing)}): "
                f"{again}"
            )
    return [dict(row) for row in rows]


def _clean(value: object) -> object:
    """Replace what JSON does not know, NaN and infinity, by None."""
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(v) for v in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
