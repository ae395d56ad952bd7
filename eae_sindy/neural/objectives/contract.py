"""What every objective takes and gives."""

from typing import Protocol

import tensorflow as tf

from ..networks.contract import Weights
from .data import Data


class Objective(Protocol):
    """An objective is a loss of weights on frames; what else it needs is in its frozen fields.

    The sampler and the loop of Adam take any. Weights are nested tuples: (encoder, decoder), and
    whatever else is trained with them.
    """

    def __call__(
        self, weights: Weights, data: Data, key: tf.Tensor, *numbers: tf.Tensor
    ) -> tf.Tensor:
        """Return the loss, a scalar that can be differentiated in the weights.

        Parameters
        ----------
        weights : nested tuples of tensors
            (encoder, decoder, ...)
        data : Data
            Frames, all of them or a minibatch.
        key : tensor [2]
            For what an objective draws at random: see `keys.fold`. One that draws nothing ignores
            it.
        numbers : tensors
            Numbers that change between calls, where an objective has such.
        """
        ...

    def __hash__(self) -> int:
        """Return the same for equal objectives: what is compiled for one serves the other."""
        ...

    def nothing(self, data: Data) -> float:
        """Return the loss of reconstructing zero everywhere: a chain far above it has diverged."""
        ...
