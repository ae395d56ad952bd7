"""Arrays that stay in their file until a part of them is asked for."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .. import hdf5
from ..errors import EaeSindyError


class Source:
    """A file that is opened when something of it is read, and can be closed at any time.

    Reading after `close` opens the file again, and makes sure that it is still the same one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = self._state()
        self._file: h5py.File | None = None
        self._datasets: dict[str, h5py.Dataset] = {}

    def _state(self) -> tuple[int, ...]:
        found = os.stat(self.path)
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._file is None

    def dataset(self, name: str) -> h5py.Dataset:
        """Return a dataset of the open file. Raises `EaeSindyError` if the file has changed."""
        if self._file is None:
            if self._state() != self._seen:
                raise EaeSindyError(f"{self.path} was changed while it was read: start again")
            self._file = h5py.File(self.path, "r")
        if name not in self._datasets:
            self._datasets[name] = self._file[name]
        return self._datasets[name]

    def close(self) -> None:
        """Close the file."""
        self._datasets.clear()
        if self._file is not None:
            self._file.close()
        self._file = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process can take: all but the open file."""
        return vars(self) | {"_file": None, "_datasets": {}}


class StoredArray:
    """An array [n, ...] in a file, of which slices are read as they are asked for.

    Parameters
    ----------
    source : Source
        The file.
    dataset : h5py.Dataset
        The array in it; only its name, shape and type are kept.
    """

    def __init__(self, source: Source, dataset: h5py.Dataset) -> None:
        self.source, self.name = source, dataset.name
        self.shape: tuple[int, ...] = dataset.shape
        self.dtype: np.dtype = dataset.dtype

    def close(self) -> None:
        """Close the file; reading later opens it again."""
        self.source.close()

    def __len__(self) -> int:
        """Return the length n of the first axis."""
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        """Read a part of the array. Raises `EaeSindyError` if the file is damaged or gone."""
        try:
            return self.source.dataset(self.name)[key]
        except IndexError:
            raise
        except hdf5.FAILURES as error:
            raise EaeSindyError(
                f"{self.name} of {self.source.path} cannot be read ({hdf5.one_line(error)}): the "
                "file is damaged or gone, make or copy it again"
            ) from error

    def __iter__(self) -> Iterator[np.ndarray]:
        """Read one row of the first axis after the other."""
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all of the array."""
        return np.asarray(self[:], dtype)
