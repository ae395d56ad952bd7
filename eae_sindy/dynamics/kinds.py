"""Kinds of dynamics, told from data before anything is claimed of them."""

from itertools import pairwise

import numpy as np

from ..recipes import KIND_CRITERIA, KindCriteria
from . import cyclic, divergence, irregular
from .kind import CANNOT_TELL, DECAY, EXCITABLE, NOISE, Kind, unknown
from .series import Series, clock, even, pieces, unexplained

EIGHTHS = 8  # parts of a trajectory by which a decay without cycles is seen
LATE_PARTS = 3  # of them, in which it must be at rest: a straight line is not


def tell(
    time: np.ndarray,
    trajectory: np.ndarray,
    coordinates: np.ndarray,
    criteria: KindCriteria = KIND_CRITERIA,
) -> Kind:
    """Tell what kind of dynamics trajectories of a few coordinates show.

    Tests are made in an order: noise, excitable, single frequency, decay without cycles, two
    frequencies, chaos. The first that is passed has the word.

    Parameters
    ----------
    time, trajectory : arrays [n]
        Times, and the trajectory that each frame belongs to. Frames may be missing.
    coordinates : array [n, k]
        A few leading coordinates, such as POD coefficients.

    Raises
    ------
    EaeSindyError
        If shapes do not agree, numbers are not finite, or a time occurs twice in a trajectory.
    """
    parts = pieces(time, trajectory, coordinates)
    x = np.concatenate([x for _, x in parts])
    variance = x.var(axis=0)
    if variance.sum() <= 1e-14 * np.sum(x**2) / max(len(x), 1) or not variance.sum() > 0:
        return unknown("the coordinates never change")
    parts = [p for p in parts if len(p[0]) >= criteria.least_run]
    frames = sum(len(t) for t, _ in parts)
    if frames < criteria.least_frames:
        return unknown(
            f"there are {frames} frames in trajectories of at least {criteria.least_run}: at least "
            f"{criteria.least_frames} are needed"
        )
    noise = unexplained(parts)
    share = float(min(1.0, noise.sum() / variance.sum()))
    return _tell(parts, noise, variance, criteria).but(noise=share)


def _tell(
    parts: list[tuple[np.ndarray, np.ndarray]],
    noise: np.ndarray,
    variance: np.ndarray,
    criteria: KindCriteria,
) -> Kind:
    """Make the tests in their order."""
    kept = noise <= criteria.noise_of_coordinate * variance
    kept &= variance > 1e-12 * variance.max()
    if noise.sum() >= criteria.noise_of_white * variance.sum():
        return _white(even(parts, noise, variance > 0), noise, variance, criteria)
    if not kept.any():
        return unknown(
            f"{noise.sum() / variance.sum():.0%} of the variance is noise: less of it is needed, "
            "or frames that are closer in time"
        )
    series = even(parts, noise, kept)
    scale = clock(series, criteria)
    if found := _excitable(parts, kept, criteria):
        return found
    if not np.isfinite(scale):
        return _at_rest(series, criteria) or unknown(
            "the motion never comes back in the time of any trajectory: longer ones are needed"
        )
    gaps = np.concatenate([np.diff(t) for t, _ in parts])
    long = gaps[gaps > criteria.longest_gap * scale].sum() / gaps.sum()
    if long > criteria.in_gaps:
        return unknown(
            f"{long:.0%} of the time lies in gaps longer than {criteria.longest_gap:g} of the "
            f"time scale {scale:.3g}: more frames are needed"
        )
    cyclical = cyclic.judge(series, criteria)
    if cyclical and cyclical.name != CANNOT_TELL:
        return cyclical
    return _at_rest(series, criteria) or cyclical or irregular.judge(series, parts, scale, criteria)


def _white(series: Series, noise: np.ndarray, variance: np.ndarray, criteria: KindCriteria) -> Kind:
    """Judge frames that their neighbours in time do not explain."""
    share = min(1.0, noise.sum() / variance.sum())
    points = divergence.states(series, 2 * series.step)
    error = divergence.unforeseen(points, 1, criteria)
    if error >= criteria.unpredicted:
        return Kind(
            NOISE,
            f"neighbours in time leave {share:.0%} of the variance unexplained, and neighbours in "
            f"space {error:.0%} of that of the next frame",
        )
    return unknown(
        f"neighbours in time leave {share:.0%} of the variance unexplained, but those in space do "
        "not: frames that are closer in time are needed"
    )


def _excitable(
    parts: list[tuple[np.ndarray, np.ndarray]], kept: np.ndarray, criteria: KindCriteria
) -> Kind | None:
    """Find rest for most of the time, and large excursions that come irregularly."""
    x = np.concatenate([x for _, x in parts])[:, kept]
    middle = np.median(x, axis=0)
    distance = [np.linalg.norm(p[:, kept] - middle, axis=1) for _, p in parts]
    largest = float(np.quantile(np.concatenate(distance), 0.998))
    resting = float(np.mean(np.concatenate(distance) < criteria.near * largest))
    if resting < criteria.resting:
        return None
    waits, begun, peaks = [], [], []
    for (t, _), r in zip(parts, distance, strict=True):
        up = np.flatnonzero(np.diff((r > criteria.near * largest).astype(int)))
        tops = [float(r[a:b].max()) / largest for a, b in pairwise(up + 1) if r[a] > r[a - 1]]
        peaks += [top for top in tops if top > (criteria.near + criteria.far) / 2]
        state = np.where(
            r > criteria.far * largest, 1, np.where(r < criteria.near * largest, 0, -1)
        )
        known = np.flatnonzero(state >= 0)
        rising = known[1:][np.diff(state[known]) == 1]
        begun += ((t[rising] - t[0]) / (t[-1] - t[0])).tolist()
        waits += np.diff(t[rising]).tolist()
    count = len(begun)
    early = float(np.mean(np.array(begun) < 0.5)) if count else 0.0
    if (
        count < criteria.excursions
        or min(early, 1 - early) < criteria.half
        or not (waits and peaks)
    ):
        return None
    sizes = float(np.std(peaks) / np.mean(peaks))
    spread = float(np.std(waits) / np.mean(waits))
    if spread < criteria.irregular or sizes > criteria.sizes:
        return None
    return Kind(
        EXCITABLE,
        f"{resting:.0%} of the time is spent near rest, and {count} large excursions, whose sizes "
        f"vary by {sizes:.0%}, come at waits that vary by {spread:.0%}",
        "clear" if count >= 2 * criteria.excursions else "likely",
    ).but(excursions=count)


def _at_rest(series: Series, criteria: KindCriteria) -> Kind | None:
    """Find trajectories that come to rest, whether or not they oscillate; None if one does not."""
    floor, lefts = series.noise.sum(), []
    for run in series.runs:
        parts = np.array_split(run, EIGHTHS)
        away = run - parts[-1].mean(axis=0)
        square = np.array([np.mean(np.sum(p**2, axis=1)) for p in np.array_split(away, EIGHTHS)])
        size = np.sqrt(np.maximum(square - floor, 0))
        if size[0] < size.max() or not size[0] > 0:
            return None
        lefts.append(size[-LATE_PARTS:].max() / size[0])
    left = float(max(lefts))
    if left > criteria.at_rest:
        return None
    return Kind(
        DECAY,
        f"the last three eighths of every trajectory are at rest to {left:.1%} of the motion in "
        "the first",
        "clear" if left <= criteria.at_rest / 2 else "likely",
    )
