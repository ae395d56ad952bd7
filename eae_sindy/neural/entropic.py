"""Algorithm 1 (train) and Algorithm 2 (collect) of the entropic autoencoder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ..errors import EaeSindyError
from ..library import Library
from ..recipes import Fit
from . import thermostat
from .objectives import Data, reconstruction
from .thermostat import Potential, State, Tensors, Thermostat, kernel

LOST = 10.0  # times the loss of predicting nothing: a sampler there has diverged
POWER_STEPS = 20  # of the power iteration for the stiffest direction


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

    @property
    def nothing(self) -> float:
        """The loss of a reconstruction that is zero everywhere."""
        s = self.settings
        x, x_rate = (
            self.share * float(tf.reduce_mean(tf.reduce_sum(part**2, axis=-1)))
            for part in (self.data.targets, self.data.target_rates)
        )
        return s.field_weight * x + s.rate_weight * x_rate

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

    `loss` [M]; `kinetic_temperature` [M, tensors], 2K/N_f of each tensor of weights;
    `gradient_square` [M], |∂loss/∂φ|².
    """

    loss: tf.Tensor
    kinetic_temperature: tf.Tensor
    gradient_square: tf.Tensor


class DivergedError(EaeSindyError):
    """A chain left what can be integrated."""


def _fold(seed: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    return tf.random.experimental.stateless_fold_in(seed, step)


class Sampler:
    """The compiled inner loop: many encoder steps at a fixed decoder, no Python in between.

    XLA compiles the two loops (with the decoder's gradient, or with the draws) as a whole, once for
    all chains: seed and temperature are arguments.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        compiled = partial(tf.function, jit_compile=True, autograph=False)
        self._compiled_begin = compiled(self._begin)
        self._compiled_refresh = compiled(self._refresh)
        self._compiled_run = compiled(self._run)

    def _chi_square(self, seed: int, start: int, count: int) -> tf.Tensor:
        """Draw the hidden kinetic energies of `count` steps: the same for the same `start`."""
        rng = np.random.default_rng([seed, start + 1])
        return thermostat.chi_square(self.problem.thermostat, count, rng)

    def init(self, encoder: Tensors, decoder: Tensors, seed: int, temperature: float) -> State:
        """Start at `encoder` with fresh velocities."""
        noise = self._chi_square(seed, -1, 1)[0]
        return self._compiled_begin(encoder, decoder, _key(seed), noise, _number(temperature))

    def refresh(self, state: State, decoder: Tensors, seed: int) -> State:
        """Recompute the force: under a new decoder, or at a new position."""
        return self._compiled_refresh(state, decoder, _key(seed))

    def update(
        self, state: State, decoder: Tensors, seed: int, temperature: float, steps: int
    ) -> tuple[State, Record, Tensors]:
        """Take `steps` encoder steps; return the mean decoder gradient ḡ (Eq. 7) with them."""
        state, record, mean, _ = self._take(state, decoder, seed, temperature, steps, True)
        return state, record, mean

    def hold(
        self, state: State, decoder: Tensors, seed: int, temperature: float, steps: int
    ) -> tuple[State, Record, Tensors]:
        """Take `steps` encoder steps; return every encoder, [steps, ...], with them."""
        state, record, _, draws = self._take(state, decoder, seed, temperature, steps, False)
        return state, record, draws

    def _take(
        self,
        state: State,
        decoder: Tensors,
        seed: int,
        temperature: float,
        steps: int,
        training: bool,
    ) -> tuple[State, Record, Tensors, Tensors]:
        noise = self._chi_square(seed, int(state.step), steps)
        return self._compiled_run(state, decoder, _key(seed), noise, _number(temperature), training)

    def _begin(
        self,
        encoder: Tensors,
        decoder: Tensors,
        key: tf.Tensor,
        noise: tf.Tensor,
        temperature: tf.Tensor,
    ) -> State:
        potential = self.problem.potential(decoder, key, decoder_gradient=False)
        settings = replace(self.problem.thermostat, temperature=temperature)
        return kernel(settings).init(settings, encoder, potential, _fold(key, -1), noise)

    def _refresh(self, state: State, decoder: Tensors, key: tf.Tensor) -> State:
        potential = self.problem.potential(decoder, key, decoder_gradient=False)
        return state._replace(gradient=tuple(potential(state.position, state.step)[1]))

    def _run(
        self,
        state: State,
        decoder: Tensors,
        key: tf.Tensor,
        noise: tf.Tensor,
        temperature: tf.Tensor,
        training: bool,
    ) -> tuple[State, Record, Tensors, Tensors]:
        settings = replace(self.problem.thermostat, temperature=temperature)
        potential = self.problem.potential(decoder, key, decoder_gradient=training)
        take = kernel(settings).step
        steps = noise.shape[0]
        sizes = np.array([int(np.prod(p.shape)) for p in state.position])

        def body(
            i: tf.Tensor, state: State, record: Record, total: Tensors, draws: Tensors
        ) -> tuple:
            state, info = take(settings, state, potential, _fold(key, 2 * state.step), noise[i])
            slope = tf.add_n([tf.reduce_sum(g**2) for g in state.gradient])
            found = Record(info.potential, 2.0 * info.kinetic / sizes, slope)
            record = Record(*(_put(rows, i, row) for rows, row in zip(record, found, strict=True)))
            if training:
                total = tuple(t + g for t, g in zip(total, info.extra, strict=True))
            else:
                draws = tuple(_put(d, i, p) for d, p in zip(draws, state.position, strict=True))
            return i + 1, state, record, total, draws

        dtype = state.position[0].dtype
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


def _put(rows: tf.Tensor, i: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
    return tf.tensor_scatter_nd_update(rows, [[i]], row[None])


def _key(seed: int) -> tf.Tensor:
    return tf.constant([seed, 0x5EED], tf.int32)


def _number(value: float) -> tf.Tensor:
    return tf.constant(value, tf.float64)


class Session:
    """Chains in the making that share a decoder: their states, the decoder and its optimizer."""

    def __init__(
        self,
        sampler: Sampler,
        encoders: Sequence[Sequence[np.ndarray]],
        decoder: Sequence[np.ndarray],
        seeds: Sequence[int],
    ) -> None:
        settings = sampler.problem.settings
        self.sampler, self.seeds = sampler, tuple(seeds)
        self.settings = settings
        self.nothing = sampler.problem.nothing
        if tf.keras.backend.backend() != "tensorflow":
            raise EaeSindyError(
                "Keras runs on another backend: set KERAS_BACKEND=tensorflow, or leave it unset"
            )
        self.decoder = [tf.Variable(w) for w in decoder]
        self.optimizer = tf.keras.optimizers.Adam(settings.learning_rate)
        self.optimizer.build(self.decoder)
        start = (*settings.temperatures(), settings.temperature)[0]
        self.states = [
            sampler.init(tuple(map(tf.constant, encoder)), self._fixed(), seed, start)
            for encoder, seed in zip(encoders, self.seeds, strict=True)
        ]

    def _fixed(self) -> tuple[tf.Tensor, ...]:
        return tuple(tf.convert_to_tensor(w) for w in self.decoder)

    def update(self, temperature: float) -> tuple[list[Record], float]:
        """Sample ensembles, update the decoder once (Algorithm 1); return records and ‖ḡ‖.

        With several chains ḡ is the mean over the ensembles of all.
        """
        fixed, records, means, states = self._fixed(), [], [], []
        for state, seed in zip(self.states, self.seeds, strict=True):
            after, record, mean = self.sampler.update(
                state, fixed, seed, temperature, self.settings.encoders
            )
            records.append(self._sound(record, state, seed, "training"))
            means.append(mean)
            states.append(after)
        mean = [tf.add_n(parts) / len(parts) for parts in zip(*means, strict=True)]
        self.optimizer.apply_gradients(zip(mean, self.decoder, strict=True))
        fixed = self._fixed()
        self.states = [
            self.sampler.refresh(state, fixed, seed)
            for state, seed in zip(states, self.seeds, strict=True)
        ]
        return records, float(tf.linalg.global_norm(mean))

    def collect(self, steps: int) -> list[tuple[Record, tuple[np.ndarray, ...]]]:
        """Draw `steps` encoders of each chain with the decoder fixed (Algorithm 2)."""
        fixed, found, states = self._fixed(), [], []
        for state, seed in zip(self.states, self.seeds, strict=True):
            after, record, draws = self.sampler.hold(
                state, fixed, seed, self.settings.temperature, steps
            )
            record = self._sound(record, state, seed, "collecting")
            found.append((record, tuple(d.numpy() for d in draws)))
            states.append(after)
        self.states = states
        return found

    def _sound(self, record: Record, before: State, seed: int, stage: str) -> Record:
        """Return the record on the host. Raises `DivergedError` if the sampler went astray."""
        record = Record(*(part.numpy() for part in record))
        limit = LOST * self.nothing
        astray = np.flatnonzero(~(record.loss < limit))
        if len(astray):
            stable, step = self._largest_stable_step(before, seed), self.settings.step
            advice = f"the largest stable --step is about {stable:.2g}, --step is {step:.2g}"
            cure = f"take about {stable / 3:.1g}" if step > stable / 2 else "lower --temperature"
            if not np.isfinite(stable):
                advice, cure = f"--step is {step:.2g}", "shorten it, or lower --temperature"
            raise DivergedError(
                f"the sampler diverged while {stage}, at encoder step "
                f"{int(before.step) + int(astray[0]) + 1} (loss above {limit:.3g}): "
                f"{advice}; {cure}"
            )
        return record

    def decoder_arrays(self) -> list[np.ndarray]:
        """Return the decoder's weights."""
        return [w.numpy() for w in self.decoder]

    def arrays(self, chain: int) -> dict[str, np.ndarray]:
        """Return all that a restart of one chain needs, as named arrays."""
        found: dict[str, np.ndarray] = {}
        for name, value in self.states[chain]._asdict().items():
            parts = value if isinstance(value, tuple) else (value,)
            found |= {f"{name}_{i}": part.numpy() for i, part in enumerate(parts)}
        found |= {f"optimizer_{i}": v.numpy() for i, v in enumerate(self.optimizer.variables)}
        return found | {f"decoder_{i}": w for i, w in enumerate(self.decoder_arrays())}

    def restore(self, chains: Sequence[Mapping[str, np.ndarray]]) -> None:
        """Go on from what `arrays` gave for each chain."""
        for i, weights in enumerate(self.decoder):
            weights.assign(chains[0][f"decoder_{i}"])
        for i, variable in enumerate(self.optimizer.variables):
            variable.assign(chains[0][f"optimizer_{i}"])
        restored = []
        for state, arrays in zip(self.states, chains, strict=True):
            found = {}
            for name, value in state._asdict().items():
                if isinstance(value, tuple):
                    parts = [tf.constant(arrays[f"{name}_{i}"]) for i in range(len(value))]
                    found[name] = type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
                else:
                    found[name] = tf.constant(arrays[f"{name}_0"])
            restored.append(State(**found))
        self.states = restored

    def _product(
        self, state: State, seed: int, along: Sequence[np.ndarray], size: float
    ) -> list[np.ndarray]:
        """Return the Hessian of the loss in φ times a vector, by a difference over ±`size`."""
        ends = []
        for sign in (1, -1):
            moved = tuple(
                p + tf.cast(sign * size * a, p.dtype)
                for p, a in zip(state.position, along, strict=True)
            )
            there = self.sampler.refresh(state._replace(position=moved), self._fixed(), seed)
            ends.append([g.numpy().astype(float) for g in there.gradient])
        return [(a - b) / (2 * size) for a, b in zip(*ends, strict=True)]

    def laplacian(self, chain: int, probes: int = 2) -> float:
        """Estimate the trace of the Hessian of the loss in φ (Hutchinson, random signs)."""
        state, seed = self.states[chain], self.seeds[chain]
        rng, found = np.random.default_rng([seed, int(state.step), 1]), []
        # As far as a weight moves in a step: small against the curvature, large against rounding.
        size = self.settings.step * np.sqrt(self.settings.temperature / min(self.settings.mass))
        for _ in range(probes):
            signs = [rng.choice([-1.0, 1.0], size=p.shape) for p in state.position]
            product = self._product(state, seed, signs, size)
            found.append(sum(float(np.sum(s * h)) for s, h in zip(signs, product, strict=True)))
        return float(np.mean(found))

    def largest_stable_step(self, chain: int) -> float:
        """Return 2/ω, beyond which velocity Verlet is unstable; ω² is the largest of H/m."""
        return self._largest_stable_step(self.states[chain], self.seeds[chain])

    def _largest_stable_step(self, state: State, seed: int) -> float:
        rng = np.random.default_rng([seed, 2])
        roots = np.sqrt(self.sampler.problem.thermostat.masses(len(state.position)))
        vector = [rng.normal(size=p.shape) for p in state.position]
        # Vectors are scaled by 1/√m, so this is three thermal moves in all, whatever the masses.
        size, square = 3 * self.settings.step * np.sqrt(self.settings.temperature), 0.0
        for _ in range(POWER_STEPS):
            length = np.sqrt(sum(float(np.sum(v**2)) for v in vector))
            vector = [v / length / r for v, r in zip(vector, roots, strict=True)]
            product = self._product(state, seed, vector, size)
            vector = [h / r for h, r in zip(product, roots, strict=True)]
            square = np.sqrt(sum(float(np.sum(v**2)) for v in vector))
        return float(2 / np.sqrt(square)) if square != 0 else np.inf  # NaN stays NaN

    def batch_noise(self, chain: int, batches: int = 8) -> float:
        """Return how much hotter minibatches make the sampler, ΔT/T.

        Δt²σ²/(mT), with σ² the variance of a component of the minibatch gradient, is what they add
        to a velocity's variance in a step. It is taken away by friction, 1 − exp(−2Δt/τ) a step, or
        grows until velocities are resampled; a chain that is not resampled is taken by its τ.
        """
        s, state = self.settings, self.states[chain]
        if not 0 < s.batch < self.sampler.problem.data.inputs.shape[0]:
            return 0.0
        gradients = [
            self.sampler.refresh(
                state._replace(step=state.step + k), self._fixed(), self.seeds[chain]
            ).gradient
            for k in range(batches)
        ]
        masses = self.sampler.problem.thermostat.masses(len(state.position))
        ratios = [
            np.var([g.numpy() for g in parts], axis=0, ddof=1).ravel() / m
            for parts, m in zip(zip(*gradients, strict=True), masses, strict=True)
        ]
        gained = float(np.mean(np.concatenate(ratios)) * s.step**2 / s.temperature)
        if s.sampler == "nose-hoover" and s.resample_every:
            return gained * s.resample_every / 2
        return gained / float(-np.expm1(-2 / s.thermostat_time))
