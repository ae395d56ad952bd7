"""Work done member by member, on all cores."""

import ctypes
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import TypeVar

import numpy as np

T = TypeVar("T")
BATCH = 100  # members worked on at a time: bounds what waits to be taken


@cache
def _keep_memory() -> None:
    """Ask glibc to keep what is freed, up to 64 MB, instead of giving it back to the system.

    A member is encoded block by block; each block frees a few arrays of half a megabyte and the
    next one takes as many. Given back and taken anew, a page at a time, they cost two thirds of all
    time in encoding (benchmarks/members.py). Other C libraries have no such call.
    """
    with suppress(AttributeError, OSError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(-1, 2**26)  # M_TRIM_THRESHOLD
        libc.mallopt(-3, 2**24)  # M_MMAP_THRESHOLD


def evenly(members: np.ndarray, most: int) -> np.ndarray:
    """Return at most `most` of some members, or rows, evenly spread over them."""
    return members[np.unique(np.linspace(0, len(members) - 1, most).astype(int))]


def each(members: Iterable[int], work: Callable[[int], T]) -> Iterator[T]:
    """Do some work for every member, in order, on all cores: one thread a member, one for BLAS."""
    from threadpoolctl import threadpool_limits

    _keep_memory()
    members = list(members)
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        for first in range(0, len(members), BATCH):
            yield from pool.map(work, members[first : first + BATCH])
