"""What the amplitudes of cycles do: along a trajectory, between trajectories, and how they grow."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..recipes import KIND_CRITERIA, KindCriteria
from .cycle_tracking import Tracked

PIECES = 12  # of a trajectory, at most, between which growth is measured
BINS = 8  # of amplitudes, in a backbone


@dataclass(frozen=True)
class Course:
    """The logarithm of the amplitude along one trajectory.

    Attributes
    ----------
    change : float
        From the first cycles to the last.
    late : float
        Over the later half, by a straight line.
    error : float
        Standard error of `late`.
    cycles : int
    last : float
        At the end.
    buried : bool
        Whether noise buries the cycles after the last one.
    """

    change: float
    late: float
    error: float
    cycles: int
    last: float
    buried: bool

    def settled(self, criteria: KindCriteria = KIND_CRITERIA) -> bool:
        """Whether the amplitude keeps still over the later half of enough cycles."""
        return (
            not self.buried
            and self.cycles >= 2 * criteria.least_cycles
            and abs(self.late) + self.error <= criteria.steady
        )


def course(t: Tracked) -> Course:
    """Return what the amplitude of a trajectory's cycles does."""
    a, m = np.log(t.amplitude), len(t)
    few = max(1, m // 8)
    half = slice(m // 2, None) if m >= 4 else slice(None)
    time, late = t.start[half], a[half]
    slope, error = _line(time, late)
    span = time[-1] - time[0]
    return Course(
        float(a[-few:].mean() - a[:few].mean()),
        slope * span,
        error * span,
        m,
        float(a[-few:].mean()),
        t.quiet_after,
    )


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the slope of a straight line and its standard error, 0 for two points."""
    x = x - x.mean()
    slope = float(x @ y / (x @ x))
    left = y - y.mean() - slope * x
    return slope, float(np.sqrt(left @ left / max(len(x) - 2, 1) / (x @ x)))


@dataclass(frozen=True)
class Growth:
    """How fast amplitudes grow, d log A/dt = rate + bend A², over all trajectories (Landau 1944).

    Attributes
    ----------
    rate, rate_error : float
        At amplitude zero, and its standard error.
    bend, bend_error : float
    lowest, highest : float
        Of the amplitudes it was measured at.
    """

    rate: float
    rate_error: float
    bend: float
    bend_error: float
    lowest: float
    highest: float

    @property
    def limit(self) -> float:
        """Amplitude at which nothing grows or decays, to which others come; NaN if there is none.

        Neighbours come closer to it if the rate is positive and the bend negative.
        """
        return float(np.sqrt(-self.rate / self.bend)) if self.rate > 0 > self.bend else np.nan


def growth(tracked: Sequence[Tracked]) -> Growth | None:
    """Fit the growth of amplitudes; None where there are fewer than five values of it."""
    amplitude, rate = measured_growth(tracked)
    if len(rate) < 5:
        return None
    square = amplitude**2
    if np.ptp(square) <= 1e-6 * square.max():
        return None
    design = np.stack([np.ones_like(square), square], axis=1)
    solved, *_ = np.linalg.lstsq(design, rate, rcond=None)
    variance = np.sum((rate - design @ solved) ** 2) / (len(rate) - 2)
    errors = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    return Growth(float(solved[0]), float(errors[0]), float(solved[1]), float(errors[1]),
                  float(amplitude.min()), float(amplitude.max()))  # fmt: skip


def measured_growth(tracked: Sequence[Tracked]) -> tuple[np.ndarray, np.ndarray]:
    """Return amplitudes and d log A/dt between cycles that lie a twelfth of a trajectory apart."""
    amplitude, rate = [], []
    for t in tracked:
        apart = max(1, len(t) // PIECES)
        a = np.log(t.amplitude)
        amplitude.append(np.exp((a[apart:] + a[:-apart]) / 2)[::apart])
        rate.append(((a[apart:] - a[:-apart]) / (t.start[apart:] - t.start[:-apart]))[::apart])
    return np.concatenate(amplitude), np.concatenate(rate)


@dataclass(frozen=True, eq=False)
class Backbone:
    """Frequency and damping against amplitude.

    Attributes
    ----------
    amplitude, frequency, damping : arrays [b]
        From small to large: means over cycles of nearly one amplitude; 2π over their length; and
        −d log A/dt.
    """

    amplitude: np.ndarray
    frequency: np.ndarray
    damping: np.ndarray


def backbone(tracked: Sequence[Tracked]) -> Backbone:
    """Return frequency and damping against amplitude, over all trajectories, in bins.

    The amplitude of a cycle is that of its middle: cycles are between two of them.
    """
    size, turn, loss = [], [], []
    for t in tracked:
        a = np.log(t.amplitude)
        size.append(np.exp((a[1:] + a[:-1]) / 2))
        loss.append(-(a[1:] - a[:-1]) / t.length[:-1])
        turn.append(2 * np.pi / ((t.length[1:] + t.length[:-1]) / 2))
    values = np.concatenate(size)
    order = np.argsort(values)
    parts = [p for p in np.array_split(order, BINS) if len(p)]
    return Backbone(
        *(
            np.array([np.mean(v[p]) for p in parts])
            for v in (values, np.concatenate(turn), np.concatenate(loss))
        )
    )
