"""discover(ensemble) -> Discovery: the one place where the analyses meet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dynamics import conversions, cycles
from ..dynamics.cycles import Orbits
from ..dynamics.least_squares import Sparse
from ..dynamics.orbits import Loop
from ..ensemble import diagnostics, intervals
from ..ensemble.diagnostics import Diagnostics
from ..ensemble.ensemble import Ensemble
from ..ensemble.members import evenly
from ..errors import EaeSindyError
from ..progress import Progress, Steps, finish
from ..report import verdicts
from ..report.summary import _plain
from ..report.verdicts import Verdict
from ..snapshots.split import TEST, TRAIN, VALIDATION
from . import chosen_dynamics, coefficient_table, measurement
from .chosen_dynamics import Answers
from .coefficient_table import Coefficient, Correlation
from .measurement import Row
from .member_fits import Reading, read, reference_period
from .mending import Flaws, mend
from .modes import densest
from .relative_error import error

FRAMES = {"train": (TRAIN,), "all": (TRAIN, VALIDATION), "test": (TEST,)}
AUTO = ("train", "all")  # never the test window: its errors would no longer be those of a test
TRIAL_MEMBERS = 50  # with which "auto" tries each choice of frames


@dataclass(frozen=True)
class Reconstruction:
    """Relative squared errors on the test frames: means over members, and of the mean field."""

    field: float
    rate: float
    latent_rate: float
    field_of_mean: float


@dataclass(frozen=True)
class Discovery:
    """What an ensemble says about the dynamics of its latents.

    Attributes
    ----------
    frames : {"train", "all", "test"}
        The frames on which Ξ was fitted.
    sparse : Sparse or None
        What took the place of least squares.
    members : array of int [k]
        The members that could be used. Those drawn before the loss had settled are left out, see
        `diagnostics.settled_from`; those without finite coefficients are counted in `dropped`.
    values : array [k, p, d]
        Ξ of each member.
    condition : array [k]
        Condition number of each member's Θ, columns scaled.
    errors : array [k, 3]
        Of each member on the test frames: field, rate, latent rate.
    orbits : Orbits or None
        Of the plain Ξ. None where the test frames show no period to compare with.
    answers : Answers or None
        The modes, and the equations chosen by running. None where the time before the test window
        is too short to choose by.
    baselines : list of Row
        What POD and pysindy make of the same frames in a second or two.
    flaws : Flaws
        What the ensemble's frames and library lack here that they had, being NaN or infinite.
    trials : mapping of str to float
        With frames "auto": the share of trial members that held the cycle, for each choice tried.
    """

    ensemble: Ensemble
    frames: str
    sparse: Sparse | None
    members: np.ndarray
    values: np.ndarray
    condition: np.ndarray
    errors: np.ndarray
    table: list[Coefficient]
    correlation: Correlation
    orbits: Orbits | None
    answers: Answers | None
    reconstruction: Reconstruction
    baselines: list[Row]
    diagnostics: Diagnostics
    dropped: int
    flaws: Flaws
    trials: Mapping[str, float]

    def equations(self, index: int) -> list[str]:
        """Return the equations of the member at `index` of `members` as text."""
        return conversions.equations(self.values[index], self.ensemble.library.terms)

    def representatives(self) -> tuple[int, int]:
        """Return two indices of `members`: the most typical member, and one typical of the rest.

        Typical is where the joint density of the significant coefficients is highest; the rest is
        the half of the members that lies farthest from the first. Only members that hold the cycle
        are considered where there are any.
        """
        held = (
            np.arange(len(self.members))
            if self.orbits is None
            else np.flatnonzero(self.orbits.holds)
        )
        if len(held) == 0:
            held = np.arange(len(self.members))
        flat = self.values[held].transpose(0, 2, 1).reshape(len(held), -1)
        chosen = [row.significant for row in self.table]
        flat = flat[:, chosen] if any(chosen) else flat
        flat = (flat - flat.mean(axis=0)) / np.where(np.ptp(flat, axis=0) > 0, flat.std(axis=0), 1)
        first = densest(flat)
        distance = np.linalg.norm(flat - flat[first], axis=1)
        far = np.flatnonzero(distance >= np.median(distance))
        return int(held[first]), int(held[far[densest(flat[far])]])

    def summary(self) -> dict[str, Any]:
        """Return what goes into summary.json; every number is a plain Python number."""
        found: dict[str, Any] = {
            "terms": self.ensemble.library.terms,
            "coefficients": [
                row._asdict() | {"interval": list(row.interval)} for row in self.table
            ],
            "correlation": {
                "labels": list(self.correlation.labels),
                "matrix": self.correlation.matrix.tolist(),
            },
            "reconstruction": vars(self.reconstruction),
            "baselines": [b._asdict() for b in self.baselines],
            "diagnostics": self._diagnostics(),
            "verdicts": [v._asdict() for v in self.verdicts()],
            "provenance": {k: _plain(v) for k, v in self.ensemble.attributes.items()}
            | {
                "seed": self.ensemble.settings.seed,
                "frames": self.frames,
                "frames_tried": dict(self.trials),
                "optimizer": self.sparse._asdict() if self.sparse else "lstsq",
            },
        }
        if self.orbits is not None:
            found["plain_orbits"] = self._of(self.orbits)
        if self.answers is not None:
            found |= self._answers(self.answers)
        return found

    def _answers(self, a: Answers) -> dict[str, Any]:
        found: dict[str, Any] = {
            "chosen_terms": a.library.terms,
            "modes": [self._mode(a, k) for k in range(len(a.modes))],
            "symmetry": [
                {
                    "modes": [m + 1 for m in e.modes],
                    "level": e.level,
                    "operation": e.operation,
                    "residual": e.residual,
                    "p_value": e.p_value,
                    "text": e.sentence(),
                }
                for e in a.equivalences
            ],
            "forecast": {
                "field": a.forecast.field,
                "field_of_mean": float(a.forecast.of_mean.mean()),
                "over_reconstruction": a.forecast.ratio,
                "horizon": float(a.forecast.time[-1]),
            },
            "collinear_terms": [list(group) for group in a.collinear],
        }
        if a.orbits is not None and a.spread is not None:
            found["orbits"] = self._of(a.orbits)
            if a.spread.period is not None and "period" in found["orbits"]:
                found["orbits"]["period"]["interval_with_frames"] = a.spread.period.tolist()
            found["orbits"]["replicates"] = self._of(a.spread.orbits, a.spread.interval)
        return found

    def _mode(self, a: Answers, mode: int) -> dict[str, Any]:
        xi, spread = a.representative(mode), a.intervals(mode)
        return {
            "weight": float(a.modes.weight[mode]),
            "member": int(self.members[a.modes.representative[mode]]),
            "chosen": a.trials[mode][0].candidate.name,
            "equations": conversions.equations(xi, a.library.terms),
            "latex": conversions.latex(a.library, xi),
            "coefficients": xi.tolist(),
            "interval": None if spread is None else spread.tolist(),
            "tried": [
                {"candidate": t.candidate.name, "trajectory_error": t.error} for t in a.trials[mode]
            ],
        }

    def _of(
        self, found: Orbits, interval: Callable[[np.ndarray], np.ndarray] = intervals.interval
    ) -> dict[str, Any]:
        """Say what became of members, and the distributions of those that hold the cycle."""
        f = self.ensemble.frames
        run = f.test_run()
        summary: dict[str, Any] = {
            "members": len(found.kind),
            "integrable_fraction": found.integrable_fraction,
            "classes": found.classes(),
            "reference_period": found.reference_period,
            "spectral_period": cycles.spectral_period(
                f.time[run], f.coordinates[run].astype(float)
            ),
        }
        for name in ("period", "amplitude", "growth"):
            held = getattr(found, name)[found.holds]
            if len(held):
                summary[name] = {
                    "median": float(np.median(held)),
                    "interval": interval(held).tolist(),
                }
        return summary

    def verdicts(self) -> list[Verdict]:
        """Say in plain sentences what is fine, what is not, and what to change."""
        found = verdicts.of_chains(self.diagnostics, self.ensemble)
        flawed = verdicts.of_input(self.flaws, self.dropped, len(self.members))
        return [
            *flawed,
            *(verdicts.of_answers(self.answers, self.baselines) if self.answers else []),
            *found,
        ]

    def _diagnostics(self) -> dict[str, Any]:
        settings, chains = self.ensemble.settings, self.ensemble.chains
        sizes = self.ensemble.encoder_sizes
        drawn = np.concatenate([c.kinetic_temperature for c in chains]) @ (sizes / sizes.sum())
        return {
            "temperature": settings.temperature,
            "kinetic_temperature": float(drawn.mean()),
            "condition_number": float(np.median(self.condition)),
            "dropped": self.dropped,
        } | self.diagnostics.summary()


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
