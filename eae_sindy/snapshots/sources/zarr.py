"""Variables of a Zarr store, where the package zarr is there to read it."""

from pathlib import Path
from typing import Any

from ...errors import EaeSindyError
from . import netcdf
from .contract import Contents, Variable, reading

NOUN = "a Zarr store"


def contents(path: Path) -> Contents:
    """Return all arrays of a Zarr store, under their paths in it.

    Raises
    ------
    EaeSindyError
        If it is none, or damaged, or zarr is not installed.
    """
    try:
        import zarr
    except ImportError as error:
        raise EaeSindyError(
            f"{path} is a Zarr store, and zarr is not installed: type 'pip install zarr'"
        ) from error
    with reading(path, NOUN):
        store: Any = zarr.open(str(path), mode="r")
        if isinstance(store, zarr.Array):
            return Contents(NOUN, {path.stem: Variable.of(store, _dims(store))})
        arrays = {n: a for n, a in store.members(max_depth=None) if isinstance(a, zarr.Array)}
        if arrays and all("/" not in n and (_dims(a) or not a.shape) for n, a in arrays.items()):
            # Written through xarray, which knows gaps, offsets and factors of stored numbers.
            import xarray

            dataset = xarray.open_zarr(
                str(path), decode_times=False, decode_timedelta=False, chunks=None
            )
            return netcdf.of(path, dataset, NOUN)
        return Contents(NOUN, {n: Variable.of(a, _dims(a)) for n, a in arrays.items()})


def _dims(array: Any) -> tuple[str, ...]:
    """Return the names of the axes of an array of either version of the format, if it has any."""
    found = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS")
    return tuple(found) if found and all(found) else ()
