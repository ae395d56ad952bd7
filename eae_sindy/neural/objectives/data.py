"""The frames that networks are trained on."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ...ensemble.ensemble import Ensemble
from ...snapshots.frames import Frames
from ...snapshots.pod import Pod
from ...snapshots.split import TRAIN


class Data(NamedTuple):
    """Frames as the networks see them, float32; pixels may be bytes, until `numbers` of them.

    Attributes
    ----------
    inputs, input_rates : tensors [n, r]
        What encoders see, see `Pod.inputs`; or pixels.
    targets, target_rates : tensors [n, r]
        Coordinates of modes of unit mean square per pixel, or pixels.
    """

    inputs: tf.Tensor
    input_rates: tf.Tensor
    targets: tf.Tensor
    target_rates: tf.Tensor


def same(samples: tf.Tensor) -> Data:
    """Return samples as what goes in and what should come out; there are no rates."""
    return Data(samples, samples, samples, samples)


def numbers(data: Data) -> Data:
    """Return frames as numbers: bytes over 255, numbers as they are.

    What comes in and what should come out may be the same: it is converted once.
    """
    made = {id(x): tf.cast(x, tf.float32) / 255 if x.dtype == tf.uint8 else x for x in data}
    return Data(*(made[id(x)] for x in data))


def clock(begun: Ensemble) -> float:
    """Return the unit of time in which networks see the rates of an ensemble, in the file's."""
    return begun.frames.clock() if begun.settings.dimensionless else 1.0


def coordinates(begun: Ensemble, part: int = TRAIN) -> tuple[np.ndarray, ...]:
    """Return some frames of an ensemble, those to train on, as `Data` in POD coordinates.

    Rates are per unit of `clock`: of a dimensionless fit both mean squares are then one, and λ₁ and
    λ₂ weigh them as they stand.
    """
    return seen(begun.frames, begun.pod, begun.frames.where(part), clock(begun))


def seen(frames: Frames, pod: Pod, rows: np.ndarray, unit: float = 1.0) -> tuple[np.ndarray, ...]:
    """Return any frames as `Data` in POD coordinates, rates per `unit` of time, on the host."""
    x, x_rate = frames.coordinates[rows], np.float32(unit) * frames.rate_coordinates[rows]
    return pod.inputs(x), pod.inputs(x_rate), x, x_rate
