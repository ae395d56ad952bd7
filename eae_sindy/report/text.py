"""What a discovery and a comparison print."""

from collections.abc import Sequence

import numpy as np

from ..discovery.chosen_dynamics import Answers
from ..discovery.measurement import Row
from ..discovery.normal_forms import NormalForms
from ..discovery.result import Discovery
from ..discovery.sparse_model import unframed
from ..discovery.stretches import average
from ..dynamics.conversions import equations
from ..progress import count
from ..recipes import INTERVAL, SIGNIFICANCE, Criteria
from .numbers import error
from .report import Report
from .verdicts import Verdict

# How errors of trajectories became one, when equations were chosen.
RULES = {
    "mean": "errors of trajectories are averaged: equations that hold from the first frame on; "
    "with --average geometric those that are best on the settled part",
    "geometric": "errors of trajectories are averaged geometrically: equations best on the settled "
    "part, which may lose a transient; with --average mean those that hold from the first frame",
}


def lines(report: Report) -> list[str]:
    """Return the discovery as text: in short, a table like Table 2, then orbits and errors."""
    discovery, summary = report.discovery, report.summary
    found = [
        *sentences(report.verdicts[:1]),
        "",
        f"read {discovery.read:,} of {count(discovery.settled, 'settled member')}, spread evenly"
        if discovery.read < discovery.settled
        else f"read all of {count(discovery.settled, 'settled member')}",
        "",
        f"{'':4} {'term':>9} {'mean':>9} {'mode':>9}   {INTERVAL:.0%} interval",
    ]
    for row in discovery.table:
        low, high = row.interval
        found.append(
            f"{row.equation:4} {row.term:>9} {row.mean:9.3f} {row.mode:9.3f}   "
            f"[{low:.3f}, {high:.3f}]{' *' if row.significant else ''}"
        )
    found += [f"  * significant: mean and mode both exceed {SIGNIFICANCE}", ""]
    first = discovery.representatives()[0]
    found.append(f"most typical member ({discovery.members[first]}):")
    found += [f"  {line}" for line in discovery.equations(first)] + [""]

    tried = ", ".join(f"{k} {v:.0%}" for k, v in discovery.trials.items())
    found.append(
        f"Eq. 16 as it stands, on '{discovery.frames}' frames"
        + (f", by {discovery.sparse.optimizer}" if discovery.sparse else "")
        + (f" (trial members that held the cycle: {tried})" if tried else "")
    )
    found.append("  " + _orbits(summary.get("plain_orbits")))
    if discovery.answers is not None:
        found += ["", *_modes(discovery), "  " + _orbits(summary.get("orbits"))]
        found += [*_normal_form(discovery.answers.normal), ""]
    r, diagnostics = discovery.reconstruction, summary["diagnostics"]
    found.append(
        f"test errors, mean over members: field {error(r.field)}, rate {error(r.rate)}, "
        f"latent rate {error(r.latent_rate)}; field of the mean {error(r.field_of_mean)}"
    )
    found += [f"  {line}" for line in table(discovery.baselines)]
    found.append(
        f"sampler: kinetic temperature {diagnostics['kinetic_temperature']:.3e} for "
        f"{diagnostics['temperature']:.3e} set; median condition number of Θ "
        f"{diagnostics['condition_number']:.0f}; {discovery.dropped} members dropped"
    )
    return [*found, "", *_chains(discovery), "", *sentences(report.verdicts[1:])]


def table(rows: Sequence[Row]) -> list[str]:
    """Return a comparison as text, one line to a method under a head."""
    wide = max(len(row.name) for row in rows)
    found = [
        f"{'':{wide}} {'latents':>7} {'terms':>5} {'field':>7} {'rate':>7} {'forecast':>8} "
        f"{'period':>7} {'interval':>16} {'run':>5} {'seconds':>7}"
    ]
    for row in rows:
        ends = "" if row.interval is None else "[{:.4f}, {:.4f}]".format(*row.interval)
        found.append(
            f"{row.name:{wide}} {row.latents:7} {_blank(row.terms, '.0f'):>5} "
            f"{_short(row.field):>7} {_short(row.rate):>7} {_short(row.forecast):>8} "
            f"{_blank(row.period, '.4f'):>7} {ends:>16} {_blank(row.runs, '.0%'):>5} "
            f"{_blank(row.seconds, '.2g' if row.seconds < 10 else '.0f'):>7}"
        )
    return found


def _short(value: float) -> str:
    if value >= 10:
        return "lost"
    return error(value) if value == value else "–"


def _blank(value: float, form: str) -> str:
    return f"{value:{form}}" if value == value else "–"


