"""Frames that an ensemble has not seen, in its coordinates."""

from dataclasses import replace

import numpy as np

from ..ensemble.ensemble import Ensemble
from ..errors import EaeSindyError
from ..snapshots import channels, pod
from ..snapshots.preparation import differentiated
from ..snapshots.snapshots import Snapshots
from ..snapshots.split import TEST


def on(ensemble: Ensemble, snapshots: Snapshots) -> Ensemble:
    """Return the ensemble with these snapshots for its frames: all that it can do, on new data.

    Rates that are not given are differentiated as those of the fit were; they are NaN in
    trajectories of fewer than five frames. Every frame counts as one of the test.

    Raises
    ------
    EaeSindyError
        If the snapshots have another shape, mask or scale of their channels, or hold NaN.
    """
    if snapshots.shape != ensemble.shape:
        raise EaeSindyError(
            f"a new frame has shape {snapshots.shape}, those of the ensemble {ensemble.shape}: "
            "bring the new ones to the same points"
        )
    ours, theirs = (np.ones(e.shape, bool) if e.mask is None else e.mask
                    for e in (ensemble, snapshots))  # fmt: skip
    if not np.array_equal(ours, theirs):
        raise EaeSindyError(
            f"the new frames have {theirs.sum()} points in their mask, the ensemble {ours.sum()}, "
            "not the same: give the new ones the /mask of the ensemble's data"
        )
    channels.check(snapshots.attributes, ensemble.attributes)
    parts = np.full(len(snapshots), TEST, np.int8)
    frames = pod.project(snapshots, ensemble.pod, parts, need_rates=False)
    if snapshots.rate is None:
        frames = differentiated(frames, ensemble.settings.differentiate)
    return replace(ensemble, frames=frames)
