"""A discovery as one HTML file that stands by itself: verdicts first, then what they rest on."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from ... import __version__
from ...discovery.result import Discovery
from ...dynamics import conversions
from ...dynamics.library import Library
from ...progress import count
from ...recipes import INTERVAL, SIGNIFICANCE
from ...snapshots.split import TEST, TRAIN, VALIDATION
from ...storage import whole_file
from ..numbers import span
from ..report import Report
from ..verdicts import Verdict
from . import html, tables
from .html import Markup, facts, join, records, say, tag
from .numbers import aligned, cell, interval, number, prose

MARKS = {"good": "✓ good", "caution": "! caution", "bad": "✗ bad"}
PACKAGES = ("numpy", "scipy", "pysindy", "scikit-learn", "matplotlib", "sympy", "arviz-stats")
# What each figure of `figures` and `figure_answers` is called, and what to look for in it.
CAPTIONS = {
    "answers": (
        "How many answers, do they run, what do they forecast.",
        "(a) Members in the two directions in which their vector fields differ most, one colour a "
        "mode; a number marks the member that speaks for it. (b) The chosen equations of mode 1, "
        "from the first test frame on, over the data. (c) Periods of members and of replicates "
        "with resampled frames: the dashed line, the data's own, should lie among them. (d) Growth "
        "off the cycle: left of zero it attracts; on both sides of zero the data do not tell. "
        "(e) Error of the forecast over the test window; as good as it gets is the reconstruction. "
        "(f) What was tried for mode 1, the best on top, by the error of its trajectories; the "
        "chosen one is dark.",
    ),
    "normal_form": (
        "One frame for all decoders: coefficients that do not depend on the latents' axes.",
        "The coefficients of the normal form of the cubic equations, a row for each decoder: the "
        "point is the median of its members, the bar its interval over encoders and frames. The "
        "band is the one interval over encoders, decoders and frames; the dashed line is the "
        "median over members. Bars that lie apart are decoders that differ.",
    ),
    "figure1": (
        "The data, the members, and two of them at work.",
        "(a–c) The field at the start, in the middle and at the end. (d) One point for each member "
        "in the plane of two coefficients of Eq. 16: one tight cloud is agreement, several are "
        "several answers. (e, f) Eq. 16 of the most typical member, and of one typical of the "
        "rest, integrated over the data in the same latents: a line on the dots runs as they do.",
    ),
    "figure4": (
        "Correlations over members between the significant coefficients of Eq. 16.",
        "Near ±1 two coefficients trade against each other, and neither means much by itself.",
    ),
    "diagnostics": (
        "What the chains say about themselves.",
        "(a) Training: it should have flattened. (b) Loss of the members along each chain: no "
        "trend. (c) The same as distributions. (d) Temperature of each layer: points belong on "
        "their bars. (e) Effective sample sizes: how many independent draws the members are worth. "
        "(f) Free energy of the field error, if the first chain has members enough.",
    ),
}  # fmt: skip


def page(
    report: Report,
    figures: Mapping[str, bytes],
    command: str,
    comparison: Sequence[Mapping[str, Any]] | None = None,
) -> str:
    """Return a discovery as an HTML document that needs no other file and no network.

    Parameters
    ----------
    report : Report
    figures : mapping of str to bytes
        PNG of each figure, in the order in which they are shown; see `figures.png`.
    command : str
        The line that made this page, to be quoted in it.
    comparison : sequence of mappings, optional
        Rows of a comparison with other methods; its columns are the keys they have.
    """
    discovery, found = report.discovery, report.summary
    name = _name(found)
    sections = {
        "Verdicts": _verdicts(report.verdicts),
        "Equations": _equations(discovery, found),
        "Figures": _figures(discovery, figures),
        "Orbits and forecast": [*tables.orbits(found), *tables.forecast(found)],
        "Chains": tables.chains(discovery, found, report.criteria),
        "Baselines": tables.baselines(found, comparison),
        "Coefficients of Eq. 16": _coefficients(discovery),
        "Provenance": _provenance(discovery, found, command),
    }
    return document(
        f"{name}: equations of its latents",
        ("Equations found in ", tag("span", name, class_="name")),
        _introduction(discovery),
        sections,
    )


def document(
    title: str, heading: Sequence[str], lead: Markup, sections: Mapping[str, Sequence[Markup]]
) -> str:
    """Return an HTML document that needs no other file: a heading, a lead, and sections."""
    anchors = {name: name.lower().replace(" ", "-").replace(".", "") for name in sections}
    links = (tag("a", name, href=f"#{anchor}") for name, anchor in anchors.items())
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        # Nothing is fetched and no script runs, whatever strings have come in.
        tag("meta", http_equiv="Content-Security-Policy",
            content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(files(__package__).joinpath("page.css").read_text("utf-8"))),
    )  # fmt: skip
    body = tag(
        "body",
        tag("header", tag("h1", *heading), lead),
        tag("nav", *links),
        tag("main", *(tag("section", tag("h2", name), *parts, id=anchors[name])
                      for name, parts in sections.items())),
    )  # fmt: skip
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def write(text: str, path: Path, force: bool = False) -> Path:
    """Write a page; it appears whole or not at all."""
    with whole_file(path, force) as part:
        part.write_text(text, "utf-8")
    return path


def _name(found: Mapping[str, Any]) -> str:
    provenance = found["provenance"]
    data = Path(str(provenance.get("data", ""))).name
    return data or str(provenance.get("system") or "a set of snapshots")


def _introduction(discovery: Discovery) -> Markup:
    e = discovery.ensemble
    train, validation, test = (len(e.frames.where(s)) for s in (TRAIN, VALIDATION, TEST))
    shape = " × ".join(str(n) for n in e.shape)
    return say(
        f"From {len(e.frames.time):,} frames of a field of {shape} values ({train:,} to train on, "
        f"{validation:,} to validate, the last {test:,} to test), ",
        f"{count(len(e), 'encoder')} were drawn at temperature "
        f"{span(discovery.diagnostics.temperatures)} in {count(len(e.chains), 'chain')}; "
        f"{discovery.read:,} of them, spread evenly, were read. Each makes "
        f"{count(e.settings.latents, 'latent variable')} z of the field, and by least squares "
        "equations of its own, ż\u00a0=\u00a0Θ(z)\u00a0Ξ, with "
        f"{count(len(e.library), 'candidate term')}. How far these agree, whether they run, and "
        "what they forecast is said here, verdicts "
        f"first. Intervals are central {INTERVAL:.0%} intervals; errors are squared, relative to "
        "the variance of the test frames.",
        class_="lead",
    )


def _verdicts(verdicts: Sequence[Verdict]) -> list[Markup]:
    tally = {level: sum(v.level == level for v in verdicts) for level in MARKS}
    rows = [
        tag("li", tag("span", MARKS[v.level], class_="mark"),
            tag("strong", v.subject[:1].upper() + v.subject[1:]), tag("span", prose(v.sentence)),
            class_=v.level)
        for v in verdicts
    ]  # fmt: skip
    total = f"{tally['good']} good, {tally['caution']} with caution, {tally['bad']} bad."
    return [say(total), tag("ul", *rows, class_="verdicts")]


def _formulas(library: Library, xi: np.ndarray) -> Markup:
    """Return the equations of Ξ [p, d] in MathML, without the terms that are not in use."""
    terms = [
        "" if name == "1" else printed
        for name, printed in zip(library.terms, conversions.mathml(library), strict=True)
    ]
    lines = (
        html.equation(k, [(c, t) for c, t in zip(column, terms, strict=True) if c])
        for k, column in enumerate(xi.T.tolist())
    )
    return tag("div", *lines, class_="equations")  # fmt: skip


def _copy(*lines: Iterable[str]) -> Markup:
    """Return a block of text to copy, folded; paper has no use for it."""
    text = "\n\n".join("\n".join(block) for block in lines)
    return tag("details", tag("summary", "As text and as LaTeX, to copy"), tag("pre", text),
               class_="copy")  # fmt: skip


def _equations(discovery: Discovery, found: Mapping[str, Any]) -> list[Markup]:
    a = discovery.answers
    if a is None:
        first = discovery.representatives()[0]
        xi, library = discovery.values[first], discovery.ensemble.library
        return [
            say("The time before the test window is too short to choose equations by running "
                 "them, so modes were not sought. These are the equations of the most typical "
                 f"member ({discovery.members[first]:,}), by Eq. 16 as it stands."),
            _formulas(library, xi),
            _copy(discovery.equations(first), conversions.latex(library, xi)),
        ]  # fmt: skip
    parts = [
        say("Members whose equations agree form a mode. Frames and terms are chosen for each mode "
             "by integrating the equations over validation stretches. A mode speaks through its "
             "most typical member, never through an average.")
    ]  # fmt: skip
    for k, mode in enumerate(found["modes"]):
        least = min(t["trajectory_error"] for t in mode["tried"])
        chosen = mode["tried"][0]["trajectory_error"]
        parts += [
            tag("h3", f"Mode {k + 1} ", tag("small", f"{mode['weight']:.0%} of the members")),
            say(f"Chosen of {len(mode['tried'])} candidates: {mode['chosen']}; the error of its "
                 f"trajectories is {number(chosen, 2)}, the least of all {number(least, 2)}. "
                 f"Equations of member {mode['member']:,}:"),
            _formulas(a.library, a.representative(k)),
            *tables.terms(a.library, mode),
            *(say(prose(f"{e['text'][:1].upper()}{e['text'][1:]}."))
              for e in found["symmetry"] if e["modes"][1] == k + 1),
            _copy(mode["equations"], mode["latex"]),
        ]  # fmt: skip
    if len(a.modes) == 1:
        parts.append(say("There is one mode, and nothing it could be equivalent to."))
    return parts


def _figures(discovery: Discovery, figures: Mapping[str, bytes]) -> list[Markup]:
    parts = []
    for name, png in figures.items():
        if name == "answers" and discovery.answers is None:
            parts.append(say("There is no figure of modes and forecasts: they were not sought."))
        elif name == "figure4" and not discovery.correlation.labels:
            parts.append(say("There is no figure of correlations: no coefficient is significant."))
        else:
            title, text = CAPTIONS.get(name, (name, ""))
            parts.append(html.picture(png, title, tag("strong", title), " ", text))
    return parts or [say("No figures were drawn.")]


def _coefficients(discovery: Discovery) -> list[Markup]:
    library, first, rows = discovery.ensemble.library, discovery.representatives()[0], []
    names = tables.names(library)
    for k in range(discovery.values.shape[2]):
        mine = discovery.table[k * len(names) : (k + 1) * len(names)]
        printed = aligned([v for c in mine for v in (c.mean, c.mode, *c.interval)])
        for i, (name, c) in enumerate(zip(names, mine, strict=True)):
            mean, mode, *ends = printed[4 * i : 4 * i + 4]
            rows.append({
                "term": join(name, " in ", tag("math", html.rate(k))), "mean": mean, "mode": mode,
                f"{INTERVAL:.0%} interval": interval(*ends), "": "*" if c.significant else "",
            })  # fmt: skip
    return [
        say(f"Plain least squares, fitted on '{discovery.frames}' frames: the distribution of "
            f"each coefficient over {count(len(discovery.members), 'member')}. An average over "
            "members is not a model."),
        tag("details", tag("summary", f"All {len(rows)} coefficients"), records(rows),
            say(f"* significant: mean and mode both exceed {SIGNIFICANCE}.", class_="note")),
        say(f"Eq. 16 of the most typical member ({discovery.members[first]:,}):"),
        _formulas(library, discovery.values[first]),
    ]  # fmt: skip


def _provenance(discovery: Discovery, found: Mapping[str, Any], command: str) -> list[Markup]:
    known = dict(found["provenance"])
    made, flow, tried = (known.pop(k, None) for k in ("version", "tensorflow", "frames_tried"))
    criteria = {k: cell(v) for k, v in known.pop("criteria").items()}
    about = {
        "this page": tag("code", command),
        "the ensemble": tag("code", str(known.pop("command"))) if "command" in known
        else "made from Python, not by the command fit",
        "made on": datetime.now().astimezone().isoformat(" ", "minutes"),
        "versions": ", ".join(
            [f"eae-sindy {__version__}", f"Python {platform.python_version()}",
             *(f"{p} {version(p)}" for p in PACKAGES)]),
        "versions of the fit": f"eae-sindy {cell(made)}, TensorFlow {cell(flow)}",
    } | {k: cell(v) for k, v in known.items()}  # fmt: skip
    if tried:
        shares = ", ".join(f"{k} {v:.0%}" for k, v in tried.items())
        about["frames tried"] = f"{shares} of the trial members held the cycle"
    settings = {k: cell(v) for k, v in asdict(discovery.ensemble.settings).items()}
    return [
        facts(about),
        tag("details", tag("summary", "All settings of the fit"), facts(settings)),
        tag(
            "details",
            tag("summary", "The numbers that judge: good up to the first, bad beyond the second"),
            facts(criteria),
        ),
    ]
