"""The contract of a sampler: settings, states, and the three functions that make one.

The loss is the potential energy U(φ), its gradient the (negative) force, and a thermostat makes the
trajectory sample exp(−U/T) (Simmering, A.3). A sampler is a frozen settings object, a subclass of
`Thermostat`, and a `Sampler`, a tuple of three functions of these settings. The temperature is in
neither: it may change from one call to the next, and is given with each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ...errors import EaeSindyError

# A flat sequence of tensors, such as the kernels and biases of a dense network.
Tensors = Sequence[tf.Tensor]
# φ and the number of the step to (U, ∂U/∂φ, anything else worth keeping)
Potential = Callable[[Tensors, tf.Tensor], tuple[tf.Tensor, Tensors, Any]]


@dataclass(frozen=True, kw_only=True)
class Thermostat:
    """Settings of a sampler, in the units of the loss (energy) and of the weights (length).

    Attributes
    ----------
    mass : float or tuple of float
        m: one for all, or one for each tensor of weights.
    step : float
        Δt.
    time_constant : float
        τ: how fast energy is exchanged with the bath, in the units of `step`.
    hidden : int
        Degrees of freedom that feel no force and are carried by their kinetic energy alone (the
        encoder's weights outside the span of the data; see docs/method.md).

    Raises
    ------
    EaeSindyError
        For a number that is not positive.
    """

    mass: float | tuple[float, ...]
    step: float
    time_constant: float
    hidden: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be right."""
        positive("mass", min(self.masses(1)))
        positive("step", self.step)
        positive("time_constant", self.time_constant)
        not_negative("hidden", self.hidden)

    def masses(self, count: int) -> tuple[float, ...]:
        """Return one mass for each of `count` tensors."""
        return (self.mass,) * count if isinstance(self.mass, int | float) else self.mass

    def excess(self, gained: float) -> float:
        """Return ΔT/T where every step adds `gained` to the relative variance of a velocity.

        The bath takes it away again, 1 − exp(−2Δt/τ) of it in a step.
        """
        return gained / float(-np.expm1(-2 / (self.time_constant / self.step)))


def positive(name: str, value: float) -> None:
    """Raise `EaeSindyError` unless a number is positive and finite."""
    if not (value > 0 and np.isfinite(value)):
        raise EaeSindyError(f"{name} must be positive and finite, not {value}")


def not_negative(name: str, value: int) -> None:
    """Raise `EaeSindyError` for a negative number."""
    if value < 0:
        raise EaeSindyError(f"{name} must not be negative, not {value}")


class State(NamedTuple):
    """Where a sampler stands; all that a restart needs.

    Attributes
    ----------
    step : tensor of int64
        Steps taken since the start.
    position, velocity : tuples of tensors
        φ and its rate of change.
    gradient : tuple of tensors
        ∂U/∂φ at `position`: the force's negative.
    bath : NamedTuple of tensors
        What the thermostat adds, float64.
    """

    step: tf.Tensor
    position: tuple[tf.Tensor, ...]
    velocity: tuple[tf.Tensor, ...]
    gradient: tuple[tf.Tensor, ...]
    bath: Any


class Info(NamedTuple):
    """What a step found.

    Attributes
    ----------
    potential : tensor
        U at the end of the step.
    kinetic : tensor [tensors], float64
        Kinetic energy of each tensor of weights, hidden ones not counted.
    extra : any
        The potential's third result.
    """

    potential: tf.Tensor
    kinetic: tf.Tensor
    extra: Any


class Sampler(NamedTuple):
    """A sampler is a tuple of three functions, which take settings and states and give states.

    All can be compiled by XLA. `settings` is the sampler's own subclass of `Thermostat`;
    `temperature` is T, a float64 scalar tensor; `seed` [2] is a key for the random numbers of this
    call; `hidden_noise` is a draw of χ² with `settings.hidden` degrees of freedom, float64 (see
    `particles.chi_square`).

    Attributes
    ----------
    init : (settings, temperature, position, potential, seed, hidden_noise) to State
        Starts at `position` with velocities from the Maxwell–Boltzmann distribution.
    step : (settings, temperature, state, potential, seed, hidden_noise) to (State, Info)
        Advances by one time step Δt, with one evaluation of `potential`.
    invariant : (settings, temperature, state, U) to scalar, float64
        The energy that the continuous dynamics conserve at a fixed temperature between draws of
        fresh velocities; its drift is the error of the step.
    """

    init: Callable[[Any, tf.Tensor, Tensors, Potential, tf.Tensor, tf.Tensor], State]
    step: Callable[[Any, tf.Tensor, State, Potential, tf.Tensor, tf.Tensor], tuple[State, Info]]
    invariant: Callable[[Any, tf.Tensor, State, tf.Tensor], tf.Tensor]
