"""Sparse refits: coefficients left out one by one, in the order in which the fit misses them."""

import numpy as np

from ..dynamics import canonical, least_squares
from ..ensemble.members import each
from .arena import Arena, Run
from .candidates import Candidate, symmetric
from .refits import union


def thinned(arena: Arena, winner: Run, members: np.ndarray) -> list[Candidate]:
    """Return sparse refits: of the winner, and of radial equations where they have a frame."""
    found = []
    way = winner.candidate
    library = way.library or arena.fits.library
    if way.pattern is None and way.sparse is None and not way.neutral:
        terms = np.array(library.terms)[way.chosen]
        start = np.zeros((len(library), winner.values.shape[2]), bool)
        start[way.chosen] = True
        if len(terms) > 1 and len(arena.rows[way.frames]) > start.sum():
            found += eliminated(arena, way, start, members)
    if winner.values.shape[2] == 2:
        radial = canonical.patterns()[2]
        for base in symmetric(2):
            if base.frames == way.frames and base.pattern and base.pattern.name == radial.name:
                base = base._replace(weight=way.weight)
                found += [base, *eliminated(arena, base, radial.active, members)]
    return found


def eliminated(
    arena: Arena, way: Candidate, active: np.ndarray, members: np.ndarray
) -> list[Candidate]:
    """Leave out coefficients one by one, always the one whose loss costs the fit least.

    What all members lose by it is added up, for all are to have the same terms. Those with at most
    eight coefficients are returned; running them decides how many are needed.
    """
    systems, library = [], union(arena.fits, [way])
    for triangle in each(members, lambda i: arena.triangles(i, [way], library)[0]):
        theta, rate = triangle.split(len(way.chosen))
        if way.pattern is not None:
            change = canonical.own_frame(theta, rate)
            if change is None:
                return []
            theta, rate = canonical.regression(theta, rate, change, way.pattern.functions)
        systems.append((theta, rate))
    found, active = [], active.copy()
    while active.sum() > 1:
        cost = np.sum([least_squares.costs(*system, active) for system in systems], axis=0)
        active[np.unravel_index(np.argmin(cost), cost.shape)] = False
        if way.pattern is not None and not active[2:].any():
            break  # linear: there are patterns for that
        if active.sum() > arena.criteria.sparse_terms:
            continue
        label = f"{way.terms}, thinned to {int(active.sum())}"
        if way.pattern is None:
            chosen = np.any(active, axis=1)
            found.append(way._replace(terms=label, chosen=chosen, active=active.copy(), cutoff=0.0))
        else:
            thin = way.pattern._replace(active=active.copy())
            found.append(way._replace(terms=label, pattern=thin))
    return found
