"""A decaying oscillation whose frequency and damping depend on its amplitude, in delays."""

import numpy as np

from ...recipes import DelayOscillator
from ..snapshots import Snapshots
from . import runs


def delay_oscillator(settings: DelayOscillator = DelayOscillator()) -> Snapshots:  # noqa: B008
    """Return the oscillation s = r cos φ, frames [s(t), s(t + delay), …] and their exact rates.

    Both equations are solved in closed form: with q = 1 − exp(−2γt) and damping γ + κr²,
    r² = γ r₀² (1 − q)/(γ + κ r₀² q) and ∫r² dt = log(1 + κ r₀² q/γ)/2κ. Noise is that of the
    observable, so that it is the same in all delays. The truth is `damping_at` and `frequency_at`
    of the settings.
    """
    s = settings
    time = runs.times(s)
    rng = np.random.default_rng([s.seed, 0])
    phases = rng.uniform(0, 2 * np.pi, len(s.starts))
    # Delays are no multiples of the step in general: the noise of the observable is drawn on both.
    shifts = s.delay * np.arange(s.delays)
    seen = np.unique(np.round(np.add.outer(time, shifts), 9))
    place = np.searchsorted(seen, np.round(np.add.outer(time, shifts), 9))
    field, rate = [], []
    for start, phase in zip(s.starts, phases, strict=True):
        q = -np.expm1(-2 * s.damping * seen)
        bend = s.damping_curve * start**2
        r = start * np.sqrt(s.damping * (1 - q) / (s.damping + bend * q))
        square = np.log1p(bend * q / s.damping) / (2 * s.damping_curve)
        angle = phase + s.frequency * seen + s.frequency_curve * square
        observed = r * np.cos(angle)
        slope = -s.damping_at(r) * observed - s.frequency_at(r) * r * np.sin(angle)
        field.append(runs.noisy(observed, s.noise, rng)[place])
        rate.append(runs.noisy(slope, s.noise, rng)[place])
    truth = {"kind": "decay to a fixed point"}
    return runs.snapshots(s, time, np.stack(field), np.stack(rate), truth, clean=False)
