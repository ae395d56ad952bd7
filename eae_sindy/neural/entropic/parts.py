"""Chains as they grow, part by part: what was drawn, and the state to go on from."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...ensemble.chain import Chain
from ...ensemble.segments import Segments
from ..networks.span import draws_onto_span, fold
from . import probes
from .compiled import Record
from .session import Session
from .task import Task

# For each chain: what a run of steps left behind, the encoders, the Hessian's trace if estimated.
Block = list[tuple[Record, tuple[np.ndarray, ...], float | None]]


class Course(NamedTuple):
    """The training of a decoder so far, update by update.

    Attributes
    ----------
    losses : list of float
        Mean over the ensemble.
    slopes : list of tuples of float
        ‖ḡ‖ as `DecoderUpdate.apply` gives it.
    spreads : list of float
        Standard deviation of the loss over the ensemble.
    validations : list of float
        What `Task.watch` measured, where it measures anything.
    """

    losses: list[float]
    slopes: list[tuple[float, ...]]
    spreads: list[float]
    validations: list[float]

    @classmethod
    def of(cls, chain: Chain) -> "Course":
        """Return the course that a chain was saved with."""
        slopes = [tuple(row) for row in chain.outer_gradient]
        rest = (list(chain.training_spread), list(chain.validation))
        return cls(list(chain.training), slopes, *rest)

    def pairs(self) -> np.ndarray:
        """Return ‖ḡ‖ before and after each update, of those that know both: [updates, 2]."""
        return np.array([s for s in self.slopes if len(s) == 2]).reshape(-1, 2)


class Log:
    """The parts of a decoder's chains so far, in memory and, if wanted, as segments."""

    def __init__(self, segments: Segments | None, decoder_index: int, every: int = 1) -> None:
        self.segments, self.decoder_index, self.every = segments, decoder_index, every
        self.parts = segments.read(decoder_index) if segments is not None else []
        self.saved = time.monotonic()

    @property
    def drawn(self) -> int:
        """Number of draws of each chain so far, with those that were not kept."""
        return self.every * sum(len(part[0]) for part in self.parts)

    def due(self) -> bool:
        """Whether it is time for the next segment."""
        return self.segments is not None and time.monotonic() - self.saved >= self.segments.every

    def write(self, index: int, part: list[Chain]) -> None:
        """Keep a part, and save it as the segment of that number; those from there on go."""
        self.parts[index:] = [part]
        if self.segments is not None:
            self.segments.write(self.decoder_index, index, part)
        self.saved = time.monotonic()


def part(
    task: Task,
    session: Session,
    decoder_index: int,
    course: Course,
    drawn: Sequence[Block] = (),
    *,
    last: bool = False,
) -> list[Chain]:
    """Return, for each chain, what was drawn as a part of it, and the state to go on from.

    `course` is the training so far. What holds for a chain as a whole is measured
    with its `last` part.
    """
    decoder = tuple(session.decoder_arrays())
    if task.settings.full_space:
        decoder = fold(decoder, task.pod.modes)
    found = []
    for c, state in enumerate(session.states):
        encoder = _encoders(task, session, c, [block[c][1] for block in drawn])
        records = [block[c][0] for block in drawn]
        losses, temperatures, slopes = (
            (np.concatenate(rows) for rows in zip(*records, strict=True))
            if records
            else (np.zeros(0, np.float32), np.zeros((0, len(encoder))), np.zeros(0, np.float32))
        )
        end = int(state.step)
        chain = Chain(
            encoder=encoder,
            decoder=decoder,
            loss=losses,
            kinetic_temperature=temperatures,
            step=end - task.every * np.arange(len(losses))[::-1],
            training=np.array(course.losses),
            training_spread=np.array(course.spreads),
            validation=np.array(course.validations),
            outer_gradient=course.pairs(),
            gradient_square=slopes,
            laplacian=np.array([b[c][2] for b in drawn if b[c][2] is not None]),
            largest_stable_step=session.probe(probes.largest_stable_step, c) if last else np.nan,
            time_step=session.time_step,
            loss_of_all=(
                session.probe(probes.loss_of_all, c) if last and task.settings.frames else np.nan
            ),
            temperature=session.temperature,
            batch_noise=session.probe(probes.batch_noise, c) if last else np.nan,
            decoder_index=decoder_index,
            state=session.arrays(c),
        )
        found.append(chain)
    return found


def _encoders(
    task: Task, session: Session, chain: int, blocks: Sequence[tuple[np.ndarray, ...]]
) -> tuple[np.ndarray, ...]:
    """Return the encoders of some blocks [draws, ...] as they are kept: on the span of the data."""
    position = session.states[chain].position
    blocks = blocks or [tuple(np.zeros((0, *p.shape), np.float32) for p in position)]
    if task.settings.full_space:
        blocks = [draws_onto_span(block, task.pod.modes) for block in blocks]
    return tuple(np.concatenate(layer) for layer in zip(*blocks, strict=True))
