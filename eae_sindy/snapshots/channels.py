"""Channels with units of their own: each is measured by how much it fluctuates."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .. import hdf5
from ..errors import EaeSindyError
from .arrays import divided
from .snapshots import Snapshots

AXIS, NAMES, SCALE = "channel_axis", "channel_names", "channel_scale"  # attributes of a file
CARRIED = (AXIS, NAMES, SCALE)  # from snapshots to what is made of them
OWN, NONE = "own", "none"


def measured(snapshots: Snapshots, wanted: str | Path) -> Snapshots:
    """Return snapshots whose channels are divided by their scales, if that is not done already.

    Parameters
    ----------
    snapshots : Snapshots
        What has no attribute `channel_axis` is returned as it is.
    wanted : str or path
        See `scales`.
    """
    own = snapshots.attributes
    if AXIS not in own or SCALE in own:
        return snapshots
    axis = int(own[AXIS]) % len(snapshots.shape)
    count = snapshots.shape[axis]
    names = _names(own) or [str(c) for c in range(count)]
    if len(names) != count:
        raise EaeSindyError(
            f"there are {len(names)} channel_names and {count} channels on axis {axis} of a frame: "
            "name each channel once, or another --channel-axis"
        )
    found = scales(snapshots, names, wanted)
    if found is None:
        return snapshots
    return replace(
        snapshots,
        field=divided(snapshots.field, found, axis + 1),
        rate=None if snapshots.rate is None else divided(snapshots.rate, found, axis + 1),
        attributes={**own, NAMES: names, SCALE: found},
    )


def scales(snapshots: Snapshots, names: Sequence[str], wanted: str | Path) -> np.ndarray | None:
    """Return what each channel is to be divided by, [c]; None for nothing.

    Parameters
    ----------
    snapshots : Snapshots
        With an axis of c channels, in the units of their file.
    names : sequence of c str
    wanted : str or path
        "own" for the channels' root mean square fluctuation, "none" for nothing, or a file of
        snapshots or of an ensemble, whose scales are taken: new frames must be measured as those of
        a fit were.

    Raises
    ------
    EaeSindyError
        If that file has no scales, or those of other channels.
    """
    if wanted == NONE:
        return None
    if wanted == OWN:
        return fluctuation(snapshots)
    other = _attributes(Path(wanted))
    known = _names(other)
    if known != list(names) or SCALE not in other:
        said = f"the channels {', '.join(known)}" if known else "no channels"
        raise EaeSindyError(
            f"{wanted} has {said}, these are {', '.join(names)}: name a file of the same ones with "
            "--scale, or use own"
        )
    return np.asarray(other[SCALE], float)


def _names(attributes: Mapping[str, Any]) -> list[str]:
    return [str(n) for n in attributes.get(NAMES, ())]


def _attributes(path: Path) -> Mapping[str, Any]:
    """Return the attributes of a file of snapshots or of an ensemble."""
    try:
        with h5py.File(path, "r") as file:
            return dict(file.attrs)
    except hdf5.FAILURES as error:
        raise EaeSindyError(
            f"{path} is no file of snapshots or of an ensemble ({hdf5.one_line(error)}): name "
            "another with --scale, or use own"
        ) from error


def check(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """Check that new frames have their channels in the units of those of an ensemble.

    Parameters
    ----------
    ours, theirs : mapping
        Attributes of the new snapshots, and of the ensemble.

    Raises
    ------
    EaeSindyError
        If channels have other names, or were divided by other numbers.
    """
    if _names(ours) and _names(theirs) and _names(ours) != _names(theirs):
        raise EaeSindyError(
            f"the new frames have the channels {', '.join(_names(ours))}, those of the ensemble "
            f"{', '.join(_names(theirs))}: import the same ones, in the same order"
        )
    mine, its = (np.ravel(a.get(SCALE, 1.0)) for a in (ours, theirs))
    if (mine.size not in (1, its.size) and its.size != 1) or not np.allclose(mine, its):
        raise EaeSindyError(
            "the channels of the new frames were divided by other scales than those of the "
            "ensemble: import the new ones with --scale and the name of the ensemble's file"
        )


def fluctuation(snapshots: Snapshots) -> np.ndarray:
    """Return the root mean square of each channel about its mean frame, [c]; 1 if it never changes.

    Reads all frames once, a block at a time.
    """
    axis = int(snapshots.attributes.get(AXIS, 0)) % len(snapshots.shape)
    count = snapshots.shape[axis]
    channel = np.indices(snapshots.shape)[axis].ravel()
    if snapshots.mask is not None:
        channel = channel[snapshots.mask.ravel()]
    first = snapshots.rows("field", 0, 1)[0].astype(float)
    total, square = np.zeros_like(first), np.zeros_like(first)
    for _, rows in snapshots.blocks("field"):
        away = rows - first  # of the first frame: squares of large means would lose digits
        total += away.sum(axis=0)
        square += np.einsum("ij,ij->j", away, away)
    variance = np.maximum(square / len(snapshots) - (total / len(snapshots)) ** 2, 0)
    points = np.bincount(channel, minlength=count)
    found = np.sqrt(np.bincount(channel, variance, count) / np.maximum(points, 1))
    least = 1e-7 * np.sqrt(np.bincount(channel, first**2, count) / np.maximum(points, 1))
    return np.where(found > least, found, 1.0)


def restored(frames: np.ndarray, attributes: Mapping[str, Any]) -> np.ndarray:
    """Return frames [n, c, *space], or rates, in the units that their channels came in.

    Parameters
    ----------
    frames : array [n, c, *space]
        As a snapshots file has them, or a forecast.
    attributes : mapping
        Those of the snapshots.
    """
    if SCALE not in attributes:
        return frames
    axis = int(attributes[AXIS]) % (frames.ndim - 1)
    over = np.asarray(attributes[SCALE], float)
    return frames * over.reshape(-1, *(1,) * (frames.ndim - 2 - axis))
