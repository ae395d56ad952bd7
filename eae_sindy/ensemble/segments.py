"""The folder of segments that a fit leaves beside its target while it runs."""

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import h5py
import numpy as np

from .. import hdf5
from ..dynamics.library import Library
from ..errors import EaeSindyError
from .chain import Chain, read_chain, write_chain
from .ensemble import Ensemble

START = "start.h5"


class Saved(Protocol):
    """What can be written into one file: an ensemble, a model of images."""

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the file."""
        ...


class Segments:
    """Segments of the chains in the making, each one a whole file.

    A segment holds, for each chain that shares a decoder, what was drawn since the segment before,
    and the state to go on from. Segment 0 is the training; it is replaced as training goes on.

    Parameters
    ----------
    target : path
        The ensemble file to be; the folder stands beside it.
    every : float
        Seconds between segments.
    spacing : int
        Encoder steps from one draw that is kept to the next.
    """

    def __init__(self, target: str | Path, every: float = 15.0, spacing: int = 1) -> None:
        target = Path(target)
        self.folder = target.with_name(f"{target.name}.segments")
        self.every, self.spacing = every, spacing

    def __bool__(self) -> bool:
        """Whether there is anything to resume."""
        return (self.folder / START).is_file()

    def claim(self, allowed: bool) -> None:
        """Raise `EaeSindyError` if there is an interrupted fit and it must not be touched."""
        if self and not allowed:
            raise EaeSindyError(
                f"{self.folder} holds an interrupted fit: add --resume to go on with it, or "
                "--force to start anew"
            )

    def begin(self, ensemble: Saved) -> None:
        """Write the ensemble that all chains share, still without chains; what was there goes."""
        self.remove()
        ensemble.save(self.folder / START, force=True)

    def begun_as(self, differences: Sequence[str]) -> None:
        """Raise `EaeSindyError` if what is there was begun otherwise, by what differs."""
        if differences:
            raise EaeSindyError(
                f"{self.folder} was begun otherwise ({'; '.join(differences)}): ask for the same, "
                "or use another name with -o, or --force without --resume"
            )

    def opening(self, library: Library | None = None) -> Ensemble:
        """Return what `begin` wrote."""
        return Ensemble.open(self.folder / START, library)

    def _path(self, decoder: int, index: int) -> Path:
        return self.folder / f"decoder-{decoder:03d}-{index:06d}.h5"

    def write(self, decoder: int, index: int, chains: Sequence[Chain]) -> None:
        """Write a segment; one of the same index is replaced once the new one is whole."""
        with hdf5.new(self._path(decoder, index), True) as file:
            for c, chain in enumerate(chains):
                write_chain(file, str(c), chain)

    def written(self, decoder: int) -> bool:
        """Return whether there are segments of a decoder."""
        return self._path(decoder, 0).is_file()

    def memory(self, decoder: int) -> "StartMemory":
        """Return where the start of a decoder keeps what it has found so far."""
        return StartMemory(self.folder / f"start-{decoder:03d}.h5", self.every)

    def read(self, decoder: int) -> list[list[Chain]]:
        """Return the segments of a decoder in order: for each, its chains.

        Raises `EaeSindyError` if one cannot be read.
        """
        found: list[list[Chain]] = []
        reached: list[int] = []
        while (path := self._path(decoder, len(found))).is_file():
            try:
                with h5py.File(path, "r") as file:
                    found.append([read_chain(file[str(c)]) for c in range(len(file))])
            except hdf5.FAILURES as error:
                raise EaeSindyError(
                    f"{path} cannot be read ({hdf5.one_line(error)}): remove it and those after "
                    "it to resume from the segment before"
                ) from error
            first = [int(c.step[0]) for c in found[-1] if len(c)]
            if reached and first and first != [step + self.spacing for step in reached]:
                raise EaeSindyError(
                    f"{path} does not go on from the segment before it: remove it and those after "
                    "it to resume from there"
                )
            reached = [int(c.step[-1]) for c in found[-1] if len(c)] or reached
        return found

    def remove(self) -> None:
        """Remove the folder, and what a kill left half-written in it."""
        if not self.folder.exists():
            return
        # Under another name at once: what is left of it must not be taken for part of a later fit.
        gone = self.folder.with_name(f".{self.folder.name}.{os.getpid()}.gone")
        try:
            self.folder.rename(gone)
        except OSError as error:
            raise EaeSindyError(
                f"cannot remove {self.folder} ({error.strerror}): remove it by hand"
            ) from error
        shutil.rmtree(gone, ignore_errors=True)


class StartMemory:
    """What the start of a decoder has found so far, as named arrays in a whole file.

    Parameters
    ----------
    path : Path
    every : float
        Seconds between two times that something is kept within a long part.
    """

    def __init__(self, path: Path, every: float) -> None:
        self.path, self.every, self.saved = path, every, time.monotonic()

    def read(self) -> dict[str, np.ndarray]:
        """Return what was kept last; nothing if nothing was.

        Raises `EaeSindyError` if it cannot be read.
        """
        if not self.path.is_file():
            return {}
        try:
            with h5py.File(self.path, "r") as file:
                return {name: file[name][()] for name in file}
        except hdf5.FAILURES as error:
            raise EaeSindyError(
                f"{self.path} cannot be read ({hdf5.one_line(error)}): remove it to begin that "
                "start anew"
            ) from error

    def due(self) -> bool:
        """Whether it is time to keep something again."""
        return time.monotonic() - self.saved >= self.every

    def write(self, found: Mapping[str, np.ndarray]) -> None:
        """Keep something in place of what was kept before."""
        with hdf5.new(self.path, True) as file:
            for name, value in found.items():
                hdf5.put(file, name, value)
        self.saved = time.monotonic()
