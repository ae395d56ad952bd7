"""The loss of Eq. 14, with ẋ̂ by Eq. 15 and Ξ by Eq. 16 inside it."""

from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from ...dynamics.library import Library
from ..networks.contract import Network, Weights
from .data import Data
from .least_squares import least_squares
from .norms import mean_square


class Parts(NamedTuple):
    """The loss and its two terms before weighting, per pixel and frame.

    Attributes
    ----------
    loss, field, rate : scalar tensors
        λ₁ |x − x̂|² + λ₂ |ẋ − ẋ̂|², |x − x̂|² and |ẋ − ẋ̂|².
    """

    loss: tf.Tensor
    field: tf.Tensor
    rate: tf.Tensor


@dataclass(frozen=True, kw_only=True)
class Eq14:
    """The objective λ₁ |x − x̂|² + λ₂ |ẋ − ẋ̂|² (Eq. 14), both norms means over pixels and frames.

    ż = (dz/dx) ẋ and Ξ by Eq. 16; ẋ̂ = (dx̂/dz) Θ(z) Ξ by Eq. 15. Weights are (encoder, decoder).

    Attributes
    ----------
    encoder, decoder : Network
    library : Library
        Candidate terms Θ.
    field_weight, rate_weight : float
        λ₁ and λ₂.
    share : float
        What a target counts in the mean over pixels: 1 for coordinates, one over their number for
        pixels.
    """

    encoder: Network
    decoder: Network
    library: Library
    field_weight: float
    rate_weight: float
    share: float = 1.0

    def __call__(
        self, weights: Weights, data: Data, key: tf.Tensor, *numbers: tf.Tensor
    ) -> tf.Tensor:
        """Return the loss; nothing is drawn at random."""
        return self.parts(weights, data).loss

    def parts(self, weights: Weights, data: Data) -> Parts:
        """Return the loss with its two terms."""
        encoder, decoder = weights
        z, z_rate = self.encoder.tangent(encoder, data.inputs, data.input_rates)
        z64 = tf.unstack(tf.cast(z, tf.float64), axis=-1)
        theta = tf.stack(self.library.columns(z64, tf.math), axis=-1)
        xi = least_squares(theta, tf.cast(z_rate, tf.float64))
        modelled = tf.cast(tf.matmul(theta, xi), z.dtype)
        x, x_rate = self.decoder.tangent(decoder, z, modelled)
        field = self.share * mean_square(data.targets - x)
        rate = self.share * mean_square(data.target_rates - x_rate)
        return Parts(self.field_weight * field + self.rate_weight * rate, field, rate)

    def nothing(self, data: Data) -> float:
        """Return the loss of reconstructing zero everywhere."""
        x, x_rate = (
            self.share * float(mean_square(part)) for part in (data.targets, data.target_rates)
        )
        return self.field_weight * x + self.rate_weight * x_rate
