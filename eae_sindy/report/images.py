"""Models of images in words and in files: the table of the paper, and what is beside it."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..ensemble.diagnostics import Diagnostics
from ..images.comparison import ImageComparison
from ..images.measured import Measured
from ..images.measures import ACTIVE, spread
from ..progress import count
from ..storage import whole_file
from .files import write_json

NAMES = {"eae": "EAE", "vae": "VAE", "ae": "AE"}
FILES = ("comparison.json", "comparison.csv")
# Table 1 of the paper: MSE on test data, and active units of 64.
PUBLISHED: Mapping[str, Mapping[str, tuple[float, int]]] = {
    "mnist": {"eae": (0.026, 64), "vae": (0.016, 16), "ae": (0.010, 53)},
    "frey-faces": {"eae": (0.0052, 64), "vae": (0.0046, 3), "ae": (0.0014, 64)},
}
# The columns that are printed: a head, and how it is written.
COLUMNS: tuple[tuple[str, str], ...] = (
    ("MSE", ".4f"),
    ("active", ".0f"),
    ("telling", ".0f"),
    ("KL/unit", ".2f"),
    ("linear", ".3f"),
    ("k-NN", ".3f"),
    ("between", ".3f"),
    ("modes", ".2f"),
    ("Frechet", ".3f"),
    ("seconds", ".0f"),
)
MEANING = (
    "MSE: per pixel, of test images decoded from their codes; active: units with a variance above "
    f"{ACTIVE:g}, over members as well; telling: those of which the mean code alone has it; "
    "linear, k-NN: classes told from codes; between: share of a unit's variance between classes, "
    "the mean over units; modes of a unit's distribution, the mean; Frechet: of images half-way "
    "between two codes, to test images"
)


def values(run: Measured) -> dict[str, float]:
    """Return what the table has of one run, by its columns; NaN where there is nothing."""
    divergence = run.divergence
    return {
        "MSE": run.error,
        "active": float(run.active),
        "telling": float(run.telling),
        "KL/unit": math.nan if divergence is None else float(divergence.mean()),
        "linear": run.linear,
        "k-NN": run.near,
        "between": float(run.separation.mean()),
        "modes": float(run.modes.mean()),
        "Frechet": run.frechet,
        "seconds": float(run.model.attributes.get("seconds", math.nan)),
    }


def table(found: ImageComparison) -> list[dict[str, tuple[float, float]]]:
    """Return for each kind of model the mean and the spread of every column over its seeds."""
    rows = []
    for runs in found.runs.values():
        each = [values(run) for run in runs]
        rows.append({head: spread([v[head] for v in each]) for head, _ in COLUMNS})
    return rows


def lines(found: ImageComparison) -> list[str]:
    """Return the comparison as text: the table, what its columns are, and the paper's rows."""
    width = 17 if any(len(runs) > 1 for runs in found.runs.values()) else 9
    said = ["      " + "".join(f"{head:>{width}}" for head, _ in COLUMNS)]
    for kind, row in zip(found.runs, table(found), strict=True):
        cells = (_cell(*row[head], form) for head, form in COLUMNS)
        said.append(f"{NAMES[kind]:<6}" + "".join(f"{cell:>{width}}" for cell in cells))
    bare = {"linear": found.linear, "k-NN": found.near, "Frechet": found.blended}
    cells = (_cell(bare.get(head, math.nan), math.nan, form) for head, form in COLUMNS)
    said.append(f"{'pixels':<6}" + "".join(f"{cell:>{width}}" for cell in cells))
    latents = next(iter(found.runs.values()))[0].model.recipe.latents
    said += ["", f"{MEANING}. Training images score {found.floor:.3g} in it."]
    for kind, (mse, units) in PUBLISHED.get(found.images.name, {}).items():
        if kind in found.runs:
            said.append(
                f"{NAMES[kind]} in the paper: MSE {mse:g}, {units} of 64 units active"
                + ("" if latents == 64 else f"; here there are {latents}")
            )
    return [*said, *sentences(found)]


def sentences(found: ImageComparison) -> list[str]:
    """Say what the table comes to."""
    said = []
    for kind, runs in found.runs.items():
        latents = runs[0].model.recipe.latents
        active, telling = (
            float(np.mean([getattr(run, name) for run in runs])) for name in ("active", "telling")
        )
        text = f"{NAMES[kind]}: {active:.3g} of {latents} units are active"
        if kind == "eae" and telling < active:
            text += (
                f", {telling:.3g} of them by their mean code; the others are so by the spread over "
                "members"
            )
        said.append(text)
        said += [f"{NAMES[kind]}: {text}" for text in chain(runs[0])]
    if len(found.runs) > 1:
        best, doubt = _first(found, "error", 1)
        said.append(f"the least error is that of the {NAMES[best]}{doubt}")
        told = [run.linear for runs in found.runs.values() for run in runs]
        if all(map(math.isfinite, told)):
            best, doubt = _first(found, "linear", -1)
            own = np.mean([run.linear for run in found.runs[best]])
            bare = "better than" if own > found.linear else "no better than"
            said.append(
                f"classes are told best from codes of the {NAMES[best]} by a linear probe, "
                f"{bare} from pixels{doubt}"
            )
    return said


