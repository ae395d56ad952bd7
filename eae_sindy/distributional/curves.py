"""Curves in the plane of a path: evenly spaced points, and distances between two of them."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

SPACING = 0.002  # of points between which distances are measured


class Distances(NamedTuple):
    """How far two curves lie apart, in the unit of the plane.

    Attributes
    ----------
    chamfer : float
        Mean distance to the nearest point of the other curve, the mean over both directions.
    hausdorff : float
        The largest such distance, in either direction.
    """

    chamfer: float
    hausdorff: float


def lengths(curve: np.ndarray) -> np.ndarray:
    """Return the arc length up to each point of a curve [m, N], [m]."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])


def resampled(curve: np.ndarray, count: int) -> np.ndarray:
    """Return points [count, N] of a curve [m, N] at even arc lengths, its ends among them."""
    own = lengths(curve)
    at = np.linspace(0, own[-1], count)
    return np.stack([np.interp(at, own, values) for values in curve.T], axis=1)


def distances(one: np.ndarray, other: np.ndarray, spacing: float = SPACING) -> Distances:
    """Measure the distances of two curves [m, N], [k, N], both at points of an even spacing."""
    first, second = (
        resampled(curve, 2 + int(lengths(curve)[-1] / spacing)) for curve in (one, other)
    )
    there, back = cKDTree(second).query(first)[0], cKDTree(first).query(second)[0]
    return Distances(float((there.mean() + back.mean()) / 2), float(max(there.max(), back.max())))
