"""The formats by name, and the one function that reads any of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import EaeSindyError
from .. import channels, second_order
from .. import delays as delayed
from ..snapshots import Snapshots
from . import hdf5, layout, matlab, names, netcdf, npz, recognise, table, zarr
from .contract import Contents, reading

# By the names of `recognise.ENDINGS`.
READERS: Mapping[str, Callable[[Path], Contents]] = {
    "hdf5": hdf5.contents,
    "netcdf": netcdf.contents,
    "matlab": matlab.contents,
    "npz": npz.contents,
    "table": table.contents,
    "zarr": zarr.contents,
}


def read(
    path: str | Path,
    *,
    field: str | Sequence[str] = (),
    rate: str | Sequence[str] = (),
    time: str | float | None = None,
    trajectory: str | None = None,
    mask: str | None = None,
    time_axis: int | None = None,
    channel_axis: int | None = None,
    scale: str | Path = channels.OWN,
    delays: int | str | None = None,
    delay_step: int | None = None,
    order: int = 1,
) -> Snapshots:
    """Read snapshots from a file of any format that is known, told by its first bytes.

    A snapshots file is opened as `Snapshots.open` does, if no names are given. Fields of HDF5,
    NetCDF, Zarr and .npy files stay there until they are needed.

    Parameters
    ----------
    path : path
        An HDF5, NetCDF, MATLAB, NumPy or text file, or a Zarr store.
    field : str or sequence of str, optional
        The variable that is the field; several become channels of one, along the first axis of a
        frame.
    rate : str or sequence of str, optional
        Its time derivative, one for each field; "none" for none. The rate of u is du, if that is
        there, of the same shape.
    time : str or float, optional
        The variable of the times; or the step between frames, which then begin at 0.
    trajectory : str, optional
        The variable of trajectory numbers, or of names, which are numbered as they appear.
    mask : str, optional
        The variable that says which points of a frame count, 0 where none does; "mask" if absent.
    time_axis : int, optional
        The axis of the field that is time, from 0; the one as long as the times if absent.
    channel_axis : int, optional
        The axis of the field that is channels, each with a unit of its own.
    scale : {"own", "none"} or path
        What several channels are divided by: their own root mean square fluctuation, nothing, or
        what those of a file were, of snapshots or of an ensemble.
    delays : int or "auto", optional
        Make delay coordinates of few observables, so many of each: see `delays.embedded`.
    delay_step : int, optional
        Frames between them; by the autocorrelation if absent.
    order : {1, 2}
        2 for a mechanical system, whose state is a frame and its rate: see `second_order.states`.

    Returns
    -------
    Snapshots
        Its attributes `source…` say what was read, and `channel_scale` what channels were divided
        by.

    Raises
    ------
    EaeSindyError
        If the file cannot be read, a variable is not there, or it does not say which is which.
    """
    _check(delays, delay_step, order)
    wanted = names.Names(
        (field,) if isinstance(field, str) else tuple(field),
        (rate,) if isinstance(rate, str) else tuple(rate),
        None if time is None else str(time),
        trajectory,
        mask,
    )
    axes = {"time_axis": time_axis, "channel_axis": channel_axis}
    if order == 2:
        with _read(Path(path), wanted, axes, channels.NONE, few=True) as found:
            return second_order.states(found, scale)
    if delays is None:
        return _read(Path(path), wanted, axes, scale)
    with _read(Path(path), wanted, axes, scale, few=True) as found:
        return delayed.embedded(found, delays, delay_step)


def _check(delays: int | str | None, delay_step: int | None, order: int) -> None:
    """Check that at most one way is asked for to make a state of what a frame lacks."""
    if order not in (1, 2):
        raise EaeSindyError(f"--order must be 1 or 2, not {order}")
    if delays is not None and order == 2:
        raise EaeSindyError(
            "--delays and --order 2 both make a state of what a frame lacks: give one of them"
        )
    if delays is None and delay_step is not None:
        raise EaeSindyError("--delay-step is for --delays: give both")


def _read(
    path: Path,
    wanted: names.Names,
    axes: Mapping[str, int | None],
    scale: str | Path,
    *,
    few: bool = False,
) -> Snapshots:
    """Read snapshots as they are; `few` says that one value a frame will do."""
    plain = wanted == names.Names() and not any(a is not None for a in axes.values())
    if not _exists(path):
        return Snapshots.open(path)  # says that it does not exist
    kind = recognise.kind(path)
    if kind == "hdf5" and plain and hdf5.ours(path):
        return channels.measured(Snapshots.open(path), scale)
    contents = READERS[kind](path)
    with reading(path, contents.noun):
        found = layout.assemble(contents, wanted, **axes, scale=scale, few=few)
    said = {"source": path.name} | _surprise(path, kind, contents.noun)
    return replace(found, attributes={**found.attributes, **said})


def _exists(path: Path) -> bool:
    """Return whether a path names a file or folder; a name that no file can have names none."""
    try:
        return path.exists()
    except OSError:
        return False


def _surprise(path: Path, kind: str, noun: str) -> dict[str, str]:
    """Say in an attribute what a file is that is called something else."""
    ending = path.suffix.lower()
    others = [e for k, endings in recognise.ENDINGS.items() if k != kind for e in endings]
    if ending not in others:
        return {}
    return {"source_format": f"{noun}, whatever it is called"}