def _first(found: ImageComparison, name: str, sign: int) -> tuple[str, str]:
    """Return the kind with the least of a measure times `sign`, and what to doubt about that."""
    over = {k: spread([getattr(run, name) for run in runs]) for k, runs in found.runs.items()}
    best, second = sorted(over, key=lambda kind: sign * over[kind][0])[:2]
    apart = abs(over[best][0] - over[second][0])
    seeds = math.hypot(over[best][1], over[second][1])
    if math.isnan(seeds):
        return best, f" (of one training each; the {NAMES[second]} is next)"
    if apart <= seeds:
        return best, f", though from the {NAMES[second]} it differs by no more than seeds do"
    return best, ""


def chain(run: Measured) -> list[str]:
    """Say what the chain of an ensemble says about itself."""
    d = run.diagnostics
    if d is None:
        return []
    ratios = [layer.ratio for layer in d.layers]
    off = [x.name for x in d.layers if not x.interval[0] <= x.ratio <= x.interval[1]]
    said = (
        f"{count(len(run.model), 'member')} at T = {run.model.recipe.temperature:g}; kinetic "
        f"temperatures of layers are {min(ratios):.3g} to {max(ratios):.3g} of it"
    )
    if off:
        said += f", and off it by more than chance in {', '.join(off)}: not in equilibrium"
    return [f"{said}; minibatches heat it by {d.batch_noise:.1%}"]


def _cell(mean: float, deviation: float, form: str) -> str:
    if math.isnan(mean):
        return "–"
    if math.isnan(deviation):
        return f"{mean:{form}}"
    return f"{mean:{form}} ± {deviation:{'.1f' if form == '.0f' else form}}"


def summary(found: ImageComparison, provenance: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what goes into comparison.json."""
    return {
        "data set": {
            "name": found.images.name,
            "images": [
                len(found.images.train),
                len(found.images.validation),
                len(found.images.test),
            ],
            "shape": list(found.images.shape),
            "notes": list(found.images.notes),
        },
        "models": {
            kind: {
                "runs": [_run(run) for run in runs],
                "table": {
                    head: {"mean": mean, "spread": deviation}
                    for head, (mean, deviation) in row.items()
                },
            }
            for (kind, runs), row in zip(found.runs.items(), table(found), strict=True)
        },
        "pixels": {"linear": found.linear, "k-NN": found.near, "Frechet": found.blended},
        "training images": {"Frechet": found.floor},
        "published": {
            kind: {"MSE": mse, "active": units}
            for kind, (mse, units) in PUBLISHED.get(found.images.name, {}).items()
        },
        "sentences": sentences(found),
        "provenance": dict(provenance or {}),
    }


def _run(run: Measured) -> dict[str, Any]:
    d: Diagnostics | None = run.diagnostics
    return {
        **values(run),
        "MSE of a member": run.error_of_member,
        "activity": run.activity.tolist(),
        "activity of the mean": run.activity_of_mean.tolist(),
        "KL": None if run.divergence is None else run.divergence.tolist(),
        "between classes": run.separation.tolist(),
        "modes of each": run.modes.tolist(),
        "recipe": asdict(run.model.recipe),
        "diagnostics": None if d is None else d.summary(),
    }


def write(
    found: ImageComparison,
    folder: Path,
    provenance: Mapping[str, Any] | None = None,
    force: bool = False,
) -> list[Path]:
    """Write comparison.json and comparison.csv, one row a run; return their paths."""
    numbers, rows = (folder / name for name in FILES)
    write_json(summary(found, provenance), numbers, force)
    with whole_file(rows, force) as part, part.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["model", "seed", *(head for head, _ in COLUMNS)])
        for kind, runs in found.runs.items():
            for run in runs:
                writer.writerow([kind, run.model.recipe.seed, *values(run).values()])
    return [numbers, rows]


def of_training(run: Measured) -> Sequence[str]:
    """Say what one model makes of the test images."""
    v = values(run)
    latents = run.model.recipe.latents
    return [
        f"MSE per pixel on test images {v['MSE']:.4f}; {run.active} of {latents} units active, "
        f"{run.telling} by their mean code",
        *chain(run),
    ]
