"""The frames that networks are trained on."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ...ensemble.ensemble import Ensemble
from ...snapshots.frames import Frames
from ...snapshots.pod import Pod
from ...snapshots.split import TRAIN


class Data(NamedTuple):
    """Frames as the networks see them, float32.

    Attributes
    ----------
    inputs, input_rates : tensors [n, r]
        Orthonormal coordinates, or pixels.
    targets, target_rates : tensors [n, r]
        Coordinates of modes of unit mean square per pixel, or pixels.
    """

    inputs: tf.Tensor
    input_rates: tf.Tensor
    targets: tf.Tensor
    target_rates: tf.Tensor


def coordinates(begun: Ensemble) -> tuple[np.ndarray, ...]:
    """Return the training frames of an ensemble as `Data` in POD coordinates, on the host."""
    return seen(begun.frames, begun.pod, begun.frames.where(TRAIN))


def seen(frames: Frames, pod: Pod, rows: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return any frames as `Data` in POD coordinates, on the host."""
    root = np.float32(np.sqrt(pod.size))
    x, x_rate = frames.coordinates[rows], frames.rate_coordinates[rows]
    return root * x, root * x_rate, x, x_rate
