"""What every thermostat shares: weights as particles of mass m at temperature T.

The loss is the potential energy U(φ), its gradient the (negative) force, and a thermostat makes the
trajectory sample exp(−U/T) (Simmering, A.3). A thermostat is a module with settings, a subclass of
`Thermostat`, and three functions: `init` and `step`, which take and give a `State`, and
`invariant`, the energy that its continuous dynamics conserve. `kernel` finds the module. Energies
are float64 whatever the weights are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ...errors import EaeSindyError

Tensors = Sequence[tf.Tensor]
# φ and the number of the step to (U, ∂U/∂φ, anything else worth keeping)
Potential = Callable[[Tensors, tf.Tensor], tuple[tf.Tensor, Tensors, Any]]


@dataclass(frozen=True)
class Thermostat:
    """Settings of a sampler, in the units of the loss (energy) and of the weights (length).

    Attributes
    ----------
    temperature : float
        T. Inside a traced function it may be a tensor: see `dataclasses.replace`.
    mass : float or tuple of float
        m: one for all, or one for each tensor of weights.
    step : float
        Δt.
    time_constant : float
        τ: how fast energy is exchanged with the bath.
    resample_every : int
        Steps between fresh velocities from the Maxwell–Boltzmann distribution; 0 for never.
    hidden : int
        Degrees of freedom that feel no force and are carried by their kinetic energy alone (the
        encoder's weights outside the span of the data; see docs/method.md).

    Raises
    ------
    EaeSindyError
        For a number that is not positive.
    """

    temperature: float
    mass: float | tuple[float, ...]
    step: float
    time_constant: float
    resample_every: int = 0
    hidden: int = 0

    def __post_init__(self) -> None:
        numbers = {"step": self.step, "time_constant": self.time_constant}
        numbers |= {"mass": min(self.masses(1))}
        if not tf.is_tensor(self.temperature):
            numbers["temperature"] = self.temperature
        for name, value in numbers.items():
            if not (value > 0 and np.isfinite(value)):
                raise EaeSindyError(f"{name} must be positive and finite, not {value}")
        if min(self.resample_every, self.hidden) < 0:
            raise EaeSindyError("resample_every and hidden must not be negative")

    def masses(self, count: int) -> tuple[float, ...]:
        """Return one mass for each of `count` tensors."""
        return (self.mass,) * count if isinstance(self.mass, int | float) else self.mass


class State(NamedTuple):
    """Where the sampler stands; all that a restart needs.

    `gradient` is the force's negative at `position`; `bath` is what the thermostat adds.
    """

    step: tf.Tensor
    position: tuple[tf.Tensor, ...]
    velocity: tuple[tf.Tensor, ...]
    gradient: tuple[tf.Tensor, ...]
    bath: Any


class Info(NamedTuple):
    """What a step found: U, the kinetic energy of each tensor (float64), the potential's extra."""

    potential: tf.Tensor
    kinetic: tf.Tensor
    extra: Any


def freedom(settings: Thermostat, position: Tensors) -> int:
    """Return N_f, the number of degrees of freedom, hidden ones included."""
    return sum(int(np.prod(p.shape)) for p in position) + settings.hidden


def kinetic(settings: Thermostat, velocity: Tensors) -> tf.Tensor:
    """Return ½ m Σ v² of each tensor, float64."""
    energies = [
        0.5 * m * tf.reduce_sum(tf.cast(v, tf.float64) ** 2)
        for m, v in zip(settings.masses(len(velocity)), velocity, strict=True)
    ]
    return tf.stack(energies)


def maxwell(
    settings: Thermostat, position: Tensors, seed: tf.Tensor, hidden_noise: tf.Tensor
) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
    """Draw velocities of variance T/m, and the hidden kinetic energy (T/2)·χ².

    `hidden_noise` is a draw of χ² with `settings.hidden` degrees of freedom (see `chi_square`).
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, len(position)))
    velocity = tuple(
        tf.random.stateless_normal(
            p.shape, s, stddev=tf.cast(tf.sqrt(settings.temperature / m), p.dtype), dtype=p.dtype
        )
        for p, s, m in zip(position, seeds, settings.masses(len(position)), strict=True)
    )
    return velocity, 0.5 * settings.temperature * hidden_noise


def begin(
    settings: Thermostat,
    position: Tensors,
    potential: Potential,
    seed: tf.Tensor,
    hidden_noise: tf.Tensor,
) -> tuple[State, tf.Tensor]:
    """Return a state with velocities from the Maxwell–Boltzmann distribution (A.5.1), and no bath.

    With it the hidden kinetic energy, for a bath that carries it.
    """
    position = tuple(position)
    step = tf.constant(0, tf.int64)
    velocity, hidden_kinetic = maxwell(settings, position, seed, hidden_noise)
    _, gradient, _ = potential(position, step)
    return State(step, position, velocity, tuple(gradient), ()), hidden_kinetic


def chi_square(settings: Thermostat, count: int, rng: np.random.Generator) -> tf.Tensor:
    """Draw the χ² variates [count] that `maxwell` takes; XLA has no gamma sampler of its own."""
    return tf.constant(
        rng.chisquare(settings.hidden, count) if settings.hidden else np.zeros(count)
    )
