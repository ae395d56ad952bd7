"""What is sampled: the data, the terms and the settings as a potential energy."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from ...dynamics.library import Library
from ...recipes import Fit
from ..objectives.contract import Data
from ..objectives.eq14 import reconstruction
from ..samplers.thermostat import Potential, Tensors, Thermostat


@dataclass(frozen=True)
class Problem:
    """What is sampled: the data, the candidate terms and the settings.

    `share` is what a target counts in the mean over pixels, see `objectives.reconstruction`.
    """

    data: Data
    library: Library
    settings: Fit
    thermostat: Thermostat
    share: float = 1.0

    @property
    def nothing(self) -> float:
        """The loss of a reconstruction that is zero everywhere."""
        s = self.settings
        x, x_rate = (
            self.share * float(tf.reduce_mean(tf.reduce_sum(part**2, axis=-1)))
            for part in (self.data.targets, self.data.target_rates)
        )
        return s.field_weight * x + s.rate_weight * x_rate

    def potential(self, decoder: Tensors, seed: tf.Tensor, *, decoder_gradient: bool) -> Potential:
        """Return φ, step ↦ (loss, ∂loss/∂φ, ∂loss/∂ϑ or ()) for a fixed decoder ϑ."""
        s, frames = self.settings, self.data.inputs.shape[0]

        def evaluate(encoder: Tensors, step: tf.Tensor) -> tuple[tf.Tensor, Tensors, Any]:
            data = self.data
            if 0 < s.batch < frames:  # A.6.1 wants the batch as large as it can be
                drawn = tf.random.stateless_uniform([frames], _fold(seed, 2 * step + 1))
                chosen = tf.argsort(drawn)[: s.batch]
                data = Data(*(tf.gather(part, chosen) for part in data))
            wanted = (encoder, decoder) if decoder_gradient else (encoder, ())
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(wanted)
                loss = reconstruction(
                    encoder,
                    decoder,
                    data,
                    self.library,
                    s.activation,
                    s.field_weight,
                    s.rate_weight,
                    self.share,
                ).loss
            of_encoder, of_decoder = tape.gradient(loss, wanted)
            return loss, tuple(of_encoder), tuple(of_decoder)

        return evaluate


def _fold(seed: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    return tf.random.experimental.stateless_fold_in(seed, step)


def _key(seed: int) -> tf.Tensor:
    return tf.constant([seed, 0x5EED], tf.int32)


def _number(value: float) -> tf.Tensor:
    return tf.constant(value, tf.float64)
