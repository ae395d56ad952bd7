"""The two losses that are descended: with a polynomial decoder, and with the network's own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from . import features, outer
from .features import Features
from .monomials import Monomials
from .outer import Weights
from .terms import Terms, model
from .units import Rows

Lift = Callable[[np.ndarray, np.ndarray], Features]  # latents and their rates to features


class Reduction(NamedTuple):
    """A linear encoder, its equations and a decoder: all that is needed to judge other frames.

    Attributes
    ----------
    matrix, shift : arrays [d, k], [d]
        z = Qa + c.
    xi : array [p, d]
        Ξ.
    lift : z, v to Features
        Features of the decoder.
    outer : array [m, k]
        Its outer layer.
    """

    matrix: np.ndarray
    shift: np.ndarray
    xi: np.ndarray
    lift: Lift
    outer: np.ndarray

    def latents(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Return latents and rates [n, d] of some frames."""
        return rows.field @ self.matrix.T + self.shift, rows.rate @ self.matrix.T


class Evaluated(NamedTuple):
    """The loss at some latents, with its gradients in them and in the decoder's hidden layer."""

    loss: float
    reduction: Reduction
    in_latents: np.ndarray
    in_rates: np.ndarray
    in_kernel: np.ndarray
    in_bias: np.ndarray


@dataclass(frozen=True)
class Setting:
    """What does not change while a loss is descended.

    Attributes
    ----------
    rows : Rows
        The frames that are learnt from.
    weights : Weights
    terms : Terms
        Candidate terms inside the loss.
    ridge : float
        Of the outer layer.
    """

    rows: Rows
    weights: Weights
    terms: Terms
    ridge: float

    def evaluate(self, matrix: np.ndarray, shift: np.ndarray, lift: Lift) -> Evaluated:
        """Solve Eq. 16 and the outer layer for a linear encoder; return loss and gradients."""
        z, rate = self.rows.field @ matrix.T + shift, self.rows.rate @ matrix.T
        equations = model(self.terms, z, rate)
        made = lift(z, equations.rate)
        misfit = outer.project(made.values, made.rates, self.rows, self.weights, self.ridge)
        in_z, in_v, in_kernel, in_bias = made.pull(misfit.in_features, misfit.in_rates)
        through, in_rate = equations.pull(in_v)
        found = Reduction(matrix, shift, equations.xi, lift, misfit.outer)
        return Evaluated(misfit.loss, found, in_z + through, in_rate, in_kernel, in_bias)

    def in_matrix(self, found: Evaluated) -> np.ndarray:
        """Return the gradient in the encoder's matrix."""
        return found.in_latents.T @ self.rows.field + found.in_rates.T @ self.rows.rate

    def error(self, found: Reduction, rows: Rows) -> float:
        """Return the loss of a reduction on other frames, without the ridge."""
        z, _ = found.latents(rows)
        with np.errstate(all="ignore"):  # far from the frames it was made on
            v = self.terms(z) @ found.xi
            made = found.lift(z, v)
            field = made.values @ found.outer - rows.field
            rate = made.rates @ found.outer - rows.rate
            total = self.weights.field * np.sum(field**2) + self.weights.rate * np.sum(rate**2)
        return float(total / len(rows)) if np.isfinite(total) else np.inf


def _logarithm(loss: float, gradient: np.ndarray) -> tuple[float, np.ndarray]:
    """Return log J and its gradient: J falls through many orders of magnitude."""
    if not (0 < loss < np.inf and np.isfinite(gradient).all()):
        return np.inf, np.zeros_like(gradient)
    return float(np.log(loss)), gradient / loss


