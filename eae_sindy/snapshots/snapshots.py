"""Snapshots of a field: checked, kept on disk until they are needed, and written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from .. import formats, hdf5
from ..errors import EaeSindyError
from ..progress import Progress, Steps, finish
from . import checks
from .stored import Source, StoredArray

BLOCK_BYTES = 2**26  # what is held of a file at a time


@dataclass(frozen=True)
class Snapshots:
    """Snapshots x(t) of a field, and ẋ(t) where it is known.

    Parameters
    ----------
    time : array [n]
        Increasing within each trajectory.
    field : array [n, *space]
        Real numbers of at most 64 bits. Nothing of a file is read before it is asked for: any
        object with a shape, a type and slices will do, such as a `StoredArray`.
    rate : array [n, *space], optional
        The time derivative of `field`, in its units per unit of time.
    trajectory : array of int [n], optional
        The trajectory each frame belongs to; one trajectory if absent. The frames of a trajectory
        stand together.
    mask : array of bool [*space], optional
        True where a point belongs to the domain.
    space : mapping of str to arrays, optional
        Coordinates.
    attributes : mapping, optional
        What made the snapshots; also `channel_axis`, the axis of [*space] that holds channels.

    Raises
    ------
    EaeSindyError
        If shapes do not agree, times do not increase, or values are of a type that is no number.

    Examples
    --------
    Snapshots from a file are closed at the end of a `with`, or when nothing refers to them any
    more. Reading them after that opens the file again.

    >>> with Snapshots.open("data.h5") as snapshots:
    ...     first = snapshots.rows("field", 0, 1)  # [1, N]
    """

    time: np.ndarray
    field: Any
    rate: Any = None
    trajectory: Any = None
    mask: np.ndarray | None = None
    space: Mapping[str, np.ndarray] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check all that was given, and bring it into the types that the rest relies on."""
        fields = {"field": checks.frames(self.field, "field")}
        if self.rate is not None:
            fields["rate"] = checks.frames(self.rate, "rate")
        n, *shape = fields["field"].shape
        time = checks.times(self.time)
        labels = np.zeros(n, int) if self.trajectory is None else checks.labels(self.trajectory)
        if time.shape != (n,) or labels.shape != (n,):
            raise EaeSindyError(
                f"there are {n} frames but {time.size} times and "
                f"{labels.size} trajectory numbers: give one of each a frame"
            )
        if self.rate is not None and fields["rate"].shape != fields["field"].shape:
            raise EaeSindyError(
                f"the rate has shape {fields['rate'].shape}, the field "
                f"{fields['field'].shape}: they must agree"
            )
        mask = None if self.mask is None else checks.mask(self.mask, tuple(shape))
        checks.order(time, labels)
        checks.attributes(self.attributes, len(shape))
        for name, value in (fields | {"time": time, "trajectory": labels, "mask": mask}).items():
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        """Return the number n of frames."""
        return len(self.time)

    def __enter__(self) -> Self:
        """Return the snapshots: their file is closed at the end of the `with`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file that the fields are in, if any; reading them later opens it again."""
        for part in (self.field, self.rate):
            if hasattr(part, "close"):
                part.close()

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

        Raises
        ------
        EaeSindyError
            If one holds NaN, infinity, or numbers whose squares single precision does not hold; or
            if the file is damaged.
        """
        flat = self.flat(np.asarray(getattr(self, which)[start:stop]))
        checks.finite(flat, which, start)
        return flat

    def flat(self, frames: np.ndarray) -> np.ndarray:
        """Return frames [b, *space] as rows of the points that count, [b, N]."""
        return frames.reshape(len(frames), -1) if self.mask is None else frames[:, self.mask]

    def blocks(self, which: str) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first frame, rows [b, N]) over all frames, a bounded number of bytes at a time."""
        for start, stop in self.bounds():
            yield start, self.rows(which, start, stop)

    def bounds(self) -> Iterator[tuple[int, int]]:
        """Yield the first frame of every block, and the first after it."""
        frames = max(1, BLOCK_BYTES // (8 * int(np.prod(self.shape))))
        for start in range(0, len(self), frames):
            yield start, min(start + frames, len(self))

    def runs(self) -> list[slice]:
        """Return where each trajectory stands among the frames."""
        ends = [0, *(np.flatnonzero(np.diff(self.trajectory)) + 1), len(self)]
        return [slice(int(a), int(b)) for a, b in pairwise(ends)]

    def fingerprint(self) -> str:
        """Return a digest of the times, the shape, and 64 frames spread over all."""
        digest = sha256(repr((self.field.shape, self.rate is not None)).encode())
        digest.update(self.time.tobytes())
        for row in np.unique(np.linspace(0, len(self) - 1, 64).astype(int)):
            for which in ("field", "rate") if self.rate is not None else ("field",):
                digest.update(self.rows(which, row, row + 1).astype(float).tobytes())
        return digest.hexdigest()[:16]

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a snapshots file, of this version or an older one; its fields stay on disk.

        Raises
        ------
        EaeSindyError
            If the file is missing, damaged, something else, or holds what cannot be snapshots.
        """
        with hdf5.reading(path, formats.SNAPSHOTS) as (file, attributes):
            found = {
                name: hdf5.dataset(file, name)
                for name in ("time", "field", "rate", "trajectory", "mask")
            }
            for name in ("time", "field"):
                if found[name] is None:
                    raise EaeSindyError(
                        f"{path} has no /{name}: a snapshots file needs /time [n] and "
                        "/field [n, *space]"
                    )
            source = Source(Path(path))
            arrays: dict[str, Any] = {
                name: StoredArray(source, d) if name in ("field", "rate") else d[()]
                for name, d in found.items()
                if d is not None
            }
            text = {k: v.decode() for k, v in attributes.items() if isinstance(v, bytes)}
            return cls(**arrays, space=_space(file), attributes=attributes | text)

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write a snapshots file. Raises `EaeSindyError` if it exists and `force` is false."""
        finish(self.writing(path, force=force))

    def writing(
        self,
        path: str | Path,
        blocks: Iterable[Sequence[Any]] | None = None,
        *,
        dtype: Any = None,
        force: bool = False,
    ) -> Steps[None]:
        """Do what `save` does, step by step.

        `blocks` are those of field and rate, if they are looked at on their way; `dtype` is as in
        `write`.
        """
        own = (
            (self.field[a:b], None if self.rate is None else self.rate[a:b])
            for a, b in self.bounds()
        )
        return write(
            path,
            self.time,
            own if blocks is None else blocks,
            dtype=dtype,
            trajectory=self.trajectory,
            mask=self.mask,
            space=self.space,
            attributes=self.attributes,
            force=force,
        )


def _space(file: h5py.File) -> dict[str, np.ndarray]:
    """Return the coordinates of a snapshots file."""
    group = hdf5.folder(file, "space")
    found = {} if group is None else {name: hdf5.dataset(group, name) for name in group}
    return {name: d[()] for name, d in found.items() if d is not None}


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

    Memory does not grow with the number of frames. The file appears when the last is in. Run it
    with `progress.finish`, or step by step.

    Parameters
    ----------
    path : path
        The file to be.
    time : array [n]
        Times of the frames.
    blocks : iterable of sequences of arrays [b, *space]
        Field, rate, and what `more` names; None for a rate that is not known.
    more : sequence of str
        Names of further datasets, with one frame for each time.
    dtype : type, optional
        Of the stored frames; as they come if None.
    trajectory, mask, space, attributes
        See `Snapshots`.
    force : bool
        Whether the file may exist already.

    Raises
    ------
    EaeSindyError
        If the file cannot be written, there are more or fewer frames than times, or a value is
        infinite or becomes so in `dtype`.
    """
    with hdf5.new(path, force) as file:
        hdf5.put(file, "time", np.asarray(time, float))
        for name, value in (("trajectory", trajectory), ("mask", mask)):
            if value is not None:
                hdf5.put(file, name, value)
        for name, value in (space or {}).items():
            hdf5.put(file, f"space/{name}", value)
        file.attrs.update({**(attributes or {}), formats.VERSION: formats.SNAPSHOTS.version})
        done = 0
        for frames in blocks:
            if done + len(frames[0]) > len(time):
                raise EaeSindyError(
                    f"there are more frames than the {len(time)} times: give one of each"
                )
            for name, block in zip(("field", "rate", *more), frames, strict=True):
                if block is None:
                    continue
                stored = checks.storable(np.asarray(block), dtype, name, done)
                if name not in file:
                    hdf5.make(file, name, (len(time), *stored.shape[1:]), stored.dtype)
                file[name][done : done + len(stored)] = stored
            done += len(frames[0])
            file.check()
            yield Progress("frames", done, len(time))
        if done != len(time):
            raise EaeSindyError(f"{done} frames were made for {len(time)} times: give one of each")
