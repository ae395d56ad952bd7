"""The squared error of reconstructed frames, relative to the variance of the data."""

import numpy as np

from ..ensemble.ensemble import Ensemble


def _target(ensemble: Ensemble, rows: np.ndarray, which: str) -> tuple[np.ndarray, np.ndarray]:
    f = ensemble.frames
    if which == "field":
        return f.coordinates[rows], f.outside[rows]
    return f.rate_coordinates[rows], f.rate_outside[rows]


def error(ensemble: Ensemble, rows: np.ndarray, guess: np.ndarray, which: str) -> float:
    """Return the squared error relative to the variance about the mean field of the same frames."""
    x, outside = _target(ensemble, rows, which)
    beyond = float(outside.mean(dtype=float))
    variance = float(np.sum(np.var(x, axis=0, dtype=float))) + beyond
    miss = np.sum((x - guess[:, : x.shape[1]]) ** 2, axis=1, dtype=float)
    extra = np.sum(guess[:, x.shape[1] :] ** 2, axis=1, dtype=float)
    return (float(np.mean(miss + extra)) + beyond) / variance
