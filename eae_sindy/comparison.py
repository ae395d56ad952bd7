"""What other methods make of the same frames: one row each, measured alike."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

import numpy as np

from . import answers, baselines, diagnostics, forecast, orbits, selection, uncertainty
from .coefficients import Sparse
from .coefficients import interval as central
from .ensemble import Ensemble, each, evenly
from .errors import EaeSindyError
from .library import Library, with_constant
from .orbits import Loop
from .progress import Progress, Steps, mapped
from .reading import error, mend, read, reference_period
from .snapshots import TEST, TRAIN

T = TypeVar("T")
MEMBERS = 500  # of an ensemble that are compared
STLSQ = Sparse("stlsq")
BOTH = (None, STLSQ)
# What the linear methods were given beyond their published settings.
HELP = {
    "pod": "of the fluctuation, scaled to unit amplitude; interval over frames",
    "stlsq": "pysindy's defaults; interval over frames",
    "bagged": f"medians over {baselines.MODELS} models, pysindy's defaults; interval over them",
    "bop-dmd": f"{baselines.TRIALS} trials of 60 % of the frames; interval over them",
}


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


@dataclass(frozen=True)
class Comparison:
    """The rows of all methods, and the data's own period (NaN if they have none)."""

    rows: Sequence[Row]
    reference_period: float
    provenance: dict[str, Any]

    def summary(self) -> dict[str, Any]:
        """Return what goes into comparison.json."""
        return {
            "methods": [row._asdict() for row in self.rows],
            "reference_period": self.reference_period,
            "provenance": self.provenance,
        }


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
        settled = orbits.settle(library, xi, data, reference)
        runs = settled.integrable_fraction
        period = float(np.median(settled.period[settled.holds])) if settled.holds.any() else np.nan
    ahead = forecast.forecast(e, members, library, xi).field
    terms = float(np.median(np.count_nonzero(xi, axis=(1, 2))))
    interval = method.interval if runs > 0 else None  # of the few replicates that do, it misleads
    return Row(
        method.name, xi.shape[2], len(members), terms, field, rate, ahead, period,
        interval, runs, method.seconds, method.note,
    )  # fmt: skip


def linear(ensemble: Ensemble) -> list[Row]:
    """Return the rows a user has within a second or two: POD with pysindy."""
    reference = reference_period(ensemble)
    pod, seconds = _timed(lambda: baselines.pod(ensemble))
    one = np.arange(1)
    methods = [_solved(f"POD-{ensemble.settings.latents}", pod, one, seconds, s) for s in BOTH]
    return [measure(m, reference) for m in methods]


def iterate(
    reductions: Sequence[tuple[str, Ensemble, str]],
) -> Steps[Comparison]:
    """Compare reductions of the same frames, with and without help; and the linear ones.

    Each is read twice: by Eq. 16 on the training frames, and by equations chosen by running them
    on validation stretches. What each was given stands in the notes.

    Parameters
    ----------
    reductions : sequence of (name, ensemble, note)
        Trained on the same snapshots with the same split. One with the attribute "xi" brings its
        own coefficients; one with "seconds" says how long it took.
    """
    first = reductions[0][1]
    for name, other, _ in reductions:
        if not np.array_equal(first.frames.split, other.frames.split):
            raise EaeSindyError(f"{name} was trained on another split: train it again on this one")
    reference = reference_period(first)
    total = len(reductions) + 2
    found: list[Row] = []

    def take(steps: Steps[list[Method]], name: str, done: int) -> Steps[None]:
        try:
            methods = yield from mapped(steps, lambda _: Progress(f"comparing {name}", done, total))
        except EaeSindyError as failure:  # the others are compared all the same
            found.append(Row.failed(name, first.settings.latents, str(failure)))
        else:
            found.extend(measure(m, reference) for m in methods)

    pod, seconds = _timed(lambda: baselines.pod(first))
    yield from take(_pod(pod, seconds, reference), "POD", 0)
    yield from take(_bop_dmd(first), "BOP-DMD", 1)
    for done, (name, ensemble, note) in enumerate(reductions, 2):
        seconds = float(ensemble.attributes.get("seconds", np.nan))
        steps = _read(name, ensemble, seconds, reference, note)
        yield from take(steps, name, done)
    yield Progress("comparing", total, total)
    carried = ("version", "tensorflow", "data fingerprint", "data")
    provenance = {k: first.attributes[k] for k in carried if k in first.attributes}
    return Comparison(found, reference, provenance | {"seed": first.settings.seed})


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def _solved(
    name: str, ensemble: Ensemble, members: np.ndarray, seconds: float, sparse: Sparse | None
) -> Method:
    """Return Eq. 16 on the training frames, by least squares or a sparse optimizer."""
    library = with_constant(ensemble.library)
    way = selection.plain(ensemble, library, sparse)
    xi, solving = _timed(lambda: selection.refit(ensemble, members, library, way))
    by = f"STLSQ({sparse.threshold:g})" if sparse else "Eq. 16"
    return Method(f"{name}, {by}", ensemble, members, library, xi, seconds + solving, "")


