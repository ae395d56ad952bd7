"""Frames about their mean, on their principal axes, in units of their own."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SMALLEST = 1e-6  # of the largest amplitude: what lies below is the rounding of single precision


class Rows(NamedTuple):
    """Some frames in units of their own.

    Attributes
    ----------
    field, rate : arrays [n, k]
        Coordinates on the principal axes, of mean square one over the training frames; likewise
        their rates.
    """

    field: np.ndarray
    rate: np.ndarray

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.field)

    def take(self, which: np.ndarray | slice) -> "Rows":
        """Return some of the frames."""
        return Rows(self.field[which], self.rate[which])


@dataclass(frozen=True)
class Units:
    """An affine map from the targets of a decoder to frames in units of their own.

    Attributes
    ----------
    mean : array [r]
        Mean target over the training frames; it is taken out.
    axes : array [r, k]
        Principal axes of the fluctuation, orthonormal columns by decreasing amplitude.
    sigma : array [k]
        Root mean square amplitudes along them, of the scaled frames.
    unit, time : float
        Root mean square of the fluctuation, and that divided by the root mean square of the rate:
        the time scale of the data.
    """

    mean: np.ndarray
    axes: np.ndarray
    sigma: np.ndarray
    unit: float
    time: float

    @classmethod
    def of(cls, targets: np.ndarray, rates: np.ndarray) -> "Units":
        """Measure targets [n, r] and their rates, which must not be all the same."""
        targets, rates = targets.astype(float), rates.astype(float)
        mean = targets.mean(axis=0)
        _, sigma, axes = np.linalg.svd(targets - mean, full_matrices=False)
        kept = sigma > SMALLEST * sigma[0]
        unit = float(np.linalg.norm(sigma) / np.sqrt(len(targets)))
        speed = float(np.sqrt(np.mean(np.sum(rates**2, axis=1))))
        return cls(
            mean=mean,
            axes=axes[kept].T,
            sigma=sigma[kept] / np.linalg.norm(sigma),
            unit=unit,
            time=unit / speed if speed > 0 else 1.0,
        )

    def rows(self, targets: np.ndarray, rates: np.ndarray) -> Rows:
        """Return targets [n, r] and their rates in these units."""
        field = (targets.astype(float) - self.mean) @ self.axes / self.unit
        return Rows(field, rates.astype(float) @ self.axes * (self.time / self.unit))
