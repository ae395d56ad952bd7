"""Underdamped Langevin dynamics: canonical sampling by friction and noise.

A.6.2 names it as the obvious alternative to the chain. The splitting is BAOAB: half a kick, half a
drift, the exact Ornstein–Uhlenbeck step of the velocities, half a drift, half a kick (Leimkuhler &
Matthews 2013, Appl. Math. Res. Express 2013, 34). Averages over the positions of a harmonic
oscillator are exact at any stable step.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from .particles import begin, kinetic, maxwell
from .thermostat import Info, Potential, Sampler, State, Tensors, Thermostat


@dataclass(frozen=True, kw_only=True)
class Langevin(Thermostat):
    """Settings; the friction is γ = 1/τ, with τ the `time_constant`.

    Every degree of freedom has a bath of its own, so hidden ones do not act on the others and are
    not carried; velocities are fresh all the time, and are never resampled.
    """


class Bath(NamedTuple):
    """`heat`: the energy taken from the bath so far (float64)."""

    heat: tf.Tensor


def init(
    settings: Langevin,
    temperature: tf.Tensor,
    position: Tensors,
    potential: Potential,
    seed: tf.Tensor,
    hidden_noise: tf.Tensor,
) -> State:
    """Start at `position` with velocities from the Maxwell–Boltzmann distribution."""
    state, _ = begin(settings, temperature, position, potential, seed, hidden_noise)
    return state._replace(bath=Bath(tf.zeros((), tf.float64)))


def step(
    settings: Langevin,
    temperature: tf.Tensor,
    state: State,
    potential: Potential,
    seed: tf.Tensor,
    hidden_noise: tf.Tensor,
) -> tuple[State, Info]:
    """Advance by one time step Δt. One evaluation of `potential`.

    `seed` [2] draws the noise of this step; `hidden_noise` is not used.
    """
    dt, masses = settings.step, settings.masses(len(state.position))
    keep = np.exp(-dt / settings.time_constant)

    def kick(velocity: Tensors, gradient: Tensors) -> tuple[tf.Tensor, ...]:
        return tuple(
            v - (0.5 * dt / m) * g for v, g, m in zip(velocity, gradient, masses, strict=True)
        )

    def drift(position: Tensors, velocity: Tensors) -> tuple[tf.Tensor, ...]:
        return tuple(p + 0.5 * dt * v for p, v in zip(position, velocity, strict=True))

    velocity = kick(state.velocity, state.gradient)
    position = drift(state.position, velocity)
    before = tf.reduce_sum(kinetic(settings, velocity))
    thermal, _ = maxwell(settings, temperature, position, seed, hidden_noise)
    velocity = tuple(
        keep * v + np.sqrt(1 - keep**2) * n for v, n in zip(velocity, thermal, strict=True)
    )
    heat = state.bath.heat + tf.reduce_sum(kinetic(settings, velocity)) - before
    position = drift(position, velocity)
    energy, gradient, extra = potential(position, state.step + 1)
    velocity = kick(velocity, gradient)
    state = State(state.step + 1, position, velocity, tuple(gradient), Bath(heat))
    return state, Info(energy, kinetic(settings, velocity), extra)


def invariant(
    settings: Langevin, temperature: tf.Tensor, state: State, potential: tf.Tensor
) -> tf.Tensor:
    """Return the energy less the heat from the bath, U + K − Q; its drift is the step's error."""
    moving = tf.reduce_sum(kinetic(settings, state.velocity))
    return tf.cast(potential, tf.float64) + moving - state.bath.heat


SAMPLER = Sampler(init, step, invariant)
