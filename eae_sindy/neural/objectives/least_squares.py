"""Eq. 16 inside a loss: a least squares solution that can be differentiated."""

import tensorflow as tf

# Relative to the largest eigenvalue of the scaled normal matrix: far below any resolved direction,
# and enough to keep the factorization alive when latents coincide.
JITTER = 1e-12


@tf.custom_gradient
def least_squares(theta: tf.Tensor, rate: tf.Tensor) -> tuple[tf.Tensor, object]:
    """Solve Eq. 16, Ξ = argmin |Θ Ξ − ż|², in float64 with scaled columns.

    The normal equations of columns of unit length, by Cholesky factorization and one step of
    iterative refinement. The gradient is that of the solution itself: with λ = (ΘᵀΘ)⁻¹ Ξ̄ and
    residual R = ż − ΘΞ, it is R λᵀ − Θ λ Ξᵀ in Θ and Θ λ in ż, which costs two products and never
    differentiates the factorization.

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
