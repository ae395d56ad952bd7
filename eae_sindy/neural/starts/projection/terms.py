"""Eq. 16 inside a loss, with its gradient by hand: the rates that the equations model."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from scipy.linalg import cho_solve

from ....dynamics.library import Library
from .dual import slopes
from .monomials import Monomials

# Of the length of a column: it keeps the triangle invertible when terms coincide.
JITTER = 1e-11


class Terms(Protocol):
    """Candidate terms Θ(z) that can be differentiated."""

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Return Θ [n, p] at latents [n, d]."""
        ...

    def pull(self, z: np.ndarray, theta: np.ndarray, bar: np.ndarray) -> np.ndarray:
        """Return the gradient in z [n, d] of a loss whose gradient in Θ is `bar` [n, p]."""
        ...


class PolynomialTerms:
    """Polynomials with a constant: the fit of ż does not depend on the frame of the latents."""

    def __init__(self, latents: int, degree: int) -> None:
        self.monomials = Monomials(latents, degree)

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Return Θ [n, p] at latents [n, d]."""
        return self.monomials.values(z)

    def pull(self, z: np.ndarray, theta: np.ndarray, bar: np.ndarray) -> np.ndarray:
        """Return the gradient in z; see `Terms`."""
        slope = self.monomials.slope
        return np.stack(
            [np.einsum("np,np->n", bar, slope(theta, k)) for k in range(z.shape[1])], axis=1
        )


class LibraryTerms:
    """The terms of a library of the user's own, differentiated by dual numbers."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Return Θ [n, p] at latents [n, d]."""
        return self.library(z)

    def pull(self, z: np.ndarray, theta: np.ndarray, bar: np.ndarray) -> np.ndarray:
        """Return the gradient in z; see `Terms`."""
        return np.einsum("np,npd->nd", bar, slopes(self.library, z))


class Model(NamedTuple):
    """The modelled rates v = ΘΞ of some latents, and the way back.

    Attributes
    ----------
    rate : array [n, d]
    xi : array [p, d]
        Ξ by Eq. 16.
    pull : v̄ to (z̄, ż̄)
        The gradient of a loss in latents and rates from that in the modelled rates.
    """

    rate: np.ndarray
    xi: np.ndarray
    pull: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def model(terms: Terms, z: np.ndarray, rate: np.ndarray) -> Model:
    """Solve Eq. 16 for latents and rates [n, d]: Ξ = argmin |Θ(z)Ξ − ż|², v = ΘΞ.

    With λ = (ΘᵀΘ)⁻¹Θᵀv̄ and the residual R = ż − v, the gradient is v̄Ξᵀ + Rλᵀ − Θλ Ξᵀ in Θ and Θλ
    in ż. (ΘᵀΘ)⁻¹ is had from the triangle of the scaled columns, and one step of refinement makes
    up for its square (Björck, Numerical Methods for Least Squares Problems, Sec. 2.9.3). Raises
    `numpy.linalg.LinAlgError` for numbers that are none.
    """
    theta = terms(z)
    length = np.sqrt(np.einsum("np,np->p", theta, theta))
    length[length == 0] = 1.0
    if not np.isfinite(length).all():
        raise np.linalg.LinAlgError("the terms are not finite")
    stacked = np.vstack([theta / length, JITTER * np.eye(len(length))])
    factor = np.linalg.qr(stacked, mode="r"), False

    def solve(right: np.ndarray) -> np.ndarray:
        scaled = right / length[:, None]
        return cho_solve(factor, scaled, check_finite=False) / length[:, None]

    xi = solve(theta.T @ rate)
    xi += solve(theta.T @ (rate - theta @ xi))
    modelled = theta @ xi

    def pull(bar: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        upstream = theta.T @ bar
        multiplier = solve(upstream)
        multiplier += solve(upstream - theta.T @ (theta @ multiplier))
        along = theta @ multiplier
        in_theta = (bar - along) @ xi.T + (rate - modelled) @ multiplier.T
        return terms.pull(z, theta, in_theta), along

    return Model(modelled, xi, pull)
