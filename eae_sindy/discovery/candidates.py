"""The ways to fit equations among which running them decides."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..dynamics import affine, canonical, least_squares, sparse_frames
from ..dynamics.canonical import Pattern
from ..dynamics.least_squares import Sparse, Triangle
from ..dynamics.library import Library, standard
from ..dynamics.sparse_frames import SparseFrame
from ..ensemble.ensemble import Ensemble
from ..recipes import Criteria

FRAMES = ("train", "late", "early")
ROWS_TO_A_TERM = 2  # frames that a candidate with its own library must have, for each term
WORST_FRAME = 1e6  # condition of eigenvectors beyond which they are no frame


class Candidate(NamedTuple):
    """One way to fit Ξ.

    Attributes
    ----------
    terms : str
        What they are, in words.
    frames : {"train", "late", "early"}
        See `stretches.training`.
    cutoff : float
        See `least_squares.solve`.
    chosen : array of bool [p]
        The terms in use, of `library`.
    sparse : Sparse, optional
        Takes the place of least squares.
    neutral : tuple of int
        Rows of linear terms whose oscillations neither grow nor decay: they are made so, or the
        pattern is.
    library : Library, optional
        Its own terms; those of the ensemble, with a constant, if there is none.
    weight : float
        f of the rows' weights 1 / (|ż| + f rms ż); with 0 all rows count alike.
    pattern : Pattern, optional
        That it has in a canonical frame.
    active : array of bool [p, d], optional
        The coefficients in use, where an equation lacks what another has.
    inside : SparseFrame, optional
        The coefficients in use in a frame that was searched for, and where it lies: each member has
        its own near it.
    """

    terms: str
    frames: str
    cutoff: float
    chosen: np.ndarray
    sparse: Sparse | None = None
    neutral: tuple[int, ...] = ()
    library: Library | None = None
    weight: float = 0.0
    pattern: Pattern | None = None
    active: np.ndarray | None = None
    inside: SparseFrame | None = None

    @property
    def name(self) -> str:
        """Say in words how it fits."""
        cut = f", directions below {self.cutoff:g} left out" if self.cutoff else ""
        thin = f", by {self.sparse.optimizer}" if self.sparse else ""
        still = ", neutral" if self.neutral and not self.pattern else ""
        heavy = f", weighted by 1/(|z'| + {self.weight:g} rms)" if self.weight else ""
        return f"{self.terms} terms, {self.frames} frames{heavy}{cut}{thin}{still}"

    @property
    def short(self) -> str:
        """The name for a crowded figure."""
        cut = f", cut {self.cutoff:g}" if self.cutoff else ""
        still = ", neutral" if self.neutral and not self.pattern else ""
        heavy = f", f {self.weight:g}" if self.weight else ""
        return f"{self.terms}, {self.frames}{heavy}{cut}{still}" + (
            f", {self.sparse.optimizer}" if self.sparse else ""
        )

    def coefficients(self, xi: np.ndarray) -> float:
        """Count the coefficients of Ξ [m, p, d] that are not zero, on the mean over members.

        Of a pattern those of its functions are counted, of a sparse frame those in it.
        """
        if self.inside is not None:
            return float(self.inside.size)
        if self.pattern is not None:
            return float(self.pattern.size)
        return float(np.count_nonzero(xi, axis=(1, 2)).mean())

    def size(self, xi: np.ndarray) -> float:
        """Count the terms of Ξ [m, p, d] to an equation, on the mean over members.

        Of a pattern its functions are counted, not the monomials that the latents make of them.
        """
        if self.inside is not None:
            return self.inside.size / self.inside.active.shape[1]
        if self.pattern is not None:
            return self.pattern.size / self.pattern.active.shape[1]
        if self.active is not None:
            return float(self.active.sum()) / self.active.shape[1]
        return float(np.mean(np.any(xi != 0, axis=2).sum(axis=1)))

    def solve(self, triangle: Triangle) -> np.ndarray:
        """Return Ξ [p, d], zero where a term is not in use, from the factor of some frames.

        Of a pattern or a sparse frame that has no frame in these, it is NaN.
        """
        theta, rate = triangle.split(len(self.chosen))
        if self.inside is not None:
            mine = self.in_frame(triangle)
            if mine is None:
                return np.full((theta.shape[1], rate.shape[1]), np.nan)
            return affine.back(mine.xi, mine.frame, self.degree)
        if self.pattern is not None:
            found = canonical.solve(theta, rate, self.pattern)
            return np.full((theta.shape[1], rate.shape[1]), np.nan) if found is None else found
        if self.active is not None:
            return least_squares.masked(theta, rate, self.active)
        xi = np.zeros((theta.shape[1], rate.shape[1]))
        theta = theta[:, self.chosen]
        xi[self.chosen] = (
            self.sparse.solve(theta, rate)
            if self.sparse
            else least_squares.solve(theta, rate, self.cutoff, triangle.frames)[0]
        )
        return neutralised(xi, list(self.neutral)) if self.neutral else xi

    @property
    def degree(self) -> int:
        """Return the degree of the polynomials of its own library; 0 if it has none."""
        return 0 if self.library is None else self.library.degree

    def in_frame(self, triangle: Triangle) -> SparseFrame | None:
        """Return its coefficients in a sparse frame, and the frame that these frames have."""
        if self.inside is None:
            return None
        theta, rate = triangle.split(len(self.chosen))
        return sparse_frames.fitted(theta, rate, self.degree, self.inside)


def neutralised(xi: np.ndarray, linear: list[int]) -> np.ndarray:
    """Return linear equations Ξ [p, d] with the growth of their oscillations taken out.

    Noise in the latents biases the growth that least squares finds, and an orbit that grows by a
    few tenths of a percent is lost in the end. Eigenvectors, frequencies and the fixed point stay;
    `linear` are the rows of z1, z2, …; what else is in use is the constant.
    """
    matrix = xi[linear].T
    values, vectors = np.linalg.eig(matrix)
    turning = np.abs(values.imag) > 1e-9 * np.abs(values).max()
    if not turning.any() or np.linalg.cond(vectors) > WORST_FRAME:
        return xi
    kept = np.where(turning, 1j * values.imag, values)
    still = (vectors @ np.diag(kept) @ np.linalg.inv(vectors)).real
    found = xi.copy()
    found[linear] = still.T
    for row in set(np.flatnonzero(xi.any(axis=1))) - set(linear):
        found[row] = still @ np.linalg.lstsq(matrix, xi[row], rcond=None)[0]
    return found


def plain(ensemble: Ensemble, library: Library, sparse: Sparse | None = None) -> Candidate:
    """Return Eq. 16 as a candidate: the ensemble's own terms, in a library with a constant."""
    own = np.isin(library.terms, ensemble.library.terms)
    return Candidate("all", "train", 0.0, own, sparse)


