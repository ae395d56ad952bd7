"""Dense networks and their directional derivative, written once for NumPy and TensorFlow.

`ops` is the namespace the elementwise functions are taken from: `numpy`, or `tensorflow.math`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import EaeSindyError

Array = Any  # a NumPy array or a TensorFlow tensor


def _elu(x: Array, ops: Any) -> tuple[Array, Array]:
    e = ops.exp(ops.minimum(x, 0.0))
    return ops.maximum(x, 0.0) + (e - 1.0), e


def _tanh(x: Array, ops: Any) -> tuple[Array, Array]:
    t = ops.tanh(x)
    return t, 1.0 - t * t


def _sigmoid(x: Array, ops: Any) -> tuple[Array, Array]:
    s = 0.5 * (1.0 + ops.tanh(0.5 * x))
    return s, s * (1.0 - s)


def _silu(x: Array, ops: Any) -> tuple[Array, Array]:
    s, slope = _sigmoid(x, ops)
    return x * s, s + x * slope


def _softplus(x: Array, ops: Any) -> tuple[Array, Array]:
    return ops.maximum(x, 0.0) + ops.log1p(ops.exp(-ops.abs(x))), _sigmoid(x, ops)[0]


def _relu(x: Array, ops: Any) -> tuple[Array, Array]:
    return ops.maximum(x, 0.0), 0.5 * (1.0 + ops.sign(x))


# Each returns its value and its slope: the slope carries a rate of change through the network.
ACTIVATIONS: dict[str, Callable[[Array, Any], tuple[Array, Array]]] = {
    "elu": _elu,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "silu": _silu,
    "softplus": _softplus,
    "relu": _relu,
}


def known(activation: str) -> None:
    """Raise `EaeSindyError` for an activation that is no key of `ACTIVATIONS`."""
    if activation not in ACTIVATIONS:
        raise EaeSindyError(
            f"unknown activation {activation!r}: choose from {', '.join(ACTIVATIONS)}"
        )


def forward(
    weights: Sequence[Array], activation: str, x: Array, rate: Array, ops: Any = np
) -> tuple[Array, Array]:
    """Evaluate a dense network and its derivative along `rate`, (f(x), (df/dx)·rate).

    Parameters
    ----------
    weights : sequence of arrays
        Kernel [in, out] and bias [out] of each layer in turn; the last layer is linear.
    activation : str
        A key of `ACTIVATIONS`, applied to every layer but the last.
    x, rate : arrays [n, in]
        Inputs and their rates of change.
    """
    *inner, kernel, bias = weights
    x, rate = hidden(inner, activation, x, rate, ops)
    return x @ kernel + bias, rate @ kernel


def hidden(
    inner: Sequence[Array], activation: str, x: Array, rate: Array, ops: Any = np
) -> tuple[Array, Array]:
    """Return what the last, linear layer sees: the last hidden units, and their rates.

    `inner` are the weights of all layers before it; see `forward`.
    """
    act = ACTIVATIONS[activation]
    for k, b in zip(inner[::2], inner[1::2], strict=True):
        x, slope = act(x @ k + b, ops)
        rate = slope * (rate @ k)
    return x, rate
