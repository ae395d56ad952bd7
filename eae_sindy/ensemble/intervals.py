"""The central interval of a sample, as it is printed everywhere."""

import numpy as np

from ..recipes import INTERVAL


def interval(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """Return the central interval of `recipes.INTERVAL` as [2, ...]."""
    tail = (1 - INTERVAL) / 2
    return np.quantile(values, [tail, 1 - tail], axis=axis)
