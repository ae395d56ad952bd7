"""Initial weights of dense encoders and decoders."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

Weights = tuple[np.ndarray, ...]


def glorot(sizes: Sequence[int], rng: np.random.Generator) -> Weights:
    """Return kernels (Glorot uniform) and zero biases of a dense network, float32.

    `sizes` counts the units of every layer from input to output.
    """
    weights: list[np.ndarray] = []
    for fan_in, fan_out in pairwise(sizes):
        limit = np.sqrt(6.0 / (fan_in + fan_out))
        kernel = rng.random((fan_in, fan_out), dtype=np.float32)
        weights += [limit * (2 * kernel - 1), np.zeros(fan_out, np.float32)]
    return tuple(np.asarray(w, np.float32) for w in weights)


def onto_span(encoder: Weights, decoder: Weights, modes: np.ndarray) -> tuple[Weights, Weights]:
    """Express full-space networks in POD coordinates: `modes` [r, N] has orthonormal rows.

    The encoder's first layer becomes W∥ = U W, which sees the same data as W. The decoder's last
    layer becomes coefficients of modes of unit mean square per point.
    """
    root = np.sqrt(modes.shape[1])
    first, *rest = encoder
    *inner, kernel, bias = decoder
    return (
        (np.asarray(modes @ first, np.float32), *rest),
        (
            *inner,
            np.asarray(kernel @ modes.T / root, np.float32),
            np.asarray(bias @ modes.T / root, np.float32),
        ),
    )


def begin(
    sizes: Sequence[int], rng: np.random.Generator, modes: np.ndarray | None, heads: int = 1
) -> tuple[Weights, Weights]:
    """Draw an encoder of the given `sizes` and its mirror, a decoder.

    With `modes` both are drawn at full width and put on the span of the data: the reduced networks
    start where the full ones would. The encoder has `heads` outputs for each latent.
    """
    *inner, latents = sizes
    encoder, decoder = glorot((*inner, heads * latents), rng), glorot(sizes[::-1], rng)
    return (encoder, decoder) if modes is None else onto_span(encoder, decoder, modes)
