"""Kinds of dynamics, told from data before anything is claimed of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from scipy.stats import kurtosis

from ..recipes import KIND_CRITERIA, KindCriteria
from . import amplitudes, divergence, spectral_lines
from .amplitudes import Backbone, Course, Growth
from .cycle_tracking import Tracked, track
from .series import Series, clock, even, pieces, unexplained

LIMIT_CYCLE = "limit cycle"
TRANSIENT = "transient to a cycle"
DECAY = "decay to a fixed point"
CONSERVATIVE = "conservative oscillation"
ONE_ORBIT = "limit cycle or conservative"
QUASI_PERIODIC = "quasi-periodic"
CHAOTIC = "chaotic"
EXCITABLE = "excitable"
NOISE = "noise"
CANNOT_TELL = "cannot tell"
KINDS = (
    *(LIMIT_CYCLE, TRANSIENT, DECAY, CONSERVATIVE, ONE_ORBIT, QUASI_PERIODIC, CHAOTIC),
    *(EXCITABLE, NOISE, CANNOT_TELL),
)

EIGHTHS = 8  # parts of a trajectory by which a decay without cycles is seen
LATE_PARTS = 3  # of them, in which it must be at rest: a straight line is not


@dataclass(frozen=True)
class Yardsticks:
    """What was measured on the way; None where it was not, or means nothing.

    Attributes
    ----------
    noise : float
        Share of the variance that is independent from frame to frame.
    period, period_spread : float
        Median length of a cycle, and the standard deviation over it. Of settled cycles where there
        are such, otherwise of all.
    decay_rate, frequency : float
        Of a decay at its end: −d log A/dt, and radians per unit of time.
    backbone : Backbone
        Frequency and damping of a decay, frequency of a conservative oscillation, by amplitude.
    growth : Growth
        Of amplitudes, over all trajectories.
    frequencies : (float, float)
        Of a torus, in radians per unit of time.
    exponent, exponent_interval : float, (float, float)
        The largest Lyapunov exponent; noise and few data make it too small.
    excursions : int
        Of an excitable system.
    """

    noise: float | None = None
    period: float | None = None
    period_spread: float | None = None
    decay_rate: float | None = None
    frequency: float | None = None
    backbone: Backbone | None = None
    growth: Growth | None = None
    frequencies: tuple[float, float] | None = None
    exponent: float | None = None
    exponent_interval: tuple[float, float] | None = None
    excursions: int | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of dynamics, and why.

    Attributes
    ----------
    name : str
        One of `KINDS`.
    reason : str
        One sentence with the numbers that decided.
    confidence : {"clear", "likely", "none"}
        "clear" where the test passed by a margin, "none" with "cannot tell".
    yardsticks : Yardsticks
    """

    name: str
    reason: str
    confidence: str = "clear"
    yardsticks: Yardsticks = field(default_factory=Yardsticks)

    def but(self, **measured: object) -> "Kind":
        """Return the same with more measured."""
        return replace(self, yardsticks=replace(self.yardsticks, **measured))  # type: ignore[arg-type]


