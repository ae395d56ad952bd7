"""Closed orbits by Newton's method: where a flow goes in the end, however slowly it gets there.

An orbit that comes to its cycle over hundreds of periods says little about the cycle itself within
twenty of them. The cycle is the zero of one period's displacement, and is found from nearby.
"""

from typing import NamedTuple

import numpy as np

from .library import Library
from .vector_fields import flow, stepped

STEPS = 200  # of Runge–Kutta to a period
PHASE, NEWTON = 4, 10  # steps: of the time alone, and at most of Newton
SHIFT = 1e-5  # of the size of an orbit, for differences
SINGULAR = 1e-9  # of the largest singular value: what is neutral is left where it is
CLOSED = 1e-7  # of the size: a displacement that counts as none
REACH = 0.3  # of the size: a cycle further away is another one
OTHER_PERIOD = 0.1  # so is one whose period differs by more


class Closed(NamedTuple):
    """Closed orbits of members.

    Attributes
    ----------
    found : array of bool [m]
        Where Newton's method came to a cycle near its start; the rest is NaN elsewhere.
    period : array [m]
    multipliers : array of complex [m, d]
        Eigenvalues of the linearised return, one of which is 1.
    """

    found: np.ndarray
    period: np.ndarray
    multipliers: np.ndarray


def close(
    library: Library, xi: np.ndarray, start: np.ndarray, period: np.ndarray, size: np.ndarray
) -> Closed:
    """Find the closed orbits near some points.

    Parameters
    ----------
    xi : array [m, p, d]
    start : array [m, d]
        Points near the cycles.
    period : array [m]
        About theirs.
    size : array [m]
        Length by which distances are measured: the amplitude of an orbit.
    """
    z, time = start, period
    with np.errstate(all="ignore"):
        for _ in range(PHASE):  # first the time alone: with a wrong one the flow shrinks to a point
            along = flow(library, xi, z)
            ahead = np.sum((_after(library, xi, z, time) - z) * along, axis=1)
            late = ahead / np.sum(along**2, axis=1)
            time = time - late
            if not (np.abs(late) > CLOSED * time).any():
                break
        for _ in range(NEWTON):
            end, slope = _return(library, xi, z, time, size)
            closed = np.linalg.norm(end - z, axis=1) < CLOSED * size
            step, later = _newton(end - z, slope, flow(library, xi, z), flow(library, xi, end))
            sound = np.isfinite(step).all(axis=1) & np.isfinite(later) & ~closed
            if not sound.any():
                break
            z = np.where(sound[:, None], z + step, z)
            time = np.where(sound, time + later, time)
    found = closed & (np.linalg.norm(z - start, axis=1) < REACH * size)
    found &= (np.abs(time / period - 1) < OTHER_PERIOD) & np.isfinite(slope).all(axis=(1, 2))
    multipliers = np.full(z.shape, np.nan, complex)
    multipliers[found] = np.linalg.eigvals(slope[found])
    return Closed(found, np.where(found, time, np.nan), multipliers)


def _newton(
    miss: np.ndarray, slope: np.ndarray, before: np.ndarray, after: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps in z [m, d], across the flow, and in time [m], by which returns close.

    `miss` [m, d] is how far a return misses its start, `before` and `after` are the flow at both.
    """
    d = miss.shape[1]
    speed = np.linalg.norm(before, axis=1)[:, None]  # brings time to the measure of the latents
    system = np.zeros((len(miss), d + 1, d + 1))
    system[:, :d, :d], system[:, :d, d] = slope - np.eye(d), after / speed
    system[:, d, :d] = before / speed
    inverse = np.full_like(system, np.nan)
    sound = np.isfinite(system).all(axis=(1, 2))
    inverse[sound] = np.linalg.pinv(system[sound], rcond=SINGULAR)
    found = -(inverse[:, :, :d] @ miss[:, :, None])[:, :, 0]
    return found[:, :d], found[:, d] / speed[:, 0]


def _after(library: Library, xi: np.ndarray, z: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Return where points z [..., m, d] are after a time [m] of their own."""
    step = (time / STEPS)[:, None]
    for _ in range(STEPS):
        z = stepped(library, xi, z, step)
    return z


def _return(
    library: Library, xi: np.ndarray, z: np.ndarray, time: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return where points z [m, d] are after a time of their own, and the slope [m, d, d]."""
    d, shift = z.shape[1], SHIFT * size[:, None]
    aside = np.concatenate([np.zeros((1, d)), np.eye(d), -np.eye(d)])[:, None] * shift
    y = _after(library, xi, z + aside, time)  # [2 d + 1, m, d]
    return y[0], np.moveaxis((y[1 : d + 1] - y[d + 1 :]) / (2 * shift), 0, -1)