def candidates(
    library: Library, sparse: Sparse | None = None, cutoffs: Sequence[float] = (0.0,)
) -> list[Candidate]:
    """Return the ways to fit Ξ with terms of a library that has a constant."""
    names = np.array(library.terms)
    one = names == "1"
    linear = np.array([n in {f"z{k + 1}" for k in range(library.latents)} for n in names])
    polynomial = np.array(["(" not in n for n in names]) & ~one
    groups = {"linear": linear, "polynomial": polynomial, "all": ~one}
    found: list[Candidate] = []
    for label, group in groups.items():
        for constant in (False, True):
            chosen = group | one if constant else group
            if not group.any() or any(np.array_equal(chosen, c.chosen) for c in found):
                continue
            text = f"{label} + constant" if constant else label
            cuts = cutoffs if chosen.sum() > library.latents + 1 else (0.0,)
            for frames in ("train", "late"):
                found += [Candidate(text, frames, c, chosen) for c in cuts]
                if label == "linear" and library.latents > 1:
                    rows = tuple(int(row) for row in np.flatnonzero(linear))
                    found.append(Candidate(text, frames, 0.0, chosen, neutral=rows))
                if sparse and chosen.sum() > library.latents + 1:
                    found.append(Candidate(text, frames, 0.0, chosen, sparse))
    return found


def polynomials(latents: int, criteria: Criteria) -> list[Candidate]:
    """Return polynomials of every degree with the constant, by frames and weights of rows.

    They have libraries of their own, whatever the ensemble's is.
    """
    highest = criteria.degrees[0 if latents <= 2 else 1 if latents == 3 else 2]
    found = []
    for degree in range(1, highest + 1):
        library = standard(latents, degree, sine=False, constant=True)
        label = "linear + constant" if degree == 1 else f"degree {degree}"
        found += [
            Candidate(
                label, frames, 0.0, np.ones(len(library), bool), library=library, weight=weight
            )
            for frames in FRAMES
            for weight in criteria.weights
        ]
    return found


def symmetric(latents: int) -> list[Candidate]:
    """Return patterns of symmetry in a canonical frame; only two latents have such a frame."""
    if latents != 2:
        return []
    library = canonical.cubics()
    return [
        Candidate(
            SYMMETRIC[pattern.name], frames, 0.0, np.ones(len(library), bool), library=library,
            neutral=(1, 2) if pattern.name == "rotation" else (), pattern=pattern,
        )
        for pattern in canonical.patterns()
        for frames in FRAMES
    ]  # fmt: skip


# Those that are linear begin with that word: verdicts look for it.
SYMMETRIC = {
    "rotation": "linear rotation",
    "linear": "linear about the fixed point",
    "radial": "radial",
    "equivariant": "equivariant",
}
