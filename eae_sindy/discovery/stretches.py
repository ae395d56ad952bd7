"""Which frames before the test window enter a fit of equations, and which judge it."""

from collections.abc import Iterator

import numpy as np

from ..ensemble.members import evenly
from ..recipes import Criteria
from ..snapshots.frames import Frames
from ..snapshots.split import TEST, TRAIN

PIECES = 4  # of a stretch, at most
FEW = 50  # frames of a trajectory before the test window: too few to spare some


def stretches(f: Frames, criteria: Criteria) -> list[np.ndarray]:
    """Return rows of contiguous frames before the test window, in time; none if there are few.

    Of several training trajectories some are taken whole, spread evenly over them; of one or two,
    stretches of each. Each is cut into equal pieces, where `Criteria.longest_piece` asks for it.
    """
    return [piece for stretch in _whole(f, criteria) for piece in _pieces(f, stretch, criteria)]


def _pieces(f: Frames, rows: np.ndarray, criteria: Criteria) -> list[np.ndarray]:
    """Cut a stretch into equal pieces that are short enough, but not of too few frames.

    Of many some are taken, spread evenly.
    """
    if not criteria.longest_piece:
        return [rows]
    wanted = int(np.ceil(np.ptp(f.time[rows]) / criteria.longest_piece))
    cut = np.array_split(rows, max(1, min(wanted, len(rows) // criteria.shortest_stretch)))
    return [cut[i] for i in evenly(np.arange(len(cut)), PIECES)]


def _whole(f: Frames, criteria: Criteria) -> list[np.ndarray]:
    whole = _long(f, criteria)
    if _spared(whole, criteria):
        count = max(1, round(criteria.held_out * len(whole)))
        return [whole[int((k + 0.5) * len(whole) / count)] for k in range(count)]
    run = f.test_run()
    found = []
    for rows in whole:
        if len(rows) < FEW:
            continue
        start, end = f.time[rows[0]], f.time[rows[-1]]
        length = min(np.ptp(f.time[run]), criteria.longest_stretch * (end - start))
        for share in criteria.stretch_ends:
            last = start + share * (end - start)
            stretch = rows[(f.time[rows] >= last - length) & (f.time[rows] <= last)]
            if len(stretch) >= criteria.shortest_stretch:
                found.append(stretch)
    return found


def beginnings(f: Frames, criteria: Criteria) -> list[np.ndarray]:
    """Return the rows with which training trajectories begin, as long as stretches of each are.

    Frames that enter the fit are among them: they tell what is lost off the beaten track, and
    judge nothing else.
    """
    found = []
    for rows in _long(f, criteria):
        length = criteria.longest_stretch * np.ptp(f.time[rows])
        begun = rows[f.time[rows] <= f.time[rows[0]] + length]
        begun = begun if len(begun) >= criteria.shortest_stretch else rows
        found.append(_pieces(f, begun, criteria)[0])
    return found


def average(f: Frames, criteria: Criteria) -> str:
    """Return how errors over the stretches become one: "mean" or "geometric".

    With the criterion "auto", over whole trajectories by their mean. Over stretches of one or two
    it is geometric: a mean of so few would be that of the one stretch with the transient.
    """
    if criteria.average != "auto":
        return criteria.average
    return "mean" if _spared(_long(f, criteria), criteria) else "geometric"


def _long(f: Frames, criteria: Criteria) -> list[np.ndarray]:
    return [rows for rows in _before(f) if len(rows) >= criteria.shortest_stretch]


def _spared(whole: list[np.ndarray], criteria: Criteria) -> bool:
    """Say whether there are so many trajectories that some can be spared to judge by."""
    return len(whole) >= max(2, criteria.enough_trajectories)


def _before(f: Frames) -> Iterator[np.ndarray]:
    """Yield the rows of each trajectory that are not tested, nor come after what is; in time."""
    for label in dict.fromkeys(f.trajectory[f.where(TRAIN)].tolist()):
        own = f.trajectory == label
        tested = own & (f.split == TEST)
        mine = own.copy()
        if tested.any():
            mine &= f.time < f.time[tested].min()
        rows = np.flatnonzero(mine)
        if len(rows):
            yield rows[np.argsort(f.time[rows], kind="stable")]


def training(f: Frames, criteria: Criteria) -> dict[str, np.ndarray]:
    """Return the training frames by the names of candidates.

    "train" is all of them; "late" are those of the later part of each trajectory, "early" the rest.
    """
    rows = f.where(TRAIN)
    late = np.zeros(len(rows), bool)
    for label in np.unique(f.trajectory[rows]):
        own = f.trajectory[rows] == label
        time = f.time[rows[own]]
        late[own] = time >= time.min() + criteria.late * np.ptp(time)
    return {"train": rows, "late": rows[late], "early": rows[~late]}
