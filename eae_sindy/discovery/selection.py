"""Which frames, terms and regularisation: chosen by running the equations, not by their fit.

A good fit of derivatives can give equations that explode, and a poor one equations that run. The
candidates are judged by their trajectories over stretches of time, or whole trajectories, which
enter neither the fit nor, ever, the test window.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..dynamics import canonical, least_squares, orbits
from ..dynamics.least_squares import Sparse, Triangle
from ..dynamics.library import Library, with_polynomials
from ..ensemble.members import each, evenly
from ..recipes import Criteria
from .candidates import Candidate, candidates, plain, polynomials, symmetric
from .member_fits import Fits
from .relative_error import Target
from .stretches import average, beginnings, stretches, training

LOOKED_AHEAD = 2500  # steps at most with which orbits run on after a stretch
LOOKED_AT = 1000  # frames of a stretch at most, in the first round
ROWS_TO_A_TERM = 2  # frames that a candidate must have, for each of its terms


class Trial(NamedTuple):
    """A candidate and the errors of its trajectories: their mean and its standard error.

    `terms` is how many an equation has, on the mean over members and equations, `coefficients` how
    many all have. `judged` are those that all members tried and that last, `as_good` those of them
    among which the number of terms decides.
    """

    candidate: Candidate
    error: float
    spread: float
    terms: float
    coefficients: float
    judged: bool = False
    as_good: bool = False


class Run(NamedTuple):
    """A candidate that was run: Ξ [k, p, d] of some members, and their errors [k]."""

    candidate: Candidate
    values: np.ndarray
    errors: np.ndarray


def choose(
    fits: Fits, members: np.ndarray, sparse: Sparse | None, criteria: Criteria
) -> list[Trial]:
    """Try every candidate on a few members, the best on all of them; the chosen one comes first.

    Chosen is the candidate with the fewest terms whose mean trajectory error is at most four times
    the least: twice the distance from the data. Errors below `resolution` are all alike. What is
    lost within five lengths of the test window is out, and so is what loses the beginning of the
    data where others do not. Then terms are left out one by one, as long as that costs no more.
    Eq. 16 is always among the last, so that nothing is chosen that does
    clearly worse; it stands if no trajectory stays with the data. An empty list if there is nothing
    to judge by.

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
    arena = _Arena(fits, judged, rows, criteria, resolution(fits, judged, members, criteria))
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
    chosen = arena.ranked(kept, members)[0].candidate
    winner = next(r for r in kept if r.candidate is chosen)
    thinner = arena.lasting(arena.run(_thinned(arena, winner, members), members), members)
    ranked = arena.ranked([*kept, *thinner], members)
    seen = {id(t.candidate) for t in ranked}
    rest = _trials([r for r in first if id(r.candidate) not in seen])
    return [*ranked, *sorted(rest, key=lambda t: t.error)]


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


