"""Vector fields ż = Θ(z) Ξ of many members at once, and their slopes."""

import numpy as np

from .library import Library


def fields(library: Library, xi: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the vector fields of members [m, p, d] at points [k, d], as rows [m, k·d]."""
    return (library(points) @ xi).reshape(len(xi), -1)


def flow(library: Library, xi: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return Θ(z) Ξ for members m, each with its own Ξ [m, p, d], at z [..., m, d]."""
    return (library(z)[..., None, :] @ xi)[..., 0, :]


def jacobian(library: Library, xi: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return ∂ż/∂z [..., m, d, d] of members' flows at z [..., m, d], by central differences."""
    d, size = z.shape[-1], 1e-5
    columns = [
        (flow(library, xi, z + size * e) - flow(library, xi, z - size * e)) / (2 * size)
        for e in np.eye(d)
    ]
    return np.stack(columns, axis=-1)
