"""Whether the equations run, how many answers there are, what the data leave open."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ...discovery.chosen_dynamics import Answers
from ...discovery.decoded_orbits import Forecast
from ...discovery.kind_of_equations import KindOfEquations
from ...discovery.measurement import Row
from ...discovery.normal_forms import NormalForms
from ...discovery.resampling import Spread
from ...discovery.result import Discovery
from ...discovery.stretches import FEW
from ...dynamics.cycles import Orbits
from ...progress import count
from ...recipes import CRITERIA, INTERVAL, Criteria
from ..numbers import error
from .verdict import Verdict, graded, worse

# The interval of one mode's growth rate: the mode, counted from 1, and its two ends.
Growth = tuple[int, float, float]


def of_equations(
    a: Answers,
    baselines: Sequence[Row],
    criteria: Criteria = CRITERIA,
    *,
    exponent: float | None = None,
) -> list[Verdict]:
    """Judge the equations chosen by running them, and hold them against `baselines`.

    `exponent` is the largest Lyapunov exponent of data that are chaotic.
    """
    said = []
    if a.orbits is not None and a.spread is not None:
        said.append(_members_run(a, criteria))
        said.append(_period(a, criteria))
        said += _off_the_cycle(a, a.spread, criteria)
    said += _choice(a, criteria)
    forecast = _forecast(a, exponent, criteria)
    against = _against_pod(a, baselines, forecast.level, criteria)
    if against.level != "good" and forecast.level == "good":
        text = f"{forecast.text}; but POD does better"
        forecast = forecast._replace(level="caution", text=text, advice=against.advice)
    said += [forecast, against]
    said.append(_of_modes(a))
    said += _normal_form(a, criteria)
    said += _collinear(a, criteria)
    return said


def no_equations(found: Discovery, criteria: Criteria = CRITERIA) -> Verdict:
    """Say why no equations were chosen."""
    text = (
        "none were chosen, for there is nothing to judge them by: no stretch of "
        f"{criteria.shortest_stretch} frames, of a training trajectory of {FEW} or of three that "
        "are shorter, lies before the test window; Eq. 16 stands as it is"
    )
    return Verdict.of("no-equations", "bad", text, "give longer trajectories, or more of them")


def _members_run(a: Answers, criteria: Criteria) -> Verdict:
    assert a.orbits is not None
    assert a.spread is not None
    share, kept = a.orbits.integrable_fraction, a.spread.orbits.integrable_fraction
    text = (
        f"{share:.1%} of {len(a.orbits.kind):,} members {_cycle(a.orbits)} when integrated; "
        f"with resampled frames {kept:.0%} of {len(a.spread.picked)} replicates do{_rotations(a)}"
    )
    level = graded(1 - share, criteria.members_off_cycle)
    advice = "" if level == "good" else "lower --temperature, or give more of the transient"
    return Verdict.of("members-run", level, text, advice)


def _cycle(found: Orbits) -> str:
    """Say what a cycle is for members: the data's, or where they show none, one that attracts."""
    known = np.isfinite(found.reference_period)
    return "hold the data's cycle" if known else "come to a cycle that attracts"


def _rotations(a: Answers) -> str:
    """Say which modes have linear equations, whose cycles are as wide as they start."""
    names = [str(k) for k, t in enumerate(a.trials, 1) if t[0].candidate.terms.startswith("linear")]
    if not names:
        return ""
    which = "" if len(names) == len(a.trials) else f" of mode {', '.join(names)}"
    return f"; the equations{which} are linear: a rotation, as wide as it starts"


