"""A forecast of new snapshots in words and numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..new_data.forecast import Prediction, Run
from ..recipes import INTERVAL
from ..snapshots.snapshots import Snapshots
from .numbers import error

SHOWN = (0.1, 0.25, 0.5, 1.0)  # of the horizon: where errors are told


def warnings(prediction: Prediction) -> list[str]:
    """Say in plain sentences why not to trust a forecast."""
    found = [s] if (s := prediction.novelty.sentence()) else []
    left = [np.count_nonzero(~run.stayed) for run in prediction.runs]
    if any(left):
        found.append(
            f"up to {max(left)} of {len(prediction.members)} members leave the data's "
            "neighbourhood and are out of the mean and the bands: shorten --horizon"
        )
    return found


def summarise(prediction: Prediction, data: Snapshots) -> dict[str, Any]:
    """Return what goes into summary.json; every number is a plain Python number.

    Parameters
    ----------
    prediction : Prediction
    data : Snapshots
        The new ones, to hold the bands to.
    """
    n = prediction.novelty
    return {
        "members": len(prediction.members),
        "interval": INTERVAL,
        "trajectories": [_trajectory(prediction, run, data) for run in prediction.runs],
        "novelty": {
            "share": n.share,
            "outside": float(n.outside.max()),
            "distance": float(n.distance.max()),
            "usual": {"outside": n.usual[0], "distance": n.usual[1]},
        },
        "warnings": warnings(prediction),
    }


def _trajectory(prediction: Prediction, run: Run, data: Snapshots) -> dict[str, Any]:
    found: dict[str, Any] = {
        "trajectory": int(run.trajectory),
        "start": float(run.time[0]),
        "horizon": float(run.time[-1] - run.time[0]),
        "frames": len(run.rows),
        "left": int(np.count_nonzero(~run.stayed)),
    }
    e = run.error
    if e is None:
        return found
    shown = np.unique(np.searchsorted(e.time, [s * e.time[-1] for s in SHOWN]))
    holds = _band_holds(prediction, run, data, shown)
    return found | {
        "field": e.field,
        "field_of_mean": float(e.of_mean.mean()),
        "over_reconstruction": e.ratio,
        "errors": [
            {
                "horizon": float(e.time[i]),
                "median": float(np.median(e.error[:, i])),
                "interval": e.band[:, i].tolist(),
                "of_mean": float(e.of_mean[i]),
                "band_holds": float(held),
            }
            for i, held in zip(shown, holds, strict=True)
        ],
    }


def _band_holds(prediction: Prediction, run: Run, data: Snapshots, shown: np.ndarray) -> np.ndarray:
    """Return the share of the points at which the band holds the data, at the times `shown`."""
    truth = np.concatenate([data.rows("field", row, row + 1) for row in run.rows[shown]])
    _, low, high, _ = (prediction.ensemble.flatten(f) for f in prediction.fields(run, shown))
    return np.mean((low <= truth) & (truth <= high), axis=1)


def lines(summary: Mapping[str, Any]) -> list[str]:
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
            f"{name}: relative field error {error(row['field'])}{over}, "
            f"{row['over_reconstruction']:.2f} of the reconstruction's; of the mean forecast "
            f"{error(row['field_of_mean'])}"
        )
        found.append(f"  {'after':>8} {'error':>7}   {INTERVAL:.0%} of members   data in the band")
        found += [
            f"  {e['horizon']:8.4g} {error(e['median']):>7}   [{error(e['interval'][0])}, "
            f"{error(e['interval'][1])}]   {e['band_holds']:.0%} of the points"
            for e in row["errors"]
        ]
    return found


def _window(row: Mapping[str, Any], length: float) -> str:
    return f"{row['start']:g} to {row['start'] + length:g}"
