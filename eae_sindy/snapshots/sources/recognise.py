"""What a file is, by its first bytes; names lie, and bytes do not."""

import re
from pathlib import Path

import h5py

from ...errors import EaeSindyError
from ...storage import short

HDF5 = b"\x89HDF\r\n\x1a\n"
BYTES = 2**16  # of the beginning that are looked at
ZARR = ("zarr.json", ".zgroup", ".zarray", ".zmetadata")
# What cannot be read, by its first bytes, and what to do about it.
OTHERS = {
    b"\x1f\x8b": "is compressed with gzip: unpack it first",
    b"BZh": "is compressed with bzip2: unpack it first",
    b"\xfd7zXZ": "is compressed with xz: unpack it first",
    b"CDF\x05": "is a NetCDF file of the 64-bit-data kind: convert it with 'nccopy -k nc4'",
    b"\x89PNG": "is a picture: give its numbers in a file of arrays",
    b"\xff\xd8\xff": "is a picture: give its numbers in a file of arrays",
    b"%PDF": "is a PDF: give its numbers in a file of arrays",
}
PICKLE = re.compile(rb"\x80[\x02-\x05]")
# Under each format the endings that its files have.
ENDINGS = {
    "hdf5": (".h5", ".hdf5", ".hdf", ".he5"),
    "netcdf": (".nc", ".nc4", ".cdf", ".netcdf"),
    "matlab": (".mat",),
    "npz": (".npz", ".npy"),
    "table": (".csv", ".tsv", ".txt", ".dat"),
    "zarr": (".zarr",),
}


def kind(path: Path) -> str:
    """Return the name of a file's format, one of `ENDINGS`.

    Raises
    ------
    EaeSindyError
        If the file is of a format that is not read; the line says of which.
    """
    if path.is_dir():
        if any((path / name).is_file() for name in ZARR):
            return "zarr"
        raise EaeSindyError(f"{short(path)} is a folder, and no Zarr store: name a file in it")
    with path.open("rb") as file:
        head = file.read(BYTES)
    for start, said in OTHERS.items():
        if head.startswith(start):
            raise EaeSindyError(f"{path} {said}")
    if PICKLE.match(head):
        raise EaeSindyError(
            f"{path} is a pickle, which can run code and is not opened: save its arrays with "
            "numpy.savez"
        )
    return _by_bytes(path, head) or _by_name(path)


def _by_bytes(path: Path, head: bytes) -> str | None:
    """Return the format that the first bytes of a file name; None if they name none."""
    if head.startswith(b"MATLAB "):
        return "matlab"
    if head.startswith(b"CDF"):
        return "netcdf"
    if head.startswith((b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06")):
        return "npz"
    if HDF5 in (head[at : at + len(HDF5)] for at in (0, 512, 1024, 2048)):
        return "netcdf" if _is_netcdf(path) else "hdf5"
    return "table" if _is_table(path, head) else None


def _by_name(path: Path) -> str:
    """Return the format that a name claims, of bytes that say nothing."""
    ending = path.suffix.lower()
    if ending in (".xls", ".xlsx", ".parquet", ".feather", ".pkl"):
        raise EaeSindyError(f"{path} is not read: save the table as CSV, or arrays as .npz")
    found = [k for k, endings in ENDINGS.items() if ending in endings]
    if ending and not found:
        raise EaeSindyError(
            f"{path} is of no format that is read: give an HDF5, NetCDF, MATLAB, .npz, .npy or CSV "
            "file, or a Zarr store"
        )
    return found[0] if found else "hdf5"  # whose reader says that the file is none


def _is_netcdf(path: Path) -> bool:
    """Tell whether an HDF5 file was written through NetCDF, which leaves a mark."""
    try:
        with h5py.File(path, "r") as file:
            return "_NCProperties" in file.attrs or any(
                "DIMENSION_LIST" in file[name].attrs for name in file
            )
    except (OSError, RuntimeError, KeyError, ValueError):
        return False  # its reader says what is wrong


def _is_table(path: Path, head: bytes) -> bool:
    """Tell whether a file is text with as many numbers in its second line as names in its first."""
    try:
        text = head.decode("utf-8-sig", errors="strict" if len(head) < BYTES else "ignore")
    except UnicodeDecodeError:
        return False
    lines = [line for line in text.splitlines() if line.strip()]
    if "\0" in text or len(lines) < 2:
        return False
    counts = [len(re.findall(r"[^\s,;]+", line)) for line in lines[:2]]
    return counts[0] > 1 and counts[0] == counts[1] and bool(re.search(r"\d", lines[1]))
