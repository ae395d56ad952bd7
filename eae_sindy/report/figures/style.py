"""What all figures share: colours, type, how they are saved."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...storage import whole_file

PURPLE, TEAL, GREY, INK = "#7b3f98", "#1b8a8f", "#b8b8b8", "#222222"
PALE = "#d9d2e4"
CHAINS = (PURPLE, TEAL, "#c8721d", "#3b5ea8", "#8a8a2e", "#b03a5b")  # one chain after another
STYLE: dict[str, Any] = {"fontsize": 9, "color": INK}
# Dots per inch: twice what a screen shows, and fine enough for print. Tight, for the layout can be
# a few dots off the width of a formula at the edge.
SAVED: dict[str, Any] = {"dpi": 200, "bbox_inches": "tight", "pad_inches": 0.06}


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


def of_latents(z: np.ndarray) -> str:
    """Say how many latents z [n, d] a plane does not show."""
    return f", 2 of {z.shape[1]} latents" if z.shape[1] > 2 else ""


def page_slice(field: np.ndarray, channel_axis: Any) -> np.ndarray:
    """Reduce a frame to what a page shows: the first channel, the middle of further axes.

    `channel_axis` is an attribute of somebody's file: what is no axis of the frame is none.
    """
    whole = isinstance(channel_axis, int | np.integer) and not isinstance(channel_axis, bool)
    if whole and field.ndim > 1 and -field.ndim <= channel_axis < field.ndim:
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
