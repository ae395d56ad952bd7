"""Where candidates are run: their equations integrated beside the stretches that judge them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..dynamics import orbits
from ..dynamics.least_squares import Triangle
from ..dynamics.library import Library
from ..ensemble.members import each, evenly
from ..recipes import Criteria
from .candidates import Candidate
from .member_fits import Fits
from .refits import columns, embedded, factor, union
from .relative_error import Target
from .stretches import average, beginnings

LOOKED_AHEAD = 2500  # steps at most with which orbits run on after a stretch
LOOKED_AT = 1000  # frames of a stretch at most, in the first round


class Run(NamedTuple):
    """A candidate that was run: Ξ [k, p, d] of some members, and their errors [k]."""

    candidate: Candidate
    values: np.ndarray
    errors: np.ndarray


@dataclass(frozen=True)
class Arena:
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
        values = self._values(ways, members)
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
        values = self._values(ways, members)
        large, flat = self._side_by_side(ways, values)
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

    def _side_by_side(
        self, ways: Sequence[Candidate], values: Sequence[np.ndarray]
    ) -> tuple[Library, np.ndarray]:
        """Return one library for all candidates, and in its terms Ξ [ways · members, p, d]."""
        large = union(self.fits, ways)
        libraries = [way.library or self.fits.library for way in ways]
        made = [embedded(xi, own, large) for xi, own in zip(values, libraries, strict=True)]
        return large, np.concatenate(made)

    def _averaged(self, errors: np.ndarray) -> np.ndarray:
        bounds = self.exact, self.criteria.worst_trajectory
        return averaged(errors, self.average, bounds)

    def early(self, runs: Sequence[Run], members: np.ndarray) -> np.ndarray:
        """Return the errors [runs] of runs over the beginnings of the training trajectories."""
        begun = beginnings(self.fits.ensemble.frames, self.criteria)
        ways, values = [r.candidate for r in runs], [r.values for r in runs]
        return self._averaged(self._errors(ways, values, members, begun)).mean(axis=1)

    def _groups(self, ways: Sequence[Candidate]) -> list[tuple[Library, list[int]]]:
        """Return the libraries of candidates, and which have them."""
        found: dict[tuple[str, ...], tuple[Library, list[int]]] = {}
        for k, way in enumerate(ways):
            library = way.library or self.fits.library
            found.setdefault(tuple(library.terms), (library, []))[1].append(k)
        return list(found.values())

    def triangles(self, index: int, ways: Sequence[Candidate], large: Library) -> list[Triangle]:
        """Return for each candidate the factor of a member on the rows that it is fitted to.

        For all with the same rows and weights there is one factor, in terms of `large`, which has
        those of all candidates.
        """
        made: dict[tuple[str, float], tuple[Triangle, Library]] = {}
        for frames, weight in dict.fromkeys((way.frames, way.weight) for way in ways):
            z, rate = self.fits.latents(index, self.rows[frames])
            made[frames, weight] = factor(large, z, rate, weight), large
        return [columns(*made[way.frames, way.weight], way, self.fits.library) for way in ways]

    def _values(self, ways: Sequence[Candidate], members: np.ndarray) -> list[np.ndarray]:
        """Return Ξ [k, p, d] of some members by every candidate, each in its own terms."""
        large = union(self.fits, ways)

        def solved(index: int) -> list[np.ndarray]:
            triangles = self.triangles(index, ways, large)
            return [way.solve(t) for way, t in zip(ways, triangles, strict=True)]

        made = list(each(members, solved))
        return [np.stack([own[k] for own in made]) for k in range(len(ways))]

    def lasting(self, runs: Sequence[Run], members: np.ndarray) -> list[Run]:
        """Return the runs whose orbits stay with the data for five lengths of the test window."""
        if not runs:
            return []
        frames, stretch = self.fits.ensemble.frames, self.judged[-1]
        z = np.stack([self.fits.latents(i, stretch)[0] for i in members], axis=1)
        length = self.criteria.test_lengths * float(np.ptp(frames.time[frames.test_run()]))
        steps = int(length / np.mean(np.diff(frames.time[stretch]))) + 1
        time = np.linspace(0, length, min(steps, LOOKED_AHEAD) + 1)
        large, flat = self._side_by_side([r.candidate for r in runs], [r.values for r in runs])
        end = orbits.coarse(large, flat, orbits.loop(np.tile(z, (1, len(runs), 1))), time)[-1]
        share = (~np.isfinite(end).all(axis=1)).reshape(len(runs), -1).mean(axis=1)
        return [r for r, s in zip(runs, share, strict=True) if s <= self.criteria.most_lost]


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
