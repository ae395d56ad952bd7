"""Which frames are trained on, validated on, and tested on."""

import numpy as np

from ..errors import EaeSindyError
from .snapshots import Snapshots

# The values of a split, as stored.
UNUSED, TRAIN, VALIDATION, TEST = 0, 1, 2, 3


def split(
    snapshots: Snapshots, *, train: float, validation: float, test: float, seed: int
) -> np.ndarray:
    """Return which part each frame belongs to: an array [n] of UNUSED, TRAIN, VALIDATION, TEST.

    As A.5.1, in fractions: the last `test` of the time of a single trajectory is the test window;
    of what comes before, fractions `train` and `validation` are drawn at random. Of several
    trajectories the last ones are the test set as a whole, at least one.

    Raises `EaeSindyError` if a part would be empty.
    """
    time, trajectory = snapshots.time, snapshots.trajectory
    labels = list(dict.fromkeys(trajectory.tolist()))
    if len(labels) == 1:
        start = time[-1] - test * (time[-1] - time[0])
        tested = time >= start - 1e-9 * (time[-1] - time[0])
    else:
        held = min(len(labels) - 1, max(1, round(test * len(labels))))
        tested = np.isin(trajectory, labels[-held:])
    parts = np.full(len(time), UNUSED, np.int8)
    parts[tested] = TEST
    before = np.flatnonzero(~tested)
    n_train, n_validation = round(train * len(before)), round(validation * len(before))
    n_validation = min(n_validation, len(before) - n_train)
    if n_train < 2 or (validation > 0 and n_validation < 1) or np.count_nonzero(tested) < 2:
        raise EaeSindyError(
            f"{len(time)} frames are too few for the split ({n_train} to train on, "
            f"{n_validation} to validate, {np.count_nonzero(tested)} to test): "
            "give more frames, or larger fractions"
        )
    drawn = np.random.default_rng(seed).permutation(before)
    parts[drawn[:n_train]] = TRAIN
    parts[drawn[n_train : n_train + n_validation]] = VALIDATION
    return parts
