"""What snapshots are like: times, scales, how many POD modes they need, how fast they turn."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import EaeSindyError
from ..recipes import Fit
from . import split
from .differentiation import LEAST, differentiate
from .pod import Pod, decompose
from .smoothing import most_noise
from .snapshots import Snapshots

MOST_FRAMES = 2000  # that the modes are found from, and as many that are followed in time
MOST_BYTES = 2**28  # of frames in memory at a time
MOST_TRAJECTORIES = 20  # that are followed in time
SHARES = (0.9, 0.99, 0.999, 0.9999)  # of the variance
MODES = 64  # that are looked for
LOOKED_AT = 6  # leading POD coefficients that tell the kind of dynamics
FOLLOWED = 4  # leading POD coefficients whose frequencies are told
GAP = 1.5  # a step is a gap that is as many times the usual one
CYCLES = 1.5  # what turns less often in a trajectory has no frequency that can be told


@dataclass(frozen=True)
class Timing:
    """When the frames of snapshots are.

    Attributes
    ----------
    lengths : mapping of int to int
        The number of frames of each trajectory, in their order.
    start, end : float
        The first time of all, and the last.
    duration : float
        Median over trajectories of the time from the first frame to the last.
    step : float
        Median time between frames; NaN if no trajectory has two.
    gaps : int
        Steps that are more than one and a half times as long.
    longest : float
        The longest step.
    """

    lengths: Mapping[int, int]
    start: float
    end: float
    duration: float
    step: float
    gaps: int
    longest: float


@dataclass(frozen=True)
class Profile:
    """What snapshots are like, in the units of their file.

    Attributes
    ----------
    timing : Timing
    parts : mapping of str to int, or str
        How many frames a fit trains on, validates on, tests on and leaves; or why it refuses.
    rows : array of int [n]
        Frames, spread evenly, that the next five are of.
    coordinates : array [n, c]
        Their leading POD coefficients.
    mean, fluctuation : float
        Root mean square over points of the mean frame, and over points and frames of what is left
        without it.
    modes : mapping of float to (int or None)
        Under each share of the variance the POD modes that carry it; None if more than were looked
        for.
    carried : array [k]
        The share of the variance that the first modes carry, one after the other.
    frequencies : array [c]
        Median over trajectories of the frequency, in cycles per unit of time, at which each leading
        POD coefficient has most power. NaN where it turns less than one and a half times.
    rate_error : float
        Root mean square difference of the given rates from differences of the field, over that of
        the rates, in the leading POD coefficients; NaN if no rates are given.
    noise : float
        What the leading POD coefficients hold of noise at most, as a share of their fluctuation:
        see `smoothing.most_noise`.
    """

    timing: Timing
    parts: Mapping[str, int] | str
    rows: np.ndarray
    coordinates: np.ndarray
    mean: float
    fluctuation: float
    modes: Mapping[float, int | None]
    carried: np.ndarray
    frequencies: np.ndarray
    rate_error: float
    noise: float


def timing(snapshots: Snapshots) -> Timing:
    """Return when the frames of snapshots are."""
    time, label = snapshots.time, snapshots.trajectory
    runs = snapshots.runs()
    steps = np.diff(time)[np.diff(label) == 0]
    usual = float(np.median(steps)) if steps.size else np.nan
    return Timing(
        {int(label[r.start]): r.stop - r.start for r in runs},
        float(time.min()),
        float(time.max()),
        float(np.median([time[r.stop - 1] - time[r.start] for r in runs])),
        usual,
        int(np.count_nonzero(steps > GAP * usual)) if steps.size else 0,
        float(steps.max(initial=0.0)),
    )


def profile(snapshots: Snapshots, settings: Fit) -> Profile:
    """Return what snapshots are like, and how a fit of these settings would split them.

    Reads at most 2,000 frames spread evenly over all, for the modes, and 2,000 more in stretches at
    the end of trajectories, for frequencies; fewer of large frames.

    Raises
    ------
    EaeSindyError
        If a frame that is read cannot be used, or the frames never change.
    """
    most = int(np.clip(MOST_BYTES // (4 * snapshots.size), 2, MOST_FRAMES))
    rows = np.unique(np.linspace(0, len(snapshots) - 1, most).round().astype(int))
    frames = np.concatenate([snapshots.rows("field", k, k + 1) for k in rows]).astype(np.float32)
    pod = decompose(frames, MODES, dimensionless=True)
    carried = np.cumsum(pod.sigma**2)
    found = {s: int(np.searchsorted(carried, s - 1e-9)) + 1 for s in SHARES}
    frequencies, rate_error, noise = _followed(snapshots, pod, most)
    return Profile(
        timing=timing(snapshots),
        parts=_parts(snapshots, settings),
        rows=rows,
        coordinates=_leading(pod, LOOKED_AT).project(frames),
        mean=float(np.sqrt(np.mean(pod.mean.astype(float) ** 2))),
        fluctuation=pod.unit,
        modes={s: k if k <= len(carried) else None for s, k in found.items()},
        carried=carried,
        frequencies=frequencies,
        rate_error=rate_error,
        noise=noise,
    )


def _parts(snapshots: Snapshots, s: Fit) -> Mapping[str, int] | str:
    """Return how many frames a fit puts to what use, or why it does not take them."""
    try:
        return split.counts(split.of_fit(snapshots, s))
    except EaeSindyError as error:
        return str(error)


def _leading(pod: Pod, most: int) -> Pod:
    """Return the basis of the first modes alone."""
    return Pod(pod.mean, pod.modes[:most], pod.sigma[:most], pod.origin, pod.unit)


def _followed(snapshots: Snapshots, pod: Pod, most: int) -> tuple[np.ndarray, float, float]:
    """Return frequencies of the leading coefficients, the error of rates in them, their noise."""
    runs = snapshots.runs()
    chosen = np.unique(np.linspace(0, len(runs) - 1, min(MOST_TRAJECTORIES, most // LEAST or 1))
                       .round().astype(int))  # fmt: skip
    each = max(LEAST, most // len(chosen))
    leading = _leading(pod, FOLLOWED)
    found, series, missed, whole = [], [], 0.0, 0.0
    for run in (runs[k] for k in chosen):
        at = slice(max(run.start, run.stop - each), run.stop)
        time, a = snapshots.time[at], leading.project(snapshots.rows("field", at.start, at.stop))
        found.append([frequency(time, c) for c in a.T.astype(float)])
        series.append(a)
        if snapshots.rate is not None and len(time) >= LEAST:
            rate = leading.along(snapshots.rows("rate", at.start, at.stop)).astype(float)
            slopes = differentiate(time, np.zeros(len(time), int), a.astype(float))
            missed, whole = missed + np.sum((slopes - rate) ** 2), whole + np.sum(rate**2)
    held = np.array(found)
    medians = [np.median(c[np.isfinite(c)]) if np.isfinite(c).any() else np.nan for c in held.T]
    label = np.repeat(np.arange(len(series)), [len(a) for a in series])
    noise = most_noise(label, np.concatenate(series))
    return np.array(medians), float(np.sqrt(missed / whole)) if whole > 0 else np.nan, noise


def frequency(time: np.ndarray, values: np.ndarray) -> float:
    """Return the frequency at which a signal has most power, in cycles per unit of time.

    The signal is brought to even times; its straight line is taken out. NaN if it turns less than
    one and a half times, or never changes.

    Parameters
    ----------
    time, values : arrays [n]
        Times need not be even.
    """
    n = len(time)
    if n < 2 * LEAST:
        return np.nan
    even = np.linspace(time[0], time[-1], n)
    signal = np.interp(even, time, values)
    signal = signal - np.polynomial.Polynomial.fit(even, signal, 1)(even)
    power = np.abs(np.fft.rfft(signal * np.hanning(n), 8 * n)) ** 2
    cycles = np.arange(len(power)) * (n - 1) / (8 * n)  # in the time that the signal takes
    peak = int(np.argmax(power))
    if power[peak] == 0 or cycles[peak] < CYCLES or peak + 1 >= len(power):
        return np.nan
    below, at, above = np.log(power[peak - 1 : peak + 2] + np.finfo(float).tiny)
    bend = below - 2 * at + above
    shift = 0.5 * (below - above) / bend if bend else 0.0
    return float((peak + shift) * (n - 1) / (8 * n) / (time[-1] - time[0]))
