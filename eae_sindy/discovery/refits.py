"""Ξ of a member by a candidate: from the factor of the frames and terms that it asks for."""

from collections.abc import Sequence

import numpy as np

from ..dynamics.least_squares import Triangle
from ..dynamics.library import Library, with_polynomials
from ..ensemble.members import each
from .candidates import Candidate
from .member_fits import Fits


def refit(
    fits: Fits, members: np.ndarray, candidate: Candidate, library: Library | None = None
) -> np.ndarray:
    """Return Ξ [k, p, d] of members by the chosen candidate, on all its training frames.

    Members that lack the frame of a pattern, or a sparse one, are fitted without it.

    Parameters
    ----------
    members : array of int [k]
        Indices into `fits.members`.
    library : Library, optional
        In whose terms; the ensemble's with a constant by default.
    """
    found = np.stack(list(each(members, lambda i: solved(fits, int(i), candidate))))
    return embedded(found, candidate.library or fits.library, library or fits.library)


def solved(fits: Fits, index: int, candidate: Candidate) -> np.ndarray:
    """Return Ξ [p, d] of one member, in the candidate's own terms."""
    return without_nan(candidate, factor_of(fits, index, candidate))


def factor_of(fits: Fits, index: int, candidate: Candidate) -> Triangle:
    """Return the factor of one member on all frames of a candidate, in its own terms."""
    own = candidate.library or fits.library
    kept = set(own.terms) <= set(fits.library.terms) and candidate.frames in fits.triangles
    if kept and not candidate.weight:
        return columns(fits.triangle(index, candidate.frames), fits.library, candidate, own)
    z, rate = fits.latents(index, fits.rows(candidate.frames))
    return factor(own, z, rate, candidate.weight)


def factor(library: Library, z: np.ndarray, rate: np.ndarray, weight: float = 0.0) -> Triangle:
    """Return the factor of frames z and ż [n, d], rows weighted by 1 / (|ż| + weight · rms ż)."""
    heavy = weights(rate, weight)[:, None]
    return Triangle.of(heavy * library(z), heavy * rate)


def weights(rate: np.ndarray, share: float) -> np.ndarray:
    """Return 1 / (|ż| + share · rms ż) of the rows of ż [n, d], with a mean of one; ones for 0."""
    speed = np.linalg.norm(rate, axis=1)
    least = share * np.sqrt(np.mean(speed**2))
    if not least > 0:
        return np.ones(len(rate))
    heavy = 1 / (speed + least)
    return heavy / heavy.mean()


def columns(triangle: Triangle, library: Library, way: Candidate, own: Library) -> Triangle:
    """Return the part of a factor in terms of `library` that a candidate asks for.

    `own` is the library of candidates that have none.
    """
    wanted = (way.library or own).terms
    place = {term: i for i, term in enumerate(library.terms)}
    return triangle.take(np.array([place[t] for t in wanted]), len(library))


def without_nan(candidate: Candidate, triangle: Triangle) -> np.ndarray:
    """Return Ξ [p, d] by a candidate; dense in its terms if there is no frame for it."""
    xi = candidate.solve(triangle)
    if (candidate.pattern is None and candidate.inside is None) or np.isfinite(xi).all():
        return xi
    return candidate._replace(pattern=None, inside=None, neutral=()).solve(triangle)


def embedded(xi: np.ndarray, own: Library, library: Library) -> np.ndarray:
    """Return Ξ [..., p, d] in the terms of a larger library, from the terms of `own`."""
    place = {term: i for i, term in enumerate(library.terms)}
    found = np.zeros((*xi.shape[:-2], len(library), xi.shape[-1]))
    found[..., [place[t] for t in own.terms], :] = xi
    return found


def union(fits: Fits, ways: Sequence[Candidate]) -> Library:
    """Return the ensemble's library with the constant, and what else the candidates need."""
    return with_polynomials(fits.library, max((way.degree for way in ways), default=0))
