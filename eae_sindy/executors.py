"""Who does work that has many equal parts: this process, others beside it, or other machines.

An executor has one method, `map`, as those of `concurrent.futures` have. The work may say how far
it is: it is a generator (`progress.Steps`), and so is the `map`. `Futures` makes an executor of
anything with a `submit`: of the standard library, or a client of Dask Distributed.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol, TypeVar

from .errors import EaeSindyError
from .progress import Progress, Steps, finish, mapped

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Item], Steps[Result]]


class Executor(Protocol):
    """An executor maps work over items, and says how far it is."""

    def map(self, work: Work[Item, Result], items: Sequence[Item]) -> Steps[list[Result]]:
        """Do `work` on every item; return the results in the order of the items.

        Parameters
        ----------
        work : item to Steps
            What it prepares and keeps in itself serves the items that come after in the same
            process. To other processes it is sent by pickle, before it has prepared anything.
        items : sequence
            Of about equal work: `total` in the progress of one holds for all.

        Raises
        ------
        EaeSindyError
            What work raised, in one line, or that it was ended from outside. All other work ends.
        """
        ...


def _overall(step: Progress, done: int, count: int) -> Progress:
    """Say of `count` items, `done` of them finished, what one of the rest says of itself."""
    return step._replace(done=done * step.total + step.done, total=count * step.total)


class Here:
    """Does one item after the other, in this process."""

    def map(self, work: Work[Item, Result], items: Sequence[Item]) -> Steps[list[Result]]:
        """Do `work` on every item; see `Executor`."""
        found = []
        for done, item in enumerate(items):
            found.append(
                (yield from mapped(work(item), partial(_overall, done=done, count=len(items))))
            )
        return found


class Processes:
    """Spreads items over processes on this machine, each of which takes its share in turn.

    Parameters
    ----------
    jobs : int
        Processes.
    initializer : function of no arguments, optional
        Called in each process before its work.
    """

    def __init__(self, jobs: int, initializer: Callable[[], None] | None = None) -> None:
        self.jobs, self.initializer = jobs, initializer

    def map(self, work: Work[Item, Result], items: Sequence[Item]) -> Steps[list[Result]]:
        """Do `work` on every item; see `Executor`. Processes end with this generator."""
        jobs = min(self.jobs, len(items))
        crew: list[_Worker] = []
        try:
            for job in range(jobs):
                share = list(enumerate(items))[job::jobs]
                crew.append(_Worker(work, share, self.initializer))
            return (yield from _gather(crew, len(items)))
        finally:
            for worker in crew:
                worker.process.kill()
                worker.process.join()


class Futures:
    """Hands items to an executor with a `submit`; progress counts items that are done.

    Parameters
    ----------
    executor : concurrent.futures.Executor, distributed.Client or the like
        Its `submit(function, *arguments)` gives an object with `result()` and `cancel()`.
    """

    def __init__(self, executor: Any) -> None:
        self.executor = executor

    def map(self, work: Work[Item, Result], items: Sequence[Item]) -> Steps[list[Result]]:
        """Do `work` on every item; see `Executor`. Errors come as the executor raises them."""
        futures = [self.executor.submit(_whole, work, item) for item in items]
        found = []
        try:
            for future in futures:
                found.append(future.result())
                yield Progress("working", len(found), len(items))
            return found
        finally:
            for future in futures[len(found) :]:
                future.cancel()


def _whole(work: Work[Item, Result], item: Item) -> Result:
    return finish(work(item))


class _Worker:
    """A process that was started, its share of numbered items, and the pipe that it talks into."""

    def __init__(
        self, work: Work, share: list[tuple[int, Any]], initializer: Callable[[], None] | None
    ) -> None:
        context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
        self.indices = {index for index, _ in share}
        self.pipe, theirs = context.Pipe(duplex=False)
        given = (work, share, initializer, theirs)
        self.process = context.Process(target=_serve, args=given, daemon=True)
        try:
            self.process.start()
        except (AttributeError, TypeError) as error:  # what pickle raises
            raise EaeSindyError(
                f"this cannot be sent to another process ({error}): use jobs=1, or candidate "
                "terms that are functions of a module"
            ) from error
        theirs.close()


def _gather(crew: Sequence[_Worker], count: int) -> Steps[list[Any]]:
    """Listen to all workers until each has done its share."""
    found: dict[int, Any] = {}
    done: dict[int, int] = {}  # of items that are not finished
    listening = {worker.pipe: worker for worker in crew}
    while listening:
        for pipe in wait(list(listening)):
            assert isinstance(pipe, Connection)
            try:
                index, message = pipe.recv()
            except EOFError:
                worker = listening.pop(pipe)
                if not worker.indices <= set(found):
                    worker.process.join()
                    raise EaeSindyError(
                        "a process that did a share of the work was ended from outside "
                        f"({worker.process.exitcode}), perhaps for want of memory: use fewer "
                        "--jobs, and --resume to go on"
                    ) from None
                continue
            if isinstance(message, Progress):
                done[index] = message.done
                so_far = message._replace(done=sum(done.values()))
                yield _overall(so_far, len(found), count)
            elif isinstance(message, _Failure):
                raise EaeSindyError(message.line)
            else:
                (found[index],) = message
                done.pop(index, None)
    return [found[index] for index in range(count)]


class _Failure:
    """What went wrong in another process, in one line."""

    def __init__(self, line: str) -> None:
        self.line = line


def _serve(
    work: Work,
    share: Sequence[tuple[int, Any]],
    initializer: Callable[[], None] | None,
    pipe: Connection,
) -> None:
    """Do a share of the work in a process of its own; send progress, results, what went wrong.

    A result is sent in a tuple, so that it is never taken for one of the others.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    parent = multiprocessing.parent_process()
    assert parent is not None
    # A killed parent cannot end us; nobody else may write segments then.
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        if initializer:
            initializer()
        for index, item in share:
            pipe.send((index, (finish(mapped(work(item), partial(_tell, pipe, index))),)))
    except EaeSindyError as error:
        pipe.send((-1, _Failure(str(error))))
    except MemoryError:
        pipe.send((-1, _Failure("out of memory: use fewer --jobs, a smaller --rank or --batch")))
    except Exception as error:  # a fault of ours: its kind must reach the user
        line = f"the work failed ({type(error).__name__}: {error}): please report it"
        pipe.send((-1, _Failure(line)))


def _tell(pipe: Connection, index: int, step: Progress) -> Progress:
    pipe.send((index, step))
    return step


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)
