"""Weights as particles of mass m at temperature T: their kinetic energy and its distribution.

Energies are float64 whatever the weights are.
"""

import numpy as np
import tensorflow as tf

from .thermostat import Potential, State, Tensors, Thermostat


def freedom(settings: Thermostat, position: Tensors) -> int:
    """Return N_f, the number of degrees of freedom, hidden ones included."""
    return sum(int(np.prod(p.shape)) for p in position) + settings.hidden


def square(tensor: tf.Tensor) -> tf.Tensor:
    """Return Σ v² of a tensor, float64.

    Columns are added up in the precision of the tensor, and these in double: all of it in double
    makes a step of an encoder of images a quarter slower, and rows take twice as long as columns.
    """
    down = -2 if len(tensor.shape) > 1 else -1
    return tf.reduce_sum(tf.cast(tf.reduce_sum(tensor**2, axis=down), tf.float64))


def kinetic(settings: Thermostat, velocity: Tensors) -> tf.Tensor:
    """Return ½ m Σ v² of each tensor, float64 [tensors]."""
    energies = [
        0.5 * m * square(v) for m, v in zip(settings.masses(len(velocity)), velocity, strict=True)
    ]
    return tf.stack(energies)


def maxwell(
    settings: Thermostat,
    temperature: tf.Tensor,
    position: Tensors,
    seed: tf.Tensor,
    hidden_noise: tf.Tensor,
) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
    """Draw velocities of variance T/m, and the hidden kinetic energy (T/2)·χ².

    `hidden_noise` is a draw of χ² with `settings.hidden` degrees of freedom (see `chi_square`).
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, len(position)))
    velocity = tuple(
        tf.random.stateless_normal(
            p.shape, s, stddev=tf.cast(tf.sqrt(temperature / m), p.dtype), dtype=p.dtype
        )
        for p, s, m in zip(position, seeds, settings.masses(len(position)), strict=True)
    )
    return velocity, 0.5 * temperature * hidden_noise


def begin(
    settings: Thermostat,
    temperature: tf.Tensor,
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
    velocity, hidden_kinetic = maxwell(settings, temperature, position, seed, hidden_noise)
    _, gradient, _ = potential(position, step)
    return State(step, position, velocity, tuple(gradient), ()), hidden_kinetic


def chi_square(settings: Thermostat, count: int, rng: np.random.Generator) -> tf.Tensor:
    """Draw the χ² variates [count] that `maxwell` takes; XLA has no gamma sampler of its own."""
    return tf.constant(
        rng.chisquare(settings.hidden, count) if settings.hidden else np.zeros(count)
    )
