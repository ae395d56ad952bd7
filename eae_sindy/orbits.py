"""Orbits of ż = Θ(z) Ξ: integrated for many members at once, their cycle and its period."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .library import Library

# The rule for "holds the cycle": settled amplitude within this of the data's own, same latents.
AMPLITUDE_TOLERANCE = 0.30
# How long members are integrated, and how long they may take to settle, in reference periods.
CYCLES, SETTLING = 20, 12
SAMPLES = 100  # per period; the section is crossed by cubic interpolation in between
LAST = 3 * SAMPLES  # samples over which the settled amplitude is taken
ESCAPE = 3.0  # times as far from the data's centre as the data: an orbit there is lost
REST = 0.02  # of the data's amplitude: an orbit that moves less has come to rest
HYSTERESIS = 0.5  # standard deviations; see `period`
GROUP = 250  # members that share a step size
MOST_STEPS = 20_000  # of a group, before it is split
LONG = 200  # steps between two samples of a member alone, before it is given up


def flow(library: Library, xi: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return Θ(z) Ξ for members m, each with its own Ξ [m, p, d], at z [..., m, d]."""
    return (library(z)[..., None, :] @ xi)[..., 0, :]


class Loop(NamedTuple):
    """What the data do in the latents of members m, from the first frame that is to be forecast.

    `start` [m, d] is where they begin, `centre` [m, d] their mean, `amplitude` [m] the root mean
    square distance from it, `reach` [m] the largest.
    """

    start: np.ndarray
    centre: np.ndarray
    amplitude: np.ndarray
    reach: np.ndarray

    @property
    def edge(self) -> np.ndarray:
        """Distance from the centre at which an orbit counts as lost, [m]."""
        begun = np.linalg.norm(self.start - self.centre, axis=-1)
        return ESCAPE * np.fmax(self.reach, begun)

    @classmethod
    def join(cls, loops: "Iterable[Loop]") -> "Loop":
        """Return the loops of several members as one."""
        return cls(*map(np.concatenate, zip(*loops, strict=True)))

    def take(self, members: slice | np.ndarray) -> "Loop":
        return Loop(*(part[members] for part in self))


def loop(z: np.ndarray) -> Loop:
    """Return the loop of one trajectory z [t, d], or of one for each of m members, [t, m, d]."""
    z = z[:, None] if z.ndim == 2 else z
    centre = z.mean(axis=0)
    return Loop(z[0], centre, amplitude(z), np.linalg.norm(z - centre, axis=-1).max(axis=0))


def horizon(reference_period: float) -> np.ndarray:
    """Return the times at which orbits are judged, CYCLES reference periods long."""
    return np.linspace(0, CYCLES * reference_period, CYCLES * SAMPLES + 1)


def integrate(library: Library, xi: np.ndarray, data: Loop, time: np.ndarray) -> np.ndarray:
    """Integrate every member's equations with scipy.integrate.LSODA.

    Members are stacked and share their steps, at a relative tolerance of 1e-7. An orbit that
    leaves, three times as far from the centre of the data as they get themselves, is halted there,
    so that the others go on.

    Parameters
    ----------
    xi : array [m, p, d]
    data : Loop of m members
        Where to start, and how large an orbit is expected.
    time : array [t]

    Returns
    -------
    array [t, m, d]
        NaN for a member that cannot be integrated at all.
    """
    found = np.empty((len(time), *data.start.shape))
    parts = [slice(i, min(i + GROUP, len(xi))) for i in range(0, len(xi), GROUP)]
    while parts:
        part = parts.pop()
        orbit = _together(library, xi[part], data.take(part), time)
        if orbit is not None:
            found[:, part] = orbit
        elif part.stop - part.start == 1:
            found[:, part] = np.nan
        else:  # one member holds up all of its group
            middle = (part.start + part.stop) // 2
            parts += [slice(part.start, middle), slice(middle, part.stop)]
    return found


