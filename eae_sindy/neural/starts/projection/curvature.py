"""Activations with their first and second derivative."""

from collections.abc import Callable

import numpy as np
from scipy.special import expit

Three = tuple[np.ndarray, np.ndarray, np.ndarray]


def _elu(x: np.ndarray) -> Three:
    e = np.exp(np.minimum(x, 0.0))
    return np.maximum(x, 0.0) + (e - 1.0), e, np.where(x < 0, e, 0.0)


def _tanh(x: np.ndarray) -> Three:
    t = np.tanh(x)
    slope = 1.0 - t * t
    return t, slope, -2.0 * t * slope


def _sigmoid(x: np.ndarray) -> Three:
    s = expit(x)
    slope = s * (1.0 - s)
    return s, slope, slope * (1.0 - 2.0 * s)


def _silu(x: np.ndarray) -> Three:
    s, slope, bend = _sigmoid(x)
    return x * s, s + x * slope, 2.0 * slope + x * bend


def _softplus(x: np.ndarray) -> Three:
    s, slope, _ = _sigmoid(x)
    return np.logaddexp(0.0, x), s, slope


def _relu(x: np.ndarray) -> Three:
    return np.maximum(x, 0.0), 0.5 * (1.0 + np.sign(x)), np.zeros_like(x)


# By the names of `ensemble.forward.ACTIVATIONS`, whose value and slope these are as well.
CURVES: dict[str, Callable[[np.ndarray], Three]] = {
    "elu": _elu,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "silu": _silu,
    "softplus": _softplus,
    "relu": _relu,
}
