"""Whether a network was worth its time: the tool's forecast beside those of all others."""

from collections.abc import Sequence

import numpy as np

from ...comparison.comparison import EAE, Comparison
from ...discovery.measurement import Row
from ...discovery.polynomial_decoder import CONTROL
from ...recipes import CRITERIA, Criteria
from .verdict import Verdict


def of_comparison(found: Comparison, criteria: Criteria = CRITERIA) -> list[Verdict]:
    """Say which forecast to take, in one sentence; none if there are none to compare.

    Where the control forecasts as well as the best of the tool's own methods it is recommended.
    Otherwise it is said by what factor the tool is ahead of the best other method, or behind it.
    """
    own = found.of(EAE)
    ours, control = _best(own), _best(found.of(CONTROL))
    others = _best([row for row in found.rows if row not in own])
    if not own or (ours is None and others is None):
        return []
    if ours is None:
        assert others is not None
        text = f"every forecast of the {EAE} is lost, {_said(others)}: take that one"
        return [Verdict.of("others-ahead", "caution", text)]
    alike = criteria.forecast_over_pod
    if control and control.forecast <= alike * ours.forecast:
        far = ours.forecast > alike * control.forecast
        text = (
            f"{_said(control)}, {_times_less(control, ours) if far else 'as good as'} the best of "
            f"the {EAE}, {_said(ours)}: take the control, which needs no network"
        )
        if others and alike * others.forecast < control.forecast:
            text += f"; better still is {_said(others)}"
        return [Verdict.of("control-as-good", "caution", text)]
    if others is None:
        text = f"{_said(ours)}; the forecasts of all other methods are lost"
        return [Verdict.of("network-ahead", "good", text)]
    first, second = sorted((ours, others), key=lambda row: row.forecast)
    text = f"{_said(first)}, {_times_less(first, second)} {_said(second)}"
    if first is ours:
        return [Verdict.of("network-ahead", "good", text)]
    return [Verdict.of("others-ahead", "caution", f"{text}: take the former")]


def _best(rows: Sequence[Row]) -> Row | None:
    """Return the row with the least forecast error; None if none has one."""
    able = [row for row in rows if np.isfinite(row.forecast)]
    return min(able, key=lambda row: row.forecast, default=None)


def _times_less(first: Row, second: Row) -> str:
    """Return by what factor the first forecast is better than the second."""
    factor = second.forecast / first.forecast if first.forecast > 0 else np.inf
    return f"{factor:.2g} times less than"


def _said(row: Row) -> str:
    """Return what a method forecasts with, and the time that it takes."""
    form = ".2g" if row.seconds < 10 else ".0f"
    time = f"{row.seconds:{form}} s" if np.isfinite(row.seconds) else "an unknown time"
    return f"{row.name}, with an error of {row.forecast:.2g} in {time}"
