"""Rates of change of frames that come without them."""

import numpy as np

from ..errors import EaeSindyError


def differentiate(
    time: np.ndarray, trajectory: np.ndarray, coordinates: np.ndarray, needed: bool = True
) -> np.ndarray:
    """Return the rates of coordinates [n, r] by finite differences along each trajectory.

    Those of a trajectory of fewer than five frames are NaN, or refused if they are needed.
    """
    import pysindy as ps

    rate = np.full_like(coordinates, np.nan)
    for label in np.unique(trajectory):
        rows = trajectory == label
        if np.count_nonzero(rows) < 5:
            if not needed:
                continue
            raise EaeSindyError(
                f"trajectory {label} has {np.count_nonzero(rows)} frames, too few "
                "to differentiate: give /rate, or leave it out"
            )
        rate[rows] = ps.SINDyDerivative(kind="finite_difference", k=2)(
            coordinates[rows].astype(float), time[rows]
        )
    return rate
