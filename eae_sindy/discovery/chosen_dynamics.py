"""The chosen dynamics: is it one answer or several, do they run, what do they forecast."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..dynamics import symmetry
from ..dynamics.cycles import Orbits
from ..dynamics.least_squares import Sparse
from ..dynamics.library import Library
from ..dynamics.symmetry import Equivalence
from ..ensemble.members import evenly
from ..progress import Progress, Steps
from ..recipes import CRITERIA, Criteria
from . import (
    decoded_orbits,
    member_fits,
    modes,
    normal_forms,
    refits,
    resampling,
    selection,
    sparse_model,
)
from .decoded_orbits import Forecast
from .equations import Equations, fingerprint
from .member_fits import Fits
from .modes import Modes
from .normal_forms import NormalForms
from .resampling import Spread
from .selection import Trial
from .sparse_model import SparseModel

VISITED = 20  # witnesses whose latents give the points at which fields are compared


@dataclass(frozen=True)
class Answers:
    """The modes of an ensemble, each with equations chosen by running them.

    Attributes
    ----------
    equations : Equations
        Ξ of every member by the candidate chosen for its mode, in the ensemble's library with a
        constant and with all polynomials up to the largest degree that a mode needs.
    modes : Modes
        Of the members, by Eq. 16's plain Ξ.
    trials : sequence of lists of Trial
        For each mode what was tried, the chosen one first.
    equivalences : sequence of Equivalence
        Every mode against the first: by the best signed permutation, then by the best affine
        change; and other pairs that a signed permutation makes alike.
    orbits, spread : of `values`, and of replicates; None where the data have no period.
    forecast : Forecast
    sparse : sequence of SparseModel or None
        For each mode the equations with few coefficients, beside those that are chosen.
    collinear : sequence of lists of str
        Groups of terms of the ensemble's library that the data hardly tell apart.
    seconds : float
        That choosing and fitting took.
    normal : NormalForms or None
        Coefficients that decoders have in common; None where there are no replicates, or other
        than two latents.
    """

    equations: Equations
    modes: Modes
    trials: Sequence[list[Trial]]
    equivalences: Sequence[Equivalence]
    orbits: Orbits | None
    spread: Spread | None
    forecast: Forecast
    sparse: Sequence[SparseModel | None]
    collinear: Sequence[list[str]]
    seconds: float
    normal: NormalForms | None = None

    @property
    def library(self) -> Library:
        """Return the terms that `values` are in: the ensemble's, a constant, and polynomials."""
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
        s = self.spread
        mine = s.own & (self.modes.label[s.picked] == mode)
        enough = np.count_nonzero(mine) >= s.least
        return s.interval(s.values[mine[s.own]], mine) if enough else None


def find(
    fits: Fits,
    held: np.ndarray | None,
    sparse: Sparse | None = None,
    criteria: Criteria = CRITERIA,
    *,
    orbits: bool = True,
) -> Steps[Answers | None]:
    """Find the modes of the members and, for each, the equations that run best.

    Parameters
    ----------
    fits : Fits
        Where neither the data show a period, nor the equations a cycle, nothing is classed, and no
        replicates are made.
    held : array of bool [m], optional
        Members whose plain equations run; preferred as representatives.
    sparse : Sparse, optional
        Tried beside least squares.
    criteria : recipes.Criteria, optional
    orbits : bool
        Whether orbits are classed and replicates made at all.

    Returns
    -------
    Answers or None
        None where there is no stretch of time to judge trajectories by.
    """
    yield Progress("modes", 0, 4)
    found = _modes(fits, held, criteria)
    same = [
        e
        for pair in combinations(range(len(found)), 2)
        for e in _equivalences(fits, found, pair)
        if pair[0] == 0 or (e.level == "permutation" and e.alike)
    ]

    start = time.perf_counter()
    yield Progress("choosing by running", 1, 4)
    chosen = _choose(fits, found, sparse, criteria)
    if chosen is None:
        return None
    trials, values, library = chosen
    seconds = time.perf_counter() - start
    yield Progress("orbits and replicates", 2, 4)
    spread = normal = None
    settled = member_fits.settle(fits, library, values, criteria) if orbits else None
    if settled is not None:
        good = [[t.candidate for t in tried if t.as_good] for tried in trials]
        ways = [good[k] or [trials[k][0].candidate] for k in found.label]
        spread = resampling.replicate(fits, ways, criteria, library)
        normal = normal_forms.find(fits, found, trials, spread, criteria)
    yield Progress("forecast", 3, 4)
    return Answers(
        equations=Equations(
            library, fits.members, found.label, found.representative, found.weight, values,
            fingerprint(fits.ensemble),
        ),
        modes=found,
        trials=trials,
        equivalences=same,
        orbits=settled,
        spread=spread,
        forecast=_forecast(fits, library, values, criteria),
        sparse=sparse_model.find(fits, found, trials, criteria),
        collinear=_collinear(fits, int(found.representative[0]), criteria),
        seconds=seconds,
        normal=normal,
    )  # fmt: skip


