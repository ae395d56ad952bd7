"""POD coordinates: an exact change of basis onto the span of the data."""

from dataclasses import dataclass

import numpy as np

from ..errors import EaeSindyError
from .differentiation import differentiate
from .frames import Frames
from .snapshots import Snapshots
from .split import TRAIN


@dataclass(frozen=True)
class Pod:
    """An orthonormal basis of the span of the training frames, by decreasing energy.

    The basis is of the frames themselves, not of their fluctuation: a dense layer sees W·x, and
    x = modesᵀ a without a remainder that would act as a second bias.

    Attributes
    ----------
    modes : array [r, N]
        Orthonormal rows.
    sigma : array [r]
        Singular values of the training frames divided by √(n N): root mean square amplitudes.
    mean : array [N]
        Mean training frame. The basis is not of the fluctuation about it; it is kept for what is.
    """

    mean: np.ndarray
    modes: np.ndarray
    sigma: np.ndarray

    def __post_init__(self) -> None:
        # Products depend on the layout in their last bits, and a file gives this one back.
        object.__setattr__(self, "modes", np.ascontiguousarray(self.modes))

    @property
    def rank(self) -> int:
        return len(self.modes)

    @property
    def size(self) -> int:
        return self.modes.shape[1]

    def project(self, frames: np.ndarray) -> np.ndarray:
        """Return coordinates [n, r] of frames [n, N], in modes of unit mean square per point.

        With this scale a change of one coordinate is a change of the field's root mean square.
        """
        return (frames @ self.modes.T / np.sqrt(self.size)).astype(np.float32)

    def expand(self, coordinates: np.ndarray, points: slice = slice(None)) -> np.ndarray:
        """Return frames [n, N] from coordinates [n, r]; the inverse of `project` on the span.

        `points` are those of the N that are wanted.
        """
        return coordinates @ self.modes[:, points] * np.float32(np.sqrt(self.size))


def training_frames(snapshots: Snapshots, parts: np.ndarray, which: str = "field") -> np.ndarray:
    """Read the training frames [n_train, N] as float32, a block at a time."""
    wanted = parts == TRAIN
    found = np.empty((np.count_nonzero(wanted), snapshots.size), np.float32)
    done = 0
    for start, rows in snapshots.blocks(which):
        chosen = rows[wanted[start : start + len(rows)]]
        found[done : done + len(chosen)] = chosen
        done += len(chosen)
    return found


def decompose(frames: np.ndarray, rank: int, seed: int = 0) -> Pod:
    """Compute the POD of frames [n, N] to at most `rank` modes.

    Modes whose energy is below rounding are left out: rank is then what the data have. Raises
    `EaeSindyError` if the frames never change.
    """
    n, size = frames.shape
    mean = frames.mean(axis=0, dtype=float)
    if np.abs(frames - mean.astype(frames.dtype)).max() <= 1e-6 * np.abs(frames).max():
        raise EaeSindyError("the frames never change: there are no dynamics to find")
    if 4 * rank < min(n, size):
        from sklearn.utils.extmath import randomized_svd

        _, sigma, modes = randomized_svd(
            frames.astype(float), rank, n_oversamples=rank, n_iter=4, random_state=seed
        )
    else:
        _, sigma, modes = np.linalg.svd(frames.astype(float), full_matrices=False)
    # Single precision frames carry noise of 6e-8 of the largest amplitude.
    kept = min(rank, int(np.count_nonzero(sigma > 1e-7 * sigma[0])))
    return Pod(
        mean.astype(np.float32), modes[:kept].astype(np.float32), sigma[:kept] / np.sqrt(n * size)
    )


def project(
    snapshots: Snapshots, pod: Pod, parts: np.ndarray, *, need_rates: bool = True
) -> Frames:
    """Express every snapshot in POD coordinates, and its rate: differentiated if not given.

    A trajectory of fewer than five frames cannot be differentiated: `EaeSindyError`, or rates of
    NaN if they are not needed.
    """
    n = len(snapshots)
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for which in ("field", "rate"):
        if which == "rate" and snapshots.rate is None:
            rates = differentiate(
                snapshots.time, snapshots.trajectory, found["field"][0], need_rates
            )
            found[which] = (rates, np.zeros(n, np.float32))
            continue
        coordinates, outside = np.empty((n, pod.rank), np.float32), np.empty(n, np.float32)
        for start, rows in snapshots.blocks(which):
            block = slice(start, start + len(rows))
            coordinates[block] = pod.project(rows)
            # By difference of energies: the remainder itself would be a third copy of the block.
            energy = np.einsum("ij,ij->i", rows, rows, dtype=float) / pod.size
            inside = np.einsum("ij,ij->i", coordinates[block], coordinates[block], dtype=float)
            outside[block] = np.maximum(energy - inside, 0)
        found[which] = (coordinates, outside)
    (field, outside), (rate, rate_outside) = found["field"], found["rate"]
    return Frames(snapshots.time, snapshots.trajectory, parts, field, rate, outside, rate_outside)
