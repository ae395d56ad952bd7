"""Samplers that go astray, and why."""

import numpy as np

from ...errors import EaeSindyError
from ...recipes import Fit
from ..samplers.thermostat import State
from .compiled import Loop

LOST = 10.0  # times the loss of predicting nothing: a sampler there has diverged
LONG = 0.5  # of the largest stable step: a longer one is to blame


class DivergedError(EaeSindyError):
    """A chain left what can be integrated."""


def diverged(
    loop: Loop,
    settings: Fit,
    where: str,
    before: State,
    loss: float,
    stable: float,
    limit: float,
) -> DivergedError:
    """Return the error that says where a chain was lost, why, and what to change.

    Parameters
    ----------
    where : str
        The stage and the step.
    before : State
        The last one that is known to be sound.
    loss : float
        There.
    stable : float
        The largest stable step there; not finite if it cannot be measured.
    limit : float
        The loss beyond which a chain counts as lost.
    """
    step = loop.thermostat.step
    both = f"the largest stable --step is about {stable:.2g}, --step is {step:.2g}"
    if not loss < limit and int(before.step) == 0:
        cause = f"the start is ill-conditioned: before any step its loss is {loss:.2g}"
        cure = "use another --start or --seed"
    elif not loss < limit:
        cause = f"the decoder update before it left a loss of {loss:.2g}"
        cure = "lower --learning-rate, or use --decoder-update exact"
    elif not np.isfinite(stable):
        cause, cure = f"--step is {step:.2g}", "shorten it, or lower --temperature"
    elif step > LONG * stable and settings.step_share:
        cause = f"the step became too long since the start: {both}"
        cure = f"lower --step-share from {settings.step_share:g}, or --temperature"
    elif step > LONG * stable:
        cause, cure = f"the step is too long: {both}", f"take about {stable / 3:.1g}"
    else:
        cause, cure = f"the temperature is too high: {both}", "lower --temperature"
    return DivergedError(f"the sampler diverged {where}: {cause}; {cure}")
