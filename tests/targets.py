"""Targets whose laws are known, and a compiled loop to sample them with."""

import numpy as np
import tensorflow as tf

from eae_sindy.neural.samplers import choice, thermostat
from eae_sindy.neural.samplers.langevin import Langevin
from eae_sindy.neural.samplers.nose_hoover import NoseHoover

SEED = tf.constant([1, 2], tf.int32)


def harmonic(k=1.0):
    def potential(position, step):
        (x,) = position
        return 0.5 * k * tf.reduce_sum(x**2), (k * x,), ()

    return potential


def anharmonic(position, step):
    (x,) = position
    return tf.reduce_sum(0.5 * x**2 + 0.25 * x**4), (x + x**3,), ()


def settings(**changes):
    values = {"temperature": 1.0, "mass": 1.0, "step": 0.1, "chain_length": 4,
              "time_constant": 1.0, "resample_every": 0} | changes  # fmt: skip
    return NoseHoover(**values)


def run(settings, state, potential, steps, record):
    """Take steps in one compiled loop; return the last state and what `record` gives at each."""
    noise = thermostat.chi_square(settings, steps, np.random.default_rng(0))

    @tf.function(jit_compile=True, autograph=False)
    def loop(state):
        seen = record(state, potential(state.position, state.step)[0])

        def body(i, state, rows):
            seed = tf.random.experimental.stateless_fold_in(SEED, i)
            state, info = choice.kernel(settings).step(settings, state, potential, seed, noise[i])
            row = record(state, info.potential)
            return i + 1, state, tf.tensor_scatter_nd_update(rows, [[i]], row[None])

        rows = tf.zeros((steps, *seen.shape), seen.dtype)
        _, state, rows = tf.while_loop(lambda i, *_: i < steps, body, (tf.constant(0), state, rows),
                                       maximum_iterations=steps)  # fmt: skip
        return state, rows

    state, rows = loop(state)
    return state, rows.numpy()


def start(settings, x, potential, v=None):
    state = choice.kernel(settings).init(
        settings, (tf.constant(x),), potential, SEED, tf.constant(0.0, tf.float64)
    )
    return state if v is None else state._replace(velocity=(tf.constant(v),))


def langevin(**changes):
    values = {"temperature": 1.0, "mass": 1.0, "step": 0.1, "time_constant": 1.0} | changes
    return Langevin(**values)
