"""Affine changes of latents, y = A (z − c), and what they make of polynomials: exactly.

Polynomials of y to some degree are polynomials of z to the same degree. So equations that are
written in one frame are written in every other without a loss.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from .library import Library, standard

NEWTON = 30  # steps


class Frame(NamedTuple):
    """Coordinates y = A (z − c) of latents z: `origin` c [d], `matrix` A [d, d]."""

    origin: np.ndarray
    matrix: np.ndarray


class Calculus(NamedTuple):
    """What multiplication and differentiation do to the p monomials θ of d latents.

    Attributes
    ----------
    times : array [d, p, p]
        z_k θ = θ `times[k]`, but for monomials of the highest degree, whose products are left out.
    slope : array [d, p, p]
        ∂θ/∂z_k = θ `slope[k]`.
    made : sequence of pairs of int, for all but the first
        Each monomial is the latent k times an earlier monomial: (k, its place).
    """

    times: np.ndarray
    slope: np.ndarray
    made: Sequence[tuple[int, int]]


@cache
def polynomials(latents: int, degree: int) -> Library:
    """Return the monomials of the latents to a degree, with the constant, in pysindy's order."""
    return standard(latents, degree, sine=False, constant=True)


@cache
def calculus(latents: int, degree: int) -> Calculus:
    """Return the calculus of `polynomials(latents, degree)`."""
    powers = [tuple(p) for p in polynomials(latents, degree).features.powers_.tolist()]
    place = {p: i for i, p in enumerate(powers)}
    times, slope = np.zeros((2, latents, len(powers), len(powers)))
    made = []
    for i, p in enumerate(powers):
        for k in range(latents):
            more, less = (tuple(n + s * (j == k) for j, n in enumerate(p)) for s in (1, -1))
            if more in place:
                times[k, place[more], i] = 1.0
            if less in place:
                slope[k, place[less], i] = p[k]
        if i:
            k = next(k for k, n in enumerate(p) if n)
            made.append((k, place[tuple(n - (j == k) for j, n in enumerate(p))]))
    return Calculus(times, slope, made)


def monomials(change: Frame, degree: int) -> np.ndarray:
    """Return C [p, p] with φ(y) = θ(z) C: the monomials of y to a degree in those of z."""
    rules = calculus(len(change.origin), degree)
    count = rules.times.shape[1]
    offset = -change.matrix @ change.origin
    latent = np.tensordot(change.matrix, rules.times, 1) + offset[:, None, None] * np.eye(count)
    columns = [np.eye(count)[0]]
    for k, place in rules.made:
        columns.append(latent[k] @ columns[place])
    return np.stack(columns, axis=1)


def back(xi: np.ndarray, change: Frame, degree: int) -> np.ndarray:
    """Return Ξ [p, d] in terms of z, of equations `xi` [p, d] in the monomials of y."""
    return monomials(change, degree) @ xi @ np.linalg.inv(change.matrix).T


def slope(xi: np.ndarray, degree: int, z: np.ndarray) -> np.ndarray:
    """Return ∂ż/∂z [d, d] of ż = θ(z) Ξ at z [d], exactly."""
    theta = polynomials(len(z), degree)(z)
    return np.stack([theta @ s @ xi for s in calculus(len(z), degree).slope], axis=1)


def fixed_point(xi: np.ndarray, degree: int, z: np.ndarray) -> np.ndarray | None:
    """Return the fixed point [d] that Newton's method finds from z; None if it finds none."""
    for _ in range(NEWTON):
        steep = slope(xi, degree, z)
        if not np.isfinite(steep).all() or abs(np.linalg.det(steep)) < 1e-300:
            return None
        step = np.linalg.solve(steep, polynomials(len(z), degree)(z) @ xi)
        z = z - step
        if np.linalg.norm(step) < 1e-12 * (1 + np.linalg.norm(z)):
            return z
    return None
