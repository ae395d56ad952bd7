"""Decoders spread over processes: each has its own, and cores are shared out evenly."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any

from ...ensemble.chain import Chain
from ...errors import EaeSindyError
from ...progress import Progress, Steps, mapped
from .chains import Task, units
from .chains import grow as grow_one


def grow(task: Task, jobs: int) -> Steps[list[Chain]]:
    """Grow the chains of all decoders, in this process or in `jobs` others."""
    s = task.settings
    decoders = s.chains // s.chains_per_decoder
    if min(jobs, decoders) == 1:
        chains: list[Chain] = []
        sampler = task.sampler()
        for index in range(decoders):
            steps = grow_one(task, sampler, index)
            chains += yield from mapped(steps, partial(_after, index, units(s), decoders))
        return chains
    return (yield from _spread(task, decoders, min(jobs, decoders)))


def _after(before: int, each: int, count: int, step: Progress) -> Progress:
    """Count a step after the `before` of `count` decoders that are done, `each` so many units."""
    return step._replace(done=before * each + step.done, total=count * each)


def _spread(task: Task, decoders: int, jobs: int) -> Steps[list[Chain]]:
    context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    processes, pipes = [], []
    try:
        for job in range(jobs):
            ours, theirs = context.Pipe(duplex=False)
            shares = (task, list(range(job, decoders, jobs)), jobs, theirs)
            process = context.Process(target=_work, args=shares, daemon=True)
            _start(process)
            theirs.close()
            processes.append(process)
            pipes.append(ours)
        found: dict[int, list[Chain]] = {}
        done = dict.fromkeys(range(decoders), 0)
        open_pipes = list(pipes)
        while open_pipes:
            for pipe in wait(open_pipes):
                assert isinstance(pipe, Connection)
                try:
                    index, message = pipe.recv()
                except EOFError:
                    open_pipes.remove(pipe)
                    job = pipes.index(pipe)
                    if not set(range(job, decoders, jobs)) <= set(found):
                        processes[job].join()
                        raise EaeSindyError(
                            "a process that grew chains was ended from outside "
                            f"({processes[job].exitcode}), perhaps for want of memory: use fewer "
                            "--jobs, and --resume to go on"
                        ) from None
                    continue
                if isinstance(message, Progress):
                    done[index] = message.done
                    yield message._replace(
                        done=sum(done.values()), total=decoders * units(task.settings)
                    )
                elif isinstance(message, str):
                    raise EaeSindyError(message)
                else:
                    found[index], done[index] = message, units(task.settings)
        return [chain for index in range(decoders) for chain in found[index]]
    finally:
        for process in processes:
            process.kill()
            process.join()


def _start(process: Any) -> None:
    try:
        process.start()
    except (AttributeError, TypeError) as error:  # what pickle raises
        raise EaeSindyError(
            f"these candidate terms cannot be sent to another process ({error}): use jobs=1"
        ) from error


def _work(task: Task, decoders: Sequence[int], jobs: int, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    parent = multiprocessing.parent_process()
    assert parent is not None
    # A killed parent cannot end us; nobody else may write segments then.
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(max(1, (os.cpu_count() or 1) // jobs))
    try:
        sampler = task.sampler()
        for index in decoders:
            steps = grow_one(task, sampler, index)
            while True:
                try:
                    pipe.send((index, next(steps)))
                except StopIteration as end:
                    pipe.send((index, end.value))
                    break
    except EaeSindyError as error:
        pipe.send((-1, str(error)))
    except (MemoryError, tf.errors.ResourceExhaustedError):
        pipe.send((-1, "out of memory: use fewer --jobs, a smaller --rank or --batch"))
    except Exception as error:  # a fault of ours: its kind must reach the user
        pipe.send((-1, f"a chain failed ({type(error).__name__}: {error}): please report it"))


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)
