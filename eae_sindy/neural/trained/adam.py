"""Training by Adam on minibatches, compiled as a whole: many epochs a call, no Python inside."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ..keys import fold, key
from ..networks.contract import Weights
from ..objectives.contract import Objective
from ..objectives.data import Data, numbers

FIRST, SECOND, SMALL = 0.9, 0.999, 1e-7  # β₁, β₂ and ε, as in Keras
USE = 0xADA  # of a seed, see `keys.key`
BLOCK = 100  # steps to a call, about: what lies between two reports

_each = tf.nest.map_structure


class State(NamedTuple):
    """Where training stands: steps taken, weights, and the running means of g and g²."""

    step: tf.Tensor
    weights: Weights
    first: Weights
    second: Weights


def init(weights: Weights) -> State:
    """Start at `weights` with empty running means."""
    weights = _each(tf.convert_to_tensor, weights)
    zero = _each(tf.zeros_like, weights)
    return State(tf.constant(0), weights, zero, zero)


def step(state: State, gradient: Weights, rate: float | tf.Tensor) -> State:
    """Take one step (Kingma & Ba 2015, in the cheaper form at the end of their Sec. 2)."""
    count = tf.cast(state.step + 1, tf.float32)
    size = rate * tf.sqrt(1 - SECOND**count) / (1 - FIRST**count)
    first = _each(lambda m, g: m + (1 - FIRST) * (g - m), state.first, gradient)
    second = _each(lambda v, g: v + (1 - SECOND) * (g * g - v), state.second, gradient)
    weights = _each(
        lambda w, m, v: w - size * m / (tf.sqrt(v) + SMALL), state.weights, first, second
    )
    return State(state.step + 1, weights, first, second)


def falling(rate: float, steps: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a learning rate that falls to zero in so many steps, along half a cosine."""

    def at(step: tf.Tensor) -> tf.Tensor:
        share = tf.minimum(tf.cast(step, tf.float32) / steps, 1.0)
        return 0.5 * rate * (1.0 + tf.cos(np.float32(np.pi) * share))

    return at


class Loop:
    """The compiled loop of one objective on one set of frames.

    An epoch goes through the frames once, in an order drawn anew, without replacement. Frames that
    fill no batch wait for another epoch. XLA, if it is wanted, compiles the loop once: how many
    epochs, the seed and the objective's numbers are arguments. The learning rate is a number, or a
    function of the steps taken.
    """

    def __init__(
        self,
        objective: Objective,
        data: Data,
        batch: int,
        rate: float | Callable[[tf.Tensor], tf.Tensor],
        *,
        xla: bool = True,
    ) -> None:
        self.objective, self.data, self.rate = objective, data, rate
        self.frames = int(data.inputs.shape[0])
        self.batch = min(batch, self.frames)
        self.batches = self.frames // self.batch  # to an epoch
        self.block = max(1, BLOCK // self.batches)  # epochs to a call at most
        self._compiled = partial(tf.function, jit_compile=xla, autograph=False)(self._run)

    def run(
        self, state: State, seed: int, epochs: int, *values: np.ndarray
    ) -> tuple[State, np.ndarray]:
        """Train for at most `block` epochs; return the mean loss of each, [epochs], as well."""
        given = [tf.constant(n, tf.float32) for n in values]
        state, losses = self._compiled(state, key(seed, USE), tf.constant(epochs), *given)
        return state, losses.numpy()[:epochs]

    def _run(
        self, state: State, seed: tf.Tensor, epochs: tf.Tensor, *given: tf.Tensor
    ) -> tuple[State, tf.Tensor]:
        batches = self.batches

        def descend(b: tf.Tensor, state: State, order: tf.Tensor, total: tf.Tensor) -> tuple:
            chosen = tf.slice(order, [b * self.batch], [self.batch])
            data = Data(*(tf.gather(part, chosen) for part in self.data))
            noise = fold(seed, 2 * state.step + 1)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(state.weights)
                loss = self.objective(state.weights, numbers(data), noise, *given)
            rate = self.rate(state.step) if callable(self.rate) else self.rate
            state = step(state, tape.gradient(loss, state.weights), rate)
            return b + 1, state, order, total + loss

        def epoch(e: tf.Tensor, state: State, losses: tf.Tensor) -> tuple:
            drawn = tf.random.stateless_uniform([self.frames], fold(seed, 2 * state.step))
            _, state, _, total = tf.while_loop(
                lambda b, *_: b < batches,
                descend,
                (tf.constant(0), state, tf.argsort(drawn), tf.constant(0.0)),
            )
            return e + 1, state, tf.tensor_scatter_nd_update(losses, [[e]], [total / batches])

        _, state, losses = tf.while_loop(
            lambda e, *_: e < epochs, epoch, (tf.constant(0), state, tf.zeros(self.block))
        )
        return state, losses
