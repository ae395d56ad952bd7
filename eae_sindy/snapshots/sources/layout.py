"""From the variables of a file to snapshots: axes in order, channels together, points masked."""

from pathlib import Path
from typing import Any

import numpy as np

from ...errors import EaeSindyError
from ...progress import count
from .. import channels
from ..arrays import permuted, stacked
from ..snapshots import Snapshots
from . import names
from .contract import Contents, Variable, shape
from .names import Names, Time

MASK = "mask"
COORDINATES = ("x", "y", "z", "lat", "lon", "latitude", "longitude")


def assemble(
    contents: Contents,
    wanted: Names,
    *,
    time_axis: int | None = None,
    channel_axis: int | None = None,
    scale: str | Path = channels.OWN,
    few: bool = False,
) -> Snapshots:
    """Return the snapshots that a file holds; its fields stay in it where its format allows that.

    Parameters
    ----------
    contents : Contents
        What is in the file.
    wanted : Names
        What its variables are called.
    time_axis : int, optional
        The axis of the field that is time, from 0; the one as long as the times if absent.
    channel_axis : int, optional
        The axis of the field that is channels, from 0; it becomes the first of a frame.
    scale : str or path
        Of several channels, see `channels.scales`.
    few : bool
        Whether one value a frame will do: [n, 1].

    Raises
    ------
    EaeSindyError
        If something is not there, fits nothing, or could be two things.
    """
    time = names.time(contents, wanted.time)
    label = names.trajectory(contents, wanted.trajectory)
    fields, rates = _chosen(contents, wanted, time, label)
    notes: list[str] = []
    parts = [_frames(contents, n, time, time_axis, channel_axis) for n in fields]
    slopes = [_frames(contents, n, time, time_axis, channel_axis) for n in rates]
    several = len(parts) > 1
    if several and channel_axis is not None:
        raise EaeSindyError(
            "several fields are channels already: leave out --channel-axis, or name one --field"
        )
    if few and not several and len(parts[0].shape) == 1:
        parts, slopes = ([np.asarray(p[:])[:, None] for p in each] for each in (parts, slopes))
    _agree(fields, parts)
    _agree([*fields, *rates], [*parts, *slopes])
    said: dict[str, Any] = {"source_format": contents.noun, "source_field": ", ".join(fields)}
    said |= {"source_time": time.name} | ({"source_rate": ", ".join(rates)} if rates else {})
    if several:
        said |= {channels.AXIS: 0, channels.NAMES: fields}
    if channel_axis is not None:
        said |= {channels.AXIS: 0}
    times, trajectory, more = _along(contents, time, label, parts[0].shape[0], notes)
    field = stacked(parts) if several else parts[0]
    made = Snapshots(
        times,
        field,
        (stacked(slopes) if several else slopes[0]) if slopes else None,
        trajectory,
        _mask(contents, wanted.mask, field, notes),
        _space(contents, fields[0], field.shape[1:]),
        said | more | ({"source_notes": "; ".join(notes)} if notes else {}),
    )
    return channels.measured(made, scale)


def _chosen(
    contents: Contents, wanted: Names, time: Time, label: str | None
) -> tuple[list[str], list[str]]:
    """Return the names of the fields and of their rates."""
    rates = [contents.find(r) for r in wanted.rate if r in contents.variables or r != names.NONE]
    others = {time.name, *rates, label or "", wanted.mask or MASK}
    fields = names.field(contents, wanted.field, time, others)
    return fields, names.rate(contents, wanted.rate, fields)


def _along(
    contents: Contents, time: Time, label: str | None, n: int, notes: list[str]
) -> tuple[np.ndarray, np.ndarray | None, dict[str, Any]]:
    """Return times and trajectory numbers [n] of the frames, and attributes that say where from."""
    times = time.of(n)
    if label is not None:
        numbers, said = _numbered(label, contents.variables[label])
        return times, numbers, {"source_trajectory": label} | said
    if times.size == n or n % max(times.size, 1):
        return times, None, {}
    runs = n // times.size
    notes.append(f"{runs} trajectories of the same {times.size} times")
    return np.tile(times, runs), np.repeat(np.arange(runs), times.size), {}


def _frames(
    contents: Contents, name: str, time: Time, time_axis: int | None, channel_axis: int | None
) -> Any:
    """Return a variable with time as its first axis, [n, *space], and channels as the next.

    What has one number a frame is a series, [n].
    """
    variable = contents.variables[name]
    below = name in ("x", "dx") and {"x", "dx"} <= set(contents.variables)
    axis = _axis(name, variable, time, time_axis, below=below and len(variable.shape) == 2)
    others = [a for a in range(len(variable.shape)) if a != axis]
    if channel_axis is not None:
        rank = len(variable.shape)
        channel = channel_axis % rank if -rank <= channel_axis < rank else -1
        if channel not in others or len(others) < 2:
            raise EaeSindyError(
                f"axis {channel_axis} of {name} {shape(variable.shape)} cannot be its channels: "
                f"--channel-axis counts from 0, time is axis {axis}, and a frame needs an axis more"
            )
        others.remove(channel)
        others.insert(0, channel)
    found = permuted(variable.load(), (axis, *others))
    if len(found.shape) > 1 and all(k == 1 for k in found.shape[1:]):
        return np.asarray(found[:]).reshape(-1)  # a series: one number a frame
    return found


