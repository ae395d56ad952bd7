"""Algorithm 1 (train) and Algorithm 2 (collect) of the entropic autoencoder."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ...errors import EaeSindyError
from ...recipes import Fit
from ..samplers.thermostat import State
from . import probes
from .compiled import Loop, Record

LOST = 10.0  # times the loss of predicting nothing: a sampler there has diverged


class DivergedError(EaeSindyError):
    """A chain left what can be integrated."""


class Session:
    """Chains in the making that share a decoder: their states, the decoder and its optimizer.

    Parameters
    ----------
    loop : Loop
        The compiled loop; its settings of the sampler are those of the fit.
    settings : recipes.Fit
        Temperatures, encoders to an update, and the learning rate of Adam.
    encoders : sequence of tuples of arrays
        First weights, one for each chain.
    decoder : tuple of arrays
        First weights.
    seeds : sequence of int
        One for each chain.
    said : mapping of str to arrays, optional
        What the start of the chains has to say; it goes along in their state.
    """

    def __init__(
        self,
        loop: Loop,
        settings: Fit,
        *,
        encoders: Sequence[Sequence[np.ndarray]],
        decoder: Sequence[np.ndarray],
        seeds: Sequence[int],
        said: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.loop, self.settings, self.seeds = loop, settings, tuple(seeds)
        self.said = dict(said or {})
        self.nothing = loop.problem.nothing
        if tf.keras.backend.backend() != "tensorflow":
            raise EaeSindyError(
                "Keras runs on another backend: set KERAS_BACKEND=tensorflow, or leave it unset"
            )
        self.decoder = [tf.Variable(w) for w in decoder]
        self.optimizer = tf.keras.optimizers.Adam(settings.learning_rate)
        self.optimizer.build(self.decoder)
        start = (*settings.temperatures(), settings.temperature)[0]
        self.states = [
            loop.init(tuple(map(tf.constant, encoder)), self._fixed(), seed, start)
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
            after, record, mean = self.loop.update(
                state, fixed, seed, temperature, self.settings.encoders
            )
            records.append(self._sound(record, state, seed, "training"))
            means.append(mean)
            states.append(after)
        mean = [tf.add_n(parts) / len(parts) for parts in zip(*means, strict=True)]
        self.optimizer.apply_gradients(zip(mean, self.decoder, strict=True))
        fixed = self._fixed()
        self.states = [
            self.loop.refresh(state, fixed, seed)
            for state, seed in zip(states, self.seeds, strict=True)
        ]
        return records, float(tf.linalg.global_norm(mean))

    def collect(self, steps: int) -> list[tuple[Record, tuple[np.ndarray, ...]]]:
        """Draw `steps` encoders of each chain with the decoder fixed (Algorithm 2)."""
        fixed, found, states = self._fixed(), [], []
        for state, seed in zip(self.states, self.seeds, strict=True):
            after, record, draws = self.loop.hold(
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
            stable, step = self._stable(before, seed), self.settings.step
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
        found |= {f"decoder_{i}": w for i, w in enumerate(self.decoder_arrays())}
        return found | self.said

    def restore(self, chains: Sequence[Mapping[str, np.ndarray]]) -> None:
        """Go on from what `arrays` gave for each chain."""
        self.said = {k: np.asarray(v) for k, v in chains[0].items() if k.startswith("start_")}
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

    def probe(self, measure: Callable[..., float], chain: int, **options: Any) -> float:
        """Measure one chain where it stands: `measure` is one of `probes` that takes T."""
        return measure(
            self.loop,
            self.states[chain],
            self._fixed(),
            self.seeds[chain],
            temperature=self.settings.temperature,
            **options,
        )

    def _stable(self, state: State, seed: int) -> float:
        return probes.largest_stable_step(
            self.loop, state, self._fixed(), seed, temperature=self.settings.temperature
        )
