"""The control: the latents of POD, and a polynomial of them as the decoder.

Where a network does no better than this, its curved decoder is all that it had to offer, and that
is had by least squares in less than a second.
"""

from dataclasses import dataclass, replace
from math import comb
from pathlib import Path

import numpy as np

from ..dynamics import least_squares
from ..dynamics.library import Library, standard
from ..ensemble.ensemble import Ensemble
from ..errors import EaeSindyError
from ..snapshots.split import TRAIN, UNUSED

CONTROL = "polynomial decoder"  # in the names of rows
LATE, LATE_SHARE = "of late frames", 0.1  # of the training frames of each trajectory, the last
# At most, of one or two latents and of more: of more the frames leave wide gaps, in which higher
# degrees swing. They lower the error of the frames, and raise that of rates and forecasts.
DEGREE, DEGREE_OF_MORE = 7, 3
FRAMES_TO_A_TERM = 5  # training frames that each monomial of the decoder must have
RIDGE = 1e-10  # of the decoder's weights, with monomials scaled to unit length
STEP = 1e-30  # of the complex step: its square is lost in rounding, and no difference is taken


@dataclass(frozen=True, kw_only=True)
class CurvedPod(Ensemble):
    """A linear ensemble of one member whose decoder is a polynomial: x̂ = Θ(z) W.

    It encodes as `Ensemble` does, and lives in memory only: no file has room for its decoder.

    Attributes
    ----------
    monomials : Library
        Θ, with a constant.
    weights : array [q, r]
        W, for the q monomials and r POD coordinates.
    """

    monomials: Library
    weights: np.ndarray

    @property
    def degree(self) -> int:
        """Return the degree of the polynomial."""
        return self.monomials.degree

    def decode(
        self, member: int, z: np.ndarray, z_rate: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return x̂ and dx̂/dt = (∂x̂/∂z) ż, [n, r] each, of latents and rates [n, d].

        A step along i ż gives the derivative to rounding, for monomials are analytic.
        """
        theta = self.monomials(z.astype(float) + 1j * STEP * z_rate.astype(float))
        return theta.real @ self.weights, theta.imag @ self.weights / STEP

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Raise `EaeSindyError`: a file would hold the linear decoder, not this one."""
        raise EaeSindyError(f"{path}: a polynomial decoder has no file; save the POD it stands on")


def curved(pod: Ensemble) -> CurvedPod:
    """Return a linear ensemble with a polynomial decoder fitted to its training frames.

    Parameters
    ----------
    pod : Ensemble
        Of one member, see `pod_baseline.linear`.
    """
    rows = pod.frames.where(TRAIN)
    z = pod.encode(0, rows)[0].astype(float)
    x = pod.frames.coordinates[rows].astype(float)
    monomials = standard(z.shape[1], _degree(*z.shape), sine=False, constant=True)
    theta = monomials(z)
    # A ridge as further rows: monomials of a high degree are nearly collinear.
    ridge = np.diag(np.sqrt(RIDGE) * np.linalg.norm(theta, axis=0))
    weights, _ = least_squares.solve(
        np.vstack([theta, ridge]), np.vstack([x, np.zeros((len(ridge), x.shape[1]))])
    )
    return CurvedPod(**vars(pod), monomials=monomials, weights=weights)


def late(ensemble: Ensemble) -> Ensemble:
    """Return the same with the last tenth of each trajectory's training frames alone.

    On these the data have come to their attractor: what is fitted to them knows nothing of how they
    came there, and need not.
    """
    frames = ensemble.frames
    train, split = frames.where(TRAIN), np.array(frames.split)
    for number in np.unique(frames.trajectory[train]):
        rows = train[frames.trajectory[train] == number]
        split[rows[frames.time[rows] < np.quantile(frames.time[rows], 1 - LATE_SHARE)]] = UNUSED
    return replace(ensemble, frames=replace(frames, split=split))


def _degree(frames: int, latents: int) -> int:
    """Return the highest degree whose monomials have enough frames each; one at least."""
    highest = DEGREE if latents <= 2 else DEGREE_OF_MORE
    able = [n for n in range(highest + 1) if FRAMES_TO_A_TERM * comb(latents + n, n) <= frames]
    return max([1, *able])
