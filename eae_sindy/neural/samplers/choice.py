"""The samplers by name, and their settings from those of a fit."""

from collections.abc import Callable, Mapping
from typing import Any

from ...recipes import Fit
from . import langevin, nose_hoover
from .langevin import Langevin
from .nose_hoover import NoseHoover
from .thermostat import Sampler, Thermostat


def _nose_hoover(fit: Fit, hidden: int, shared: Mapping[str, Any]) -> NoseHoover:
    return NoseHoover(
        **shared, hidden=hidden, resample_every=fit.resample_every, chain_length=fit.chain_length
    )


def _langevin(fit: Fit, hidden: int, shared: Mapping[str, Any]) -> Langevin:
    return Langevin(**shared)


# By the names of `recipes.SAMPLERS`: what makes the settings, and the functions that take them.
SAMPLERS: Mapping[str, tuple[Callable[..., Thermostat], Sampler]] = {
    "nose-hoover": (_nose_hoover, nose_hoover.SAMPLER),
    "langevin": (_langevin, langevin.SAMPLER),
}


def choose(fit: Fit, hidden: int = 0) -> tuple[Thermostat, Sampler]:
    """Return the settings of the sampler that a fit asks for, and the sampler.

    Parameters
    ----------
    fit : recipes.Fit
        Its `thermostat_time` is in steps; a mass is for a layer, and so for its kernel and bias.
    hidden : int
        Weights of the encoder outside the span of the data, which are not there as tensors.
    """
    layers = fit.mass if len(fit.mass) > 1 else fit.mass * (len(fit.hidden) + 1)
    shared = {
        "mass": tuple(m for m in layers for _ in ("kernel", "bias")),
        "step": fit.step,
        "time_constant": fit.thermostat_time * fit.step,
    }
    settings, sampler = SAMPLERS[fit.sampler]
    return settings(fit, hidden, shared), sampler
