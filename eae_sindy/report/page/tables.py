"""The tables of a page: what summary.json holds, as a reader would have it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...discovery.result import Discovery
from ...dynamics import conversions
from ...dynamics.library import Library
from ...recipes import CRITERIA, INTERVAL, Criteria
from ..numbers import span
from .html import Markup, facts, join, rate, records, say, table, tag
from .numbers import NOTHING, aligned, cell, interval, number

ABREAST = 3  # equations beside one another in a table of coefficients


def names(library: Library) -> list[Markup]:
    """Return the terms of a library as formulas."""
    return [tag("math", Markup(term)) for term in conversions.mathml(library)]


def terms(library: Library, mode: Mapping[str, Any]) -> list[Markup]:
    """Return tables of a mode's coefficients with their intervals, a few equations to each."""
    xi = np.array(mode["coefficients"])
    used = [int(j) for j in np.flatnonzero(xi.any(axis=1))]
    if not used:
        return []
    known = mode["interval"] is not None
    # Value, low and high end: printed together, so that all have the same decimals.
    numbers = np.stack([xi, *(mode["interval"] if known else ())])[:, used]
    printed, found = names(library), []
    for first in range(0, xi.shape[1], ABREAST):
        head: list[str] = ["term"]
        columns: list[list[str]] = [[printed[j] for j in used]]
        for k in range(first, min(first + ABREAST, xi.shape[1])):
            flat = aligned(numbers[..., k].ravel().tolist())
            value, *ends = [flat[i : i + len(used)] for i in range(0, len(flat), len(used))]
            head.append(join("in ", tag("math", rate(k))))
            columns.append(value)
            if known:
                head.append(f"{INTERVAL:.0%} interval")
                columns.append([interval(*pair) for pair in zip(*ends, strict=True)])
        found.append(table(head, list(zip(*columns, strict=True))))
    if not known:
        found.append(say("Too few replicates fall into this mode for intervals.", class_="note"))
    return found


def orbits(found: Mapping[str, Any]) -> list[Markup]:
    """Return the table of orbits: plain, chosen and replicated equations beside the data."""
    plain, chosen = found.get("plain_orbits"), found.get("orbits")
    if plain is None:
        return [say("The data show no period, and most of these equations no cycle that attracts.")]
    columns = {"Eq. 16 as it stands": plain}
    if chosen is not None:
        columns |= {"chosen by running": chosen, "resampled frames": chosen["replicates"]}
    rows = [
        ["integrated", *(number(c["members"]) for c in columns.values()), ""],
        ["hold the data's cycle", *(f"{c['integrable_fraction']:.1%}" for c in columns.values()),
         ""],
    ]  # fmt: skip
    for kind in list(plain["classes"])[1:]:
        counts = (number(c["classes"][kind]) for c in columns.values())
        rows.append([kind.replace("_", " "), *counts, ""])
    of_data = {"period": plain["reference_period"], "amplitude": 1.0, "growth": np.nan}
    labels = {"period": "period", "amplitude": "amplitude over the data's",
              "growth": "growth off the cycle"}  # fmt: skip
    for key, label in labels.items():
        none = {"median": np.nan, "interval": (np.nan, np.nan)}
        said = [c.get(key, none) for c in columns.values()]
        *printed, data = aligned(
            [*(v for s in said for v in (s["median"], *s["interval"])), of_data[key]]
        )
        ends = [interval(*printed[i + 1 : i + 3]) for i in range(0, len(printed), 3)]
        rows.append([f"{label}, median", *printed[::3], "" if data == NOTHING else data])
        rows.append([f"{INTERVAL:.0%} interval", *ends, ""])
    return [
        say("Equations integrated for 20 periods from the first test frame, beside what the data "
            "do. Medians and intervals are of those that hold the cycle; replicates with "
            "resampled frames are not members. The data's own period is read off their returns; "
            f"their spectrum says {aligned([plain['spectral_period']])[0]}."),
        table(["", *columns, "the data"], rows),
    ]  # fmt: skip