def _orbits(orbits: dict | None) -> str:
    if orbits is None:
        return "orbits: the data show no period, and most of these equations no cycle"
    counts = ", ".join(f"{v:,} {k.replace('_', ' ')}" for k, v in orbits["classes"].items() if v)
    text = f"orbits of {orbits['members']:,} members: {counts}"
    if "period" in orbits:
        low, high = orbits["period"]["interval"]
        text += f"; period {orbits['period']['median']:.4f} [{low:.4f}, {high:.4f}]"
        if "interval_with_frames" in orbits["period"]:
            low, high = orbits["period"]["interval_with_frames"]
            text += f", with resampled frames [{low:.4f}, {high:.4f}]"
    own = orbits["reference_period"]
    return f"{text}; data {own:.4f}" if own == own else f"{text}; the data show no period"


def _modes(discovery: Discovery) -> list[str]:
    """Return each mode's equations, chosen by running them, and which modes are the same."""
    a = discovery.answers
    assert a is not None
    found = [RULES[average(discovery.ensemble.frames, discovery.criteria)]]
    found.append("chosen by running on validation stretches:")
    for k, weight in enumerate(a.modes.weight):
        tried = a.trials[k]
        least = min(t.error for t in tried)
        found.append(
            f"mode {k + 1} ({weight:.0%} of members): {tried[0].candidate.name}; trajectory error "
            f"{tried[0].error:.2g}, of {len(tried)} tried "
            + ("the least" if tried[0].error == least else f"the least {least:.2g}")
        )
        found += [f"  {line}" for line in equations(a.representative(k), a.library.terms)]
        found += _sparse(a, k, discovery.criteria)
    return [*found, *(e.sentence() for e in a.equivalences)]


def _normal_form(found: NormalForms | None) -> list[str]:
    """Return the coefficients that decoders have in common, with their intervals."""
    if found is None:
        return []
    if found.reason:
        return [f"no normal form to compare decoders by: {found.reason}"]
    unit = "one" if found.cycle else "in units of the data's r.m.s."
    said = [
        f"one frame for all decoders: w' = (mu + i omega) w + (a + i b)|w|^2 w, amplitude {unit}; "
        f"of cubics on '{found.frames}' frames"
    ]
    for k, name in enumerate(found.names):
        (low, high), agree = found.joint[:, k], "decoders agree"
        if not found.compared:
            agree = "decoders not compared"
        elif name in found.disagree:
            agree = "decoders differ"
        said.append(f"  {name:>5} {found.median[k]:10.4g}   [{low:.4g}, {high:.4g}]  {agree}")
    if np.isfinite(found.amplitude):
        said.append(
            f"  its cycle has {found.amplitude:.2f} of the data's r.m.s. amplitude; "
            "far from 1 the cubics say little on the data's own cycle"
        )
    return [*said, *(f"  {note}" for note in found.notes)]


def _sparse(a: Answers, mode: int, criteria: Criteria) -> list[str]:
    """Return the sparse equations of a mode, where they are others than those that were chosen."""
    found = a.sparse[mode]
    why = unframed(a.library.latents, found, criteria)
    none = [f"  {why}"] if why else []
    if found is None or (found.trial.candidate is a.trials[mode][0].candidate and not found.frame):
        return none
    said = [
        f"  with few coefficients, {found.trial.coefficients:.0f}: {found.trial.candidate.name}; "
        f"forecast error {found.forecast:.2g}, of those above {a.forecast.field:.2g}"
    ]
    if found.frame is not None:
        c, matrix = found.frame
        ends = ", ".join(f"{x:.4g}" for x in c)
        rows = "; ".join(" ".join(f"{x + 0.0:.4g}" for x in row) for row in matrix)
        said.append(f"    in y = A (z - c), A = [{rows}], c = [{ends}]")
    return [*said, *(f"    {line}" for line in found.lines), *none]


def _chains(discovery: Discovery) -> list[str]:
    """Return the table of what the chains say about themselves."""
    head = f"{'quantity':>12} {'R-hat':>7} {'ESS bulk':>9} {'ESS tail':>9} {'τ (draws)':>10}"
    found = [head + " between decoders"]
    for m in discovery.diagnostics.mixing:
        spread = "" if m.between_decoders is None else f"{m.between_decoders:17.2f}"
        found.append(
            f"{m.quantity:>12} {m.r_hat:7.3f} {m.ess_bulk:9.0f} {m.ess_tail:9.0f} {m.time:10.1f}"
            + spread
        )
    return found


def sentences(said: Sequence[Verdict]) -> list[str]:
    """Return verdicts as text, one line each, marked by their levels."""
    marks = {"good": "ok ", "caution": " ! ", "bad": "!!!"}
    return [f"{marks[v.level]} {v.subject}: {v.sentence}" for v in said]
