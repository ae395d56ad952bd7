"""Eq. 16: SINDy coefficients by least squares, or by a sparse optimizer of pysindy."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from ..errors import EaeSindyError
from ..recipes import SIGNIFICANCE


class Triangle(NamedTuple):
    """The triangular factor R of [Θ | ż] = Q R: all that least squares can know of some frames.

    As rows of a smaller Θ and ż it has the same solutions, the same residuals and the same singular
    values as the frames themselves, for any choice of terms and any ridge (Golub & Van Loan, Matrix
    Computations, Sec. 5.3).

    Attributes
    ----------
    rows : array [..., p + d, p + d]
        R; of several members in front.
    frames : int
        How many frames it stands for.
    """

    rows: np.ndarray
    frames: int

    @classmethod
    def of(cls, theta: np.ndarray, rate: np.ndarray) -> "Triangle":
        """Return the factor of Θ [n, p] and ż [n, d]."""
        return cls(_triangle(np.hstack([theta, rate])), len(theta))

    @classmethod
    def join(cls, *parts: "Triangle") -> "Triangle":
        """Return the factor of the frames of several factors together."""
        rows = _triangle(np.concatenate([part.rows for part in parts]))
        return cls(rows, sum(part.frames for part in parts))

    def split(self, terms: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows that stand for Θ [p + d, p], p = `terms`, and for ż [p + d, d]."""
        return self.rows[:, :terms], self.rows[:, terms:]

    def take(self, columns: np.ndarray, terms: int) -> "Triangle":
        """Return what is known of some of the `terms` columns of Θ, in the order given."""
        theta, rate = self.split(terms)
        return Triangle(np.hstack([theta[:, columns], rate]), self.frames)


def _triangle(rows: np.ndarray) -> np.ndarray:
    """Return R of `rows` [n, q], [q, q]; zeros stand for rows that are too few."""
    found = np.linalg.qr(rows, mode="r")
    return np.pad(found, ((0, rows.shape[1] - len(found)), (0, 0)))


def solve(
    theta: np.ndarray, rate: np.ndarray, cutoff: float = 0.0, frames: int | None = None
) -> tuple[np.ndarray, float]:
    """Solve Eq. 16, Ξ = argmin |Θ Ξ − ż|², and return Ξ [p, d] with the condition number of Θ.

    Columns are scaled to unit length, then QR and an SVD of the triangle, in float64: polynomials
    and sines of a small latent are nearly collinear. Directions below rounding are left at zero.
    The condition number is that of the scaled columns.

    Parameters
    ----------
    theta : array [n, p]
    rate : array [n, d]
    cutoff : float
        Directions whose singular value is below this share of the largest are left at zero too: of
        all equations that fit nearly as well, the smallest coefficients.
    frames : int, optional
        How many frames Θ stands for, if it is the rows of a `Triangle`.
    """
    length = np.linalg.norm(theta, axis=0)
    length[length == 0] = 1.0
    q, r = np.linalg.qr((theta / length).astype(float))
    u, s, vt = np.linalg.svd(r, full_matrices=False)
    kept = s > s[0] * max(cutoff, (frames or len(theta)) * np.finfo(float).eps)
    inverse = np.where(kept, 1 / np.where(kept, s, 1), 0)
    xi = vt.T @ (inverse[:, None] * (u.T @ (q.T @ rate)))
    return xi / length[:, None], float(s[0] / s[-1]) if s[-1] > 0 else np.inf


def masked(theta: np.ndarray, rate: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Return Ξ [p, d] with coefficients only where `active` [p, d] is true."""
    xi = np.zeros(active.shape)
    for k in range(active.shape[1]):
        mine = active[:, k]
        if mine.any():
            xi[mine, k] = solve(theta[:, mine], rate[:, [k]])[0][:, 0]
    return xi


def costs(theta: np.ndarray, rate: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Return by how much the squared residual grows without each active coefficient, [p, d].

    Relative to the squared rates of its equation; infinite where `active` is false.
    """
    found = np.full(active.shape, np.inf)
    for k in range(active.shape[1]):
        mine = np.flatnonzero(active[:, k])
        if not len(mine):
            continue
        xi = solve(theta[:, mine], rate[:, [k]])[0][:, 0]
        spread = np.sum(np.linalg.pinv(theta[:, mine]) ** 2, axis=1)  # diagonal of (ΘᵀΘ)⁻¹
        with np.errstate(all="ignore"):
            grows = xi**2 / spread / np.sum(rate[:, k] ** 2)
        found[mine, k] = np.where(np.isfinite(grows), grows, 0.0)
    return found


OPTIMIZERS = ("lstsq", "stlsq", "sr3", "ssr")


class Sparse(NamedTuple):
    """A sparse alternative to plain least squares: pysindy's own, at its other defaults.

    `threshold` is that of sequentially thresholded least squares and, as a hard threshold, of SR3;
    stepwise sparse regression takes none.
    """

    optimizer: str
    threshold: float = SIGNIFICANCE

    def solver(self) -> Any:
        """Return a pysindy optimizer that has not been fitted."""
        import pysindy as ps

        # An equation without terms shows itself. Members are solved in threads, which rules out
        # `catch_warnings`.
        warnings.filterwarnings("ignore", "Sparsity parameter is too big", UserWarning)
        if self.optimizer == "stlsq":
            return ps.STLSQ(threshold=self.threshold)
        if self.optimizer == "sr3":
            return ps.SR3(reg_weight_lam=self.threshold**2 / 2, regularizer="L0")
        return ps.SSR()

    def solve(self, theta: np.ndarray, rate: np.ndarray) -> np.ndarray:
        """Return Ξ [p, d] from Θ [n, p] and ż [n, d]."""
        return self.solver().fit(theta, rate).coef_.T


def sparse(optimizer: str, threshold: float) -> Sparse | None:
    """Return the named alternative; None for plain least squares.

    Raises `EaeSindyError` for an unknown name or a negative threshold.
    """
    if optimizer not in OPTIMIZERS:
        raise EaeSindyError(f"unknown optimizer {optimizer!r}: choose from {', '.join(OPTIMIZERS)}")
    if not threshold >= 0:
        raise EaeSindyError(f"--threshold must not be negative, not {threshold}")
    return None if optimizer == "lstsq" else Sparse(optimizer, threshold)
