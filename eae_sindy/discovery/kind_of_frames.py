"""What kind of dynamics the frames of a fit show, before anything is fitted."""

import numpy as np

from ..dynamics.kind import Kind
from ..dynamics.kinds import tell
from ..recipes import KIND_CRITERIA, KindCriteria
from ..snapshots.frames import Frames
from ..snapshots.split import TEST

LEADING = 6  # POD coefficients that are looked at


def of_frames(
    frames: Frames, leading: int = LEADING, criteria: KindCriteria = KIND_CRITERIA
) -> Kind:
    """Tell what kind of dynamics the frames show that are not tested on.

    Those that a fit leaves aside are looked at, too. Frames whose field is not known are left out.

    Parameters
    ----------
    frames : Frames
    leading : int
        How many POD coefficients are looked at, from the first.
    criteria : KindCriteria
    """
    whole, _, _ = frames.mended()
    rows = np.flatnonzero(whole.split != TEST)
    return tell(
        whole.time[rows], whole.trajectory[rows], whole.coordinates[rows, :leading], criteria
    )
