"""One pass over the members: what each says, read once, kept as statistics.

While the latents of a member are at hand all is taken that later questions need: Ξ by Eq. 16, the
triangular factors of its frames, its errors on the test frames, and the data in its latents.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..dynamics import cycles, least_squares, orbits
from ..dynamics.cycles import Orbits
from ..dynamics.least_squares import Sparse, Triangle
from ..dynamics.library import Library, with_constant
from ..dynamics.orbits import Loop
from ..ensemble.ensemble import Ensemble
from ..ensemble.members import each, evenly
from ..errors import EaeSindyError
from ..progress import Progress, Steps
from ..recipes import CRITERIA, Criteria
from ..snapshots.split import TEST, VALIDATION
from . import witnesses
from .mending import LARGEST, Flaws, mended_frames, mended_terms
from .relative_error import Target
from .stretches import FEW, training
from .witnesses import Witnesses

FRAMES = ("train", "all", "test")
MOST_BYTES = 2**26  # of latents that are kept; more than that is encoded again where it is needed
MOST_CYCLE = 0.5  # of the members: what their equations do is then worth saying
AUTO = ("train", "all")  # never the test window: its errors would no longer be those of a test


@dataclass(frozen=True)
class Fits:
    """What the members of an ensemble say, read once.

    Attributes
    ----------
    ensemble : Ensemble
        Without frames and terms that hold no numbers.
    library : Library
        Its terms, with a constant: what `triangles` are in.
    flaws : Flaws
        What was left out.
    frames : {"train", "all", "test"}
        Those on which Ξ was fitted; `trials` is what was tried to choose them.
    members : array of int [m]
        Members of the ensemble that could be used; `dropped` were read and could not.
    values : array [m, p, d]
        Ξ by Eq. 16, in the ensemble's own terms.
    condition : array [m]
        Condition number of Θ, columns scaled.
    errors : array [m, 3]
        On the test frames, relative to the variance: field, rate, latent rate.
    field_of_mean : float
        The field error of the mean over members.
    data : Loop of m members
        The first test trajectory in their latents.
    triangles : mapping of str to Triangle
        Of the training frames, of the late and of the early ones, rows [m, q, q]: see
        `stretches.training`.
    training : mapping of str to array of int
        The frames that these names stand for.
    encoded : Witnesses or None
        Latents of every member at the training frames, where there is memory for them.
    witnesses : Witnesses
    reference_period : float
        Of the data; NaN if they have none.
    """

    ensemble: Ensemble
    library: Library
    flaws: Flaws
    frames: str
    trials: Mapping[str, float]
    members: np.ndarray
    dropped: int
    values: np.ndarray
    condition: np.ndarray
    errors: np.ndarray
    field_of_mean: float
    data: Loop
    triangles: Mapping[str, Triangle]
    training: Mapping[str, np.ndarray]
    encoded: Witnesses | None
    witnesses: Witnesses
    reference_period: float

    @cached_property
    def witnessed(self) -> np.ndarray:
        """Which of `members` are witnesses: indices into `members`."""
        return np.flatnonzero(np.isin(self.members, self.witnesses.members))

    @property
    def period_known(self) -> bool:
        """Whether the data show a period."""
        return bool(np.isfinite(self.reference_period))

    @cached_property
    def time_scale(self) -> float:
        """The reference period; without one the time of a turn, NaN where nothing turns."""
        if self.period_known:
            return self.reference_period
        rows = self.training["train"]
        return cycles.turning_time(*self.latents(int(self.witnessed[0]), rows))

    def latents(self, index: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return z and ż [n, d] of the member at `index` of `members`, at frames `rows`.

        A witness has them at hand, and every member those at training frames where memory allows;
        else it is encoded.
        """
        member = int(self.members[index])
        place = int(np.searchsorted(self.witnesses.members, member))
        if place < len(self.witnesses.members) and self.witnesses.members[place] == member:
            return self.witnesses.at(place, rows)
        if self.encoded is not None and self.encoded.holds(rows):
            return self.encoded.at(index, rows)
        z, rate = self.ensemble.encode(member, rows)
        return z.astype(float), rate.astype(float)

    def triangle(self, index: int, frames: str) -> Triangle:
        """Return the factor of one member on frames by the name of a candidate."""
        both = self.triangles[frames]
        return Triangle(both.rows[index], both.frames)

    def rows(self, frames: str) -> np.ndarray:
        """Return the training frames by the name of a candidate."""
        return self.training[frames]


class _Seen(NamedTuple):
    """What of a member is summed or written elsewhere, and not kept: it would be 200 kB a member.

    x̂ at the test frames, z and ż at the training frames in order.
    """

    field: np.ndarray
    latents: np.ndarray
    rates: np.ndarray


class _Fit(NamedTuple):
    """What one member says."""

    xi: np.ndarray
    condition: float
    loop: Loop
    errors: np.ndarray
    triangles: Mapping[str, Triangle]


