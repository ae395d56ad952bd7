"""Algorithm 1 (train) and Algorithm 2 (collect) of the entropic autoencoder."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from ...errors import EaeSindyError
from ...recipes import Fit
from ..objectives.eq14 import Eq14
from ..samplers.thermostat import State, Tensors
from . import decoder_updates, gauss_newton, probes
from .chart import Chart, confined, restored
from .compiled import Loop, Record
from .divergence import LOST, DivergedError, diverged

T = TypeVar("T")
COLDEST = 1e-12  # a temperature to begin at, where none is given and none has been chosen


ADAPTED = (0.3, 0.6)  # of the updates: after these the chart is made anew
CAREFUL = 0.4  # of the angle that a step turns, while the chart is that of the first weights
HALVINGS = 4  # of the step, at most, in an update
POINTS = 2  # encoders of a chain over which a chart is averaged


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

    Attributes
    ----------
    temperature : float
        T at which members are collected: that of the settings, or the one that was chosen.

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
    ) -> None:
        self.loop, self.settings, self.seeds = loop, settings, tuple(seeds)
        self.said = dict(said or {})
        self.nothing = loop.problem.nothing
        self.decoder = [tf.Variable(w) for w in decoder]
        self.rule = decoder_updates.choose(settings, loop, self.decoder)
        self.temperature = settings.temperature
        start = (*settings.temperatures(COLDEST), self.temperature or COLDEST)[0]
        self.charts = [self._chart(encoder, start) for encoder in encoders]
        self.states = [
            loop.init(self._position(encoder, chart), self.fixed(), seed, start, chart)
            for encoder, chart, seed in zip(encoders, self.charts, self.seeds, strict=True)
        ]

    def _chart(self, encoder: Sequence[np.ndarray], temperature: float) -> Chart | None:
        """Return the coordinates in which a chain is sampled; None for the weights themselves."""
        s = self.settings
        if not s.confinement:
            return None
        # The angle that a step turns is its share of the largest stable one, which turns by two.
        angle = 2 * s.step_share * CAREFUL
        pace = angle / s.step * np.sqrt(min(s.mass) / temperature)
        return confined(encoder, s.confinement, temperature, pace)

    @staticmethod
    def _position(encoder: Sequence[np.ndarray], chart: Chart | None) -> Tensors:
        weights = tuple(map(tf.constant, encoder))
        return chart.position(weights) if chart else weights

    def measure(self) -> None:
        """Find the coordinates and the step of the sampler, where the settings ask for it.

        Called once, before any step of chains that have just begun.
        """
        s = self.settings
        if not s.step_share:
            return
        self.rule.foresee(self.loop, self.decoder, self.encoders())
        self._refresh()
        if s.confinement:
            self._stiffen([[encoder] for encoder in self.encoders()])
            self._pace(CAREFUL)
        else:
            self.loop = self.loop.paced(self._measured())

    def encoders(self) -> list[Tensors]:
        """Return the weights of every chain where it stands."""
        return [
            chart.weights(state.position)[0] if chart else state.position
            for state, chart in zip(self.states, self.charts, strict=True)
        ]

    def due(self, updates: int) -> bool:
        """Whether so many updates are those after which the sampler is adapted."""
        marks = {max(1, int(share * self.settings.updates)) for share in ADAPTED}
        return self.settings.confinement > 0 and updates in marks

    def adapt(self) -> None:
        """Make the charts anew from where the chains are now, and the step a share of stable.

        While the decoder is trained only: members are drawn with a sampler that stays.
        """
        drawn = self._slower(lambda: self.collect(self.settings.encoders))
        draws = [draws for _, draws in drawn]
        at = np.linspace(0, self.settings.encoders - 1, POINTS + 1)[1:].astype(int)
        self._stiffen([[tuple(w[i] for w in mine) for i in at] for mine in draws])
        self._pace(1.0)

    def _stiffen(self, encoders: Sequence[Sequence[Tensors]]) -> None:
        """Make the stiffest directions at some weights of each chain as soft as the others."""
        directions = self.settings.directions
        if not directions:
            return
        problem, fixed = self.loop.problem, self.fixed()
        if not isinstance(problem.objective, Eq14):
            raise EaeSindyError("--directions is for the loss of Eq. 14: give 0")
        given = (problem.objective, problem.data)
        self._move(
            [
                gauss_newton.stiffened(own, *given, mine, fixed, directions, seed)
                for own, mine, seed in zip(self._confined(), encoders, self.seeds, strict=True)
            ]
        )

    def _pace(self, care: float) -> None:
        """Let a step turn by its share of the largest stable one, times a care."""
        share = care * self.settings.step_share / self.settings.step
        stable = [self._stable(c) for c in range(len(self.states))]
        if not np.isfinite(stable).all():
            raise _flat()
        self._move([c.paced(share * s) for c, s in zip(self._confined(), stable, strict=True)])

    def _confined(self) -> list[Chart]:
        """Return the charts of chains that all have one."""
        return [chart for chart in self.charts if chart is not None]

    def heat(self, temperature: float) -> None:
        """Go on at another temperature, while chains have just begun."""
        self.temperature = temperature
        self._move([chart.at(temperature) for chart in self._confined()])
        self._pace(CAREFUL)

    def _move(self, charts: Sequence[Chart | None]) -> None:
        """Take other coordinates; the weights stay, velocities and forces are fresh."""
        moved = []
        for state, encoder, new, seed in zip(
            self.states, self.encoders(), charts, self.seeds, strict=True
        ):
            begun = self.loop.init(
                self._position(encoder, new), self.fixed(), seed, self.temperature or COLDEST, new
            )
            moved.append(begun._replace(step=state.step))
        self.states, self.charts = moved, list(charts)

    @property
    def time_step(self) -> float:
        """Δt where it was measured at the start; NaN where it is that of the settings."""
        s = self.settings
        return self.loop.thermostat.step if s.step_share and not s.confinement else np.nan

    def _measured(self) -> float:
        """Return the share asked for of the largest step that is stable for every chain."""
        share, step = self.settings.step_share, self.settings.step
        for _ in range(2):  # differences go as far as a step, and the first may be a poor guess
            stable = min(self._stable(c, step) for c in range(len(self.states)))
            step = share * stable
            if not (np.isfinite(step) and step > 0):
                raise _flat()
        return step

    def fixed(self) -> tuple[tf.Tensor, ...]:
        """Return the decoder as it is now."""
        return tuple(tf.convert_to_tensor(w) for w in self.decoder)

    def update(self, temperature: float) -> tuple[list[Record], tuple[float, ...]]:
        """Sample ensembles, update the decoder once (Algorithm 1); return records and ‖ḡ‖.

        With several chains ḡ is the mean over the ensembles of all. An exact update gives ‖ḡ‖
        before and after it. A confined chain that is lost is sampled again with half the step, and
        again: where it is most curved, nobody knows before it has been there.
        """
        return self._slower(lambda: self._update(temperature))

    def _slower(self, work: Callable[[], T]) -> T:
        """Do some work of a training, with half the step where a confined chain is lost in it."""
        for _ in range(HALVINGS if self.settings.confinement else 0):
            try:
                return work()
            except DivergedError:
                self._move([chart.paced(0.5) for chart in self._confined()])
        return work()

    def _update(self, temperature: float) -> tuple[list[Record], tuple[float, ...]]:
        fixed, records, gathered, states = self.fixed(), [], [], []
        for c, (state, seed) in enumerate(zip(self.states, self.seeds, strict=True)):
            given = (self.loop, state, fixed, seed, temperature, self.charts[c])
            after, record, found = self.rule.sample(*given)
            records.append(self._sound(record, c, "training"))
            gathered.append(found)
            states.append(after)
        slopes = self.rule.apply(self.decoder, gathered)
        self.states = states
        self._refresh()
        return records, slopes

    def _refresh(self) -> None:
        """Compute the forces anew, under the decoder as it is now."""
        fixed = self.fixed()
        self.states = [
            self.loop.refresh(state, fixed, seed, chart)
            for state, seed, chart in zip(self.states, self.seeds, self.charts, strict=True)
        ]

    def collect(self, steps: int) -> list[tuple[Record, tuple[np.ndarray, ...]]]:
        """Draw `steps` encoders of each chain with the decoder fixed (Algorithm 2)."""
        fixed, found, states = self.fixed(), [], []
        for c, (state, seed) in enumerate(zip(self.states, self.seeds, strict=True)):
            after, record, draws = self.loop.hold(
                state, fixed, seed, self.temperature, steps, self.charts[c]
            )
            record = self._sound(record, c, "collecting")
            found.append((record, tuple(d.numpy() for d in draws)))
            states.append(after)
        self.states = states
        return found

    def _sound(self, record: Record, chain: int, stage: str) -> Record:
        """Return the record on the host. Raises `DivergedError` if the sampler went astray."""
        before = self.states[chain]
        record = Record(*(part.numpy() for part in record))
        limit = LOST * self.nothing
        astray = np.flatnonzero(~(record.loss < limit))
        if len(astray):
            step, stable = int(before.step) + int(astray[0]) + 1, self._stable(chain)
            where = f"while {stage}, at encoder step {step} (loss above {limit:.3g})"
            loss = self._loss(chain)
            raise diverged(self.loop, self.settings, where, before, loss, stable, limit)
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
        chart = self.charts[chain]
        found |= chart.arrays() if chart else {}
        found["temperature_0"] = np.array(self.temperature)
        problem = self.loop.problem
        some = problem.data is not problem.every_frame
        found["frames_0"] = np.array(problem.data.inputs.shape[0] if some else 0)
        found |= self.rule.arrays()
        found |= {f"decoder_{i}": w for i, w in enumerate(self.decoder_arrays())}
        return found | self.said

    def restore(self, chains: Sequence[Mapping[str, np.ndarray]], time_step: float) -> None:
        """Go on from what `arrays` gave for each chain, with the step that was measured, if any."""
        if np.isfinite(time_step):
            self.loop = self.loop.paced(time_step)
        self.said = {k: np.asarray(v) for k, v in chains[0].items() if k.startswith("start_")}
        for i, weights in enumerate(self.decoder):
            weights.assign(chains[0][f"decoder_{i}"])
        self.rule.restore(chains[0])
        self.temperature = float(chains[0].get("temperature_0", self.temperature))
        tensors = len(self.states[0].position)
        self.charts = [restored(arrays, tensors) for arrays in chains]
        states = []
        for state, arrays in zip(self.states, chains, strict=True):
            found = {}
            for name, value in state._asdict().items():
                if isinstance(value, tuple):
                    parts = [tf.constant(arrays[f"{name}_{i}"]) for i in range(len(value))]
                    found[name] = type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
                else:
                    found[name] = tf.constant(arrays[f"{name}_0"])
            states.append(State(**found))
        self.states = states

    def probe(self, measure: Callable[..., float], chain: int, **options: Any) -> float:
        """Measure one chain where it stands: `measure` is one of `probes` that takes T."""
        return measure(
            self.loop,
            self.states[chain],
            self.fixed(),
            self.seeds[chain],
            self.charts[chain],
            temperature=self.temperature or COLDEST,
            **options,
        )

    def _stable(self, chain: int, step: float | None = None) -> float:
        return self.probe(probes.largest_stable_step, chain, step=step)

    def _loss(self, chain: int) -> float:
        """Return the loss of a chain where it stands."""
        problem = self.loop.problem
        return problem.loss(self.encoders()[chain], self.fixed(), problem.data)


def _flat() -> DivergedError:
    return DivergedError(
        "the start is ill-conditioned: its loss has no curvature that can be measured, "
        "so that no --step can be chosen; use another --start or --seed, or give "
        "--step and --step-share 0"
    )
