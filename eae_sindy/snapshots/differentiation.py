"""Rates of change of frames that come without them."""

from typing import Any

import numpy as np

from ..errors import EaeSindyError
from .checks import LARGEST

LEAST = 5  # frames of a trajectory whose rates can be had by differences
FINITE_DIFFERENCE, SPLINE = "finite-difference", "smoothing-spline"
# What pysindy and `derivative` take, for frames that are one unit of time apart. The differences
# are pysindy's own: those of `derivative` are of first order at the ends, and at uneven times.
KINDS: dict[str, dict[str, Any]] = {
    FINITE_DIFFERENCE: {"order": 4},
    "savitzky-golay": {"kind": "savitzky_golay", "order": 3, "left": 5, "right": 5},
    "spectral": {"kind": "spectral"},
}
FOURTH_ORDER = np.array([1, -8, 0, 8, -1]) / 12  # the differences above, of evenly spaced frames


def check(trajectory: np.ndarray) -> None:
    """Check that every trajectory is long enough to differentiate.

    Raises `EaeSindyError` that names the first which is not. `trajectory` [n] is the trajectory
    that each frame belongs to.
    """
    for label, count in zip(*np.unique(trajectory, return_counts=True), strict=True):
        if count < LEAST:
            raise EaeSindyError(
                f"trajectory {label} has {count} frames, too few to differentiate: give its rates, "
                "or leave it out"
            )


def differentiate(
    time: np.ndarray,
    trajectory: np.ndarray,
    coordinates: np.ndarray,
    needed: bool = True,
    method: str = FINITE_DIFFERENCE,
) -> np.ndarray:
    """Return the rates of coordinates along each trajectory.

    Parameters
    ----------
    time, trajectory : arrays [n]
        Times, and the trajectory that each frame belongs to.
    coordinates : array [n, r]
        What is differentiated.
    needed : bool
        Whether a trajectory of fewer than five frames is an error; otherwise its rates are NaN.
    method : str
        One of `KINDS`.

    Returns
    -------
    array [n, r]
        In units of the coordinates per unit of time.

    Raises
    ------
    EaeSindyError
        If rates are needed of a trajectory that is too short, or grow beyond single precision.
    """
    import pysindy as ps

    rate = np.full_like(coordinates, np.nan)
    if needed:
        check(trajectory)
    for label in np.unique(trajectory):
        rows = trajectory == label
        if np.count_nonzero(rows) < LEAST:
            continue
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            step = float(np.median(np.diff(time[rows])))
            make = ps.FiniteDifference if method == FINITE_DIFFERENCE else ps.SINDyDerivative
            found = make(**KINDS[method])(
                coordinates[rows].astype(float), (time[rows] - time[rows][0]) / step
            )
            found = found / step
        known = np.isfinite(coordinates[rows]).all()
        if known and not np.abs(found).max(initial=0) < LARGEST:
            raise EaeSindyError(
                f"the rates of trajectory {label} are too large for single precision: measure time "
                "in a smaller unit, or rescale the field"
            )
        rate[rows] = found
    return rate


def gain(time: np.ndarray, trajectory: np.ndarray) -> float:
    """Return the noise of finite differences over that of the frames: one over a time."""
    steps = [np.diff(time[trajectory == label]) for label in np.unique(trajectory)]
    return float(np.sqrt(np.sum(FOURTH_ORDER**2)) / np.median(np.concatenate(steps)))
