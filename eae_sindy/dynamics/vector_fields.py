"""Vector fields ż = Θ(z) Ξ of many members at once, and their slopes."""

import numpy as np

from .library import Library


def fields(library: Library, xi: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the vector fields of members [m, p, d] at points [k, d], as rows [m, k·d]."""
    return (library(points) @ xi).reshape(len(xi), -1)


def affine(library: Library, xi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Say which members' equations are ż = A z + b, and return their A and b.

    Parameters
    ----------
    xi : array [m, p, d]

    Returns
    -------
    linear : array of bool [m]
    matrix : array [m, d, d]
        A; it means nothing where a member is not linear.
    shift : array [m, d]
        b, likewise.
    """
    names = [f"z{k + 1}" for k in range(library.latents)]
    row = {term: i for i, term in enumerate(library.terms)}
    zero = np.zeros_like(xi[:, 0])
    own = [xi[:, row[name]] if name in row else zero for name in names]
    shift = xi[:, row["1"]] if "1" in row else zero
    others = [i for term, i in row.items() if term not in {*names, "1"}]
    linear = ~xi[:, others].any(axis=(1, 2)) & np.isfinite(xi).all(axis=(1, 2))
    return linear, np.stack(own, axis=2), shift


def flow(library: Library, xi: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return Θ(z) Ξ for members m, each with its own Ξ [m, p, d], at z [..., m, d]."""
    return (library(z)[..., None, :] @ xi)[..., 0, :]


def stepped(
    library: Library, xi: np.ndarray, z: np.ndarray, step: float | np.ndarray
) -> np.ndarray:
    """Return where z [..., m, d] is a step of time later, by one step of Runge–Kutta's method."""
    a = flow(library, xi, z)
    b = flow(library, xi, z + step / 2 * a)
    c = flow(library, xi, z + step / 2 * b)
    e = flow(library, xi, z + step * c)
    return z + step / 6 * (a + 2 * b + 2 * c + e)


def jacobian(library: Library, xi: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return ∂ż/∂z [..., m, d, d] of members' flows at z [..., m, d], by central differences."""
    d, size = z.shape[-1], 1e-5
    columns = [
        (flow(library, xi, z + size * e) - flow(library, xi, z - size * e)) / (2 * size)
        for e in np.eye(d)
    ]
    return np.stack(columns, axis=-1)
