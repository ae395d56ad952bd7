"""Variables of any HDF5 file; they stay in it until they are needed."""

from pathlib import Path

import h5py

from ... import hdf5
from ...errors import EaeSindyError
from ...formats import VERSION
from ..stored import Source, StoredArray
from .contract import Contents, Variable, reading

NOUN = "an HDF5 file"


def ours(path: Path) -> bool:
    """Tell whether a file is a snapshots file, or says that it is another one of ours."""
    try:
        with h5py.File(path, "r") as file:
            return VERSION in file.attrs or {"time", "field"} <= set(file)
    except hdf5.FAILURES:
        return True  # the reader of snapshots files says what is wrong


def refusal(file: h5py.File, name: str) -> str | None:
    """Say why an array of a file is not read: it stands in another one; None if it may be."""
    try:
        hdf5.dataset(file, name)
    except EaeSindyError as error:
        return f"cannot be used ({error})"
    return None


def contents(path: Path) -> Contents:
    """Return all arrays of an HDF5 file, under their paths in it.

    Raises
    ------
    EaeSindyError
        If it is none, or damaged.
    """
    variables: dict[str, Variable] = {}
    refused: dict[str, str] = {}
    with reading(path, NOUN), h5py.File(path, "r") as file:
        source = Source(path)

        def visit(name: str, found: h5py.Dataset | h5py.Group) -> None:
            if not isinstance(found, h5py.Dataset):
                return
            if said := refusal(file, name):
                refused[name] = said
                return
            units = found.attrs.get("units", "")
            text = units.decode() if isinstance(units, bytes) else str(units)
            variables[name] = Variable.of(StoredArray(source, found), units=text)

        file.visititems(visit)
    return Contents(NOUN, variables, refused)
