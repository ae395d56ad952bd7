"""The loss of a plain autoencoder."""

from dataclasses import dataclass

import tensorflow as tf

from ..networks.contract import Network, Weights
from .data import Data
from .norms import mean_square


@dataclass(frozen=True, kw_only=True)
class Plain:
    """The objective |x − x̂|², a mean over pixels and frames. Weights are (encoder, decoder).

    Attributes
    ----------
    encoder, decoder : Network
    share : float
        What a target counts: 1 of coordinates of modes of unit mean square per pixel, and 1/N of N
        pixels.
    """

    encoder: Network
    decoder: Network
    share: float = 1.0

    def __call__(
        self, weights: Weights, data: Data, key: tf.Tensor, *numbers: tf.Tensor
    ) -> tf.Tensor:
        """Return the loss; nothing is drawn at random."""
        encoder, decoder = weights
        x = self.decoder.apply(decoder, self.encoder.apply(encoder, data.inputs))
        return self.share * mean_square(data.targets - x)

    def nothing(self, data: Data) -> float:
        """Return the loss of reconstructing zero everywhere."""
        return self.share * float(mean_square(data.targets))