def _period(a: Answers, criteria: Criteria) -> Verdict:
    assert a.orbits is not None
    assert a.spread is not None
    if a.spread.period is None:
        text = "too few replicates hold the cycle to give an interval"
        return Verdict.of("period-unknown", "bad", text, "see to it that members run, first")
    reference = a.orbits.reference_period
    low, high = a.spread.period
    if not np.isfinite(reference):
        text = (
            f"{INTERVAL:.0%} interval over encoders, decoders, frames and equations that run as "
            f"well [{low:.4f}, {high:.4f}]; it is the equations' own, since no trajectory is long "
            "enough to show one"
        )
        advice = f"give a trajectory of {criteria.least_cycles} cycles or more that have settled"
        return Verdict.of("period-of-equations", "caution", text, advice)
    inside, narrow = low <= reference <= high, high - low < criteria.period_width * reference
    code = "period-outside" if not inside else "period-inside" if narrow else "period-wide"
    text = (
        f"{INTERVAL:.0%} interval over encoders, decoders, frames and equations that run as well "
        f"[{low:.4f}, {high:.4f}], "
        f"{100 * (high - low) / reference:.2g}% wide; the data's own, {reference:.4f}, lies "
        f"{'inside' if inside else 'outside'}"
    )
    return Verdict.of(code, "good" if inside and narrow else "caution", text)


def _off_the_cycle(a: Answers, spread: Spread, criteria: Criteria) -> list[Verdict]:
    """Say whether the cycle attracts, mode by mode: pooled, one would hide another."""
    neutral = [k for k, tried in enumerate(a.trials) if tried[0].candidate.neutral]
    growths = _growths(a, spread, neutral, criteria)
    if not growths and not neutral:
        return []
    if not growths:
        text = (
            "neither growth nor decay, by choice: equations that could do either ran no better; "
            "the data do not tell whether the cycle attracts"
        )
        return [Verdict.of("off-cycle-neutral", "caution", text)]
    code, says = _stability(growths)
    ends = ", ".join(
        f"[{low:.3f}, {high:.3f}]" + (f" (mode {k})" if len(growths) > 1 else "")
        for k, low, high in growths
    )
    if neutral:
        ends += f", 0 by choice (mode {', '.join(str(k + 1) for k in neutral)})"
    level = "good" if code == "off-cycle-attracts" and not neutral else "caution"
    text = f"neighbours of the cycle grow at {ends} per unit of time: {says}"
    return [Verdict.of(code, level, text)]


def _growths(
    a: Answers, spread: Spread, neutral: Sequence[int], criteria: Criteria
) -> list[Growth]:
    """Return the interval of each mode's growth rate, where enough replicates have one."""
    held = spread.own & spread.orbits.holds & np.isfinite(spread.orbits.growth)
    mode_of, found = a.modes.label[spread.picked], []
    for k in range(len(a.modes)):
        mine = held & (mode_of == k)
        if np.count_nonzero(mine) >= criteria.replicates_for_interval and k not in neutral:
            low, high = spread.interval(spread.orbits.growth[mine], mine)
            found.append((k + 1, float(low), float(high)))
    return found


def _stability(growths: Sequence[Growth]) -> tuple[str, str]:
    """Return the code of what the growth rates of all modes come to, and the words for it."""
    lows, highs = [g[1] for g in growths], [g[2] for g in growths]
    if max(highs) <= 0 and max(lows) > min(highs):
        return "off-cycle-attracts-somehow", "it attracts; the modes disagree how fast"
    if max(highs) <= 0:
        return "off-cycle-attracts", "it attracts"
    if min(lows) >= 0:
        return "off-cycle-repels", "it repels, slowly enough to stay within the test"
    if max(lows) > min(highs):
        return "off-cycle-disagree", "the modes disagree; do not trust the equations off it"
    return (
        "off-cycle-unknown",
        "the data do not tell whether it attracts; do not trust the equations off it",
    )


def _choice(a: Answers, criteria: Criteria) -> list[Verdict]:
    """Say for which modes nothing that was tried follows the data."""
    least = {k: min(t.error for t in tried) for k, tried in enumerate(a.trials, 1)}
    astray = [k for k, error in least.items() if error >= criteria.trajectory_lost]
    if not astray:
        return []
    # Errors are capped: at the cap for all of them there was nothing to choose by.
    none = all(least[k] >= criteria.worst_trajectory for k in astray)
    text = (
        "no candidate's trajectories stay with the data on the validation stretches "
        f"(mode {', '.join(map(str, astray))}): "
        + ("Eq. 16 stands as it is" if none else "what is chosen is the least bad")
    )
    return [Verdict.of("choice-lost", "bad", text, "try --latents one more, or a higher --degree")]


