"""From data to chains: all that share one decoder, trained, collected, and saved as they grow."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ...dynamics.library import Library, standard
from ...ensemble.chain import Chain
from ...ensemble.segments import Segments
from ...progress import Progress, Steps
from ...recipes import Fit
from ...snapshots.pod import Pod
from ..networks import dense
from ..networks.dense import Weights
from ..objectives.contract import Data
from ..samplers.choice import _thermostat
from .compiled import Record, Sampler
from .problem import Problem
from .session import Session

BLOCK_BYTES = 2**28  # of draws held on the device at a time
PROBES = 25  # of the Hessian's trace, spread over the draws of a chain
# Segments: the training, replaced as it goes on; its end; then the draws.
TRAINING, TRAINED = 0, 1

# For each chain: what a run of steps left behind, the encoders, the Hessian's trace if estimated.
_Block = list[tuple[Record, tuple[np.ndarray, ...], float | None]]


@dataclass(frozen=True)
class Task:
    """What all chains of a fit share. NumPy only, so that it can be sent to another process.

    `library` is None for the one of `settings`; `device` is TensorFlow's name, or None.
    """

    settings: Fit
    library: Library | None
    pod: Pod
    data: tuple[np.ndarray, ...]
    segments: Segments | None
    device: str | None

    def sampler(self) -> Sampler:
        """Return the compiled loop that all chains of a process use."""
        s, n = self.settings, self.pod.size
        library = self.library or standard(s.latents, s.degree, s.sine, s.constant)
        with tf.device(self.device):
            data = Data(*map(tf.constant, self.data))
        problem = Problem(
            data, library, s, _thermostat(s, self.pod), share=1 / n if s.full_space else 1.0
        )
        return Sampler(problem)


def _begin(task: Task, sampler: Sampler, decoder_index: int) -> Session:
    """Draw the first weights: a decoder, and an encoder for each chain that shares it."""
    s, n = task.settings, task.pod.size
    seeds = np.random.SeedSequence([s.seed, decoder_index]).generate_state(2)
    rng = np.random.default_rng(seeds[0])
    sizes, modes = (n, *s.hidden, s.latents), None if s.full_space else task.pod.modes
    encoder, decoder = dense.begin(sizes, rng, modes)
    encoders, keys = [encoder], [int(seeds[1] & 0x7FFFFFFF)]
    for j in range(1, s.chains_per_decoder):
        more = np.random.SeedSequence([s.seed, decoder_index, j]).generate_state(2)
        encoders.append(dense.begin(sizes, np.random.default_rng(more[0]), modes)[0])
        keys.append(int(more[1] & 0x7FFFFFFF))
    return Session(sampler, encoders, decoder, keys)


def units(settings: Fit) -> int:
    """Return how many units of progress the chains of one decoder take."""
    return settings.updates + math.ceil(settings.draws / settings.encoders)


def grow(task: Task, sampler: Sampler, decoder_index: int) -> Steps[list[Chain]]:
    """Train a decoder (Algorithm 1), then collect every chain under it (Algorithm 2).

    Goes on from the segments that are there. Progress counts `units`.
    """
    s, log = task.settings, _Log(task.segments, decoder_index)
    # A context manager around the yields would leak the device into the caller's code.
    with tf.device(task.device):
        session = _begin(task, sampler, decoder_index)
        if log.parts:
            session.restore([chain.state for chain in log.parts[-1]])

    def part(drawn: Sequence[_Block], *, last: bool = False) -> list[Chain]:
        return _part(task, session, history, decoder_index, drawn, last)

    history = list(log.parts[-1][0].training) if log.parts else []
    if not log.parts:
        log.write(TRAINING, part([]))
    temperatures = s.temperatures()
    while len(log.parts) <= TRAINED and len(history) < s.updates:
        with tf.device(task.device):
            records, slope = session.update(temperatures[len(history)])
        history.append(float(np.mean([np.mean(r.loss) for r in records])))
        yield _report("training", len(history), s, records)
        if slope <= s.tolerance:
            break
        if log.due():
            log.write(TRAINING, part([]))
    if len(log.parts) <= TRAINED:
        log.write(TRAINED, part([]))

    weights = 4 * sum(int(np.prod(p.shape)) for p in session.states[0].position)
    size = max(1, min(s.encoders, BLOCK_BYTES // weights))
    probed = max(1, s.draws // size // PROBES)  # blocks to a probe
    done = sum(len(p[0]) for p in log.parts)
    drawn: list[_Block] = []
    while done < s.draws:
        kept = min(size, s.draws - done)  # a last block of another size is compiled anew
        with tf.device(task.device):
            blocks = session.collect(kept)
            done += kept
            probe = done // size % probed == 0
            traces = [session.laplacian(c) if probe else None for c in range(len(blocks))]
        drawn.append([(r, _stored(task, e), t) for (r, e), t in zip(blocks, traces, strict=True)])
        yield _report(
            "collecting", s.updates + math.ceil(done / s.encoders), s, [r for r, _ in blocks]
        )
        if log.due() or done >= s.draws:
            log.write(len(log.parts), part(drawn, last=done >= s.draws))
            drawn = []
    return [Chain.join(chain) for chain in zip(*log.parts, strict=True)]


class _Log:
    """The parts of a decoder's chains so far, in memory and, if wanted, as segments."""

    def __init__(self, segments: Segments | None, decoder_index: int) -> None:
        self.segments, self.decoder_index = segments, decoder_index
        self.parts = segments.read(decoder_index) if segments is not None else []
        self.saved = time.monotonic()

    def due(self) -> bool:
        return self.segments is not None and time.monotonic() - self.saved >= self.segments.every

    def write(self, index: int, part: list[Chain]) -> None:
        self.parts[index:] = [part]
        if self.segments is not None:
            self.segments.write(self.decoder_index, index, part)
        self.saved = time.monotonic()


