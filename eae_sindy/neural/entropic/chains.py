"""All chains that share one decoder: begun, trained, collected, and saved as they grow."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from ...ensemble.chain import Chain
from ...progress import Progress, Steps, mapped
from ...recipes import CRITERIA, Fit
from ..networks.contract import Weights
from ..objectives.data import Data
from ..starts import choice as starts
from ..starts import started
from ..starts.contract import Begun
from . import ladder, probes
from .compiled import Record
from .parts import Block, Course, Log, part
from .session import Session
from .task import Task

PROBES = 25  # of the Hessian's trace, spread over the draws of a chain
# Segments: the training, replaced as it goes on; its end; then the draws.
TRAINING, TRAINED = 0, 1


def start(task: Task, decoder_index: int) -> Steps[Begun]:
    """Return the first weights of a decoder and of the encoders that share it."""
    s = task.settings
    rngs = [np.random.default_rng(first) for first, _ in _seeds(s, decoder_index)]
    memory = None if task.segments is None else task.segments.memory(decoder_index)
    return (
        yield from mapped(
            starts.choose(s)(s, task.frames, task.pod, task.library, rngs, memory),
            lambda step: step._replace(total=units(s)),
        )
    )


def _seeds(settings: Fit, decoder_index: int) -> list[np.ndarray]:
    """Return two numbers for each chain of a decoder: of its start, and of its sampler."""
    parts = [
        (settings.seed, decoder_index, *((j,) if j else ()))
        for j in range(settings.chains_per_decoder)
    ]
    return [np.random.SeedSequence(p).generate_state(2) for p in parts]


def begin(
    task: Task, decoder_index: int, before: Sequence[Chain] = (), begun: Begun | None = None
) -> Steps[Session]:
    """Return a decoder and the chains that share it, begun by the start of the fit.

    Seeds follow from that of the fit and the number of the decoder. With `before`,
    one for each, chains go on from there, and nothing is started anew; with `begun` they begin
    from what `start` has found already.
    """
    s, states = task.settings, [chain.state for chain in before]
    if states:
        begun = Begun([_named(state, "position") for state in states], _named(states[0], "decoder"))
    elif begun is None:
        begun = yield from start(task, decoder_index)
    encoders, decoder = begun.encoders, begun.decoder
    keys = [int(second & 0x7FFFFFFF) for _, second in _seeds(s, decoder_index)]
    # A context manager around a yield would leak the device into the caller's code.
    with tf.device(task.device):
        frames = int(states[0]["frames_0"]) if states else sampled_frames(task, encoders, decoder)
        loop = task.loop(frames)
        session = Session(loop, s, encoders=encoders, decoder=decoder, seeds=keys)
        if states:
            session.restore(states, before[0].time_step)
            return session
        session.measure()
    chosen: dict[str, float] = {}
    if not s.temperature:
        with tf.device(task.device):
            judges = Data(*map(tf.constant, task.judges))
        chosen = yield from ladder.climb(session, judges, starts.units(s), units(s))
    session.said = started.pack(begun._replace(numbers={**begun.numbers, **chosen}))
    return session


def sampled_frames(task: Task, encoders: Sequence[Weights], decoder: Weights) -> int:
    """Return how many training frames the sampler sees: on them the loss is that on all, nearly.

    As many as the fit asks for, or twice as many, and again, until the loss of the first weights
    agrees with that on all frames. 0 is all frames.
    """
    count, most = task.settings.frames, len(task.data[0])
    if not count:
        return 0
    while count < most:
        problem = task.loop(count).problem
        seen, whole = (
            problem.loss(encoders[0], decoder, data) for data in (problem.data, problem.every_frame)
        )
        if abs(seen / whole - 1) <= CRITERIA.frames_agree:
            return count
        count *= 2
    return 0


def _named(state: Mapping[str, np.ndarray], name: str) -> Weights:
    """Return the arrays name_0, name_1, … of a chain's state."""
    count = sum(key.startswith(f"{name}_") for key in state)
    return tuple(state[f"{name}_{i}"] for i in range(count))


