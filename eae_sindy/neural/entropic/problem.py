"""What is sampled: an objective on its frames, as a potential energy of the encoder's weights."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import tensorflow as tf

from ..keys import fold, key
from ..objectives.contract import Objective
from ..objectives.data import Data, numbers
from ..samplers.thermostat import Potential, Tensors
from .chart import Chart
from .graph import graph

SOME = 1000  # images by which it is told what a loss is large against
SCARCE = 100  # frames to each of a minibatch, from which on one in 200 at most is drawn twice


@dataclass(frozen=True)
class Problem:
    """What is sampled: an objective of (encoder, decoder), on frames or minibatches of them.

    Attributes
    ----------
    objective : Objective
        Weights are (encoder, decoder), each a flat tuple of tensors; there are no numbers besides.
    data : Data
    batch : int
        Frames in a minibatch, drawn anew at each step; 0 for all of them.
    whole : Data, optional
        All training frames; `data`, if those are not some that stand for all.
    xla : bool
        Whether XLA compiles the inner loop; otherwise it is a TensorFlow graph.
    """

    objective: Objective
    data: Data
    batch: int = 0
    whole: Data | None = None
    xla: bool = True

    @property
    def every_frame(self) -> Data:
        """Return all training frames: what is solved for once is solved on these."""
        return self.data if self.whole is None else self.whole

    @property
    def minibatches(self) -> bool:
        """Whether a step sees but a part of the frames, so that its force is noisy."""
        return 0 < self.batch < self.data.inputs.shape[0]

    @property
    def nothing(self) -> float:
        """The loss of a reconstruction that is zero everywhere.

        Of bytes, which are very many, over some of them: as numbers all would not fit.
        """
        data = self.data
        if data.inputs.dtype == tf.uint8:
            some = data.inputs[:SOME]
            data = numbers(Data(some, some, some, some))
        return self.objective.nothing(data)

    def loss(self, encoder: Tensors, decoder: Tensors, data: Data) -> float:
        """Return the loss of given weights on some frames."""
        weights = tuple(tuple(map(tf.convert_to_tensor, net)) for net in (encoder, decoder))
        return float(_loss(self.objective)(weights, data))

    def potential(
        self,
        decoder: Tensors,
        seed: tf.Tensor,
        *,
        decoder_gradient: bool,
        chart: Chart | None = None,
    ) -> Potential:
        """Return q, step ↦ (U, ∂U/∂q, (loss, φ, ∂loss/∂ϑ or ())) for a fixed decoder ϑ.

        Without a chart q are the weights φ themselves, and U is the loss; with one the energy of
        its confinement is added.

        What is drawn at random at a step, frames or what the objective draws, is set by `seed` and
        the number of the step: the same step at another position sees the same.
        """

        def evaluate(position: Tensors, step: tf.Tensor) -> tuple[tf.Tensor, Tensors, Any]:
            data, own = self.data, fold(seed, 2 * step + 1)
            if self.minibatches:  # A.6.1 wants the batch as large as it can be
                chosen = _drawn(data.inputs.shape[0], self.batch, own)
                data = Data(*(tf.gather(part, chosen) for part in data))
            encoder, u = chart.weights(position) if chart else (position, None)
            wanted = (encoder, decoder) if decoder_gradient else (encoder, ())
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(wanted)
                loss = self.objective((encoder, decoder), numbers(data), fold(own, 1))
            of_encoder, of_decoder = tape.gradient(loss, wanted)
            more = (loss, tuple(encoder), tuple(of_decoder))
            if chart is None:
                return loss, tuple(of_encoder), more
            return loss + chart.confinement(u), chart.slope(of_encoder, u), more

        return evaluate


def _drawn(frames: int, batch: int, key: tf.Tensor) -> tf.Tensor:
    """Return the frames of a minibatch, [batch]: no frame twice, unless there are very many.

    To draw without replacement all of them are sorted, which takes longer than a step of a network
    where there are tens of thousands. Of so many few are drawn twice.
    """
    if frames > SCARCE * batch:
        return tf.random.stateless_uniform([batch], key, 0, frames, tf.int32)
    return tf.argsort(tf.random.stateless_uniform([frames], key))[:batch]


@lru_cache(maxsize=8)
def _loss(objective: Objective) -> Callable[[Any, Data], tf.Tensor]:
    """Return a graph of the loss of weights on some frames, made once for every shape."""
    return graph(lambda weights, data: objective(weights, numbers(data), key(0, 0)))
