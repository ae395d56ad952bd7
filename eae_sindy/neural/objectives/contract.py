"""What every objective takes and gives."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ...ensemble.ensemble import Ensemble
from ...snapshots.split import TRAIN

# Weights may be nested in tuples. The key is for what an objective draws at random; what follows
# are numbers that change between calls.
Weights = Any
Objective = Callable[..., tf.Tensor]  # (weights, data, key, *numbers) to the loss


class Data(NamedTuple):
    """Frames as the networks see them, float32.

    `inputs` and `input_rates` [n, r] are orthonormal coordinates, or pixels; `targets` and
    `target_rates` [n, r] are coordinates of modes of unit mean square per pixel, or pixels.
    """

    inputs: tf.Tensor
    input_rates: tf.Tensor
    targets: tf.Tensor
    target_rates: tf.Tensor


def coordinates(begun: Ensemble) -> tuple[np.ndarray, ...]:
    """Return the training frames of an ensemble as `Data` in POD coordinates, on the host."""
    rows, root = begun.frames.where(TRAIN), np.float32(np.sqrt(begun.pod.size))
    x, x_rate = begun.frames.coordinates[rows], begun.frames.rate_coordinates[rows]
    return root * x, root * x_rate, x, x_rate
