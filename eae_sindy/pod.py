"""POD coordinates: an exact change of basis onto the span of the data."""

from dataclasses import dataclass, replace

import numpy as np

from .errors import EaeSindyError
from .snapshots import TEST, TRAIN, Snapshots


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


@dataclass(frozen=True)
class Frames:
    """The frames of a fit in the coordinates that its networks see.

    Attributes
    ----------
    time, trajectory, split : arrays [n]
    coordinates, rate_coordinates : arrays [n, r]
        See `Pod.project`.
    outside, rate_outside : arrays [n]
        Mean square per point of what lies outside the basis; it counts in every error.
    """

    time: np.ndarray
    trajectory: np.ndarray
    split: np.ndarray
    coordinates: np.ndarray
    rate_coordinates: np.ndarray
    outside: np.ndarray
    rate_outside: np.ndarray

    def where(self, *parts: int) -> np.ndarray:
        """Return the indices of the frames that belong to the named parts of the split."""
        return np.flatnonzero(np.isin(self.split, parts))

    def mended(self) -> tuple["Frames", int, int]:
        """Return the frames without those whose field is NaN; rates that are, differentiated.

        Frames are left out too whose rates are NaN in a trajectory of fewer than five frames. With
        them how many are left out, and how many rates come from differences.
        """
        sound = np.isfinite(self.coordinates).all(axis=1)
        unknown = sound & ~np.isfinite(self.rate_coordinates).all(axis=1)
        if sound.all() and not unknown.any():
            return self, 0, 0
        whole = Frames(*(part[sound] for part in vars(self).values()))
        rows = unknown[sound]
        if rows.any():
            slopes = differentiate(whole.time, whole.trajectory, whole.coordinates, needed=False)
            rates = np.where(rows[:, None], slopes, whole.rate_coordinates)
            outside = np.where(rows, 0, whole.rate_outside)
            whole = replace(whole, rate_coordinates=rates, rate_outside=outside)
            known = np.isfinite(rates).all(axis=1)
            whole, rows = Frames(*(part[known] for part in vars(whole).values())), rows[known]
        return whole, len(sound) - len(whole.time), int(rows.sum())

    def test_run(self) -> np.ndarray:
        """Return the indices of the first test trajectory: what orbits start on and are held to."""
        test = self.where(TEST)
        return test[self.trajectory[test] == self.trajectory[test[0]]]


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


def differentiate(
    time: np.ndarray, trajectory: np.ndarray, coordinates: np.ndarray, needed: bool = True
) -> np.ndarray:
    """Return the rates of coordinates [n, r] by finite differences along each trajectory.

    Those of a trajectory of fewer than five frames are NaN, or refused if they are needed.
    """
    import pysindy as ps

    rate = np.full_like(coordinates, np.nan)
    for label in np.unique(trajectory):
        rows = trajectory == label
        if np.count_nonzero(rows) < 5:
            if not needed:
                continue
            raise EaeSindyError(
                f"trajectory {label} has {np.count_nonzero(rows)} frames, too few "
                "to differentiate: give /rate, or leave it out"
            )
        rate[rows] = ps.SINDyDerivative(kind="finite_difference", k=2)(
            coordinates[rows].astype(float), time[rows]
        )
    return rate
