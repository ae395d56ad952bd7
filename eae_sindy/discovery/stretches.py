"""Which frames before the test window enter a fit of equations, and which judge it."""

import numpy as np

from ..recipes import Criteria
from ..snapshots.frames import Frames
from ..snapshots.split import TEST, TRAIN

FEW = 50  # frames before the test window: too few to spare some


def stretches(f: Frames, criteria: Criteria) -> list[np.ndarray]:
    """Return rows of contiguous frames before the test window, in time; none if there are few."""
    run = f.test_run()
    mine = (f.trajectory == f.trajectory[run[0]]) & (f.split != TEST) & (f.time < f.time[run[0]])
    if not mine.any():  # the test window is a trajectory of its own
        first = f.trajectory[f.where(TRAIN)[0]] if len(f.where(TRAIN)) else None
        mine = (f.trajectory == first) & (f.split != TEST)
    rows = np.flatnonzero(mine)
    if len(rows) < FEW:
        return []
    start, end = f.time[rows[0]], f.time[rows[-1]]
    length = min(np.ptp(f.time[run]), criteria.longest_stretch * (end - start))
    ends = [start + s * (end - start) for s in criteria.stretch_ends]
    found = (rows[(f.time[rows] >= e - length) & (f.time[rows] <= e)] for e in ends)
    return [stretch for stretch in found if len(stretch) >= criteria.shortest_stretch]


def training(f: Frames, criteria: Criteria) -> dict[str, np.ndarray]:
    """Return the training frames by the names of candidates: "train" is all, "late" a part."""
    rows = f.where(TRAIN)
    middle = f.time[rows].min() + criteria.late * np.ptp(f.time[rows])
    return {"train": rows, "late": rows[f.time[rows] >= middle]}