def _unknown(why: str) -> Kind:
    return Kind(CANNOT_TELL, why, "none")


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
        return _unknown("the coordinates never change")
    parts = [p for p in parts if len(p[0]) >= criteria.least_run]
    frames = sum(len(t) for t, _ in parts)
    if frames < criteria.least_frames:
        return _unknown(
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
        return _unknown(
            f"{noise.sum() / variance.sum():.0%} of the variance is noise: less of it is needed, "
            "or frames that are closer in time"
        )
    series = even(parts, noise, kept)
    scale = clock(series, criteria)
    if found := _excitable(parts, kept, criteria):
        return found
    if not np.isfinite(scale):
        return _at_rest(series, criteria) or _unknown(
            "the motion never comes back in the time of any trajectory: longer ones are needed"
        )
    gaps = np.concatenate([np.diff(t) for t, _ in parts])
    long = gaps[gaps > criteria.longest_gap * scale].sum() / gaps.sum()
    if long > criteria.in_gaps:
        return _unknown(
            f"{long:.0%} of the time lies in gaps longer than {criteria.longest_gap:g} of the "
            f"time scale {scale:.3g}: more frames are needed"
        )
    cyclic = _one_frequency(series, criteria)
    if cyclic and cyclic.name != CANNOT_TELL:
        return cyclic
    return _at_rest(series, criteria) or cyclic or _irregular(series, parts, scale, criteria)


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
        ).but(noise=share)
    return _unknown(
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
    if count < criteria.excursions or not 0.2 <= early <= 0.8 or len(waits) < 2:
        return None
    whole = float(np.mean(np.array(peaks) > criteria.whole))
    spread = float(np.std(waits) / np.mean(waits))
    if spread < criteria.irregular or whole < criteria.regular_share:
        return None
    return Kind(
        EXCITABLE,
        f"{resting:.0%} of the time is spent near rest, and {count} large excursions come at waits "
        f"that vary by {spread:.0%}",
        "clear" if count >= 2 * criteria.excursions else "likely",
    ).but(excursions=count)


def _one_frequency(series: Series, criteria: KindCriteria) -> Kind | None:
    """Judge motion whose cycles look alike by their amplitudes; None if they do not look alike."""
    found = [t for k in range(len(series.runs)) if (t := track(series, k)) is not None]
    usable = [t for t in found if len(t) >= criteria.least_cycles]
    regular = [t for t in usable if _is_regular(t, criteria)]
    few = len(usable) < 0.5 * len(series.runs)
    if few or len(regular) < criteria.regular_share * len(usable):
        return None
    courses = [amplitudes.course(t) for t in regular]
    grown = amplitudes.growth(regular)
    lengths = np.concatenate([t.length[len(t) // 2 : -1] for t in regular])
    kind = (
        _steady(regular, courses, criteria)
        or _decays(regular, courses, grown, criteria)
        or _settles(regular, courses, criteria)
        or _attracts(courses, grown, criteria)
        or _unknown(
            "the amplitude still changes at the end of most trajectories, by "
            f"{np.median([abs(c.late) for c in courses]):.0%} over their later half: longer ones "
            "are needed"
        )
    )
    return kind.but(
        period=float(np.median(lengths)),
        period_spread=float(lengths.std() / lengths.mean()),
        growth=grown,
    )


def _is_regular(t: Tracked, criteria: KindCriteria) -> bool:
    """Say whether each cycle looks like the next, and amplitudes rise or fall evenly."""
    return (
        float(np.median(t.alike)) >= criteria.alike
        and t.unevenness() <= criteria.uneven
        and t.late_likeness() >= criteria.alike_late
    )


def _off(t: Tracked, criteria: KindCriteria) -> tuple[int, float]:
    """Return how many cycles a trajectory begins with that are off, and the share that is later.

    Off is a cycle that differs from the last ones in size or in shape.
    """
    few = max(1, len(t) // 8)
    last = t.shapes[-few:].mean(axis=0)
    alike = np.einsum("mpk,pk->m", t.shapes, last) / np.einsum("pk,pk->", last, last)
    size = np.log(t.amplitude)
    off = (np.abs(size - size[-few:].mean()) > criteria.moves) | (alike < criteria.alike)
    there = np.flatnonzero(~off[:-1] & ~off[1:])
    begun = int(there[0]) if len(there) else len(off)
    return begun, float(off[begun:-1].mean()) if begun < len(off) - 1 else 0.0


def _steady(
    tracked: Sequence[Tracked], courses: Sequence[Course], criteria: KindCriteria
) -> Kind | None:
    """Judge trajectories none of which changes; None if one does."""
    change = max(abs(c.change) for c in courses)
    if change > criteria.steady or any(any(_off(t, criteria)) for t in tracked):
        return None
    drift = max(_length_change(t) for t in tracked)
    if drift > criteria.steady:
        return _unknown(
            f"amplitudes are steady, but the length of cycles changes by {drift:.1%} along a "
            "trajectory: what changes with it is not in these coordinates"
        )
    size = [float(np.log(t.amplitude).mean()) for t in tracked]
    length = [float(np.log(np.median(t.length[:-1]))) for t in tracked]
    apart = max(np.ptp(size), np.ptp(length))
    orbits = max(_distinct(size, criteria.steady), _distinct(length, criteria.steady))
    if apart >= criteria.differs and orbits >= criteria.least_orbits:
        return Kind(
            CONSERVATIVE,
            f"amplitudes change by at most {change:.1%} within a trajectory, while those of "
            f"{len(tracked)} trajectories differ by a factor {np.exp(np.ptp(size)):.2f} and "
            f"periods by {np.exp(np.ptp(length)):.2f}, in {orbits} distinct orbits",
            "clear" if orbits > criteria.least_orbits else "likely",
        ).but(backbone=_by_trajectory(tracked))
    if apart <= criteria.same:
        seen = "one trajectory" if len(tracked) == 1 else f"{len(tracked)} trajectories"
        return Kind(
            ONE_ORBIT,
            f"{seen} of one amplitude, which changes by at most {change:.1%}: whether others come "
            "to it only trajectories of other amplitudes tell",
            "clear" if max(len(t) for t in tracked) >= 2 * criteria.least_cycles else "likely",
        )
    return _unknown(
        f"amplitudes or periods of trajectories differ by {apart:.0%} in {orbits} distinct orbits, "
        "too few to tell a family from separate cycles: trajectories of other amplitudes are needed"
    )


def _length_change(t: Tracked) -> float:
    """Return by how much the cycles of the first and of the last third differ in length."""
    length = np.log(t.length[:-1])
    few = max(1, len(length) // 3)
    return float(abs(np.median(length[-few:]) - np.median(length[:few])))


def _distinct(values: Sequence[float], apart: float) -> int:
    """Count groups of values between which there are gaps."""
    return 1 + int(np.count_nonzero(np.diff(np.sort(values)) > apart))


def _by_trajectory(tracked: Sequence[Tracked]) -> Backbone:
    """Return the frequency of each trajectory by its amplitude."""
    size = np.array([t.amplitude.mean() for t in tracked])
    turn = np.array([2 * np.pi / np.median(t.length[:-1]) for t in tracked])
    order = np.argsort(size)
    return Backbone(size[order], turn[order], np.zeros(len(order)))


def _decays(
    tracked: Sequence[Tracked],
    courses: Sequence[Course],
    grown: Growth | None,
    criteria: KindCriteria,
) -> Kind | None:
    """Find amplitudes that fall towards zero in every trajectory; None if one does not."""
    falling = [
        c.change < -criteria.moves
        and (c.buried or c.late < -max(criteria.steady, criteria.deviations * c.error))
        for c in courses
    ]
    if not all(falling) or grown is None:
        return None
    left = float(np.exp(min(c.change for c in courses)))
    slack = min(_slackening(t) for t in tracked)
    if left > criteria.falls or grown.rate > -criteria.deviations * grown.rate_error:
        return None
    rates = [-c.late / (t.start[-1] - t.start[len(t) // 2])
             for c, t in zip(courses, tracked, strict=True)]  # fmt: skip
    turn = [2 * np.pi / np.median(t.length[len(t) // 2 : -1]) for t in tracked]
    return Kind(
        DECAY,
        f"amplitudes fall in all of the {len(courses)} trajectories, to {left:.0%} of the first, "
        f"and the rate of growth is {grown.rate:.3g} ± {grown.rate_error:.1g} at amplitude zero",
        "clear" if left <= criteria.falls / 2 and slack >= criteria.slackening else "likely",
    ).but(
        decay_rate=float(np.median(rates)),
        frequency=float(np.median(turn)),
        backbone=amplitudes.backbone(tracked),
    )


def _slackening(t: Tracked) -> float:
    """Return the rate of decay over the last third of the cycles, over that of the first."""
    few = max(1, (len(t) - 1) // 3)
    a = np.log(t.amplitude)
    first = (a[few] - a[0]) / (t.start[few] - t.start[0])
    last = (a[-1] - a[-1 - few]) / (t.start[-1] - t.start[-1 - few])
    return float(last / first)


def _settles(
    tracked: Sequence[Tracked], courses: Sequence[Course], criteria: KindCriteria
) -> Kind | None:
    """Find trajectories that come to one amplitude and keep it; None if they do not."""
    long = [c for c in courses if c.cycles >= 2 * criteria.least_cycles]
    settled = [c for c in long if c.settled(criteria)]
    if not settled or len(settled) < criteria.regular_share * len(long):
        return None
    if any(c.buried for c in courses):
        return None
    apart = float(np.ptp([c.last for c in settled]))
    if apart > criteria.same:
        return _unknown(
            f"trajectories settle to amplitudes that differ by a factor {np.exp(apart):.2f}: to "
            "tell of one cycle, give those alone that come to it"
        )
    off = [_off(t, criteria) for t in tracked]
    later = max(share for _, share in off)
    if later > criteria.strays:
        return _unknown(
            f"amplitudes settle, but {later:.0%} of the later cycles differ from the last ones: "
            "less noise is needed"
        )
    at_end = float(np.median([abs(c.late) for c in settled]))
    said = f"{len(settled)} of {len(long)} trajectories keep one amplitude, which changes by "
    said += f"{at_end:.1%} over their later half"
    share = sum(begun for begun, _ in off) / sum(len(t) for t in tracked)
    if share == 0:
        return Kind(ONE_ORBIT, f"{said}, and none comes to it from elsewhere", "likely")
    cycles = max(len(t) - begun for t, (begun, _) in zip(tracked, off, strict=True))
    return Kind(
        TRANSIENT if share >= criteria.off_cycle else LIMIT_CYCLE,
        f"{said}; {share:.0%} of the cycles are on the way to it",
        "clear" if cycles >= 3 * criteria.least_cycles else "likely",
    )


def _attracts(
    courses: Sequence[Course], grown: Growth | None, criteria: KindCriteria
) -> Kind | None:
    """Find amplitudes that come together, in trajectories that are too short to settle.

    Small ones grow and large ones fall. None if growth has no sign at both ends, or most
    trajectories end far from where it has none.
    """
    if grown is None or not np.isfinite(grown.limit):
        return None
    sure = min(grown.rate / grown.rate_error, -grown.bend / grown.bend_error)
    inside = grown.lowest < grown.limit < grown.highest
    near = np.abs([c.last - np.log(grown.limit) for c in courses]) <= criteria.same
    if sure < criteria.deviations or not inside or near.mean() < criteria.regular_share:
        return None
    if len(courses) < 2:
        return None
    return Kind(
        TRANSIENT,
        f"over {len(courses)} trajectories amplitudes below {grown.limit:.3g} grow and those above "
        f"fall, {sure:.0f} standard errors from not doing so, and {near.mean():.0%} end near it",
        "clear" if sure >= 2 * criteria.deviations else "likely",
    )


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


def _irregular(
    series: Series,
    parts: list[tuple[np.ndarray, np.ndarray]],
    scale: float,
    criteria: KindCriteria,
) -> Kind:
    """Judge motion without a single frequency: two of them, chaos, noise, or nobody knows."""
    longest = max(series.runs, key=len)
    scales = len(longest) * series.step / scale
    if scales < 2 * criteria.least_beats:
        return _unknown(
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
        return _unknown(
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
            return _unknown(
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
        return _unknown(
            f"one frequency explains {lines.explained - lines.gained:.1%}, but its cycles are not "
            "alike enough to be followed: less noise is needed"
        )
    if lines.beats < criteria.least_beats:
        return _unknown(
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
        return _unknown("there are too few frames to find neighbours that are far in time")
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
        return _unknown(
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
    return _unknown(f"no frequency explains the motion, and {said}: neither chaos nor noise")
