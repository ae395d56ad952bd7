"""The reconstruction, on which all else rests, and the whole in one sentence."""

from collections.abc import Iterable, Sequence

import numpy as np

from ...discovery.result import Discovery
from ...dynamics.kind import (
    CANNOT_TELL,
    CHAOTIC,
    LIMIT_CYCLE,
    NOISE,
    ONE_ORBIT,
    TRANSIENT,
    Kind,
)
from ...progress import count
from ...recipes import CRITERIA, Criteria
from ..numbers import error
from .verdict import LEVELS, Verdict, graded, worse

# What is said of equations in latents is no better than the latents: these codes rest on the
# reconstruction. What is said off the cycle also rests on members that hold it.
RESTING = (
    *("members-run", "period-inside", "off-cycle-attracts", "forecast-vs-reconstruction"),
    *("against-pod", "one-answer", "answers-same", "normal-form-agrees", "kind-of-equations"),
)
OF_CYCLE = (
    *("members-run", "period-inside", "period-of-equations"),
    *("off-cycle-attracts", "off-cycle-attracts-somehow"),
)
OFF_CYCLE = ("off-cycle-attracts", "off-cycle-repels", "off-cycle-attracts-somehow")
# Kinds of data in which a limit cycle may be.
CYCLES = (LIMIT_CYCLE, TRANSIENT, ONE_ORBIT, CANNOT_TELL)
# What decides whether the result can be used, in the order in which a user would mend it. Whether
# equations run is told by the cycle that they hold, and where there is none by what they show.
DECIDING = (
    *("kind-of-dynamics", "reconstruction", "no-equations", "choice-lost", "members-run"),
    *("kind-of-equations", "forecast-vs-reconstruction", "against-pod"),
)
USE = {
    "good": "use it where the data are",
    "caution": "use it with care",
    "bad": "do not use it as it is",
}


def of_reconstruction(found: Discovery, criteria: Criteria = CRITERIA) -> Verdict:
    """Judge the field error: against POD with as many modes, and against 1, the mean's."""
    field, pod = found.reconstruction.field, least(row.field for row in found.baselines)
    text = (
        f"on test frames the field error is {error(field)} of the variance; "
        f"that of POD with as many modes, at best, is {error(pod)}, that of the mean field 1"
    )
    level = graded(field, criteria.field_error)
    advice = "" if level == "good" else "raise --latents or --start-seconds"
    if level != "good" and found.beyond > criteria.test_beyond:
        text += f"; {found.beyond:.0%} of these frames are unlike any that were trained on"
        advice = "hold others out (--test-trajectories, --test-time), or give more like them"
        return Verdict.of("reconstruction", level, text, advice)
    if not field <= criteria.forecast_over_pod * pod:
        level = worse(level, "caution")
        text += ": the network is no better than POD"
        # Of rows with the same latents and decoder, the one that forecasts best.
        alike = [row for row in found.baselines if row.field <= criteria.forecast_over_pod * pod]
        lost = np.inf
        best = min(
            alike or found.baselines,
            key=lambda row: row.forecast if np.isfinite(row.forecast) else lost,
        )
        advice = f"take {best.name}, or raise --start-seconds"
    return Verdict.of("reconstruction", level, text, advice)


def of_kind(kind: Kind) -> Verdict:
    """Say what kind of dynamics the data show, and by which numbers."""
    text = f"{kind.name}: {kind.reason}" if kind.name != CANNOT_TELL else f"not told: {kind.reason}"
    if kind.name == NOISE:
        advice = "measure more often, or smooth; nothing that is found here is dynamics"
        return Verdict.of("kind-of-dynamics", "bad", text, advice)
    level = "good" if kind.confidence == "clear" else "caution"
    return Verdict.of("kind-of-dynamics", level, text)


def least(errors: Iterable[float]) -> float:
    """Return the least of some errors; NaN if none is a number."""
    return min((e for e in errors if np.isfinite(e)), default=np.nan)


def resting(
    said: Sequence[Verdict], found: Discovery, criteria: Criteria = CRITERIA
) -> list[Verdict]:
    """Return sentences none of which is better than what it rests on."""
    field, kind = graded(found.reconstruction.field, criteria.field_error), found.kind
    runs = next((v.level for v in said if v.code == "members-run"), "good")
    kept = []
    for verdict in said:
        if verdict.code in RESTING and LEVELS.index(field) > LEVELS.index(verdict.level):
            text = f"{verdict.text}; but of a field that the latents hold badly"
            verdict = verdict._replace(level=field, text=text)
        if verdict.code in OFF_CYCLE and LEVELS.index(runs) > LEVELS.index(verdict.level):
            text = f"{verdict.text}; but only of members that hold the cycle"
            verdict = verdict._replace(level=runs, text=text)
        if verdict.code in OF_CYCLE and kind.name not in CYCLES:
            text = f"{verdict.text}; but the data show no limit cycle: {kind.name}"
            verdict = verdict._replace(level="caution", text=text, advice="")
        kept.append(verdict)
    return kept


def headline(found: Discovery, said: Sequence[Verdict], criteria: Criteria = CRITERIA) -> Verdict:
    """Say in one sentence what was found, how good it is, whether to use it, and what to try."""
    beside = "kind-of-equations" if found.kind.name in CYCLES else "members-run"
    deciding = [
        v
        for code in DECIDING
        for v in said
        if v.code == code != beside and (code != "kind-of-dynamics" or v.level == "bad")
    ]
    level = max((v.level for v in deciding), key=LEVELS.index)
    latents = found.ensemble.settings.latents
    parts = [found.kind.name] if found.kind.name != CANNOT_TELL else []
    parts += [
        f"{count(latents, 'latent')} hold{'s' if latents == 1 else ''} the field to "
        f"{error(found.reconstruction.field)} of its variance"
    ]
    if found.answers is not None:
        f, exponent = found.answers.forecast, found.kind.yardsticks.exponent
        if found.kind.name == CHAOTIC and exponent:
            kept = f.horizon(criteria.field_error[0])
            parts.append(
                f"their equations follow the data for {kept:.3g} units of time, "
                f"{kept * exponent:.2g} Lyapunov times"
            )
        else:
            parts.append(
                f"their equations forecast {f.time[-1]:g} units of time with {error(f.field)}, "
                f"the best of POD with {error(least(row.forecast for row in found.baselines))}"
            )
    parts.append(USE[level])
    first = next((v for v in deciding if v.level == level and level != "good"), None)
    if first is not None:
        parts.append(f"first of all: {first.subject}" + (f", {first.advice}" * bool(first.advice)))
    return Verdict.of("headline", level, "; ".join(parts))
