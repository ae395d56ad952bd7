"""The figure of a sceptic's questions: how many answers, do they run, what do they forecast."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...discovery import modes
from ...discovery.chosen_dynamics import Answers
from ...discovery.result import Discovery
from ...dynamics import orbits, vector_fields
from ...progress import count
from ...recipes import INTERVAL
from ..numbers import error
from .style import CHAINS, GREY, INK, PALE, PURPLE, STYLE, TEAL, of_latents, title

CANDIDATES = 8  # of the first mode, that there is room for
LEGEND: dict[str, Any] = {"fontsize": 7, "edgecolor": "none", "framealpha": 1}  # over lines


def answers(discovery: Discovery) -> Figure:
    """Draw modes (a), a chosen orbit (b), periods (c), growth (d), forecast (e), candidates (f)."""
    figure = Figure(figsize=(10, 6), layout="constrained")
    axes = figure.subplots(2, 3)
    found = discovery.answers
    if found is None:
        for axis in axes.flat:
            axis.set_axis_off()
        figure.text(0.5, 0.5, "the time before the test window is too short to choose equations by",
                    ha="center", **STYLE)  # fmt: skip
        return figure
    _modes(axes[0, 0], discovery, found)
    _orbit(axes[0, 1], discovery, found)
    _periods(axes[0, 2], found)
    _growth(axes[1, 0], found)
    _forecast(axes[1, 1], found)
    _candidates(axes[1, 2], found)
    return figure


def _modes(axis: Axes, discovery: Discovery, found: Answers) -> None:
    """Scatter members in the two directions in which their fields differ most."""
    rows = vector_fields.fields(discovery.ensemble.library, discovery.values, found.modes.points)
    plane = modes.components(rows)[:, :2]
    if plane.shape[1] < 2:
        plane = np.hstack([plane, np.zeros((len(plane), 1))])
    for k in range(len(found.modes)):
        mine, colour = found.modes.members(k), CHAINS[k % len(CHAINS)]
        axis.scatter(plane[mine, 0], plane[mine, 1], 4, colour, alpha=0.5, lw=0, rasterized=True)
        x, y = (float(v) for v in plane[found.modes.representative[k]])
        axis.plot(x, y, "o", ms=13, mfc=colour, mec="white")
        axis.text(x, y, str(k + 1), color="white", ha="center", va="center_baseline", fontsize=8.5,
                  fontweight="bold")  # fmt: skip
    axis.set_xlabel("vector field, first component", **STYLE)
    axis.set_ylabel("second component", **STYLE)
    title(axis, "a", f"{count(len(found.modes), 'mode')} of {count(len(plane), 'member')}")


def _orbit(axis: Axes, discovery: Discovery, found: Answers) -> None:
    ensemble, index = discovery.ensemble, int(found.modes.representative[0])
    run = ensemble.frames.test_run()
    z = ensemble.encode(int(discovery.members[index]), run)[0].astype(float)
    time = ensemble.frames.time[run] - ensemble.frames.time[run[0]]
    orbit = orbits.integrate(found.library, found.values[[index]], orbits.loop(z), time)[:, 0]
    second = min(1, z.shape[1] - 1)
    axis.plot(z[:, 0], z[:, second], ".", color=GREY, ms=4, label="test frames")
    axis.plot(orbit[:, 0], orbit[:, second], color=PURPLE, lw=1.4, label="forecast")
    axis.set_xlabel(f"$z_1${of_latents(z)}", **STYLE)
    axis.set_ylabel(f"$z_{second + 1}$", **STYLE)
    axis.margins(y=0.2)
    axis.legend(fontsize=7, frameon=False, loc="upper right", ncols=2)
    text = f"mode 1: {found.trials[0][0].candidate.terms} terms"
    title(axis, "b", text, CHAINS[0])


def _periods(axis: Axes, found: Answers) -> None:
    if found.orbits is None or found.spread is None:
        axis.set_axis_off()
        return
    members, replicates = (o.period[o.holds] for o in (found.orbits, found.spread.orbits))
    own = found.orbits.reference_period
    of_data = [own] if np.isfinite(own) else []
    every = np.concatenate([members, replicates, of_data])
    _histograms(axis, replicates, members, _edges(every, 0.01))
    for period in of_data:
        axis.axvline(period, color=INK, lw=1, ls="--", label="data")
    axis.set_xlabel("period", **STYLE)
    axis.set_yticks([])
    axis.locator_params(axis="x", nbins=4)
    axis.margins(y=0.35)
    axis.legend(loc="upper left", **LEGEND)
    title(axis, "c", f"{found.orbits.integrable_fraction:.0%} of members hold the cycle")


def _growth(axis: Axes, found: Answers) -> None:
    if found.orbits is None or found.spread is None:
        axis.set_axis_off()
        return
    free = np.array([not tried[0].candidate.neutral for tried in found.trials])
    label, spread = found.modes.label, found.spread
    members = found.orbits.growth[found.orbits.holds & free[label]]
    own = spread.orbits.holds & spread.own & free[label[spread.picked]]
    replicates = spread.orbits.growth[own]
    held = np.concatenate([members, replicates])
    _histograms(axis, replicates, members, _edges(held[np.isfinite(held)], 0.02))
    axis.axvline(0, color=INK, lw=1, ls="--", label="neither attracts nor repels")
    axis.set_xlabel("growth rate off the cycle (negative: it attracts)", **STYLE)
    axis.set_yticks([])
    axis.locator_params(axis="x", nbins=4)
    axis.margins(y=0.3)
    axis.legend(loc="upper left", **LEGEND)
    still = f", {np.count_nonzero(~free)} of {count(len(free), 'mode')} neutral by choice"
    title(axis, "d", "off the cycle" + ("" if free.all() else still))


def _forecast(axis: Axes, found: Answers) -> None:
    f = found.forecast
    low, high = f.band
    axis.fill_between(f.time, low, np.minimum(high, 10), color=PALE, lw=0,
                      label=f"{INTERVAL:.0%} of members")  # fmt: skip
    axis.semilogy(f.time, np.median(f.error, axis=0), color=PURPLE, lw=1.3, label="forecast")
    axis.semilogy(f.time, np.median(f.reconstruction, axis=0), color=TEAL, lw=1,
                  label="reconstruction")  # fmt: skip
    axis.set_xlabel("time since the first test frame", **STYLE)
    axis.set_ylabel("relative field error", **STYLE)
    top = float(np.nanmax(np.minimum(high, 10)))
    axis.set_ylim(0.3 * max(float(f.reconstruction.min()), 1e-12 * top), 8 * top)
    axis.legend(fontsize=7, frameon=False, loc="upper left", ncols=2)
    title(axis, "e", f"forecast: {error(f.field)} over the window")


def _candidates(axis: Axes, found: Answers) -> None:
    every = found.trials[0]
    # The chosen one, and the best of the others.
    best = sorted(every[1:], key=lambda t: t.error)[: CANDIDATES - 1]
    trials = sorted([every[0], *best], key=lambda t: t.error)
    chosen = every[0].candidate
    for i, trial in enumerate(trials):
        mine = trial.candidate.name == chosen.name
        axis.plot(max(trial.error, 1e-12), -i, "o", color=PURPLE if mine else GREY, ms=6)
        axis.text(0.02, 0.25 - i, trial.candidate.short, va="bottom",
                  fontsize=6.5, color=INK, transform=axis.get_yaxis_transform())  # fmt: skip
    axis.set_xscale("log")
    shown = np.log10([max(t.error, 1e-12) for t in trials])
    # Whole decades: within one there would be no label.
    axis.set_xlim(10 ** (np.floor(shown.min()) - 0.1), 10 ** (np.ceil(shown.max()) + 0.1))
    axis.xaxis.set_minor_formatter("")
    axis.set_yticks([])
    axis.set_xlabel("error of trajectories on validation stretches", **STYLE)
    axis.set_ylim(0.5 - len(trials), 0.9)
    some = "" if len(trials) == len(every) else f"{len(trials)} of "
    title(axis, "f", f"mode 1: {some}{count(len(every), 'candidate')}")


def _histograms(
    axis: Axes, replicates: np.ndarray, members: np.ndarray, edges: list[float]
) -> None:
    """Draw the densities of what holds the cycle within the edges, if any does."""
    ways: tuple[tuple[np.ndarray, dict[str, Any]], ...] = (
        (replicates, {"color": PALE, "label": "with resampled frames"}),
        (members, {"color": PURPLE, "label": "members", "histtype": "step"}),
    )
    for values, style in ways:
        if ((values >= edges[0]) & (values <= edges[-1])).any():
            axis.hist(values, edges, density=True, **style)
        else:
            axis.plot([], [], color=style["color"], label=f"{style['label']}: none")


def _edges(values: np.ndarray, tail: float) -> list[float]:
    """Return the edges of bins over all but the tails."""
    if not len(values):
        return [-1.0, 1.0]
    low, high = (float(q) for q in np.quantile(values, [tail, 1 - tail]))
    return np.linspace(low - 1e-6, high + 1e-6, 40).tolist()
