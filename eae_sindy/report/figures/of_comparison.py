"""The figure of a comparison: one line to a method, its errors, period, orbits and time."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...comparison.comparison import Comparison
from ...recipes import INTERVAL
from .style import GREY, INK, PURPLE, STYLE, TEAL, title

WORST = 3.0  # errors beyond this stand at the edge: predicting the mean field scores 1
NEAR = 0.03  # of the data's period: periods farther off stand at the edge


def comparison(found: Comparison) -> Figure:
    """Draw test errors (a), periods (b), members that run (c) and seconds (d) of every method."""
    rows = found.rows
    figure = Figure(figsize=(10, 1.4 + 0.27 * len(rows)), layout="constrained")
    axes = figure.subplots(1, 4, sharey=True, width_ratios=[3, 2.4, 1, 1])
    y = np.arange(len(rows))
    _errors(axes[0], found, y)
    _periods(axes[1], found, y)
    runs = np.nan_to_num([row.runs for row in rows])
    axes[2].barh(y, 100 * runs, 0.55, color=PURPLE)
    axes[2].set_xlim(0, 100)
    axes[2].set_xlabel("% of members", **STYLE)
    title(axes[2], "c", "on cycle")
    axes[3].plot([row.seconds for row in rows], y, "o", color=INK, ms=4)
    axes[3].set_xscale("log")
    axes[3].set_xlabel("seconds", **STYLE)
    title(axes[3], "d", "time")
    for axis in axes:
        axis.tick_params(labelsize=8)
        axis.tick_params(axis="y", length=0)
        axis.grid(axis="y", color="#eeeeee")
        axis.set_axisbelow(True)
        axis.spines[["top", "right", "left"]].set_visible(False)
    axes[0].set_yticks(y, [f"{row.name}  ({_terms(row.terms)})" for row in rows])
    axes[0].invert_yaxis()
    return figure


def _terms(count: float) -> str:
    return f"{count:.0f} term{'' if count == 1 else 's'}"


def _errors(axis: Axes, found: Comparison, y: np.ndarray) -> None:
    # From large and hollow to small and full: they often coincide.
    marks = (("field", "o", GREY, 9), ("rate", "s", TEAL, 6), ("forecast", "D", PURPLE, 3.5))
    values = {name: np.array([getattr(row, name) for row in found.rows]) for name, *_ in marks}
    for k in range(len(y)):
        ends = [min(v[k], WORST) for v in values.values() if not np.isnan(v[k])]
        if ends:
            axis.plot([min(ends), max(ends)], [y[k], y[k]], color="#dddddd", lw=1.2, zorder=1)
    for name, mark, colour, size in marks:
        fill = colour if name == "forecast" else "none"
        within = np.where(values[name] <= WORST, values[name], np.nan)
        axis.plot(within, y, mark, color=colour, ms=size, mfc=fill, label=name)
        far = y[values[name] > WORST]
        axis.plot(np.full(len(far), WORST), far, ">", color=colour, ms=max(size, 5), mfc=fill)
    axis.set_xscale("log")
    axis.axvline(1, color=GREY, lw=0.8, ls=":")
    axis.set_xlabel("relative squared error on the test frames", **STYLE)
    axis.legend(
        fontsize=7.5, frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(-0.02, 1.06)
    )
    title(axis, "a", "errors")


def _periods(axis: Axes, found: Comparison, y: np.ndarray) -> None:
    reference = found.reference_period
    low, high = (1 - NEAR) * reference, (1 + NEAR) * reference
    for row, at in zip(found.rows, y, strict=True):
        if row.interval is not None:
            axis.plot(row.interval, [at, at], color=PURPLE, lw=2, alpha=0.45, solid_capstyle="butt")
            # Where an interval goes on, and a median is: an arrow at the edge, pale or dark.
            for end in row.interval:
                if not low <= end <= high:
                    _beyond(axis, end, low, high, at, "none")
        if low <= row.period <= high:
            axis.plot(row.period, at, "o", color=PURPLE, ms=4)
        elif np.isfinite(row.period):
            _beyond(axis, row.period, low, high, at, PURPLE)
    if np.isfinite(reference):
        axis.axvline(reference, color=INK, lw=0.8)
        axis.set_xlim(low, high)
    axis.set_xlabel("time", **STYLE)
    title(axis, "b", f"period, {INTERVAL:.0%} interval")


def _beyond(axis: Axes, value: float, low: float, high: float, at: float, fill: str) -> None:
    """Point at a value that lies off the axis."""
    edge, mark = (low, "<") if value < low else (high, ">")
    axis.plot(edge, at, mark, color=PURPLE, ms=5, mfc=fill, clip_on=False, zorder=3)
