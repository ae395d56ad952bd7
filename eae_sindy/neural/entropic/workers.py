"""The chains of all decoders, grown by an executor: each decoder is one item of the work."""

import os
from functools import partial
from typing import TypeVar

import tensorflow as tf

from ...ensemble.chain import Chain
from ...errors import EaeSindyError
from ...executors import Executor, Here, Processes
from ...progress import Steps
from . import chains
from .task import Task

T = TypeVar("T")


class Growth:
    """Work for an executor: the chains of the decoder of a given number."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __call__(self, decoder_index: int) -> Steps[list[Chain]]:
        """Train a decoder and collect its chains. Raises `EaeSindyError` for want of memory."""
        return (yield from in_memory(chains.grow(self.task, decoder_index)))


def in_memory(steps: Steps[T]) -> Steps[T]:
    """Do the same work. Raises `EaeSindyError` for want of memory."""
    try:
        return (yield from steps)
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        raise EaeSindyError(
            "out of memory: use fewer --jobs, a smaller --rank or --batch"
        ) from error


def decoders(task: Task) -> int:
    """Return how many decoders a fit has."""
    return task.settings.chains // task.settings.chains_per_decoder


def local(jobs: int, items: int) -> Executor:
    """Return the executor of this machine: this process, or `jobs` others that share its cores."""
    jobs = min(jobs, items)
    return Here() if jobs == 1 else Processes(jobs, partial(_share_cores, jobs))


def _share_cores(jobs: int) -> None:
    """Give TensorFlow and BLAS, in this process, their share of the cores."""
    import scipy.linalg  # noqa: F401  (brings a BLAS of its own, which must be there to be limited)
    from threadpoolctl import threadpool_limits

    mine = max(1, (os.cpu_count() or 1) // jobs)
    tf.config.threading.set_intra_op_parallelism_threads(mine)
    threadpool_limits(mine)


def grow(task: Task, executor: Executor) -> Steps[list[Chain]]:
    """Grow the chains of all decoders; return them in the order of their decoders."""
    found = yield from executor.map(Growth(task), range(decoders(task)))
    return [chain for group in found for chain in group]
