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


class Quadratic(NamedTuple):
    """The loss in the outer layer W of the decoder: tr(WᵀAW) − 2 tr(WᵀB) + c, float64.

    W [h + 1, r] is the kernel with the bias as its last row.

    Attributes
    ----------
    normal, right : tensors [h + 1, h + 1] and [h + 1, r]
        A and B.
    rest : scalar tensor
        c, the loss where W is zero.
    """

    normal: tf.Tensor
    right: tf.Tensor
    rest: tf.Tensor


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
        field, rate = (self.share * mean_square(miss) for miss in self._missed(weights, data))
        return Parts(self.field_weight * field + self.rate_weight * rate, field, rate)

    def residuals(self, weights: Weights, data: Data) -> tf.Tensor:
        """Return the vector [2 n r] whose squares sum up to the loss."""
        frames = data.inputs.shape[0]
        return tf.concat(
            [
                tf.reshape((self.share * weight / frames) ** 0.5 * miss, (-1,))
                for weight, miss in zip(
                    (self.field_weight, self.rate_weight),
                    self._missed(weights, data),
                    strict=True,
                )
            ],
            axis=0,
        )

    def _missed(self, weights: Weights, data: Data) -> tuple[tf.Tensor, tf.Tensor]:
        """Return what is missed of the field and of its rate, [n, r] each."""
        encoder, decoder = weights
        x, x_rate = self.decoder.tangent(decoder, *self._modelled(encoder, data))
        return data.targets - x, data.target_rates - x_rate

    def _modelled(self, encoder: Weights, data: Data) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the latents z and their rates Θ(z) Ξ, [n, d] each."""
        z, z_rate = self.encoder.tangent(encoder, data.inputs, data.input_rates)
        z64 = tf.unstack(tf.cast(z, tf.float64), axis=-1)
        theta = tf.stack(self.library.columns(z64, tf.math), axis=-1)
        xi = least_squares(theta, tf.cast(z_rate, tf.float64))
        return z, tf.cast(tf.matmul(theta, xi), z.dtype)

    def outer(self, weights: Weights, data: Data) -> Quadratic:
        """Return the loss as a function of the decoder's outer layer, all else as it is.

        Of decoders that are linear in that layer, see `Network.hidden`.
        """
        encoder, decoder = weights
        assert self.decoder.hidden is not None
        f, f_rate = self.decoder.hidden(decoder, *self._modelled(encoder, data))
        f, f_rate, x, x_rate = (
            tf.cast(part, tf.float64) for part in (f, f_rate, data.targets, data.target_rates)
        )
        frames = tf.cast(tf.shape(f)[0], tf.float64)
        # The bias moves the field and not its rate.
        f = tf.concat([f, tf.ones_like(f[:, :1])], axis=1)
        f_rate = tf.concat([f_rate, tf.zeros_like(f_rate[:, :1])], axis=1)
        normal, right, rest = 0.0, 0.0, 0.0
        for weight, seen, target in (
            (self.field_weight, f, x), (self.rate_weight, f_rate, x_rate)
        ):  # fmt: skip
            each = self.share * weight / frames
            normal += each * tf.matmul(seen, seen, transpose_a=True)
            right += each * tf.matmul(seen, target, transpose_a=True)
            rest += each * tf.reduce_sum(target**2)
        return Quadratic(normal, right, rest)

    def nothing(self, data: Data) -> float:
        """Return the loss of reconstructing zero everywhere."""
        x, x_rate = (
            self.share * float(mean_square(part)) for part in (data.targets, data.target_rates)
        )
        return self.field_weight * x + self.rate_weight * x_rate
