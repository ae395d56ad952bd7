"""The devices by name."""

import tensorflow as tf

from ..errors import EaeSindyError

DEVICES = {"auto": None, "cpu": "/CPU:0", "gpu": "/GPU:0"}


def named(device: str) -> str | None:
    """Return TensorFlow's name of a device; None, of "auto", is TensorFlow's own choice.

    Raises `EaeSindyError` for an unknown one, and for a GPU that TensorFlow does not see.
    """
    if device not in DEVICES:
        raise EaeSindyError(f"unknown device {device!r}: choose from {', '.join(DEVICES)}")
    if device == "gpu" and not tf.config.list_physical_devices("GPU"):
        raise EaeSindyError(
            "TensorFlow sees no GPU: install eae-sindy[gpu] on a machine that "
            "has one, or use --device cpu"
        )
    return DEVICES[device]


def accelerated(device: str | None) -> bool:
    """Return whether work on a device, by TensorFlow's name of it, runs on a GPU."""
    return device != "/CPU:0" and bool(tf.config.list_physical_devices("GPU"))
