"""The loss of the SINDy autoencoder."""

import tensorflow as tf

from ...dynamics.library import Library
from ...ensemble.forward import forward
from ...recipes import Training
from .contract import Data, Objective, Weights


def sparse(training: Training, library: Library) -> Objective:
    """Return the loss of the SINDy autoencoder (Champion et al. 2019).

    λ₀ |x − x̂|² + λ₁ |ẋ − (dx̂/dz) Θ(z) Ξ|² + λ₂ |(dz/dx) ẋ − Θ(z) Ξ|² + λ₃ |Ξ|₁, as means over
    points, over latents, and over the entries of Ξ. Its numbers are the mask of Ξ and λ₃.
    """
    t = training

    def objective(
        weights: Weights, data: Data, key: tf.Tensor, mask: tf.Tensor, sparsity: tf.Tensor
    ) -> tf.Tensor:
        encoder, decoder, xi = weights
        kept = mask * xi
        z, z_rate = forward(encoder, t.activation, data.inputs, data.input_rates, tf.math)
        theta = tf.stack(library.columns(tf.unstack(z, axis=-1), tf.math), axis=-1)
        modelled = tf.matmul(theta, kept)
        x, x_rate = forward(decoder, t.activation, z, modelled, tf.math)
        return (
            t.field_weight * tf.reduce_mean(tf.reduce_sum((data.targets - x) ** 2, axis=-1))
            + t.rate_weight
            * tf.reduce_mean(tf.reduce_sum((data.target_rates - x_rate) ** 2, axis=-1))
            + t.latent_rate_weight * tf.reduce_mean((z_rate - modelled) ** 2)
            + sparsity * tf.reduce_mean(tf.abs(kept))
        )

    return objective
