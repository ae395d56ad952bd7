"""What a decoder makes of the latents before its outer layer: monomials, or a hidden layer."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .curvature import CURVES
from .monomials import Monomials


class Features(NamedTuple):
    """Features of some latents, their rates, and the way back.

    Attributes
    ----------
    values, rates : arrays [n, m]
        f(z) and g = (∂f/∂z)·v.
    pull : (f̄, ḡ) to (z̄, v̄, K̄, b̄)
        Gradients from those in the features; K̄ and b̄ are empty for monomials.
    """

    values: np.ndarray
    rates: np.ndarray
    pull: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, ...]]


NOTHING = np.zeros(0)


def polynomial(monomials: Monomials, z: np.ndarray, v: np.ndarray) -> Features:
    """Return all monomials of latents [n, d] that change at rates v."""
    f = monomials.values(z)
    latents = range(z.shape[1])
    slopes = [monomials.slope(f, k) for k in latents]
    g = sum(slopes[k] * v[:, k : k + 1] for k in latents)

    def pull(f_bar: np.ndarray, g_bar: np.ndarray) -> tuple[np.ndarray, ...]:
        in_v = np.stack([np.einsum("nm,nm->n", g_bar, s) for s in slopes], axis=1)
        in_z = np.empty_like(in_v)
        for j in latents:
            # ∂_j g = Σ_k v_k ∂_k ∂_j f, and ∂_j shifts the columns of any derivative.
            in_z[:, j] = np.einsum("nm,nm->n", f_bar, slopes[j])
            in_z[:, j] += np.einsum("nm,nm->n", g_bar, monomials.slope(g, j))
        return in_z, in_v, NOTHING, NOTHING

    return Features(f, g, pull)


def hidden(
    activation: str, kernel: np.ndarray, bias: np.ndarray, z: np.ndarray, v: np.ndarray
) -> Features:
    """Return a hidden layer φ(zK + b) of latents [n, d] that change at rates v, and a constant.

    The constant, last, is what the outer layer's bias multiplies.
    """
    before, along = z @ kernel + bias, v @ kernel
    value, slope, bend = CURVES[activation](before)
    n, units = value.shape
    f, g = np.ones((n, units + 1)), np.zeros((n, units + 1))
    f[:, :-1] = value
    np.multiply(slope, along, out=g[:, :-1])

    def pull(f_bar: np.ndarray, g_bar: np.ndarray) -> tuple[np.ndarray, ...]:
        in_along = g_bar[:, :-1] * slope
        in_before = f_bar[:, :-1] * slope + g_bar[:, :-1] * (bend * along)
        return (
            in_before @ kernel.T,
            in_along @ kernel.T,
            z.T @ in_before + v.T @ in_along,
            in_before.sum(axis=0),
        )

    return Features(f, g, pull)
