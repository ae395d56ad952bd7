"""The samplers by name."""

from typing import Any

from ...recipes import Fit
from ...snapshots.pod import Pod
from .langevin import Langevin
from .nose_hoover import NoseHoover
from .thermostat import Thermostat


def _thermostat(s: Fit, pod: Pod) -> Thermostat:
    layers = s.mass if len(s.mass) > 1 else s.mass * (len(s.hidden) + 1)
    masses = tuple(m for m in layers for _ in ("kernel", "bias"))
    tau = s.thermostat_time * s.step
    if s.sampler == "langevin":
        return Langevin(s.temperature, masses, s.step, tau)
    return NoseHoover(
        s.temperature,
        masses,
        s.step,
        tau,
        s.resample_every,
        hidden=0 if s.full_space else (pod.size - pod.rank) * s.hidden[0],
        chain_length=s.chain_length,
    )


def kernel(settings: Thermostat) -> Any:
    """Return the module whose `init`, `step` and `invariant` take these settings."""
    from . import langevin, nose_hoover
    from .langevin import Langevin
    from .nose_hoover import NoseHoover

    return {NoseHoover: nose_hoover, Langevin: langevin}[type(settings)]
