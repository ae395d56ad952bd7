"""Curves and surfaces of known dimension, of which rows are drawn."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from ..errors import EaeSindyError
from ..recipes import CURVES

LIFTED, SEED = 20, 7  # columns of the planted surface; of the map that lifts it


class Planted(NamedTuple):
    """Rows [n, N] on a curve or a surface of so many dimensions."""

    rows: np.ndarray
    dimension: int


def make(name: str, n: int, seed: int = 0) -> Planted:
    """Draw n rows without noise, see the functions of this file.

    `dimension` is how many latents a decoder needs. A circle needs two: no continuous function
    with one latent goes round it, since its two ends would have to meet.

    Raises
    ------
    EaeSindyError
        For a name that is none of `recipes.CURVES`.
    """
    if name not in CURVES:
        raise EaeSindyError(f"unknown set {name!r}: choose from {', '.join(CURVES)}")
    dimension, draw = _SETS[name]
    return Planted(draw(n, np.random.default_rng([seed, 0xC0])), dimension)


def parabola(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw (t, t²), t uniform between −1 and 1, [n, 2]."""
    t = rng.uniform(-1, 1, n)
    return np.stack([t, t**2], axis=1)


def circle(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw from the unit circle, [n, 2]."""
    t = rng.uniform(0, 2 * np.pi, n)
    return np.stack([np.cos(t), np.sin(t)], axis=1)


def helix(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw (cos t, sin t, t/4), two turns of it, [n, 3]."""
    t = rng.uniform(0, 4 * np.pi, n)
    return np.stack([np.cos(t), np.sin(t), t / 4], axis=1)


def s_curve(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw from a band that is bent to an S, (sin t, u, sign(t) (cos t − 1)), [n, 3]."""
    t, u = rng.uniform(-1.5 * np.pi, 1.5 * np.pi, n), rng.uniform(0, 2, n)
    return np.stack([np.sin(t), u, np.sign(t) * (np.cos(t) - 1)], axis=1)


def swiss_roll(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw from a band that is rolled one and a half times, (t cos t, u, t sin t), [n, 3]."""
    t, u = rng.uniform(1.5 * np.pi, 4.5 * np.pi, n), rng.uniform(0, 21, n)
    return np.stack([t * np.cos(t), u, t * np.sin(t)], axis=1)


def surface(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw from a surface of three dimensions in twenty, x = z A + tanh(z B + c) M, [n, 20].

    z is uniform between −1 and 1 in every latent; A, B, c and M are the same for every seed.
    """
    fixed = np.random.default_rng(SEED)
    linear, inner = fixed.normal(size=(3, LIFTED)), fixed.normal(size=(3, LIFTED))
    shift = fixed.uniform(-1, 1, LIFTED)
    mixed = fixed.normal(size=(LIFTED, LIFTED)) / np.sqrt(LIFTED)
    z = rng.uniform(-1, 1, (n, 3))
    return z @ linear + np.tanh(z @ inner + shift) @ mixed


_Draw = Callable[[int, np.random.Generator], np.ndarray]
_SETS: Mapping[str, tuple[int, _Draw]] = {
    "parabola": (1, parabola),
    "circle": (2, circle),
    "helix": (1, helix),
    "s-curve": (2, s_curve),
    "swiss-roll": (2, swiss_roll),
    "surface": (3, surface),
}
