"""A snapshots file of snapshots that came from elsewhere, every frame of it checked."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...progress import Steps
from .. import checks, differentiation
from ..snapshots import Snapshots


def write(data: Snapshots, path: str | Path, *, force: bool = False) -> Steps[int | None]:
    """Write a snapshots file; return the first frame that repeats the one before it, if any does.

    Memory does not grow with the number of frames. Run it with `progress.finish`, or step by step.

    Parameters
    ----------
    data : Snapshots
        What is written, in the precision that it has.
    path : path
        The file to be.
    force : bool
        Whether the file may exist already.

    Raises
    ------
    EaeSindyError
        If the file cannot be written, a frame holds what `fit` would refuse, or rates are not given
        and a trajectory is too short to differentiate. Then nothing is written.
    """
    if data.rate is None:
        differentiation.check(data.trajectory)
    repeats: list[int] = []
    yield from data.writing(path, _blocks(data, repeats), force=force)
    return repeats[0] if repeats else None


def _blocks(data: Snapshots, repeats: list[int]) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yield blocks of field and rate; note the first frame that repeats the one before it."""
    last = None
    for start, stop in data.bounds():
        field = np.asarray(data.field[start:stop])
        rate = None if data.rate is None else np.asarray(data.rate[start:stop])
        for which, block in (("field", field), ("rate", rate)):
            if block is not None:
                checks.finite(data.flat(block), which, start)
        if not repeats:
            rows = data.flat(field)
            seen = rows if last is None else np.concatenate([last, rows])
            same = (seen[1:] == seen[:-1]).all(axis=1)
            first = start if last is None else start - 1
            again = first + 1 + np.flatnonzero(same)
            again = again[data.trajectory[again] == data.trajectory[again - 1]]
            repeats += again[:1].tolist()
            last = rows[-1:]
        yield field, rate
