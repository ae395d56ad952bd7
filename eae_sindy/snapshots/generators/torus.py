"""Two rotations at once, lifted."""

import numpy as np

from ...recipes import Torus
from ..snapshots import Snapshots
from . import runs
from .lift import lift


def torus(settings: Torus = Torus()) -> Snapshots:  # noqa: B008
    """Return one trajectory on a torus, lifted into `points`, and its exact rates."""
    s = settings
    time = runs.times(s)
    phases = np.random.default_rng([s.seed, 0]).uniform(0, 2 * np.pi, 2)
    z, rate = [], []
    for frequency, size, phase in zip((s.first, s.second), (1.0, s.share), phases, strict=True):
        turn = size * np.exp(1j * (frequency * time + phase))
        z += [turn.real, turn.imag]
        rate += [-frequency * turn.imag, frequency * turn.real]
    field, slope = lift(np.stack(z, axis=1), np.stack(rate, axis=1), s.points)
    truth = {"kind": "quasi-periodic", "frequencies": (s.first, s.second)}
    return runs.snapshots(s, time, field[None], slope[None], truth)
