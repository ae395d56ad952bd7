"""The frame of the latents: whitened, with the origin at a fixed point of their equations."""

import numpy as np

from ....dynamics.least_squares import solve
from .monomials import Monomials

WITHIN = 2.5  # standard deviations: a fixed point farther off is not seen by the data
DEGREE = 3  # of the model whose fixed point is looked for
STEPS, TRIALS = 50, 8  # of Newton's method; how many of the slowest frames it starts from
SOLVED = 1e-9  # of the speed of the data: what is left at a fixed point


def fixed_point(z: np.ndarray, rate: np.ndarray) -> np.ndarray | None:
    """Return the fixed point [d] nearest the mean of a cubic model of latents [n, d], if any.

    Latents are whitened. Newton's method starts at the mean, and at the slowest frames.
    """
    monomials = Monomials(z.shape[1], DEGREE)
    xi, _ = solve(monomials.values(z), rate)
    speed = np.linalg.norm(rate, axis=1)
    slowest = z[np.argsort(speed)[:: max(1, len(z) // 10 // TRIALS)][:TRIALS]]
    found = []
    for point in (z.mean(axis=0), *slowest):
        point = _newton(monomials, xi, point, SOLVED * float(np.sqrt(np.mean(speed**2))))
        if point is not None and np.linalg.norm(point - z.mean(axis=0)) <= WITHIN:
            found.append(point)
    return min(found, key=lambda p: float(np.linalg.norm(p - z.mean(axis=0))), default=None)


def _newton(
    monomials: Monomials, xi: np.ndarray, point: np.ndarray, solved: float
) -> np.ndarray | None:
    """Return a zero of the model near a point; None where Newton's method finds none."""
    for _ in range(STEPS):
        values = monomials.values(point[None])
        here = (values @ xi)[0]
        if np.linalg.norm(here) <= solved:
            return point
        slopes = [(monomials.slope(values, k) @ xi)[0] for k in range(len(point))]
        step = np.linalg.lstsq(np.stack(slopes, axis=1), here, rcond=None)[0]
        point = point - step * min(1.0, 0.5 / max(float(np.linalg.norm(step)), 1e-300))
        if not np.isfinite(point).all() or np.linalg.norm(point) > 10 * WITHIN:
            return None
    return None
