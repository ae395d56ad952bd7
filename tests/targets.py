"""Targets whose laws are known, and a compiled loop to sample them with."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from eae_sindy.neural.keys import fold
from eae_sindy.neural.samplers import langevin as langevin_
from eae_sindy.neural.samplers import nose_hoover, particles
from eae_sindy.neural.samplers.langevin import Langevin
from eae_sindy.neural.samplers.nose_hoover import NoseHoover
from eae_sindy.neural.samplers.thermostat import Sampler, Thermostat

SEED = tf.constant([1, 2], tf.int32)
ZERO = tf.constant(0.0, tf.float64)


class Canonical(NamedTuple):
    """A sampler, its settings, and the temperature that it is to keep."""

    sampler: Sampler
    thermostat: Thermostat
    temperature: float

    @property
    def t(self):
        return tf.constant(self.temperature, tf.float64)

    def init(self, position, potential):
        return self.sampler.init(self.thermostat, self.t, position, potential, SEED, ZERO)

    def step(self, state, potential, seed, hidden_noise=ZERO):
        return self.sampler.step(self.thermostat, self.t, state, potential, seed, hidden_noise)

    def invariant(self, state, potential):
        return self.sampler.invariant(self.thermostat, self.t, state, potential)


def harmonic(k=1.0):
    def potential(position, step):
        (x,) = position
        return 0.5 * k * tf.reduce_sum(x**2), (k * x,), ()

    return potential


def anharmonic(position, step):
    (x,) = position
    return tf.reduce_sum(0.5 * x**2 + 0.25 * x**4), (x + x**3,), ()


def settings(temperature=1.0, **changes):
    values = {"mass": 1.0, "step": 0.1, "chain_length": 4, "time_constant": 1.0,
              "resample_every": 0} | changes  # fmt: skip
    return Canonical(nose_hoover.SAMPLER, NoseHoover(**values), temperature)


def langevin(temperature=1.0, **changes):
    values = {"mass": 1.0, "step": 0.1, "time_constant": 1.0} | changes
    return Canonical(langevin_.SAMPLER, Langevin(**values), temperature)


def start(s, x, potential, v=None):
    state = s.init((tf.constant(x),), potential)
    return state if v is None else thrown(s, state, (tf.constant(v),))


def thrown(s, state, velocity):
    """Return a state with other velocities."""
    bath, energy = state.bath, tf.reduce_sum(particles.kinetic(s.thermostat, velocity))
    if isinstance(bath, nose_hoover.Bath):
        bath = bath._replace(seen_kinetic=energy)
    return state._replace(velocity=velocity, bath=bath)


def run(s, state, potential, steps, record):
    """Take steps in one compiled loop; return the last state and what `record` gives at each."""
    noise = particles.chi_square(s.thermostat, steps, np.random.default_rng(0))

    @tf.function(jit_compile=True, autograph=False)
    def loop(state):
        seen = record(state, potential(state.position, state.step)[0])

        def body(i, state, rows):
            state, info = s.step(state, potential, fold(SEED, i), noise[i])
            row = record(state, info.potential)
            return i + 1, state, tf.tensor_scatter_nd_update(rows, [[i]], row[None])

        rows = tf.zeros((steps, *seen.shape), seen.dtype)
        _, state, rows = tf.while_loop(lambda i, *_: i < steps, body, (tf.constant(0), state, rows),
                                       maximum_iterations=steps)  # fmt: skip
        return state, rows

    state, rows = loop(state)
    return state, rows.numpy()
