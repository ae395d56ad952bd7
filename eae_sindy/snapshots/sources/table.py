"""Variables of a table in text: a header of names, and a row of numbers for each frame."""

import csv
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import EaeSindyError
from .contract import Contents, Variable, reading

NOUN = "a table"


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
        columns: list[Any] = []
        for number, row in _split(lines, mark):
            if len(row) != len(names):
                raise EaeSindyError(
                    f"line {number} has {len(row)} values, the header {len(names)} names: mend it"
                )
            # What the first row has as a name is text all the way down.
            columns = columns or [[] if _is_name(value) else array("d") for value in row]
            for name, column, value in zip(names, columns, row, strict=True):
                text = isinstance(column, list)
                column.append(value if text else _number(value, name, number))
        if not columns:
            raise EaeSindyError("there are no rows below the header: give one a frame")
    made = {n: Variable.of(np.array(c)) for n, c in zip(names, columns, strict=True)}
    return Contents(NOUN, made, columns=True)


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


def _is_name(text: str) -> bool:
    return bool(text) and not _is_number(text)


def _number(text: str, name: str, line: int) -> float:
    """Return a value of a table as a number."""
    try:
        return float(text)
    except ValueError:
        said = f"is {text[:40]!r}, no number" if text else "is empty"
        raise EaeSindyError(
            f"line {line}: {name} {said}: give a number, with a point for the decimals"
        ) from None
