"""Few observables become a field: their values now and at some times before (Takens 1981)."""

from typing import Any

import numpy as np

from ..errors import EaeSindyError
from .snapshots import Snapshots

DELAYS, STEP = "delays", "delay_step"  # attributes
CARRIED = (DELAYS, STEP)  # from snapshots to what is made of them
USUAL = 32  # values of each observable, where nobody says how many
MOST = 4096
# The longest that a frame may reach back, where nobody says, as a share of a trajectory.
REACH = 0.25


def memory(snapshots: Snapshots) -> int:
    """Return after how many frames the autocorrelation of the observables first vanishes.

    That is a quarter of the period of an oscillation. Of all columns together, over all
    trajectories; at most half of the longest one.
    """
    from scipy.signal import correlate

    total: Any = 0.0
    runs = snapshots.runs()
    longest = max(run.stop - run.start for run in runs)
    for run in runs:
        x = snapshots.rows("field", run.start, run.stop).astype(float)
        x = x - x.mean(axis=0)
        own = np.zeros(longest)
        own[: len(x)] = sum(correlate(c, c, method="fft")[len(x) - 1 :] for c in x.T)
        total = total + own
    below = np.flatnonzero(total[: max(2, longest // 2)] <= 0)
    return int(below[0]) if len(below) else max(1, longest // 2)


def embedded(snapshots: Snapshots, delays: int | str, step: int | None = None) -> Snapshots:
    """Return delay coordinates: x(t), x(t − τ), … x(t − (m − 1) τ) of every observable.

    Time is that of the latest value, so that a forecast is one. The first (m − 1) τ of each
    trajectory are left out.

    Parameters
    ----------
    snapshots : Snapshots
        Of a few observables, at even times.
    delays : int or "auto"
        m; 32 for "auto", or as many as the trajectories are long enough for.
    step : int, optional
        τ in frames. If absent a frame reaches back by about a period: four times the time in which
        the autocorrelation falls to zero, or a quarter of the shortest trajectory, if that is less.

    Returns
    -------
    Snapshots
        Fields [n', *space, m], or [n', m] of one observable. Rates likewise, if they are given.

    Raises
    ------
    EaeSindyError
        If m or τ are no counts, or too many for the shortest trajectory, or times are not even.
    """
    if DELAYS in snapshots.attributes:
        return _already(snapshots, delays, step)
    m = USUAL if delays == "auto" else int(delays)
    if not (1 < m <= MOST and (step is None or step >= 1)):
        raise EaeSindyError(f"--delays must be auto or 2 to {MOST:,}, and --delay-step at least 1")
    runs = [np.arange(run.start, run.stop) for run in snapshots.runs()]
    for rows in runs:
        steps = np.diff(snapshots.time[rows])
        if len(steps) and not np.allclose(steps, np.median(steps), rtol=1e-2):
            raise EaeSindyError(
                f"--delays needs even times, and trajectory {snapshots.trajectory[rows[0]]} has "
                f"steps from {steps.min():.4g} to {steps.max():.4g}: resample it, or cut it at gaps"
            )
    shortest = min(map(len, runs))
    if delays == "auto":
        m = max(2, min(m, int(REACH * shortest)))
    if step is None:
        back = min(4 * memory(snapshots), int(REACH * shortest))
        step = max(1, round(back / (m - 1)))
    lost = (m - 1) * step
    if lost >= shortest:
        raise EaeSindyError(
            f"{m} delays of {step} frames need {lost + 1} frames, and the shortest trajectory has "
            f"{shortest}: lower --delays or --delay-step"
        )
    kept = np.concatenate([rows[lost:] for rows in runs])
    interval = float(np.median(np.diff(snapshots.time[runs[0]])))
    mask = snapshots.mask
    return Snapshots(
        snapshots.time[kept],
        _delayed(snapshots.field, kept, m, step),
        None if snapshots.rate is None else _delayed(snapshots.rate, kept, m, step),
        snapshots.trajectory[kept],
        None if mask is None else np.repeat(mask[..., None], m, axis=-1),
        {**snapshots.space, "delay": -step * interval * np.arange(m)},
        {**snapshots.attributes, DELAYS: m, STEP: step},
    )


def _already(snapshots: Snapshots, delays: int | str, step: int | None) -> Snapshots:
    """Return snapshots that have delays, if they are those that are asked for."""
    own = {DELAYS: int(snapshots.attributes[DELAYS]), STEP: int(snapshots.attributes[STEP])}
    asked = {DELAYS: delays, STEP: step or own[STEP]}
    if asked not in (own, own | {DELAYS: "auto"}):
        raise EaeSindyError(
            f"the snapshots have {own[DELAYS]} delays of {own[STEP]} frames already: leave out "
            "--delays and --delay-step, or start from the observables"
        )
    return snapshots


def _delayed(frames: Any, kept: np.ndarray, m: int, step: int) -> np.ndarray:
    """Return frames [n', *space, m] at and before those that are kept."""
    back = kept[:, None] - step * np.arange(m)
    found = np.moveaxis(np.asarray(frames[:])[back], 1, -1)
    return found[:, 0] if found.shape[1:-1] == (1,) else found