def of_kind_of_equations(
    found: KindOfEquations | None, criteria: Criteria = CRITERIA
) -> list[Verdict]:
    """Say what the equations show, run along all the data, beside what the data show."""
    if found is None:
        return []
    total = len(found.kinds) + found.lost
    others = Counter(kind.name for kind in found.kinds if kind not in found.alike)
    parts = [f"{count(n, 'member')} {name}" for name, n in others.most_common()]
    parts += [f"{count(found.lost, 'orbit')} lost"] * bool(found.lost)
    parts += [f"{name} {each.equations:.4g} (data {each.data:.4g})"
              for name, each in found.numbers.items()]  # fmt: skip
    if found.exponents is not None and np.isfinite(found.exponents).any():
        own = found.exponents[np.isfinite(found.exponents)]
        spread = own.std() / np.sqrt(len(own))
        parts.append(f"by their tangents the largest exponent is {own.mean():.3g} ± {spread:.1g}")
    if found.apart is not None:
        parts.append(
            f"invariant measures lie {found.apart[0]:.2g} of a standard deviation apart, the "
            f"earlier and the later halves of the data {found.apart[1]:.2g}"
        )
    text = (
        f"run along all the data, the equations of {len(found.alike)} of {total} members show what "
        f"the data do, {found.data.name}" + "".join(f"; {part}" for part in parts)
    )
    level = graded(found.otherwise, criteria.other_kind)
    if graded(1 - found.share, criteria.other_kind) != "good":  # too many cannot be told
        level = worse(level, "caution")
    off = max((each.off for each in found.numbers.values()), default=0.0)
    if graded(off, criteria.yardsticks_off) != "good":
        level = worse(level, "caution")
    advice = "" if level == "good" else "try one more of --latents, or another --degree"
    return [Verdict.of("kind-of-equations", level, text, advice)]


def _forecast(a: Answers, exponent: float | None, criteria: Criteria) -> Verdict:
    """Judge the forecast by the reconstruction, which no equations can better, and by itself.

    Of what is chaotic by how many Lyapunov times it is good for, since no equations forecast
    it for long.
    """
    f = a.forecast
    if exponent is not None and f.field >= criteria.forecast_small:
        most = criteria.field_error[0]
        kept = f.horizon(most)
        text = (
            f"the field error stays below {most:g} for {kept:.3g} units of time, "
            f"{kept * exponent:.2g} times the Lyapunov time of the data; over "
            f"{f.time[-1]:g} units it is {error(f.field)}{_of_all(f)}"
        )
        level = graded(kept * exponent, criteria.lyapunov_times)
        advice = "" if level == "good" else "give more data, or try a higher --degree"
        return Verdict.of("forecast-vs-reconstruction", level, text, advice)
    text = (
        f"field error over {f.time[-1]:g} units of time is {error(f.field)}, {f.ratio:.2f} of the "
        f"reconstruction's{_of_all(f)}"
    )
    small = f.field < criteria.forecast_small
    level = "good" if small else graded(f.ratio, criteria.forecast_over_reconstruction)
    if level == "bad" and graded(f.field, criteria.field_error) == "good":
        level = "caution"  # far from what the latents could do, and small all the same
    level, advice = worse(level, graded(f.field, criteria.field_error)), ""
    if graded(f.worst, criteria.field_error) == "bad":
        level = worse(level, "caution")
    if level != "good":
        advice = "forecast over a shorter time, or try a higher --degree or one more of --latents"
    return Verdict.of("forecast-vs-reconstruction", level, text, advice)


