"""What other methods make of the same frames: one row each, measured alike."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from ..discovery import candidates, chosen_dynamics, member_fits, pod_baseline, resampling
from ..discovery.chosen_dynamics import Answers
from ..discovery.measurement import BOTH, STLSQ, Method, Row, measure, of_late_frames, solved, timed
from ..discovery.member_fits import Fits, reference_period
from ..discovery.polynomial_decoder import CONTROL, LATE, curved
from ..dynamics import cycles, orbits
from ..dynamics.least_squares import Sparse
from ..dynamics.orbits import Loop
from ..ensemble import diagnostics
from ..ensemble.ensemble import Ensemble
from ..ensemble.intervals import interval as central
from ..ensemble.members import evenly
from ..errors import EaeSindyError
from ..progress import Progress, Steps, mapped
from ..recipes import CRITERIA, Criteria
from . import linear_methods, operator_inference

# In the names of rows: the tool's own method.
EAE = "EAE"
CHOSEN = 4  # latents of POD at most whose equations are chosen by running: of more it takes minutes

# What the linear methods were given beyond their published settings.
HELP = {
    "pod": "of the fluctuation, scaled to unit amplitude; interval over frames",
    "wide": "as the POD above; no interval",
    "stlsq": "pysindy's defaults; interval over frames",
    "bagged": f"medians over {linear_methods.MODELS} models, pysindy's defaults; interval over "
    "them",
    "curved": "POD's latents; field by a polynomial of degree {}; interval over frames",
    "bop-dmd": f"{linear_methods.TRIALS} trials of 60 % of the frames; interval over them",
}


@dataclass(frozen=True)
class Comparison:
    """The rows of all methods, and the data's own period (NaN if they have none)."""

    rows: Sequence[Row]
    reference_period: float
    provenance: dict[str, Any]

    def of(self, part: str) -> list[Row]:
        """Return the rows that have a part in their names, such as `EAE` or `CONTROL`."""
        return [row for row in self.rows if part in row.name.split(", ")]

    def summary(self) -> dict[str, Any]:
        """Return what goes into comparison.json."""
        return {
            "methods": [row._asdict() for row in self.rows],
            "reference_period": self.reference_period,
            "provenance": self.provenance,
        }


def iterate(
    reductions: Sequence[tuple[str, Ensemble, str]], criteria: Criteria = CRITERIA
) -> Steps[Comparison]:
    """Compare reductions of the same frames, with and without help; and the linear ones.

    Each is read twice: by Eq. 16 on the training frames, and by equations chosen by running them
    on validation stretches. What each was given stands in the notes.

    Parameters
    ----------
    reductions : sequence of (name, ensemble, note)
        Trained on the same snapshots with the same split. One with the attribute "xi" brings its
        own coefficients; one with "seconds" says how long it took.
    criteria : recipes.Criteria
        The numbers by which equations are chosen and judged.
    """
    first = reductions[0][1]
    for name, other, _ in reductions:
        if not np.array_equal(first.frames.split, other.frames.split):
            raise EaeSindyError(f"{name} was trained on another split: train it again on this one")
    reference = reference_period(first, criteria)
    total = len(reductions) + 7
    d = first.settings.latents
    found: list[Row] = []

    def take(steps: Steps[list[Method]], name: str, done: int, latents: int = d) -> Steps[None]:
        try:
            methods = yield from mapped(steps, lambda _: Progress(f"comparing {name}", done, total))
        except EaeSindyError as failure:  # the others are compared all the same
            found.append(Row.failed(name, latents, str(failure)))
        else:
            found.extend(measure(m, reference, criteria) for m in methods)

    wide = 2 * d
    pod, seconds = timed(lambda: pod_baseline.pod(first))
    yield from take(_pod(pod, seconds, criteria), f"POD-{d}", 0)
    yield from take(control(pod, seconds, criteria), f"POD-{d}, {CONTROL}", 1)
    yield from take(_late(first), f"POD-{d} {LATE}, {CONTROL}", 2)
    yield from take(_wide(first, criteria), f"POD-{wide}", 3, wide)
    for done, latents, make in ((4, d, pod_baseline.pod), (5, wide, linear_methods.twice)):
        name = f"operator inference, POD-{latents}"
        yield from take(_operators(name, partial(make, first), criteria), name, done, latents)
    yield from take(_bop_dmd(first), "BOP-DMD", 6)
    for done, (name, ensemble, note) in enumerate(reductions, 7):
        seconds = float(ensemble.attributes.get("seconds", np.nan))
        yield from take(_network(name, ensemble, seconds, note, criteria), name, done)
    yield Progress("comparing", total, total)
    carried = ("version", "tensorflow", "data fingerprint", "data")
    provenance = {k: first.attributes[k] for k in carried if k in first.attributes}
    return Comparison(found, reference, provenance | {"seed": first.settings.seed})


