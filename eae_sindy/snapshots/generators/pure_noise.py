"""Nothing but noise."""

import numpy as np

from ...recipes import PureNoise
from ..snapshots import Snapshots
from . import runs


def pure_noise(settings: PureNoise = PureNoise()) -> Snapshots:  # noqa: B008
    """Return independent standard normal numbers; there are no rates to know."""
    s = settings
    time = runs.times(s)
    rng = np.random.default_rng([s.seed, 0])
    field = rng.standard_normal((1, len(time), s.points))
    return runs.snapshots(s, time, field, None, {"kind": "noise"})
