"""Algorithm 1 (train) and Algorithm 2 (collect) of the entropic autoencoder."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from ...errors import EaeSindyError
from ..samplers.thermostat import State
from .compiled import Record, Sampler
from .probes import POWER_STEPS

LOST = 10.0  # times the loss of predicting nothing: a sampler there has diverged


class DivergedError(EaeSindyError):
    """A chain left what can be integrated."""


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
