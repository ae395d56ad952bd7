"""Variables of NetCDF files, of version 3 and 4, with the names of their axes."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from ... import hdf5
from ...errors import EaeSindyError
from ..arrays import Lazy
from .contract import Contents, Variable, reading

if TYPE_CHECKING:
    import xarray

NOUN = "a NetCDF file"


class Labelled(Lazy):
    """A variable of an xarray dataset, read a part at a time."""

    def __init__(self, path: Path, dataset: "xarray.Dataset", name: str) -> None:
        self.path, self.dataset, self.name = path, dataset, name
        self.shape = tuple(dataset.variables[name].shape)
        self.dtype = np.dtype(dataset.variables[name].dtype)

    def __getitem__(self, key: Any) -> np.ndarray:
        """Read a part of the variable. Raises `EaeSindyError` if the file is damaged or gone."""
        with reading(self.path, NOUN):
            return np.asarray(self.dataset.variables[self.name][key].values)

    def close(self) -> None:
        """Close the file; reading later opens it again."""
        self.dataset.close()


def of(path: Path, dataset: "xarray.Dataset", noun: str) -> Contents:
    """Return the variables of an xarray dataset, coordinates included."""
    variables = {}
    for key, found in dataset.variables.items():
        lazy = Labelled(path, dataset, str(key))
        dims = tuple(str(d) for d in found.dims)
        variables[str(key)] = Variable.of(lazy, dims, str(found.attrs.get("units", "")))
    return Contents(noun, variables)


def contents(path: Path) -> Contents:
    """Return the variables of a NetCDF file; times stay numbers in the unit of the file.

    Raises
    ------
    EaeSindyError
        If it is none, or damaged.
    """
    import xarray

    with path.open("rb") as file:
        classic = file.read(3) == b"CDF"
    if not classic:
        _check_links(path)
    more = {"engine": "scipy"} if classic else {"engine": "h5netcdf", "phony_dims": "access"}
    try:
        with reading(path, NOUN):
            dataset = xarray.open_dataset(
                path, decode_times=False, decode_timedelta=False, cache=False, **more
            )
            return of(path, dataset, NOUN)
    except EaeSindyError:
        # SciPy maps a file into memory, and would complain of a broken one again at the very end.
        warnings.filterwarnings("ignore", "Cannot close a netcdf_file", RuntimeWarning)
        raise


def _check_links(path: Path) -> None:
    """Check that a file of version 4 has its values in itself; links are refused, not followed."""
    with reading(path, NOUN), h5py.File(path, "r") as file:
        for name in file:
            outside = isinstance(file.get(name, getlink=True), h5py.ExternalLink)
            if outside or isinstance(file.get(name), h5py.Dataset):
                hdf5.dataset(file, name)
