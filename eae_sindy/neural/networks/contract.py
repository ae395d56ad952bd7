"""What every network gives: initial weights, its value, and its derivative along a rate."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

# Arrays or tensors, nested in tuples. What is sampled, and what a file of an ensemble holds, is a
# flat tuple of tensors: the weights of an encoder, or of a decoder.
Weights = Any


class Network(NamedTuple):
    """A network is a tuple of three functions; its weights are nested tuples of arrays.

    Encoders and decoders serve an objective by this contract alone, whatever their layers are.

    Attributes
    ----------
    init : (settings, rng) to weights
        Draws initial weights, float32. What the settings are depends on the network: those of a
        dense one are the sizes of its layers.
    apply : (weights, x) to y
        The value at inputs [n, in], as outputs [n, out].
    tangent : (weights, x, rate) to (y, y_rate)
        The value, and with it the derivative along `rate` [n, in], (dy/dx)·rate [n, out].
    hidden : (weights, x, rate) to (f, f_rate), optional
        What the last layer sees, and its derivative along `rate`, [n, h] each. With the last two
        tensors, a kernel and a bias, y = f·kernel + bias. A network that is not linear in its last
        layer has None.
    """

    init: Callable[[Any, np.random.Generator], Weights]
    apply: Callable[[Weights, tf.Tensor], tf.Tensor]
    tangent: Callable[[Weights, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
    hidden: Callable[[Weights, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]] | None = None
