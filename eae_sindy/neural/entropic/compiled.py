"""The compiled inner loop: many encoder steps at a fixed decoder."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ..keys import fold, key
from ..objectives.contract import Objective
from ..objectives.data import Data
from ..samplers.particles import chi_square, square
from ..samplers.thermostat import Potential, Sampler, State, Tensors, Thermostat, positive
from .chart import Chart
from .graph import graph
from .problem import Problem

USE = 0x5EED  # of a chain's seed, see `keys.key`
BLOCK_BYTES = 2**28  # of draws held on the device at a time


class Record(NamedTuple):
    """What a run of M steps leaves behind, one row a step.

    Attributes
    ----------
    loss : tensor [M]
    kinetic_temperature : tensor [M, tensors], float64
        2K/N_f of each tensor of weights.
    gradient_square : tensor [M]
        |∂U/∂q|²: of the loss in the weights, or of what is sampled in the coordinates of a chart.
    """

    loss: tf.Tensor
    kinetic_temperature: tf.Tensor
    gradient_square: tf.Tensor


class Loop:
    """The compiled inner loop: many encoder steps at a fixed decoder, no Python in between.

    XLA compiles the two loops (with the decoder's gradient, or with the draws) as a whole. What is
    called a few times only is a graph: for XLA it would take longer to compile than to run. Frames,
    seed and temperature are arguments: what is compiled serves all chains, and every later `Loop`
    of the same objective and sampler on as many frames. Methods that take a chart take
    positions in its coordinates, and give encoders as weights.

    Parameters
    ----------
    problem : Problem
        What is sampled.
    sampler : Sampler
        By which functions.
    thermostat : Thermostat
        The settings of these functions.
    """

    def __init__(self, problem: Problem, sampler: Sampler, thermostat: Thermostat) -> None:
        self.problem, self.sampler, self.thermostat = problem, sampler, thermostat
        self._programs = _programs(
            problem.objective, problem.batch, sampler, thermostat, problem.xla
        )

    def paced(self, step: float) -> "Loop":
        """Return the loop with another Δt; its thermostat keeps its time constant in steps."""
        old = self.thermostat
        time = old.time_constant * (step / old.step)
        return Loop(self.problem, self.sampler, replace(old, step=step, time_constant=time))

    def block(self, encoder: Tensors, most: int) -> int:
        """Return how many encoders `hold` may hold at a time: at most so many, at least one."""
        weights = 4 * sum(int(np.prod(p.shape)) for p in encoder)
        return max(1, min(most, BLOCK_BYTES // weights))

    def _chi_square(self, seed: int, start: int, count: int) -> tf.Tensor:
        """Draw the hidden kinetic energies of `count` steps: the same for the same `start`."""
        return chi_square(self.thermostat, count, np.random.default_rng([seed, start + 1]))

    def init(
        self,
        position: Tensors,
        decoder: Tensors,
        seed: int,
        temperature: float,
        chart: Chart | None = None,
    ) -> State:
        """Start at a position with fresh velocities."""
        noise = self._chi_square(seed, -1, 1)[0]
        given = (key(seed, USE), noise, _number(temperature), chart)
        return self._programs.begin(self.problem.data, position, decoder, *given)

    def refresh(
        self, state: State, decoder: Tensors, seed: int, chart: Chart | None = None
    ) -> State:
        """Recompute the force: under a new decoder, or at a new position."""
        return self._programs.refresh(self.problem.data, state, decoder, key(seed, USE), chart)

    def bent(
        self,
        state: State,
        decoder: Tensors,
        seed: int,
        chart: Chart | None = None,
        *,
        along: Sequence[np.ndarray],
        size: float,
        masses: Sequence[float],
        times: int = 1,
    ) -> list[np.ndarray]:
        """Apply M^-1/2 H M^-1/2 to a vector, so many times, each time to one of length one.

        H is the Hessian of U in q and M the masses of its tensors. H times a vector v is a
        difference of forces at q ± size M^-1/2 v.
        """
        scales = tuple(tf.constant(1 / np.sqrt(m), tf.float64) for m in masses)
        vector = tuple(tf.constant(a, tf.float64) for a in along)
        given = (key(seed, USE), chart, vector, scales, tf.constant(size, tf.float64))
        found = self._programs.bent(self.problem.data, state, decoder, *given, tf.constant(times))
        return [part.numpy() for part in found]

    def update(
        self,
        state: State,
        decoder: Tensors,
        seed: int,
        temperature: float,
        steps: int,
        chart: Chart | None = None,
    ) -> tuple[State, Record, Tensors]:
        """Take `steps` encoder steps; return the mean decoder gradient ḡ (Eq. 7) with them."""
        state, record, mean, _ = self._take(state, decoder, seed, temperature, steps, chart, True)
        return state, record, mean

    def hold(
        self,
        state: State,
        decoder: Tensors,
        seed: int,
        temperature: float,
        steps: int,
        chart: Chart | None = None,
    ) -> tuple[State, Record, Tensors]:
        """Take `steps` encoder steps; return every encoder, [steps, ...], with them."""
        state, record, _, draws = self._take(state, decoder, seed, temperature, steps, chart, False)
        return state, record, draws

    def _take(
        self,
        state: State,
        decoder: Tensors,
        seed: int,
        temperature: float,
        steps: int,
        chart: Chart | None,
        training: bool,
    ) -> tuple[State, Record, Tensors, Tensors]:
        noise = self._chi_square(seed, int(state.step), steps)
        given = (key(seed, USE), noise, _number(temperature), chart, training)
        return self._programs.run(self.problem.data, state, decoder, *given)


class _Programs:
    """The functions of one objective and one sampler, each compiled once for every shape."""

    def __init__(
        self, objective: Objective, batch: int, sampler: Sampler, thermostat: Thermostat, xla: bool
    ) -> None:
        self.objective, self.batch = objective, batch
        self.sampler, self.thermostat = sampler, thermostat
        self.begin = graph(self._begin)
        forces = _forces(objective, batch)  # whatever the sampler
        self.refresh, self.bent = forces.refresh, forces.bent
        self.run = tf.function(self._run, jit_compile=xla, autograph=False)

    def _potential(
        self,
        data: Data,
        decoder: Tensors,
        seed: tf.Tensor,
        chart: Chart | None,
        *,
        decoder_gradient: bool = False,
    ) -> Potential:
        problem = Problem(self.objective, data, self.batch)
        return problem.potential(decoder, seed, decoder_gradient=decoder_gradient, chart=chart)

    def _begin(
        self,
        data: Data,
        position: Tensors,
        decoder: Tensors,
        seed: tf.Tensor,
        noise: tf.Tensor,
        temperature: tf.Tensor,
        chart: Chart | None,
    ) -> State:
        potential = self._potential(data, decoder, seed, chart)
        return self.sampler.init(
            self.thermostat, temperature, position, potential, fold(seed, -1), noise
        )

    def _run(
        self,
        data: Data,
        state: State,
        decoder: Tensors,
        seed: tf.Tensor,
        noise: tf.Tensor,
        temperature: tf.Tensor,
        chart: Chart | None,
        training: bool,
    ) -> tuple[State, Record, Tensors, Tensors]:
        potential = self._potential(data, decoder, seed, chart, decoder_gradient=training)
        steps, dtype = noise.shape[0], state.position[0].dtype
        sizes = np.array([int(np.prod(p.shape)) for p in state.position])

        def body(
            i: tf.Tensor, state: State, record: Record, total: Tensors, draws: Tensors
        ) -> tuple:
            state, info = self.sampler.step(
                self.thermostat, temperature, state, potential, fold(seed, 2 * state.step), noise[i]
            )
            slope = tf.add_n([square(g) for g in state.gradient])
            loss, encoder, of_decoder = info.extra
            found = Record(loss, 2.0 * info.kinetic / sizes, tf.cast(slope, dtype))
            record = Record(*(_put(rows, i, row) for rows, row in zip(record, found, strict=True)))
            if training:
                total = tuple(t + g for t, g in zip(total, of_decoder, strict=True))
            else:
                draws = tuple(_put(d, i, w) for d, w in zip(draws, encoder, strict=True))
            return i + 1, state, record, total, draws

        empty = Record(
            tf.zeros(steps, dtype),
            tf.zeros((steps, len(sizes)), tf.float64),
            tf.zeros(steps, dtype),
        )
        total = tuple(tf.zeros_like(w) for w in decoder) if training else ()
        draws = (
            () if training else tuple(tf.zeros((steps, *p.shape), p.dtype) for p in state.position)
        )
        _, state, record, total, draws = tf.while_loop(
            lambda i, *_: i < steps,
            body,
            (tf.constant(0), state, empty, total, draws),
            maximum_iterations=steps,
        )
        return state, record, tuple(t / steps for t in total), draws


class _Forces:
    """The functions of one objective alone: samplers with different steps share them."""

    def __init__(self, objective: Objective, batch: int) -> None:
        self.objective, self.batch = objective, batch
        self.refresh = graph(self._refresh)
        self.bent = graph(self._bent)

    def _potential(
        self, data: Data, decoder: Tensors, seed: tf.Tensor, chart: Chart | None
    ) -> Potential:
        problem = Problem(self.objective, data, self.batch)
        return problem.potential(decoder, seed, decoder_gradient=False, chart=chart)

    def _refresh(
        self,
        data: Data,
        state: State,
        decoder: Tensors,
        seed: tf.Tensor,
        chart: Chart | None = None,
    ) -> State:
        potential = self._potential(data, decoder, seed, chart)
        return state._replace(gradient=tuple(potential(state.position, state.step)[1]))

    def _bent(
        self,
        data: Data,
        state: State,
        decoder: Tensors,
        seed: tf.Tensor,
        chart: Chart | None,
        vector: Tensors,
        scales: Tensors,
        size: tf.Tensor,
        times: tf.Tensor,
    ) -> Tensors:
        potential = self._potential(data, decoder, seed, chart)

        def force(along: Sequence[tf.Tensor], by: tf.Tensor) -> list[tf.Tensor]:
            there = tuple(
                q + tf.cast(by * a, q.dtype) for q, a in zip(state.position, along, strict=True)
            )
            return [tf.cast(g, tf.float64) for g in potential(there, state.step)[1]]

        def body(i: tf.Tensor, vector: Tensors) -> tuple:
            length = tf.sqrt(tf.add_n([tf.reduce_sum(v**2) for v in vector]))
            along = [s * v / length for s, v in zip(scales, vector, strict=True)]
            ends = zip(scales, force(along, size), force(along, -size), strict=True)
            return i + 1, tuple(s * (a - b) / (2 * size) for s, a, b in ends)

        return tf.while_loop(lambda i, _: i < times, body, (tf.constant(0), vector))[1]


# Programs that are kept: a sweep over temperatures, seeds or frames compiles once.
_programs = lru_cache(maxsize=8)(_Programs)
_forces = lru_cache(maxsize=8)(_Forces)


def _put(rows: tf.Tensor, i: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
    return tf.tensor_scatter_nd_update(rows, [[i]], row[None])


def _number(temperature: float) -> tf.Tensor:
    """Return T as the samplers take it. Raises `EaeSindyError` unless it is positive."""
    positive("temperature", temperature)
    return tf.constant(temperature, tf.float64)
