"""Figures of the claims on the score of one law, and of free-energy paths."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...distributional.laws import MINIMA, MuellerBrown
from ...distributional.path import Paths
from ...distributional.score import Checked, Measured
from .style import CHAINS, GREY, INK, PALE, PURPLE, STYLE, TEAL, title

LEVELS = 24  # of the potential, in steps of 2 kJ/mol
KEY = "shaded: holds; dotted: fails beyond; green: by noise"
VIEW = ((-1.6, 1.1), (-0.4, 2.0))


def score(found: Checked) -> Figure:
    """Draw level sets (a), both sides (b), their distance (c), V/Z (d), mass (e), residuals (f)."""
    figure = Figure(figsize=(10.4, 6.2), layout="constrained")
    axes = figure.subplots(2, 3)
    first = found.first
    _level_sets(axes[0, 0], first)
    title(axes[0, 0], "a", f"{found.title}: level sets, their centres")
    _sides(axes[0, 1], first)
    title(axes[0, 1], "b", f"both sides across level sets, {first.name}")
    _distances(axes[0, 2], found)
    title(axes[0, 2], "c", "distance of the two sides")
    sets = first.sets
    for axis, values, errors, name in (
        (axes[1, 0], sets.variance, sets.variance_error, "$V/Z$"),
        (axes[1, 1], sets.mass, sets.mass_error, "$Z$"),
    ):
        axis.errorbar(sets.code, values, errors, fmt="o", ms=3, lw=1, color=PURPLE)
        axis.set_xlabel("code $z$", **STYLE)
        axis.set_ylabel(name, **STYLE)
        axis.set_ylim(bottom=0)
    title(axes[1, 0], "d", f"variance on level sets, mean {sets.mean_variance:.3f}")
    title(axes[1, 1], "e", "mass of level sets")
    _residuals(axes[1, 2], found)
    title(axes[1, 2], "f", r"median $|\cos|$ of $y-c$ with $\mathrm{d}c/\mathrm{d}z$")
    return figure


def _level_sets(axis: Axes, m: Measured) -> None:
    """Colour points by their level set, and draw the centres in their order."""
    across, upwards = m.points.x[:, :2].T
    drawn = axis.scatter(across, upwards, c=m.points.label, s=3, cmap="viridis", lw=0)
    axis.figure.colorbar(drawn, ax=axis).set_label("level set", **STYLE)
    axis.plot(*m.sets.mean[:, :2].T, "o-", color=INK, ms=2.5, lw=1, label="centres $c$")
    axis.set_aspect("equal", "datalim")
    axis.legend(fontsize=7, frameon=False, loc="upper right")


def _sides(axis: Axes, m: Measured) -> None:
    axis.plot([-1, 1], [-1, 1], color=GREY, lw=1, label="the balance equation")
    axis.scatter(m.sides.left, m.sides.right, s=3, color=PURPLE, lw=0, alpha=0.4)
    axis.set_xlim(-1, 1)
    axis.set_ylim(-1, 1)
    axis.set_xlabel(r"left: $2\,(y-c)\cdot n$, scaled", **STYLE)
    axis.set_ylabel(r"right: $(V/Z-|y-c|^2)\,s\cdot n$, scaled", **STYLE)
    axis.legend(fontsize=7, frameon=False, loc="upper left")


def _distances(axis: Axes, found: Checked) -> None:
    """Draw the distance of the sides of every subject, and what noise makes of it."""
    s = found.settings
    for k, m in enumerate(found.measured):
        a = m.agreement
        if max(a.left, a.right) <= s.both_zero:
            axis.text(0.25, k, "both sides are zero", fontsize=7, color=INK, va="center")
            continue
        axis.plot(a.interval, [k, k], color=PURPLE, lw=1.5)
        axis.plot(a.distance, k, "o", color=PURPLE, ms=5)
        axis.plot(a.noise, k, "|", color=TEAL, ms=12, mew=1.5)
    axis.axvspan(0, s.agrees, color=PALE, lw=0, zorder=0)
    axis.axvline(s.parts, color=GREY, lw=1, ls=":")
    axis.set_xlim(0, 1.5)
    _names(axis, found)
    axis.set_xlabel(KEY, fontsize=8, color=INK)


def _residuals(axis: Axes, found: Checked) -> None:
    for k, m in enumerate(found.measured):
        axis.plot(m.consistency.residual, k, "o", color=PURPLE, ms=5)
        axis.plot(m.consistency.noise, k, "|", color=TEAL, ms=12, mew=1.5)
    s = found.settings
    axis.axvspan(0, s.consistent, color=PALE, lw=0, zorder=0)
    axis.axvline(s.inconsistent, color=GREY, lw=1, ls=":")
    axis.set_xlim(0, 1)
    _names(axis, found)
    axis.set_xlabel(KEY, fontsize=8, color=INK)


def _names(axis: Axes, found: Checked) -> None:
    axis.set_yticks(range(len(found.measured)), [m.name for m in found.measured])
    axis.set_ylim(len(found.measured) - 0.5, -0.5)


def path(found: Paths) -> Figure:
    """Draw the curves over the potential (a), and their distances from the string (b, c)."""
    figure = Figure(figsize=(10.8, 4.6), layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=(1.5, 1, 1))
    _curves(axes[0], found)
    title(axes[0], "a", "curves over the potential")
    for axis, name, limit in (
        (axes[1], "chamfer", found.settings.chamfer),
        (axes[2], "hausdorff", found.settings.hausdorff),
    ):
        for k, method in enumerate(found.methods):
            values = [getattr(r.distances, name) for r in found.of(method)]
            colour, _ = _style(found, method)
            axis.plot(values, np.full(len(values), k), "o", color=colour, ms=4, alpha=0.7)
        axis.axvline(limit, color=INK, lw=1, ls=":")
        axis.set_xscale("log")
        axis.set_ylim(len(found.methods) - 0.5, -0.5)
        axis.set_xlabel("of each seed (dotted: asked)", **STYLE)
        axis.set_yticks(range(len(found.methods)), found.methods if axis is axes[1] else [])
        axis.grid(color="#eeeeee")
        axis.set_axisbelow(True)
    title(axes[1], "b", "Chamfer distance")
    title(axes[2], "c", "Hausdorff distance")
    return figure


def _style(found: Paths, method: str) -> tuple[str, str]:
    """Return a colour for what a curve is of, and a line style for how it was made."""
    of, _, how = method.partition(", ")
    all_of_them = list(dict.fromkeys(m.partition(", ")[0] for m in found.methods))
    lines = {"gradient march": ":", "decoded line": "--"}
    return CHAINS[all_of_them.index(of) % len(CHAINS)], lines.get(how, "-")


def _curves(axis: Axes, found: Paths) -> None:
    sides = [np.linspace(*ends, 200) for ends in VIEW]
    grid = np.stack(np.meshgrid(*sides), axis=-1)
    energy = MuellerBrown().potential(grid.reshape(-1, 2)).reshape(grid.shape[:2])
    levels = energy.min() + 2.0 * np.arange(LEVELS)
    axis.contour(*sides, energy, levels=levels, colors=GREY, linewidths=0.4, linestyles="solid")
    across, upwards = found.cloud.T
    axis.scatter(across, upwards, s=1, color=PALE, lw=0)
    for method in found.methods:
        colour, line = _style(found, method)
        for k, route in enumerate(found.of(method)):
            label = "" if k else method
            axis.plot(*route.curve.T, color=colour, ls=line, lw=0.9, label=label)
    axis.plot(*found.reference.T, color=INK, lw=2.2, label="string method")
    axis.plot(*np.array(MINIMA).T, "o", color=INK, ms=4)
    axis.set_xlim(VIEW[0])
    axis.set_ylim(VIEW[1])
    axis.legend(fontsize=6, frameon=False, loc="upper right")
