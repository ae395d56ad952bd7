"""Dense networks: a kernel and a bias for each layer, the last one linear."""

from collections.abc import Sequence
from functools import cache, partial
from itertools import pairwise

import numpy as np
import tensorflow as tf

from ...ensemble.forward import forward, hidden, known
from .contract import Network

Flat = tuple[np.ndarray, ...]


def glorot(sizes: Sequence[int], rng: np.random.Generator) -> Flat:
    """Return kernels (Glorot uniform) and zero biases of a dense network, float32.

    `sizes` counts the units of every layer from input to output.
    """
    weights: list[np.ndarray] = []
    for fan_in, fan_out in pairwise(sizes):
        limit = np.sqrt(6.0 / (fan_in + fan_out))
        kernel = rng.random((fan_in, fan_out), dtype=np.float32)
        weights += [limit * (2 * kernel - 1), np.zeros(fan_out, np.float32)]
    return tuple(np.asarray(w, np.float32) for w in weights)


@cache
def network(activation: str) -> Network:
    """Return dense networks with an activation of `ensemble.forward`, as one `Network`.

    Of one activation there is one network: what is compiled for it serves again. Raises
    `EaeSindyError` for an unknown activation.
    """
    known(activation)
    functions = (partial(f, activation) for f in (_apply, _tangent, _hidden))
    return Network(glorot, *functions)


def _apply(activation: str, weights: Sequence[tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    # A compiled program never computes the rate that goes along here.
    return forward(weights, activation, x, x, tf.math)[0]


def _tangent(
    activation: str, weights: Sequence[tf.Tensor], x: tf.Tensor, rate: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    return forward(weights, activation, x, rate, tf.math)


def _hidden(
    activation: str, weights: Sequence[tf.Tensor], x: tf.Tensor, rate: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    return hidden(weights[:-2], activation, x, rate, tf.math)
