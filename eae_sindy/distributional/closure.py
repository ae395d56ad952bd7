"""Whether rows lie on a surface without an edge, such as a circle, a sphere or a torus.

A closed surface of d dimensions has no continuous code of d numbers (Brouwer 1912): it must be cut
somewhere, and d + 1 are needed at least. An edge shows in the neighbours of its rows, which are all
on one side.
"""

from math import gamma, pi, sqrt

import numpy as np
from scipy.spatial import cKDTree

ROWS = 1000  # that are looked at: of more, neighbours may be nearer than noise is wide
NEIGHBOURS = 30  # for each dimension: so many that chance puts them all on one side nowhere
LOPSIDED = 0.85  # of the mean unit vector to neighbours that fill a half-space: an edge
EDGE = 3  # rows that make one: an interval has two at each end
FLAT = 0.1  # variance of neighbours off their plane, over that in it: more is no surface
THIN = 0.03  # variance along their narrowest direction in the plane, over the widest one


def closed(rows: np.ndarray, dimension: int) -> bool:
    """Tell whether rows [n, N] lie on a surface of so many dimensions that has no edge.

    Rows are in no order, so that every so-many-th of them are as good as any. False also where it
    cannot be told: where neighbours lie on no such surface, for they hold noise, are few, or lie on
    one of fewer dimensions.
    """
    rows = rows[:: -(-len(rows) // ROWS)]
    n, size = rows.shape
    count = NEIGHBOURS * dimension
    if not 0 < dimension < size or count >= n // 4:
        return False
    _, nearest = cKDTree(rows).query(rows, k=count + 1)
    about = rows[nearest[:, 1:]] - rows[:, None]
    centred = about - about.mean(axis=1, keepdims=True)
    variances, axes = np.linalg.eigh(np.einsum("nki,nkj->nij", centred, centred))
    inside, outside = variances[:, -dimension:], variances[:, :-dimension]
    if np.median(outside.sum(axis=1) / inside.sum(axis=1)) > FLAT:
        return False
    if np.median(inside[:, 0] / inside[:, -1]) < THIN:
        return False
    along = np.einsum("nki,nij->nkj", about, axes[:, :, -dimension:])
    length = np.maximum(np.linalg.norm(along, axis=2, keepdims=True), np.finfo(float).tiny)
    lopsided = np.linalg.norm((along / length).mean(axis=1), axis=1)
    return int(np.count_nonzero(lopsided > LOPSIDED * half_space(dimension))) < EDGE


def half_space(dimension: int) -> float:
    """Return the length of the mean unit vector over a half-space: 1, 2/π, 1/2, …."""
    return gamma(dimension / 2) / (sqrt(pi) * gamma((dimension + 1) / 2))
