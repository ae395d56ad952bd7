"""What goes into summary.json."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

from ..discovery.chosen_dynamics import Answers
from ..discovery.kind_of_equations import KindOfEquations
from ..discovery.normal_forms import NormalForms
from ..discovery.result import Discovery
from ..discovery.sparse_model import SparseModel, unframed
from ..dynamics import conversions, cycles
from ..dynamics.cycles import Orbits
from ..ensemble import intervals
from ..recipes import CRITERIA, Criteria
from .verdicts import Verdict


def summarise(
    found: Discovery, said: Sequence[Verdict], criteria: Criteria = CRITERIA
) -> dict[str, Any]:
    """Return what goes into summary.json; every number is a plain Python number.

    Parameters
    ----------
    found : Discovery
    said : sequence of Verdict
        What `judge` says about it.
    criteria : Criteria
        By which it was judged.
    """
    made: dict[str, Any] = {
        "terms": found.ensemble.library.terms,
        "coefficients": [row._asdict() | {"interval": list(row.interval)} for row in found.table],
        "correlation": {
            "labels": list(found.correlation.labels),
            "matrix": found.correlation.matrix.tolist(),
        },
        "kind": {
            "name": found.kind.name,
            "confidence": found.kind.confidence,
            "reason": found.kind.reason,
        }
        | {k: _measured(v) for k, v in vars(found.kind.yardsticks).items()},
        "reconstruction": vars(found.reconstruction),
        "baselines": [b._asdict() for b in found.baselines],
        "diagnostics": _diagnostics(found),
        "verdicts": [v._asdict() for v in said],
        "provenance": {k: _plain(v) for k, v in found.ensemble.attributes.items()}
        | {
            "seed": found.ensemble.settings.seed,
            "members": {"settled": found.settled, "read": found.read},
            "frames": found.frames,
            "frames_tried": dict(found.trials),
            "optimizer": found.sparse._asdict() if found.sparse else "lstsq",
            "criteria": {
                k: list(v) if isinstance(v, tuple) else v for k, v in asdict(criteria).items()
            },
        },
    }
    if found.kind_of_equations is not None:
        made["kind_of_equations"] = _of_kinds(found.kind_of_equations)
    if found.orbits is not None:
        made["plain_orbits"] = _of(found, found.orbits)
    if found.answers is not None:
        made |= _answers(found, found.answers)
    return made


def _of_kinds(found: KindOfEquations) -> dict[str, Any]:
    return {
        "members": len(found.kinds) + found.lost,
        "alike": len(found.alike),
        "lost": found.lost,
        "kinds": [kind.name for kind in found.kinds],
        "numbers": {name: each._asdict() for name, each in found.numbers.items()},
        "measures_apart": found.apart and list(found.apart),
        "exponents": None if found.exponents is None else [_plain(x) for x in found.exponents],
    }


def _measured(value: Any) -> Any:
    """Return a yardstick of a kind as plain numbers; None where it was not measured."""
    if is_dataclass(value):
        return {k: _measured(v) for k, v in vars(value).items()}
    return list(value) if isinstance(value, tuple) else _plain(value)


def _answers(discovery: Discovery, a: Answers) -> dict[str, Any]:
    found: dict[str, Any] = {
        "chosen_terms": a.library.terms,
        "modes": [_mode(discovery, a, k) for k in range(len(a.modes))],
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
            "worst": a.forecast.worst,
            "trajectories": a.forecast.each.tolist(),
            "field_of_mean": float(a.forecast.of_mean.mean()),
            "over_reconstruction": a.forecast.ratio,
            "horizon": float(a.forecast.time[-1]),
        },
        "collinear_terms": [list(group) for group in a.collinear],
    }
    if a.normal is not None:
        found["normal_form"] = _normal_form(a.normal)
    if a.orbits is not None and a.spread is not None:
        found["orbits"] = _of(discovery, a.orbits)
        if a.spread.period is not None and "period" in found["orbits"]:
            found["orbits"]["period"]["interval_with_frames"] = a.spread.period.tolist()
        found["orbits"]["replicates"] = _of(discovery, a.spread.orbits, a.spread.interval)
    return found


def _normal_form(found: NormalForms) -> dict[str, Any]:
    return {
        "reason": found.reason or None,
        "frames": found.frames,
        "amplitude": {
            "unit": "cycle" if found.cycle else "data",
            "cycle_over_data": _known(found.amplitude),
        },
        "replicates": found.share,
        "compared": found.compared,
        "notes": found.notes,
        "coefficients": [
            {
                "name": name,
                "median": _known(found.median[k]),
                "interval": _ends(found.joint[:, k]),
                "agree": name not in found.disagree if found.compared else None,
                "decoders": [
                    {
                        "decoder": int(decoder),
                        "median": _known(found.medians[d, k]),
                        "interval": _ends(found.intervals[d, :, k]),
                    }
                    for d, decoder in enumerate(found.decoders)
                ],
            }
            for k, name in enumerate(found.names)
        ],
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _ends(values: np.ndarray) -> list[float] | None:
    return values.tolist() if np.isfinite(values).all() else None


def _mode(discovery: Discovery, a: Answers, mode: int) -> dict[str, Any]:
    xi, spread = a.representative(mode), a.intervals(mode)
    return {
        "weight": float(a.modes.weight[mode]),
        "member": int(discovery.members[a.modes.representative[mode]]),
        "chosen": a.trials[mode][0].candidate.name,
        "equations": conversions.equations(xi, a.library.terms),
        "latex": conversions.latex(a.library, xi),
        "coefficients": xi.tolist(),
        "interval": None if spread is None else spread.tolist(),
        "sparse": _sparse(a.sparse[mode]),
        "unframed": unframed(a.library.latents, a.sparse[mode], discovery.criteria),
        "tried": [
            {"candidate": t.candidate.name, "trajectory_error": t.error} for t in a.trials[mode]
        ],
    }


def _sparse(found: SparseModel | None) -> dict[str, Any] | None:
    if found is None:
        return None
    frame = found.frame
    return {
        "candidate": found.trial.candidate.name,
        "coefficients": found.trial.coefficients,
        "trajectory_error": found.trial.error,
        "forecast": found.forecast,
        "frame": frame and {"origin": frame.origin.tolist(), "matrix": frame.matrix.tolist()},
        "equations": found.lines,
    }


def _of(
    discovery: Discovery,
    found: Orbits,
    interval: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda held, _: intervals.interval(
        held
    ),
) -> dict[str, Any]:
    """Say what became of members, and the distributions of those that hold the cycle."""
    f = discovery.ensemble.frames
    run = f.test_run()
    summary: dict[str, Any] = {
        "members": len(found.kind),
        "integrable_fraction": found.integrable_fraction,
        "classes": found.classes(),
        "reference_period": found.reference_period,
        "spectral_period": cycles.spectral_period(f.time[run], f.coordinates[run].astype(float)),
    }
    for name in ("period", "amplitude", "growth"):
        held = getattr(found, name)[found.holds]
        if len(held):
            summary[name] = {
                "median": float(np.median(held)),
                "interval": interval(held, found.holds).tolist(),
            }
    return summary


def _diagnostics(discovery: Discovery) -> dict[str, Any]:
    chains = discovery.ensemble.chains
    sizes = discovery.ensemble.encoder_sizes
    drawn = np.concatenate([c.kinetic_temperature for c in chains]) @ (sizes / sizes.sum())
    return {
        "temperature": float(np.mean(discovery.diagnostics.temperatures)),
        "kinetic_temperature": float(drawn.mean()),
        "condition_number": float(np.median(discovery.condition)),
        "dropped": discovery.dropped,
    } | discovery.diagnostics.summary()


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