def _with_interval(method: Method, fits: Fits, sparse: Sparse | None, criteria: Criteria) -> Method:
    """Add the interval of the period over members and resampled frames."""
    if not np.isfinite(fits.reference_period):
        return method
    way = candidates.plain(fits.ensemble, fits.library, sparse)
    spread = resampling.replicate(fits, [[way]] * len(fits.members), criteria)
    return method._replace(interval=_pair(spread.period))


def _pair(ends: np.ndarray | None) -> tuple[float, float] | None:
    return None if ends is None else (float(ends[0]), float(ends[1]))


class _Own(NamedTuple):
    """A method as it reads its members, and what reading them gave; None with equations given."""

    methods: list[Method]
    fits: Fits | None


def _read(
    name: str, ensemble: Ensemble, seconds: float, note: str, criteria: Criteria
) -> Steps[_Own]:
    """Read the members by Eq. 16, and by equations chosen by running; or with their own."""
    starts = [diagnostics.settled_from(chain.loss) for chain in ensemble.chains]
    members = evenly(diagnostics.settled(ensemble, starts), criteria.compared)
    yield Progress(name, 0, 3)
    start = time.perf_counter()
    fits = yield from member_fits.read(ensemble, members, "train", criteria=criteria)
    solving = time.perf_counter() - start
    own = ensemble.attributes.get("xi")
    if own is not None:
        values = np.broadcast_to(own, (len(fits.members), *np.shape(own)))
        given = Method(
            name, fits.ensemble, fits.members, fits.ensemble.library, values, seconds, note
        )
        return _Own([given], None)
    values = np.zeros((len(fits.members), len(fits.library), fits.values.shape[2]))
    values[:, np.isin(fits.library.terms, fits.ensemble.library.terms)] = fits.values
    plain = Method(
        f"{name}, Eq. 16", fits.ensemble, fits.members, fits.library, values, seconds + solving,
        note,
    )  # fmt: skip
    yield Progress(name, 1, 3)
    plain = _with_interval(plain, fits, None, criteria)
    yield Progress(name, 2, 3)
    found = yield from chosen_dynamics.find(fits, None, criteria=criteria)
    if found is None:
        return _Own([plain], fits)
    return _Own([plain, _chosen(name, plain, found)], fits)


def _chosen(name: str, plain: Method, found: Answers) -> Method:
    """Return the method that has chosen equations in the place of plain ones."""
    ways = " | ".join(dict.fromkeys(t[0].candidate.short for t in found.trials))
    return plain._replace(
        name=f"{name}, chosen by running",
        library=found.library,
        values=found.values,
        seconds=plain.seconds + found.seconds,
        note=ways,
        interval=_pair(found.spread.period) if found.spread else None,
    )


def _network(
    name: str, ensemble: Ensemble, seconds: float, note: str, criteria: Criteria
) -> Steps[list[Method]]:
    methods, _ = yield from _read(name, ensemble, seconds, note, criteria)
    return methods


