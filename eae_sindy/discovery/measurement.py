"""One method, measured on the test frames: a row of a comparison."""

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np

from ..dynamics import cycles, orbits
from ..dynamics.least_squares import Sparse, Triangle
from ..dynamics.library import Library, with_constant
from ..dynamics.orbits import Loop
from ..ensemble.ensemble import Ensemble
from ..ensemble.members import each, evenly
from ..recipes import CRITERIA, Criteria
from ..snapshots.split import TEST, TRAIN
from . import candidates, decoded_orbits, pod_baseline
from .member_fits import reference_period
from .polynomial_decoder import CONTROL, LATE, LATE_SHARE, curved, late
from .relative_error import Target

T = TypeVar("T")
STLSQ = Sparse("stlsq")
BOTH = (None, STLSQ)


class Method(NamedTuple):
    """A reduction and equations for its members: what `measure` takes.

    `values` [m, p, d] are Ξ in terms of `library`, `interval` one of the period that the method
    itself gives, `seconds` what it took to get there.
    """

    name: str
    ensemble: Ensemble
    members: np.ndarray
    library: Library
    values: np.ndarray
    seconds: float
    note: str
    interval: tuple[float, float] | None = None


class Row(NamedTuple):
    """A row of the table.

    Attributes
    ----------
    latents, members : int
    terms : float
        Coefficients that are not zero, over all equations; the median over members.
    field, rate, forecast : float
        Relative squared errors on the test frames, medians over members: of the reconstruction, of
        its rate by Eq. 15, of the orbit from the first test frame over the whole window.
    period : float
        Median over the members that run; NaN if none does.
    interval : pair of float, or None
        Of the period, as `note` says.
    runs : float
        Share of the members that hold the data's cycle when integrated; NaN if the data have none.
    seconds : float
        Training and solving, not measuring; NaN if it is not known.
    """

    name: str
    latents: int
    members: int
    terms: float
    field: float
    rate: float
    forecast: float
    period: float
    interval: tuple[float, float] | None
    runs: float
    seconds: float
    note: str

    @classmethod
    def failed(cls, name: str, latents: int, note: str) -> "Row":
        """Return the row of a method that gave nothing."""
        unknown = dict.fromkeys(
            ("terms", "field", "rate", "forecast", "period", "runs", "seconds"), np.nan
        )
        return cls(name=name, latents=latents, members=0, interval=None, note=note, **unknown)


def measure(method: Method, reference: float, criteria: Criteria = CRITERIA) -> Row:
    """Measure one method on the test frames; `reference` is the data's own period."""
    e, members, library, xi = method.ensemble, method.members, method.library, method.values
    test, run = e.frames.where(TEST), e.frames.test_run()
    targets = [Target.of(e, test, which) for which in ("field", "rate")]

    def judge(i: int) -> tuple[float, float, Loop]:
        z = e.encode(int(members[i]), test)[0].astype(float)
        made = e.decode(int(members[i]), z, library(z) @ xi[i])
        field, rate = (t.error(x) for t, x in zip(targets, made, strict=True))
        return field, rate, orbits.loop(z[np.isin(test, run)])

    judged = list(each(range(len(members)), judge))
    field, rate = (float(np.median([j[k] for j in judged])) for k in (0, 1))
    period = runs = np.nan
    if np.isfinite(reference):
        data = Loop.join(j[2] for j in judged)
        settled = cycles.settle(library, xi, data, reference, criteria)
        runs = settled.integrable_fraction
        period = float(np.median(settled.period[settled.holds])) if settled.holds.any() else np.nan
    few = evenly(np.arange(len(members)), criteria.decoded)
    ahead = decoded_orbits.forecast(e, members[few], library, xi[few]).field
    terms = float(np.median(np.count_nonzero(xi, axis=(1, 2))))
    interval = method.interval if runs > 0 else None  # of the few replicates that do, it misleads
    return Row(
        name=method.name,
        latents=xi.shape[2],
        members=len(members),
        terms=terms,
        field=field,
        rate=rate,
        forecast=ahead,
        period=period,
        interval=interval,
        runs=runs,
        seconds=method.seconds,
        note=method.note,
    )


def linear(ensemble: Ensemble, criteria: Criteria = CRITERIA) -> list[Row]:
    """Return the rows a user has within a second or two: POD with pysindy.

    And the control: the same latents and equations with a polynomial for the decoder, also of late
    frames alone.
    """
    reference = reference_period(ensemble, criteria)
    pod, seconds = timed(lambda: pod_baseline.pod(ensemble))
    name = f"POD-{ensemble.settings.latents}"
    bent, more = timed(lambda: curved(pod))
    methods = [solved(name, pod, seconds, s) for s in BOTH]
    methods += [solved(f"{name}, {CONTROL}", bent, seconds + more, s) for s in BOTH]
    methods += of_late_frames(ensemble)
    return [measure(method, reference, criteria) for method in methods]


def of_late_frames(ensemble: Ensemble) -> list[Method]:
    """Return the control fitted to late frames: a model of the attractor, and of nothing else.

    None where they are no more than its terms.
    """
    some = late(ensemble)
    if len(some.frames.where(TRAIN)) <= len(with_constant(ensemble.library)):
        return []
    made, seconds = timed(lambda: curved(pod_baseline.pod(some)))
    name = f"POD-{ensemble.settings.latents} {LATE}, {CONTROL}"
    note = f"all fitted to the last {LATE_SHARE:.0%} of each trajectory's training frames"
    return [solved(name, made, seconds, None)._replace(note=note)]


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what some work gives, and the seconds it took."""
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def solved(name: str, ensemble: Ensemble, seconds: float, sparse: Sparse | None) -> Method:
    """Return Eq. 16 of a single member on the training frames, by least squares or sparsely."""
    library = with_constant(ensemble.library)
    way, rows = candidates.plain(ensemble, library, sparse), ensemble.frames.where(TRAIN)

    def solve() -> np.ndarray:
        z, rate = (a.astype(float) for a in ensemble.encode(0, rows))
        return way.solve(Triangle.of(library(z), rate))[None]

    xi, solving = timed(solve)
    by = f"STLSQ({sparse.threshold:g})" if sparse else "Eq. 16"
    return Method(f"{name}, {by}", ensemble, np.arange(1), library, xi, seconds + solving, "")
