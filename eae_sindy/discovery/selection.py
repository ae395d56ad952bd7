"""Which frames, terms and regularisation: chosen by running the equations, not by their fit.

A good fit of derivatives can give equations that explode, and a poor one equations that run. The
candidates are judged by their trajectories over stretches of time, or whole trajectories, which
enter neither the fit nor, ever, the test window.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..dynamics.least_squares import Sparse
from ..ensemble.members import evenly
from ..recipes import Criteria
from .arena import Arena, Run, resolution
from .candidates import ROWS_TO_A_TERM, Candidate, candidates, plain, polynomials, symmetric
from .framed import framed
from .member_fits import Fits
from .stretches import stretches, training
from .thinning import thinned


class Trial(NamedTuple):
    """A candidate and the mean error of its trajectories.

    `terms` is how many an equation has, on the mean over members and equations, `coefficients` how
    many all have. `judged` are those that all members tried and that last, `as_good` those of them
    among which the number of terms decides.
    """

    candidate: Candidate
    error: float
    terms: float
    coefficients: float
    judged: bool = False
    as_good: bool = False


def choose(
    fits: Fits, members: np.ndarray, sparse: Sparse | None, criteria: Criteria
) -> list[Trial]:
    """Try every candidate on a few members, the best on all of them; the chosen one comes first.

    Chosen is the candidate with the fewest terms whose mean trajectory error is at most four times
    the least: twice the distance from the data. Errors below `resolution` are all alike. What is
    lost within five lengths of the test window is out, and so is what loses the beginning of the
    data where others do not. Then terms are left out one by one, as long as that costs no more, and
    if the criteria ask for it, equations with few coefficients in a frame of their own are tried.
    Eq. 16 is always among the last, and nothing is chosen that does worse; it stands if no
    trajectory stays with the data. An empty list if there is nothing to judge by.

    Parameters
    ----------
    members : array of int [k]
        Indices into `fits.members`.
    """
    judged = stretches(fits.ensemble.frames, criteria)
    if not judged:
        return []
    held_out = np.concatenate(judged)
    frames = training(fits.ensemble.frames, criteria)
    rows = {f: np.setdiff1d(r, held_out) for f, r in frames.items()}
    ways = _ways(fits, sparse, criteria, {f: len(r) for f, r in rows.items()})
    own = plain(fits.ensemble, fits.library)
    if not any(_same(own, way) for way in ways):
        return []
    arena = Arena(fits, judged, rows, criteria, resolution(fits, judged, members, criteria))

    def early(runs: Sequence[Run]) -> np.ndarray:
        return arena.early(runs, members)

    first = arena.scout(ways, evenly(members, criteria.scouts))
    order = sorted(first, key=lambda r: float(r.errors.mean()))
    worst = criteria.worst_trajectory
    best = [r.candidate for r in order[: criteria.finalists] if r.errors.mean() < worst]
    # Those with fewest terms that come near, so that more members may say it is near enough.
    most = criteria.as_good * order[0].errors.mean()
    near = [r for r in order if r.errors.mean() <= most and r.errors.mean() < worst]
    best += [r.candidate for r in sorted(near, key=_size)[: criteria.finalists // 2]]
    best += [way for way in ways if _same(own, way)]
    final = arena.run(_unique(best), members)
    kept = arena.lasting(final, members)
    if not any(r.errors.mean() < worst for r in kept):
        kept = final
    chosen = _ranked(kept, early, own, criteria)[0].candidate
    winner = next(r for r in kept if r.candidate is chosen)
    fewer = thinned(arena, winner, members) + framed(arena, members)
    thinner = arena.lasting(arena.run(fewer, members), members)
    ranked = _ranked([*kept, *thinner], early, own, criteria)
    seen = {id(t.candidate) for t in ranked}
    rest = _trials([r for r in first if id(r.candidate) not in seen])
    return [*ranked, *sorted(rest, key=lambda t: t.error)]


def sparsest(trials: Sequence[Trial], criteria: Criteria) -> Trial | None:
    """Return the best of the trials with few coefficients; None if none stays with the data.

    Where sparse frames are searched, the fewest coefficients of those that are as good as any.
    """
    few = [t for t in trials if t.judged and t.coefficients <= criteria.sparse_terms]
    few = [t for t in few if t.error < criteria.worst_trajectory]
    good = [t for t in few if t.as_good]
    if criteria.frame == "sparse" and good:
        return min(good, key=lambda t: (t.coefficients, t.error))
    return min(few, key=lambda t: (t.error, t.coefficients), default=None)


def _ranked(
    runs: Sequence[Run],
    early: Callable[[Sequence[Run]], np.ndarray],
    own: Candidate,
    criteria: Criteria,
) -> list[Trial]:
    """Return the trials, the chosen one first; the others by their errors.

    What is as good over the stretches may differ in whether it holds from the first frame on:
    `early` returns the errors of some runs there. Where nothing stays with the data, chosen is
    Eq. 16, `own`.
    """
    found = [t._replace(judged=True) for t in _trials(runs)]
    best = min(t.error for t in found)
    # Eq. 16 itself is the measure of what fewer terms may cost.
    plainly = min((t.error for t in found if _same(own, t.candidate)), default=np.inf)
    good = [k for k, t in enumerate(found) if t.error <= min(criteria.as_good * best, plainly)]
    begun = early([runs[k] for k in good])
    for k, error in zip(good, begun, strict=True):
        found[k] = found[k]._replace(as_good=bool(error <= criteria.as_good * begun.min()))
    first = min((t for t in found if t.as_good), key=lambda t: (t.terms, t.error))
    if best >= criteria.worst_trajectory:
        first = next((t for t in found if _same(own, t.candidate)), first)
    return [first, *sorted((t for t in found if t is not first), key=lambda t: t.error)]


def _trials(runs: Sequence[Run]) -> list[Trial]:
    return [
        Trial(r.candidate, float(r.errors.mean()), _size(r), r.candidate.coefficients(r.values))
        for r in runs
    ]


def _size(run: Run) -> float:
    return run.candidate.size(run.values)


def _ways(
    fits: Fits, sparse: Sparse | None, criteria: Criteria, lengths: dict[str, int]
) -> list[Candidate]:
    """Return every candidate whose terms the frames can tell apart, none twice."""
    d = fits.ensemble.settings.latents
    ways = candidates(fits.library, sparse, criteria.cutoffs)
    ways += [*polynomials(d, criteria), *symmetric(d)]
    found: dict[tuple, Candidate] = {}
    for way in ways:
        least = int(way.chosen.sum()) * (1 if way.library is None else ROWS_TO_A_TERM)
        if lengths[way.frames] < least:
            continue
        names = np.array((way.library or fits.library).terms)[way.chosen]
        kind = (
            frozenset(names.tolist()),
            *way[1:3],
            *(way.sparse, way.neutral, way.weight),
            way.pattern.name if way.pattern else "",
        )
        found.setdefault(kind, way)
    return list(found.values())


def _same(one: Candidate, other: Candidate) -> bool:
    """Say whether a candidate is plain Eq. 16, `one`."""
    return (
        other.library is None
        and other[1:3] == one[1:3]
        and np.array_equal(one.chosen, other.chosen)
        and other.sparse == one.sparse
        and not other.neutral
        and other.active is None
    )


def _unique(ways: Sequence[Candidate]) -> list[Candidate]:
    return list({id(way): way for way in ways}.values())
