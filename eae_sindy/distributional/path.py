"""The minimum free-energy path of the Müller–Brown potential, from codes of Boltzmann draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..errors import EaeSindyError
from ..recipes import PathChecks
from .contract import Code
from .curves import Distances, distances
from .laws import MINIMA, MuellerBrown
from .string_method import string

Decode = Callable[[np.ndarray], np.ndarray]
STRING_STEP = 1e-3  # the largest curvature of the scaled potential on the path is below 700
FARTHEST = 12.0  # length of a march, over which it is lost: the path is 2.5 long


@dataclass(frozen=True)
class Route:
    """One curve that is held against the string, and how far off it is.

    Attributes
    ----------
    method : str
        What made it.
    seed : int
        Of the training; −1 of what needs none.
    curve : array [m, 2]
    distances : Distances
    note : str
        Why a curve is not what it should be; empty where nothing is wrong.
    """

    method: str
    seed: int
    curve: np.ndarray
    distances: Distances
    note: str = ""


@dataclass(frozen=True)
class Paths:
    """All curves over all seeds, and the string.

    Attributes
    ----------
    reference : array [m, 2]
    routes : sequence of Route
    settings : PathChecks
    cloud : array [n, 2]
        Some Boltzmann draws, to be seen behind the curves.
    """

    reference: np.ndarray
    routes: Sequence[Route]
    settings: PathChecks
    cloud: np.ndarray

    def of(self, method: str) -> list[Route]:
        """Return the curves of one method, one for each seed."""
        return [route for route in self.routes if route.method == method]

    @property
    def methods(self) -> list[str]:
        """Return what made the curves, in the order in which they stand."""
        return list(dict.fromkeys(route.method for route in self.routes))


@lru_cache(maxsize=1)
def reference() -> np.ndarray:
    """Return the path by the string method, from the upper left minimum to the lower right one."""
    found = string(MuellerBrown().gradient, np.array(MINIMA), STRING_STEP)
    found.flags.writeable = False
    return found


def route(method: str, seed: int, curve: np.ndarray, note: str = "") -> Route:
    """Return a curve with its distances from the string."""
    return Route(method, seed, curve, distances(curve, reference()), note)


def straight_lines() -> list[Route]:
    """Return the line between the outer minima, and those through all three: no data are needed."""
    known = np.array(MINIMA)
    return [route("straight line", -1, known[[0, -1]]), route("polyline", -1, known)]


def mean_curve(x: np.ndarray, code: Code, settings: PathChecks) -> tuple[np.ndarray, str]:
    """Return the centres of level sets between the two outer minima, in the order of their code.

    Bins begin with equal counts. Where neighbouring centres lie far apart, as they do on a barrier
    that few draws are on, bins are halved while they have draws enough.

    Parameters
    ----------
    x : array [n, 2]
        Boltzmann draws.
    code : Code
    settings : PathChecks

    Returns
    -------
    array [m, 2]
        From the upper left minimum to the lower right one.
    str
        What is wrong with it; empty if nothing is.
    """
    own = code.codes(x)[:, 0]
    order = np.argsort(own, kind="stable")
    x, own = x[order], own[order]
    ends = np.linspace(0, len(x), settings.level_sets + 1).round().astype(int)
    while True:
        centres, codes = _means(x, ends), _means(own[:, None], ends)[:, 0]
        far = np.linalg.norm(np.diff(centres, axis=0), axis=1) > settings.gap
        wide = np.concatenate([far, [False]]) | np.concatenate([[False], far])
        wide &= np.diff(ends) >= 2 * settings.least_draws
        if not wide.any():
            break
        ends = np.unique(np.concatenate([ends, (ends[:-1] + ends[1:])[wide] // 2]))
    first, last = code.codes(np.array([MINIMA[0], MINIMA[-1]]))[:, 0]
    low, high = min(first, last), max(first, last)
    inside = (codes > low) & (codes < high)
    if inside.sum() < 2:
        return np.array([MINIMA[0], MINIMA[-1]]), "both minima have nearly the same code"
    tips = [[np.interp(z, codes, values) for values in centres.T] for z in (low, high)]
    curve = np.concatenate([tips[:1], centres[inside], tips[1:]])
    return (curve if first < last else curve[::-1]), ""


def _means(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.add.reduceat(values, ends[:-1], axis=0) / np.diff(ends)[:, None]
    return found


def march(code: Code, step: float) -> tuple[np.ndarray, str]:
    """Follow the gradient of a code from one minimum until it has the code of the other.

    Returns
    -------
    array [m, 2]
    str
        Why it ended elsewhere; empty if it did not.
    """
    here, goal = (np.array([MINIMA[k]]) for k in (0, -1))
    aim = float(code.codes(goal)[0, 0])
    sign = np.sign(aim - float(code.codes(here)[0, 0])) or 1.0
    curve = [here[0]]
    for _ in range(int(FARTHEST / step)):
        slope = sign * code.jacobians(here)[:, 0]
        size = np.linalg.norm(slope)
        if not size > 0:
            return np.array(curve), "its gradient is zero on the way"
        # The midpoint rule: an error of the path of second order in the step.
        middle = sign * code.jacobians(here + step / 2 * slope / size)[:, 0]
        size = np.linalg.norm(middle)
        if not size > 0:
            return np.array(curve), "its gradient is zero on the way"
        here = here + step * middle / size
        curve.append(here[0])
        if sign * (float(code.codes(here)[0, 0]) - aim) >= 0:
            return np.array(curve), ""
    return np.array(curve), f"it has not come to the other minimum's code within {FARTHEST:g}"


def of_code(
    name: str, seed: int, x: np.ndarray, code: Code, settings: PathChecks
) -> tuple[Route, Route]:
    """Return the two curves that a code gives: centres of level sets, and the gradient march."""
    centres, said = mean_curve(x, code, settings)
    marched, why = march(code, settings.march)
    return (
        route(f"{name}, mean curve", seed, centres, said),
        route(f"{name}, gradient march", seed, marched, why),
    )


def of_line(name: str, seed: int, code: Code, decode: Decode) -> Route:
    """Return the decoded straight line between the codes of the two minima.

    Raises
    ------
    EaeSindyError
        If what is decoded is no points of the plane.
    """
    ends = code.codes(np.array([MINIMA[0], MINIMA[-1]]))
    share = np.linspace(0, 1, 200)[:, None]
    curve = decode(ends[0] + share * (ends[1] - ends[0]))
    if np.shape(curve) != (len(share), 2):
        raise EaeSindyError(
            "a decoder gives no points of the plane: train it on Müller–Brown draws"
        )
    return route(f"{name}, decoded line", seed, np.asarray(curve, float))
