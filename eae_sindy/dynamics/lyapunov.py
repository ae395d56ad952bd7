"""The largest Lyapunov exponent of equations, by a tangent that is carried along an orbit."""

import numpy as np

from .library import Library
from .orbits import Loop
from .vector_fields import jacobian, stepped

STEPS = 6000
SETTLING = 0.1  # of the steps, in which the tangent finds its direction


def largest_exponents(library: Library, xi: np.ndarray, data: Loop, step: float) -> np.ndarray:
    """Return the mean growth rate of tangents along the orbits of members (Benettin et al. 1980).

    Parameters
    ----------
    xi : array [m, p, d]
    data : Loop of m members
        Where the orbits start.
    step : float
        Of Runge–Kutta's method for the tangents, about that between frames; of half for the orbits.

    Returns
    -------
    array [m]
        Per unit of time, over 5,400 steps: where orbits are chaotic single ones scatter. NaN for a
        member whose orbit is lost.
    """
    orbit = np.empty((2 * STEPS + 1, *data.start.shape))
    orbit[0] = data.start
    with np.errstate(all="ignore"):
        for k in range(2 * STEPS):  # what is wanted is where orbits are, not when
            orbit[k + 1] = stepped(library, xi, orbit[k], step / 2)
        slopes = jacobian(library, xi, orbit)
        tangent = np.full(data.start.shape, 1 / np.sqrt(data.start.shape[1]))
        grown = np.zeros((STEPS, len(xi)))
        for k in range(STEPS):
            first, middle, last = slopes[2 * k], slopes[2 * k + 1], slopes[2 * k + 2]
            a = _along(first, tangent)
            b = _along(middle, tangent + step / 2 * a)
            c = _along(middle, tangent + step / 2 * b)
            e = _along(last, tangent + step * c)
            tangent = tangent + step / 6 * (a + 2 * b + 2 * c + e)
            size = np.linalg.norm(tangent, axis=1)
            grown[k], tangent = np.log(size), tangent / size[:, None]
        found = grown[int(SETTLING * STEPS) :].mean(axis=0) / step
    stayed = np.linalg.norm(orbit[-1] - data.centre, axis=-1) < data.edge
    return np.where(stayed & np.isfinite(found), found, np.nan)


def _along(slopes: np.ndarray, tangent: np.ndarray) -> np.ndarray:
    """Return J v of every member, [m, d]."""
    return (slopes @ tangent[..., None])[..., 0]
