"""The loss of a variational autoencoder."""

from dataclasses import dataclass

import tensorflow as tf

from ..networks.contract import Network, Weights
from .data import Data


def divergence(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """Return KL(N(μ, σ²) ‖ N(0, I)) [n] of Gaussians [n, d] with diagonal covariance, in nats."""
    return 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1.0 - log_variance, axis=-1)


@dataclass(frozen=True, kw_only=True)
class Variational:
    """The objective is the negative evidence lower bound (Kingma & Welling 2014), in nats a frame.

    The encoder gives the mean of the posterior and the logarithm of its variance, one latent for
    each sample. The prior is N(0, I). Weights are (encoder, decoder).

    Attributes
    ----------
    encoder, decoder : Network
        The encoder has two outputs for each latent, all means before all variances.
    points : int
        N, values in a frame.
    bernoulli : bool
        Whether the decoder gives the logit of each pixel, and the miss is the binary cross-entropy
        (A.5.2). Otherwise it gives the mean of Gaussians of unit variance, one at each point; their
        constant, (N/2) log 2π, is left out.
    """

    encoder: Network
    decoder: Network
    points: int
    bernoulli: bool = False

    def __call__(
        self, weights: Weights, data: Data, key: tf.Tensor, *numbers: tf.Tensor
    ) -> tf.Tensor:
        """Return the loss at latents drawn with `key`."""
        encoder, decoder = weights
        mean, log_variance = tf.split(self.encoder.apply(encoder, data.inputs), 2, axis=-1)
        noise = tf.random.stateless_normal(tf.shape(mean), key)
        x = self.decoder.apply(decoder, mean + tf.exp(0.5 * log_variance) * noise)
        miss = self._miss(data.targets, x)
        return tf.reduce_mean(miss + divergence(mean, log_variance))

    def nothing(self, data: Data) -> float:
        """Return the loss of reconstructing zero everywhere, with a posterior that is the prior."""
        return float(tf.reduce_mean(self._miss(data.targets, tf.zeros_like(data.targets))))

    def _miss(self, targets: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        if self.bernoulli:
            each = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=x)
            return tf.reduce_sum(each, axis=-1)
        # Coordinates are of modes with a mean square of one per point.
        return 0.5 * self.points * tf.reduce_sum((targets - x) ** 2, axis=-1)


def means(encoder: Weights) -> Weights:
    """Return of a dense variational encoder what gives the posterior's mean: an encoder."""
    *inner, kernel, bias = encoder
    latents = bias.shape[0] // 2
    return (*inner, kernel[:, :latents], bias[:latents])
