"""The minimum-energy path between two minima, by the simplified string method.

E, Ren & Vanden-Eijnden (2007), J. Chem. Phys. 126, 164103: points of a curve go down the gradient,
and are then spread evenly along it, until nothing moves. Its ends go down into the minima.
"""

from collections.abc import Callable

import numpy as np

from ..errors import EaeSindyError
from .curves import resampled

POINTS = 120
MOST = 20_000  # steps
STILL = 1e-3  # speed at which the curve has settled, over the largest gradient at its start


def string(
    gradient: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    step: float,
    points: int = POINTS,
) -> np.ndarray:
    """Return the path [points, N] with ∇U along it that a curve comes to.

    Parameters
    ----------
    gradient : callable
        ∇U of points [n, N], [n, N].
    start : array [m, N]
        A curve from near one minimum to near the other.
    step : float
        Below 2 over the largest curvature of U.
    points : int

    Raises
    ------
    EaeSindyError
        If it does not settle, or leaves all numbers: the step is too long.
    """
    path = resampled(np.asarray(start, float), points)
    scale = np.abs(gradient(path)).max()
    for _ in range(MOST):
        moved = resampled(path - step * gradient(path), points)
        change = np.abs(moved - path).max()
        path = moved
        if not np.isfinite(change):
            break
        if change < STILL * step * scale:
            return path
    raise EaeSindyError("the string method does not settle: take a shorter step")


def off_gradient(gradient: Callable[[np.ndarray], np.ndarray], path: np.ndarray) -> np.ndarray:
    """Return the part of ∇U at a right angle to a path at its inner points, [points − 2].

    It is zero along a minimum-energy path.
    """
    along = path[2:] - path[:-2]
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    slopes = gradient(path[1:-1])
    across = slopes - np.sum(slopes * along, axis=1, keepdims=True) * along
    found: np.ndarray = np.linalg.norm(across, axis=1)
    return found
