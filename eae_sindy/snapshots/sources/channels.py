"""Channels with units of their own: each is measured by how much it fluctuates."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import EaeSindyError
from ..snapshots import Snapshots

NAMES, SCALE = "channel_names", "channel_scale"  # attributes of a snapshots file
OWN, NONE = "own", "none"


def scales(snapshots: Snapshots, names: Sequence[str], wanted: str | Path) -> np.ndarray | None:
    """Return what each channel is to be divided by, [c]; None for nothing.

    Parameters
    ----------
    snapshots : Snapshots
        Fields [n, c, *space], in the units of their file.
    names : sequence of c str
    wanted : str or path
        "own" for the channels' root mean square fluctuation, "none" for nothing, or a snapshots
        file, whose scales are taken: new frames must be measured as those of a fit were.

    Raises
    ------
    EaeSindyError
        If that file has no scales, or those of other channels.
    """
    if wanted == NONE:
        return None
    if wanted == OWN:
        return fluctuation(snapshots)
    with Snapshots.open(wanted) as other:
        known = [str(n) for n in other.attributes.get(NAMES, ())]
        if known != list(names) or SCALE not in other.attributes:
            said = f"the channels {', '.join(known)}" if known else "no channels"
            raise EaeSindyError(
                f"{wanted} has {said}, these are {', '.join(names)}: name a file of the same ones "
                "with --scale, or use own"
            )
        return np.asarray(other.attributes[SCALE], float)


def fluctuation(snapshots: Snapshots) -> np.ndarray:
    """Return the root mean square of each channel about its mean frame, [c]; 1 if it never changes.

    Reads all frames once, a block at a time.
    """
    count, *space = snapshots.shape
    channel = np.repeat(np.arange(count), int(np.prod(space)))
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
    axis = int(attributes["channel_axis"]) % (frames.ndim - 1)
    over = np.asarray(attributes[SCALE], float)
    return frames * over.reshape(-1, *(1,) * (frames.ndim - 2 - axis))
