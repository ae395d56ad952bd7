"""Work done member by member, on all cores."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

T = TypeVar("T")
BATCH = 100  # members worked on at a time: bounds what waits to be taken


def evenly(members: np.ndarray, most: int) -> np.ndarray:
    """Return at most `most` of some members, or rows, evenly spread over them."""
    return members[np.unique(np.linspace(0, len(members) - 1, most).astype(int))]


def each(members: Iterable[int], work: Callable[[int], T]) -> Iterator[T]:
    """Do some work for every member, in order, on all cores: one thread a member, one for BLAS."""
    from threadpoolctl import threadpool_limits

    members = list(members)
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        for first in range(0, len(members), BATCH):
            yield from pool.map(work, members[first : first + BATCH])
