"""Snapshots of a field: checked, kept on disk until they are needed, and split for a fit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..errors import EaeSindyError
from ..progress import Progress, Steps, finish
from ..storage import whole_file

FORMAT_VERSION = 1
BLOCK_BYTES = 2**26  # what is held of a file at a time


@dataclass(frozen=True)
class Snapshots:
    """Snapshots x(t) of a field, and ẋ(t) where it is known.

    Parameters
    ----------
    time : array [n]
        Increasing within each trajectory.
    field : array or HDF5 dataset [n, *space]
        Nothing of a dataset is read before it is asked for.
    rate : array or HDF5 dataset [n, *space], optional
        The time derivative of `field`.
    trajectory : array of int [n], optional
        The trajectory each frame belongs to; one trajectory if absent. The frames of a trajectory
        stand together.
    mask : array of bool [*space], optional
        True where a point belongs to the domain.
    space : mapping of str to arrays, optional
        Coordinates.
    attributes : mapping, optional
        What made the snapshots; also `channel_axis`, the axis of [*space] that holds channels.
    """

    time: np.ndarray
    field: Any
    rate: Any = None
    trajectory: Any = None
    mask: np.ndarray | None = None
    space: Mapping[str, np.ndarray] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        time = np.asarray(self.time, float)
        object.__setattr__(self, "time", time)
        labels = np.zeros(len(time), int) if self.trajectory is None else self.trajectory
        object.__setattr__(self, "trajectory", np.asarray(labels))
        if self.mask is not None:
            object.__setattr__(self, "mask", np.asarray(self.mask, bool))
        n = self.field.shape[0] if len(self.field.shape) else 0
        if len(self.field.shape) < 2:
            raise EaeSindyError("the field must have shape [frames, *space]: one row a snapshot")
        if time.shape != (n,) or self.trajectory.shape != (n,):
            raise EaeSindyError(
                f"there are {n} frames but {time.size} times and "
                f"{self.trajectory.size} trajectory numbers: give one of each a frame"
            )
        if n == 0:
            raise EaeSindyError("there are no frames: give at least one")
        if self.rate is not None and self.rate.shape != self.field.shape:
            raise EaeSindyError(
                f"the rate has shape {self.rate.shape}, the field "
                f"{self.field.shape}: they must agree"
            )
        if self.mask is not None and self.mask.shape != self.shape:
            raise EaeSindyError(
                f"the mask has shape {self.mask.shape}, a frame {self.shape}: they must agree"
            )
        if self.mask is not None and not self.mask.any():
            raise EaeSindyError("the mask leaves no point: set True where the field is to be used")
        if not np.isfinite(time).all():
            raise EaeSindyError("a time is not a finite number: mend /time")
        same = np.diff(self.trajectory) == 0
        late = np.flatnonzero(same & (np.diff(time) <= 0))
        if late.size:
            raise EaeSindyError(
                f"time does not increase from frame {late[0]} to {late[0] + 1}: "
                "sort the frames, or number the trajectories in /trajectory"
            )
        if np.count_nonzero(~same) + 1 != np.unique(self.trajectory).size:
            raise EaeSindyError(
                "the frames of a trajectory are not in one piece: sort them by trajectory"
            )

    def __len__(self) -> int:
        return len(self.time)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, [*space]."""
        return tuple(self.field.shape[1:])

    @property
    def size(self) -> int:
        """Number N of values in a frame, after the mask."""
        return int(np.prod(self.shape) if self.mask is None else np.count_nonzero(self.mask))

    def rows(self, which: str, start: int, stop: int) -> np.ndarray:
        """Return frames `start` to `stop` of "field" or "rate", flattened and masked: [b, N].

        Raises `EaeSindyError` if one holds NaN or infinity.
        """
        try:
            block = np.asarray(getattr(self, which)[start:stop])
        except OSError as error:
            raise EaeSindyError(
                f"/{which} cannot be read ({error}): the file is damaged, make it again"
            ) from error
        flat = block.reshape(len(block), -1) if self.mask is None else block[:, self.mask]
        if not np.isfinite(flat).all():
            bad = start + int(np.flatnonzero(~np.isfinite(flat).all(axis=1))[0])
            raise EaeSindyError(
                f"frame {bad} of the {which} holds NaN or infinity: drop the frame, "
                "or leave its points out with /mask"
            )
        return flat

    def blocks(self, which: str) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first frame, rows) over all frames, a bounded number of bytes at a time."""
        frames = max(1, BLOCK_BYTES // (8 * int(np.prod(self.shape))))
        for start in range(0, len(self), frames):
            yield start, self.rows(which, start, start + frames)

    def fingerprint(self) -> str:
        """Return a digest of the times, the shape, and 64 frames spread over all."""
        digest = sha256(repr((self.field.shape, self.rate is not None)).encode())
        digest.update(self.time.tobytes())
        for row in np.unique(np.linspace(0, len(self) - 1, 64).astype(int)):
            for which in ("field", "rate") if self.rate is not None else ("field",):
                digest.update(self.rows(which, row, row + 1).astype(float).tobytes())
        return digest.hexdigest()[:16]

    @classmethod
    def open(cls, path: str | Path) -> "Snapshots":
        """Open a snapshots file; fields stay on disk. Raises `EaeSindyError` for a bad file."""
        path = Path(path)
        if not path.is_file():
            raise EaeSindyError(
                f"{path} does not exist: make it with 'eae-sindy simulate', or name "
                "a snapshots file"
            )
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            raise EaeSindyError(
                f"{path} is not a whole HDF5 file: make or copy it again"
            ) from error
        for name in ("time", "field"):
            if not isinstance(file.get(name), h5py.Dataset):
                file.close()
                raise EaeSindyError(
                    f"{path} has no /{name}: a snapshots file needs /time [n] and "
                    "/field [n, *space]"
                )
        version = int(file.attrs.get("format_version", FORMAT_VERSION))
        if version > FORMAT_VERSION:
            file.close()
            raise EaeSindyError(
                f"{path} is of format {version}, this version reads up to "
                f"{FORMAT_VERSION}: upgrade eae-sindy"
            )
        try:
            return cls(
                time=file["time"][:],
                field=file["field"],
                rate=file.get("rate"),
                trajectory=file["trajectory"][:].astype(int) if "trajectory" in file else None,
                mask=file["mask"][:].astype(bool) if "mask" in file else None,
                space={k: v[:] for k, v in file.get("space", {}).items()},
                attributes=dict(file.attrs),
            )
        except EaeSindyError as error:
            file.close()
            raise EaeSindyError(f"{path}: {error}") from error

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write a snapshots file."""
        rates = (None,) * len(self) if self.rate is None else self.rate
        finish(
            write(
                path,
                self.time,
                (
                    (x[None], None if r is None else r[None])
                    for x, r in zip(self.field, rates, strict=True)
                ),
                dtype=self.field.dtype,
                trajectory=self.trajectory,
                mask=self.mask,
                space=self.space,
                attributes=self.attributes,
                force=force,
            )
        )


