"""Long work as a generator: it says how far it is, and returns its result at the end."""

from collections.abc import Generator, Mapping
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Progress(NamedTuple):
    """How far work is: `done` of `total` units, and a few values worth watching."""

    stage: str
    done: int
    total: int
    values: Mapping[str, float] = {}


Steps = Generator[Progress, None, T]


def finish(steps: Steps[T]) -> T:
    """Run work to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
