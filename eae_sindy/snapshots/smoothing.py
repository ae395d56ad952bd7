"""Smoothing splines along trajectories, as stiff as the frames themselves say, and their noise."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

LEAST = 12  # frames of a trajectory that are worth smoothing
# Periods, in steps, that splines let through, from almost nothing smoothed to very stiff.
PERIODS = np.geomspace(2.5, 250, 20)
TRACED = 300  # frames of a stretch on which the freedom of a spline is counted
FOURTH = np.array([-1.0, 4.0, 0.0, 4.0, -1.0]) / 6  # a frame from its neighbours, by a cubic


class Smoothed(NamedTuple):
    """Coordinates without their noise.

    Attributes
    ----------
    values, rates : arrays [n, r]
        Of the splines, at the frames. Trajectories too short to smooth are as they were, and their
        rates NaN.
    noise, rate_noise : arrays [r]
        Root mean square of the noise of each coordinate, and of what it leaves in the rates.
    """

    values: np.ndarray
    rates: np.ndarray
    noise: np.ndarray
    rate_noise: np.ndarray


def most_noise(trajectory: np.ndarray, coordinates: np.ndarray) -> float:
    """Return the noise that coordinates hold at most, as a share of their r.m.s. fluctuation.

    From how far each frame is from the cubic through its four neighbours. What of the motion is too
    fast for the step is in it, too. NaN where no trajectory has five frames.
    """
    missed, counted = 0.0, 0
    for rows in _runs(trajectory, len(FOURTH)):
        x = coordinates[rows].astype(float)
        windows = np.lib.stride_tricks.sliding_window_view(x, len(FOURTH), axis=0)
        missed += float(np.sum((x[2:-2] - windows @ FOURTH) ** 2)) / (1 + np.sum(FOURTH**2))
        counted += len(windows)
    if not counted:
        return np.nan
    size = np.sum(np.var(coordinates.astype(float), axis=0))
    return float(np.sqrt(missed / counted / size)) if size > 0 else 0.0


def smooth(time: np.ndarray, trajectory: np.ndarray, coordinates: np.ndarray) -> Smoothed:
    """Smooth each coordinate along every trajectory by natural cubic splines.

    How stiff the splines of a coordinate are, generalised cross-validation says, over all
    trajectories together: the least of (Σ e²/n) / (1 − f/n)², with the residuals e and the degrees
    of freedom f of the splines (Craven & Wahba 1979, Numer. Math. 31, 377). The variance of the
    noise is Σ e²/(n − f).

    Parameters
    ----------
    time, trajectory : arrays [n]
        Times, and the trajectory that each frame belongs to; time increases along each.
    coordinates : array [n, r]
    """
    from scipy.interpolate import make_smoothing_spline

    values = coordinates.astype(float)
    best = np.full(values.shape[1], np.inf)
    noise, kept, rates = np.zeros((2, len(best))), values.copy(), np.full_like(values, np.nan)
    runs = list(_runs(trajectory, LEAST))
    if not runs:
        return Smoothed(kept, rates, *noise)
    step = float(np.median(np.concatenate([np.diff(time[rows]) for rows in runs])))
    n = sum(map(len, runs))
    for period in PERIODS:
        stiffness = (period / (2 * np.pi)) ** 4
        missed, freedom, passed = np.zeros(len(best)), 0.0, 0.0
        counted: dict[bytes, np.ndarray] = {}
        new, slopes = values.copy(), np.full_like(values, np.nan)
        for rows in runs:
            t = (time[rows] - time[rows[0]]) / step
            spline = make_smoothing_spline(t, values[rows], lam=stiffness)
            new[rows], slopes[rows] = spline(t), spline.derivative()(t) / step
            missed = missed + np.sum((values[rows] - new[rows]) ** 2, axis=0)
            few = t[:TRACED]
            times = few.round(6).tobytes()
            if times not in counted:
                hat = make_smoothing_spline(few, np.eye(len(few)), lam=stiffness)
                sums = np.trace(hat(few)), np.sum(hat.derivative()(few) ** 2)
                counted[times] = np.array(sums) / len(few)
            own, through = counted[times] * len(t)
            freedom, passed = freedom + float(own), passed + float(through)
        score = missed / n / (1 - freedom / n) ** 2
        better = score < best
        best[better] = score[better]
        variance = missed[better] / (n - freedom)
        noise[:, better] = np.sqrt(np.stack([variance, variance * passed / n / step**2]))
        kept[:, better], rates[:, better] = new[:, better], slopes[:, better]
    return Smoothed(kept, rates, *noise)


def _runs(trajectory: np.ndarray, least: int) -> Iterator[np.ndarray]:
    """Yield the frames of every trajectory that has so many."""
    for label in np.unique(trajectory):
        rows = np.flatnonzero(trajectory == label)
        if len(rows) >= least:
            yield rows
