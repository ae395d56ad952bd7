"""The Lorenz system, lifted."""

from collections.abc import Callable

import numpy as np

from ...recipes import CubicLorenz, Lorenz
from ..snapshots import Snapshots
from . import runs
from .lift import cubic, lift

UNIT = 10.0  # of the three variables, so that they are of the size of one


def lorenz(settings: Lorenz = Lorenz()) -> Snapshots:  # noqa: B008
    """Return trajectories on the attractor, lifted into `points`, and their exact rates."""
    return _lifted(settings, lift)


def cubic_lorenz(settings: CubicLorenz = CubicLorenz()) -> Snapshots:  # noqa: B008
    """Return the same trajectories as six spatial modes, which hold z and z³; see `lift.cubic`."""
    return _lifted(settings, cubic)


def _lifted(s: Lorenz, by: Callable[..., tuple[np.ndarray, np.ndarray]]) -> Snapshots:
    """Return trajectories lifted by a function of latents, rates and the number of points."""

    def flow(z: np.ndarray) -> np.ndarray:
        x, y, w = z
        return np.stack([s.sigma * (y - x), x * (s.rho - w) - y, x * y - s.beta * w])

    rng = np.random.default_rng([s.seed, 0])
    middle = np.array([0, 0, s.rho - 1])
    starts = middle + 8 * rng.normal(size=(s.trajectories, 3))
    time = runs.times(s)
    z, rate = runs.integrate(flow, starts.tolist(), time, s.settle)
    field, slope = by(((z - middle) / UNIT).reshape(-1, 3), rate.reshape(-1, 3) / UNIT, s.points)
    shape = (*z.shape[:2], s.points)
    return runs.snapshots(s, time, field.reshape(shape), slope.reshape(shape), {"kind": "chaotic"})
