"""What orbits come to: their class, period, amplitude and growth rate."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..recipes import CRITERIA, Criteria
from .closed_orbits import Closed, close
from .library import Library
from .orbits import GROUP, Loop, amplitude, integrate, lost
from .vector_fields import flow, jacobian

# How long members are integrated, and how long they may take to settle, in reference periods.
CYCLES, SETTLING = 20, 12
SAMPLES = 100  # per period; the section is crossed by cubic interpolation in between
LAST = 3 * SAMPLES  # samples over which the settled amplitude is taken
ATTRACTS = (
    1e-3  # what neighbours come closer in a period, at least: more than a rotation by rounding
)
HYSTERESIS = 0.5  # standard deviations; see `period`


def horizon(reference_period: float) -> np.ndarray:
    """Return the times at which orbits are judged, CYCLES reference periods long."""
    return np.linspace(0, CYCLES * reference_period, CYCLES * SAMPLES + 1)


def period(time: np.ndarray, z: np.ndarray, rate: np.ndarray) -> float:
    """Return the mean time between `returns`, over whole cycles; NaN with fewer than two."""
    crossings = returns(time, z, rate)
    if len(crossings) < 2:
        return np.nan
    return float((crossings[-1] - crossings[0]) / (len(crossings) - 1))


def returns(time: np.ndarray, z: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return the times at which an orbit returns to a Poincaré section.

    The section is the plane through the mean of the orbit, across its longest axis; it is crossed
    in one direction, between samples by cubic Hermite interpolation. A crossing counts once the
    orbit has been clearly on the other side, so that noise does not make several of one.

    Parameters
    ----------
    time : array [t]
    z, rate : arrays [t, d]
        The orbit and its time derivative.
    """
    centred = z - z.mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    g, slope = centred @ axis, rate @ axis
    at = np.flatnonzero((g[:-1] < 0) & (g[1:] >= 0))
    visits = np.cumsum(g < -HYSTERESIS * g.std())[at]
    at = at[np.diff(visits, prepend=0) > 0]
    if not len(at):
        return np.zeros(0)
    h = time[at + 1] - time[at]
    a, b, da, db = g[at], g[at + 1], h * slope[at], h * slope[at + 1]
    s = a / (a - b)
    for _ in range(6):  # Newton on the cubic, from the secant
        value = (
            a * (1 + 2 * s) * (1 - s) ** 2
            + da * s * (1 - s) ** 2
            + b * s**2 * (3 - 2 * s)
            + db * s**2 * (s - 1)
        )
        change = 6 * (b - a) * s * (1 - s) + da * (1 - s) * (1 - 3 * s) + db * s * (3 * s - 2)
        s = np.clip(s - value / np.where(change == 0, 1, change), 0, 1)
    return time[at] + s * h


