"""One method, measured on the test frames: a row of a comparison."""

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np

from ..dynamics import cycles, orbits
from ..dynamics.least_squares import Sparse
from ..dynamics.library import Library, with_constant
from ..dynamics.orbits import Loop
from ..ensemble.ensemble import Ensemble
from ..ensemble.members import each
from ..snapshots.split import TEST
from . import candidates, decoded_orbits, pod_baseline, selection
from .member_fits import reference_period
from .relative_error import error

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
        x = np.nan
        return cls(name, latents, 0, x, x, x, x, x, None, x, x, note)


def measure(method: Method, reference: float) -> Row:
    """Measure one method on the test frames; `reference` is the data's own period."""
    e, members, library, xi = method.ensemble, method.members, method.library, method.values
    test, run = e.frames.where(TEST), e.frames.test_run()

    def judge(i: int) -> tuple[float, float, Loop]:
        z = e.encode(int(members[i]), test)[0].astype(float)
        x, x_rate = e.decode(int(members[i]), z, library(z) @ xi[i])
        loop = orbits.loop(z[np.isin(test, run)])
        return error(e, test, x, "field"), error(e, test, x_rate, "rate"), loop

    judged = list(each(range(len(members)), judge))
    field, rate = (float(np.median([j[k] for j in judged])) for k in (0, 1))
    period = runs = np.nan
    if np.isfinite(reference):
        data = Loop.join(j[2] for j in judged)
        settled = cycles.settle(library, xi, data, reference)
        runs = settled.integrable_fraction
        period = float(np.median(settled.period[settled.holds])) if settled.holds.any() else np.nan
    ahead = decoded_orbits.forecast(e, members, library, xi).field
    terms = float(np.median(np.count_nonzero(xi, axis=(1, 2))))
    interval = method.interval if runs > 0 else None  # of the few replicates that do, it misleads
    return Row(
        method.name, xi.shape[2], len(members), terms, field, rate, ahead, period,
        interval, runs, method.seconds, method.note,
    )  # fmt: skip


def linear(ensemble: Ensemble) -> list[Row]:
    """Return the rows a user has within a second or two: POD with pysindy."""
    reference = reference_period(ensemble)
    pod, seconds = _timed(lambda: pod_baseline.pod(ensemble))
    one = np.arange(1)
    methods = [_solved(f"POD-{ensemble.settings.latents}", pod, one, seconds, s) for s in BOTH]
    return [measure(m, reference) for m in methods]


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def _solved(
    name: str, ensemble: Ensemble, members: np.ndarray, seconds: float, sparse: Sparse | None
) -> Method:
    """Return Eq. 16 on the training frames, by least squares or a sparse optimizer."""
    library = with_constant(ensemble.library)
    way = candidates.plain(ensemble, library, sparse)
    xi, solving = _timed(lambda: selection.refit(ensemble, members, library, way))
    by = f"STLSQ({sparse.threshold:g})" if sparse else "Eq. 16"
    return Method(f"{name}, {by}", ensemble, members, library, xi, seconds + solving, "")
