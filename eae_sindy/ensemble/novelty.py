"""How far frames lie from those that an ensemble was trained on."""

from dataclasses import dataclass

import numpy as np

from ..snapshots.frames import Frames
from ..snapshots.split import TRAIN, UNUSED, VALIDATION
from .ensemble import Ensemble

FACTOR = 2.0  # a frame is new that is this many times as far from the others as is usual
LEAST = 1e-2  # what is new about a frame and less than this share is no field error worth a word


@dataclass(frozen=True)
class Novelty:
    """How far frames lie from those an ensemble was trained on.

    Attributes
    ----------
    outside : array [n]
        Share of each frame's mean square that lies outside the basis: the encoders do not see it.
    distance : array [n]
        Mean square difference from the nearest training frame, within the basis, relative to the
        variance of the training frames about their mean.
    usual : (float, float)
        The largest of both among frames of the training time that were not trained on, since a
        basis fits its own frames better than others of their kind; among the training frames, each
        against the others, if there are none.
    """

    outside: np.ndarray
    distance: np.ndarray
    usual: tuple[float, float]

    @property
    def beyond(self) -> np.ndarray:
        """Whether a frame lies outside the training span, [n].

        It does if one of the two is more than twice what is usual, and more than 1 %.
        """
        outside, distance = (max(FACTOR * u, LEAST) for u in self.usual)
        return (self.outside > outside) | (self.distance > distance)

    @property
    def share(self) -> float:
        """Share of the frames that lie outside the training span."""
        return float(self.beyond.mean())

    def sentence(self) -> str | None:
        """Say how many frames lie outside, and how far; None if none does."""
        if not self.beyond.any():
            return None
        worst = self.outside.max(), self.distance.max()
        (outside, o), (distance, d) = (
            (_percent(w), _percent(u)) for w, u in zip(worst, self.usual, strict=True)
        )
        return (
            f"{np.count_nonzero(self.beyond):,} of {len(self.beyond):,} frames ({self.share:.0%}) "
            f"lie outside the training span: up to {outside} of a frame is not in the basis (in "
            f"training time: {o}), the nearest training frame differs by up to {distance} of the "
            f"variance (in training time: {d}); what the ensemble says about them is extrapolated"
        )


def _percent(share: float) -> str:
    """Return a share in percent, to two digits and without an exponent."""
    return f"{np.format_float_positional(100 * share, 2, fractional=False, trim='-')}%"


def novelty(ensemble: Ensemble, seen: Frames) -> Novelty:
    """Measure how far frames in an ensemble's coordinates lie from those it was trained on."""
    from scipy.spatial import cKDTree

    f = ensemble.frames.mended()[0]
    train = f.where(TRAIN)
    known = f.coordinates[train].astype(float)
    variance = float(np.sum(np.var(known, axis=0)) + f.outside[train].mean())
    tree = cKDTree(known)

    def measure(frames: Frames, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        nearest = tree.query(frames.coordinates[rows].astype(float), [k])[0][:, 0]
        return _outside(frames, rows), nearest**2 / variance

    held = f.where(UNUSED, VALIDATION)
    # A training frame is its own nearest: the next one counts.
    outside, distance = measure(f, held, 1) if len(held) else measure(f, train, 2)
    found = measure(seen, np.arange(len(seen.time)), 1)
    return Novelty(*found, (float(outside.max()), float(distance.max())))


def _outside(f: Frames, rows: np.ndarray) -> np.ndarray:
    """Return the share of the mean square of frames that lies outside the basis."""
    beyond = f.outside[rows].astype(float)
    whole = np.sum(f.coordinates[rows].astype(float) ** 2, axis=1) + beyond
    return np.divide(beyond, whole, out=np.zeros_like(whole), where=whole > 0)
