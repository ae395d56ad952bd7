"""Variables of a table in text: a header of names, and a row of numbers for each frame."""

import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from ...errors import EaeSindyError
from .contract import Contents, Variable, reading

NOUN = "a table"
TEXT = "trajectory"  # the column that may hold names


def contents(path: Path) -> Contents:
    """Return the columns of a table, which is separated by commas, semicolons, tabs or spaces.

    Raises
    ------
    EaeSindyError
        If it has no header, or a value is no number; the line says which.
    """
    with reading(path, NOUN), path.open(encoding="utf-8-sig", newline="") as file:
        lines = ((i, line) for i, line in enumerate(file, 1) if line.strip())
        try:
            first, header = next(lines)
        except StopIteration:
            raise EaeSindyError("there is nothing in it: give a header and a row a frame") from None
        mark = max(",;\t", key=header.count)
        mark = mark if mark in header else " "
        names = next(_split([(first, header.lstrip("# "))], mark))[1]
        _check(names)
        columns: list[list] = [[] for _ in names]
        for number, row in _split(lines, mark):
            if len(row) != len(names):
                raise EaeSindyError(
                    f"line {number} has {len(row)} values, the header {len(names)} names: mend it"
                )
            for name, column, value in zip(names, columns, row, strict=True):
                column.append(value if name.lower() == TEXT else _number(value, name, number))
    made = {n: np.array(c) for n, c in zip(names, columns, strict=True)}
    if any(len(c) == 0 for c in columns):
        raise EaeSindyError(f"{path}: there are no rows below the header: give one a frame")
    return Contents(NOUN, {n: Variable.of(_labels(v)) for n, v in made.items()}, columns=True)


def _split(lines: Iterator[tuple[int, str]] | list, mark: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each line, and its values."""
    for number, line in lines:
        row = line.split() if mark == " " else next(csv.reader([line], delimiter=mark))
        yield number, [value.strip() for value in row]


def _check(names: list[str]) -> None:
    """Check that a header names each column, and each by another name."""
    if any(_is_number(n) for n in names):
        raise EaeSindyError(
            "the first line holds numbers: name the columns in it, time among them, as in "
            "time,u1,u2"
        )
    for n in names:
        if not n or names.count(n) > 1:
            what = f"two columns are named {n}" if n else "a column has no name"
            raise EaeSindyError(f"{what}: give each a name of its own in the first line")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str, name: str, line: int) -> float:
    """Return a value of a table as a number."""
    try:
        return float(text)
    except ValueError:
        said = f"is {text[:40]!r}, no number" if text else "is empty"
        raise EaeSindyError(
            f"line {line}: {name} {said}: give a number, with a point for the decimals"
        ) from None


def _labels(values: np.ndarray) -> np.ndarray:
    """Return text as numbers, if all of it is numbers."""
    if values.dtype.kind == "U" and all(map(_is_number, chain(values))):
        return values.astype(float)
    return values