def units(settings: Fit) -> int:
    """Return how many units of progress the chains of one decoder take."""
    done = settings.updates + math.ceil(settings.draws / settings.encoders)
    return starts.units(settings) + done


def grow(task: Task, decoder_index: int, begun: Begun | None = None) -> Steps[list[Chain]]:
    """Train a decoder (Algorithm 1), then collect every chain under it (Algorithm 2).

    Goes on from the segments that are there, or from what `start` has found already. Progress
    counts `units`.
    """
    log = Log(task.segments, decoder_index, task.every)
    session = yield from begin(task, decoder_index, log.parts[-1] if log.parts else (), begun)
    course = yield from _train(task, session, log)
    yield from _collect(task, session, log, course)
    return [Chain.join(chain) for chain in zip(*log.parts, strict=True)]


def _train(task: Task, session: Session, log: Log) -> Steps[Course]:
    """Update the decoder until it is done; return the course that this took."""
    s = task.settings
    course = Course.of(log.parts[-1][0]) if log.parts else Course([], [], [], [])
    if len(log.parts) > TRAINED:
        return course
    if not log.parts:
        log.write(TRAINING, part(task, session, log.decoder_index, course))
    temperatures = s.temperatures(session.temperature)
    while len(course.losses) < s.updates:
        with tf.device(task.device):
            records, slopes = session.update(temperatures[len(course.losses)])
        course.losses.append(float(np.mean([np.mean(r.loss) for r in records])))
        course.spreads.append(float(np.std([r.loss for r in records])))
        course.slopes.append(slopes)
        course.validations.extend(task.watch(session))
        if session.due(len(course.losses)):
            with tf.device(task.device):
                session.adapt()
        yield _report("training", len(course.losses), session, records)
        if slopes[0] <= s.tolerance:
            break
        if log.due():
            log.write(TRAINING, part(task, session, log.decoder_index, course))
    log.write(TRAINED, part(task, session, log.decoder_index, course))
    return course


def _collect(task: Task, session: Session, log: Log, course: Course) -> Steps[None]:
    """Draw members with the decoder fixed, until there are as many as are wanted."""
    s = task.settings
    size = session.loop.block(session.states[0].position, s.encoders)
    size = max(task.every, size - size % task.every)
    probed = max(1, s.draws // size // PROBES)  # blocks to a probe
    done, drawn = log.drawn, list[Block]()
    while done < s.draws:
        kept = min(size, s.draws - done)  # a last block of another size is compiled anew
        done += kept
        with tf.device(task.device):
            block = _draw(session, kept, done // size % probed == 0, task.every)
        drawn.append(block)
        records = [record for record, _, _ in block]
        yield _report("collecting", s.updates + math.ceil(done / s.encoders), session, records)
        if log.due() or done >= s.draws:
            new = part(task, session, log.decoder_index, course, drawn, last=done >= s.draws)
            log.write(len(log.parts), new)
            drawn = []


def _draw(session: Session, steps: int, probe: bool, every: int) -> Block:
    """Draw encoders of every chain, and keep one of `every` so many.

    With a `probe`, estimate the Hessian's trace at the last.
    """
    blocks = session.collect(steps)
    traces = [session.probe(probes.laplacian, c) if probe else None for c in range(len(blocks))]
    return [
        (
            Record(*(rows[every - 1 :: every] for rows in record)),
            tuple(w[every - 1 :: every] for w in draws),
            trace,
        )
        for (record, draws), trace in zip(blocks, traces, strict=True)
    ]


def _report(stage: str, done: int, session: Session, records: Sequence[Record]) -> Progress:
    s = session.settings
    loss = float(np.mean([r.loss.mean() for r in records]))
    drawn = float(np.mean([r.kinetic_temperature[:, 0].mean() for r in records]))
    return Progress(
        stage,
        starts.units(s) + done,
        units(s),
        {"loss": loss, "temperature of set": drawn / session.temperature},
    )
