"""Oscillations in the plane: the Hopf normal form, short pieces of its cycle, Van der Pol's."""

import numpy as np

from ...recipes import Hopf, ShortCycles, VanDerPol
from ..snapshots import Snapshots
from . import runs
from .lift import lift


def _lifted(
    settings: Hopf | ShortCycles | VanDerPol, flow: runs.Flow, starts: list, truth: dict
) -> Snapshots:
    """Integrate a plane flow and lift it."""
    time = runs.times(settings)
    z, rate = runs.integrate(flow, starts, time)
    field, slope = lift(z.reshape(-1, 2), rate.reshape(-1, 2), settings.points)
    shape = (*z.shape[:2], settings.points)
    return runs.snapshots(settings, time, field.reshape(shape), slope.reshape(shape), truth)


def _normal_form(growth: float, frequency: float, shear: float) -> runs.Flow:
    """Return ẇ = (growth + i frequency) w − (growth + i shear)|w|²w in real numbers."""

    def flow(z: np.ndarray) -> np.ndarray:
        square = z[0] ** 2 + z[1] ** 2
        g, f = growth * (1 - square), frequency - shear * square
        return np.stack([g * z[0] - f * z[1], f * z[0] + g * z[1]])

    return flow


def hopf(settings: Hopf = Hopf()) -> Snapshots:  # noqa: B008
    """Return one trajectory from near rest to the cycle |w| = 1, and its exact rates."""
    s = settings
    truth = {"kind": "transient to a cycle", "period": 2 * np.pi / abs(s.frequency - s.shear)}
    flow = _normal_form(s.growth, s.frequency, s.shear)
    return _lifted(s, flow, [(s.start, 0.0)], truth)


def short_cycles(settings: ShortCycles = ShortCycles()) -> Snapshots:  # noqa: B008
    """Return short sequences that begin inside and outside the cycle, and their exact rates."""
    s = settings
    rng = np.random.default_rng([s.seed, 0])
    size = rng.uniform(s.inner, s.outer, s.trajectories)
    phase = rng.uniform(0, 2 * np.pi, s.trajectories)
    starts = np.stack([size * np.cos(phase), size * np.sin(phase)], axis=1).tolist()
    truth = {"kind": "transient to a cycle", "period": 2 * np.pi / s.frequency}
    return _lifted(s, _normal_form(s.growth, s.frequency, 0.0), starts, truth)


def van_der_pol(settings: VanDerPol = VanDerPol()) -> Snapshots:  # noqa: B008
    """Return trajectories from inside and outside the cycle, and their exact rates.

    The lift sees x/2 and y/(2 mu), of the size of one. For mu = 3 the period is 8.8591.
    """
    s = settings
    unit = 2 * max(s.mu, 1.0)

    def flow(z: np.ndarray) -> np.ndarray:
        x, y = 2 * z[0], unit * z[1]
        return np.stack([y / 2, (s.mu * (1 - x**2) * y - x) / unit])

    return _lifted(s, flow, [(x / 2, 0.0) for x in s.starts], {"kind": "limit cycle"})
