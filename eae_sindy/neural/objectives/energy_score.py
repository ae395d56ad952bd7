"""The loss of a distributional principal autoencoder (Shen & Meinshausen 2024).

The energy score of a law P at x, with Y and Y′ drawn from P independently, is
E|Y − x|^β − ½ E|Y − Y′|^β. For 0 < β < 2 its mean over x is least where P is the law of x
(Gneiting & Raftery 2007); at β = 2 wherever P has its mean.
"""

from dataclasses import dataclass

import tensorflow as tf

from ..networks.contract import Network, Weights
from ..networks.noisy import noises
from .data import Data

NEAR = 1e-20  # square of a distance below which its power has no slope: that is not finite at zero


def distance(difference: tf.Tensor, beta: float) -> tf.Tensor:
    """Return |d|^β of the last axis; its gradient is finite everywhere, and zero at d = 0."""
    square = tf.reduce_sum(difference**2, axis=-1)
    if beta == 2:
        return square
    near = square <= NEAR  # which NaN is not: a training that has diverged must show it
    # Twice, for a gradient that is not finite stays so when it is multiplied by zero.
    return tf.where(near, 0.0, tf.where(near, 1.0, square) ** (0.5 * beta))


def score(x: tf.Tensor, y: tf.Tensor, other: tf.Tensor, beta: float) -> tf.Tensor:
    """Return the energy score [...] from two draws, unbiased.

    ½(|y − x|^β + |y′ − x|^β) − ½|y − y′|^β.

    Parameters
    ----------
    x : tensor [..., N]
        What was observed.
    y, other : tensors [..., N]
        Two independent draws from the law that is scored.
    beta : float
        0 < β ≤ 2.
    """
    near = distance(y - x, beta) + distance(other - x, beta)
    return 0.5 * (near - distance(y - other, beta))


@dataclass(frozen=True, kw_only=True)
class EnergyScore:
    """The sum over k = 0 … K of the energy score of what is decoded from the first k codes.

    Codes beyond k are replaced by fresh N(0, 1), independently for the two draws. Weights are
    (encoder, decoder).

    Attributes
    ----------
    encoder : Network
        From x [n, N] to codes [n, K].
    decoder : Network
        See `networks.noisy`.
    sizes : tuple of int
        Of the decoder's layers, K first and N last.
    width : int
        Numbers of noise beside the input of every layer.
    beta : float
        0 < β ≤ 2.
    """

    encoder: Network
    decoder: Network
    sizes: tuple[int, ...]
    width: int
    beta: float = 1.0

    def __call__(
        self, weights: Weights, data: Data, key: tf.Tensor, *numbers: tf.Tensor
    ) -> tf.Tensor:
        """Return the loss, a mean over the rows of `data`, from two draws for each row and k."""
        return tf.reduce_sum(tf.reduce_mean(self.each(weights, data.inputs, key), axis=1))

    def each(self, weights: Weights, x: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        """Return the score of every row for every k, [K + 1, n]."""
        encoder, decoder = weights
        y = self.draws(decoder, self.encoder.apply(encoder, x), key)
        return score(x, y[0], y[1], self.beta)

    def draws(self, decoder: Weights, codes: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        """Return two draws from the law of x given the first k codes, [2, K + 1, n, N]."""
        latents, size = self.sizes[0], self.sizes[-1]
        shape = (2, latents + 1, tf.shape(codes)[0])
        noise = tf.random.stateless_normal((*shape, latents + noises(self.sizes, self.width)), key)
        known = tf.sequence_mask(tf.range(latents + 1), latents)[:, None]
        seen = tf.where(known, codes, noise[..., :latents])
        rows = tf.concat([seen, noise[..., latents:]], axis=-1)
        y = self.decoder.apply(decoder, tf.reshape(rows, (-1, rows.shape[-1])))
        return tf.reshape(y, (*shape, size))

    def nothing(self, data: Data) -> float:
        """Return the loss of reconstructing zero everywhere, without spread."""
        far = distance(data.inputs, self.beta)
        return (self.sizes[0] + 1) * float(tf.reduce_mean(far))
