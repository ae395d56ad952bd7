"""The activation that validation frames prefer, before any chain begins.

All decoders of an ensemble share one activation, so it cannot be left to the start of each.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ....dynamics.library import Library
from ....errors import EaeSindyError
from ....progress import finish
from ....recipes import Fit
from ....snapshots.frames import Frames
from ....snapshots.pod import Pod
from .clock import Clock
from .network_stage import draw, framed
from .polynomial_stage import climb, linear_floor
from .problem import pose

CANDIDATES = ("silu", "tanh", "softplus", "sigmoid", "elu")
# Of the least error: a smaller difference of drawn layers is gone when they have been descended.
NEAR = 2.0
DEGREE = 3  # of the decoder under which an encoder comes to see more than POD modes do
SEED = 2**31  # beside the numbers of decoders, which have seeds of their own


def preferred(
    settings: Fit, frames: Frames, pod: Pod, library: Library
) -> tuple[str, Mapping[str, float]]:
    """Return what `choose` does; the first candidate and nothing where frames cannot tell."""
    try:
        return choose(settings, frames, pod, library)
    except EaeSindyError:  # a start that needs more of them says so itself
        return CANDIDATES[0], {}


def choose(
    settings: Fit, frames: Frames, pod: Pod, library: Library
) -> tuple[str, Mapping[str, float]]:
    """Return the activation for a fit, and the validation error of every candidate.

    After one descent from POD modes under a cubic decoder the same hidden layers are drawn for
    every candidate, and their lengths, ridges and outer layers chosen in closed form, as the start
    does. The first candidate with at most `NEAR` times the least error is taken. Time bounds
    nothing, so that a seed gives the same activation on a slow machine.

    Raises
    ------
    EaeSindyError
        If the frames span too few directions.
    """
    rng = np.random.default_rng([settings.seed, SEED])
    problem = pose(settings, frames, pod, library, rng)
    matrix, _ = linear_floor(problem)
    matrix = finish(climb(problem, matrix, [DEGREE], Clock(math.inf), 1.0)).matrix
    seed = int(rng.integers(2**63))
    errors = {}
    for name in CANDIDATES:
        posed = replace(problem, activation=name)
        layers = np.random.default_rng(seed)
        errors[name] = draw(posed, *framed(posed, matrix), layers, Clock(math.inf)).error
    least = min(errors.values())
    return next(name for name, error in errors.items() if error <= NEAR * least), errors
