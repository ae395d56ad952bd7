"""Variables of MATLAB files: of version 5 and older, and of version 7.3, which is HDF5."""

from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..arrays import permuted
from ..stored import Source, StoredArray
from . import hdf5
from .contract import Contents, Variable, reading

NOUN = "a MATLAB file"
# By MATLAB's classes, the types of what can be read.
CLASSES = {
    **{f"{u}int{n}": np.dtype(f"{u}int{n}") for u in ("", "u") for n in (8, 16, 32, 64)},
    "double": np.dtype(float),
    "single": np.dtype(np.float32),
    "logical": np.dtype(np.uint8),
    "char": np.dtype("U1"),
}


def contents(path: Path) -> Contents:
    """Return the arrays of a MATLAB file, with their axes in the order that MATLAB shows.

    Cells, structs, objects and function handles are refused; nothing of them is looked into.

    Raises
    ------
    EaeSindyError
        If it is none, or damaged.
    """
    with reading(path, NOUN):
        return _stored(path) if h5py.is_hdf5(path) else _old(path)


def _refusal(kind: str) -> str:
    return f"is of MATLAB's class {kind}: save an array of real numbers"


def _old(path: Path) -> Contents:
    """Return the arrays of a file of version 5 or older, each read as a whole."""
    from scipy.io import whosmat

    variables, refused = {}, {}
    for name, shape, kind in whosmat(str(path), appendmat=False):
        if kind in CLASSES:
            variables[name] = Variable(tuple(shape), CLASSES[kind], partial(_load, path, name))
        else:
            refused[name] = _refusal(kind)
    return Contents(NOUN, variables, refused)


def _load(path: Path, name: str) -> np.ndarray:
    from scipy.io import loadmat

    with reading(path, NOUN):
        return loadmat(str(path), appendmat=False, variable_names=[name])[name]


def _stored(path: Path) -> Contents:
    """Return the arrays of a file of version 7.3; HDF5 has their axes the other way round."""
    variables, refused = {}, {}
    with h5py.File(path, "r") as file:
        source = Source(path)
        for name in file:
            if name.startswith("#"):  # what cells refer to
                continue
            found = file.get(name)
            kind = _kind(found)
            if isinstance(found, h5py.Dataset) and (said := hdf5.refusal(file, name)):
                refused[name] = said
            elif kind not in CLASSES or kind == "char" or "MATLAB_empty" in found.attrs:
                refused[name] = _refusal(kind)
            else:
                axes = range(found.ndim)[::-1]
                variables[name] = Variable.of(permuted(StoredArray(source, found), axes))
    return Contents(NOUN, variables, refused)


def _kind(found: Any) -> str:
    """Return MATLAB's class of a dataset, or what else it is."""
    if not isinstance(found, h5py.Dataset):
        return "struct"
    kind = found.attrs.get("MATLAB_class", b"double")
    return kind.decode() if isinstance(kind, bytes) else str(kind)
