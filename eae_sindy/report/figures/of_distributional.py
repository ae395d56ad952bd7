"""Figures of distributional autoencoders: how many latents data need, and draws from laws."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...distributional.dimension import Dimension
from .style import GREY, INK, PURPLE, STYLE, TEAL, page_slice, title

FLOOR = 1e-6  # of what is drawn on a logarithmic axis


def dimension(found: Dimension) -> Figure:
    """Draw the score against latents (a), what explains surplus ones (b), what they add (c)."""
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    axes = figure.subplots(1, 3)
    _scores(axes[0], found)
    _explained(axes[1], found)
    _added(axes[2], found)
    for axis in axes:
        axis.grid(color="#eeeeee")
        axis.set_axisbelow(True)
        axis.tick_params(labelsize=8)
    return figure


def _scores(axis: Axes, found: Dimension) -> None:
    """Draw L_k / L_0 with its band, the two controls, and the knee."""
    c = found.curve
    k = np.arange(len(c.ratios))
    axis.fill_between(k, *np.maximum(c.band, FLOOR), color=PURPLE, alpha=0.25, lw=0)
    axis.plot(k, c.ratios, "o-", color=PURPLE, ms=4, lw=1.2, label="autoencoder")
    linear = np.maximum(found.control.ratios, FLOOR)
    axis.plot(k[: len(linear)], linear, "s--", color=TEAL, ms=3.5, lw=1, label="principal comp.")
    axis.plot(k, found.untrained, "^:", color=GREY, ms=4, lw=1, label="untrained")
    axis.axvline(c.dimension, color=INK, lw=0.9, ls=":" if c.clean else (0, (1, 6)))
    axis.set_yscale("log")
    axis.set_ylim(max(0.3 * c.ratios.min(), FLOOR), 2)
    axis.set_xlabel("latents $k$", **STYLE)
    axis.set_ylabel("$L_k/L_0$, held-out rows", **STYLE)
    axis.legend(fontsize=7, frameon=False)
    said = f"{c.dimension} latents" if c.clean else "no clean knee"
    title(axis, "a", f"energy score: {said}")


def _explained(axis: Axes, found: Dimension) -> None:
    """Draw R² of each surplus latent, trained and not."""
    title(axis, "b", "surplus latents by the others")
    if not found.surplus:
        _nothing(axis)
        return
    k = [s.latent for s in found.surplus]
    axis.plot(k, [s.explained for s in found.surplus], "o-", color=PURPLE, ms=5, label="trained")
    axis.plot(k, found.untrained_explained, "^:", color=GREY, ms=5, label="untrained")
    axis.axhline(found.knee.explained, color=INK, lw=0.8, ls="--")
    axis.set_ylim(min(0, *(s.explained for s in found.surplus)) - 0.05, 1.05)
    axis.set_xticks(k)
    axis.set_xlabel("latent", **STYLE)
    axis.set_ylabel("$R^2$, held-out rows", **STYLE)
    axis.legend(fontsize=7, frameon=False)


def _added(axis: Axes, found: Dimension) -> None:
    """Draw what each surplus latent adds to predictions and to laws."""
    title(axis, "c", "what surplus latents add")
    if not found.surplus:
        _nothing(axis)
        return
    k = np.array([s.latent for s in found.surplus])
    for name, colour, label in (
        ("gained", TEAL, "share of variance"),
        ("moved", PURPLE, "laws moved, over $L_0$"),
    ):
        values = np.maximum([getattr(s, name) for s in found.surplus], FLOOR)
        axis.plot(k, values, "o-", color=colour, ms=5, lw=1, label=label)
    axis.axhline(found.knee.gain, color=INK, lw=0.8, ls="--")
    axis.set_yscale("log")
    axis.set_xticks(k)
    axis.set_xlabel("latent", **STYLE)
    axis.legend(fontsize=7, frameon=False)


def _nothing(axis: Axes) -> None:
    axis.set_xticks([])
    axis.set_yticks([])
    axis.text(0.5, 0.5, "there are none", color=INK, ha="center", transform=axis.transAxes)


def samples(given: np.ndarray, drawn: np.ndarray, channel_axis: int | None = None) -> Figure:
    """Draw rows or frames, the mean and the spread of their laws, and a few draws.

    Parameters
    ----------
    given : array [n, *space]
    drawn : array [draws, n, *space]
        From the law of each.
    channel_axis : int, optional
        Of a frame.
    """
    shown = [given, drawn.mean(axis=0), drawn.std(axis=0), *drawn[:3]]
    heads = ["given", "mean", "spread", *(f"draw {i + 1}" for i in range(len(drawn[:3])))]
    figure = Figure(figsize=(1.6 * len(shown), 1.5 * len(given) + 0.3), layout="constrained")
    axes = figure.subplots(len(given), len(shown), squeeze=False)
    for row, line in enumerate(axes):
        pictures = [page_slice(part[row], channel_axis) for part in shown]
        low, high = np.nanmin(pictures[0]), np.nanmax(pictures[0])
        for axis, picture, head in zip(line, pictures, heads, strict=True):
            if picture.ndim == 2:
                ends = {} if head == "spread" else {"vmin": low, "vmax": high}
                axis.imshow(picture, cmap="viridis", origin="lower", **ends)
                axis.set_xticks([])
                axis.set_yticks([])
            else:
                axis.plot(picture, color=TEAL if head == "spread" else PURPLE, lw=1)
                axis.tick_params(labelsize=6)
            if not row:
                axis.set_title(head, fontsize=8, loc="left", color=INK)
    return figure
