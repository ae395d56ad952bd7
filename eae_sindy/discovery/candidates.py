"""The ways to fit equations among which running them decides."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..dynamics import least_squares
from ..dynamics.least_squares import Sparse, Triangle
from ..dynamics.library import Library
from ..ensemble.ensemble import Ensemble

WORST_FRAME = 1e6  # condition of eigenvectors beyond which they are no frame


class Candidate(NamedTuple):
    """One way to fit Ξ. `chosen` [p] marks the terms in use, of the library with a constant.

    `neutral` are the rows of linear terms whose oscillations are made neither to grow nor to decay.
    """

    terms: str
    frames: str
    cutoff: float
    chosen: np.ndarray
    sparse: Sparse | None = None
    neutral: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Say in words how it fits."""
        cut = f", directions below {self.cutoff:g} left out" if self.cutoff else ""
        thin = f", by {self.sparse.optimizer}" if self.sparse else ""
        still = ", neutral" if self.neutral else ""
        return f"{self.terms} terms, {self.frames} frames{cut}{thin}{still}"

    @property
    def short(self) -> str:
        """The name for a crowded figure."""
        cut = f", cut {self.cutoff:g}" if self.cutoff else ""
        still = ", neutral" if self.neutral else ""
        return f"{self.terms}, {self.frames}{cut}{still}" + (
            f", {self.sparse.optimizer}" if self.sparse else ""
        )

    def solve(self, triangle: Triangle) -> np.ndarray:
        """Return Ξ [p, d], zero where a term is not in use, from the factor of some frames."""
        theta, rate = triangle.split(len(self.chosen))
        xi = np.zeros((theta.shape[1], rate.shape[1]))
        theta = theta[:, self.chosen]
        xi[self.chosen] = (
            self.sparse.solve(theta, rate)
            if self.sparse
            else least_squares.solve(theta, rate, self.cutoff, triangle.frames)[0]
        )
        return neutralised(xi, list(self.neutral)) if self.neutral else xi


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