class _Pass:
    """All that reading a member takes, made once for all of them."""

    def __init__(self, ensemble: Ensemble, sparse: Sparse | None, criteria: Criteria) -> None:
        f = ensemble.frames
        self.ensemble, self.sparse = ensemble, sparse
        self.library = with_constant(ensemble.library)
        self.own = np.isin(self.library.terms, ensemble.library.terms)
        self.training = training(f, criteria)
        self.parts = {name: self.training[name] for name in ("early", "late")}
        self.order = np.argsort(np.concatenate([*self.parts.values()]))  # to sorted frames
        self.test, self.run = f.where(TEST), np.isin(f.where(TEST), f.test_run())
        self.validation = f.where(VALIDATION)
        self.field, self.rate = (Target.of(ensemble, self.test, w) for w in ("field", "rate"))

    def fit(self, z: np.ndarray, rate: np.ndarray, frames: str) -> tuple[dict, Triangle] | None:
        """Return the factors of a member, and that of the frames for Eq. 16; None if it has none.

        `z` and `rate` are at the frames `rows(frames)`.
        """
        theta = self.library(z)
        if not ((np.abs(theta) < LARGEST).all() and np.isfinite(rate).all()):
            return None
        lengths = [*map(len, self.parts.values()), len(self._more(frames)), len(self.test)]
        cuts = np.cumsum(lengths)[:-1]
        early, late, more, test = (
            Triangle.of(t, r)
            for t, r in zip(np.split(theta, cuts), np.split(rate, cuts), strict=True)
        )
        train = Triangle.join(early, late)
        fitted = {"train": train, "all": Triangle.join(train, more), "test": test}[frames]
        return {"train": train, "late": late, "early": early}, fitted

    def _more(self, frames: str) -> np.ndarray:
        return self.validation if frames == "all" else self.validation[:0]

    def rows(self, frames: str) -> np.ndarray:
        """Return the frames at which a member is encoded; the test frames come last."""
        return np.concatenate([*self.parts.values(), self._more(frames), self.test])

    def solve(self, triangle: Triangle) -> tuple[np.ndarray, float]:
        """Return Ξ by Eq. 16, in the ensemble's own terms, and the condition number of Θ."""
        theta, rate = triangle.split(len(self.library))
        theta = theta[:, self.own]
        xi, condition = least_squares.solve(theta, rate, frames=triangle.frames)
        return (self.sparse.solve(theta, rate) if self.sparse else xi), condition

    def read(
        self, member: int, z: np.ndarray, rate: np.ndarray, frames: str
    ) -> tuple[_Fit, _Seen] | None:
        """Return what a member says by its latents at the frames `rows(frames)`.

        None if it gives no finite coefficients.
        """
        n = len(z) - len(self.test)
        loop = orbits.loop(z[n:][self.run])
        made = self.fit(z, rate, frames)
        if made is None:
            return None
        triangles, fitted = made
        xi, condition = self.solve(fitted)
        if not np.isfinite(xi).all():
            return None
        modelled, seen = self.ensemble.library(z[n:]) @ xi, rate[n:]
        x, x_rate = self.ensemble.decode(member, z[n:], modelled)
        miss = np.sum((seen - modelled) ** 2) / np.sum((seen - seen.mean(axis=0)) ** 2)
        errors = np.array([self.field.error(x), self.rate.error(x_rate), miss])
        kept = (a[self.order].astype(np.float32) for a in (z, rate))
        return _Fit(xi, condition, loop, errors, triangles), _Seen(x, *kept)


def reference_period(ensemble: Ensemble, criteria: Criteria = CRITERIA) -> float:
    """Return the period of the settled part of the data; NaN if they sustain no oscillation.

    Of the trajectory that members are integrated along, the first of the test, for periods may
    depend on where one begins; if that has no settled part, of the longest that has one.
    """
    f = ensemble.frames
    run = f.trajectory[f.test_run()[:1]]
    own = [np.flatnonzero(f.trajectory == label) for label in np.unique(f.trajectory)]
    for rows in sorted(own, key=lambda r: (f.trajectory[r[0]] not in run, -np.ptp(f.time[r]))):
        rows = rows[np.argsort(f.time[rows], kind="stable")]
        if len(rows) < FEW:
            continue
        x, rate = (a[rows].astype(float) for a in (f.coordinates, f.rate_coordinates))
        found = cycles.sustained_period(f.time[rows], x, rate, criteria)
        if np.isfinite(found):
            return found
    return np.nan


