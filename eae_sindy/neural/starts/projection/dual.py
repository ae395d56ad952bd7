"""Dual numbers: the exact slopes of any term that NumPy functions make (forward differentiation).

A dual number is a value and its derivatives in all latents; arithmetic and elementwise functions
carry both (Griewank & Walther, Evaluating Derivatives, 2008, Ch. 3).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ....dynamics.library import Library
from ....errors import EaeSindyError

Two = tuple[Any, Any]

# f′(x) of elementwise functions of one argument, from x and f(x).
SLOPES: Mapping[str, Callable[[Any, Any], Any]] = {
    "negative": lambda x, f: -1.0,
    "positive": lambda x, f: 1.0,
    "sin": lambda x, f: np.cos(x),
    "cos": lambda x, f: -np.sin(x),
    "tan": lambda x, f: 1 + f * f,
    "exp": lambda x, f: f,
    "log": lambda x, f: 1 / x,
    "log1p": lambda x, f: 1 / (1 + x),
    "expm1": lambda x, f: f + 1,
    "sqrt": lambda x, f: 0.5 / f,
    "square": lambda x, f: 2 * x,
    "reciprocal": lambda x, f: -f * f,
    "tanh": lambda x, f: 1 - f * f,
    "sinh": lambda x, f: np.cosh(x),
    "cosh": lambda x, f: np.sinh(x),
    "arctan": lambda x, f: 1 / (1 + x * x),
    "absolute": lambda x, f: np.sign(x),
}


def _power(x: Any, y: Any, f: Any) -> Two:
    if np.ndim(y) == 0:  # a fixed exponent, also of a negative base
        return y * np.power(x, y - 1.0), 0.0
    return y * np.power(x, y - 1.0), f * np.log(x)


# (∂f/∂x, ∂f/∂y) of functions of two arguments, from x, y and f(x, y).
PAIRS: Mapping[str, Callable[[Any, Any, Any], Two]] = {
    "add": lambda x, y, f: (1.0, 1.0),
    "subtract": lambda x, y, f: (1.0, -1.0),
    "multiply": lambda x, y, f: (y, x),
    "divide": lambda x, y, f: (1 / y, -f / y),
    "power": _power,
    "maximum": lambda x, y, f: (1.0 * (x >= y), 1.0 * (y > x)),
    "minimum": lambda x, y, f: (1.0 * (x <= y), 1.0 * (y < x)),
}


class Dual(np.lib.mixins.NDArrayOperatorsMixin):
    """Numbers [n] with their derivatives [d, n]."""

    def __init__(self, value: np.ndarray, slope: np.ndarray) -> None:
        self.value, self.slope = value, slope

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **_: Any) -> "Dual":
        """Apply a NumPy function to value and slope."""
        plain: list[Any] = [i.value if isinstance(i, Dual) else i for i in inputs]
        known = ufunc.__name__ in SLOPES or ufunc.__name__ in PAIRS
        if method != "__call__" or not known:
            raise EaeSindyError(
                f"numpy.{ufunc.__name__} in a custom library has no slope that --start projection "
                "knows: rewrite the term, or take --start random"
            )
        value = ufunc(*plain)
        if len(inputs) == 1:
            return Dual(value, SLOPES[ufunc.__name__](plain[0], value) * inputs[0].slope)
        partial = PAIRS[ufunc.__name__](plain[0], plain[1], value)
        return Dual(
            value,
            sum(p * i.slope for p, i in zip(partial, inputs, strict=True) if isinstance(i, Dual)),
        )


def slopes(library: Library, z: np.ndarray) -> np.ndarray:
    """Return ∂Θ/∂z [n, p, d] of a library at latents [n, d]."""
    n, d = z.shape
    unit = np.eye(d)
    duals = [Dual(z[:, k], np.repeat(unit[:, k : k + 1], n, axis=1)) for k in range(d)]
    with np.errstate(all="ignore"):
        columns = library.columns(duals)
    flat = np.zeros((d, n))  # of a term that does not depend on the latents
    found = [c.slope if isinstance(c, Dual) else flat for c in columns]
    return np.stack(np.broadcast_arrays(*found), axis=0).transpose(2, 0, 1)