def sustained_period(
    time: np.ndarray, z: np.ndarray, rate: np.ndarray, criteria: Criteria = CRITERIA
) -> float:
    """Return the period of the settled part of an orbit; NaN if it sustains no oscillation.

    Settled are the last cycles whose amplitudes are that of the very last ones. They must be a
    share of all cycles, lose or gain nothing among themselves, and be equally long. The period is
    that of their later half: a drift of the frequency outlasts one of the amplitude.

    Parameters
    ----------
    time : array [t]
    z, rate : arrays [t, d]
        The orbit and its time derivative.
    """
    crossings = returns(time, *_from_the_middle(time, z, rate))
    edges = np.searchsorted(time, crossings)
    sizes = np.array([amplitude(z[a:b]) for a, b in pairwise(edges) if b > a + 1])
    if len(sizes) < criteria.least_cycles or len(sizes) != len(crossings) - 1:
        return np.nan
    last = np.median(sizes[-criteria.least_cycles :])
    off = np.flatnonzero(np.abs(sizes / last - 1) > criteria.amplitude_settled)
    first = off[-1] + 1 if len(off) else 0
    settled = sizes[first:]
    if len(settled) < max(criteria.least_cycles, criteria.settled_share * len(sizes)):
        return np.nan
    halves = np.array_split(np.log(settled), 2)
    if abs(halves[0].mean() - halves[1].mean()) > criteria.amplitude_settled / 5:
        return np.nan
    lengths = np.diff(crossings)[first:]
    if lengths.std() > criteria.cycles_alike * lengths.mean():
        return np.nan
    later = lengths[-max(criteria.least_cycles, len(lengths) // 2) :]
    return float(later.mean())


def _from_the_middle(
    time: np.ndarray, z: np.ndarray, rate: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return z and ż along the longest axis of their later half, about its mean: [t, 1] each.

    There a section lies that a transient does not move.
    """
    late = z[time >= (time[0] + time[-1]) / 2]
    axis = np.linalg.svd(late - late.mean(axis=0), full_matrices=False)[2][0]
    return ((z - late.mean(axis=0)) @ axis)[:, None], (rate @ axis)[:, None]


CLASSES = ("cycle", "fixed_point", "divergent", "other")


@dataclass(frozen=True)
class Orbits:
    """What became of every member's equations, integrated from the first test frame.

    Attributes
    ----------
    reference_period : float
        Of the data; NaN where they show none, as short trajectories do.
    kind : array of int [members]
        Index into `CLASSES`. ``cycle``: the settled amplitude lies within 30 % of the data's own in
        the same latents, and the orbit keeps returning; without a period of the data, it comes to
        a closed orbit that attracts. ``fixed_point``: it has come to rest.
        ``divergent``: it left, or could not be integrated. ``other``: none of these.
    period : array [members]
        Of the settled orbit; NaN where it does not hold the cycle.
    amplitude : array [members]
        Settled amplitude over that of the data.
    growth : array [members]
        Of a cycle its largest Floquet exponent but the one along the flow, of a fixed point the
        largest real part of an eigenvalue: negative where the orbit attracts. NaN for the rest.
    """

    reference_period: float
    kind: np.ndarray
    period: np.ndarray
    amplitude: np.ndarray
    growth: np.ndarray

    @property
    def holds(self) -> np.ndarray:
        """Whether a member holds the cycle."""
        return self.kind == CLASSES.index("cycle")

    @property
    def integrable_fraction(self) -> float:
        """Share of the members that hold the cycle."""
        return float(self.holds.mean())

    def classes(self) -> dict[str, int]:
        """Count the members of each class."""
        return {name: int(np.sum(self.kind == k)) for k, name in enumerate(CLASSES)}


def settle(
    library: Library,
    xi: np.ndarray,
    data: Loop,
    time_scale: float,
    criteria: Criteria = CRITERIA,
    *,
    period_known: bool = True,
) -> Orbits:
    """Integrate members for 20 periods; the first 12 may be spent on settling.

    What counts is the last three periods; of a cycle that is near, the cycle itself, which an orbit
    may take much longer to come to. Arguments as in `integrate`; `time_scale` is the period of the
    data or, where they show none, about what it would be.
    """
    time = horizon(time_scale)
    late = slice(SETTLING * SAMPLES, None)
    m = len(xi)
    kind = np.full(m, CLASSES.index("other"))
    periods, ratios, growths = np.full((3, m), np.nan)
    for first in range(0, m, GROUP):
        part = np.arange(first, min(first + GROUP, m))
        loops = data.take(slice(first, first + GROUP))
        z = integrate(library, xi[part], loops, time)[late]
        rate = flow(library, xi[part], z)
        ratio = ratios[part] = amplitude(z[-LAST:]) / loops.amplitude
        left = lost(z[-1], loops)
        kind[part[left]] = CLASSES.index("divergent")
        kind[part[~left & (ratio < criteria.rest)]] = CLASSES.index("fixed_point")
        wide = np.abs(ratio - 1) <= criteria.amplitude_tolerance if period_known else True
        for k in np.flatnonzero(~left & (ratio >= criteria.rest) & wide):
            periods[part[k]] = period(time[late], z[:, k], rate[:, k])
        returns = np.isfinite(periods[part])
        kind[part[returns]] = CLASSES.index("cycle")
        growths[part] = _growth(library, xi[part], z[-LAST:], periods[part], time[1] - time[0])
        turning = part[returns]
        closed = close(
            library, xi[turning], z[-1, returns], periods[turning], amplitude(z[-LAST:, returns])
        )
        there = turning[closed.found]
        periods[there] = closed.period[closed.found]
        growths[there] = _exponents(closed)[closed.found]
        if not period_known:
            attracts = np.isin(turning, there)
            attracts &= growths[turning] * periods[turning] < -ATTRACTS
            kind[turning[~attracts]] = CLASSES.index("other")
            periods[turning[~attracts]] = np.nan
    rest = kind == CLASSES.index("fixed_point")
    growths[~rest & ~np.isfinite(periods)] = np.nan
    return Orbits(time_scale if period_known else np.nan, kind, periods, ratios, growths)


def _exponents(closed: Closed) -> np.ndarray:
    """Return the largest Floquet exponents of cycles [m], but the one along the flow."""
    with np.errstate(all="ignore"):
        sizes = np.log(np.abs(closed.multipliers))
    if sizes.shape[1] < 2:
        return np.full(len(sizes), np.nan)
    along = np.argmin(np.abs(closed.multipliers - 1), axis=1)
    np.put_along_axis(sizes, along[:, None], -np.inf, axis=1)
    return sizes.max(axis=1) / closed.period


def _growth(
    library: Library, xi: np.ndarray, z: np.ndarray, periods: np.ndarray, step: float
) -> np.ndarray:
    """Return how fast neighbours of settled orbits z [t, m, d] leave or approach."""
    d = z.shape[-1]
    found = np.full(z.shape[1], np.nan)
    still = ~np.isfinite(periods)
    with np.errstate(all="ignore"):  # members that left
        at_end = jacobian(library, xi, z[-1])
    sound = still & np.isfinite(at_end).all(axis=(1, 2))
    if sound.any():
        found[sound] = np.linalg.eigvals(at_end[sound]).real.max(axis=-1)
    for k in np.flatnonzero(~still):
        samples = min(len(z) - 1, round(periods[k] * ((len(z) - 1) * step // periods[k]) / step))
        if not samples:  # a cycle longer than what was kept of it
            continue
        slopes = jacobian(library, xi[[k]], z[-samples - 1 :, [k]])[:, 0]
        if d == 2:  # Liouville: the exponents sum to the mean divergence, and one is 0
            trace = np.trace(slopes, axis1=1, axis2=2)
            found[k] = np.mean((trace[1:] + trace[:-1]) / 2)
            continue
        monodromy = np.eye(d)
        for slope in 0.5 * step * (slopes[1:] + slopes[:-1]):
            power = slope @ slope
            with np.errstate(all="ignore"):
                monodromy = (
                    np.eye(d) + slope + power / 2 + power @ slope / 6 + power @ power / 24
                ) @ monodromy
        if not np.isfinite(monodromy).all():  # it repels beyond what a float holds
            continue
        exponents = np.log(np.abs(np.linalg.eigvals(monodromy))) / (samples * step)
        found[k] = np.delete(exponents, np.argmin(np.abs(exponents))).max() if d > 1 else np.nan
    return found


def turning_time(z: np.ndarray, rate: np.ndarray) -> float:
    """Return the time of one turn about the mean, 2π over the largest frequency of ż = A(z − z̄).

    A is fitted by least squares to states and rates [t, d]. NaN if nothing turns faster than it
    grows or decays.
    """
    slopes = np.linalg.lstsq(z - z.mean(axis=0), rate - rate.mean(axis=0), rcond=None)[0]
    found = np.linalg.eigvals(slopes)
    fastest = found[np.argmax(found.imag)]
    return float(2 * np.pi / fastest.imag) if fastest.imag > abs(fastest.real) else np.nan


def spectral_period(time: np.ndarray, z: np.ndarray) -> float:
    """Return the period at which the power spectrum of z [t, d], tapered by Hann, is highest.

    Refined by a parabola through the logarithm of the peak; NaN if the peak is the lowest
    frequency, or the frames are not evenly spaced.
    """
    n, step = len(time), np.diff(time)
    if n < 8 or not np.allclose(step, step[0], rtol=1e-3):
        return np.nan
    tapered = (z - z.mean(axis=0)) * np.hanning(n)[:, None]
    power = np.sum(np.abs(np.fft.rfft(tapered, 16 * n, axis=0)) ** 2, axis=1)
    peak = int(np.argmax(power[1:])) + 1
    if peak < 24 or peak > len(power) - 2:  # fewer than a cycle and a half
        return np.nan
    below, top, above = np.log(power[peak - 1 : peak + 2])
    shift = 0.5 * (below - above) / (below - 2 * top + above)
    return float(16 * n * step[0] / (peak + shift))
