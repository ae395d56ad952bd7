"""Figures of a discovery, as matplotlib Figures; nothing here touches pyplot's state."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import gaussian_kde

from . import orbits
from .diagnostics import free_energy
from .discovery import Discovery
from .progress import count
from .recipes import SIGNIFICANCE
from .storage import whole_file

PURPLE, TEAL, GREY, INK = "#7b3f98", "#1b8a8f", "#b8b8b8", "#222222"
PALE = "#d9d2e4"
CHAINS = (PURPLE, TEAL, "#c8721d", "#3b5ea8", "#8a8a2e", "#b03a5b")  # one chain after another
SHOWN = 40  # coefficients whose correlations a page can show
STYLE: dict[str, Any] = {"fontsize": 9, "color": INK}
# Dots per inch: twice what a screen shows, and fine enough for print. Tight, for the layout can be
# a few dots off the width of a formula at the edge.
SAVED: dict[str, Any] = {"dpi": 200, "bbox_inches": "tight", "pad_inches": 0.06}
ENOUGH = 500  # members of a chain for a free energy


def save(figure: Figure, folder: Path, name: str, force: bool = False) -> list[Path]:
    """Write a figure as PNG and PDF; each appears whole or not at all."""
    paths = []
    for suffix in ("png", "pdf"):
        path = folder / f"{name}.{suffix}"
        with whole_file(path, force) as part:
            figure.savefig(part, format=suffix, **SAVED)
        paths.append(path)
    return paths


def png(figure: Figure) -> bytes:
    """Return a figure as the PNG that `save` writes."""
    held = BytesIO()
    figure.savefig(held, format="png", **SAVED)
    return held.getvalue()


def overview(discovery: Discovery) -> Figure:
    """Draw Figure 1: snapshots (a–c), the members' coefficients (d), two members' orbits (e, f)."""
    ensemble = discovery.ensemble
    figure = Figure(figsize=(9.0, 6.0), layout="constrained")
    axes = figure.subplots(2, 3)
    frames = ensemble.frames
    shown = np.array([0, len(frames.time) // 2, len(frames.time) - 1])
    fields = [
        page_slice(f, ensemble.attributes.get("channel_axis"))
        for f in ensemble.field(frames.coordinates[shown])
    ]
    limit = max(float(np.nanmax(np.abs(f))) for f in fields)
    drawn = None
    for axis, letter, row, field in zip(axes[0], "abc", shown, fields, strict=True):
        if field.ndim == 2:
            drawn = axis.imshow(field, cmap="RdBu_r", vmin=-limit, vmax=limit, origin="lower")
            axis.set(xticks=[], yticks=[])
        else:
            axis.plot(field, color=INK, lw=1)
            axis.set(ylim=(-1.05 * limit, 1.05 * limit), xticks=[])
        title(axis, letter, f"field at t = {frames.time[row]:g}")
    if drawn is not None:
        figure.colorbar(drawn, ax=axes[0], shrink=0.85, pad=0.01).ax.tick_params(labelsize=8)
    chosen = discovery.representatives()
    _coefficient_plane(axes[1, 0], discovery, chosen)
    for axis, letter, index, colour in zip(axes[1, 1:], "ef", chosen, (PURPLE, TEAL), strict=True):
        _orbit(axis, letter, discovery, index, colour)
    return figure


def correlations(discovery: Discovery) -> Figure:
    """Draw Figure 4: correlations over members between the significant coefficients."""
    labels, matrix = discovery.correlation.labels, discovery.correlation.matrix
    size = [abs(row.mean) for row in discovery.table if row.significant]
    shown = np.sort(np.argsort(size)[::-1][:SHOWN])
    note = f"the largest {SHOWN} of {len(labels)} significant" if len(labels) > SHOWN else ""
    labels, matrix = tuple(labels[i] for i in shown), matrix[np.ix_(shown, shown)]
    side = max(3.2, 1.6 + 0.36 * len(labels))
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axis = figure.subplots()
    if not labels:
        axis.text(
            0.5,
            0.5,
            f"no coefficient is significant\n(mean and mode above {SIGNIFICANCE})",
            ha="center",
            va="center",
            **STYLE,
        )
        axis.set_axis_off()
        return figure
    image = axis.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    axis.set_xticks(range(len(labels)), [_tex(v) for v in labels], rotation=90, fontsize=8)
    axis.set_yticks(range(len(labels)), [_tex(v) for v in labels], fontsize=8)
    axis.tick_params(length=0)
    if len(labels) <= 14:
        for (i, j), value in np.ndenumerate(matrix):
            axis.text(
                j,
                i,
                f"{value:.1f}",
                ha="center",
                va="center",
                fontsize=6.5,
                color="white" if abs(value) > 0.6 else INK,
            )
    axis.set_title(note, loc="left", fontsize=9, color=INK)
    bar = figure.colorbar(image, shrink=0.8)
    bar.set_label("Pearson correlation over members", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    return figure


def chains(discovery: Discovery) -> Figure:
    """Draw the diagnostics: losses, mixing, temperatures, and a free energy."""
    found, ensemble = discovery.diagnostics, discovery.ensemble
    figure = Figure(figsize=(10, 6), layout="constrained")
    axes = figure.subplots(2, 3)
    colours = [CHAINS[i % len(CHAINS)] for i in range(len(ensemble.chains))]
    for i, (chain, start) in enumerate(zip(ensemble.chains, found.settled_from, strict=True)):
        if len(chain.training):
            axes[0, 0].semilogy(1 + np.arange(len(chain.training)), chain.training, lw=1,
                                color=colours[i])  # fmt: skip
        draws = np.arange(len(chain))
        axes[0, 1].plot(draws, chain.loss, lw=0.4, color=colours[i], alpha=0.7)
        if start:
            axes[0, 1].plot(draws[:start], chain.loss[:start], lw=0.4, color=GREY)
        finite = chain.loss[start:][np.isfinite(chain.loss[start:])]
        if len(finite):
            axes[0, 2].hist(finite, 40, histtype="step", density=True, color=colours[i])
    axes[0, 0].set_xlabel("decoder update", **STYLE)
    axes[0, 0].set_ylabel("mean loss (Eq. 14)", **STYLE)
    title(axes[0, 0], "a", "training")
    axes[0, 1].set_xlabel("draw", **STYLE)
    axes[0, 1].set_ylabel("loss", **STYLE)
    title(axes[0, 1], "b", count(len(ensemble.chains), "chain")
          + (", grey: not settled" if any(found.settled_from) else ""))  # fmt: skip
    axes[0, 2].locator_params(axis="x", nbins=4)
    axes[0, 2].set_xlabel("loss", **STYLE)
    axes[0, 2].set_ylabel("density", **STYLE)
    title(axes[0, 2], "c", "by chain")
    _temperatures(axes[1, 0], discovery)
    _mixing(axes[1, 1], discovery)
    _free_energy(axes[1, 2], discovery)
    return figure


def _temperatures(axis: Axes, discovery: Discovery) -> None:
    layers = discovery.diagnostics.layers
    at = np.arange(len(layers))
    low, high = np.array([layer.interval for layer in layers]).T
    axis.bar(at, 100 * (high - low), 0.7, 100 * (low - 1), color=PALE, label="99 % by χ²")
    ratio = np.array([layer.ratio for layer in layers])
    axis.plot(at, 100 * (ratio - 1), "o", color=PURPLE, ms=6, label="sampled")
    axis.axhline(0, color=GREY, lw=0.6, zorder=0)
    axis.set_xticks(at, [layer.name for layer in layers], fontsize=8)
    axis.set_ylabel("kinetic temperature, % off", **STYLE)
    axis.legend(fontsize=7, frameon=False)
    title(axis, "d", "temperature by layer")


def _mixing(axis: Axes, discovery: Discovery) -> None:
    """Draw how long each quantity remembers."""
    rows = discovery.diagnostics.mixing
    axis.barh(range(len(rows)), [m.ess_bulk for m in rows], 0.6, color=PALE)
    axis.barh(range(len(rows)), [m.ess_tail for m in rows], 0.25, color=TEAL)
    for i, m in enumerate(rows):
        axis.text(0.02, i + 0.42, f"{m.quantity}: R-hat {m.r_hat:.3f}, τ {m.time:.0f} draws",
                  fontsize=7.5, color=INK, transform=axis.get_yaxis_transform())  # fmt: skip
    axis.set_yticks([])
    axis.set_ylim(-0.5, max(len(rows), 1) - 0.2)
    axis.set_xlabel("effective sample size: bulk (pale), tail (dark)", **STYLE)
    title(axis, "e", f"worth of {len(discovery.members):,} members")


def _free_energy(axis: Axes, discovery: Discovery) -> None:
    """Draw the free energy of the field error (Eqs. 3 to 5), over the first chain."""
    ensemble = discovery.ensemble
    mine = ensemble.chain_of[discovery.members] == 0
    members = discovery.members[mine]
    title(axis, "f", "energy against volume")
    if len(members) < ENOUGH or np.ptp(discovery.errors[mine, 0]) == 0:
        axis.set(xticks=[], yticks=[])
        axis.text(0.5, 0.5, f"takes {ENOUGH} members of the first chain,\nand errors that differ",
                  ha="center", va="center", transform=axis.transAxes, **STYLE)  # fmt: skip
        return
    t = ensemble.settings.temperature
    found = free_energy(discovery.errors[mine, 0], ensemble.chains[0].loss[members], t)
    seen = np.isfinite(found.free)
    x, free, energy = found.value[seen], found.free[seen] / t, found.energy[seen] / t
    lowest = np.argmin(free)
    axis.fill_between(x, free - found.error[seen] / t, free + found.error[seen] / t,
                      color=PALE, lw=0)  # fmt: skip
    axis.plot(x, free, color=INK, lw=1.6, label="F")
    axis.plot(x, energy - energy[lowest], color=PURPLE, lw=1.2, label="⟨L⟩ at fixed error")
    axis.plot(x, free - energy + energy[lowest], color=TEAL, lw=1.2, label="−TS")
    axis.locator_params(axis="x", nbins=4)
    axis.set_xlabel("field error of a member", **STYLE)
    axis.set_ylabel("free energy / T, first chain", **STYLE)
    axis.legend(fontsize=7, frameon=False)


def _coefficient_plane(axis: Axes, discovery: Discovery, chosen: tuple[int, int]) -> None:
    """Scatter the two coefficients that turn z₁ into z₂ and back, one point a member."""
    terms, d = discovery.ensemble.library.terms, discovery.values.shape[2]
    if d < 2 or "z2" not in terms:
        first, second = (0, 0), (min(1, len(terms) - 1), 0)
    else:
        first, second = (terms.index("z2"), 0), (terms.index("z1"), 1)
    x, y = (discovery.values[:, j, k] for j, k in (first, second))
    shade = np.ones(len(x))
    if len(x) > 10 and np.linalg.matrix_rank(np.cov(x, y)) == 2:
        thinned = slice(None, None, max(1, len(x) // 500))
        shade = gaussian_kde(np.stack([x[thinned], y[thinned]]))(np.stack([x, y]))
    axis.scatter(x, y, 4, shade, cmap="Greys", vmin=-0.3 * shade.max(), lw=0, rasterized=True)
    for index, colour, letter in zip(chosen, (PURPLE, TEAL), "ef", strict=True):
        at = (float(x[index]), float(y[index]))
        axis.plot(*at, "o", ms=12, mfc=colour, mec="white", mew=1)
        axis.text(*at, letter, ha="center", va="center_baseline", fontsize=8.5, fontweight="bold",
                  color="white")  # fmt: skip
    for set_label, (j, k) in ((axis.set_xlabel, first), (axis.set_ylabel, second)):
        set_label("coefficient of " + _tex(f"{terms[j]} in z{k + 1}'"), **STYLE)
    title(axis, "d", f"{len(discovery.members):,} members")


def _orbit(axis: Axes, letter: str, discovery: Discovery, index: int, colour: str) -> None:
    """Draw a member's encoded test frames, and its equations integrated from the first of them."""
    ensemble = discovery.ensemble
    rows = ensemble.frames.test_run()
    z, _ = ensemble.encode(int(discovery.members[index]), rows)
    found = discovery.orbits
    reference = found.reference_period if found else np.ptp(ensemble.frames.time[rows]) / 8
    time = orbits.horizon(reference)
    orbit = orbits.integrate(
        ensemble.library, discovery.values[[index]], orbits.loop(z.astype(float)), time
    )[:, 0]
    late = -orbits.LAST
    if z.shape[1] == 1:
        axis.plot(
            ensemble.frames.time[rows] - ensemble.frames.time[rows[0]],
            z[:, 0],
            ".",
            color=GREY,
            ms=3,
            label="test frames",
        )
        axis.plot(time, orbit[:, 0], color=colour, lw=1.5, label="integrated")
        axis.set_xlabel("t", **STYLE)
        axis.set_ylabel(_tex("z1"), **STYLE)
    else:
        axis.plot(z[:, 0], z[:, 1], ".", color=GREY, ms=4, label="test frames")
        axis.plot(orbit[:late, 0], orbit[:late, 1], color=colour, lw=0.4, alpha=0.6)
        axis.plot(orbit[late:, 0], orbit[late:, 1], color=colour, lw=2, label="integrated")
        axis.plot(*orbit[0, :2], "o", color=INK, ms=4, label="start")
        reach = 1.5 * float(np.abs(z[:, :2]).max())
        axis.set(xlim=(-reach, reach), ylim=(-reach, 1.25 * reach), aspect="equal")
        axis.set_xlabel(_tex("z1"), **STYLE)
        axis.set_ylabel(_tex("z2"), **STYLE)
    axis.legend(
        fontsize=7,
        frameon=False,
        loc="upper center",
        ncols=3,
        handlelength=1,
        columnspacing=0.8,
        handletextpad=0.4,
    )
    period = found.period[index] if found else np.nan
    text = (
        f"period {period:.3f} (data {reference:.3f})"
        if np.isfinite(period)
        else "does not hold the cycle"
        if found
        else "no period in the data"
    )
    title(axis, letter, text + of_latents(z), colour)


def of_latents(z: np.ndarray) -> str:
    """Say how many latents z [n, d] a plane does not show."""
    return f", 2 of {z.shape[1]} latents" if z.shape[1] > 2 else ""


def page_slice(field: np.ndarray, channel_axis: Any) -> np.ndarray:
    """Reduce a frame to what a page shows: the first channel, the middle of further axes."""
    if channel_axis is not None:
        field = np.take(field, 0, axis=int(channel_axis))
    while field.ndim > 2:
        field = field[len(field) // 2]
    return field


def title(axis: Axes, letter: str, text: str, colour: str = INK) -> None:
    """Letter a panel and say what it shows."""
    axis.set_title(f"$\\bf{{{letter}}}$  {text}", loc="left", fontsize=10, color=colour)
    axis.tick_params(labelsize=8)


def _tex(label: str) -> str:
    """Set a term's name in mathematics: z1^2 z2 in z1' as z₁²z₂ in ż₁."""
    term, *rest = label.split(" in ")
    term = re.sub(r"z(\d+)", r"z_{\1}", term)
    term = "$" + term.replace("sin(", r"\sin(").replace(" ", r"\,") + "$"
    return " in ".join([term, *(rf"$\dot z_{{{equation[1:-1]}}}$" for equation in rest)])
