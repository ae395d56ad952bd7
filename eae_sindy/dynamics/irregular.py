"""Motion without a single frequency: two of them, chaos, or noise."""

import numpy as np
from scipy.stats import kurtosis

from ..recipes import KindCriteria
from . import divergence, spectral_lines
from .kind import CHAOTIC, NOISE, QUASI_PERIODIC, Kind, unknown
from .series import Series, clock, unexplained


def judge(
    series: Series,
    parts: list[tuple[np.ndarray, np.ndarray]],
    scale: float,
    criteria: KindCriteria,
) -> Kind:
    """Judge motion without a single frequency: two of them, chaos, noise, or nobody knows."""
    longest = max(series.runs, key=len)
    scales = len(longest) * series.step / scale
    if scales < 2 * criteria.least_beats:
        return unknown(
            f"no cycle looks like the next, and the longest trajectory has {scales:.1f} time "
            f"scales: {2 * criteria.least_beats:g} are needed to tell why"
        )
    if changing := _changes(series, criteria):
        return changing
    return _two_frequencies(series, longest, criteria) or _chaos_or_noise(
        series, parts, scale, criteria
    )


def _changes(series: Series, criteria: KindCriteria) -> Kind | None:
    """Find statistics that are not the same early and late; None if they are."""
    longest = max(series.runs, key=len)
    thirds = np.array([p.mean(axis=0) for p in np.array_split(longest, 3)])
    drift = float(np.linalg.norm(np.ptp(thirds, axis=0)) / np.sqrt(series.variance.sum()))
    if drift > criteria.drift:
        return unknown(
            f"the mean drifts by {drift:.1f} standard deviations along a trajectory, so it has no "
            "statistics: longer ones are needed"
        )
    halves = [
        Series(series.step, tuple(np.array_split(r, 2)[part] for r in series.runs), series.noise)
        for part in (0, 1)
    ]
    for name, values in (
        ("variance", [half.variance.sum() for half in halves]),
        ("time scale", [clock(half, criteria) for half in halves]),
    ):
        ratio = float(max(values) / min(values))
        if not ratio <= criteria.changes:
            return unknown(
                f"the {name} of the earlier and of the later halves differs by a factor "
                f"{ratio:.2f}, so there are no statistics: longer trajectories are needed"
            )
    return None


def _two_frequencies(series: Series, longest: np.ndarray, criteria: KindCriteria) -> Kind | None:
    """Find two frequencies that explain the longest trajectory, and foretell its end."""
    lines = spectral_lines.find(longest, series.step, float(series.noise.sum()), criteria)
    if lines is None or lines.explained < criteria.explained or lines.foretold < criteria.foretold:
        return None
    if lines.gained < criteria.gained:
        return unknown(
            f"one frequency foretells {lines.foretold - lines.gained:.1%} of the last quarter, but "
            "its cycles are not alike enough to be followed: less noise is needed"
        )
    if lines.beats < criteria.least_beats:
        return unknown(
            f"two frequencies explain {lines.explained:.1%}, but the data hold {lines.beats:.1f} "
            f"periods of what tells them from one: {criteria.least_beats:g} are needed"
        )
    a, b = (float(2 * np.pi * f) for f in lines.frequencies)
    return Kind(
        QUASI_PERIODIC,
        f"combinations of the frequencies {a:.4g} and {b:.4g}, which have no common measure within "
        f"{lines.beats:.0f} beats, explain {lines.explained:.1%} and foretell {lines.foretold:.1%} "
        "of the last quarter",
        "clear" if lines.beats >= 1.5 * criteria.least_beats else "likely",
    ).but(frequencies=(a, b))


def _chaos_or_noise(
    series: Series,
    parts: list[tuple[np.ndarray, np.ndarray]],
    scale: float,
    criteria: KindCriteria,
) -> Kind:
    """Hold forecasts by neighbours against those of linear noise with the same spectra."""
    states = divergence.states(series, scale)
    ahead = round(divergence.AHEAD * states.scale)
    error = divergence.unforeseen(states, ahead, criteria)
    rng = np.random.default_rng(0)
    others = [
        divergence.unforeseen(
            divergence.states(divergence.surrogate(series, rng), scale), ahead, criteria
        )
        for _ in range(criteria.surrogates)
    ]
    if not np.isfinite([error, *others]).all():
        return unknown("there are too few frames to find neighbours that are far in time")
    least, mean = np.sqrt(error / min(others)), np.sqrt(error / np.mean(others))
    said = f"forecasts by neighbours err by {least:.2f} of what the best linear noise does"
    if least <= criteria.better:
        parting = divergence.parting(states, criteria)
        if (
            parting
            and parting.interval[0] > 0
            and parting.range >= criteria.parting
            and parting.straight >= criteria.straight
        ):
            low, high = parting.interval
            return Kind(
                CHAOTIC,
                f"neighbours part at the rate {parting.exponent:.3g} ({low:.3g} to {high:.3g}), "
                f"by a factor {np.exp(parting.range):.1f} along a straight line, and {said}",
                "clear" if parting.range >= 1.5 * criteria.parting else "likely",
            ).but(exponent=parting.exponent, exponent_interval=parting.interval)
        return unknown(
            f"{said}, so it is no linear noise, but neighbours do not part exponentially over a "
            "range that would show chaos: more or cleaner frames are needed"
        )
    small = [float(unexplained(parts, stride).sum()) for stride in (1, 2)]
    exponent = float(np.log2(small[1] / small[0])) if small[0] > 0 else np.inf
    peaked = np.abs(kurtosis(np.concatenate(series.runs))).max()
    low, high = criteria.rough
    if mean >= criteria.no_better and low <= exponent <= high and peaked <= criteria.normal:
        return Kind(
            NOISE,
            f"{said}, and small differences grow with the power {exponent:.2f} of time, as those "
            "of a diffusion do",
            "likely",
        )
    return unknown(f"no frequency explains the motion, and {said}: neither chaos nor noise")
