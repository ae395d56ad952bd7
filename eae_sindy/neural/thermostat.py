"""Nosé–Hoover chain: canonical sampling of weights as particles of mass m at temperature T.

The Simmering sampler of A.3: the loss is the potential energy U(φ), its gradient the (negative)
force, and a chain of thermostats makes the trajectory sample exp(−U/T). The splitting is that of
Martyna, Tuckerman & Klein: half a step of the chain, velocity Verlet, half a step of the chain
(Martyna et al. 1996, Mol. Phys. 87, 1117). Chain variables and kinetic energies are float64
whatever the weights are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ..errors import EaeSindyError

Tensors = Sequence[tf.Tensor]
# φ and the number of the step to (U, ∂U/∂φ, anything else worth keeping)
Potential = Callable[[Tensors, tf.Tensor], tuple[tf.Tensor, Tensors, Any]]


def suzuki_yoshida(order: int) -> tuple[float, ...]:
    """Return weights of the symmetric composition of a second-order map to order 2, 4 or 6.

    Order 4 is Suzuki's five-fold product, order 6 Yoshida's solution A (Phys. Lett. A 150, 262).
    """
    if order == 2:
        return (1.0,)
    if order == 4:
        outer = float(1 / (4 - 4 ** (1 / 3)))
        return (outer, outer, 1 - 4 * outer, outer, outer)
    if order != 6:
        raise EaeSindyError(f"a chain of order {order} is not known: choose 2, 4 or 6")
    half = (0.784513610477560, 0.235573213359357, -1.17767998417887)
    return (*half, 1 - 2 * sum(half), *half[::-1])


@dataclass(frozen=True)
class Thermostat:
    """Settings of the sampler, in the units of the loss (energy) and of the weights (length).

    Attributes
    ----------
    temperature, mass, step : float
        T, m and Δt. `mass` may be one number or one for each tensor of weights.
    chain_length : int
        Number of thermostats, at least 1.
    time_constant : float
        τ. The thermostat masses are Q₁ = N_f T τ² and Q_k = T τ².
    resample_every : int
        Steps between fresh velocities from the Maxwell–Boltzmann distribution; 0 for never.
    order : int
        Order of the Suzuki–Yoshida composition of the chain's step: 2, 4 or 6.
    hidden : int
        Degrees of freedom that feel no force and are carried by their kinetic energy alone (the
        encoder's weights outside the span of the data; see docs/method.md).
    """

    temperature: float
    mass: float | tuple[float, ...]
    step: float
    chain_length: int
    time_constant: float
    resample_every: int
    order: int = 4
    hidden: int = 0

    def masses(self, count: int) -> tuple[float, ...]:
        """Return one mass for each of `count` tensors."""
        return (self.mass,) * count if isinstance(self.mass, int | float) else self.mass

    def chain_masses(self, freedom: int) -> np.ndarray:
        """Return Q [chain_length] for `freedom` degrees of freedom."""
        q = np.full(self.chain_length, self.temperature * self.time_constant**2)
        q[0] *= freedom
        return q


class State(NamedTuple):
    """Where the sampler stands; all that a restart needs.

    `gradient` is the force's negative at `position`; `friction` and `friction_position` are the
    chain's velocities and positions (float64 [chain_length]); `hidden_kinetic` is the kinetic
    energy of the hidden degrees of freedom (float64).
    """

    step: tf.Tensor
    position: tuple[tf.Tensor, ...]
    velocity: tuple[tf.Tensor, ...]
    gradient: tuple[tf.Tensor, ...]
    friction: tf.Tensor
    friction_position: tf.Tensor
    hidden_kinetic: tf.Tensor


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
            p.shape, s, stddev=np.sqrt(settings.temperature / m), dtype=p.dtype
        )
        for p, s, m in zip(position, seeds, settings.masses(len(position)), strict=True)
    )
    return velocity, 0.5 * settings.temperature * hidden_noise


def chi_square(settings: Thermostat, count: int, rng: np.random.Generator) -> tf.Tensor:
    """Draw the χ² variates [count] that `maxwell` takes; XLA has no gamma sampler of its own."""
    return tf.constant(
        rng.chisquare(settings.hidden, count) if settings.hidden else np.zeros(count)
    )


def init(
    settings: Thermostat,
    position: Tensors,
    potential: Potential,
    seed: tf.Tensor,
    hidden_noise: tf.Tensor,
) -> State:
    """Start at `position` with velocities from the Maxwell–Boltzmann distribution (A.5.1)."""
    position = tuple(position)
    step = tf.constant(0, tf.int64)
    velocity, hidden_kinetic = maxwell(settings, position, seed, hidden_noise)
    _, gradient, _ = potential(position, step)
    chain = tf.zeros(settings.chain_length, tf.float64)
    return State(step, position, velocity, tuple(gradient), chain, chain, hidden_kinetic)


def _half_chain(
    settings: Thermostat,
    twice_kinetic: tf.Tensor,
    friction: tf.Tensor,
    friction_position: tf.Tensor,
    n: int,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Advance the chain by half a step; also return the factor by which velocities are scaled."""
    t, q = settings.temperature, settings.chain_masses(n)
    weights = suzuki_yoshida(settings.order)
    lengths = settings.step * tf.constant(weights, tf.float64)
    last = settings.chain_length - 1

    def substep(
        i: tf.Tensor,
        friction: tf.Tensor,
        friction_position: tf.Tensor,
        twice_kinetic: tf.Tensor,
        scale: tf.Tensor,
    ) -> tuple:
        d = lengths[i]
        v, twice = tf.unstack(friction), twice_kinetic

        def kick(k: int) -> None:
            drive = (twice - n * t) / q[0] if k == 0 else (q[k - 1] * v[k - 1] ** 2 - t) / q[k]
            if k == last:
                v[k] = v[k] + 0.25 * d * drive
            else:
                damping = tf.exp(-0.125 * d * v[k + 1])
                v[k] = (v[k] * damping + 0.25 * d * drive) * damping

        for k in range(last, -1, -1):
            kick(k)
        factor = tf.exp(-0.5 * d * v[0])
        twice = twice * factor**2
        moved = friction_position + 0.5 * d * tf.stack(v)
        for k in range(last + 1):
            kick(k)
        return i + 1, tf.stack(v), moved, twice, scale * factor

    start = (tf.constant(0), friction, friction_position, twice_kinetic, tf.ones((), tf.float64))
    # A loop and not an unrolled composition: XLA's compile time grows with the size of the graph.
    _, friction, friction_position, _, scale = tf.while_loop(
        lambda i, *_: i < len(weights), substep, start, maximum_iterations=len(weights)
    )
    return scale, friction, friction_position


def step(
    settings: Thermostat,
    state: State,
    potential: Potential,
    seed: tf.Tensor,
    hidden_noise: tf.Tensor,
) -> tuple[State, Info]:
    """Advance by one time step Δt. One evaluation of `potential`.

    `seed` [2] and `hidden_noise` are used on the steps that resample the velocities.
    """
    velocity, hidden = state.velocity, state.hidden_kinetic
    if settings.resample_every:
        velocity, hidden = tf.cond(
            state.step % settings.resample_every == 0,
            lambda: maxwell(settings, state.position, seed, hidden_noise),
            lambda: (state.velocity, state.hidden_kinetic),
        )
    n, masses = freedom(settings, state.position), settings.masses(len(state.position))
    dt = settings.step

    twice = 2 * (tf.reduce_sum(kinetic(settings, velocity)) + hidden)
    scale, friction, x = _half_chain(settings, twice, state.friction, state.friction_position, n)
    hidden = hidden * scale**2
    velocity = tuple(
        tf.cast(scale, v.dtype) * v - (0.5 * dt / m) * g
        for v, g, m in zip(velocity, state.gradient, masses, strict=True)
    )
    position = tuple(p + dt * v for p, v in zip(state.position, velocity, strict=True))
    energy, gradient, extra = potential(position, state.step + 1)
    velocity = tuple(
        v - (0.5 * dt / m) * g for v, g, m in zip(velocity, gradient, masses, strict=True)
    )
    energies = kinetic(settings, velocity)
    twice = 2 * (tf.reduce_sum(energies) + hidden)
    scale, friction, x = _half_chain(settings, twice, friction, x, n)
    velocity = tuple(tf.cast(scale, v.dtype) * v for v in velocity)
    state = State(
        state.step + 1, position, velocity, tuple(gradient), friction, x, hidden * scale**2
    )
    return state, Info(energy, energies * scale**2, extra)


def invariant(settings: Thermostat, state: State, potential: tf.Tensor) -> tf.Tensor:
    """Return the energy that the continuous dynamics conserve between resamplings.

    H′ = U + K + Σ ½ Q_k v_k² + N_f T x₁ + T Σ_{k≥2} x_k
    """
    n, t = freedom(settings, state.position), settings.temperature
    q, x = settings.chain_masses(n), state.friction_position
    own = tf.reduce_sum(0.5 * q * state.friction**2) + t * (n * x[0] + tf.reduce_sum(x[1:]))
    moving = tf.reduce_sum(kinetic(settings, state.velocity)) + state.hidden_kinetic
    return tf.cast(potential, tf.float64) + moving + own
