"""Distributional autoencoders in words and in files: laws, and how many latents data need."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..distributional.dimension import Curve, Dimension, Surplus
from ..progress import count
from .files import write_json
from .verdicts.verdict import Verdict

DIMENSION = "dimension.json"
CALIBRATED = 0.05  # off one, up to which laws are called right
SPREADS = 0.1  # over that of no latent, below which a calibration says nothing


def lines(found: Dimension) -> list[str]:
    """Return a dimension as text: the curve, the surplus latents, and what both come to."""
    c, columns = found.curve, len(found.curve.ratios)
    said = ["  " + f"{'latents':<34}" + "".join(f"{k:>8}" for k in range(columns))]
    rows: list[tuple[str, np.ndarray, str]] = [
        ("energy score over that of none", c.ratios, ".3f"),
        ("  90 % over held-out rows, from", c.band[0], ".3f"),
        ("  to", c.band[1], ".3f"),
        ("E|X-Y| / E|Y-Y'|", found.calibration, ".3f"),
        ("E|Y-Y'| over that of none", found.spread, ".3f"),
        ("control: principal components", found.control.ratios, ".3f"),
        ("control: untrained", found.untrained, ".3f"),
    ]
    for head, values, form in rows:
        said.append("  " + f"{head:<34}" + "".join(f"{value:>8{form}}" for value in values))
    if found.surplus:
        said += ["", *_surplus(found)]
    return [*said, "", *(f"{_MARKS[v.level]} {v.subject}: {v.sentence}" for v in verdicts(found))]


_MARKS = {"good": "ok ", "caution": " ! ", "bad": "!!!"}


def _surplus(found: Dimension) -> list[str]:
    """Return the table of surplus latents."""
    heads = ("R2", "untrained", "gained", "p indep.", "law moved", "p same")
    said = ["  surplus latent" + "".join(f"{head:>11}" for head in heads)]
    for one, control in zip(found.surplus, found.untrained_explained, strict=True):
        values = (one.explained, control, one.gained, one.independent, one.moved, one.same)
        forms = (".3f", ".3f", ".1e", ".3f", ".1e", ".3f")
        cells = "".join(f"{value:>11{form}}" for value, form in zip(values, forms, strict=True))
        said.append(f"  {one.latent:>14}" + cells)
    return said


def verdicts(found: Dimension) -> list[Verdict]:
    """Say how many latents the data need, and which claims of Theorem 2 hold of them.

    Without a clean knee no latent is known to be surplus, and nothing is claimed of any.
    """
    said = [_recommended(found)]
    if found.surplus and found.recommended is not None:
        said += [_functions(found), _nothing_gained(found), _same_laws(found)]
    return [*said, calibration(found), _control(found)]


def choice(found: Dimension) -> str:
    """Say in a sentence how many latents the data need, or that there is no clean knee."""
    return _recommended(found).sentence


def _recommended(found: Dimension) -> Verdict:
    c = found.curve
    if not c.clean:
        return Verdict("dimension", "latents", "caution", f"no clean knee: {c.doubt}")
    k = c.dimension
    text = (
        f"with {k} the energy score is {c.ratios[k]:.3f} of that of none, with {k - 1} "
        f"{c.ratios[k - 1]:.3f}, and {count(len(c.ratios) - 1 - k, 'latent')} more would take off "
        f"{c.ratios[k] - c.ratios[k:].min():.3f}; {c.agree:.0%} of the bootstrap replicates agree"
    )
    if found.closed:
        text += (
            f"; the data close up like a {'circle' if k == 1 else 'sphere or a torus'}, so that a "
            f"code of {k} must jump somewhere, and a continuous one needs {k + 1}"
        )
    if found.kind is not None and found.latents > k + found.closed:
        text += (
            f"; that code must jump somewhere, for the dynamics are of the kind "
            f"{found.kind.name!r}, which takes a flow of at least {found.latents} continuous "
            "latents"
        )
    return Verdict("dimension", "latents", "good", f"{found.recommended}: {text}")


def _functions(found: Dimension) -> Verdict:
    least = min(s.explained for s in found.surplus)
    fine = least >= found.knee.explained
    return Verdict(
        "surplus-explained",
        "surplus latents",
        "good" if fine else "caution",
        f"{'each is' if fine else 'not all are'} a function of the first "
        f"{found.latents}: R² on held-out rows is at least {least:.3f}"
        f"{_untrained(found)}",
    )


def _untrained(found: Dimension) -> str:
    return f" (untrained: {min(found.untrained_explained, default=np.nan):.3f})"


def _nothing_gained(found: Dimension) -> Verdict:
    most = max(s.gained for s in found.surplus)
    told = [s for s in found.surplus if s.independent < found.knee.level]
    text = (
        f"they improve the prediction of a row by at most {max(most, 0):.1e} of the variance; a "
        "permutation test "
        + (f"still sees something in {_named(told)}" if told else "sees nothing in any")
    )
    return Verdict(
        "surplus-independent", "conditional independence", _by_size(found, most, told), text
    )


def _same_laws(found: Dimension) -> Verdict:
    most = max(s.moved for s in found.surplus)
    told = [s for s in found.surplus if s.same < found.knee.level]
    text = (
        f"laws move by at most {max(most, 0):.1e} of the score of none beyond K′; a permutation "
        "test " + (f"still sees it with {_named(told)}" if told else "sees no difference")
    )
    return Verdict("surplus-laws", "reconstructed laws", _by_size(found, most, told), text)


def _by_size(found: Dimension, most: float, told: Sequence[Surplus]) -> str:
    """Judge what surplus latents do by its size, and then by whether a test sees it."""
    return "bad" if most >= found.knee.gain else "caution" if told else "good"


def _named(which: Sequence[Surplus]) -> str:
    numbers = ", ".join(str(s.latent) for s in which)
    return f"latent{'s' if len(which) > 1 else ''} {numbers}"


def calibration(found: Dimension) -> Verdict:
    """Say how far the spread of reconstructed laws is that of the data."""
    shown = np.flatnonzero(found.spread > SPREADS)
    off = np.abs(found.calibration[shown] - 1)
    worst = int(shown[np.argmax(off)])
    fine = off.max() <= CALIBRATED
    return Verdict(
        "calibration",
        "calibration",
        "good" if fine else "caution",
        f"E|X − Y| / E|Y − Y′| is {found.calibration[worst]:.3f} with {count(worst, 'latent')}, "
        f"{'within' if fine else 'off by more than'} {CALIBRATED:.0%}, the worst of those that "
        "leave a spread",
    )


def _control(found: Dimension) -> Verdict:
    """Say what principal components would have recommended."""
    control, k = found.control, found.latents
    text = (
        f"principal components leave {control.ratios[min(k, len(control.ratios) - 1)]:.3f} of the "
        f"distance with {count(min(k, len(control.ratios) - 1), 'latent')}, the autoencoder "
        f"{found.curve.ratios[k]:.3f} of the score"
    )
    if control.clean:
        text += f"; they need {control.dimension}"
    else:
        text += f"; they have no clean knee ({control.doubt})"
    return Verdict("linear-control", "linear control", "good", text)


def summary(found: Dimension, provenance: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what goes into dimension.json."""
    return {
        "recommended": found.recommended,
        "reason": choice(found),
        "closed": found.closed,
        "kind": None if found.kind is None else found.kind.name,
        "curve": _curve(found.curve),
        "surplus": [asdict(s) for s in found.surplus],
        "calibration": found.calibration.tolist(),
        "spread": found.spread.tolist(),
        "controls": {
            "principal components": _curve(found.control),
            "untrained": {
                "ratios": found.untrained.tolist(),
                "explained": list(found.untrained_explained),
            },
        },
        "verdicts": [v._asdict() for v in verdicts(found)],
        "settings": asdict(found.model.settings),
        "criteria": asdict(found.knee),
        "provenance": {**_plain(found.model.attributes), **(provenance or {})},
    }


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        k: v.tolist() if isinstance(v, np.generic | np.ndarray) else v
        for k, v in attributes.items()
    }


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "ratios": curve.ratios.tolist(),
        "band": curve.band.tolist(),
        "dimension": curve.dimension,
        "agree": curve.agree,
        "clean": curve.clean,
        "doubt": curve.doubt,
    }


def write(
    found: Dimension, folder: Path, provenance: Mapping[str, Any] | None = None, force: bool = False
) -> Path:
    """Write dimension.json; return its path."""
    path = folder / DIMENSION
    write_json(summary(found, provenance), path, force)
    return path


def of_training(scores: np.ndarray, near: np.ndarray, apart: np.ndarray) -> list[str]:
    """Say what a trained model makes of held-out rows.

    Parameters
    ----------
    scores : array [K + 1]
        Mean energy scores.
    near, apart : arrays [K + 1]
        Mean |X − Y| and |Y − Y′|.
    """
    k = range(len(scores))
    return [
        "  latents                         " + "".join(f"{i:>8}" for i in k),
        "  energy score over that of none  " + "".join(f"{s / scores[0]:>8.3f}" for s in scores),
        "  E|X-Y| / E|Y-Y'|                "
        + "".join(f"{a / b:>8.3f}" for a, b in zip(near, apart, strict=True)),
    ]
