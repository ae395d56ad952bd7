"""The claims on the score and on the free-energy path in words, in numbers and in files."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..distributional.claims import HOLDS, Judgement, judged
from ..distributional.path import Paths
from ..distributional.score import Checked, Measured

# What each claim says, in words.
SAID: Mapping[str, str] = {
    "balance": "Theorem 1: both sides of the balance equation are equal across level sets",
    "self-consistency": "(y − c) · dc/dz = 0 on level sets",
    "variance": "one code leaves no more of N(0, I) than it may",
    "calibration": "what is decoded has the law of what has that code",
    "polar": "the second code completes polar coordinates",
    "forces": "codes alone give the force across level sets",
}
PUBLISHED = (0.26, 0.73)  # Chamfer and Hausdorff distance of the poster's gradient march
COLUMNS: tuple[tuple[str, str], ...] = (
    ("E Var", ".3f"),
    ("left", ".3f"),
    ("right", ".3f"),
    ("distance", ".2f"),
    ("by noise", ".2f"),
    ("slope", ".2f"),
    ("corr", ".2f"),
    ("residual", ".2f"),
    ("calibr", ".3f"),
    ("polar", ".2f"),
    ("force", ".2f"),
    ("signs", ".2f"),
)
MEANING = (
    "E Var: mean variance of rows given their first code; left, right: r.m.s. of both sides of the "
    "balance equation across level sets, at most 1; distance: of the two sides, 0 if equal and 1 "
    "if unrelated; by noise: what sampling makes of it; slope, corr: of right on left within level "
    "sets; residual: median |cos| of y − c with dc/dz, 0.71 by chance; calibr: E|X − Y| / "
    "E|Y − Y′|; polar: explained share of the worse of angle and radius; force, signs: rank "
    "correlation of the predicted force with the true one, and share of right signs"
)


def values(m: Measured) -> dict[str, float]:
    """Return what the table has of one subject, by its columns; NaN where there is nothing."""
    a = m.agreement
    return {
        "E Var": m.sets.mean_variance,
        "left": a.left,
        "right": a.right,
        "distance": a.distance,
        "by noise": a.noise,
        "slope": a.slope,
        "corr": a.correlation,
        "residual": m.consistency.residual,
        "calibr": np.nan if m.calibration is None else m.calibration.ratio,
        "polar": np.nan if m.polar is None else m.polar.least,
        "force": m.forces.rank,
        "signs": m.forces.sign,
    }


def score_lines(found: Checked) -> list[str]:
    """Return what was measured on one law as text: a table, and a sentence for each claim."""
    width = max(len(m.name) for m in found.measured) + 2
    said = [f"{found.title}:", " " * width + "".join(f"{head:>10}" for head, _ in COLUMNS)]
    for m in found.measured:
        own = values(m)
        said.append(
            f"{m.name:<{width}}" + "".join(_cell(own[head], form) for head, form in COLUMNS)
        )
    return [*said, *(sentence(one) for one in judged(found))]


def sentence(one: Judgement) -> str:
    """Say on one line what became of a claim, and what its controls did."""
    beside = "; ".join(
        f"{name}: {grade.verdict}, {grade.why}" for name, grade in one.controls.items()
    )
    text = f"{one.verdict:<14}  {SAID[one.claim]} ({one.subject}): {one.why}"
    return f"{text} [controls: {beside}]" if beside else text


def _cell(value: float, form: str) -> str:
    return f"{'–':>10}" if np.isnan(value) else f"{value:>10{form}}"


def score_summary(
    found: Sequence[Checked], provenance: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what goes into score.json, of all laws."""
    return {
        "laws": {
            one.law: {
                "title": one.title,
                "subjects": {m.name: _subject(m) for m in one.measured},
                "claims": [
                    {
                        "claim": j.claim,
                        "says": SAID[j.claim],
                        "subject": j.subject,
                        "verdict": j.verdict,
                        "number": float(j.number),
                        "why": j.why,
                        "controls": {name: grade._asdict() for name, grade in j.controls.items()},
                    }
                    for j in judged(one)
                ],
            }
            for one in found
        },
        "settings": asdict(found[0].settings) if found else {},
        "provenance": dict(provenance or {}),
    }


