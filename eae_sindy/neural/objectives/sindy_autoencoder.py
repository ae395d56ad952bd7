"""The loss of the SINDy autoencoder."""

from dataclasses import dataclass

import tensorflow as tf

from ...dynamics.library import Library
from ..networks.contract import Network, Weights
from .data import Data
from .norms import mean_square


@dataclass(frozen=True, kw_only=True)
class SindyAutoencoder:
    """The objective of the SINDy autoencoder (Champion et al. 2019), whose Ξ is trained.

    λ₀ |x − x̂|² + λ₁ |ẋ − (dx̂/dz) Θ(z) Ξ|² + λ₂ |(dz/dx) ẋ − Θ(z) Ξ|² + λ₃ |Ξ|₁, as means over
    points, over latents, and over the entries of Ξ. Weights are (encoder, decoder, Ξ [p, d]). Its
    numbers are the mask of Ξ [p, d] and λ₃.

    Attributes
    ----------
    encoder, decoder : Network
    library : Library
        Candidate terms Θ.
    field_weight, rate_weight, latent_rate_weight : float
        λ₀, λ₁ and λ₂.
    """

    encoder: Network
    decoder: Network
    library: Library
    field_weight: float
    rate_weight: float
    latent_rate_weight: float

    def __call__(
        self, weights: Weights, data: Data, key: tf.Tensor, *numbers: tf.Tensor
    ) -> tf.Tensor:
        """Return the loss; nothing is drawn at random."""
        (encoder, decoder, xi), (mask, sparsity) = weights, numbers
        kept = mask * xi
        z, z_rate = self.encoder.tangent(encoder, data.inputs, data.input_rates)
        theta = tf.stack(self.library.columns(tf.unstack(z, axis=-1), tf.math), axis=-1)
        modelled = tf.matmul(theta, kept)
        x, x_rate = self.decoder.tangent(decoder, z, modelled)
        return (
            self.field_weight * mean_square(data.targets - x)
            + self.rate_weight * mean_square(data.target_rates - x_rate)
            + self.latent_rate_weight * tf.reduce_mean((z_rate - modelled) ** 2)
            + sparsity * tf.reduce_mean(tf.abs(kept))
        )

    def nothing(self, data: Data) -> float:
        """Return the loss of reconstructing zero everywhere, with Ξ and all latents zero."""
        x, x_rate = (float(mean_square(part)) for part in (data.targets, data.target_rates))
        return self.field_weight * x + self.rate_weight * x_rate
