"""Algorithm 1 (train) and Algorithm 2 (collect) of the entropic autoencoder."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ...recipes import Fit
from ..samplers.thermostat import State
from . import decoder_updates, probes
from .compiled import Loop, Record
from .divergence import LOST, DivergedError, diverged


class Session:
    """Chains in the making that share a decoder: their states, the decoder and how it is updated.

    Parameters
    ----------
    loop : Loop
        The compiled loop; its settings of the sampler are those of the fit.
    settings : recipes.Fit
        Temperatures, encoders to an update, how the decoder is updated, and the sampler's step.
    encoders : sequence of tuples of arrays
        First weights, one for each chain.
    decoder : tuple of arrays
        First weights.
    seeds : sequence of int
        One for each chain.
    said : mapping of str to arrays, optional
        What the start of the chains has to say; it goes along in their state.
    time_step : float, optional
        Δt where `settings` ask for a share of the largest stable one, and it was measured before.

    Raises
    ------
    EaeSindyError
        If the decoder cannot be updated as the settings ask, or no step of theirs is stable.
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
        time_step: float | None = None,
    ) -> None:
        self.loop, self.settings, self.seeds = loop, settings, tuple(seeds)
        self.said = dict(said or {})
        self.nothing = loop.problem.nothing
        self.decoder = [tf.Variable(w) for w in decoder]
        self.rule = decoder_updates.choose(settings, loop, self.decoder)
        start = (*settings.temperatures(), settings.temperature)[0]
        self.states = [
            loop.init(tuple(map(tf.constant, encoder)), self._fixed(), seed, start)
            for encoder, seed in zip(encoders, self.seeds, strict=True)
        ]
        if settings.step_share:
            self.loop = loop.paced(time_step or self._measured())

    @property
    def time_step(self) -> float:
        """Δt where it was measured at the start; NaN where it is that of the settings."""
        return self.loop.thermostat.step if self.settings.step_share else np.nan

    def _measured(self) -> float:
        """Return the share asked for of the largest step that is stable for every chain."""
        self.rule.foresee(self.loop, self.decoder, [state.position for state in self.states])
        self._refresh()
        share, step = self.settings.step_share, self.settings.step
        for _ in range(2):  # differences go as far as a step, and the first may be a poor guess
            stable = min(
                self._stable(state, seed, step)
                for state, seed in zip(self.states, self.seeds, strict=True)
            )
            step = share * stable
            if not (np.isfinite(step) and step > 0):
                raise DivergedError(
                    "the start is ill-conditioned: its loss has no curvature that can be measured, "
                    "so that no --step can be chosen; use another --start or --seed, or give "
                    "--step and --step-share 0"
                )
        return step

    def _fixed(self) -> tuple[tf.Tensor, ...]:
        return tuple(tf.convert_to_tensor(w) for w in self.decoder)

    def update(self, temperature: float) -> tuple[list[Record], tuple[float, ...]]:
        """Sample ensembles, update the decoder once (Algorithm 1); return records and ‖ḡ‖.

        With several chains ḡ is the mean over the ensembles of all. An exact update gives ‖ḡ‖
        before and after it.
        """
        fixed, records, gathered, states = self._fixed(), [], [], []
        for state, seed in zip(self.states, self.seeds, strict=True):
            after, record, found = self.rule.sample(self.loop, state, fixed, seed, temperature)
            records.append(self._sound(record, state, seed, "training"))
            gathered.append(found)
            states.append(after)
        slopes = self.rule.apply(self.decoder, gathered)
        self.states = states
        self._refresh()
        return records, slopes

    def _refresh(self) -> None:
        """Compute the forces anew, under the decoder as it is now."""
        fixed = self._fixed()
        self.states = [
            self.loop.refresh(state, fixed, seed)
            for state, seed in zip(self.states, self.seeds, strict=True)
        ]

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
            step, stable = int(before.step) + int(astray[0]) + 1, self._stable(before, seed)
            where = f"while {stage}, at encoder step {step} (loss above {limit:.3g})"
            raise diverged(self.loop, self.settings, where, before, self._fixed(), stable, limit)
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
        found |= self.rule.arrays()
        found |= {f"decoder_{i}": w for i, w in enumerate(self.decoder_arrays())}
        return found | self.said

    def restore(self, chains: Sequence[Mapping[str, np.ndarray]]) -> None:
        """Go on from what `arrays` gave for each chain."""
        self.said = {k: np.asarray(v) for k, v in chains[0].items() if k.startswith("start_")}
        for i, weights in enumerate(self.decoder):
            weights.assign(chains[0][f"decoder_{i}"])
        self.rule.restore(chains[0])
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

    def _stable(self, state: State, seed: int, step: float | None = None) -> float:
        return probes.largest_stable_step(
            self.loop, state, self._fixed(), seed, temperature=self.settings.temperature, step=step
        )