def _modes(fits: Fits, held: np.ndarray | None, criteria: Criteria) -> Modes:
    """Find modes; they speak through witnesses, of those that run where any does."""
    run = fits.ensemble.frames.test_run()
    few = evenly(fits.witnessed, VISITED)
    seen = np.concatenate([fits.latents(i, run[::20])[0] for i in few])
    witness = np.zeros(len(fits.members), bool)
    witness[fits.witnessed] = True
    preferred = witness if held is None else 2 * (held & witness) + witness
    return modes.find(
        fits.ensemble.library, fits.values, modes.probes(seen), preferred, criteria.smallest_mode
    )


def _choose(
    fits: Fits, found: Modes, sparse: Sparse | None, criteria: Criteria
) -> tuple[list[list[Trial]], np.ndarray, Library] | None:
    """Return the trials of every mode, Ξ [m, p, d] of every member by what was chosen, its library.

    The library is one for all modes: the ensemble's with a constant, and what else they need.
    """
    trials = []
    for k in range(len(found)):
        mine = found.members(k)
        seen = np.intersect1d(mine, fits.witnessed)
        judges = evenly(seen if len(seen) else mine, criteria.judged)
        tried = selection.choose(fits, judges, sparse, criteria)
        if not tried:
            return None
        trials.append(tried)
    ways = [tried[0].candidate for tried in trials]
    library = refits.union(fits, ways)
    values = np.zeros((len(fits.members), len(library), fits.values.shape[2]))
    for k, way in enumerate(ways):
        mine = found.members(k)
        values[mine] = refits.refit(fits, mine, way, library)
    return trials, values, library


def _forecast(fits: Fits, library: Library, values: np.ndarray, criteria: Criteria) -> Forecast:
    """Decode the orbits of some witnesses over the first test trajectory."""
    run, taken = fits.ensemble.frames.test_run(), evenly(fits.witnessed, criteria.decoded)
    latents = np.stack([fits.latents(i, run)[0] for i in taken], axis=1)
    return decoded_orbits.forecast(
        fits.ensemble, fits.members[taken], library, values[taken], latents
    )


def _equivalences(fits: Fits, found: Modes, pair: tuple[int, int]) -> list[Equivalence]:
    """Compare two modes on the frames that both have encoded."""
    run, library = fits.ensemble.frames.test_run(), fits.ensemble.library
    first, other = (fits.latents(int(found.representative[k]), run)[0] for k in pair)
    points = first[:: max(1, len(first) // modes.PROBES)]
    one, two = (fits.values[found.members(k)] for k in pair)
    many = library.latents > symmetry.SEARCHED
    matched = symmetry.matched(first, other) if many else None
    return [
        symmetry.compare(library, one, two, points, pair, change)
        for change in (matched, symmetry.affine(first, other))
    ]


def _collinear(fits: Fits, index: int, criteria: Criteria) -> list[list[str]]:
    """Name the terms of each direction in Θ that the training frames hardly resolve.

    Several such directions are turned within their plane until each has a term that the others have
    not: left as they come out, they would mix groups that have nothing to do with each other.
    """
    from scipy.linalg import qr

    terms = fits.ensemble.library.terms
    theta, _ = fits.triangle(index, "train").split(len(fits.library))
    theta = theta[:, np.isin(fits.library.terms, terms)]
    length = np.linalg.norm(theta, axis=0)
    _, s, axes = np.linalg.svd(theta / np.where(length > 0, length, 1), full_matrices=False)
    weak = axes[s < criteria.collinear * s[0]]
    if not len(weak):
        return []
    pivots = qr(weak, pivoting=True, mode="r")[1][: len(weak)]
    turned = np.linalg.solve(weak[:, pivots], weak)
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    return [
        [t for t, v in zip(terms, axis, strict=True) if abs(v) > criteria.takes_part]
        for axis in turned
    ]
