"""Which frames are trained on, validated on, and tested on."""

import numpy as np

from ..errors import EaeSindyError
from ..recipes import Fit
from .snapshots import Snapshots

# The values of a split, as stored.
UNUSED, TRAIN, VALIDATION, TEST = 0, 1, 2, 3


def split(
    snapshots: Snapshots,
    *,
    train: float,
    validation: float,
    test: float,
    seed: int,
    test_time: float = 0.0,
    test_trajectories: str = "",
) -> np.ndarray:
    """Return which part each frame belongs to: an array [n] of UNUSED, TRAIN, VALIDATION, TEST.

    As A.5.1, in fractions: the last `test` of the time of a single trajectory is the test window;
    of what comes before, fractions `train` and `validation` are drawn at random. Of several
    trajectories the last ones are the test set as a whole, at least one.

    Parameters
    ----------
    test_time : float
        Time at the end of every trajectory that is tested, instead of that fraction; 0 for none.
    test_trajectories : str
        Numbers of the trajectories that are tested as a whole, between commas, instead of the last.

    Raises
    ------
    EaeSindyError
        If a part would be empty, or a trajectory is named that is not there.
    """
    time, trajectory = snapshots.time, snapshots.trajectory
    tested = np.zeros(len(time), bool)
    if test_trajectories:
        tested |= np.isin(trajectory, _named(test_trajectories, trajectory))
    if test_time > 0:
        for label in np.unique(trajectory):
            own = trajectory == label
            tested |= own & _last(time, time[own], test_time)
    if not test_trajectories and not test_time > 0:
        labels = list(dict.fromkeys(trajectory.tolist()))
        if len(labels) == 1:
            tested = _last(time, time, test * (time[-1] - time[0]))
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


def of_fit(snapshots: Snapshots, settings: Fit) -> np.ndarray:
    """Return the split that a fit of these settings makes."""
    s = settings
    return split(
        snapshots,
        train=s.train,
        validation=s.validation,
        test=s.test,
        seed=s.seed,
        test_time=s.test_time,
        test_trajectories=s.test_trajectories,
    )


def _last(time: np.ndarray, own: np.ndarray, length: float) -> np.ndarray:
    """Say which times [n] are among the last `length` of a trajectory with the times `own`."""
    return time >= own[-1] - length - 1e-9 * (own[-1] - own[0])


def _named(text: str, trajectory: np.ndarray) -> list[int]:
    """Return the numbers between commas. Raises `EaeSindyError` for others than are there."""
    there = np.unique(trajectory).tolist()
    try:
        named = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise EaeSindyError(
            f"--test-trajectories {text!r} is no list of whole numbers: write them as 3,7"
        ) from error
    missing = [str(label) for label in named if label not in there]
    if missing:
        ends = f"{there[0]} to {there[-1]}" if len(there) > 1 else f"{there[0]} alone"
        raise EaeSindyError(
            f"there is no trajectory {', '.join(missing)} to test on: the file has {ends}"
        )
    return named


def counts(parts: np.ndarray) -> dict[str, int]:
    """Count the frames [n] that are trained on, validated on and tested on."""
    named = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
    return {name: int(np.count_nonzero(parts == part)) for name, part in named.items()}
