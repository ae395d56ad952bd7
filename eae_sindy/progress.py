"""Long work as a generator: it says how far it is, and returns its result; counts in words."""

from collections.abc import Callable, Generator, Mapping
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Progress(NamedTuple):
    """How far work is: `done` of `total` units, and a few values worth watching."""

    stage: str
    done: int
    total: int
    values: Mapping[str, float] = {}


def count(n: int, noun: str) -> str:
    """Say how many: ``1 member``, ``2,000 members``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


Steps = Generator[Progress, None, T]


def mapped(steps: Steps[T], change: Callable[[Progress], Progress]) -> Steps[T]:
    """Do the same work, and say how far it is in other words."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        yield change(step)


def finish(steps: Steps[T]) -> T:
    """Run work to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
