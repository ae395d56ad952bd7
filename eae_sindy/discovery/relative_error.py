"""The squared error of reconstructed frames, relative to the variance of the data."""

from typing import NamedTuple

import numpy as np

from ..ensemble.ensemble import Ensemble


class Target(NamedTuple):
    """Frames that a guess is held to.

    Attributes
    ----------
    frames : array [n, r]
        POD coordinates of the field, or of its rate.
    outside : float
        Mean square per point of what lies outside the basis: no guess can better it.
    variance : float
        Mean square per point about the mean of the frames.
    """

    frames: np.ndarray
    outside: float
    variance: float

    @classmethod
    def of(cls, ensemble: Ensemble, rows: np.ndarray, which: str) -> "Target":
        """Return the frames `rows` of an ensemble; `which` is "field" or "rate"."""
        f = ensemble.frames
        x, outside = (
            (f.coordinates[rows], f.outside[rows])
            if which == "field"
            else (f.rate_coordinates[rows], f.rate_outside[rows])
        )
        beyond = float(outside.mean(dtype=float))
        return cls(x, beyond, float(np.sum(np.var(x, axis=0, dtype=float))) + beyond)

    def error(self, guess: np.ndarray) -> float:
        """Return the squared error of a guess [n, r or more], relative to the variance.

        What a guess has beyond the r coordinates lies outside the basis: all of it is error.
        """
        r = self.frames.shape[1]
        miss = np.sum((self.frames - guess[:, :r]) ** 2, axis=1, dtype=float)
        extra = np.sum(guess[:, r:] ** 2, axis=1, dtype=float)
        return (float(np.mean(miss + extra)) + self.outside) / self.variance
