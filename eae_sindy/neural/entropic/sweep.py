"""A ladder of temperatures from one start for each decoder: the start is what costs most."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...ensemble.chain import Chain
from ...executors import Executor
from ...progress import Progress, Steps, mapped
from ..starts import choice as starts
from ..starts.contract import Begun
from . import chains, workers
from .divergence import DivergedError
from .task import Task

BELOW, ABOVE = 5, 4  # rungs, under and over the temperature that a fit would take

Item = tuple[float, int]  # a temperature, and the number of a decoder
Grown = list[Chain] | str  # or why there are none


class Beginning:
    """Work for an executor: the first weights of a decoder, and the temperature a fit takes."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __call__(self, decoder_index: int) -> Steps[tuple[Begun, float]]:
        """Start a decoder and, where the settings ask for it, choose its temperature."""
        return (yield from workers.in_memory(self._begun(decoder_index)))

    def _begun(self, decoder_index: int) -> Steps[tuple[Begun, float]]:
        found = yield from chains.start(self.task, decoder_index)
        encoders = [tuple(map(np.asarray, weights)) for weights in found.encoders]
        found = found._replace(encoders=encoders, decoder=tuple(map(np.asarray, found.decoder)))
        if self.task.settings.temperature:
            return found, self.task.settings.temperature
        session = yield from chains.begin(self.task, decoder_index, begun=found)
        return found, session.temperature


class Rung:
    """Work for an executor: the chains of a decoder at a temperature, from its first weights."""

    def __init__(self, task: Task, begun: Sequence[Begun]) -> None:
        self.task, self.begun = task, begun

    def __call__(self, item: Item) -> Steps[Grown]:
        """Train and collect; say why where the sampler diverges."""
        temperature, decoder = item
        task = replace(self.task, settings=self.task.settings.but(temperature=temperature))
        over = starts.units(task.settings)  # the start is behind us

        def told(step: Progress) -> Progress:
            values = {"T": temperature, **step.values}
            return Progress("sweep", step.done - over, step.total - over, values)

        steps = workers.in_memory(chains.grow(task, decoder, self.begun[decoder]))
        try:
            return (yield from mapped(steps, told))
        except DivergedError as error:
            return str(error)


def ladder(chosen: float) -> list[float]:
    """Return ten temperatures, half decades apart: five below the one chosen, it, four above."""
    return [float(chosen * 10 ** (k / 2)) for k in range(-BELOW, ABOVE + 1)]


def climb(
    task: Task, temperatures: Sequence[float], executor: Executor, spread: Executor
) -> Steps[tuple[float, list[tuple[float, list[Grown]]]]]:
    """Start every decoder once, and grow its chains at every temperature.

    Parameters
    ----------
    task : Task
    temperatures : sequence of float
        Those of the rungs; none for `ladder` about the one that a fit takes. Where decoders choose
        theirs, that is the geometric mean of them.
    executor, spread : Executor
        Of the starts, and of the rungs.

    Returns
    -------
    tuple of float and list
        The temperature that a fit takes; for each rung, from cold to hot, its temperature and what
        each decoder gave.
    """
    decoders = range(workers.decoders(task))
    found = yield from executor.map(Beginning(task), decoders)
    chosen = float(np.exp(np.mean([np.log(t) for _, t in found])))
    rungs = sorted(temperatures) or ladder(chosen)
    items = [(t, d) for t in rungs for d in decoders]
    grown = yield from spread.map(Rung(task, [begun for begun, _ in found]), items)
    each = len(decoders)
    return chosen, [(t, grown[k * each : (k + 1) * each]) for k, t in enumerate(rungs)]
