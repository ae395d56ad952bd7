"""A pulse that goes round."""

import numpy as np

from ...recipes import TravellingWave
from ..snapshots import Snapshots
from . import runs


def travelling_wave(settings: TravellingWave = TravellingWave()) -> Snapshots:  # noqa: B008
    """Return a localised pulse that moves round a periodic domain, and its exact rates.

    Nothing in the data says whether the motion attracts: it has one size from beginning to end.
    """
    s = settings
    time = runs.times(s)
    x = 2 * np.pi * np.arange(s.points) / s.points
    angle = x - s.speed * time[:, None]
    field = np.exp((np.cos(angle) - 1) / s.width**2)
    rate = field * s.speed * np.sin(angle) / s.width**2
    truth = {"kind": "limit cycle or conservative", "period": 2 * np.pi / s.speed}
    return runs.snapshots(s, time, field[None], rate[None], truth, {"x": x})
