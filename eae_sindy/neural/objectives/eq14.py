"""The loss of Eq. 14, with ẋ̂ by Eq. 15 and Ξ by Eq. 16 inside it."""

from typing import NamedTuple

import tensorflow as tf

from ...dynamics.library import Library
from ...ensemble.forward import forward
from ..samplers.thermostat import Tensors
from .contract import Data

# Relative to the largest eigenvalue of the scaled normal matrix: far below any resolved direction,
# and enough to keep the factorization alive when latents coincide.
JITTER = 1e-12


@tf.custom_gradient
def least_squares(theta: tf.Tensor, rate: tf.Tensor) -> tuple[tf.Tensor, object]:
    """Solve Eq. 16, Ξ = argmin |Θ Ξ − ż|², in float64 with scaled columns.

    The normal equations of columns of unit length, by Cholesky factorization and one step of
    iterative refinement. The gradient is that
    of the solution itself: with λ = (ΘᵀΘ)⁻¹ Ξ̄ and residual R = ż − ΘΞ, it is R λᵀ − Θ λ Ξᵀ in Θ and
    Θ λ in ż, which costs two products and never differentiates the factorization.

    Parameters
    ----------
    theta : tensor [n, p], float64
    rate : tensor [n, d], float64

    Returns
    -------
    tensor [p, d], float64
    """
    terms = theta.shape[-1]
    length = tf.sqrt(tf.reduce_sum(theta**2, axis=0)) + 1e-300
    scaled = theta / length
    normal = tf.matmul(scaled, scaled, transpose_a=True)
    factor = tf.linalg.cholesky(normal + JITTER * terms * tf.eye(terms, dtype=tf.float64))

    def solve(right: tf.Tensor) -> tf.Tensor:
        return tf.linalg.cholesky_solve(factor, right / length[:, None]) / length[:, None]

    xi = solve(tf.matmul(theta, rate, transpose_a=True))
    # One step of refinement takes the jitter out again.
    xi += solve(tf.matmul(theta, rate - tf.matmul(theta, xi), transpose_a=True))

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        multiplier = solve(upstream)
        along = tf.matmul(theta, multiplier)
        residual = rate - tf.matmul(theta, xi)
        return (
            tf.matmul(residual, multiplier, transpose_b=True)
            - tf.matmul(along, xi, transpose_b=True),
            along,
        )

    return xi, gradient


class Parts(NamedTuple):
    """The loss and its two terms before weighting, per pixel and frame."""

    loss: tf.Tensor
    field: tf.Tensor
    rate: tf.Tensor


def reconstruction(
    encoder: Tensors,
    decoder: Tensors,
    data: Data,
    library: Library,
    activation: str,
    field_weight: float,
    rate_weight: float,
    share: float = 1.0,
) -> Parts:
    """Return Eq. 14, λ₁ |x − x̂|² + λ₂ |ẋ − ẋ̂|², both norms means over pixels and frames.

    ż = (dz/dx) ẋ and Ξ by Eq. 16; ẋ̂ = (dx̂/dz) Θ(z) Ξ by Eq. 15. `share` is what a target counts
    in the mean over pixels: 1 for coordinates, one over their number for pixels.
    """
    z, z_rate = forward(encoder, activation, data.inputs, data.input_rates, tf.math)
    z64 = tf.unstack(tf.cast(z, tf.float64), axis=-1)
    theta = tf.stack(library.columns(z64, tf.math), axis=-1)
    xi = least_squares(theta, tf.cast(z_rate, tf.float64))
    modelled = tf.cast(tf.matmul(theta, xi), z.dtype)
    x, x_rate = forward(decoder, activation, z, modelled, tf.math)
    field = share * tf.reduce_mean(tf.reduce_sum((data.targets - x) ** 2, axis=-1))
    rate = share * tf.reduce_mean(tf.reduce_sum((data.target_rates - x_rate) ** 2, axis=-1))
    return Parts(field_weight * field + rate_weight * rate, field, rate)
