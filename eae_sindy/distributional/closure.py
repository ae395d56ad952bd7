"""Whether rows lie on a surface without an edge, such as a circle, a sphere or a torus.

A closed surface of d dimensions has no continuous code of d numbers (Brouwer 1912): it must be cut
somewhere, and d + 1 are needed at least. An edge shows in the neighbours of its rows, which are all
on one side.
"""

from math import gamma, pi, sqrt

import numpy as np
from scipy.spatial import cKDTree

ROWS = (1000, 500, 250, 125)  # that are looked at: of fewer, neighbours are farther than noise is
NEIGHBOURS = 30  # for each dimension: so many that chance puts them all on one side nowhere
LOPSIDED = 0.85  # of the mean unit vector to neighbours that fill a half-space: an edge
EDGE = 3  # rows that make one: an interval has two at each end
FLAT = 0.1  # variance of neighbours off their plane, over that in it: more is no surface
THIN = 0.03  # variance along their narrowest direction in the plane, over the widest one


def closed(rows: np.ndarray, dimension: int) -> bool:
    """Tell whether rows [n, N] lie on a surface of so many dimensions that has no edge.

    Rows are in no order, so that every so-many-th of them are as good as any. As many are looked at
    as lie on a surface to the eye of their neighbours: those of very many may be no farther than
    noise is wide. False also where it cannot be told, since rows are few, or lie on no surface of
    so many dimensions.
    """
    if not 0 < dimension < rows.shape[1]:
        return False
    for most in ROWS:
        some = rows[:: -(-len(rows) // most)]
        if NEIGHBOURS * dimension >= len(some) // 7:  # more would be no neighbours
            return False
        about, along, flat = _planes(some, dimension)
        if flat:
            return _edge(about, along) < EDGE
    return False


def _planes(rows: np.ndarray, dimension: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return what the neighbours of rows [n, N] lie in.

    Returns
    -------
    about : array [n, k, N]
        The neighbours of each row, about it.
    axes : array [n, N, d]
        Of the plane that is best for them.
    flat : bool
        Whether most lie in such planes, and fill them.
    """
    _, nearest = cKDTree(rows).query(rows, k=NEIGHBOURS * dimension + 1)
    about = rows[nearest[:, 1:]] - rows[:, None]
    centred = about - about.mean(axis=1, keepdims=True)
    variances, axes = np.linalg.eigh(np.einsum("nki,nkj->nij", centred, centred))
    inside, outside = variances[:, -dimension:], variances[:, :-dimension]
    off = np.median(outside.sum(axis=1) / inside.sum(axis=1))
    wide = np.median(inside[:, 0] / inside[:, -1])
    return about, axes[:, :, -dimension:], bool(off <= FLAT and wide >= THIN)


def _edge(about: np.ndarray, axes: np.ndarray) -> int:
    """Count the rows whose neighbours are on one side."""
    along = np.einsum("nki,nij->nkj", about, axes)
    length = np.maximum(np.linalg.norm(along, axis=2, keepdims=True), np.finfo(float).tiny)
    lopsided = np.linalg.norm((along / length).mean(axis=1), axis=1)
    return int(np.count_nonzero(lopsided > LOPSIDED * half_space(axes.shape[2])))


def half_space(dimension: int) -> float:
    """Return the length of the mean unit vector over a half-space: 1, 2/π, 1/2, …."""
    return gamma(dimension / 2) / (sqrt(pi) * gamma((dimension + 1) / 2))