def write(
    path: str | Path,
    time: np.ndarray,
    blocks: Iterable[Sequence[Any]],
    *,
    more: Sequence[str] = (),
    dtype: Any = np.float32,
    trajectory: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    space: Mapping[str, np.ndarray] | None = None,
    attributes: Mapping[str, Any] | None = None,
    force: bool = False,
) -> Steps[None]:
    """Write a snapshots file from blocks of (field, rate) frames as they are made.

    `more` names further datasets; their blocks follow field and rate, one frame for each time.
    Memory does not grow with the number of frames. The file appears when the last is in. Run it
    with `progress.finish`, or step by step.
    """
    with whole_file(path, force) as part, h5py.File(part, "w") as file:
        file["time"] = np.asarray(time, float)
        for name, value in (("trajectory", trajectory), ("mask", mask)):
            if value is not None:
                file[name] = value
        for name, value in (space or {}).items():
            file[f"space/{name}"] = value
        file.attrs.update({**(attributes or {}), "format_version": FORMAT_VERSION})
        done = 0
        for frames in blocks:
            if done + len(frames[0]) > len(time):
                raise EaeSindyError(
                    f"there are more frames than the {len(time)} times: give one of each"
                )
            for name, block in zip(("field", "rate", *more), frames, strict=True):
                if block is None:
                    continue
                if name not in file:
                    file.create_dataset(name, (len(time), *block.shape[1:]), dtype)
                file[name][done : done + len(block)] = block
            done += len(frames[0])
            yield Progress("frames", done, len(time))
        if done != len(time):
            raise EaeSindyError(f"{done} frames were made for {len(time)} times: give one of each")
