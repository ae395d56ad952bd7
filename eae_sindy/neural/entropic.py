"""Algorithm 1 (train) and Algorithm 2 (collect) of the entropic autoencoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ..errors import EaeSindyError
from ..library import Library
from ..recipes import Fit
from . import thermostat
from .objectives import Data, reconstruction
from .thermostat import Potential, State, Tensors, Thermostat


@dataclass(frozen=True)
class Problem:
    """What is sampled: the data, the candidate terms and the settings.

    `share` is what a target counts in the mean over pixels, see `objectives.reconstruction`.
    """

    data: Data
    library: Library
    settings: Fit
    thermostat: Thermostat
    share: float = 1.0

    def potential(self, decoder: Tensors, seed: tf.Tensor, *, decoder_gradient: bool) -> Potential:
        """Return φ, step ↦ (loss, ∂loss/∂φ, ∂loss/∂ϑ or ()) for a fixed decoder ϑ."""
        s, frames = self.settings, self.data.inputs.shape[0]

        def evaluate(encoder: Tensors, step: tf.Tensor) -> tuple[tf.Tensor, Tensors, Any]:
            data = self.data
            if 0 < s.batch < frames:  # A.6.1 wants the batch as large as it can be
                drawn = tf.random.stateless_uniform([frames], _fold(seed, 2 * step + 1))
                chosen = tf.argsort(drawn)[: s.batch]
                data = Data(*(tf.gather(part, chosen) for part in data))
            wanted = (encoder, decoder) if decoder_gradient else (encoder, ())
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(wanted)
                loss = reconstruction(
                    encoder,
                    decoder,
                    data,
                    self.library,
                    s.activation,
                    s.field_weight,
                    s.rate_weight,
                    self.share,
                ).loss
            of_encoder, of_decoder = tape.gradient(loss, wanted)
            return loss, tuple(of_encoder), tuple(of_decoder)

        return evaluate


class Record(NamedTuple):
    """What a run of steps leaves behind, one row a step.

    `loss` [M]; `kinetic_temperature` [M, tensors], 2K/N_f of each tensor of weights.
    """

    loss: tf.Tensor
    kinetic_temperature: tf.Tensor


def _fold(seed: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    return tf.random.experimental.stateless_fold_in(seed, step)


class Sampler:
    """The compiled inner loop: many encoder steps at a fixed decoder, no Python in between.

    XLA compiles the two loops (with the decoder's gradient, or with the draws) as a whole, once.
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem = problem
        self.seed = tf.constant([seed, 0x5EED], tf.int32)
        self._host_seed = seed
        compiled = partial(tf.function, jit_compile=True, autograph=False)
        self._compiled_begin = compiled(self._begin)
        self._compiled_refresh = compiled(self._refresh)
        self._compiled_run = compiled(self._run)

    def _chi_square(self, start: int, count: int) -> tf.Tensor:
        """Draw the hidden kinetic energies of `count` steps: the same for the same `start`."""
        rng = np.random.default_rng([self._host_seed, start + 1])
        return thermostat.chi_square(self.problem.thermostat, count, rng)

    def init(self, encoder: Tensors, decoder: Tensors) -> State:
        """Return the sampler's state at the start of a chain."""
        return self._compiled_begin(encoder, decoder, self._chi_square(-1, 1)[0])

    def refresh(self, state: State, decoder: Tensors) -> State:
        """Recompute the force after the decoder has changed."""
        return self._compiled_refresh(state, decoder)

    def update(self, state: State, decoder: Tensors, steps: int) -> tuple[State, Record, Tensors]:
        """Take `steps` encoder steps; return ḡ, the mean decoder gradient (Eq. 7) with them."""
        noise = self._chi_square(int(state.step), steps)
        state, record, mean, _ = self._compiled_run(state, decoder, noise, True)
        return state, record, mean

    def hold(self, state: State, decoder: Tensors, steps: int) -> tuple[State, Record, Tensors]:
        """Take `steps` encoder steps; return every encoder, [steps, ...], with them."""
        noise = self._chi_square(int(state.step), steps)
        state, record, _, draws = self._compiled_run(state, decoder, noise, False)
        return state, record, draws

    def _begin(self, encoder: Tensors, decoder: Tensors, noise: tf.Tensor) -> State:
        potential = self.problem.potential(decoder, self.seed, decoder_gradient=False)
        return thermostat.init(
            self.problem.thermostat, encoder, potential, _fold(self.seed, -1), noise
        )

    def _refresh(self, state: State, decoder: Tensors) -> State:
        potential = self.problem.potential(decoder, self.seed, decoder_gradient=False)
        return state._replace(gradient=tuple(potential(state.position, state.step)[1]))

    def _run(
        self, state: State, decoder: Tensors, noise: tf.Tensor, training: bool
    ) -> tuple[State, Record, Tensors, Tensors]:
        settings = self.problem.thermostat
        potential = self.problem.potential(decoder, self.seed, decoder_gradient=training)
        steps = noise.shape[0]
        sizes = np.array([int(np.prod(p.shape)) for p in state.position])

        def body(
            i: tf.Tensor, state: State, record: Record, total: Tensors, draws: Tensors
        ) -> tuple:
            state, info = thermostat.step(
                settings, state, potential, _fold(self.seed, 2 * state.step), noise[i]
            )
            temperatures = 2.0 * info.kinetic / sizes
            record = Record(
                _put(record.loss, i, info.potential),
                _put(record.kinetic_temperature, i, temperatures),
            )
            if training:
                total = tuple(t + g for t, g in zip(total, info.extra, strict=True))
            else:
                draws = tuple(_put(d, i, p) for d, p in zip(draws, state.position, strict=True))
            return i + 1, state, record, total, draws

        empty = Record(
            tf.zeros(steps, state.position[0].dtype), tf.zeros((steps, len(sizes)), tf.float64)
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


def _put(rows: tf.Tensor, i: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
    return tf.tensor_scatter_nd_update(rows, [[i]], row[None])


class Session:
    """A chain in the making: sampler, decoder and optimizer, and the state of all three."""

    def __init__(
        self, sampler: Sampler, encoder: Sequence[np.ndarray], decoder: Sequence[np.ndarray]
    ) -> None:
        settings = sampler.problem.settings
        self.sampler = sampler
        self.steps = settings.encoders
        if tf.keras.backend.backend() != "tensorflow":
            raise EaeSindyError(
                "Keras runs on another backend: set KERAS_BACKEND=tensorflow, or leave it unset"
            )
        self.decoder = [tf.Variable(w) for w in decoder]
        self.optimizer = tf.keras.optimizers.Adam(settings.learning_rate)
        self.optimizer.build(self.decoder)
        self.state = sampler.init(tuple(map(tf.constant, encoder)), self._fixed())

    def _fixed(self) -> tuple[tf.Tensor, ...]:
        return tuple(tf.convert_to_tensor(w) for w in self.decoder)

    def update(self) -> tuple[Record, float]:
        """Sample an ensemble, update the decoder once (Algorithm 1); return the record and ‖ḡ‖."""
        decoder = self._fixed()
        self.state, record, mean = self.sampler.update(self.state, decoder, self.steps)
        self.optimizer.apply_gradients(zip(mean, self.decoder, strict=True))
        self.state = self.sampler.refresh(self.state, self._fixed())
        return _host(record), float(tf.linalg.global_norm(mean))

    def collect(self, steps: int) -> tuple[Record, tuple[np.ndarray, ...]]:
        """Draw `steps` encoders with the decoder fixed (Algorithm 2)."""
        self.state, record, draws = self.sampler.hold(self.state, self._fixed(), steps)
        return _host(record), tuple(d.numpy() for d in draws)

    def decoder_arrays(self) -> list[np.ndarray]:
        """Return the decoder's weights."""
        return [w.numpy() for w in self.decoder]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that a restart needs, as named arrays."""
        found: dict[str, np.ndarray] = {}
        for name, value in self.state._asdict().items():
            parts = value if isinstance(value, tuple) else (value,)
            found |= {f"{name}_{i}": part.numpy() for i, part in enumerate(parts)}
        found |= {f"optimizer_{i}": v.numpy() for i, v in enumerate(self.optimizer.variables)}
        return found | {f"decoder_{i}": w for i, w in enumerate(self.decoder_arrays())}


def _host(record: Record) -> Record:
    return Record(*(part.numpy() for part in record))
