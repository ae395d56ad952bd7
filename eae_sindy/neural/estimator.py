"""EntropicAutoencoder: snapshots in, an ensemble of encoders out."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from .. import __version__
from ..dynamics.library import Library, standard
from ..ensemble.chain import Chain
from ..ensemble.ensemble import Ensemble
from ..ensemble.forward import known
from ..ensemble.ladder import Ladder, Rung
from ..ensemble.members import evenly
from ..ensemble.segments import Segments
from ..errors import EaeSindyError
from ..executors import Executor
from ..progress import Steps, finish
from ..recipes import AUTO, DEFAULT, RECIPES, Fit
from ..snapshots import channels, delays, second_order, split
from ..snapshots.pod import decompose, hold, project, training_frames
from ..snapshots.preparation import prepared
from ..snapshots.snapshots import Snapshots
from ..snapshots.split import TRAIN, VALIDATION
from . import devices
from .entropic import sweep, workers
from .entropic.task import Task
from .objectives import data
from .starts import started
from .starts.projection import activation
from .starts.projection.problem import JUDGES, LEAST_JUDGES


class EntropicAutoencoder:
    """An autoencoder whose encoder is an ensemble drawn at temperature T.

    Parameters
    ----------
    settings : recipes.Fit
        Start from a recipe and change what differs: ``recipe("quick").but(temperature=1e-5)``.
    library : Library, optional
        Candidate terms of the user's own; those of `settings` if absent.
    device : {"auto", "cpu", "gpu"}
        "auto" is TensorFlow's own choice: a GPU if it sees one.
    jobs : int
        Processes among which chains with different decoders are spread; with 1, no new process.
    executor : executors.Executor, optional
        Runs the chains in place of these processes: ``Futures(client)`` for other machines.

    Examples
    --------
    >>> ensemble = EntropicAutoencoder(recipe("quick")).fit(Snapshots.open("data.h5"))
    """

    def __init__(
        self,
        settings: Fit = RECIPES[DEFAULT],
        *,
        library: Library | None = None,
        device: str = "auto",
        jobs: int = 1,
        executor: Executor | None = None,
    ) -> None:
        if settings.activation != AUTO:
            known(settings.activation)
        if library is not None and library.latents != settings.latents:
            raise EaeSindyError(
                f"the library is for {library.latents} latents, the settings ask "
                f"for {settings.latents}: make them agree"
            )
        if jobs < 1:
            raise EaeSindyError(f"--jobs must be at least 1, not {jobs}")
        self.settings, self.jobs, self.executor = settings, jobs, executor
        self._custom = library
        self.library = library or standard(
            settings.latents, settings.degree, settings.sine, settings.constant
        )
        self._device = devices.named(device)

    def fit(self, snapshots: Snapshots, segments: Segments | None = None) -> Ensemble:
        """Train decoders, collect an ensemble of encoders, and return them.

        With `segments` the work is saved as it goes on, and goes on from what is there. Raises
        `EaeSindyError` if what is there was made by another version, from other data or settings.
        """
        return finish(self.iterate(snapshots, segments))

    def iterate(
        self, snapshots: Snapshots, segments: Segments | None = None, *, resume: bool = True
    ) -> Steps[Ensemble]:
        """Do what `fit` does, step by step; without `resume`, segments that are there go."""
        if segments and resume:  # what a kill left behind, down to the bits of the POD
            begun = segments.opening(self._custom)
            segments.begun_as(self.differences(begun, snapshots))
            training = None  # all that is needed in POD coordinates was begun with
        else:
            begun, training = self.begin(snapshots)
            if segments is not None:
                segments.begin(begun)
        task = self._task(snapshots, training, begun, segments)
        del training
        snapshots.close()  # chains may run for hours
        executor = self.executor or workers.local(self.jobs, workers.decoders(task))
        chains = yield from workers.grow(task, executor)
        return _grown(begun, chains)

    def sweep(self, snapshots: Snapshots, temperatures: Sequence[float] = ()) -> Steps[Ladder]:
        """Make an ensemble at every temperature, all from one start for each decoder.

        Each is what `fit` makes at that temperature, and all share frames and basis. They are held
        in memory together. A rung where the sampler diverges has no ensemble.

        Parameters
        ----------
        snapshots : Snapshots
        temperatures : sequence of float
            At least two; none for ten, half decades apart, about the temperature that `fit` takes:
            five below it, itself, and four above.

        Raises
        ------
        EaeSindyError
            If a temperature is not positive, or given twice, or if there is one alone.
        """
        _check_temperatures(temperatures)
        begun, training = self.begin(snapshots)
        task = self._task(snapshots, training, begun)
        del training
        snapshots.close()
        decoders = workers.decoders(task)
        rungs = decoders * (len(temperatures) or sweep.BELOW + 1 + sweep.ABOVE)
        starts, spread = (
            self.executor or workers.local(self.jobs, items) for items in (decoders, rungs)
        )
        chosen, grown = yield from sweep.climb(task, temperatures, starts, spread)
        return Ladder(chosen, [_rung(begun, *one) for one in grown])

    def _task(
        self,
        snapshots: Snapshots,
        training: np.ndarray | None,
        begun: Ensemble,
        segments: Segments | None = None,
    ) -> Task:
        return Task(
            settings=begun.settings,
            custom=self._custom,
            pod=begun.pod,
            frames=begun.frames,
            data=self._data(snapshots, training, begun),
            judges=self._judges(begun),
            segments=segments,
            device=self._device,
        )

    def differences(self, made: Ensemble, snapshots: Snapshots) -> list[str]:
        """Say in what `made` is not what this estimator would make of the snapshots."""
        s = self.settings
        blank = replace(
            made,
            settings=s.but(activation=made.settings.activation) if s.activation == AUTO else s,
            library=self.library,
            attributes=self._provenance(snapshots),
        )
        return made.differences(blank)

    def begin(self, snapshots: Snapshots) -> tuple[Ensemble, np.ndarray]:
        """Split the frames, find their POD; return an ensemble without chains, and frames."""
        s = self.settings
        parts = split.of_fit(snapshots, s)
        frames_needed, given = len(self.library), int(np.count_nonzero(parts == TRAIN))
        if given < frames_needed:
            raise EaeSindyError(
                f"{given} training frames are too few for {frames_needed} terms: give more frames, "
                "or a smaller --degree"
            )
        held = hold(snapshots, parts)
        pod = decompose(held.training, s.rank, dimensionless=s.dimensionless)
        if s.latents > pod.rank:
            raise EaeSindyError(
                f"--latents {s.latents} exceeds the rank of the data, {pod.rank}: "
                "ask for fewer latents"
                + (", or raise --rank" if pod.rank == s.rank else "")
                + (", or make delay coordinates (--delays)" if snapshots.size < s.latents else "")
            )
        frames, told = prepared(
            project(snapshots, pod, parts, held=held),
            rates_given=snapshots.rate is not None,
            smooth=s.smooth and not s.full_space,
            method=s.differentiate,
        )
        if s.activation == AUTO:
            name, errors = activation.preferred(s, frames, pod, self.library)
            s = s.but(activation=name)
            told = {**told, **{f"activation/{k}": v for k, v in errors.items()}}
        begun = Ensemble(
            settings=s,
            library=self.library,
            pod=pod,
            frames=frames,
            chains=[],
            shape=snapshots.shape,
            mask=snapshots.mask,
            attributes={**self._provenance(snapshots), **told},
        )
        return begun, held.training

    def _data(
        self, snapshots: Snapshots, training: np.ndarray | None, begun: Ensemble
    ) -> tuple[np.ndarray, ...]:
        """Return the training frames: what the networks see, and what they aim at."""
        if not self.settings.full_space:
            return data.coordinates(begun)
        if snapshots.rate is None:
            raise EaeSindyError(
                "--full-space needs /rate in the snapshots: add it, or fit in POD coordinates"
            )
        if training is None:
            training = training_frames(snapshots, begun.frames.split)
        rate = training_frames(snapshots, begun.frames.split, "rate")
        return training, rate, training, rate

    def _judges(self, begun: Ensemble) -> tuple[np.ndarray, ...]:
        """Return validation frames; some training frames where there are too few of them."""
        judges = data.coordinates(begun, VALIDATION)
        if len(judges[0]) < LEAST_JUDGES:
            judges = data.coordinates(begun)
        rows = evenly(np.arange(len(judges[0])), JUDGES)
        return tuple(part[rows] for part in judges)

    def _provenance(self, snapshots: Snapshots) -> dict[str, Any]:
        found = {"version": __version__, "tensorflow": tf.__version__}
        carried = ("system", *channels.CARRIED, *delays.CARRIED, *second_order.CARRIED)
        found |= {k: v for k, v in snapshots.attributes.items() if k in carried}
        return found | {"data fingerprint": snapshots.fingerprint()}


def _grown(begun: Ensemble, chains: Sequence[Chain]) -> Ensemble:
    """Return the ensemble with its chains, and what their start has to say."""
    said = {
        name: value
        for chain in chains
        for name, value in started.unpack(chain.state, str(chain.decoder_index)).items()
    }
    return replace(begun, chains=chains, attributes={**begun.attributes, **said})


def _rung(begun: Ensemble, temperature: float, grown: Sequence[sweep.Grown]) -> Rung:
    """Return a rung; without an ensemble if a decoder of it was lost."""
    if lost := [one for one in grown if isinstance(one, str)]:
        return Rung(temperature, None, lost[0])
    at = replace(begun, settings=begun.settings.but(temperature=temperature))
    return Rung(
        temperature, _grown(at, [c for one in grown if not isinstance(one, str) for c in one])
    )


def _check_temperatures(temperatures: Sequence[float]) -> None:
    """Check the temperatures of a ladder that is given."""
    for t in temperatures:
        if not (t > 0 and math.isfinite(t)):
            raise EaeSindyError(
                f"--temperatures must be positive and finite, not {t}: leave it out"
            )
    if len(temperatures) == 1:
        raise EaeSindyError(
            f"one temperature, {temperatures[0]:g}, is no sweep: give two or more, or use fit"
        )
    if len(set(temperatures)) < len(temperatures):
        raise EaeSindyError("--temperatures has one of them twice: give each once")
