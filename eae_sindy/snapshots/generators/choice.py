"""The systems whose truth is known, by their settings."""

from collections.abc import Callable, Mapping
from typing import Any

from ...recipes import PLANTED, Planted
from ..snapshots import Snapshots
from .delay_oscillator import delay_oscillator
from .lorenz import cubic_lorenz, lorenz
from .pendulum_film import pendulum_film
from .pure_noise import pure_noise
from .rotations import hopf, short_cycles, van_der_pol
from .torus import torus
from .travelling_wave import travelling_wave

_MAKERS: Mapping[str, Callable[[Any], Snapshots]] = {
    "delay-oscillator": delay_oscillator,
    "pendulum-film": pendulum_film,
    "lorenz": lorenz,
    "lorenz-cubic": cubic_lorenz,
    "short-cycles": short_cycles,
    "torus": torus,
    "van-der-pol": van_der_pol,
    "travelling-wave": travelling_wave,
    "noise": pure_noise,
    "hopf": hopf,
}


def make(settings: Planted) -> Snapshots:
    """Return the snapshots of a system by its settings, a class of `recipes.PLANTED`."""
    return _MAKERS[next(k for k, kind in PLANTED.items() if kind is type(settings))](settings)
