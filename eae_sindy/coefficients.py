"""SINDy coefficients Ξ of every member (Eq. 16), and what their distribution says."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .errors import EaeSindyError
from .recipes import INTERVAL, SIGNIFICANCE


def solve(theta: np.ndarray, rate: np.ndarray, cutoff: float = 0.0) -> tuple[np.ndarray, float]:
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
    """
    length = np.linalg.norm(theta, axis=0)
    length[length == 0] = 1.0
    q, r = np.linalg.qr((theta / length).astype(float))
    u, s, vt = np.linalg.svd(r, full_matrices=False)
    kept = s > s[0] * max(cutoff, len(theta) * np.finfo(float).eps)
    inverse = np.where(kept, 1 / np.where(kept, s, 1), 0)
    xi = vt.T @ (inverse[:, None] * (u.T @ (q.T @ rate)))
    return xi / length[:, None], float(s[0] / s[-1]) if s[-1] > 0 else np.inf


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


class Coefficient(NamedTuple):
    """The distribution of one coefficient over members: a row of Table 2."""

    equation: str
    term: str
    mean: float
    mode: float
    interval: tuple[float, float]
    significant: bool


def mode(values: np.ndarray) -> float:
    """Return the dominant mode of a sample by Gaussian kernel density estimation (A.5.1)."""
    from scipy.stats import gaussian_kde

    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300) or len(values) < 3:
        return float(np.median(values))
    grid = np.linspace(low, high, 512)
    return float(grid[np.argmax(gaussian_kde(values)(grid))])


def interval(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """Return the central interval of `recipes.INTERVAL` as [2, ...]."""
    tail = (1 - INTERVAL) / 2
    return np.quantile(values, [tail, 1 - tail], axis=axis)


def table(values: np.ndarray, terms: Sequence[str]) -> list[Coefficient]:
    """Describe coefficients [members, p, d]: mean, KDE mode, 90 % interval, significance.

    A coefficient is significant where mean and mode both exceed 0.1 in magnitude (A.5.1).
    """
    rows = []
    for k in range(values.shape[2]):
        for j, term in enumerate(terms):
            sample = values[:, j, k]
            mean, peak = float(sample.mean()), mode(sample)
            low, high = (float(v) for v in interval(sample))
            rows.append(
                Coefficient(
                    f"z{k + 1}'",
                    term,
                    mean,
                    peak,
                    (low, high),
                    min(abs(mean), abs(peak)) > SIGNIFICANCE,
                )
            )
    return rows


@dataclass(frozen=True)
class Correlation:
    """Pearson correlations [k, k] between the significant coefficients (Fig. 4)."""

    labels: tuple[str, ...]
    matrix: np.ndarray


def correlation(values: np.ndarray, rows: Sequence[Coefficient]) -> Correlation:
    """Correlate over members the coefficients that are significant; none leaves an empty matrix."""
    flat = values.transpose(0, 2, 1).reshape(len(values), -1)  # in the order of `rows`
    chosen = [i for i, row in enumerate(rows) if row.significant]
    labels = tuple(f"{rows[i].term} in {rows[i].equation}" for i in chosen)
    if len(values) < 2 or not chosen:
        return Correlation(labels, np.full((len(chosen), len(chosen)), np.nan))
    with np.errstate(invalid="ignore", divide="ignore"):  # a constant coefficient has none
        return Correlation(
            labels, np.corrcoef(flat[:, chosen], rowvar=False).reshape(len(chosen), len(chosen))
        )


def equations(xi: np.ndarray, terms: Sequence[str], threshold: float = 0.0) -> list[str]:
    """Return one line of text for each equation of Ξ [p, d], such as ``z1' = 0.9 z2 - 0.1 z1``."""
    lines = []
    for k in range(xi.shape[1]):
        parts = [
            f"{'-' if c < 0 else '+'} {abs(c):.4g}{'' if term == '1' else ' ' + term}"
            for c, term in zip(xi[:, k], terms, strict=True)
            if abs(c) > threshold
        ]
        lines.append(f"z{k + 1}' = " + (" ".join(parts).removeprefix("+ ") or "0"))
    return lines