def _of_all(f: Forecast) -> str:
    """Say of how many trajectories that is the median, and what the worst has."""
    if not f.others:
        return ""
    return (
        f"; the median of {len(f.each)} test trajectories, of which the worst has {error(f.worst)}"
    )


def _against_pod(a: Answers, baselines: Sequence[Row], level: str, criteria: Criteria) -> Verdict:
    """Hold the forecast, which is of this level, against that of the best baseline."""
    able = [row for row in baselines if row.forecast < criteria.worst_trajectory and row.terms > 0]
    if not able:
        text = (
            "no equations of POD stay with the data, or keep a term: to be better than they are "
            "says nothing"
        )
        return Verdict.of("against-pod", level, text)
    best = min(able, key=lambda row: row.forecast)
    over = a.forecast.field / best.forecast if best.forecast > 0 else np.inf
    text = (
        f"{best.name}, forecasts with an error of {error(best.forecast)} in {best.seconds:.2g} s, "
        f"this ensemble with {error(a.forecast.field)}"
    )
    good = over <= criteria.forecast_over_pod
    advice = "" if good else "take the former"
    return Verdict.of("against-pod", "good" if good else "caution", text, advice)


def _of_modes(a: Answers) -> Verdict:
    """Say how many answers there are, up to changes of coordinates."""
    count = len(a.modes)
    if count == 1:
        alone = len(a.modes.label) == 1
        text = "of one member" if alone else "all members agree on the field"
        return Verdict.of("one-answer", "good", f"one answer: {text}")
    with_first = [e for e in a.equivalences if e.modes[0] == 0]
    same = {e.modes for e in with_first if e.same}
    alike = {e.modes for e in with_first if e.alike} - same
    text = (
        f"{count} answers, of weights {', '.join(f'{w:.0%}' for w in a.modes.weight)}; "
        f"{len(same)} of the {count - 1} others are the first in other coordinates"
    )
    if alike:
        text += f", {len(alike)} nearly, where the data are, though members tell them apart"
    if len(same) == count - 1:
        return Verdict.of("answers-same", "good", text)
    return Verdict.of("answers-differ", "caution", text)


def _normal_form(a: Answers, criteria: Criteria) -> list[Verdict]:
    """Say whether decoders have the same normal form; nothing where they cannot be compared."""
    n = a.normal
    if n is None or n.reason or not n.compared:
        return []
    count = len(n.decoders)
    if not n.disagree:
        text = (
            f"in the frame of the normal form the intervals of all {count} decoders overlap, for "
            f"{', '.join(n.names)}: what they say may be averaged there{_far(n, criteria)}"
        )
        return [Verdict.of("normal-form-agrees", "good", text)]
    text = (
        f"decoders are not averaged: in the frame of the normal form some of the {count} differ "
        f"from the others in {', '.join(n.disagree)} by more than encoders and frames explain"
        f"{_far(n, criteria)}"
    )
    return [Verdict.of("normal-form-differs", "caution", text)]


def _far(n: NormalForms, criteria: Criteria) -> str:
    """Say that the normal form has another cycle than the data, where it has."""
    if not n.cycle or abs(n.amplitude - 1) <= criteria.amplitude_tolerance:
        return ""
    return (
        f"; but its cycle has {n.amplitude:.2f} of the amplitude of the data: the "
        "cubic equations that it describes do not hold the data's own cycle"
    )


def _collinear(a: Answers, criteria: Criteria) -> list[Verdict]:
    """Name the groups of terms of which single coefficients mean nothing."""
    if not a.collinear:
        return []
    named = criteria.collinear_groups_named
    groups = "; ".join(", ".join(group) for group in a.collinear[:named])
    more = f"; and {len(a.collinear) - named} more" if len(a.collinear) > named else ""
    text = (
        f"of all terms the data hardly tell these apart: {groups}{more}; only what a group adds up "
        "to counts"
    )
    return [Verdict.of("collinear-terms", "caution", text)]
