"""Which variables of a file are the field, its rate, the times and the trajectories."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from ...errors import EaeSindyError
from .contract import Contents, Variable, shape

TIMES = ("time", "t", "times")
TRAJECTORY = "trajectory"
NONE = "none"  # what `rate` is called by somebody who wants none
# The keys of Champion et al. (2019): of their reaction–diffusion data u, of all others x.
CHAMPION = ("uf", "x")
LAST_IS_TIME = ("uf", "vf", "duf", "dvf")  # theirs are [y, x, time]


@dataclass(frozen=True)
class Names:
    """What a user calls the variables of a file; what is left out is guessed.

    Parameters
    ----------
    field : sequence of str
        One variable, or several that become channels.
    rate : sequence of str
        As many, in the same order; ("none",) for none.
    time : str
        A variable, or a number: the step between frames.
    trajectory : str
        A variable, of whole numbers or names.
    mask : str
        A variable, of one number a point: 0 where there is none.
    """

    field: tuple[str, ...] = ()
    rate: tuple[str, ...] = ()
    time: str | None = None
    trajectory: str | None = None
    mask: str | None = None


@dataclass(frozen=True)
class Time:
    """Times as a file has them.

    Attributes
    ----------
    name : str
    values : array [n], optional
        None where only the step is known, for then the field says how many there are.
    step : float
        Used only where there are no values.
    dim : str
        The name of the axis that they belong to, where the file has names for axes.
    """

    name: str
    values: np.ndarray | None
    step: float = 1.0
    dim: str = ""

    def of(self, frames: int) -> np.ndarray:
        """Return the times [n] of so many frames."""
        return self.step * np.arange(frames) if self.values is None else self.values


def time(contents: Contents, wanted: str | None) -> Time:
    """Return the times that are named, or those that are called time or t.

    Raises
    ------
    EaeSindyError
        If there are none, or several, or they have two axes.
    """
    if wanted is None:
        found = [n for n in contents.variables if called(n) in TIMES]
        found = [n for n in found if called(n) == "time"] or found
        if len(found) != 1:
            what = (
                f"several could be the times, {', '.join(found)}" if found else "no time is in it"
            )
            raise EaeSindyError(
                f"{what}: name it with --time, or give the step between frames, as in --time 0.1; "
                f"there are {contents.listed()}"
            )
        name = found[0]
    else:
        step = _step(wanted)
        if step is not None and wanted not in contents.variables:
            return Time(wanted, None, step)
        name = contents.find(wanted)
    variable = contents.variables[name]
    if not variable.flat:
        what = f"has shape {shape(variable.shape)}" if variable.shape else "is one number"
        raise EaeSindyError(
            f"the time {name} {what}: give one time a frame, [n], and put several trajectories "
            "one after the other, told apart by --trajectory"
        )
    if not variable.real:
        raise EaeSindyError(f"the time {name} is no array of numbers: give times as numbers")
    dim = next((d for d, k in zip(variable.dims, variable.shape, strict=False) if k > 1), "")
    values = np.asarray(variable.load()[...], float).ravel()
    return Time(name, values, dim=dim or next(iter(variable.dims), ""))


def called(name: str) -> str:
    """Return what a variable is called, without its folder and its unit: t of "run/t [s]"."""
    return re.split(r"[\s\[(]", name.rpartition("/")[2])[0].lower()


def _step(text: str) -> float | None:
    """Return the step between frames that a user gives for the time; None if it is a name."""
    try:
        step = float(text)
    except ValueError:
        return None
    if not (isfinite(step) and step > 0):
        raise EaeSindyError(f"the step between frames, {text}, is not positive: give another")
    return step


def trajectory(contents: Contents, wanted: str | None) -> str | None:
    """Return the name of the variable of trajectory numbers; None if there is none."""
    if wanted is not None:
        return contents.find(wanted)
    found = [n for n in contents.variables if called(n) == TRAJECTORY]
    return found[0] if len(found) == 1 else None


def field(contents: Contents, wanted: Sequence[str], time: Time, others: set[str]) -> list[str]:
    """Return the names of the variables that are the field.

    Parameters
    ----------
    contents : Contents
    wanted : sequence of str
        What a user named. Otherwise it is "field"; or what Champion et al. call it; or all columns
        of a table; or the only array with several values at each time.
    time : Time
    others : set of str
        Names that are something else.

    Raises
    ------
    EaeSindyError
        If there is no such variable, or nothing says which it is.
    """
    if wanted:
        names = [contents.find(n) for n in wanted]
        if twice := [n for n in names if names.count(n) > 1]:
            raise EaeSindyError(f"--field names {twice[0]} twice: name each once")
        return names
    left = {n: v for n, v in contents.variables.items() if n not in others}
    if contents.columns:
        if not left:
            raise EaeSindyError(
                f"there is nothing beside {' and '.join(sorted(others))}: give columns of "
                "observables, one a variable"
            )
        if text := [n for n, v in left.items() if not v.real]:
            raise EaeSindyError(
                f"{text[0]} holds text: leave it out, name it with --trajectory, or name the "
                "columns of numbers with --field"
            )
        return list(left)
    if "field" in left:
        return ["field"]
    for name in CHAMPION:
        beside = left.get(f"d{name}")
        if beside and name in left and left[name].shape == beside.shape and not beside.flat:
            return [name]
    able = [n for n, v in left.items() if _able(v, time)]
    # A rate stands beside what it is the rate of.
    able = [n for n in able if n not in {guess for name in able for guess in _rates(name)}]
    if len(able) == 1:
        return able
    if able:
        raise EaeSindyError(
            f"several arrays could be the field, {contents.listed(able)}: name one with --field, "
            "or several as channels of one"
        )
    flat = [n for n, v in left.items() if v.real and v.flat and _fits(v, time)]
    if flat:
        raise EaeSindyError(
            f"no array has several values a frame: name observables with --field, one after the "
            f"other, of {contents.listed(flat)}"
        )
    raise EaeSindyError(
        f"no array fits the time {time.name}"
        + (f" [{time.values.size}]" if time.values is not None else "")
        + f": name the field with --field; there are {contents.listed()}"
    )


def _able(variable: Variable, time: Time) -> bool:
    """Tell whether a variable may be a field: numbers, several of them at each time."""
    return variable.real and len(variable.shape) > 1 and not variable.flat and _fits(variable, time)


def _fits(variable: Variable, time: Time) -> bool:
    if time.dim and variable.dims:
        return time.dim in variable.dims
    return time.values is None or time.values.size in variable.shape


def _rates(name: str) -> tuple[str, ...]:
    """Return what the rate of a variable may be called."""
    folder, slash, last = name.rpartition("/")
    return (f"{folder}{slash}d{last}", *(("rate",) if name == "field" else ()))


def rate(contents: Contents, wanted: Sequence[str], fields: Sequence[str]) -> list[str]:
    """Return the names of the rates of the fields; none if there are none.

    The rate of u is called du, where nobody says otherwise and it is of the same shape.

    Raises
    ------
    EaeSindyError
        If there is no such variable, or there are more or fewer than fields.
    """
    if list(wanted) == [NONE] and NONE not in contents.variables:
        return []
    if wanted:
        if len(wanted) != len(fields):
            raise EaeSindyError(
                f"there are {len(wanted)} rates of {len(fields)} fields: name one of each, in the "
                "same order"
            )
        return [contents.find(n) for n in wanted]
    found = []
    for name in fields:
        size = contents.variables[name].shape
        there = [contents.variables.get(guess) for guess in _rates(name)]
        alike = [g for g, v in zip(_rates(name), there, strict=True) if v and v.shape == size]
        found += alike[-1:]
    return found if len(found) == len(fields) and not set(found) & set(fields) else []