def _axis(name: str, variable: Variable, time: Time, wanted: int | None, *, below: bool) -> int:
    """Return which axis of a variable is time.

    `below` says that the frames of several trajectories of the same times may stand one below the
    other, as in the data of Champion et al. (2019).

    Raises
    ------
    EaeSindyError
        If none is as long as the times, or several are.
    """
    size = None if time.values is None else time.values.size
    found = shape(variable.shape)
    if not variable.shape:
        raise EaeSindyError(f"{name} is one number: name an array with one frame for each time")
    if wanted is not None:
        if not -len(variable.shape) <= wanted < len(variable.shape):
            raise EaeSindyError(
                f"{name} {found} has no axis {wanted}: --time-axis counts from 0 to "
                f"{len(variable.shape) - 1}"
            )
        axis = wanted % len(variable.shape)
        if size is not None and variable.shape[axis] != size:
            raise EaeSindyError(
                f"axis {axis} of {name} {found} is not as long as the time {time.name} [{size}]: "
                "give another --time-axis"
            )
        return axis
    if time.dim and time.dim in variable.dims:
        return variable.dims.index(time.dim)
    if size is None:
        called = [a for a, d in enumerate(variable.dims) if names.called(d) in names.TIMES]
        return called[0] if called else _last_or(name, variable, 0)
    alike = [a for a, k in enumerate(variable.shape) if k == size]
    if len(alike) > 1 and _last_or(name, variable, alike[0]) == alike[-1]:
        return alike[-1]
    if len(alike) > 1:
        raise EaeSindyError(
            f"axes {' and '.join(map(str, alike))} of {name} {found} are both as long as the time "
            f"{time.name}: say which is time with --time-axis, or transpose the array"
        )
    if alike:
        return alike[0]
    if below and size > 1 and variable.shape[0] % size == 0:
        return 0
    raise EaeSindyError(
        f"no axis of {name} {found} is as long as the time {time.name} [{size}]: name the times "
        "that belong to it with --time"
    )


def _last_or(name: str, variable: Variable, other: int) -> int:
    """Return the last axis if that is time in a variable of this name, else the other one."""
    return len(variable.shape) - 1 if name in names.LAST_IS_TIME else other


def _agree(found: list[str], arrays: list[Any]) -> None:
    """Check that arrays have the same frames and points."""
    for name, array in zip(found, arrays, strict=True):
        if array.shape != arrays[0].shape:
            raise EaeSindyError(
                f"{found[0]} has frames and points {shape(arrays[0].shape)}, {name} "
                f"{shape(array.shape)}: they must agree"
            )
    if len(arrays) == 1 and len(arrays[0].shape) == 1:
        raise EaeSindyError(
            f"{found[0]} has one value a frame, which is too few to reduce: give several "
            "observables, or make delay coordinates of it with --delays auto"
        )


def _numbered(name: str, variable: Variable) -> tuple[np.ndarray, dict[str, Any]]:
    """Return trajectory numbers [n]; names are numbered in order of appearance, and kept."""
    values = np.asarray(variable.load()[...])
    if values.dtype.kind not in "SUO":
        return values.ravel(), {}
    text = [v.decode() if isinstance(v, bytes) else str(v).strip() for v in values.ravel()]
    known = list(dict.fromkeys(text))
    return np.array([known.index(t) for t in text]), {"trajectory_names": known}


def _mask(
    contents: Contents, wanted: str | None, field: Any, notes: list[str]
) -> np.ndarray | None:
    """Return the mask that a file has, or one that leaves out points which never have a value."""
    space = field.shape[1:]
    given = contents.variables.get(MASK if wanted is None else contents.find(wanted))
    if given is not None and given.shape in (space, space[1:]):
        return np.broadcast_to(np.asarray(given.load()[...]).astype(bool), space)
    if wanted is not None:
        raise EaeSindyError(
            f"the mask {wanted} has shape {shape(given.shape) if given else '?'} and a frame "
            f"{shape(space)}: give one number a point, 0 where there is none"
        )
    if field.dtype.kind != "f" or field.shape[0] == 0:
        return None
    few = [np.asarray(field[k]) for k in sorted({0, field.shape[0] // 2, field.shape[0] - 1})]
    never = np.logical_and.reduce([np.isnan(f) for f in few])
    if not never.any() or never.all():
        return None
    masked = count(int(np.count_nonzero(never)), "point")
    notes.append(f"{masked} of {never.size:,} without a value masked")
    return ~never


def _space(contents: Contents, name: str, space: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return the coordinates of the points that a file has under their usual names."""
    dims = contents.variables[name].dims
    found = {}
    for key, v in contents.variables.items():
        last = key.rpartition("/")[2]
        usual = key in dims or last in COORDINATES or key.startswith("space/")
        if usual and v.real and v.flat and max(v.shape) in space and key != name:
            found[last] = np.asarray(v.load()[...]).ravel()
    return found
