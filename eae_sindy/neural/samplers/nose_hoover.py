"""Nosé–Hoover chain: canonical sampling by deterministic dynamics.

The splitting is that of Martyna, Tuckerman & Klein: half a step of the chain, velocity Verlet, half
a step of the chain (Martyna et al. 1996, Mol. Phys. 87, 1117). Chain variables are float64 whatever
the weights are.
"""

from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from ...errors import EaeSindyError
from .particles import begin, freedom, kinetic, maxwell
from .thermostat import (
    Info,
    Potential,
    Sampler,
    State,
    Tensors,
    Thermostat,
    not_negative,
)


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


@dataclass(frozen=True, kw_only=True)
class NoseHoover(Thermostat):
    """Settings of the chain. The thermostat masses are Q₁ = N_f T τ² and Q_k = T τ².

    Attributes
    ----------
    resample_every : int
        Steps between fresh velocities from the Maxwell–Boltzmann distribution; 0 for never.
    chain_length : int
        Number of thermostats, at least 1.
    order : int
        Order of the Suzuki–Yoshida composition of the chain's step: 2, 4 or 6.
    """

    resample_every: int = 0
    chain_length: int = 30
    order: int = 4

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be right."""
        super().__post_init__()
        suzuki_yoshida(self.order)
        not_negative("resample_every", self.resample_every)
        if self.chain_length < 1:
            raise EaeSindyError(f"chain_length must be at least 1, not {self.chain_length}")

    def chain_masses(self, temperature: tf.Tensor, freedom: int) -> tf.Tensor:
        """Return Q [chain_length] for `freedom` degrees of freedom, float64."""
        share = tf.constant([float(freedom)] + [1.0] * (self.chain_length - 1), tf.float64)
        return temperature * self.time_constant**2 * share

    def excess(self, gained: float) -> float:
        """Return ΔT/T where every step adds `gained` to the relative variance of a velocity.

        It grows until velocities are resampled. A chain that is not resampled is taken by its τ.
        """
        if self.resample_every:
            return gained * self.resample_every / 2
        return super().excess(gained)


class Bath(NamedTuple):
    """The chain's velocities and positions (float64 [chain_length]), and kinetic energies.

    `hidden_kinetic` is that of the hidden degrees of freedom, `seen_kinetic` that of the velocities
    in the state (float64): both halves of a step need it, and it is summed once.
    """

    friction: tf.Tensor
    friction_position: tf.Tensor
    hidden_kinetic: tf.Tensor
    seen_kinetic: tf.Tensor


def init(
    settings: NoseHoover,
    temperature: tf.Tensor,
    position: Tensors,
    potential: Potential,
    seed: tf.Tensor,
    hidden_noise: tf.Tensor,
) -> State:
    """Start at `position` with velocities from the Maxwell–Boltzmann distribution (A.5.1)."""
    state, hidden_kinetic = begin(settings, temperature, position, potential, seed, hidden_noise)
    chain = tf.zeros(settings.chain_length, tf.float64)
    moving = tf.reduce_sum(kinetic(settings, state.velocity))
    return state._replace(bath=Bath(chain, chain, hidden_kinetic, moving))


def _half_chain(
    settings: NoseHoover,
    temperature: tf.Tensor,
    twice_kinetic: tf.Tensor,
    friction: tf.Tensor,
    friction_position: tf.Tensor,
    n: int,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Advance the chain by half a step; also return the factor by which velocities are scaled."""
    t, q = temperature, tf.unstack(settings.chain_masses(temperature, n))
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
    settings: NoseHoover,
    temperature: tf.Tensor,
    state: State,
    potential: Potential,
    seed: tf.Tensor,
    hidden_noise: tf.Tensor,
) -> tuple[State, Info]:
    """Advance by one time step Δt. One evaluation of `potential`.

    `seed` [2] and `hidden_noise` are used on the steps that resample the velocities.
    """
    friction, x, hidden, moving = state.bath
    velocity = state.velocity

    def fresh() -> tuple[Tensors, tf.Tensor, tf.Tensor]:
        drawn, unseen = maxwell(settings, temperature, state.position, seed, hidden_noise)
        return drawn, unseen, tf.reduce_sum(kinetic(settings, drawn))

    if settings.resample_every:
        velocity, hidden, moving = tf.cond(
            state.step % settings.resample_every == 0, fresh, lambda: (velocity, hidden, moving)
        )
    n, masses = freedom(settings, state.position), settings.masses(len(state.position))
    dt = settings.step

    twice = 2 * (moving + hidden)
    scale, friction, x = _half_chain(settings, temperature, twice, friction, x, n)
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
    moving = tf.reduce_sum(energies)
    twice = 2 * (moving + hidden)
    scale, friction, x = _half_chain(settings, temperature, twice, friction, x, n)
    velocity = tuple(tf.cast(scale, v.dtype) * v for v in velocity)
    bath = Bath(friction, x, hidden * scale**2, moving * scale**2)
    state = State(state.step + 1, position, velocity, tuple(gradient), bath)
    return state, Info(energy, energies * scale**2, extra)


def invariant(
    settings: NoseHoover, temperature: tf.Tensor, state: State, potential: tf.Tensor
) -> tf.Tensor:
    """Return the energy that the continuous dynamics conserve between resamplings.

    H′ = U + K + Σ ½ Q_k v_k² + N_f T x₁ + T Σ_{k≥2} x_k
    """
    n, t = freedom(settings, state.position), temperature
    friction, x, hidden, moving = state.bath
    own = tf.reduce_sum(0.5 * settings.chain_masses(t, n) * friction**2)
    own += t * (n * x[0] + tf.reduce_sum(x[1:]))
    return tf.cast(potential, tf.float64) + moving + hidden + own


SAMPLER = Sampler(init, step, invariant)
