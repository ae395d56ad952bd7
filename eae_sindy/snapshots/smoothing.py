"""Smoothing splines along trajectories, as stiff as the frames themselves say, and their noise."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

LEAST = 12  # frames of a trajectory that are worth smoothing
# Periods, in steps, that splines let through, from almost nothing smoothed to very stiff.
PERIODS = np.geomspace(2.5, 250, 20)
SCORED = 40  # trajectories that tell how stiff splines are to be
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

    How stiff the splines of a coordinate are, generalised cross-validation says, over up to 40
    trajectories together: the least of (Σ e²/n) / (1 − f/n)², with the residuals e and the degrees
    of freedom f of the splines (Craven & Wahba 1979, Numer. Math. 31, 377). The variance of the
    noise is Σ e²/(n − f).

    Parameters
    ----------
    time, trajectory : arrays [n]
        Times, and the trajectory that each frame belongs to; time increases along each.
    coordinates : array [n, r]
    """
    values = coordinates.astype(float)
    kept, rates = values.copy(), np.full_like(values, np.nan)
    runs = list(_runs(trajectory, LEAST))
    if not runs:
        return Smoothed(kept, rates, *np.zeros((2, values.shape[1])))
    step = float(np.median(np.concatenate([np.diff(time[rows]) for rows in runs])))
    clocks = [(time[rows] - time[rows[0]]) / step for rows in runs]
    some = np.unique(np.linspace(0, len(runs) - 1, SCORED).astype(int))
    chosen, noise = _stiffness([(clocks[k], values[runs[k]]) for k in some])
    for stiffness in np.unique(chosen):
        mine = np.flatnonzero(chosen == stiffness)
        for rows, t in zip(runs, clocks, strict=True):
            spline = _spline(t, values[np.ix_(rows, mine)], stiffness)
            kept[np.ix_(rows, mine)] = spline(t)
            rates[np.ix_(rows, mine)] = spline.derivative()(t) / step
    return Smoothed(kept, rates, noise[0], noise[1] / step)


def _stiffness(runs: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the stiffness of each coordinate, [r], and its noise and that of its rate, [2, r].

    `runs` are times, in steps, and coordinates of each trajectory.
    """
    r = runs[0][1].shape[1]
    best, chosen, noise = np.full(r, np.inf), np.zeros(r), np.zeros((2, r))
    n = sum(len(t) for t, _ in runs)
    for period in PERIODS:
        stiffness = (period / (2 * np.pi)) ** 4
        missed, freedom, passed = np.zeros(r), 0.0, 0.0
        counted: dict[bytes, np.ndarray] = {}
        for t, x in runs:
            missed += np.sum((x - _spline(t, x, stiffness)(t)) ** 2, axis=0)
            few = t[:TRACED]
            times = few.round(6).tobytes()
            if times not in counted:
                hat = _spline(few, np.eye(len(few)), stiffness)
                sums = np.trace(hat(few)), np.sum(hat.derivative()(few) ** 2)
                counted[times] = np.array(sums) / len(few)
            own, through = counted[times] * len(t)
            freedom, passed = freedom + float(own), passed + float(through)
        score = missed / n / (1 - freedom / n) ** 2
        better = score < best
        best[better], chosen[better] = score[better], stiffness
        variance = missed[better] / (n - freedom)
        noise[:, better] = np.sqrt(np.stack([variance, variance * passed / n]))
    return chosen, noise


def _spline(t: np.ndarray, x: np.ndarray, stiffness: float) -> Any:
    """Return the natural cubic spline through x [n, r] of a given stiffness."""
    from scipy.interpolate import make_smoothing_spline

    return make_smoothing_spline(t, x, lam=stiffness)


def _runs(trajectory: np.ndarray, least: int) -> Iterator[np.ndarray]:
    """Yield the frames of every trajectory that has so many."""
    for label in np.unique(trajectory):
        rows = np.flatnonzero(trajectory == label)
        if len(rows) >= least:
            yield rows
