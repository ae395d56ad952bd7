"""Frames that an ensemble has not seen: in its coordinates, and how far from what it has."""

from dataclasses import dataclass, replace

import numpy as np

from . import pod
from .ensemble import Ensemble
from .errors import EaeSindyError
from .pod import Frames
from .snapshots import TEST, TRAIN, Snapshots

# A frame is new beyond this multiple of what is usual among training frames...
FACTOR = 2.0
USUAL = 0.99  # a quantile, since the largest may be one gap in a fast transient
# ...unless what is new about it is less than this share: no field error worth a word.
LEAST = 1e-2


def on(ensemble: Ensemble, snapshots: Snapshots) -> Ensemble:
    """Return the ensemble with these snapshots for its frames: all that it can do, on new data.

    Rates that are not given are differentiated; they are NaN in trajectories of fewer than five
    frames. Every frame counts as one of the test.

    Raises
    ------
    EaeSindyError
        If the snapshots have another shape or mask, or hold NaN.
    """
    if snapshots.shape != ensemble.shape:
        raise EaeSindyError(
            f"a new frame has shape {snapshots.shape}, those of the ensemble {ensemble.shape}: "
            "bring the new ones to the same points"
        )
    ours, theirs = (np.ones(e.shape, bool) if e.mask is None else e.mask
                    for e in (ensemble, snapshots))  # fmt: skip
    if not np.array_equal(ours, theirs):
        raise EaeSindyError(
            f"the new frames have {theirs.sum()} points in their mask, the ensemble {ours.sum()}, "
            "not the same: give the new ones the /mask of the ensemble's data"
        )
    parts = np.full(len(snapshots), TEST, np.int8)
    frames = pod.project(snapshots, ensemble.pod, parts, need_rates=False)
    return replace(ensemble, frames=frames)


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
        What 99 % of the training frames stay below; their distance is to the nearest other one.
    """

    outside: np.ndarray
    distance: np.ndarray
    usual: tuple[float, float]

    @property
    def beyond(self) -> np.ndarray:
        """Whether a frame lies outside the training span, [n].

        It does if either number is more than twice the usual and more than 1 %.
        """
        outside, distance = (max(FACTOR * usual, LEAST) for usual in self.usual)
        return (self.outside > outside) | (self.distance > distance)

    @property
    def share(self) -> float:
        """Share of the frames that lie outside the training span."""
        return float(self.beyond.mean())

    def sentence(self) -> str | None:
        """Say how many frames lie outside, and how far; None if none does."""
        if not self.beyond.any():
            return None
        outside, distance = self.usual
        return (
            f"{np.count_nonzero(self.beyond):,} of {len(self.beyond):,} frames ({self.share:.0%}) "
            f"lie outside the training span: up to {self.outside.max():.2%} of a frame is not in "
            f"the basis (training frames: {outside:.2%}), the nearest training frame differs by up "
            f"to {self.distance.max():.2%} of the variance (training frames: {distance:.2%}); what "
            "the ensemble says about them is extrapolated"
        )


def novelty(ensemble: Ensemble, seen: Ensemble) -> Novelty:
    """Measure how far the frames of `seen`, from `on`, lie from the training frames."""
    from scipy.spatial import cKDTree

    f = ensemble.frames
    train = f.where(TRAIN)
    known = f.coordinates[train].astype(float)
    variance = float(np.sum(np.var(known, axis=0)) + f.outside[train].mean())
    tree = cKDTree(known)
    # The nearest training frame to a training frame is itself.
    among = tree.query(known, k=[2])[0]
    nearest = tree.query(seen.frames.coordinates.astype(float))[0]
    return Novelty(
        _outside(seen.frames, np.arange(len(seen.frames.time))),
        nearest**2 / variance,
        (
            float(np.quantile(_outside(f, train), USUAL)),
            float(np.quantile(among, USUAL) ** 2 / variance),
        ),
    )


def _outside(f: Frames, rows: np.ndarray) -> np.ndarray:
    """Return the share of the mean square of frames that lies outside the basis."""
    beyond = f.outside[rows].astype(float)
    whole = np.sum(f.coordinates[rows].astype(float) ** 2, axis=1) + beyond
    return np.divide(beyond, whole, out=np.zeros_like(whole), where=whole > 0)
