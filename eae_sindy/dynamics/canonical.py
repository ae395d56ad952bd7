"""A canonical frame of two latents: the origin at a fixed point, the linear part in block form.

In it a symmetry of the flow is a pattern of zeros. An affine change takes cubic polynomials to
cubic polynomials, so that what is fitted there is written in the latents themselves, exactly.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from . import affine, least_squares
from .affine import Frame
from .library import Library

DEGREE = 3
REACH = 2.5  # standard deviations from the mean within which a fixed point is the origin
STARTS = 9  # of Newton, besides the mean


class Pattern(NamedTuple):
    """Which functions of canonical coordinates y may stand in which equation.

    Attributes
    ----------
    name : str
    names : tuple of str [q]
        Of the functions, in y1 and y2.
    functions : array [q, 10]
        Each a combination of the monomials of y to degree 3, in pysindy's order.
    active : array of bool [q, 2]
    """

    name: str
    names: tuple[str, ...]
    functions: np.ndarray
    active: np.ndarray

    @property
    def size(self) -> int:
        """Count the coefficients."""
        return int(self.active.sum())


def cubics() -> Library:
    """Return the monomials of two latents to degree 3, with the constant."""
    return affine.polynomials(2, DEGREE)


def _pattern(name: str, functions: Mapping[str, str], active: np.ndarray) -> Pattern:
    terms = cubics().terms
    sums = [[float(t in said.split(" + ")) for t in terms] for said in functions.values()]
    return Pattern(name, tuple(functions), np.array(sums), active)


def patterns() -> list[Pattern]:
    """Return the patterns that are tried, those with few coefficients first.

    rotation: y1' = a y2, y2' = b y1. linear: all four. radial: these, and y |y|². equivariant: all
    that is odd in y.
    """
    linear = {"y1": "z1", "y2": "z2"}
    radial = {**linear, "y1 |y|^2": "z1^3 + z1 z2^2", "y2 |y|^2": "z1^2 z2 + z2^3"}
    odd = {t.replace("z", "y"): t for t in ("z1", "z2", "z1^3", "z1^2 z2", "z1 z2^2", "z2^3")}
    return [
        _pattern("rotation", linear, ~np.eye(2, dtype=bool)),
        _pattern("linear", linear, np.ones((2, 2), bool)),
        _pattern("radial", radial, np.ones((4, 2), bool)),
        _pattern("equivariant", odd, np.ones((6, 2), bool)),
    ]


def frame(xi: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> Frame | None:
    """Return the canonical frame of cubic equations Ξ [10, 2]; None if they have none.

    The origin is the fixed point that Newton finds from `mean` [2], or from a ring of one standard
    deviation `spread` [2] about it; within 2.5 of them.
    There is no frame where the flow does not turn about it: the linear part must have a pair of
    complex eigenvalues. What is left free, a turn of the plane, no pattern depends on.
    """
    origin = fixed_point(xi, mean, spread)
    return None if origin is None else about(xi, origin, spread)


def fixed_point(xi: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray | None:
    """Return the fixed point [2] that is the origin of `frame`; None if there is none."""
    angles = 2 * np.pi * np.arange(STARTS - 1) / (STARTS - 1)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for offset in [np.zeros(2), *ring]:
        origin = affine.fixed_point(xi, DEGREE, mean + offset * spread)
        if origin is not None and np.max(np.abs(origin - mean) / spread) < REACH:
            return origin
    return None


def about(xi: np.ndarray, origin: np.ndarray, spread: np.ndarray) -> Frame | None:
    """Return the frame about `origin` [2]; None if the linear part there does not turn.

    In it the flow turns clockwise, by y1' = αy1 + ωy2 and y2' = −ωy1 + αy2 to first order, ω > 0.
    """
    values, vectors = np.linalg.eig(affine.slope(xi, DEGREE, origin))
    if not np.abs(values.imag).max() > 1e-9 * np.abs(values).max():
        return None
    vector = vectors[:, np.argmax(values.imag)]
    axes = np.stack([vector.real, vector.imag], axis=1)
    axes *= np.sqrt(np.prod(spread) / abs(np.linalg.det(axes)))  # y of the order of one
    return Frame(origin, np.linalg.inv(axes))


def carried(xi: np.ndarray, change: Frame) -> np.ndarray:
    """Return Ξ [10, 2] of y' in the monomials of y, from that of z' in those of z."""
    inverse = Frame(-change.matrix @ change.origin, np.linalg.inv(change.matrix))
    return affine.back(xi, inverse, DEGREE)


def own_frame(theta: np.ndarray, rate: np.ndarray) -> Frame | None:
    """Return the frame of the cubic equations that fit best: of Θ [n, 10] and ż, or a triangle."""
    xi = least_squares.solve(theta, rate)[0]
    one, z = theta[:, 0], theta[:, 1:3]
    weight = one @ one
    if not np.isfinite(xi).all() or not weight > 0:
        return None
    mean = one @ z / weight
    square = np.sum(z**2, axis=0) / weight - mean**2
    if not (square > 0).all():
        return None
    return frame(xi, mean, np.sqrt(square))


def regression(
    theta: np.ndarray, rate: np.ndarray, change: Frame, functions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return functions of y and ẏ in the place of Θ [n, 10] and ż [n, 2]."""
    return theta @ affine.monomials(change, DEGREE) @ functions.T, rate @ change.matrix.T


def in_frame(
    theta: np.ndarray, rate: np.ndarray, pattern: Pattern
) -> tuple[Frame, np.ndarray] | None:
    """Return the canonical frame and, in it, the coefficients [q, 2] of a pattern's functions.

    Of Θ [n, 10] and ż [n, 2], or a triangle; None where there is no canonical frame.
    """
    change = own_frame(theta, rate)
    if change is None:
        return None
    phi, rates = regression(theta, rate, change, pattern.functions)
    return change, least_squares.masked(phi, rates, pattern.active)


def solve(theta: np.ndarray, rate: np.ndarray, pattern: Pattern) -> np.ndarray | None:
    """Return Ξ [10, 2] in terms of the latents, of the best equations with a pattern.

    None where there is no canonical frame.
    """
    inside = in_frame(theta, rate, pattern)
    if inside is None:
        return None
    change, found = inside
    return affine.back(pattern.functions.T @ found, change, DEGREE)