class PolynomialLoss:
    """log J of a linear encoder under a polynomial decoder.

    Latents are whitened at each evaluation. J does not change under affine maps of them but for the
    ridge; this keeps the monomials well scaled. The variables are Q√σ, so that all directions move
    alike.

    Parameters
    ----------
    setting : Setting
    degree : int
    latents : int
    sigma : array [k]
        Amplitudes of the frames along their axes.
    """

    def __init__(self, setting: Setting, degree: int, latents: int, sigma: np.ndarray) -> None:
        self.setting, self.sigma, self.latents = setting, sigma, latents
        self.scale = np.sqrt(sigma / sigma[0])
        self.monomials = Monomials(latents, degree)

    def variables(self, matrix: np.ndarray) -> np.ndarray:
        """Return the variables of an encoder matrix Q [d, k]."""
        return (matrix * self.scale).ravel()

    def lift(self, z: np.ndarray, v: np.ndarray) -> Features:
        """Return the monomials of latents and their rates."""
        return features.polynomial(self.monomials, z, v)

    def reduction(self, x: np.ndarray) -> Reduction:
        """Return the encoder of some variables, whitened, with its equations and decoder."""
        white, _ = whitened(x.reshape(self.latents, -1) / self.scale, self.sigma)
        return self.setting.evaluate(white, np.zeros(self.latents), self.lift).reduction

    def __call__(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Return log J and its gradient."""
        matrix = x.reshape(self.latents, -1) / self.scale
        try:
            white, factor = whitened(matrix, self.sigma)
            found = self.setting.evaluate(white, np.zeros(self.latents), self.lift)
        except np.linalg.LinAlgError:
            return np.inf, np.zeros_like(x)
        bar = _unwhitened(self.setting.in_matrix(found), matrix, white, factor, self.sigma)
        return _logarithm(found.loss, (bar / self.scale).ravel())


def whitened(matrix: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return L⁻¹Q and L, where LLᵀ = Q diag(σ²) Qᵀ is the covariance of the latents.

    Raises `numpy.linalg.LinAlgError` if they have collapsed.
    """
    factor = np.linalg.cholesky((matrix * sigma**2) @ matrix.T)
    return solve_triangular(factor, matrix, lower=True), factor


def _unwhitened(
    bar: np.ndarray, matrix: np.ndarray, white: np.ndarray, factor: np.ndarray, sigma: np.ndarray
) -> np.ndarray:
    """Return the gradient in Q from that in L⁻¹Q (Murray, arXiv:1602.07527, for Cholesky's)."""
    inverse = solve_triangular(factor, np.eye(len(factor)), lower=True)
    through = inverse.T @ bar
    half = np.tril(factor.T @ np.tril(-through @ white.T))
    half[np.diag_indices_from(half)] /= 2
    covariance = inverse.T @ (half + half.T) @ inverse / 2
    return through + 2 * covariance @ (matrix * sigma**2)


class NetworkLoss:
    """log J of a linear encoder under a decoder with one hidden layer.

    The variables are Q√σ and c of the encoder z = Qa + c, then kernel and bias of the layer.

    Parameters
    ----------
    setting : Setting
    activation : str
    latents, units : int
    sigma : array [k]
    """

    def __init__(
        self, setting: Setting, activation: str, latents: int, units: int, sigma: np.ndarray
    ) -> None:
        self.setting, self.activation = setting, activation
        self.scale = np.sqrt(sigma / sigma[0])
        self.shapes = ((latents, len(sigma)), (latents,), (latents, units), (units,))

    def variables(self, *parts: np.ndarray) -> np.ndarray:
        """Return the variables of Q, c, kernel and bias."""
        matrix, *rest = parts
        return np.concatenate([(matrix * self.scale).ravel(), *(p.ravel() for p in rest)])

    def parts(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return Q, c, kernel and bias of some variables."""
        ends = np.cumsum([int(np.prod(s)) for s in self.shapes])[:-1]
        pieces = zip(np.split(x, ends), self.shapes, strict=True)
        matrix, *rest = (piece.reshape(shape) for piece, shape in pieces)
        return matrix / self.scale, *rest

    def evaluate(self, x: np.ndarray) -> Evaluated:
        """Return the loss, not its logarithm, and what it was found with."""
        matrix, shift, kernel, bias = self.parts(x)

        def lift(z: np.ndarray, v: np.ndarray) -> Features:
            return features.hidden(self.activation, kernel, bias, z, v)

        return self.setting.evaluate(matrix, shift, lift)

    def reduction(self, x: np.ndarray) -> Reduction:
        """Return the encoder of some variables, with its equations and decoder."""
        return self.evaluate(x).reduction

    def __call__(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Return log J and its gradient."""
        try:
            found = self.evaluate(x)
        except np.linalg.LinAlgError:
            return np.inf, np.zeros_like(x)
        bars = (
            self.setting.in_matrix(found) / self.scale,
            found.in_latents.sum(axis=0),
            found.in_kernel,
            found.in_bias,
        )
        return _logarithm(found.loss, np.concatenate([bar.ravel() for bar in bars]))
