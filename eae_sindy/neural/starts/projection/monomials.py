"""Monomials of the latents: their values, and first and second derivatives by shifting columns."""

from itertools import combinations_with_replacement
from math import comb

import numpy as np


class Monomials:
    """All monomials of some latents up to a degree, the constant first.

    The derivative of a monomial is a multiple of another one in the same list, so ∂f/∂z_k is a
    choice of columns of f, and so is every higher derivative.

    Parameters
    ----------
    latents, degree : int
    """

    def __init__(self, latents: int, degree: int) -> None:
        factors = [
            chosen
            for order in range(degree + 1)
            for chosen in combinations_with_replacement(range(latents), order)
        ]
        place = {chosen: i for i, chosen in enumerate(factors)}
        self.latents, self.degree = latents, degree
        # Each is the product of an earlier one and of one latent.
        self._made = [(place[chosen[:-1]], chosen[-1]) for chosen in factors[1:]]
        counts = np.array([[chosen.count(k) for chosen in factors] for k in range(latents)])
        self._times = counts.astype(float)
        self._lower = np.array(
            [[place[_without(chosen, k)] for chosen in factors] for k in range(latents)]
        )

    def __len__(self) -> int:
        """Count the monomials."""
        return len(self._made) + 1

    def values(self, z: np.ndarray) -> np.ndarray:
        """Return all monomials [n, m] at latents [n, d]."""
        found = np.empty((len(z), len(self)), order="F")
        found[:, 0] = 1.0
        for i, (earlier, k) in enumerate(self._made, 1):
            np.multiply(found[:, earlier], z[:, k], out=found[:, i])
        return found

    def slope(self, values: np.ndarray, k: int) -> np.ndarray:
        """Return ∂/∂z_k of what `values` [n, m] are: of the monomials, or of their derivatives."""
        return np.asfortranarray(values[:, self._lower[k]]) * self._times[k]


def _without(chosen: tuple[int, ...], k: int) -> tuple[int, ...]:
    """Return the factors with one factor k less; of those that have none, the constant."""
    if k not in chosen:
        return ()
    first = chosen.index(k)
    return chosen[:first] + chosen[first + 1 :]


def highest_degree(latents: int, most: int, wanted: int) -> int:
    """Return the highest degree up to `wanted` with no more than `most` monomials, at least 1."""
    allowed = [g for g in range(1, wanted + 1) if comb(latents + g, g) <= most]
    return max(allowed, default=1)
