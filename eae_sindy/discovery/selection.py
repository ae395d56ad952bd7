"""Which frames, terms and regularisation: chosen by running the equations, not by their fit.

A good fit of derivatives can give equations that explode, and a poor one equations that run. The
candidates are judged by their trajectories over contiguous stretches of validation time, which
enter neither the fit nor, ever, the test window.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..dynamics import orbits
from ..dynamics.least_squares import Sparse
from ..dynamics.library import Library
from ..ensemble.ensemble import Ensemble
from ..ensemble.members import each
from ..snapshots.split import TEST, TRAIN
from .candidates import Candidate, candidates, plain

# Where validation stretches end, in the time before the test window: the first so early that it
# holds some of a transient, which shows what is off the cycle, and so late that its beginning is
# left to the fit.
STRETCHES = (0.15, 0.575, 1.0)
SHORTEST = 20  # frames: fewer, across a gap, are no trajectory
LONGEST = 0.15  # of the time before the test window: a stretch is no longer
LATE = 0.5  # the later half of the training time
EXACT = 1e-6  # error of a trajectory below which no candidate is better than another
WORST = 1.0  # error of a trajectory, relative to the variance, beyond which it is simply lost


class Trial(NamedTuple):
    """A candidate and the errors of its trajectories: their mean and its standard error.

    `terms` is the mean number of terms that have a coefficient.
    """

    candidate: Candidate
    error: float
    spread: float
    terms: float


def stretches(ensemble: Ensemble) -> list[np.ndarray]:
    """Return rows of contiguous frames before the test window, in time; none if there are few."""
    f = ensemble.frames
    run = f.test_run()
    mine = (f.trajectory == f.trajectory[run[0]]) & (f.split != TEST) & (f.time < f.time[run[0]])
    if not mine.any():  # the test window is a trajectory of its own
        first = f.trajectory[f.where(TRAIN)[0]] if len(f.where(TRAIN)) else None
        mine = (f.trajectory == first) & (f.split != TEST)
    rows = np.flatnonzero(mine)
    if len(rows) < 50:
        return []
    start, end = f.time[rows[0]], f.time[rows[-1]]
    length = min(np.ptp(f.time[run]), LONGEST * (end - start))
    ends = [start + s * (end - start) for s in STRETCHES]
    found = (rows[(f.time[rows] >= e - length) & (f.time[rows] <= e)] for e in ends)
    return [stretch for stretch in found if len(stretch) >= SHORTEST]


def fit_rows(ensemble: Ensemble, frames: str, held_out: list[np.ndarray]) -> np.ndarray:
    """Return the training frames that enter a fit, without those `held_out`."""
    f = ensemble.frames
    rows = f.where(TRAIN)
    if frames == "late":
        middle = f.time[rows].min() + LATE * np.ptp(f.time[rows])
        rows = rows[f.time[rows] >= middle]
    return np.setdiff1d(rows, np.concatenate(held_out)) if held_out else rows


def choose(
    ensemble: Ensemble, members: np.ndarray, library: Library, sparse: Sparse | None = None
) -> list[Trial]:
    """Try every candidate on some members; the best comes first.

    Best is the candidate with the fewest terms whose mean trajectory error is within a standard
    error of the least (Breiman's rule), or as good as exact; Eq. 16 as it stands if no trajectory
    stays with the data. An empty list if there is no stretch to judge by.
    """
    judged = stretches(ensemble)
    ways = candidates(library, sparse)
    rows = {f: fit_rows(ensemble, f, judged) for f in ("train", "late")}
    few = max(int(c.chosen.sum()) for c in ways)
    if not judged or min(map(len, rows.values())) < few:
        return []
    every = np.concatenate([rows["train"], *judged])
    position = {row: i for i, row in reversed(list(enumerate(every)))}
    at = {f: np.array([position[r] for r in rows[f]]) for f in rows}
    cuts = np.cumsum([len(rows["train"]), *map(len, judged)])

    def read(member: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        z, z_rate = (a.astype(float) for a in ensemble.encode(member, every))
        theta = library(z)
        xi = [c.solve(theta[at[c.frames]], z_rate[at[c.frames]]) for c in ways]
        return xi, [z[a:b] for a, b in pairwise(cuts)]

    read_all = list(each(members, read))
    # Candidates of all members side by side: integrated together, each candidate's in turn.
    xi = np.concatenate([[r[0][i] for r in read_all] for i in range(len(ways))])
    errors = np.zeros(len(xi))
    for k, stretch in enumerate(judged):
        z = np.stack([r[1][k] for r in read_all], axis=1)
        time = ensemble.frames.time[stretch]
        errors += trajectory_error(library, xi, np.tile(z, (1, len(ways), 1)), time) / len(judged)
    found = []
    of_each = (part.reshape(len(ways), len(members), *part.shape[1:]) for part in (xi, errors))
    for candidate, own, error in zip(ways, *of_each, strict=True):
        error = np.minimum(error, WORST)
        terms = float(np.mean(np.any(own != 0, axis=2).sum(axis=1)))
        spread = float(error.std() / len(error) ** 0.5)
        found.append(Trial(candidate, float(error.mean()), spread, terms))
    best = min(found, key=lambda t: t.error)
    within = [t for t in found if t.error <= max(best.error + best.spread, EXACT)]
    first = min(within, key=lambda t: (t.terms, max(t.error, EXACT)))
    if best.error >= WORST:
        own = plain(ensemble, library).chosen
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


def refit(
    ensemble: Ensemble, members: np.ndarray, library: Library, candidate: Candidate
) -> np.ndarray:
    """Return Ξ [m, p, d] of members by the chosen candidate, on all its training frames."""
    rows = fit_rows(ensemble, candidate.frames, [])

    def solve(member: int) -> np.ndarray:
        z, z_rate = (a.astype(float) for a in ensemble.encode(member, rows))
        return candidate.solve(library(z), z_rate)

    return np.stack(list(each(members, solve)))
