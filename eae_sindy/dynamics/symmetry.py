"""Equivalent answers: which equations are the same dynamics in other latent coordinates."""

from itertools import permutations, product
from typing import NamedTuple

import numpy as np

from .library import Library
from .vector_fields import fields

SAME = 0.05  # p-value above which two modes count as the same dynamics
ALIKE = 0.01  # residual below which they count as alike, though members tell them apart
SEARCHED = 4  # latents up to which all signed permutations are tried: 384 of them
PAIRS = 200  # pairs of members from which p-values are found


class Change(NamedTuple):
    """A change of latent frame, z → A z + b. `name` says it, such as ``z1 <-> z2``."""

    name: str
    matrix: np.ndarray
    shift: np.ndarray

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Return the latents z [..., d] in the other frame."""
        return z @ self.matrix.T + self.shift


class Equivalence(NamedTuple):
    """Two modes, the best change of frame from the first to the second, and how well it does.

    `residual` is the relative squared difference of the fields; `p_value` is the share of pairs of
    members of one mode that differ as much; `level` is "permutation" or "affine".
    """

    modes: tuple[int, int]
    level: str
    operation: str
    residual: float
    p_value: float

    @property
    def same(self) -> bool:
        """Whether the modes differ no more than members of one mode do."""
        return self.p_value > SAME

    @property
    def alike(self) -> bool:
        """Whether they are the same, or differ by little."""
        return self.same or self.residual < ALIKE

    def sentence(self) -> str:
        """Say it plainly."""
        i, j = (m + 1 for m in self.modes)
        change = "in the same coordinates" if self.operation == "none" else f"by {self.operation}"
        gap = (
            f"squared difference of the fields where the data are {self.residual:.2g}; of pairs "
            f"within a mode {self.p_value:.1%} differ as much"
        )
        if self.same:
            return f"modes {i} and {j} are the same dynamics {change} ({gap})"
        if self.alike:
            return f"modes {i} and {j} are alike {change}, though members tell them apart ({gap})"
        kind = "signed permutation" if self.level == "permutation" else "affine change of frame"
        return f"modes {i} and {j} are not the same under any {kind} (best {change}: {gap})"


def signed_permutations(d: int) -> list[Change]:
    """Return all 2ᵈ d! changes of order and sign of d latents; the first is the identity."""
    found = []
    for order in permutations(range(d)):
        for signs in product((1.0, -1.0), repeat=d):
            matrix = np.zeros((d, d))
            matrix[range(d), order] = signs
            found.append(Change(_name(order, signs), matrix, np.zeros(d)))
    return found


def _name(order: tuple[int, ...], signs: tuple[float, ...]) -> str:
    swapped = [(a, b) for a, b in enumerate(order) if a < b and order[b] == a]
    moved = [a for a, b in enumerate(order) if a != b]
    parts = []
    if len(moved) == 2 * len(swapped):
        parts += [f"z{a + 1} <-> z{b + 1}" for a, b in swapped]
    elif moved:
        parts.append(", ".join(f"z{order[a] + 1} -> z{a + 1}" for a in moved))
    parts += [f"z{k + 1} -> -z{k + 1}" for k, s in enumerate(signs) if s < 0]
    return ", ".join(parts) or "none"


def transform(library: Library, xi: np.ndarray, change: Change, points: np.ndarray) -> np.ndarray:
    """Return Ξ̃ of z̃ = A z + b: Θ(z̃) Ξ̃ = Θ(z) Ξ Aᵀ, in the least squares sense at points [k, d].

    Exact where the library is closed under the change, as polynomials and sines are under signed
    permutations.
    """
    target = library(points) @ xi @ change.matrix.T
    return np.linalg.lstsq(library(change(points)), target, rcond=None)[0]


def difference(
    library: Library, one: np.ndarray, other: np.ndarray, change: Change, points: np.ndarray
) -> float:
    """Return how far A f₁(z) is from f₂(A z + b) at points [k, d] of the first frame.

    Squared, relative to the scatter of the two fields.
    """
    first = library(points) @ one @ change.matrix.T
    second = library(change(points)) @ other
    scatter = np.sum(np.var(first, axis=0)) + np.sum(np.var(second, axis=0))
    return float(np.mean(np.sum((first - second) ** 2, axis=1)) / (0.5 * scatter))


def permutation(
    library: Library, one: np.ndarray, other: np.ndarray, points: np.ndarray
) -> tuple[Change, float]:
    """Return the signed permutation that brings one member's field nearest to another's."""
    changes = signed_permutations(one.shape[1])
    found = [difference(library, one, other, c, points) for c in changes]
    best = int(np.argmin(found))
    return changes[best], found[best]


def matched(z: np.ndarray, other: np.ndarray) -> Change:
    """Return the signed permutation under which latents z [n, d] go best with `other` [n, d].

    By their correlation, frame by frame, and not by their equations: for the many latents for which
    all 2ᵈ d! cannot be tried.
    """
    from scipy.optimize import linear_sum_assignment

    d = z.shape[1]
    with np.errstate(all="ignore"):  # a latent that does not move goes with any other
        both = np.nan_to_num(np.corrcoef(other, z, rowvar=False)[:d, d:])
    _, order = linear_sum_assignment(-np.abs(both))
    signs = np.where(both[range(d), order] < 0, -1.0, 1.0)
    matrix = np.zeros((d, d))
    matrix[range(d), order] = signs
    return Change(_name(tuple(map(int, order)), tuple(signs)), matrix, np.zeros(d))


def affine(z: np.ndarray, other: np.ndarray) -> Change:
    """Return the affine change that best takes latents z [n, d] to `other` [n, d], frame by frame.

    Both members have encoded the same frames, so the change need not be searched for.
    """
    design = np.hstack([z, np.ones((len(z), 1))])
    solution = np.linalg.lstsq(design, other, rcond=None)[0]
    matrix, shift = solution[:-1].T, solution[-1]
    u, s, vt = np.linalg.svd(matrix)
    turn = "reflection" if np.linalg.det(u @ vt) < 0 else "rotation"
    name = f"{turn}, scales {', '.join(f'{v:.2f}' for v in s)}"
    if np.linalg.norm(shift) > 0.05 * np.linalg.norm(other.std(axis=0)):
        name += ", shift"
    return Change(name, matrix, shift)


def compare(
    library: Library,
    one: np.ndarray,
    other: np.ndarray,
    points: np.ndarray,
    modes: tuple[int, int] = (0, 1),
    change: Change | None = None,
    seed: int = 0,
) -> Equivalence:
    """Ask whether two groups of members are the same dynamics in other coordinates.

    Pairs are drawn, with replacement, across the groups and within the second; under the best
    change, pairs across must not differ more than pairs within do.

    Parameters
    ----------
    one, other : arrays [m, p, d]
        Ξ of the members of two modes.
    points : array [k, d]
        Latents of the first group.
    change : Change, optional
        The change of frame; the best of all signed permutations between typical members if absent.
    """
    rng = np.random.default_rng(seed)
    middle = one[_middle(library, one, points)]
    if change is None:
        target = other[_middle(library, other, points)]
        change, level = permutation(library, middle, target, points)[0], "permutation"
    else:
        level = "permutation" if set(np.abs(change.matrix).flat) <= {0, 1} else "affine"
    there = change(points)
    none = Change("none", np.eye(one.shape[2]), np.zeros(one.shape[2]))

    def draw(group: np.ndarray) -> np.ndarray:
        return group[rng.integers(len(group), size=PAIRS)]

    across = [
        difference(library, a, b, change, points)
        for a, b in zip(draw(one), draw(other), strict=True)
    ]
    within = [
        difference(library, a, b, none, there)
        for a, b in zip(draw(other), draw(other), strict=True)
    ]
    typical = float(np.median(across))
    p_value = (1 + np.sum(np.asarray(within) >= typical * (1 - 1e-9) - 1e-12)) / (1 + PAIRS)
    return Equivalence(modes, level, change.name, typical, float(p_value))


def _middle(library: Library, xi: np.ndarray, points: np.ndarray) -> int:
    rows = fields(library, xi, points)
    return int(np.argmin(np.linalg.norm(rows - np.median(rows, axis=0), axis=1)))