def _part(
    task: Task,
    session: Session,
    history: Sequence[float],
    decoder_index: int,
    drawn: Sequence[_Block],
    last: bool,
) -> list[Chain]:
    """Return, for each chain, what was drawn as a part of it, and the state to go on from.

    What holds for a chain as a whole is found with its last part.
    """
    s, found = task.settings, []
    decoder = tuple(session.decoder_arrays())
    if s.full_space:
        decoder = _fold(decoder, task.pod)
    for c, state in enumerate(session.states):
        draws = [block[c][1] for block in drawn] or [
            _stored(task, tuple(np.zeros((0, *p.shape), np.float32) for p in state.position))
        ]
        encoder = tuple(np.concatenate(layer) for layer in zip(*draws, strict=True))
        records = [block[c][0] for block in drawn]
        losses, temperatures, slopes = (
            (np.concatenate(rows) for rows in zip(*records, strict=True))
            if records
            else (np.zeros(0, np.float32), np.zeros((0, len(encoder))), np.zeros(0, np.float32))
        )
        end = int(state.step)
        found.append(
            Chain(
                encoder,
                decoder,
                losses,
                temperatures,
                np.arange(end - len(losses) + 1, end + 1),
                np.array(history),
                slopes,
                np.array([b[c][2] for b in drawn if b[c][2] is not None]),
                session.largest_stable_step(c) if last else np.nan,
                session.batch_noise(c) if last else np.nan,
                decoder_index,
                session.arrays(c),
            )
        )
    return found


def _stored(task: Task, encoder: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Return encoders [draws, ...] as they are kept: on the span of the data."""
    if not task.settings.full_space:
        return encoder
    return (np.einsum("rn,dnh->drh", task.pod.modes, encoder[0], optimize=True), *encoder[1:])


def _report(stage: str, done: int, s: Fit, records: Sequence[Record]) -> Progress:
    loss = float(np.mean([r.loss.mean() for r in records]))
    drawn = float(np.mean([r.kinetic_temperature[:, 0].mean() for r in records]))
    return Progress(
        stage, done, units(s), {"loss": loss, "temperature of set": drawn / s.temperature}
    )


def _fold(decoder: Weights, pod: Pod) -> Weights:
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
