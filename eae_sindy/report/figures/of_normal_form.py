"""The figure of the normal form: what decoders have in common."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...discovery.normal_forms import NormalForms
from ...discovery.result import Discovery
from ...recipes import INTERVAL
from .style import CHAINS, INK, PALE, STYLE, title

SYMBOLS = {"mu": r"$\mu$", "omega": r"$\omega$", "a": "$a$", "b": "$b$"}


def normal_form(discovery: Discovery) -> Figure:
    """Draw the coefficients (a: mu, b: omega, c: a, d: b) of every decoder over the joint band."""
    found = None if discovery.answers is None else discovery.answers.normal
    if found is None or found.reason:
        figure = Figure(figsize=(10, 2.6), layout="constrained")
        why = found.reason if found is not None else "two latents and a period are needed"
        figure.text(0.5, 0.5, f"no normal form to compare decoders by: {why}",
                    ha="center", wrap=True, **STYLE)  # fmt: skip
        return figure
    rows = len(found.decoders)
    figure = Figure(figsize=(10, 1.9 + 0.25 * min(rows, 24)), layout="constrained")
    axes = figure.subplots(1, len(found.names), sharey=True)
    for k, axis in enumerate(axes):
        _coefficient(axis, found, k)
    axes[0].set_yticks(-np.arange(rows), [f"decoder {d}" for d in found.decoders])
    axes[0].set_ylim(-rows + 0.5, 0.5)
    unit = "the cycle" if found.cycle else "the data's r.m.s."
    figure.supxlabel(
        rf"$\dot w = (\mu + i\omega) w + (a + ib) |w|^2 w$, amplitude in units of {unit}; "
        f"bars and band: {INTERVAL:.0%}",
        **STYLE,
    )
    return figure


def _coefficient(axis: Axes, found: NormalForms, k: int) -> None:
    name = found.names[k]
    axis.axvspan(*map(float, found.joint[:, k]), color=PALE, lw=0)
    for row in range(len(found.decoders)):
        colour = CHAINS[row % len(CHAINS)]
        low, high = map(float, found.intervals[row, :, k])
        axis.plot([low, high], [-row, -row], color=colour, lw=2, solid_capstyle="butt")
        axis.plot(float(found.medians[row, k]), -row, "o", color=colour, ms=5)
    axis.axvline(float(found.median[k]), color=INK, lw=0.8, ls="--")
    axis.locator_params(axis="x", nbins=3)
    verdict = "" if not found.compared else ", differ" if name in found.disagree else ", agree"
    title(axis, "abcd"[k], SYMBOLS[name] + verdict)