def forecast(found: Mapping[str, Any]) -> list[Markup]:
    """Return the errors of forecasts beside those of reconstructions."""
    r, f = found["reconstruction"], found.get("forecast")
    rows = [
        {"on the test frames": "reconstruction, mean over members", "field": r["field"],
         "rate": r["rate"], "latent rate": r["latent_rate"]},
        {"on the test frames": "reconstruction by the mean of the members' fields",
         "field": r["field_of_mean"]},
    ]  # fmt: skip
    if f is None:
        said = "There is no forecast: no equations were chosen by running them."
    else:
        rows += [
            {"on the test frames": "forecast, median over members", "field": f["field"]},
            {"on the test frames": "forecast by the mean of the members' fields",
             "field": f["field_of_mean"]},
        ]  # fmt: skip
        said = (
            f"The forecast runs for {number(f['horizon'])} units of time from the first test frame;"
            f" its field error is {number(f['over_reconstruction'], 3)} of the reconstruction's."
        )
    return [say(said), records(rows)]


def chains(
    discovery: Discovery, found: Mapping[str, Any], criteria: Criteria = CRITERIA
) -> list[Markup]:
    """Return what the chains say about themselves: mixing, temperatures, settling."""
    said, d = found["diagnostics"], discovery.diagnostics
    rows = [
        {"quantity": m.quantity, "R-hat": f"{m.r_hat:.3f}", "ESS, bulk": round(m.ess_bulk),
         "ESS, tail": round(m.ess_tail), "autocorrelation time, draws": f"{m.time:.1f}"}
        | ({} if m.between_decoders is None
           else {"spread between decoders": f"{m.between_decoders:.2f}"})
        for m in d.mixing
    ]  # fmt: skip
    if rows:
        parts = [
            say(f"R-hat should be at most {criteria.r_hat[0]:g}, and the effective sample size "
                f"(ESS) {criteria.effective_draws[0]:g} or more."),
            records(rows),
        ]  # fmt: skip
    else:
        parts = [say("The chains are too short, or too constant, to say how well they mix.")]
    parts.append(records([
        {"kinetic temperature of": layer.name, "over the set one": f"{layer.ratio:.4f}",
         "99% range by χ²": interval(*(f"{end:.4f}" for end in layer.interval))}
        for layer in d.layers
    ]))  # fmt: skip
    measured = {
        "configurational temperature": (d.configurational_temperature, "of the set one"),
        "time step": (d.step, "of the largest stable one"),
        "noise of minibatches": (d.batch_noise, "of the temperature"),
        "drift of the loss": (d.drift, "percent"),
        "condition number of Θ": (said["condition_number"], "at the median member"),
    }
    return [*parts, facts({
        "temperature": f"{number(said['kinetic_temperature'])} sampled, "
                       f"{span(said['temperatures'])} set",
        **{k: f"{number(v, 3)} {unit}" for k, (v, unit) in measured.items() if np.isfinite(v)},
        "settled from draw": cell(said["settled_from"]),
        "members dropped": cell(said["dropped"]),
    })]  # fmt: skip


def baselines(
    found: Mapping[str, Any], comparison: Sequence[Mapping[str, Any]] | None
) -> list[Markup]:
    """Return the ensemble beside other methods."""
    r = found["reconstruction"]
    mine: dict[str, Any] = {
        "name": "this ensemble",
        "field": r["field"],
        "rate": r["rate"],
        "note": "errors of field and rate are means over members",
    }
    if "forecast" in found:
        mine["forecast"] = found["forecast"]["field"]
    if "orbits" in found:
        o = found["orbits"]
        mine |= {"members": o["members"], "runs": o["integrable_fraction"]}
        if "period" in o:
            ends = o["period"].get("interval_with_frames", o["period"]["interval"])
            mine |= {"period": o["period"]["median"], "interval": ends}
    parts = [
        say("What one gets without a network, on the same test frames."),
        *_beside([mine, *found["baselines"]]),
    ]
    if comparison:
        return [*parts, say("Other methods, on the same data:"), *_beside(comparison)]
    return [*parts, say("No comparison with other methods was given.")]


def _beside(rows: Sequence[Mapping[str, Any]]) -> list[Markup]:
    """Return methods as a table and, for they are long, their notes as a list under it.

    The number of latents is left out where it is the same for all.
    """
    shown, notes = [dict(row) for row in rows], {}
    alike = len({row["latents"] for row in rows if "latents" in row}) == 1
    for row in shown:
        if note := row.pop("note", None):
            notes[str(row.get("name"))] = str(note)
        if alike:
            row.pop("latents", None)
        if isinstance(runs := row.get("runs"), float) and np.isfinite(runs):
            row["runs"] = f"{runs:.0%}"
    return [records(shown), *([facts(notes)] if notes else [])]
