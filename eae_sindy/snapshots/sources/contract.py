"""What a file of any format gives: its variables by name, each read when it is asked for."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ... import hdf5
from ...errors import EaeSindyError

LISTED = 12  # variables that a message names before it counts the rest


@dataclass(frozen=True)
class Variable:
    """An array of a file, under its name.

    Attributes
    ----------
    shape : tuple of int
        As the program that wrote the file shows it.
    dtype : np.dtype
    load : callable
        Returns the array: from the file as slices are asked for where the format allows that, as a
        whole otherwise.
    dims : tuple of str
        Names of the axes, where the file has them.
    units : str
        Its unit, where the file says so.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    load: Callable[[], Any]
    dims: tuple[str, ...] = ()
    units: str = ""

    @classmethod
    def of(cls, values: Any, dims: tuple[str, ...] = (), units: str = "") -> "Variable":
        """Return the variable of an array that is there."""
        return cls(tuple(values.shape), np.dtype(values.dtype), lambda: values, dims, units)

    @property
    def real(self) -> bool:
        """Whether it holds real numbers."""
        return self.dtype.kind in "fiu" and self.dtype.itemsize <= 8

    @property
    def flat(self) -> bool:
        """Whether it is a vector, perhaps written as one row or one column."""
        return bool(self.shape) and max(self.shape) == int(np.prod(self.shape))


@dataclass(frozen=True)
class Contents:
    """The variables of a file.

    Attributes
    ----------
    noun : str
        What a message calls a file of this format.
    variables : mapping of str to Variable
    refused : mapping of str to str
        Under the name of what is there and is not read, why.
    columns : bool
        Whether the variables are the columns of a table, all of which make up a frame.
    """

    noun: str
    variables: Mapping[str, Variable]
    refused: Mapping[str, str] = field(default_factory=dict)
    columns: bool = False

    def find(self, name: str) -> str:
        """Return the name in full of a variable; the last part of a path will do if it is unique.

        Raises
        ------
        EaeSindyError
            If there is no such variable, there are several, or it is none that can be read.
        """
        wanted = name.strip("/") or name
        if wanted in self.variables:
            return wanted
        if wanted in self.refused:
            raise EaeSindyError(f"{wanted} {self.refused[wanted]}")
        ends = [n for n in self.variables if n.rpartition("/")[2] == wanted]
        if len(ends) == 1:
            return ends[0]
        if ends:
            raise EaeSindyError(
                f"there are several {wanted}: name one in full, {self.listed(ends)}"
            )
        raise EaeSindyError(f"there is no variable {wanted}: name one of {self.listed()}")

    def listed(self, names: list[str] | None = None) -> str:
        """Return variables with their shapes, as a message lists them."""
        names = [n for n, v in self.variables.items() if v.shape] if names is None else names
        shown = [f"{n} {shape(self.variables[n].shape)}" for n in names[:LISTED]]
        more = [f"and {len(names) - LISTED} more"] if len(names) > LISTED else []
        return ", ".join(shown + more) or "none, for there are no arrays in it"


def shape(values: tuple[int, ...]) -> str:
    """Return a shape as a message shows it: [100, 64, 64]."""
    return f"[{', '.join(str(v) for v in values)}]"


@contextmanager
def reading(path: Path, noun: str) -> Iterator[None]:
    """Turn whatever a parser raises inside, of a file that is not whole, into one line.

    Raises
    ------
    EaeSindyError
        With the name of the file, also around one that says what is wrong with it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what parsers find unusual is no news to the user
            yield
    except EaeSindyError as error:
        named = str(error).startswith(str(path))
        raise error if named else EaeSindyError(f"{path}: {error}") from error
    except MemoryError:
        raise
    except Exception as error:  # of files of other programs parsers raise whatever they like
        raise EaeSindyError(
            f"{path} cannot be read as {noun} ({hdf5.one_line(error)[:200]}): make or copy it again"
        ) from error
