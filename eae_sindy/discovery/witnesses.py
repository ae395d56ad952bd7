"""Witnesses: a few hundred members whose latents are kept, for all that needs more than sums.

What is tried, chosen, resampled and forecast is tried on them, so that no member is encoded twice.
"""

from dataclasses import dataclass

import numpy as np

from ..ensemble.ensemble import Ensemble
from ..ensemble.members import each, evenly
from ..progress import Progress, Steps
from ..recipes import Criteria
from ..snapshots.split import TEST, TRAIN, VALIDATION
from .stretches import stretches

LEAST = 30  # witnesses
MOST_BYTES = 2**28  # of latents that are kept: where frames are many, witnesses are fewer


@dataclass(frozen=True)
class Witnesses:
    """Members whose latents are kept, and these latents at some of the frames.

    Attributes
    ----------
    members : array of int [w]
        Of the ensemble.
    rows : array of int [k]
        The frames, in order.
    latents, rates : arrays [w, k, d]
        z and ż, in single precision as they are encoded.
    """

    members: np.ndarray
    rows: np.ndarray
    latents: np.ndarray
    rates: np.ndarray

    def holds(self, rows: np.ndarray) -> bool:
        """Say whether all of some frames are among those that are kept."""
        return bool(np.isin(rows, self.rows).all())

    def of(self, members: np.ndarray) -> "Witnesses":
        """Return these for the first of the places, which `members` [k] have filled."""
        k = len(members)
        return Witnesses(members, self.rows, self.latents[:k], self.rates[:k])

    def at(self, witness: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return z and ż [n, d], float64, of one witness at some of the frames."""
        places = np.searchsorted(self.rows, rows)
        z, rate = self.latents[witness, places], self.rates[witness, places]
        return z.astype(float), rate.astype(float)


def call(ensemble: Ensemble, members: np.ndarray, criteria: Criteria) -> Steps[Witnesses]:
    """Encode witnesses, spread evenly over some members, at every frame that may be asked for.

    These are the frames of training, validation and test, and the stretches that judge equations.

    Parameters
    ----------
    ensemble : Ensemble
    members : array of int [m]
        Those that are to be read.
    """
    frames = ensemble.frames
    rows = np.unique(
        np.concatenate([frames.where(TRAIN, VALIDATION, TEST), *stretches(frames, criteria)])
    )
    d = ensemble.settings.latents
    fits = max(LEAST, MOST_BYTES // (8 * d * len(rows)))
    chosen = evenly(members, min(criteria.witnesses, fits))
    latents = np.empty((len(chosen), len(rows), d), np.float32)
    rates = np.empty_like(latents)
    for k, (z, rate) in enumerate(each(chosen, lambda m: ensemble.encode(int(m), rows))):
        latents[k], rates[k] = z, rate
        yield Progress("witnesses", k + 1, len(chosen))
    return Witnesses(chosen, rows, latents, rates)
