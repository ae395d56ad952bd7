"""discover(ensemble) -> Discovery: the one place where the analyses meet."""

import numpy as np

from ..dynamics import cycles
from ..dynamics.cycles import Orbits
from ..dynamics.least_squares import Sparse
from ..dynamics.orbits import Loop
from ..ensemble import diagnostics
from ..ensemble.ensemble import Ensemble
from ..ensemble.members import evenly
from ..errors import EaeSindyError
from ..progress import Progress, Steps, finish
from ..snapshots.split import TEST, TRAIN, VALIDATION
from . import chosen_dynamics, coefficient_table, measurement
from .member_fits import Reading, read, reference_period
from .mending import mend
from .relative_error import error
from .result import Discovery, Reconstruction

FRAMES = {"train": (TRAIN,), "all": (TRAIN, VALIDATION), "test": (TEST,)}
AUTO = ("train", "all")  # never the test window: its errors would no longer be those of a test
TRIAL_MEMBERS = 50  # with which "auto" tries each choice of frames


def discover(ensemble: Ensemble, frames: str = "auto", sparse: Sparse | None = None) -> Discovery:
    """Fit Ξ for every member, describe its distribution, and integrate every member's equations.

    Parameters
    ----------
    ensemble : Ensemble
    frames : {"auto", "train", "all", "test"}
        Which frames enter Eq. 16: the training frames, those and the validation frames, or the test
        window, which is the paper's choice. "auto" is the one of train and all with which more
        trial members hold the cycle.
    sparse : Sparse, optional
        Takes the place of least squares in Eq. 16, and is tried beside it where equations are
        chosen by running; see `coefficients.sparse`.

    Raises
    ------
    EaeSindyError
        For an unknown choice of frames, or when no member gives finite coefficients.
    """
    return finish(iterate(ensemble, frames, sparse))


def iterate(
    ensemble: Ensemble, frames: str = "auto", sparse: Sparse | None = None
) -> Steps[Discovery]:
    """Do what `discover` does, step by step."""
    if frames != "auto" and frames not in FRAMES:
        raise EaeSindyError(f"unknown frames {frames!r}: choose from auto, {', '.join(FRAMES)}")
    starts = [diagnostics.settled_from(c.loss) for c in ensemble.chains]
    settled = diagnostics.settled(ensemble, starts)
    ensemble, flaws = mend(ensemble, settled)
    test = ensemble.frames.where(TEST)
    reference = reference_period(ensemble)
    trials = {}
    if frames == "auto":
        sample = evenly(settled, TRIAL_MEMBERS)
        for done, choice in enumerate(AUTO if np.isfinite(reference) else ()):
            yield Progress("trying frames", done, len(AUTO))
            tried_on = ensemble.frames.where(*FRAMES[choice])
            readings = list(read(ensemble, sample, tried_on, test, sparse))
            found = _settle(ensemble, readings, reference)
            trials[choice] = found.integrable_fraction if found else 0.0
        frames = max(trials, key=lambda c: trials[c]) if trials else "train"

    rows = ensemble.frames.where(*FRAMES[frames])
    readings, mean = [], np.zeros(1)
    for done, reading in enumerate(read(ensemble, settled, rows, test, sparse), 1):
        if np.isfinite(reading.xi).all():
            mean = mean + reading.field
        readings.append(reading._replace(field=np.zeros(0)))  # it would be 128 kB a member
        yield Progress("members", done, len(settled))
    usable = np.flatnonzero([np.isfinite(r.xi).all() for r in readings])
    members = settled[usable]
    if len(members) == 0:
        raise EaeSindyError(
            "no member gives finite coefficients: their weights hold NaN, or terms overflow; "
            "fit again with a smaller --step or --temperature"
        )
    kept = [readings[i] for i in usable]
    values = np.stack([r.xi for r in kept])
    run = _settle(ensemble, kept, reference)
    held = None if run is None else run.holds
    data = Loop.join(r.loop for r in kept)
    chosen = yield from chosen_dynamics.find(
        ensemble, members, values, data, held, reference, sparse
    )
    rows_of_table = coefficient_table.table(values, ensemble.library.terms)
    field, rate, latent_rate = (float(e) for e in np.mean([r.errors for r in kept], axis=0))
    field_of_mean = error(ensemble, test, mean / len(members), "field")
    errors = np.stack([r.errors for r in kept])
    quantities = {"field error": errors[:, 0], "rate error": errors[:, 1]}
    if run is not None:
        quantities["period"] = run.period
    along = {name: np.full(len(ensemble), np.nan) for name in quantities}
    for name, series in quantities.items():
        along[name][members] = series
    return Discovery(
        ensemble,
        frames,
        sparse,
        members,
        values,
        np.array([r.condition for r in kept]),
        errors,
        rows_of_table,
        coefficient_table.correlation(values, rows_of_table),
        run,
        chosen,
        Reconstruction(field, rate, latent_rate, field_of_mean),
        measurement.linear(ensemble),
        diagnostics.diagnose(ensemble, starts, along),
        len(readings) - len(members),
        flaws,
        trials,
    )


def _settle(ensemble: Ensemble, readings: list[Reading], reference: float) -> Orbits | None:
    readings = [r for r in readings if np.isfinite(r.xi).all()]
    if not np.isfinite(reference) or not readings:
        return None
    data = Loop.join(r.loop for r in readings)
    return cycles.settle(ensemble.library, np.stack([r.xi for r in readings]), data, reference)
