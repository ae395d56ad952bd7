"""A pendulum on film."""

import numpy as np
from scipy.special import ellipk

from ...recipes import PendulumFilm
from ..snapshots import Snapshots
from . import runs

HALF = 1.5  # of the side of the picture


def pendulum_film(settings: PendulumFilm = PendulumFilm()) -> Snapshots:  # noqa: B008
    """Return grey images [n, grid, grid] of the bob, and their exact rates by the chain rule.

    The bob is a Gaussian about (sin θ, −cos θ). A frame shows the angle and not its rate. Periods
    are 4 K(sin²(θ₀/2))/frequency; one for each trajectory stands in the attributes.
    """
    s = settings

    def flow(z: np.ndarray) -> np.ndarray:
        return np.stack([z[1], -(s.frequency**2) * np.sin(z[0])])

    time = runs.times(s)
    z, _ = runs.integrate(flow, [(start, 0.0) for start in s.starts], time)
    angle, speed = z[..., 0, None, None], z[..., 1, None, None]
    axis = np.linspace(-HALF, HALF, s.grid)
    x, y = axis - np.sin(angle), axis[:, None] + np.cos(angle)
    field = np.exp(-(x**2 + y**2) / (2 * s.bob**2))
    rate = field * (x * np.cos(angle) + y * np.sin(angle)) * speed / s.bob**2
    periods = 4 * ellipk(np.sin(np.array(s.starts) / 2) ** 2) / s.frequency
    truth = {"kind": "conservative oscillation", "periods": periods}
    return runs.snapshots(s, time, field, rate, truth, {"x": axis, "y": axis})
