"""Stochastic dense networks: fresh noise beside what every layer sees.

The noise is part of the input, x = [z, noise], so that a network stays a function of weights and
input. Of `layers` layers each takes `width` numbers of it, the first layer the first ones.
"""

from collections.abc import Sequence
from functools import cache, partial

import numpy as np
import tensorflow as tf

from ...ensemble.forward import ACTIVATIONS, known
from .contract import Network
from .dense import Flat, glorot


@cache
def network(activation: str, width: int) -> Network:
    """Return dense networks with `width` numbers of noise beside the input of every layer.

    Its settings are the sizes of the layers, noise not counted. Its inputs are rows
    [n, in + `noises`]. Of equal arguments there is one network: what is compiled for it serves
    again. Raises `EaeSindyError` for an unknown activation.
    """
    known(activation)
    functions = (partial(f, activation, width) for f in (_apply, _tangent))
    return Network(partial(_drawn, width), *functions)


def noises(sizes: Sequence[int], width: int) -> int:
    """Count the numbers of noise in one input of a network whose layers have these sizes."""
    return (len(sizes) - 1) * width


def _drawn(width: int, sizes: Sequence[int], rng: np.random.Generator) -> Flat:
    """Return kernels [in + width, out] (Glorot uniform) and biases of zero, float32."""
    *before, _ = sizes
    each = (glorot((a + width, b), rng) for a, b in zip(before, sizes[1:], strict=True))
    return tuple(w for layer in each for w in layer)


def _tangent(
    activation: str, width: int, weights: Sequence[tf.Tensor], x: tf.Tensor, rate: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    *inner, kernel, bias = weights
    act = ACTIVATIONS[activation]
    y, *noise = _parted(x, weights, width)
    y_rate, *noise_rate = _parted(rate, weights, width)
    for layer, (k, b) in enumerate(zip(inner[::2], inner[1::2], strict=True)):
        y, slope = act(tf.concat([y, noise[layer]], -1) @ k + b, tf.math)
        y_rate = slope * (tf.concat([y_rate, noise_rate[layer]], -1) @ k)
    last = tf.concat([y, noise[-1]], -1), tf.concat([y_rate, noise_rate[-1]], -1)
    return last[0] @ kernel + bias, last[1] @ kernel


def _apply(activation: str, width: int, weights: Sequence[tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    # A compiled program never computes the rate that goes along here.
    return _tangent(activation, width, weights, x, x)[0]


def _parted(x: tf.Tensor, weights: Sequence[tf.Tensor], width: int) -> list[tf.Tensor]:
    """Part rows into what the first layer codes for and the noise of each layer in turn."""
    layers = len(weights) // 2
    return tf.split(x, [x.shape[-1] - layers * width, *(layers * [width])], axis=-1)