def read(
    ensemble: Ensemble,
    members: np.ndarray,
    frames: str = "auto",
    sparse: Sparse | None = None,
    criteria: Criteria = CRITERIA,
) -> Steps[Fits]:
    """Read members in one pass.

    Parameters
    ----------
    ensemble : Ensemble
    members : array of int [m]
    frames : {"auto", "train", "all", "test"}
        Which frames enter Eq. 16; "auto" is the one of train and all with which more trial members
        hold the cycle.
    sparse : Sparse, optional
        Takes the place of least squares.
    criteria : recipes.Criteria, optional

    Raises
    ------
    EaeSindyError
        For an unknown choice of frames; if frames, terms or members without numbers leave nothing.
    """
    if frames not in ("auto", *FRAMES):
        raise EaeSindyError(f"unknown frames {frames!r}: choose from auto, {', '.join(FRAMES)}")
    ensemble, flaws = mended_frames(ensemble)
    called = yield from witnesses.call(ensemble, members, criteria)
    ensemble, terms = mended_terms(ensemble, called)
    reference = reference_period(ensemble, criteria)
    common = _Pass(ensemble, sparse, criteria)
    trials = _try_frames(common, called, reference, criteria) if frames == "auto" else {}
    if frames == "auto":
        frames = max(trials, key=lambda c: trials[c]) if trials else "train"

    fits: list[_Fit] = []
    kept: list[int] = []
    mean = np.zeros(1)
    encoded = _room(common, members)
    for k, found in enumerate(_each(common, members, called, frames)):
        if found is not None:
            fit, seen = found
            mean = mean + seen.field
            if encoded is not None:
                encoded.latents[len(kept)], encoded.rates[len(kept)] = seen.latents, seen.rates
            fits.append(fit)
            kept.append(k)
        yield Progress("members", k + 1, len(members))
    if not kept:
        raise EaeSindyError(
            "no member gives finite coefficients: their weights hold NaN, or terms overflow; "
            "fit again with a smaller --step or --temperature"
        )
    return Fits(
        ensemble=ensemble,
        library=common.library,
        flaws=flaws._replace(terms=terms),
        frames=frames,
        trials=trials,
        members=members[kept],
        dropped=len(members) - len(kept),
        values=np.stack([f.xi for f in fits]),
        condition=np.array([f.condition for f in fits]),
        errors=np.stack([f.errors for f in fits]),
        field_of_mean=common.field.error(mean / len(fits)),
        data=Loop.join(f.loop for f in fits),
        triangles=_stacked(fits),
        training=common.training,
        encoded=None if encoded is None else encoded.of(members[kept]),
        witnesses=called,
        reference_period=reference,
    )


def _each(
    common: _Pass, members: np.ndarray, called: Witnesses, frames: str
) -> Iterator[tuple[_Fit, _Seen] | None]:
    """Read members in order, witnesses by the latents they have."""
    rows = common.rows(frames)
    witness = {int(m): k for k, m in enumerate(called.members)}

    def read_one(member: int) -> tuple[_Fit, _Seen] | None:
        member = int(member)
        if member in witness:
            z, rate = called.at(witness[member], rows)
        else:
            z, rate = (a.astype(float) for a in common.ensemble.encode(member, rows))
        return common.read(member, z, rate, frames)

    return each(members, read_one)


def _try_frames(
    common: _Pass, called: Witnesses, reference: float, criteria: Criteria
) -> dict[str, float]:
    """Return the share of some witnesses that hold the cycle, for each choice of frames."""
    if not np.isfinite(reference):
        return {}
    tried = evenly(np.arange(len(called.members)), criteria.trial_members)
    trials = {}
    for choice in AUTO:

        def solve(k: int, choice: str = choice) -> tuple[np.ndarray, Loop] | None:
            z, rate = called.at(k, common.rows(choice))
            made = common.fit(z, rate, choice)
            loop = orbits.loop(z[-len(common.test) :][common.run])
            return None if made is None else (common.solve(made[1])[0], loop)

        sound = [s for s in each(tried, solve) if s is not None and np.isfinite(s[0]).all()]
        trials[choice] = 0.0
        if sound:
            values, data = np.stack([s[0] for s in sound]), Loop.join(s[1] for s in sound)
            found = cycles.settle(common.ensemble.library, values, data, reference, criteria)
            trials[choice] = found.integrable_fraction
    return trials


def _stacked(fits: list[_Fit]) -> dict[str, Triangle]:
    return {
        name: Triangle(np.stack([f.triangles[name].rows for f in fits]), first.frames)
        for name, first in fits[0].triangles.items()
    }


def _room(common: _Pass, members: np.ndarray) -> Witnesses | None:
    """Return room for the latents of all members at the training frames; None where it is much."""
    rows = np.sort(common.training["train"])
    shape = len(members), len(rows), common.ensemble.settings.latents
    if 8 * np.prod(shape, dtype=float) > MOST_BYTES:
        return None
    return Witnesses(members, rows, np.empty(shape, np.float32), np.empty(shape, np.float32))


def settle(fits: Fits, library: Library, values: np.ndarray, criteria: Criteria) -> Orbits | None:
    """Integrate equations of every member.

    None where neither the data show a period, nor most of these equations a cycle that attracts.
    """
    known = fits.period_known
    if not np.isfinite(fits.time_scale):
        return None
    found = cycles.settle(library, values, fits.data, fits.time_scale, criteria, period_known=known)
    return found if known or found.integrable_fraction > MOST_CYCLE else None
