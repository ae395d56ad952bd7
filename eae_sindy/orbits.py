"""Orbits of ż = Θ(z) Ξ: integrated for many members at once, their cycle and its period."""

import warnings
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
ESCAPE = 3.0  # amplitudes from the data's centre at which an orbit counts as lost
HYSTERESIS = 0.5  # standard deviations; see `period`
GROUP = 250  # members that share a step size


def flow(library: Library, xi: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return Θ(z) Ξ for members m, each with its own Ξ [m, p, d], at z [..., m, d]."""
    return (library(z)[..., None, :] @ xi)[..., 0, :]


class Loop(NamedTuple):
    """What the data do in the latents of members m, from the first frame that is to be forecast.

    `start` [m, d] is where they begin, `centre` [m, d] their mean, `amplitude` [m] the root mean
    square distance from it.
    """

    start: np.ndarray
    centre: np.ndarray
    amplitude: np.ndarray

    def take(self, members: slice) -> "Loop":
        return Loop(*(part[members] for part in self))


def loop(z: np.ndarray) -> Loop:
    """Return the loop of one trajectory z [t, d], as one member."""
    return Loop(z[:1], z.mean(axis=0)[None], amplitude(z)[None])


def horizon(reference_period: float) -> np.ndarray:
    """Return the times at which orbits are judged, CYCLES reference periods long."""
    return np.linspace(0, CYCLES * reference_period, CYCLES * SAMPLES + 1)


def integrate(library: Library, xi: np.ndarray, data: Loop, time: np.ndarray) -> np.ndarray:
    """Integrate every member's equations with scipy.integrate.odeint.

    Members are stacked and share the steps of LSODA, at a relative tolerance of 1e-7. An orbit that
    leaves, at 3 amplitudes from the centre of the data, is halted there, so that the others go on.

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
        else:  # one member stops LSODA for all of its group
            middle = (part.start + part.stop) // 2
            parts += [slice(part.start, middle), slice(middle, part.stop)]
    return found


def _together(library: Library, xi: np.ndarray, data: Loop, time: np.ndarray) -> np.ndarray | None:
    """Integrate a group of members; None where LSODA gives up."""
    from scipy.integrate import ODEintWarning, odeint

    d = data.start.shape[1]
    inside = np.ones(len(xi), bool)

    def halted(y: np.ndarray, _: float) -> np.ndarray:
        nonlocal inside
        z = y.reshape(-1, d)
        # Once out, out for good: a flow that could be entered again would stall the integrator.
        distance = np.sum((z - data.centre) ** 2, axis=1)
        inside = inside & (distance < (ESCAPE * data.amplitude) ** 2)
        return np.where(inside[:, None], flow(library, xi, z), 0.0).ravel()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ODEintWarning)  # the message says it, and is checked
        orbit, info = odeint(
            halted, data.start.ravel(), time, rtol=1e-7, atol=1e-9 * float(data.amplitude.max()),
            ml=d - 1, mu=d - 1, mxstep=5000, full_output=True,
        )  # fmt: skip
    return orbit.reshape(len(time), -1, d) if "success" in info["message"] else None


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


@dataclass(frozen=True)
class Orbits:
    """What became of every member's equations, integrated from the first test frame.

    Attributes
    ----------
    reference_period : float
        Of the data.
    holds : array of bool [members]
        Whether the settled amplitude lies within 30 % of the data's own in the same latents.
    period : array [members]
        Of the settled orbit; NaN where it does not hold the cycle.
    """

    reference_period: float
    holds: np.ndarray
    period: np.ndarray

    @property
    def integrable_fraction(self) -> float:
        return float(self.holds.mean())


def settle(library: Library, xi: np.ndarray, data: Loop, reference_period: float) -> Orbits:
    """Integrate members for 20 reference periods; the first 12 may be spent on settling.

    A member holds the cycle if over its last three periods its amplitude lies within 30 % of the
    data's own, and it keeps returning. Arguments as in `integrate`.
    """
    time = horizon(reference_period)
    late = slice(SETTLING * SAMPLES, None)
    holds, periods = np.zeros(len(xi), bool), np.full(len(xi), np.nan)
    for first in range(0, len(xi), GROUP):
        part = slice(first, first + GROUP)
        z = integrate(library, xi[part], data.take(part), time)[late]
        rate = flow(library, xi[part], z)
        ratio = amplitude(z[-LAST:]) / data.amplitude[part]
        for m in np.flatnonzero(np.abs(ratio - 1) <= AMPLITUDE_TOLERANCE):
            periods[first + m] = period(time[late], z[:, m], rate[:, m])
        holds[part] = np.isfinite(periods[part])
    return Orbits(reference_period, holds, periods)
