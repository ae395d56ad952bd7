"""What could not be used of frames and members, and what too little of it leaves unsaid."""

from collections.abc import Mapping
from typing import Any

from ...discovery.mending import Flaws
from ...recipes import CRITERIA, Criteria
from .verdict import Verdict, graded


def of_preparation(told: Mapping[str, Any], criteria: Criteria = CRITERIA) -> list[Verdict]:
    """Say what was done to frames before the fit: see `snapshots.preparation`."""
    said = []
    if told.get("smoothed"):
        text = (
            f"noise of {told['noise']:.2g} of the r.m.s. fluctuation was smoothed along each "
            "trajectory; errors are those of the smoothed frames"
        )
        said.append(Verdict.of("frames-smoothed", "good", text))
    if "rates_by" in told:
        text, level = f"not given, and made by {told['rates_by']}", "good"
        if "rates_error" in told:
            level = graded(told["rates_error"], criteria.rates_error)
            text += f"; noise leaves them about {told['rates_error']:.2g} of their r.m.s. off"
        advice = "" if level == "good" else "give rates, measure more often, or --smooth"
        said.append(Verdict.of("rates-made", level, text, advice))
    return said


def of_input(flaws: Flaws, dropped: int, kept: int, criteria: Criteria = CRITERIA) -> list[Verdict]:
    """Say what was left out, and whether one member alone is left.

    Parameters
    ----------
    flaws : Flaws
        Frames, rates and terms that are no numbers.
    dropped, kept : int
        Members without finite coefficients, and with them.
    """
    said = []
    if flaws.frames:
        text = f"{flaws.frames:,} hold NaN and are left out"
        said.append(Verdict.of("frames-left-out", "caution", text))
    if flaws.rates:
        text = f"those of {flaws.rates:,} frames hold NaN: they are differences of the field"
        said.append(Verdict.of("rates-differentiated", "caution", text))
    if flaws.terms:
        text = f"terms that overflow on the data are left out: {', '.join(flaws.terms)}"
        said.append(Verdict.of("terms-overflow", "bad", text))
    if dropped:
        level = graded(dropped / (dropped + kept), criteria.members_dropped)
        text = (
            f"{dropped:,} of {dropped + kept:,} give no finite coefficients and are left out: "
            "their weights hold NaN, or terms overflow"
        )
        said.append(Verdict.of("members-dropped", level, text))
    if kept == 1:
        text = "there is one member: intervals over members mean nothing; raise --draws"
        said.append(Verdict.of("one-member", "bad", text))
    return said
