"""Convolutional networks of A.5.3: an encoder of strided convolutions, and its decoder."""

from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np
import tensorflow as tf

from ...errors import EaeSindyError
from .contract import Network
from .dense import Flat, glorot

KERNEL = 4  # of every convolution, on a side
# A.5.3: 1,024 units, seen as 4 × 4 × 64, then transposed convolutions: filters and strides.
SEED = (4, 4, 64)
FILTERS, STRIDES = (64, 32), (4, 4)
SIDE = SEED[0] * STRIDES[0] * STRIDES[1]  # of the images that come out


@cache
def encoder(shape: tuple[int, int, int]) -> Network:
    """Return an encoder of images of a shape, given as rows of pixels [n, p].

    Convolutions of 4 × 4 with strides of two, "same" padding and ReLU; then a linear layer. `init`
    takes the filters of each convolution, and the number of latents as the last of them. Of one
    shape there is one network: what is compiled for it serves again.
    """
    return Network(partial(_drawn_encoder, shape), *_functions(partial(_encode, shape)))


@cache
def decoder(shape: tuple[int, int, int]) -> Network:
    """Return the decoder of A.5.3, for images of 64 × 64 points, to rows of pixels [n, p].

    A ReLU layer of 1,024 units, then three transposed convolutions of 64, 32 and as many filters as
    there are colours; strides of 4, 4 and 1. The paper says that a ReLU follows each of them. Ours
    does not follow the last one: where its argument is negative at the start, a pixel would stay
    black for ever. `init` takes the number of latents.
    """
    if shape[:2] != (SIDE, SIDE):
        raise EaeSindyError(
            f"the convolutional decoder makes images of {SIDE} x {SIDE}, not of {shape[0]} x "
            f"{shape[1]}: crop them, or take a recipe without --filters"
        )
    return Network(partial(_drawn_decoder, shape), *_functions(_decode))


def _functions(apply: Callable[..., tf.Tensor]) -> tuple[Callable, Callable]:
    """Return the value and the derivative along a rate, in forward mode."""

    def tangent(
        weights: Sequence[tf.Tensor], x: tf.Tensor, rate: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.autodiff.ForwardAccumulator(x, rate) as along:
            y = apply(weights, x)
        return y, along.jvp(y)

    return apply, tangent


def _drawn_encoder(
    shape: tuple[int, int, int], sizes: Sequence[int], rng: np.random.Generator
) -> Flat:
    *filters, latents = sizes
    weights: list[np.ndarray] = []
    rows, columns, channels = shape
    for count in filters:
        weights += _convolution(channels, count, rng)
        rows, columns, channels = -(-rows // 2), -(-columns // 2), count
    return (*weights, *glorot((rows * columns * channels, latents), rng))


def _drawn_decoder(shape: tuple[int, int, int], latents: int, rng: np.random.Generator) -> Flat:
    weights = list(glorot((latents, int(np.prod(SEED))), rng))
    channels = SEED[2]
    for count in (*FILTERS, shape[2]):
        kernel, bias = _convolution(channels, count, rng)
        weights += [kernel.transpose(0, 1, 3, 2), bias]  # transposed: [4, 4, out, in]
        channels = count
    return tuple(weights)


def _convolution(into: int, out: int, rng: np.random.Generator) -> Flat:
    """Return a kernel [4, 4, in, out] (Glorot uniform) and a bias of zero, float32."""
    limit = np.sqrt(6.0 / (KERNEL**2 * (into + out)))
    kernel = rng.random((KERNEL, KERNEL, into, out), dtype=np.float32)
    return (limit * (2 * kernel - 1)).astype(np.float32), np.zeros(out, np.float32)


def _encode(shape: tuple[int, int, int], weights: Sequence[tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    *inner, kernel, bias = weights
    x = tf.reshape(x, (-1, *shape))
    for k, b in zip(inner[::2], inner[1::2], strict=True):
        x = tf.nn.relu(tf.nn.conv2d(x, k, strides=2, padding="SAME") + b)
    return tf.reshape(x, (-1, kernel.shape[0])) @ kernel + bias


def _decode(weights: Sequence[tf.Tensor], z: tf.Tensor) -> tf.Tensor:
    kernel, bias, *layers = weights
    x = tf.reshape(tf.nn.relu(z @ kernel + bias), (-1, *SEED))
    strides = (*STRIDES, 1)
    for i, stride in enumerate(strides):
        k, b = layers[2 * i : 2 * i + 2]
        side = x.shape[1] * stride
        x = tf.nn.conv2d_transpose(x, k, (tf.shape(x)[0], side, side, k.shape[2]), stride) + b
        x = x if i == len(strides) - 1 else tf.nn.relu(x)
    return tf.reshape(x, (-1, x.shape[1] * x.shape[2] * x.shape[3]))
