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


def write(report: Report, folder: Path, force: bool = False) -> list[Path]:
    """Write summary.json, coefficients.csv and, with answers, equations.h5; return their paths."""
    discovery = report.discovery
    summary, rows, chosen = (folder / n for n in ("summary.json", "coefficients.csv", FILE))
    with whole_file(rows, force) as part, part.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["equation", "term", "mean", "mode", "low", "high", "significant"])
        for row in discovery.table:
            writer.writerow(
                [row.equation, row.term, row.mean, row.mode, *row.interval, row.significant]
            )
    if discovery.answers is not None:
        discovery.answers.equations.save(chosen, force=force)
    elif force:  # what an earlier discovery left would pass for this one's
        chosen.unlink(missing_ok=True)
    write_json(report.summary, summary, force)
    return [summary, rows, *([chosen] if discovery.answers is not None else [])]


def write_json(values: Mapping[str, object], path: Path, force: bool = False) -> None:
    """Write a summary; NaN and infinity are no JSON: what has no value is null."""
    with whole_file(path, force) as part:
        part.write_text(json.dumps(_clean(dict(values)), indent=2, allow_nan=False) + "\n")


def write_comparison(comparison: Comparison, folder: Path, force: bool = False) -> list[Path]:
    """Write comparison.json and comparison.csv; return their paths."""
    numbers, rows = folder / "comparison.json", folder / "comparison.csv"
    with whole_file(rows, force) as part, part.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f for f in Row._fields if f != "interval"), "low", "high"])
        for row in comparison.rows:
            values = row._asdict()
            ends = values.pop("interval") or ("", "")
            writer.writerow([*values.values(), *ends])
    write_json(comparison.summary(), numbers, force)
    return [numbers, rows]


def read_comparison(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a comparison.json. Raises `EaeSindyError` if it is something else."""
    try:
        return [dict(row) for row in json.loads(path.read_text("utf-8"))["methods"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EaeSindyError(
            f"{path} is no comparison ({error}): make one with 'eae-sindy compare'"
        ) from error


def _clean(value: object) -> object:
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(v) for v in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
