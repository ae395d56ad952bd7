"""POD coordinates: an exact change of basis onto the span of the data."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..errors import EaeSindyError
from .differentiation import differentiate
from .frames import Frames
from .snapshots import Snapshots
from .split import TRAIN

HELD_BYTES = 2**28  # of frames that are not trained on, kept so that none is read twice
SMALLEST = 1e-15  # what a field must reach for its square to be a number in single precision


@dataclass(frozen=True)
class Pod:
    """An orthonormal basis of the span of the training frames, by decreasing energy.

    The basis is of x − origin, in units of `unit`. The paper's origin is zero and its unit that of
    the file: a dense layer sees W·x, and x = modesᵀ a without a remainder that would act as a
    second bias. In units of the data's own the origin is the mean training frame and the unit the
    root mean square of the fluctuation about it; see `decompose`.

    Attributes
    ----------
    modes : array [r, N]
        Orthonormal rows.
    sigma : array [r]
        Singular values of the training frames divided by √(n N), in units of `unit`: root mean
        square amplitudes.
    mean : array [N]
        Mean training frame, in the units of the file.
    origin : array [N]
        What is taken out of a frame, in the units of the file; zero if it is not given.
    unit : float
        One of ours in the units of the file.
    gain : float
        What an encoder sees is this times the coordinates; √N if it is not given, which makes them
        those of orthonormal modes.
    """

    mean: np.ndarray
    modes: np.ndarray
    sigma: np.ndarray
    origin: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    unit: float = 1.0
    gain: float = np.nan

    def __post_init__(self) -> None:
        """Bring the modes into the layout that a file gives back; fill in what is not given."""
        # Products depend on the layout in their last bits, and a file gives this one back.
        object.__setattr__(self, "modes", np.ascontiguousarray(self.modes))
        if self.origin.size == 0:
            object.__setattr__(self, "origin", np.zeros(self.size, np.float32))
        own = float(np.sqrt(self.size)) if np.isnan(self.gain) else float(self.gain)
        object.__setattr__(self, "gain", own)
        object.__setattr__(self, "unit", float(self.unit))

    @property
    def rank(self) -> int:
        """Number r of modes."""
        return len(self.modes)

    @property
    def size(self) -> int:
        """Number N of values in a frame."""
        return self.modes.shape[1]

    def inputs(self, coordinates: np.ndarray) -> np.ndarray:
        """Return what an encoder sees of coordinates [n, r], or of their rates."""
        return np.float32(self.gain) * coordinates

    def fluctuation(self, frames: np.ndarray) -> np.ndarray:
        """Return frames [n, N] without the origin, still in the units of the file."""
        return frames - self.origin if self.origin.any() else frames

    def project(self, frames: np.ndarray) -> np.ndarray:
        """Return coordinates [n, r] of frames [n, N], in modes of unit mean square per point.

        With this scale a change of one coordinate is a change of the field's root mean square, in
        units of `unit`.
        """
        return self.along(self.fluctuation(frames))

    def along(self, differences: np.ndarray) -> np.ndarray:
        """Return coordinates [n, r] of what has no origin: of rates, or of fluctuations [n, N]."""
        scale = np.sqrt(self.size) * self.unit
        return (differences @ self.modes.T / scale).astype(np.float32)

    def expand(self, coordinates: np.ndarray, points: slice = slice(None)) -> np.ndarray:
        """Return frames [n, N] from coordinates [n, r]; the inverse of `project` on the span.

        `points` are those of the N that are wanted.
        """
        frames = coordinates @ self.modes[:, points] * np.float32(np.sqrt(self.size) * self.unit)
        return frames + self.origin[points] if self.origin.any() else frames


@dataclass(frozen=True)
class Held:
    """Frames that were read for the basis and are kept, so that they need not be read again.

    Attributes
    ----------
    training : array [n_train, N]
        The training frames, in single precision.
    rest : mapping of int to arrays
        By the first frame of its block, what else was in a block. A block is read again that is not
        here: what is held is bounded, and frames in double precision are not held to the last bit.
    order : {"C", "F"}
        How blocks lie in memory; products depend on it in their last bits.
    """

    training: np.ndarray
    rest: Mapping[int, np.ndarray]
    order: Literal["C", "F"]


def hold(
    snapshots: Snapshots, parts: np.ndarray, which: str = "field", most: int = HELD_BYTES
) -> Held:
    """Read all frames once, a block at a time; keep those to train on, and `most` bytes of others.

    Parameters
    ----------
    snapshots : Snapshots
        What is read.
    parts : array [n]
        See `split.split`.
    which : {"field", "rate"}
        What of it.
    most : int
        Bytes of other frames that are kept for `project`.

    Raises
    ------
    EaeSindyError
        If a frame cannot be used, or all are too small for single precision.
    """
    wanted = parts == TRAIN
    training = np.empty((np.count_nonzero(wanted), snapshots.size), np.float32)
    rest: dict[int, np.ndarray] = {}
    done, left, largest = 0, most, 0.0
    order: Literal["C", "F"] = "C"
    for start, rows in snapshots.blocks(which):
        mine = wanted[start : start + len(rows)]
        chosen = rows[mine]
        training[done : done + len(chosen)] = chosen
        done += len(chosen)
        largest = max(largest, float(np.abs(chosen).max(initial=0)))
        order = "C" if rows.flags.c_contiguous else "F"
        others = (len(rows) - len(chosen)) * rows[0].nbytes
        if rows.dtype == np.float32 and others <= left:
            rest[start] = rows[~mine]
            left -= others
    if 0 < largest < SMALLEST:
        raise EaeSindyError(
            f"the {which} reaches no more than {largest:.2g}, and single precision does not hold "
            f"its square: rescale the field above {SMALLEST:g}"
        )
    return Held(training, rest, order)


def training_frames(snapshots: Snapshots, parts: np.ndarray, which: str = "field") -> np.ndarray:
    """Read the training frames [n_train, N] as float32, a block at a time."""
    return hold(snapshots, parts, which, most=0).training


def decompose(frames: np.ndarray, rank: int, seed: int = 0, *, dimensionless: bool = False) -> Pod:
    """Compute the POD of frames [n, N] to at most `rank` modes.

    Modes whose energy is below rounding are left out: rank is then what the data have. Raises
    `EaeSindyError` if the frames never change.

    Parameters
    ----------
    frames : array [n, N]
        Training frames.
    rank : int
    seed : int
        Of the randomized decomposition of many frames.
    dimensionless : bool
        Take the mean frame out, measure what is left in its own root mean square, and show
        encoders coordinates whose variances add up to one.
    """
    n, size = frames.shape
    mean = frames.mean(axis=0, dtype=float)
    if np.abs(frames - mean.astype(frames.dtype)).max() <= 1e-6 * np.abs(frames).max():
        raise EaeSindyError("the frames never change: there are no dynamics to find")
    origin, unit, gain = np.zeros(size, np.float32), 1.0, float(np.sqrt(size))
    seen, rounding = frames.astype(float), 0.0
    if dimensionless:
        rounding = float(np.linalg.norm(seen))
        origin = mean.astype(np.float32)
        seen -= origin
        unit, gain = float(np.linalg.norm(seen) / np.sqrt(n * size)), 1.0
        seen /= unit
        rounding /= unit  # of the frames as they came: taking the mean out makes none of it good
    if 4 * rank < min(n, size):
        from sklearn.utils.extmath import randomized_svd

        _, sigma, modes = randomized_svd(
            seen, rank, n_oversamples=rank, n_iter=4, random_state=seed
        )
    else:
        _, sigma, modes = np.linalg.svd(seen, full_matrices=False)
    # Single precision frames carry noise of 6e-8 of the largest amplitude.
    kept = min(rank, int(np.count_nonzero(sigma > 1e-7 * max(sigma[0], rounding))))
    return Pod(
        mean.astype(np.float32), modes[:kept].astype(np.float32), sigma[:kept] / np.sqrt(n * size),
        origin, unit, gain,
    )  # fmt: skip


def project(
    snapshots: Snapshots,
    pod: Pod,
    parts: np.ndarray,
    *,
    need_rates: bool = True,
    held: Held | None = None,
) -> Frames:
    """Express every snapshot in POD coordinates, and its rate: differentiated if not given.

    Parameters
    ----------
    snapshots : Snapshots
        What is read.
    pod : Pod
        The basis.
    parts : array [n]
        See `split.split`.
    need_rates : bool
        Whether a trajectory of fewer than five frames, which cannot be differentiated, is an error;
        otherwise its rates are NaN.
    held : Held, optional
        Frames of the field that `hold` kept, with the same parts; they are not read again. The
        result is the same to the last bit.

    Raises
    ------
    EaeSindyError
        If a frame cannot be used, or rates are needed and cannot be had.
    """
    blocks = ((start, pod.fluctuation(rows)) for start, rows in _blocks(snapshots, parts, held))
    field, outside = _coordinates(pod, blocks, len(snapshots))
    if snapshots.rate is None:
        rate = differentiate(snapshots.time, snapshots.trajectory, field, need_rates)
        rate_outside = np.zeros(len(snapshots), np.float32)
    else:
        rate, rate_outside = _coordinates(pod, snapshots.blocks("rate"), len(snapshots))
    return Frames(snapshots.time, snapshots.trajectory, parts, field, rate, outside, rate_outside)


def _blocks(
    snapshots: Snapshots, parts: np.ndarray, held: Held | None
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the blocks of the field, from memory where they are held."""
    if held is None:
        yield from snapshots.blocks("field")
        return
    wanted, taken = parts == TRAIN, 0
    for start, stop in snapshots.bounds():
        mine = wanted[start:stop]
        count = int(np.count_nonzero(mine))
        if start in held.rest:
            rows = np.empty((stop - start, snapshots.size), np.float32, order=held.order)
            rows[mine] = held.training[taken : taken + count]
            rows[~mine] = held.rest[start]
        else:
            rows = snapshots.rows("field", start, stop)
        taken += count
        yield start, rows


def _coordinates(
    pod: Pod, blocks: Iterable[tuple[int, np.ndarray]], n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return coordinates [n, r], and the mean square per point outside the basis [n].

    Both are in units of the basis; `blocks` are in those of the file, without the origin.
    """
    coordinates, outside = np.empty((n, pod.rank), np.float32), np.empty(n, np.float32)
    for start, rows in blocks:
        block = slice(start, start + len(rows))
        coordinates[block] = pod.along(rows)
        # By difference of energies: the remainder itself would be a third copy of the block.
        square = np.einsum("ij,ij->i", rows, rows, dtype=float)
        energy = square / (pod.size * pod.unit**2)
        inside = np.einsum("ij,ij->i", coordinates[block], coordinates[block], dtype=float)
        outside[block] = np.maximum(energy - inside, 0)
    return coordinates, outside