def _with_interval(method: Method, sparse: Sparse | None, reference: float) -> Method:
    """Add the interval of the period over members and resampled frames."""
    if not np.isfinite(reference):
        return method
    way = selection.plain(method.ensemble, method.library, sparse)
    spread = uncertainty.replicate(
        method.ensemble, method.members, method.library, [way] * len(method.members), reference,
        answers.REPLICATES,
    )  # fmt: skip
    return method._replace(interval=_pair(spread.period))


def _pair(ends: np.ndarray | None) -> tuple[float, float] | None:
    return None if ends is None else (float(ends[0]), float(ends[1]))


def _read(
    name: str, ensemble: Ensemble, seconds: float, reference: float, note: str
) -> Steps[list[Method]]:
    """Read the members by Eq. 16, and by equations chosen by running; or with their own."""
    starts = [diagnostics.settled_from(chain.loss) for chain in ensemble.chains]
    members = evenly(diagnostics.settled(ensemble, starts), MEMBERS)
    ensemble, _ = mend(ensemble, members)
    yield Progress(name, 0, 3)
    frames = ensemble.frames
    readings, solving = _timed(
        lambda: list(read(ensemble, members, frames.where(TRAIN), frames.where(TEST)))
    )
    usable = [i for i, r in enumerate(readings) if np.isfinite(r.xi).all()]
    if not usable:
        raise EaeSindyError("no member gives finite coefficients")
    members, readings = members[usable], [readings[i] for i in usable]
    own = ensemble.attributes.get("xi")
    if own is not None:
        values = np.broadcast_to(own, (len(members), *np.shape(own)))
        return [Method(name, ensemble, members, ensemble.library, values, seconds, note)]
    eq16 = np.stack([r.xi for r in readings])
    library = with_constant(ensemble.library)
    values = np.zeros((len(members), len(library), eq16.shape[2]))
    values[:, np.isin(library.terms, ensemble.library.terms)] = eq16
    plain = Method(f"{name}, Eq. 16", ensemble, members, library, values, seconds + solving, note)
    yield Progress(name, 1, 3)
    plain = _with_interval(plain, None, reference)
    yield Progress(name, 2, 3)
    data = Loop.join(r.loop for r in readings)
    found = yield from answers.find(ensemble, members, eq16, data, None, reference)
    if found is None:
        return [plain]
    ways = " | ".join(dict.fromkeys(t[0].candidate.short for t in found.trials))
    chosen = plain._replace(
        name=f"{name}, chosen by running",
        values=found.values,
        seconds=plain.seconds + found.seconds,
        note=ways,
        interval=_pair(found.spread.period) if found.spread else None,
    )
    return [plain, chosen]


def _pod(pod: Ensemble, seconds: float, reference: float) -> Steps[list[Method]]:
    yield Progress("POD", 0, 3)
    plain, *chosen = yield from _read("POD", pod, seconds, reference, HELP["pod"])
    sparse = _solved("POD", pod, plain.members, seconds, STLSQ)._replace(note=HELP["stlsq"])
    way = selection.plain(pod, sparse.library, STLSQ)
    yield Progress("POD", 1, 3)
    bag, bagging = _timed(lambda: baselines.bagged(pod, way, sparse.library))
    bagged = Method(
        f"POD, ensemble STLSQ({STLSQ.threshold:g})", pod, np.zeros(len(bag), int), sparse.library,
        bag, seconds + bagging, HELP["bagged"],
    )  # fmt: skip
    if np.isfinite(reference):
        data = Loop.join([orbits.loop(pod.encode(0, pod.frames.test_run())[0].astype(float))])
        settled = orbits.settle(sparse.library, bag, data.take(bagged.members), reference)
        if settled.holds.any():
            bagged = bagged._replace(interval=_pair(central(settled.period[settled.holds])))
    return [plain, _with_interval(sparse, STLSQ, reference), bagged, *chosen]


def _bop_dmd(ensemble: Ensemble) -> Steps[list[Method]]:
    yield Progress("BOP-DMD", 0, 1)
    import_module("pydmd")  # takes longer than the method does
    (made, xi, _, period), seconds = _timed(lambda: baselines.bop_dmd(ensemble))
    one, note = np.arange(1), HELP["bop-dmd"]
    return [Method("BOP-DMD", made, one, made.library, xi, seconds, note, _pair(period))]
