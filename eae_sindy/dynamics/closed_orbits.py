"""Closed orbits by Newton's method: where a flow goes in the end, however slowly it gets there.

An orbit that comes to its cycle over hundreds of periods says little about the cycle itself within
twenty of them. The cycle is the zero of one period's displacement, and is found from nearby.
"""

from typing import NamedTuple

import numpy as np

from .library import Library
from .vector_fields import flow

STEPS = 200  # of Runge–Kutta to a period
NEWTON = 8  # steps at most
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
    z, time, d = start, period, start.shape[1]
    with np.errstate(all="ignore"):
        for _ in range(NEWTON):
            end, slope = _after(library, xi, z, time, size)
            # Columns and rows in one measure; the last row fixes the phase.
            before, after = flow(library, xi, z), flow(library, xi, end)
            speed = np.linalg.norm(before, axis=1)[:, None]
            system = np.zeros((len(z), d + 1, d + 1))
            system[:, :d, :d], system[:, :d, d] = slope - np.eye(d), after / speed
            system[:, d, :d] = before / speed
            right = np.concatenate([z - end, np.zeros((len(z), 1))], axis=1)
            sound = np.isfinite(system).all(axis=(1, 2)) & np.isfinite(right).all(axis=1)
            inverse = np.full_like(system, np.nan)
            inverse[sound] = np.linalg.pinv(system[sound], rcond=SINGULAR)
            step = (inverse @ right[:, :, None])[:, :, 0]
            z, time = z + step[:, :d], time + step[:, d] / speed[:, 0]
            if not (np.abs(step).max(axis=1) > CLOSED * size).any():
                break
        end, slope = _after(library, xi, z, time, size)
        found = np.linalg.norm(end - z, axis=1) < CLOSED * size
        found &= np.linalg.norm(z - start, axis=1) < REACH * size
        found &= np.abs(time / period - 1) < OTHER_PERIOD
    found &= np.isfinite(slope).all(axis=(1, 2))
    multipliers = np.full((len(z), d), np.nan, complex)
    multipliers[found] = np.linalg.eigvals(slope[found])
    return Closed(found, np.where(found, time, np.nan), multipliers)


def _after(
    library: Library, xi: np.ndarray, z: np.ndarray, time: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return where points are after a time of their own, [m, d], and its slope [m, d, d]."""
    d = z.shape[1]
    shifts = (
        SHIFT * size[:, None] * np.concatenate([np.zeros((1, d)), np.eye(d), -np.eye(d)])[:, None]
    )  # [2 d + 1, m, d]
    y, step = z + shifts, (time / STEPS)[:, None]
    for _ in range(STEPS):
        a = flow(library, xi, y)
        b = flow(library, xi, y + step / 2 * a)
        c = flow(library, xi, y + step / 2 * b)
        e = flow(library, xi, y + step * c)
        y = y + step / 6 * (a + 2 * b + 2 * c + e)
    slope = (y[1 : d + 1] - y[d + 1 :]) / (2 * SHIFT * size[:, None])
    return y[0], np.moveaxis(slope, 0, -1)