def _subject(m: Measured) -> dict[str, Any]:
    sets = m.sets
    return {
        "E Var": sets.mean_variance,
        "agreement": asdict(m.agreement),
        "consistency": asdict(m.consistency),
        "forces": asdict(m.forces),
        "calibration": None if m.calibration is None else asdict(m.calibration),
        "polar": None if m.polar is None else asdict(m.polar),
        "level sets": {
            "code": sets.code.tolist(),
            "c": sets.mean.tolist(),
            "c error": np.sqrt(np.diagonal(sets.mean_covariance, axis1=1, axis2=2)).tolist(),
            "V/Z": sets.variance.tolist(),
            "V/Z error": sets.variance_error.tolist(),
            "Z": sets.mass.tolist(),
            "Z error": sets.mass_error.tolist(),
        },
    }


def reached(found: Paths, method: str) -> bool:
    """Tell whether every seed of a method is as near to the string as it must be."""
    s = found.settings
    return all(
        r.distances.chamfer <= s.chamfer and r.distances.hausdorff <= s.hausdorff and not r.note
        for r in found.of(method)
    )


def path_table(found: Paths) -> list[dict[str, Any]]:
    """Return for each method its distances over seeds, the worst ones, and whether they reach."""
    rows = []
    for method in found.methods:
        routes = found.of(method)
        chamfer, hausdorff = np.array([r.distances for r in routes]).T
        rows.append(
            {
                "method": method,
                "seeds": [r.seed for r in routes],
                "chamfer": chamfer.tolist(),
                "hausdorff": hausdorff.tolist(),
                "worst": [float(chamfer.max()), float(hausdorff.max())],
                "median": [float(np.median(chamfer)), float(np.median(hausdorff))],
                "reached": reached(found, method),
                "notes": [r.note for r in routes],
            }
        )
    return rows


def path_lines(found: Paths) -> list[str]:
    """Return all curves as text: a table of distances, and what it comes to."""
    rows, s = path_table(found), found.settings
    width = max(len(row["method"]) for row in rows) + 2
    heads = ("Chamfer", "worst", "Hausdorff", "worst", "seeds")
    said = [" " * width + "".join(f"{head:>11}" for head in heads)]
    for row in rows:
        numbers = (row["median"][0], row["worst"][0], row["median"][1], row["worst"][1])
        cells = "".join(f"{n:>11.3f}" for n in numbers) + f"{len(row['seeds']):>11}"
        said.append(f"{row['method']:<{width}}{cells}")
    said += ["", "Distances from the string-method path, the median over seeds and the worst seed."]
    for row in rows:
        verdict = "reached" if row["reached"] else "missed"
        said.append(
            f"{verdict:<8} {row['method']}: Chamfer {row['worst'][0]:.3f} and Hausdorff "
            f"{row['worst'][1]:.3f} in the worst seed, where {s.chamfer:g} and {s.hausdorff:g} "
            "are asked"
        )
        said += [
            f"         seed {seed}: {note}"
            for seed, note in zip(row["seeds"], row["notes"], strict=True)
            if note
        ]
    said.append(
        f"The poster's gradient march came to {PUBLISHED[0]:g} and {PUBLISHED[1]:g}; what reaches "
        "the mark without any DPA needs none"
    )
    return said


def path_summary(found: Paths, provenance: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what goes into path.json."""
    return {
        "methods": path_table(found),
        "curves": [
            {"method": r.method, "seed": r.seed, "points": np.asarray(r.curve).tolist()}
            for r in found.routes
        ],
        "reference": found.reference.tolist(),
        "published": {"chamfer": PUBLISHED[0], "hausdorff": PUBLISHED[1]},
        "settings": asdict(found.settings),
        "provenance": dict(provenance or {}),
    }


def in_short(found: Sequence[Checked]) -> str:
    """Say on one line how many claims hold over all laws."""
    all_of_them = [one for law in found for one in judged(law)]
    holding = sum(one.verdict == HOLDS for one in all_of_them)
    return f"{holding} of {len(all_of_them)} claims hold on {len(found)} laws"
