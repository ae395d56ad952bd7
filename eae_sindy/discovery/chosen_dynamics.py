"""Is it one answer or several, do they run, and what do they forecast?"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..dynamics import cycles, symmetry
from ..dynamics.cycles import Orbits
from ..dynamics.least_squares import Sparse
from ..dynamics.library import Library, with_constant
from ..dynamics.orbits import Loop
from ..dynamics.symmetry import Equivalence
from ..ensemble.ensemble import Ensemble
from ..ensemble.members import evenly
from ..progress import Progress, Steps
from . import decoded_orbits, modes, resampling, selection
from .decoded_orbits import Forecast
from .equations import Equations, fingerprint
from .modes import Modes
from .resampling import Spread
from .selection import Trial

VISITED = 20  # members whose latents give the points at which fields are compared
JUDGED = 30  # members of a mode with which candidates are tried
REPLICATES = 400
COLLINEAR = 0.02  # singular value over the largest: directions the data hardly resolve
SHARE = 0.3  # of a direction: terms that take part in it


@dataclass(frozen=True)
class Answers:
    """The modes of an ensemble, each with equations chosen by running them.

    Attributes
    ----------
    equations : Equations
        Ξ of every member by the candidate chosen for its mode, in the ensemble's library with a
        constant.
    modes : Modes
        Of the members, by Eq. 16's plain Ξ.
    trials : sequence of lists of Trial
        For each mode what was tried, the chosen one first.
    equivalences : sequence of Equivalence
        Every mode against the first: by the best signed permutation, then by the best affine
        change; and other pairs that a signed permutation makes alike.
    orbits, spread : of `values`, and of replicates; None where the data have no period.
    forecast : Forecast
    collinear : sequence of lists of str
        Groups of terms of the ensemble's library that the data hardly tell apart.
    seconds : float
        That choosing and fitting took.
    """

    equations: Equations
    modes: Modes
    trials: Sequence[list[Trial]]
    equivalences: Sequence[Equivalence]
    orbits: Orbits | None
    spread: Spread | None
    forecast: Forecast
    collinear: Sequence[list[str]]
    seconds: float

    @property
    def library(self) -> Library:
        return self.equations.library

    @property
    def values(self) -> np.ndarray:
        """Ξ of every member, [members, p, d]."""
        return self.equations.values

    def representative(self, mode: int) -> np.ndarray:
        """Return Ξ [p, d] of the most typical member of a mode."""
        return self.equations.representative(mode)

    def intervals(self, mode: int) -> np.ndarray | None:
        """Return intervals [2, p, d] of a mode's coefficients over encoders and frames."""
        if self.spread is None:
            return None
        mine = self.modes.label[self.spread.picked] == mode
        return self.spread.interval(self.spread.values[mine]) if mine.sum() >= 10 else None


def find(
    ensemble: Ensemble,
    members: np.ndarray,
    plain: np.ndarray,
    data: Loop,
    held: np.ndarray | None,
    reference_period: float,
    sparse: Sparse | None = None,
) -> Steps[Answers | None]:
    """Find the modes of the members and, for each, the equations that run best.

    Parameters
    ----------
    members : array of int [m]
    plain : array [m, p, d]
        Ξ by Eq. 16.
    data : Loop of m members
        The test frames in their latents.
    held : array of bool [m], optional
        Members whose plain equations run; preferred as representatives.
    reference_period : float
        NaN if the data have none: then nothing is classed, and no replicates are made.
    sparse : Sparse, optional
        Tried beside least squares.

    Returns
    -------
    Answers or None
        None where there is no stretch of time to judge trajectories by.
    """
    run = ensemble.frames.test_run()
    library = with_constant(ensemble.library)
    yield Progress("modes", 0, 4)
    few = evenly(members, VISITED)
    seen = np.concatenate([ensemble.encode(int(m), run[::20])[0] for m in few]).astype(float)
    found = modes.find(ensemble.library, plain, modes.probes(seen), held)
    same = [
        e
        for pair in combinations(range(len(found)), 2)
        for e in _equivalences(ensemble, members, plain, found, pair)
        if pair[0] == 0 or (e.level == "permutation" and e.alike)
    ]

    start = time.perf_counter()
    trials, values = [], np.zeros((len(members), len(library), ensemble.library.latents))
    for k in range(len(found)):
        yield Progress("choosing by running", 1, 4)
        mine = found.members(k)
        tried = selection.choose(ensemble, members[evenly(mine, JUDGED)], library, sparse)
        if not tried:
            return None
        trials.append(tried)
        values[mine] = selection.refit(ensemble, members[mine], library, tried[0].candidate)
    seconds = time.perf_counter() - start
    yield Progress("orbits and replicates", 2, 4)
    settled = spread = None
    if np.isfinite(reference_period):
        chosen = [trials[k][0].candidate for k in found.label]
        settled = cycles.settle(library, values, data, reference_period)
        spread = resampling.replicate(
            ensemble, members, library, chosen, reference_period, REPLICATES
        )
    yield Progress("forecast", 3, 4)
    equations = Equations(
        library, members, found.label, found.representative, found.weight, values,
        fingerprint(ensemble),
    )  # fmt: skip
    return Answers(
        equations, found, trials, same, settled, spread,
        decoded_orbits.forecast(ensemble, members, library, values),
        _collinear(ensemble, int(members[found.representative[0]])), seconds,
    )  # fmt: skip


def _equivalences(
    ensemble: Ensemble,
    members: np.ndarray,
    plain: np.ndarray,
    found: Modes,
    pair: tuple[int, int],
) -> list[Equivalence]:
    """Compare two modes on the frames that both have encoded."""
    run = ensemble.frames.test_run()
    first, other = (
        ensemble.encode(int(members[found.representative[k]]), run)[0].astype(float) for k in pair
    )
    points = first[:: max(1, len(first) // modes.PROBES)]
    one, two = (plain[found.members(k)] for k in pair)
    library = ensemble.library
    many = library.latents > symmetry.SEARCHED
    matched = symmetry.matched(first, other) if many else None
    return [
        symmetry.compare(library, one, two, points, pair, change)
        for change in (matched, symmetry.affine(first, other))
    ]


def _collinear(ensemble: Ensemble, member: int) -> list[list[str]]:
    """Name the terms of each direction in Θ that the training frames hardly resolve.

    Several such directions are turned within their plane until each has a term that the others have
    not: left as they come out, they would mix groups that have nothing to do with each other.
    """
    from scipy.linalg import qr

    rows = selection.fit_rows(ensemble, "train", [])
    theta = ensemble.library(ensemble.encode(member, rows)[0].astype(float))
    length = np.linalg.norm(theta, axis=0)
    _, s, axes = np.linalg.svd(theta / np.where(length > 0, length, 1), full_matrices=False)
    weak = axes[s < COLLINEAR * s[0]]
    if not len(weak):
        return []
    pivots = qr(weak, pivoting=True, mode="r")[1][: len(weak)]
    turned = np.linalg.solve(weak[:, pivots], weak)
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    return [
        [t for t, v in zip(ensemble.library.terms, axis, strict=True) if abs(v) > SHARE]
        for axis in turned
    ]
