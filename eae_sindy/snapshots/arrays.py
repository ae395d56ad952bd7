"""Arrays in another order of axes, or put together, of which frames are read as they are needed."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np


class Lazy:
    """An array [n, ...] that is made of others, a few rows of its first axis at a time."""

    shape: tuple[int, ...]
    dtype: np.dtype

    def _rows(self, key: Any) -> np.ndarray:
        """Return the rows of a slice, or of an array of indices: [b, ...]."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the files that the array is in."""

    def __len__(self) -> int:
        """Return the length n of the first axis."""
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        """Read a part of the array; only of the first axis is less read than all."""
        first, *rest = key if isinstance(key, tuple) else (key,)
        if isinstance(first, int | np.integer):
            at = range(len(self))[int(first)]
            return self._rows(slice(at, at + 1))[(0, *rest)]
        return self._rows(first)[(slice(None), *rest)] if rest else self._rows(first)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Read one row of the first axis after the other."""
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all of the array."""
        return np.asarray(self[:], dtype)


class Permuted(Lazy):
    """Another array with its axes in another order; see `permuted`."""

    def __init__(self, base: Any, axes: tuple[int, ...]) -> None:
        self.base, self.axes = base, axes
        self.shape = tuple(base.shape[a] for a in axes)
        self.dtype = np.dtype(base.dtype)

    def _rows(self, key: Any) -> np.ndarray:
        found = self.base[(slice(None),) * self.axes[0] + (key,)]
        return np.transpose(np.asarray(found), self.axes)

    def close(self) -> None:
        """Close the file that the array is in."""
        close(self.base)


class Stacked(Lazy):
    """Arrays [n, *space] as the channels of one, [n, c, *space].

    Parameters
    ----------
    parts : sequence of c arrays [n, *space]
    """

    def __init__(self, parts: Sequence[Any]) -> None:
        self.parts = tuple(parts)
        n, *space = parts[0].shape
        self.shape = (n, len(parts), *space)
        self.dtype = np.result_type(*(p.dtype for p in parts))

    def _rows(self, key: Any) -> np.ndarray:
        return np.stack([np.asarray(p[key]) for p in self.parts], axis=1)

    def close(self) -> None:
        """Close the files that the channels are in."""
        for part in self.parts:
            close(part)


class Divided(Lazy):
    """Another array [n, *space], over numbers that differ along one of its axes.

    Parameters
    ----------
    base : array
    scales : array [c]
    axis : int
        Which axis is c long, from 0.
    """

    def __init__(self, base: Any, scales: np.ndarray, axis: int) -> None:
        self.base, self.shape = base, tuple(base.shape)
        self.over = np.reshape(scales, (-1, *(1,) * (len(self.shape) - 1 - axis)))
        kind = np.dtype(base.dtype)
        self.dtype = kind if kind.kind == "f" else np.dtype(float)

    def _rows(self, key: Any) -> np.ndarray:
        return (np.asarray(self.base[key]) / self.over).astype(self.dtype, copy=False)

    def close(self) -> None:
        """Close the file that the array is in."""
        close(self.base)


def stacked(parts: Sequence[Any]) -> Any:
    """Return arrays as the channels of one, see `Stacked`; an array where each is a series."""
    found = Stacked(parts)
    return found[:] if len(found.shape) == 2 else found


def divided(array: Any, scales: np.ndarray, axis: int) -> Any:
    """Return an array over numbers along one axis, see `Divided`; an array of what is one."""
    found = Divided(array, scales, axis)
    return found[:] if isinstance(array, np.ndarray) else found


def permuted(array: Any, axes: Sequence[int]) -> Any:
    """Return an array with its axes in another order, without reading it."""
    order = tuple(axes)
    if order == tuple(range(len(order))):
        return array
    if isinstance(array, Permuted):
        return permuted(array.base, [array.axes[a] for a in order])
    return array.transpose(order) if isinstance(array, np.ndarray) else Permuted(array, order)


def close(array: Any) -> None:
    """Close the file that an array is in, if it is in one; reading it later opens it again."""
    if hasattr(array, "close"):
        array.close()
