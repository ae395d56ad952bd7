"""Which frames, terms and regularisation: chosen by running the equations, not by their fit.

A good fit of derivatives can give equations that explode, and a poor one equations that run. The
candidates are judged by their trajectories over contiguous stretches of validation time, which
enter neither the fit nor, ever, the test window.
"""

from typing import NamedTuple

import numpy as np

from ..dynamics import orbits
from ..dynamics.least_squares import Sparse, Triangle
from ..dynamics.library import Library
from ..ensemble.members import each
from ..recipes import Criteria
from .candidates import Candidate, candidates, plain
from .member_fits import Fits
from .stretches import stretches, training


class Trial(NamedTuple):
    """A candidate and the errors of its trajectories: their mean and its standard error.

    `terms` is the mean number of terms that have a coefficient.
    """

    candidate: Candidate
    error: float
    spread: float
    terms: float


def choose(
    fits: Fits, members: np.ndarray, sparse: Sparse | None, criteria: Criteria
) -> list[Trial]:
    """Try every candidate on some members; the best comes first.

    Best is the candidate with the fewest terms whose mean trajectory error is within a standard
    error of the least (Breiman's rule), or as good as exact; Eq. 16 as it stands if no trajectory
    stays with the data. An empty list if there is no stretch to judge by.

    Parameters
    ----------
    members : array of int [k]
        Indices into `fits.members`.
    """
    frames, library = fits.ensemble.frames, fits.library
    judged = stretches(frames, criteria)
    if not judged:
        return []
    ways = candidates(library, sparse, criteria.cutoffs)
    held_out = np.concatenate(judged)
    rows = {f: np.setdiff1d(r, held_out) for f, r in training(frames, criteria).items()}
    if min(map(len, rows.values())) < max(int(c.chosen.sum()) for c in ways):
        return []
    xi = np.stack(list(each(members, lambda i: _solved(fits, i, ways, rows))), axis=1)
    errors = np.zeros(xi.shape[:2])
    for stretch in judged:
        z = np.stack([fits.latents(i, stretch)[0] for i in members], axis=1)
        # Candidates of all members side by side: integrated together, each candidate's in turn.
        flat, both = xi.reshape(-1, *xi.shape[2:]), np.tile(z, (1, len(ways), 1))
        error = trajectory_error(library, flat, both, frames.time[stretch])
        errors += error.reshape(errors.shape) / len(judged)
    return _ranked(fits, ways, xi, np.minimum(errors, criteria.worst_trajectory), criteria)


def _solved(
    fits: Fits, index: int, ways: list[Candidate], rows: dict[str, np.ndarray]
) -> np.ndarray:
    """Return Ξ [ways, p, d] of one member by every candidate."""
    triangles = {}
    for name, own in rows.items():
        z, rate = fits.latents(index, own)
        triangles[name] = Triangle.of(fits.library(z), rate)
    return np.stack([c.solve(triangles[c.frames]) for c in ways])


def _ranked(
    fits: Fits, ways: list[Candidate], xi: np.ndarray, errors: np.ndarray, criteria: Criteria
) -> list[Trial]:
    """Return the trials, the chosen one first, from Ξ [ways, k, p, d] and errors [ways, k]."""
    found = []
    for candidate, own, error in zip(ways, xi, errors, strict=True):
        terms = float(np.mean(np.any(own != 0, axis=2).sum(axis=1)))
        spread = float(error.std() / len(error) ** 0.5)
        found.append(Trial(candidate, float(error.mean()), spread, terms))
    best, exact = min(found, key=lambda t: t.error), criteria.exact
    within = [t for t in found if t.error <= max(best.error + best.spread, exact)]
    first = min(within, key=lambda t: (t.terms, max(t.error, exact)))
    if best.error >= criteria.worst_trajectory:
        own = plain(fits.ensemble, fits.library).chosen
        first = next(t for t in found if np.array_equal(t.candidate.chosen, own))
    return [first, *sorted((t for t in found if t is not first), key=lambda t: t.error)]


def trajectory_error(
    library: Library, xi: np.ndarray, z: np.ndarray, time: np.ndarray
) -> np.ndarray:
    """Return the errors [m] of trajectories from the first frame of z [t, m, d].

    Mean squared distance over the stretch, relative to the variance of the data in the same
    latents; infinite for one that cannot be integrated.
    """
    data = orbits.loop(z)
    orbit = orbits.integrate(library, xi, data, time - time[0])
    miss = np.mean(np.sum((orbit - z) ** 2, axis=-1), axis=0) / data.amplitude**2
    return np.where(np.isfinite(miss), miss, np.inf)


def refit(fits: Fits, members: np.ndarray, candidate: Candidate) -> np.ndarray:
    """Return Ξ [k, p, d] of members by the chosen candidate, on all its training frames.

    `members` [k] are indices into `fits.members`.
    """
    return np.stack([candidate.solve(fits.triangle(i, candidate.frames)) for i in members])
