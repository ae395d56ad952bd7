"""The figure of a forecast of new snapshots: errors, one point in time, and fields."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...discovery.decoded_orbits import Forecast, decoded
from ...ensemble.intervals import interval
from ...ensemble.members import each
from ...new_data.forecast import Prediction, Run
from ...recipes import INTERVAL
from ...snapshots.snapshots import Snapshots
from .style import GREY, INK, PALE, PURPLE, STYLE, TEAL, page_slice, title

ROWS = ("data", "forecast", "spread")


def forecast(prediction: Prediction, data: Snapshots) -> Figure:
    """Draw the first trajectory: error (a), the strongest point in time (b), fields (c)."""
    run = prediction.runs[0]
    figure = Figure(figsize=(10, 4.9), layout="constrained")
    parts: Any = figure.subfigures(1, 2, width_ratios=[1, 1.2])
    left, right = parts
    if run.error is None:
        point = _point(left.subplots(), prediction, run, data, "a")
    else:
        axes = left.subplots(2, 1, sharex=True)
        _error(axes[0], run, run.error)
        point = _point(axes[1], prediction, run, data, "b")
    _fields(right, prediction, run, data, point)
    return figure


def _error(axis: Axes, run: Run, e: Forecast) -> None:
    """Draw the members' errors against how far ahead they look."""
    time = e.time + run.time[0]
    low, high = e.band
    axis.fill_between(time, low, high, color=PALE, lw=0, label=f"{INTERVAL:.0%} of members")
    axis.semilogy(time, np.median(e.error, axis=0), color=PURPLE, lw=1.3, label="forecast")
    axis.semilogy(time, np.median(e.reconstruction, axis=0), color=TEAL, lw=1,
                  label="reconstruction")  # fmt: skip
    least, most = float(min(low.min(), e.reconstruction.min())), float(high.max())
    if most > 0.5:
        axis.axhline(1, color=GREY, lw=0.8, ls="--", zorder=0, label="mean field")
    axis.set_ylim(0.7 * max(least, 1e-12), 3 * most * max(1, (most / max(least, 1e-12)) ** 0.2))
    axis.set_ylabel("relative field error", **STYLE)
    axis.legend(fontsize=7, frameon=False, loc="upper left", ncols=4,
                handlelength=1.4, columnspacing=1)  # fmt: skip
    title(axis, "a", f"field error: {e.field:.3g}, {e.ratio:.2f} of the reconstruction's")


def _point(
    axis: Axes, prediction: Prediction, run: Run, data: Snapshots, letter: str
) -> tuple[int, ...]:
    """Draw the field in time where it is strongest; return that point as an index of a frame."""
    ensemble, pod = prediction.ensemble, prediction.ensemble.pod
    at = int(np.argmax(pod.sigma**2 @ pod.modes**2))
    here = slice(at, at + 1)

    def series(k: int) -> np.ndarray:
        x = decoded(ensemble, prediction.members[k], run.orbit[:, k])
        return pod.expand(x[:, : pod.rank], here)[:, 0]

    members = np.stack(list(each(np.flatnonzero(run.stayed), series)))
    flat = at if ensemble.mask is None else int(np.flatnonzero(ensemble.mask)[at])
    point = tuple(int(k) for k in np.unravel_index(flat, ensemble.shape))
    low, high = interval(members)
    axis.fill_between(run.time, low, high, color=PALE, lw=0, label=f"{INTERVAL:.0%} of members")
    axis.plot(run.time, members.mean(axis=0), color=PURPLE, lw=1.3, label="mean forecast")
    rows = slice(run.rows[0], run.rows[-1] + 1)
    axis.plot(run.time[: len(run.rows)], data.field[(rows, *point)], color=INK, lw=1, ls=":",
              label="data", marker="." if len(run.rows) == 1 else None)  # fmt: skip
    reach = float(np.abs(members).max())
    axis.set(xlim=(run.time[0], run.time[-1]), ylim=(-1.1 * reach, 1.6 * reach))
    axis.set_xlabel("time", **STYLE)
    axis.set_ylabel("field", **STYLE)
    axis.legend(fontsize=7, frameon=False, loc="upper left", ncols=3)
    circle = ", the circle on the right" if len(point) == 2 else ""
    title(axis, letter, f"where the field is strongest{circle}")
    return point


def _fields(
    figure: Any, prediction: Prediction, run: Run, data: Snapshots, point: tuple[int, ...]
) -> None:
    """Draw data, mean forecast and spread at the start, half way, and at the end."""
    at = np.array([0, len(run.time) // 2, len(run.time) - 1])
    letters = "bcd" if run.error is None else "cde"
    channel = prediction.ensemble.attributes.get("channel_axis")
    mean, low, high, spread = (
        [page_slice(f, channel) for f in part] for part in prediction.fields(run, at)
    )
    truth = [
        page_slice(np.asarray(data.field[run.rows[k]]), channel) if k < len(run.rows) else None
        for k in at
    ]
    if mean[0].ndim == 1:
        for k, axis in enumerate(figure.subplots(3, 1, sharex=True)):
            axis.fill_between(np.arange(len(mean[k])), low[k], high[k], color=PALE, lw=0)
            axis.plot(mean[k], color=PURPLE, lw=1.3)
            if truth[k] is not None:
                axis.plot(truth[k], color=INK, lw=1, ls=":")
            title(axis, letters[k], f"field at t = {run.time[at[k]]:g}")
        return
    axes: Any = figure.subplots(3, 3)
    limit = max(float(np.nanmax(np.abs(f))) for f in [*mean, *truth] if f is not None)
    widest = max(float(np.nanmax(f)) for f in spread)
    styles: list[dict[str, Any]] = [
        {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit},
        {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit},
        {"cmap": "Purples", "vmin": 0, "vmax": widest},
    ]
    drawn: dict[int, Any] = {}
    every: list[list[Any]] = [truth, mean, spread]
    for i, (row, style) in enumerate(zip(every, styles, strict=True)):
        for k, axis in enumerate(axes[i]):
            axis.set(xticks=[], yticks=[])
            field = row[k]
            if field is None:
                axis.text(0.5, 0.5, "not yet", ha="center", transform=axis.transAxes, **STYLE)
                axis.set_aspect("equal")
                continue
            drawn[i] = axis.imshow(field, origin="lower", **style)
            if len(point) == 2:
                axis.plot(point[1], point[0], "o", ms=4, mfc="none", mec=INK, mew=0.8)
        axes[i, 0].set_ylabel(ROWS[i], **STYLE)
    for k, axis in enumerate(axes[0]):
        title(axis, letters[k], f"t = {run.time[at[k]]:g}")
    for rows, image, text in ((axes[:2], drawn[1], "field"), (axes[2], drawn[2], "st. dev.")):
        bar = figure.colorbar(image, ax=rows, shrink=0.85, pad=0.02)
        bar.set_label(text, fontsize=8)
        bar.ax.tick_params(labelsize=8)
        bar.ax.locator_params(nbins=5)
