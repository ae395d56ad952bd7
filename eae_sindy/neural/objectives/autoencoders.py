"""Autoencoders without temperature: plain, on Eq. 14, and variational."""

import tensorflow as tf

from ...dynamics.library import Library
from ...ensemble.forward import forward
from ...recipes import Fit
from ..samplers.thermostat import Tensors
from .contract import Data, Objective, Weights
from .eq14 import reconstruction


def value(weights: Tensors, activation: str, x: tf.Tensor) -> tf.Tensor:
    """Return f(x) of a dense network. The rate that goes along with it is never computed."""
    return forward(weights, activation, x, x, tf.math)[0]


def plain(settings: Fit) -> Objective:
    """Return the mean square of x − x̂ over points and frames."""

    def objective(weights: Weights, data: Data, key: tf.Tensor) -> tf.Tensor:
        encoder, decoder = weights
        x = value(decoder, settings.activation, value(encoder, settings.activation, data.inputs))
        return tf.reduce_mean(tf.reduce_sum((data.targets - x) ** 2, axis=-1))

    return objective


def dynamic(settings: Fit, library: Library) -> Objective:
    """Return Eq. 14, the entropic autoencoder's own: what is left of it at T = 0."""

    def objective(weights: Weights, data: Data, key: tf.Tensor) -> tf.Tensor:
        s, (encoder, decoder) = settings, weights
        return reconstruction(
            encoder, decoder, data, library, s.activation, s.field_weight, s.rate_weight
        ).loss

    return objective


def divergence(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """Return KL(N(μ, σ²) ‖ N(0, I)) [n] of Gaussians [n, d] with diagonal covariance, in nats."""
    return 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1.0 - log_variance, axis=-1)


def variational(settings: Fit, points: int) -> Objective:
    """Return the negative evidence lower bound (Kingma & Welling 2014), in nats a frame.

    The encoder gives the mean of the posterior and the logarithm of its variance, one latent for
    each sample. The prior is N(0, I). The decoder gives the mean of Gaussians of unit variance, one
    at each of the `points`; their constant, (N/2) log 2π, is left out.
    """

    def objective(weights: Weights, data: Data, key: tf.Tensor) -> tf.Tensor:
        encoder, decoder = weights
        mean, log_variance = tf.split(value(encoder, settings.activation, data.inputs), 2, axis=-1)
        noise = tf.random.stateless_normal(tf.shape(mean), key)
        x = value(decoder, settings.activation, mean + tf.exp(0.5 * log_variance) * noise)
        # Coordinates are of modes with a mean square of one per point.
        miss = 0.5 * points * tf.reduce_sum((data.targets - x) ** 2, axis=-1)
        return tf.reduce_mean(miss + divergence(mean, log_variance))

    return objective


def means(encoder: Tensors) -> tuple:
    """Return of a variational encoder what gives the mean of the posterior: an encoder."""
    *inner, kernel, bias = encoder
    latents = bias.shape[0] // 2
    return (*inner, kernel[:, :latents], bias[:latents])