def _together(library: Library, xi: np.ndarray, data: Loop, time: np.ndarray) -> np.ndarray | None:
    """Integrate a group of members; None where LSODA gives up."""
    from scipy.integrate import LSODA

    shape, edge = data.start.shape, data.edge[:, None]
    inside = np.isfinite(data.start + data.centre).all(axis=1)[:, None]
    most = MOST_STEPS if len(xi) > 1 else max(MOST_STEPS, LONG * len(time))
    orbit = np.where(inside, data.start, np.nan) * np.ones((len(time), 1, 1))

    def rate(_: float, y: np.ndarray) -> np.ndarray:
        z = np.where(inside, y.reshape(shape), data.centre)
        return np.where(inside, flow(library, xi, z), 0.0).ravel()

    def begin(t: float, z: np.ndarray) -> LSODA:
        return LSODA(
            rate, t, np.where(inside, z, data.centre).ravel(), time[-1], rtol=1e-7,
            atol=1e-9 * float(np.max(data.amplitude)), lband=shape[1] - 1, uband=shape[1] - 1,
        )  # fmt: skip

    def bounded(z: np.ndarray) -> np.ndarray:
        away = z - data.centre
        distance = np.linalg.norm(away, axis=-1, keepdims=True)
        return np.where(distance < edge, z, data.centre + away * (edge / distance))

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the status says it, and is checked
        solver, done = begin(time[0], data.start), 1
        for _ in range(most):
            solver.step()
            if solver.status == "failed":
                return None
            until = int(np.searchsorted(time, solver.t, side="right"))
            if until > done:
                z = solver.dense_output()(time[done:until]).T.reshape(-1, *shape)
                orbit[done:until] = np.where(inside, bounded(z), orbit[done:until])
                done = until
            z = solver.y.reshape(shape)
            # Only a step that was taken tells; once out, out for good.
            out = inside & ~(np.linalg.norm(z - data.centre, axis=1, keepdims=True) < edge)
            if out.any():
                orbit[done:] = np.where(out, bounded(z), orbit[done:])
                inside = inside & ~out
            if solver.status == "finished" or not inside.any():
                return orbit
            if out.any():
                solver = begin(solver.t, z)
    return None


def lost(z: np.ndarray, data: Loop) -> np.ndarray:
    """Return whether members at z [m, d] have left the data, or could not be integrated: [m]."""
    distance = np.linalg.norm(z - data.centre, axis=-1)
    return ~(distance < 0.99 * data.edge)


def amplitude(z: np.ndarray) -> np.ndarray:
    """Return the root mean square distance from the mean along axis 0: z [t, ..., d] to [...]."""
    return np.sqrt(np.sum(np.var(z, axis=0), axis=-1))


def period(time: np.ndarray, z: np.ndarray, rate: np.ndarray) -> float:
    """Return the mean time between returns to a Poincaré section, over whole cycles.

    The section is the plane through the mean of the orbit, across its longest axis; it is crossed
    in one direction, between samples by cubic Hermite interpolation. A crossing counts once the
    orbit has been clearly on the other side, so that noise does not make several of one. NaN with
    fewer than two returns.

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
    if len(at) < 2:
        return np.nan
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
    crossings = time[at] + s * h
    return float((crossings[-1] - crossings[0]) / (len(crossings) - 1))


CLASSES = ("cycle", "fixed_point", "divergent", "other")


@dataclass(frozen=True)
class Orbits:
    """What became of every member's equations, integrated from the first test frame.

    Attributes
    ----------
    reference_period : float
        Of the data.
    kind : array of int [members]
        Index into `CLASSES`. ``cycle``: the settled amplitude lies within 30 % of the data's own in
        the same latents, and the orbit keeps returning. ``fixed_point``: it has come to rest.
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
        return float(self.holds.mean())

    def classes(self) -> dict[str, int]:
        """Count the members of each class."""
        return {name: int(np.sum(self.kind == k)) for k, name in enumerate(CLASSES)}


def settle(library: Library, xi: np.ndarray, data: Loop, reference_period: float) -> Orbits:
    """Integrate members for 20 reference periods; the first 12 may be spent on settling.

    What counts is the last three periods. Arguments as in `integrate`.
    """
    time = horizon(reference_period)
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
        kind[part[~left & (ratio < REST)]] = CLASSES.index("fixed_point")
        for k in np.flatnonzero(~left & (np.abs(ratio - 1) <= AMPLITUDE_TOLERANCE)):
            periods[part[k]] = period(time[late], z[:, k], rate[:, k])
        returns = np.isfinite(periods[part])
        kind[part[returns]] = CLASSES.index("cycle")
        growths[part] = _growth(library, xi[part], z[-LAST:], periods[part], time[1] - time[0])
    rest = kind == CLASSES.index("fixed_point")
    growths[~rest & ~np.isfinite(periods)] = np.nan
    return Orbits(reference_period, kind, periods, ratios, growths)


def jacobian(library: Library, xi: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return ∂ż/∂z [..., m, d, d] of members' flows at z [..., m, d], by central differences."""
    d, size = z.shape[-1], 1e-5
    columns = [
        (flow(library, xi, z + size * e) - flow(library, xi, z - size * e)) / (2 * size)
        for e in np.eye(d)
    ]
    return np.stack(columns, axis=-1)


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
