"""A forecast in words and numbers."""

from collections.abc import Mapping
from typing import Any

from ..recipes import INTERVAL

SHOWN = (0.1, 0.25, 0.5, 1.0)  # of the horizon: where errors are told


def lines(summary: dict[str, Any]) -> list[str]:
    """Return the errors of a summary as text: a line a trajectory, and one a horizon shown."""
    found = []
    for row in summary["trajectories"]:
        name = f"trajectory {row['trajectory']}"
        name += f", t = {_window(row, row['horizon'])}"
        if "field" not in row:
            found.append(f"{name}: no later frames to hold it to")
            continue
        last = row["errors"][-1]["horizon"]
        ended = last < row["horizon"]
        over = f" over t = {_window(row, last)}, where the data end" if ended else ""
        found.append(
            f"{name}: relative field error {row['field']:.4f}{over}, "
            f"{row['over_reconstruction']:.2f} of the reconstruction's; of the mean forecast "
            f"{row['field_of_mean']:.4f}"
        )
        found.append(f"  {'after':>8} {'error':>7}   {INTERVAL:.0%} of members   data in the band")
        found += [
            f"  {e['horizon']:8.4g} {e['median']:7.4f}   [{e['interval'][0]:.4f}, "
            f"{e['interval'][1]:.4f}]   {e['band_holds']:.0%} of the points"
            for e in row["errors"]
        ]
    return found


def _window(row: Mapping[str, Any], length: float) -> str:
    return f"{row['start']:g} to {row['start'] + length:g}"
