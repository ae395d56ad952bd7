"""Variables of NumPy's files, .npz and .npy; objects in them are never unpickled."""

import zipfile
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from ...errors import EaeSindyError
from .contract import Contents, Variable, reading

NOUN = "a file of NumPy arrays"
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
PICKLED = "holds pickled objects, which are not opened: save an array of numbers"


def contents(path: Path) -> Contents:
    """Return the arrays of an .npz file under their names, or the one of an .npy file.

    Raises
    ------
    EaeSindyError
        If it is none, or damaged, or a zip archive of other things.
    """
    with reading(path, NOUN):
        if not zipfile.is_zipfile(path):
            return _one(path)
        variables, refused = {}, {}
        with zipfile.ZipFile(path) as archive:
            names = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
            if not names:
                raise EaeSindyError(
                    "a zip archive without NumPy arrays: unpack it, or save a workbook as CSV"
                )
            for name in names:
                with archive.open(f"{name}.npy") as part:
                    shape, dtype = _header(part)
                if dtype.hasobject:
                    refused[name] = PICKLED
                else:
                    variables[name] = Variable(shape, dtype, partial(_load, path, name))
        return Contents(NOUN, variables, refused)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """Return shape and type of an array, without its values."""
    version = npy.read_magic(file)
    if version not in HEADERS:  # the third one is of records with names beyond ASCII
        raise EaeSindyError("holds records: save arrays of real numbers")
    shape, _, dtype = HEADERS[version](file)
    return tuple(shape), dtype


def _load(path: Path, name: str) -> np.ndarray:
    with reading(path, NOUN), np.load(path, allow_pickle=False) as archive:
        return archive[name]


def _one(path: Path) -> Contents:
    """Return the one array of an .npy file, of which pages are read as they are needed."""
    with path.open("rb") as file:
        if _header(file)[1].hasobject:
            raise EaeSindyError(PICKLED)
    return Contents(NOUN, {path.stem: Variable.of(np.load(path, mmap_mode="r"))})
