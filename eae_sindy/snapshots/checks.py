"""What makes numbers snapshots: each check returns what it was given, or says what is wrong."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import EaeSindyError

# Networks work in single precision, which holds 3e38: the mean square of a field, too, must fit.
LARGEST = 1e15


# By NumPy's letters.
KINDS = {
    "b": "true and false",
    "c": "complex numbers",
    "m": "spans of time",
    "M": "dates",
    "O": "text or objects",
    "S": "text",
    "U": "text",
    "V": "records",
}


def _real(values: Any, name: str) -> Any:
    """Return an array of real numbers of at most 64 bits."""
    kind = values.dtype
    if kind.kind not in "fiu" or kind.itemsize > 8:
        raise EaeSindyError(
            f"the {name} holds {KINDS.get(kind.kind, f'numbers of type {kind}')}: "
            "store real numbers of at most 64 bits"
        )
    return values


def frames(values: Any, name: str) -> Any:
    """Check fields [n, *space]: real numbers, at least one frame, at least one point."""
    values = values if hasattr(values, "shape") and hasattr(values, "dtype") else np.asarray(values)
    _real(values, name)
    if len(values.shape) < 2:
        raise EaeSindyError(f"the {name} must have shape [frames, *space]: one row a snapshot")
    if values.shape[0] == 0:
        raise EaeSindyError("there are no frames: give at least one")
    if 0 in values.shape:
        raise EaeSindyError(
            f"the {name} has shape {values.shape}: a frame needs at least one point"
        )
    return values


def times(values: Any) -> np.ndarray:
    """Check times [n]: real and finite; return them as float64."""
    time = np.asarray(_real(np.asarray(values), "time"), float)
    with np.errstate(over="ignore", invalid="ignore"):
        if not (np.isfinite(time).all() and np.isfinite(np.ptp(time) if time.size else 0)):
            raise EaeSindyError("a time is not a finite number: mend /time")
    return time


def labels(values: Any) -> np.ndarray:
    """Check trajectory numbers [n]: whole numbers, of whatever type; return them as int."""
    found = np.asarray(values)
    if found.dtype.kind in "SUO":
        raise EaeSindyError("the trajectory numbers are text: number the trajectories 0, 1, …")
    _real(found, "trajectory")
    with np.errstate(invalid="ignore"):
        whole = found.astype(np.int64)
    if not np.array_equal(whole.astype(found.dtype), found) or np.any((whole < 0) != (found < 0)):
        raise EaeSindyError("a trajectory number is not whole: number the trajectories 0, 1, …")
    return whole


def mask(values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Check a mask [*space]: true and false, or 1 and 0, true somewhere; return it as bool."""
    found = np.asarray(values)
    if found.dtype.kind not in "biuf" or not np.isin(found, (0, 1)).all():
        raise EaeSindyError("the mask holds other than true and false: give 1 where a point counts")
    if found.shape != shape:
        raise EaeSindyError(f"the mask has shape {found.shape}, a frame {shape}: they must agree")
    if not found.any():
        raise EaeSindyError("the mask leaves no point: set True where the field is to be used")
    return found.astype(bool)


def order(time: np.ndarray, trajectory: np.ndarray) -> None:
    """Check that times increase along every trajectory, and that its frames stand together."""
    same = np.diff(trajectory) == 0
    late = np.flatnonzero(same & (np.diff(time) <= 0))
    if late.size and time[late[0]] == time[late[0] + 1]:
        raise EaeSindyError(
            f"frames {late[0]} and {late[0] + 1} have the same time, {time[late[0]]:g}: keep one "
            "of them, or give trajectory numbers"
        )
    if late.size:
        raise EaeSindyError(
            f"time does not increase from frame {late[0]} to {late[0] + 1}: "
            "sort the frames, or give trajectory numbers"
        )
    if np.count_nonzero(~same) + 1 != np.unique(trajectory).size:
        raise EaeSindyError(
            "the frames of a trajectory are not in one piece: sort them by trajectory"
        )


def attributes(values: Mapping[str, Any], axes: int) -> None:
    """Check the attributes that mean something here: `channel_axis` and `system`."""
    axis = values.get("channel_axis")
    if axis is not None and not (
        isinstance(axis, int | np.integer) and not isinstance(axis, bool) and -axes <= axis < axes
    ):
        raise EaeSindyError(
            f"the attribute channel_axis is {_shown(axis)}: it must be the number of an axis of a "
            f"frame, from 0 to {axes - 1}"
        )
    system = values.get("system")
    if not isinstance(system, str | None):
        raise EaeSindyError(f"the attribute system is {_shown(system)}: it must be text")


def _shown(value: Any) -> str:
    return " ".join(repr(value).split())[:40]


def finite(flat: np.ndarray, which: str, start: int) -> None:
    """Check frames [b, N]: finite, and with squares that single precision holds."""
    if flat.size == 0:
        return
    with np.errstate(invalid="ignore"):
        if flat.min() > -LARGEST and flat.max() < LARGEST:  # false for NaN
            return
    known = np.isfinite(flat)
    if not known.all():
        bad = start + int(np.flatnonzero(~known.all(axis=1))[0])
        raise EaeSindyError(
            f"frame {bad} of the {which} holds NaN or infinity: drop the frame, "
            "or leave its points out with /mask"
        )
    bad = start + int(np.flatnonzero((np.abs(flat.astype(float)) >= LARGEST).any(axis=1))[0])
    raise EaeSindyError(
        f"frame {bad} of the {which} reaches {np.abs(flat[bad - start].astype(float)).max():.2g}, "
        f"and single precision does not hold its square: rescale the field below {LARGEST:g}"
    )


def storable(block: np.ndarray, dtype: Any, name: str, start: int) -> np.ndarray:
    """Return frames as they are stored, none of them infinite; NaN may stand outside a mask."""
    with np.errstate(over="ignore", invalid="ignore"):
        stored = block if dtype is None else block.astype(dtype, copy=False)
    if stored.dtype.kind == "f" and np.isinf(stored).any():
        bad = start + int(np.flatnonzero(np.isinf(stored).reshape(len(stored), -1).any(axis=1))[0])
        raise EaeSindyError(
            f"frame {bad} of the {name} is infinite, or more than {stored.dtype} holds: "
            "rescale it, or store it in double precision"
        )
    return stored