@dataclass(frozen=True)
class _Arena:
    """Where candidates are fitted and run: stretches to judge by, and rows to fit to."""

    fits: Fits
    judged: list[np.ndarray]
    rows: dict[str, np.ndarray]
    criteria: Criteria
    exact: float

    @cached_property
    def average(self) -> str:
        """The rule by which errors of stretches become one."""
        return average(self.fits.ensemble.frames, self.criteria)

    def run(self, ways: Sequence[Candidate], members: np.ndarray) -> list[Run]:
        """Fit the candidates for some members, and run them over the stretches."""
        if not ways:  # linear and neutral equations cannot be thinned
            return []
        solved = list(each(members, lambda i: self._solved(i, ways)))
        values = [np.stack([own[k] for own in solved]) for k in range(len(ways))]
        mean = self._averaged(self._errors(ways, values, members, self.judged))
        return [Run(*r) for r in zip(ways, values, mean, strict=True)]

    def _errors(
        self,
        ways: Sequence[Candidate],
        values: Sequence[np.ndarray],
        members: np.ndarray,
        judged: Sequence[np.ndarray],
    ) -> np.ndarray:
        """Return the errors [ways, members, stretches] of trajectories over stretches."""
        errors = np.zeros((len(ways), len(members), len(judged)))
        for s, stretch in enumerate(judged):
            z = np.stack([self.fits.latents(i, stretch)[0] for i in members], axis=1)
            time = self.fits.ensemble.frames.time[stretch]
            # Candidates of all members side by side: those with one library integrated together.
            for library, mine in self._groups(ways):
                flat = np.concatenate([values[k] for k in mine])
                error = trajectory_error(library, flat, np.tile(z, (1, len(mine), 1)), time)
                errors[mine, :, s] = error.reshape(len(mine), -1)
        return errors

    def scout(self, ways: Sequence[Candidate], members: np.ndarray) -> list[Run]:
        """Do what `run` does at a fixed cost, all candidates side by side in one library."""
        solved = list(each(members, lambda i: self._solved(i, ways)))
        large = union(self.fits, ways)
        values = [np.stack([own[k] for own in solved]) for k in range(len(ways))]
        flat = np.concatenate(
            [
                embedded(xi, way.library or self.fits.library, large)
                for way, xi in zip(ways, values, strict=True)
            ]
        )
        errors = np.zeros((len(ways), len(members), len(self.judged)))
        for s, stretch in enumerate(self.judged):
            seen = stretch[:: max(1, len(stretch) // LOOKED_AT)]
            z = np.stack([self.fits.latents(i, seen)[0] for i in members], axis=1)
            time = self.fits.ensemble.frames.time[seen]
            both = np.tile(z, (1, len(ways), 1))
            error = trajectory_error(large, flat, both, time, orbits.coarse)
            errors[..., s] = error.reshape(len(ways), -1)
        mean = self._averaged(errors)
        return [Run(*r) for r in zip(ways, values, mean, strict=True)]

    def _averaged(self, errors: np.ndarray) -> np.ndarray:
        bounds = self.exact, self.criteria.worst_trajectory
        return averaged(errors, self.average, bounds)

    def ranked(self, runs: Sequence[Run], members: np.ndarray) -> list[Trial]:
        """Return the trials, the chosen one first; see `_ranked`."""
        begun = beginnings(self.fits.ensemble.frames, self.criteria)

        def early(some: Sequence[Run]) -> np.ndarray:
            ways, values = [r.candidate for r in some], [r.values for r in some]
            return self._averaged(self._errors(ways, values, members, begun)).mean(axis=1)

        own = plain(self.fits.ensemble, self.fits.library)
        return _ranked(runs, early, own, self.criteria)

    def _groups(self, ways: Sequence[Candidate]) -> list[tuple[Library, list[int]]]:
        """Return the libraries of candidates, and which have them."""
        found: dict[tuple[str, ...], tuple[Library, list[int]]] = {}
        for k, way in enumerate(ways):
            library = way.library or self.fits.library
            found.setdefault(tuple(library.terms), (library, []))[1].append(k)
        return list(found.values())

    def triangles(self, index: int, ways: Sequence[Candidate]) -> list[Triangle]:
        """Return for each candidate the factor of a member on the rows that it is fitted to.

        For all with the same rows and weights there is one factor, of the largest library.
        """
        made: dict[tuple[str, float], tuple[Triangle, Library]] = {}
        degree = max(_degree(way) for way in ways)
        large = with_polynomials(self.fits.library, degree)
        for frames, weight in dict.fromkeys((way.frames, way.weight) for way in ways):
            z, rate = self.fits.latents(index, self.rows[frames])
            made[frames, weight] = factor(large, z, rate, weight), large
        return [columns(*made[way.frames, way.weight], way, self.fits.library) for way in ways]

    def _solved(self, index: int, ways: Sequence[Candidate]) -> list[np.ndarray]:
        """Return Ξ [p, d] of one member by every candidate, each in its own terms."""
        triangles = self.triangles(index, ways)
        return [way.solve(t) for way, t in zip(ways, triangles, strict=True)]

    def lasting(self, runs: Sequence[Run], members: np.ndarray) -> list[Run]:
        """Return the runs whose orbits stay with the data for five lengths of the test window."""
        if not runs:
            return []
        frames, stretch = self.fits.ensemble.frames, self.judged[-1]
        z = np.stack([self.fits.latents(i, stretch)[0] for i in members], axis=1)
        length = self.criteria.test_lengths * float(np.ptp(frames.time[frames.test_run()]))
        steps = int(length / np.mean(np.diff(frames.time[stretch]))) + 1
        time = np.linspace(0, length, min(steps, LOOKED_AHEAD) + 1)
        large = union(self.fits, [r.candidate for r in runs])
        flat = np.concatenate(
            [embedded(r.values, r.candidate.library or self.fits.library, large) for r in runs]
        )
        end = orbits.coarse(large, flat, orbits.loop(np.tile(z, (1, len(runs), 1))), time)[-1]
        share = (~np.isfinite(end).all(axis=1)).reshape(len(runs), -1).mean(axis=1)
        return [r for r, s in zip(runs, share, strict=True) if s <= self.criteria.most_lost]


def _degree(way: Candidate) -> int:
    """Return the degree of the polynomials that a candidate's own library has; 0 if it has none."""
    return 0 if way.library is None else int(way.library.features.powers_.sum(axis=1).max())


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


def averaged(errors: np.ndarray, average: str, bounds: tuple[float, float]) -> np.ndarray:
    """Return one error from those of several stretches, [..., stretches] to [...].

    None counts as better or worse than `bounds`. The arithmetic mean is small only where every
    stretch is followed, a transient too. The geometric mean forgives one that is lost.
    """
    capped = np.clip(errors, *bounds)
    if average == "mean":
        return capped.mean(axis=-1)
    return np.exp(np.log(capped).mean(axis=-1))


def resolution(
    fits: Fits, judged: Sequence[np.ndarray], members: np.ndarray, criteria: Criteria
) -> float:
    """Return the error of a trajectory below which no candidate is better than another.

    A share of what the reconstruction itself errs by on the frames that judge: what is less does
    not show in a forecast. On the mean over some members.
    """
    rows = np.unique(np.concatenate(judged))
    target, errors = Target.of(fits.ensemble, rows, "field"), []
    for i in evenly(members, criteria.scouts):
        made = fits.ensemble.decode(int(fits.members[i]), *fits.latents(i, rows))
        errors.append(target.error(made[0]))
    return max(criteria.exact, criteria.negligible * float(np.mean(errors)))


def _size(run: Run) -> float:
    return run.candidate.size(run.values)


def _trials(runs: Sequence[Run]) -> list[Trial]:
    return [
        Trial(r.candidate, float(r.errors.mean()), float(r.errors.std() / len(r.errors) ** 0.5),
              _size(r), r.candidate.coefficients(r.values))
        for r in runs
    ]  # fmt: skip


def sparsest(trials: Sequence[Trial], criteria: Criteria) -> Trial | None:
    """Return the best of the trials with few coefficients; None if none stays with the data."""
    few = [t for t in trials if t.judged and t.coefficients <= criteria.sparse_terms]
    few = [t for t in few if t.error < criteria.worst_trajectory]
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
    good = [k for k, t in enumerate(found) if t.error <= criteria.as_good * best]
    begun = early([runs[k] for k in good])
    for k, error in zip(good, begun, strict=True):
        found[k] = found[k]._replace(as_good=bool(error <= criteria.as_good * begun.min()))
    first = min((t for t in found if t.as_good), key=lambda t: (t.terms, t.error))
    if best >= criteria.worst_trajectory:
        first = next((t for t in found if _same(own, t.candidate)), first)
    return [first, *sorted((t for t in found if t is not first), key=lambda t: t.error)]


def _thinned(arena: _Arena, winner: Run, members: np.ndarray) -> list[Candidate]:
    """Return sparse refits: of the winner, and of radial equations where they have a frame."""
    found = []
    way = winner.candidate
    library = way.library or arena.fits.library
    if way.pattern is None and way.sparse is None and not way.neutral:
        terms = np.array(library.terms)[way.chosen]
        start = np.zeros((len(library), winner.values.shape[2]), bool)
        start[way.chosen] = True
        if len(terms) > 1 and len(arena.rows[way.frames]) > start.sum():
            found += _eliminated(arena, way, start, members)
    if winner.values.shape[2] == 2:
        radial = canonical.patterns()[2]
        for base in symmetric(2):
            if base.frames == way.frames and base.pattern and base.pattern.name == radial.name:
                base = base._replace(weight=way.weight)
                found += [base, *_eliminated(arena, base, radial.active, members)]
    return found


def _eliminated(
    arena: _Arena, way: Candidate, active: np.ndarray, members: np.ndarray
) -> list[Candidate]:
    """Leave out coefficients one by one, always the one whose loss costs the fit least.

    What all members lose by it is added up, for all are to have the same terms. Those with at most
    eight coefficients are returned; running them decides how many are needed.
    """
    systems = []
    for triangle in each(members, lambda i: arena.triangles(i, [way])[0]):
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


def trajectory_error(
    library: Library,
    xi: np.ndarray,
    z: np.ndarray,
    time: np.ndarray,
    look: Callable[..., np.ndarray] = orbits.integrate,
) -> np.ndarray:
    """Return the errors [m] of trajectories from the first frame of z [t, m, d].

    Mean squared distance over the stretch, relative to the variance of the data in the same
    latents; infinite for one that cannot be integrated. `look` is the integrator.
    """
    found, sound = np.full(len(xi), np.inf), np.isfinite(xi).all(axis=(1, 2))
    if sound.any():
        z = z[:, sound]
        data = orbits.loop(z)
        orbit = look(library, xi[sound], data, time - time[0])
        miss = np.mean(np.sum((orbit - z) ** 2, axis=-1), axis=0) / data.amplitude**2
        found[sound] = np.where(np.isfinite(miss), miss, np.inf)
    return found


def refit(
    fits: Fits, members: np.ndarray, candidate: Candidate, library: Library | None = None
) -> np.ndarray:
    """Return Ξ [k, p, d] of members by the chosen candidate, on all its training frames.

    Members that have no canonical frame are fitted without its pattern.

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


def without_nan(candidate: Candidate, triangle: Triangle) -> np.ndarray:
    """Return Ξ [p, d] by a candidate; without its pattern if there is no frame for that."""
    xi = candidate.solve(triangle)
    if candidate.pattern is None or np.isfinite(xi).all():
        return xi
    return candidate._replace(pattern=None, neutral=()).solve(triangle)


def embedded(xi: np.ndarray, own: Library, library: Library) -> np.ndarray:
    """Return Ξ [..., p, d] in the terms of a larger library, from the terms of `own`."""
    place = {term: i for i, term in enumerate(library.terms)}
    found = np.zeros((*xi.shape[:-2], len(library), xi.shape[-1]))
    found[..., [place[t] for t in own.terms], :] = xi
    return found


def union(fits: Fits, ways: Sequence[Candidate]) -> Library:
    """Return the ensemble's library with the constant, and what else the candidates need."""
    return with_polynomials(fits.library, max(map(_degree, ways), default=0))
