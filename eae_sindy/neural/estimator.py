"""EntropicAutoencoder: snapshots in, an ensemble of encoders out."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from .. import __version__
from .. import snapshots as snapshots_
from ..ensemble import Chain, Ensemble
from ..errors import EaeSindyError
from ..library import Library, standard
from ..networks import ACTIVATIONS
from ..pod import Frames, Pod, decompose, project, training_frames
from ..progress import Progress, Steps, finish
from ..recipes import RECIPES, Fit
from ..snapshots import TRAIN, Snapshots
from . import entropic, networks
from .objectives import Data
from .thermostat import Thermostat

BLOCK_BYTES = 2**28  # of draws held on the device at a time


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

    Examples
    --------
    >>> ensemble = EntropicAutoencoder(recipe("quick")).fit(Snapshots.open("data.h5"))
    """

    def __init__(
        self,
        settings: Fit = RECIPES["reaction-diffusion"],
        *,
        library: Library | None = None,
        device: str = "auto",
    ) -> None:
        if settings.activation not in ACTIVATIONS:
            raise EaeSindyError(
                f"unknown activation {settings.activation!r}: choose from {', '.join(ACTIVATIONS)}"
            )
        if library is not None and library.latents != settings.latents:
            raise EaeSindyError(
                f"the library is for {library.latents} latents, the settings ask "
                f"for {settings.latents}: make them agree"
            )
        if device not in ("auto", "cpu", "gpu"):
            raise EaeSindyError(f"unknown device {device!r}: choose from auto, cpu, gpu")
        if device == "gpu" and not tf.config.list_physical_devices("GPU"):
            raise EaeSindyError(
                "TensorFlow sees no GPU: install eae-sindy[gpu] on a machine that "
                "has one, or use --device cpu"
            )
        self.settings = settings
        self.library = library or standard(
            settings.latents, settings.degree, settings.sine, settings.constant
        )
        self._device = {"auto": None, "cpu": "/CPU:0", "gpu": "/GPU:0"}[device]

    def fit(self, snapshots: Snapshots) -> Ensemble:
        """Train a decoder, collect an ensemble of encoders, and return them."""
        return finish(self.iterate(snapshots))

    def iterate(self, snapshots: Snapshots) -> Steps[Ensemble]:
        """Do what `fit` does, step by step."""
        s = self.settings
        parts = snapshots_.split(
            snapshots, train=s.train, validation=s.validation, test=s.test, seed=s.seed
        )
        frames_needed, given = len(self.library), int(np.count_nonzero(parts == TRAIN))
        if given < frames_needed:
            raise EaeSindyError(
                f"{given} training frames are too few for {frames_needed} terms: give more frames, "
                "or a smaller --degree"
            )
        training = training_frames(snapshots, parts)
        pod = decompose(training, s.rank)
        if s.latents > pod.rank:
            raise EaeSindyError(
                f"--latents {s.latents} exceeds the rank of the data, {pod.rank}: "
                "ask for fewer latents" + (", or raise --rank" if pod.rank == s.rank else "")
            )
        frames = project(snapshots, pod, parts)
        # A context manager around the yields would leak the device into the caller's code.
        with tf.device(self._device):
            data = self._data(snapshots, training, parts, pod, frames)
        del training
        chain = yield from self._chain(data, pod)
        return Ensemble(
            s,
            self.library,
            pod,
            frames,
            [chain],
            snapshots.shape,
            snapshots.mask,
            self._provenance(snapshots),
        )

    def _data(
        self,
        snapshots: Snapshots,
        training: np.ndarray,
        parts: np.ndarray,
        pod: Pod,
        frames: Frames,
    ) -> Data:
        """Put the training frames on the device: what the networks see, and what they aim at."""
        root = np.float32(np.sqrt(pod.size))
        if not self.settings.full_space:
            rows = frames.where(TRAIN)
            x, x_rate = frames.coordinates[rows], frames.rate_coordinates[rows]
            return Data(*map(tf.constant, (root * x, root * x_rate, x, x_rate)))
        if snapshots.rate is None:
            raise EaeSindyError(
                "--full-space needs /rate in the snapshots: add it, or fit in POD coordinates"
            )
        rate = training_frames(snapshots, parts, "rate")
        x, x_rate = tf.constant(training), tf.constant(rate)
        return Data(x, x_rate, x, x_rate)

    def _chain(self, data: Data, pod: Pod) -> Steps[Chain]:
        s, n = self.settings, pod.size
        seeds = np.random.SeedSequence([s.seed, 0]).generate_state(2)
        rng = np.random.default_rng(seeds[0])
        # In full space, whatever the coordinates: the reduced network starts where that one would.
        encoder = networks.glorot((n, *s.hidden, s.latents), rng)
        decoder = networks.glorot((s.latents, *s.hidden[::-1], n), rng)
        if not s.full_space:
            encoder, decoder = networks.onto_span(encoder, decoder, pod.modes)
        thermostat = Thermostat(
            s.temperature,
            s.mass,
            s.step,
            s.chain_length,
            s.thermostat_time * s.step,
            s.resample_every,
            hidden=0 if s.full_space else (n - pod.rank) * s.hidden[0],
        )
        problem = entropic.Problem(
            data, self.library, s, thermostat, share=1 / n if s.full_space else 1.0
        )
        sampler = entropic.Sampler(problem, int(seeds[1] & 0x7FFFFFFF))
        with tf.device(self._device):
            session = entropic.Session(sampler, encoder, decoder)

        history: list[float] = []
        total = s.updates + math.ceil(s.draws / s.encoders)
        for _ in range(s.updates):
            with tf.device(self._device):
                record, slope = session.update()
            history.append(float(np.mean(record.loss)))
            yield self._report("training", len(history), total, record)
            if slope <= s.tolerance:
                break

        draws: list[tuple[np.ndarray, ...]] = []
        records: list[entropic.Record] = []
        weights = 4 * sum(int(np.prod(w.shape)) for w in encoder)
        block, done = max(1, min(s.encoders, BLOCK_BYTES // weights)), 0
        while done < s.draws:
            kept = min(block, s.draws - done)  # a last block of another size is compiled anew
            with tf.device(self._device):
                record, encoders = session.collect(kept)
            if s.full_space:
                first = np.einsum("rn,dnh->drh", pod.modes, encoders[0], optimize=True)
                encoders = (first, *encoders[1:])
            draws.append(encoders)
            records.append(record)
            done += kept
            yield self._report(
                "collecting", s.updates + math.ceil(done / s.encoders), total, record
            )

        final = tuple(session.decoder_arrays())
        if s.full_space:
            final = _fold(final, pod)
        loss, temperature = (np.concatenate(x) for x in zip(*records, strict=True))
        first_step = len(history) * s.encoders + 1
        return Chain(
            tuple(np.concatenate(w) for w in zip(*draws, strict=True)),
            final,
            loss,
            temperature,
            first_step + np.arange(s.draws),
            np.array(history),
            session.arrays(),
        )

    def _report(self, stage: str, done: int, total: int, record: entropic.Record) -> Progress:
        loss = float(np.mean(record.loss))
        if not math.isfinite(loss):
            raise EaeSindyError(
                f"the sampler diverged while {stage}: lower --step or --temperature, "
                "or raise --mass"
            )
        ratio = float(np.mean(record.kinetic_temperature[:, 0])) / self.settings.temperature
        return Progress(stage, done, total, {"loss": loss, "temperature of set": ratio})

    def _provenance(self, snapshots: Snapshots) -> dict[str, Any]:
        found = {"version": __version__, "tensorflow": tf.__version__}
        carried = ("system", "channel_axis")
        return found | {k: v for k, v in snapshots.attributes.items() if k in carried}


def _fold(decoder: networks.Weights, pod: Pod) -> networks.Weights:
    """Express a decoder on pixels in POD coordinates, without loss of what it makes outside.

    Outside the span only lengths matter, and they are kept by the triangular factor of the part of
    the last layer that lies there: at most as many further outputs as the layer has rows.
    """
    *inner, kernel, bias = decoder
    last = np.vstack([kernel, bias]) / np.sqrt(pod.size)
    inside = last @ pod.modes.T
    _, triangle = np.linalg.qr((last - inside @ pod.modes).T.astype(float))
    wide = np.hstack([inside, triangle.T]).astype(np.float32)
    return (*inner, wide[:-1], wide[-1])
