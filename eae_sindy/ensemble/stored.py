"""Arrays that stay in their file until rows of them are asked for."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .. import hdf5
from ..errors import EaeSindyError


class Stored:
    """An array in an HDF5 file, [draws, ...]; indexing reads just those rows.

    Where NumPy wants an array, all of it is read. The file stays open for as long as any of its
    arrays is in use.
    """

    def __init__(self, dataset: h5py.Dataset) -> None:
        self._dataset = dataset
        self.shape: tuple[int, ...] = dataset.shape
        self.dtype: np.dtype = dataset.dtype

    def __len__(self) -> int:
        """Count the rows."""
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Read the rows that an integer, a slice or a list of integers names."""
        if isinstance(rows, list):
            return np.stack([self[row] for row in rows])
        if isinstance(rows, int | np.integer) and rows < 0:
            rows += len(self)
        try:
            return self._dataset[rows]
        except OSError as error:
            raise EaeSindyError(
                f"{self._dataset.name} in {Path(self._dataset.file.filename)} cannot be read "
                f"({hdf5.one_line(error)}): the file is damaged, make it again"
            ) from error

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all of it."""
        return np.asarray(self[:], dtype)

    def __reduce__(self) -> Any:
        """Travel to another process as a plain array."""
        return np.asarray, (self[:],)
