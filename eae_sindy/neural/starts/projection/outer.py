"""The outer layer of a decoder in closed form, and what is left of the loss: variable projection.

Golub & Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose
variables separate, SIAM J. Numer. Anal. 10 (1973).
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from .units import Rows


class Weights(NamedTuple):
    """What the field and its rate count in the loss, both in units of their own."""

    field: float
    rate: float


class Misfit(NamedTuple):
    """The loss at the best outer layer W, with its gradient in the features.

    Attributes
    ----------
    loss : float
        J = w_f ⟨|a − fW|² + λ Σ_m f_m²|W_m|²⟩ + w_r ⟨|ȧ − gW|² + λ Σ_m g_m²|W_m|²⟩, means over
        frames. The second terms are a ridge λ on columns of unit length.
    outer : array [m, k]
        W.
    in_features, in_rates : arrays [n, m]
        ∂J/∂f and ∂J/∂g.
    """

    loss: float
    outer: np.ndarray
    in_features: np.ndarray
    in_rates: np.ndarray


def solve(
    features: np.ndarray, rates: np.ndarray, rows: Rows, weights: Weights, ridge: float
) -> np.ndarray:
    """Return the W [m, k] that minimises J (see `Misfit`), by Cholesky factorization.

    Raises `numpy.linalg.LinAlgError` for features that are not finite, or singular beyond the
    ridge.
    """
    normal, length = _normal(features, rates, weights)
    right = weights.field * (features.T @ rows.field) + weights.rate * (rates.T @ rows.rate)
    normal[np.diag_indices_from(normal)] += ridge
    factor = cho_factor(normal, lower=True, overwrite_a=True, check_finite=False)
    return cho_solve(factor, right / length[:, None], check_finite=False) / length[:, None]


def _normal(
    features: np.ndarray, rates: np.ndarray, weights: Weights
) -> tuple[np.ndarray, np.ndarray]:
    """Return the normal matrix of columns of unit length, and the lengths."""
    normal = weights.field * (features.T @ features) + weights.rate * (rates.T @ rates)
    length = np.sqrt(np.diag(normal))
    length[length == 0] = 1.0
    normal /= np.outer(length, length)
    if not np.isfinite(normal).all():
        raise np.linalg.LinAlgError("the features are not finite")
    return normal, length


def determined(features: np.ndarray, rates: np.ndarray, weights: Weights, ridge: float) -> float:
    """Count the directions of the outer layer that the frames determine, tr N(N + λ)⁻¹.

    The ridge λ determines the others. N is the normal matrix of `solve`.
    """
    values = np.maximum(np.linalg.eigvalsh(_normal(features, rates, weights)[0]), 0.0)
    return float(np.sum(values / (values + ridge)))


def project(
    features: np.ndarray, rates: np.ndarray, rows: Rows, weights: Weights, ridge: float
) -> Misfit:
    """Solve for the outer layer and return the loss with its gradient in the features.

    W minimises J, so only the explicit dependence of J on f and g counts (the envelope theorem):
    ∂J/∂f = (2 w_f/n) ((fW − a)Wᵀ + λ f∘|W_m|²), and likewise in g.

    Parameters
    ----------
    features, rates : arrays [n, m]
        f(z), and g = (∂f/∂z)·v along the modelled rates.
    rows : Rows
        The frames a and their rates ȧ.
    weights : Weights
    ridge : float
        λ.
    """
    n, outer = len(rows), solve(features, rates, rows, weights, ridge)
    size = np.einsum("mk,mk->m", outer, outer)
    total, bars = 0.0, []
    for weight, made, target in (
        (weights.field, features, rows.field),
        (weights.rate, rates, rows.rate),
    ):
        miss = made @ outer - target
        total += weight / n * float(np.sum(miss * miss))
        total += weight / n * ridge * float(np.einsum("nm,nm->m", made, made) @ size)
        bars.append((2 * weight / n) * (miss @ outer.T + made * (ridge * size)))
    return Misfit(total, outer, *bars)