def _pod(pod: Ensemble, seconds: float, criteria: Criteria) -> Steps[list[Method]]:
    """Return POD with equations by least squares, sparse, bagged and chosen."""
    name = f"POD-{pod.settings.latents}"
    yield Progress(name, 0, 3)
    (plain, *chosen), fits = yield from _read(name, pod, seconds, HELP["pod"], criteria)
    assert fits is not None
    sparse = solved(name, pod, seconds, STLSQ)._replace(note=HELP["stlsq"])
    way = candidates.plain(pod, sparse.library, STLSQ)
    yield Progress(name, 1, 3)
    bag, bagging = timed(lambda: linear_methods.bagged(pod, way, sparse.library))
    bagged = Method(
        f"{name}, ensemble STLSQ({STLSQ.threshold:g})", pod, np.zeros(len(bag), int),
        sparse.library, bag, seconds + bagging, HELP["bagged"],
    )  # fmt: skip
    if np.isfinite(fits.reference_period):
        data = Loop.join([orbits.loop(pod.encode(0, pod.frames.test_run())[0].astype(float))])
        settled = cycles.settle(
            sparse.library, bag, data.take(bagged.members), fits.reference_period, criteria
        )
        if settled.holds.any():
            bagged = bagged._replace(interval=_pair(central(settled.period[settled.holds])))
    sparse = _with_interval(sparse, fits, STLSQ, criteria)
    return [plain, sparse, bagged, *chosen]


def control(pod: Ensemble, seconds: float, criteria: Criteria) -> Steps[list[Method]]:
    """Return POD with a polynomial decoder: how well equations must run depends on it."""
    name = f"POD-{pod.settings.latents}, {CONTROL}"
    yield Progress(name, 0, 3)
    made, fitting = timed(lambda: curved(pod))
    note = HELP["curved"].format(made.degree)
    methods, _ = yield from _read(name, made, seconds + fitting, note, criteria)
    return methods


def _late(ensemble: Ensemble) -> Steps[list[Method]]:
    yield Progress(LATE, 0, 1)
    return of_late_frames(ensemble)


def _wide(ensemble: Ensemble, criteria: Criteria) -> Steps[list[Method]]:
    """Return POD with twice as many modes as latents, by least squares, sparse and chosen."""
    pod, seconds = timed(lambda: linear_methods.twice(ensemble))
    d = pod.settings.latents
    name = f"POD-{d}"
    yield Progress(name, 0, 1)
    plain, sparse = (solved(name, pod, seconds, s)._replace(note=HELP["wide"]) for s in BOTH)
    if d > CHOSEN:
        return [plain, sparse]
    fits = yield from member_fits.read(pod, plain.members, "train", criteria=criteria)
    # Many of its replicates explode, which takes longer than all else: it has none.
    found = yield from chosen_dynamics.find(fits, None, criteria=criteria, orbits=False)
    return [plain, sparse, *([_chosen(name, plain, found)] if found else [])]


def _operators(name: str, make: Callable[[], Ensemble], criteria: Criteria) -> Steps[list[Method]]:
    """Return operator inference in the coordinates of a linear ensemble."""
    yield Progress(name, 0, 1)
    import_module("opinf")  # takes longer than the method does
    pod, seconds = timed(make)
    (library, xi, note), inferring = timed(lambda: operator_inference.infer(pod, criteria))
    return [Method(name, pod, np.arange(1), library, xi, seconds + inferring, note)]


def _bop_dmd(ensemble: Ensemble) -> Steps[list[Method]]:
    yield Progress("BOP-DMD", 0, 1)
    import_module("pydmd")  # takes longer than the method does
    (made, xi, _, period), seconds = timed(lambda: linear_methods.bop_dmd(ensemble))
    one, note = np.arange(1), HELP["bop-dmd"]
    return [Method("BOP-DMD", made, one, made.library, xi, seconds, note, _pair(period))]
