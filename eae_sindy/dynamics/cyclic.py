"""Motion of a single frequency: a cycle, the way to one, a decay, or a family of orbits."""

from collections.abc import Sequence

import numpy as np

from ..recipes import KindCriteria
from . import amplitudes
from .amplitudes import Backbone, Course, Growth
from .cycle_tracking import Tracked, track
from .kind import CONSERVATIVE, DECAY, LIMIT_CYCLE, ONE_ORBIT, TRANSIENT, Kind, unknown
from .series import Series


def judge(series: Series, criteria: KindCriteria) -> Kind | None:
    """Judge motion whose cycles look alike by their amplitudes; None if they do not look alike."""
    found = [t for k in range(len(series.runs)) if (t := track(series, k)) is not None]
    usable = [t for t in found if len(t) >= criteria.least_cycles]
    regular = [t for t in usable if _is_regular(t, criteria)]
    few = len(usable) < criteria.followed * len(series.runs)
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
        or unknown(
            f"amplitudes change by up to {max(abs(c.change) for c in courses):.0%} along a "
            f"trajectory, and by {max(abs(c.late) for c in courses):.0%} over its later half, "
            "which is neither to keep still nor to settle or die away: longer trajectories or less "
            "noise are needed"
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


def _away(t: Tracked) -> tuple[np.ndarray, np.ndarray]:
    """Return how far cycles are from the last ones: in log amplitude, and in likeness; [m] each."""
    # Not the very last one: its length is not measured, but that of the one before.
    late = slice(-1 - max(1, len(t) // 8), -1)
    last = t.shapes[late].mean(axis=0)
    alike = np.einsum("mpk,pk->m", t.shapes, last) / np.einsum("pk,pk->", last, last)
    size = np.log(t.amplitude)
    return np.abs(size - size[late].mean()), 1 - alike


def _off(t: Tracked, criteria: KindCriteria) -> tuple[int, float]:
    """Return how many cycles a trajectory begins with that are off, and the share that is later.

    Off is a cycle that differs from the last ones in size or in shape; at the beginning, by more
    than those of the later half scatter.
    """
    size, shape = _away(t)
    half = slice(len(t) // 2, -1)
    off = (size > criteria.moves) | (shape > 1 - criteria.alike)
    scatter = [np.median(v[half]) + criteria.deviations * v[half].std() for v in (size, shape)]
    clearly = off & ((size > scatter[0]) | (shape > scatter[1]))
    there = np.flatnonzero(~clearly[:-1] & ~clearly[1:])
    begun = int(there[0]) if len(there) else len(off)
    return begun, float(off[begun:-1].mean()) if begun < len(off) - 1 else 0.0


def _approach(t: Tracked) -> float:
    """Return how far the cycles of the third quarter are from the last, over how far the first is.

    The distance of two cycles is that of their amplitudes and of their shapes together.
    """
    size, shape = _away(t)
    middle = slice(len(t) // 2, max(3 * len(t) // 4, len(t) // 2 + 1))
    distance = np.hypot(np.median(size[middle]), np.sqrt(2 * max(np.median(shape[middle]), 0)))
    first = np.hypot(size[0], np.sqrt(2 * max(shape[0], 0)))
    return float(distance / max(first, np.finfo(float).tiny))


def _steady(
    tracked: Sequence[Tracked], courses: Sequence[Course], criteria: KindCriteria
) -> Kind | None:
    """Judge trajectories none of which changes; None if one does."""
    change = max(abs(c.change) for c in courses)
    off = [_off(t, criteria) for t in tracked]
    if change > criteria.steady or any(begun or later > criteria.strays for begun, later in off):
        return None
    drift = max(_length_change(t) for t in tracked)
    if drift > criteria.steady:
        return unknown(
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
    return unknown(
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
    rates = [-c.late / (t.start[-1] - t.start[len(t) // 2])
             for c, t in zip(courses, tracked, strict=True)]  # fmt: skip
    least = max(criteria.deviations * grown.rate_error, criteria.at_zero * np.median(rates))
    if left > criteria.falls or -grown.rate < least:
        return None
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
        return unknown(
            f"trajectories settle to amplitudes that differ by a factor {np.exp(apart):.2f}: to "
            "tell of one cycle, give those alone that come to it"
        )
    off = [_off(t, criteria) for t in tracked]
    later = max(share for _, share in off)
    if later > criteria.strays:
        return unknown(
            f"amplitudes settle, but {later:.0%} of the later cycles differ from the last ones: "
            "less noise or longer trajectories are needed"
        )
    at_end = float(np.median([abs(c.late) for c in settled]))
    said = f"{len(settled)} of {len(long)} trajectories keep one amplitude, which changes by "
    said += f"{at_end:.1%} over their later half"
    share = sum(begun for begun, _ in off) / sum(len(t) for t in tracked)
    if share == 0:
        return Kind(ONE_ORBIT, f"{said}, and none comes to it from elsewhere", "likely")
    slow = max(_approach(t) for t, (begun, _) in zip(tracked, off, strict=True) if begun)
    if slow > criteria.approach:
        return unknown(
            f"{said}, but their shapes are {slow:.0%} as far from the last in the third quarter as "
            "at the beginning: whether they come to one cycle longer trajectories tell"
        )
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
    tiny = np.finfo(float).tiny  # of errors where the law is exact
    sure = min(grown.rate / (grown.rate_error + tiny), -grown.bend / (grown.bend_error + tiny))
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
