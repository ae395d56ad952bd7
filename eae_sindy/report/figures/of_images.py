"""Figures of models of images: 2a, 2b, 3 and 5 of the paper."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...images.comparison import ImageComparison
from ...images.contract import flat
from ...images.measured import STEPS, Measured, ends, interpolated
from ...images.measures import ACTIVE
from ..images import NAMES
from .style import CHAINS, GREY, INK, PURPLE, STYLE, TEAL, title

BINS = (12, 40)  # of a distribution, at least and at most
TO_A_BIN = 4  # images of a class to each, in between
UNITS = 9  # that figures show: three, and six more
OVERLAP = 0.35  # opacity of one class


def _tile(axis: Axes, image: np.ndarray) -> None:
    axis.imshow(np.clip(image, 0, 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    for side in axis.spines.values():
        side.set_visible(False)


def _rows(rows: Sequence[tuple[str, np.ndarray]]) -> Figure:
    """Draw rows of images, each with its name at the left."""
    across = max(len(images) for _, images in rows)
    figure = Figure(figsize=(0.95 * across + 0.9, 0.98 * len(rows) + 0.35), layout="constrained")
    axes = figure.subplots(len(rows), across, squeeze=False)
    for line, (name, images) in zip(axes, rows, strict=True):
        for axis, image in zip(line, images, strict=False):
            _tile(axis, image)
        for axis in line[len(images) :]:
            axis.axis("off")
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8, **STYLE)
    return figure


def interpolations(found: ImageComparison) -> Figure | None:
    """Draw Figure 2a: Eq. 17 between two classes, decoded by each model; None without classes.

    The row of the data is what Eq. 17 makes of their mean images.
    """
    images = found.images
    if images.classes is None:
        return None
    pair = ends(images.classes[2])
    blend = interpolated(flat(images.test), images.classes[2], pair)
    rows = [("mean of\ntest data", blend.reshape(-1, *images.shape))]
    rows += [
        (NAMES[kind], runs[0].interpolation)
        for kind, runs in found.runs.items()
        if runs[0].interpolation is not None
    ]
    figure = _rows(rows)
    for axis, share in zip(figure.axes, np.linspace(1, 0, STEPS), strict=False):
        axis.set_title(rf"$\alpha = {share:.2g}$", fontsize=8)
    return figure


def reconstructions(found: ImageComparison) -> Figure:
    """Draw the first test images, and what each model makes of them."""
    first = next(iter(found.runs.values()))[0].shown
    rows = [("test data", flat(found.images.test[: len(first)]).reshape(first.shape))]
    rows += [(NAMES[kind], runs[0].shown) for kind, runs in found.runs.items()]
    return _rows(rows)


def distributions(found: ImageComparison, first: int, units: int) -> Figure:
    """Draw Figures 2b and 5: distributions of a few units over test images, by class.

    Of nine units in all, in an order drawn at random, these are so many from the `first` on. They
    are drawn at random from those that are active in every model, the same for all; where
    there are too few of them, each model shows its own most active ones, and its axes say so.
    """
    firsts = {kind: runs[0] for kind, runs in found.runs.items()}
    chosen = {kind: own[first : first + units] for kind, own in _chosen(firsts).items()}
    figure = Figure(figsize=(2.6 * units + 0.6, 2.0 * len(firsts) + 0.5), layout="constrained")
    axes = figure.subplots(len(firsts), units, squeeze=False)
    classes = None if found.images.classes is None else found.images.classes[2]
    for line, (kind, run) in zip(axes, firsts.items(), strict=True):
        for axis, unit in zip(line, chosen[kind], strict=False):
            _distribution(axis, run, int(unit), classes)
        for axis in line[len(chosen[kind]) :]:
            axis.axis("off")
        line[0].set_ylabel(NAMES[kind], **STYLE)
    if classes is not None:
        handles, labels = axes[0, 0].get_legend_handles_labels()
        if len(labels) <= 12:
            figure.legend(handles, labels, loc="outside upper center", ncols=len(labels),
                          fontsize=7, frameon=False)  # fmt: skip
    return figure


def _chosen(firsts: dict[str, Measured]) -> dict[str, np.ndarray]:
    """Return the units of each model that are drawn, at most nine."""
    shared = np.flatnonzero(np.all([r.activity > ACTIVE for r in firsts.values()], axis=0))
    if len(shared) >= UNITS:
        return dict.fromkeys(firsts, np.random.default_rng(0).choice(shared, UNITS, replace=False))
    return {kind: np.argsort(-r.activity)[:UNITS] for kind, r in firsts.items()}


def _distribution(axis: Axes, run: Measured, unit: int, classes: np.ndarray | None) -> None:
    values = run.spread[:, :, unit]
    low, high = np.quantile(values, [0.002, 0.998])
    groups = 1 if classes is None else len(np.unique(classes))
    bins = int(np.clip(values.shape[1] / groups / TO_A_BIN, *BINS))
    edges = np.linspace(low, high if high > low else low + 1, bins + 1).tolist()
    if classes is None:
        axis.hist(values.ravel(), edges, density=True, color=PURPLE, alpha=0.8)
    else:
        for i, one in enumerate(np.unique(classes)):
            axis.hist(values[:, classes == one].ravel(), edges, density=True, alpha=OVERLAP,
                      histtype="stepfilled", color=_class_colour(i), label=str(one))  # fmt: skip
    axis.set_yticks([])
    axis.set_xlabel(rf"$z_{{{unit + 1}}}$", fontsize=8)
    axis.tick_params(labelsize=7)
    axis.text(0.97, 0.93, f"$A = {run.activity[unit]:.2g}$", ha="right", va="top", fontsize=8,
              color=INK, transform=axis.transAxes)  # fmt: skip


def _class_colour(i: int) -> Any:
    return colormaps["tab10"](i % 10)


def training(found: ImageComparison) -> Figure:
    """Draw Figure 3a: losses of every model as it was trained, with the spread over members."""
    runs = {kind: runs[0] for kind, runs in found.runs.items()}
    figure = Figure(figsize=(3.4 * len(runs), 2.9), layout="constrained")
    axes = figure.subplots(1, len(runs), squeeze=False)[0]
    for axis, letter, (kind, run) in zip(axes, "abcdef", runs.items(), strict=False):
        _course(axis, run, PURPLE, TEAL)
        title(axis, letter, NAMES[kind])
        axis.legend(fontsize=7, frameon=False)
    return figure


def _course(axis: Axes, run: Measured, colour: str, other: str, name: str = "") -> None:
    chain = run.model.chains[0]
    at = 1 + np.arange(len(chain.training))
    if len(chain.training_spread) == len(at):
        low = np.maximum(chain.training - chain.training_spread, 1e-3 * chain.training)
        axis.fill_between(at, low, chain.training + chain.training_spread, color=colour, alpha=0.2,
                          lw=0, label=f"{name}one s.d. of encoders")  # fmt: skip
    axis.semilogy(at, chain.training, color=colour, lw=1.2, label=f"{name}mean of the ensemble"
                  if run.model.kind == "eae" else "training")  # fmt: skip
    if len(chain.validation) == len(at):
        axis.semilogy(at, chain.validation, color=other, lw=1, label=f"{name}held back")
    axis.set_xlabel("decoder update" if run.model.kind == "eae" else "epoch", **STYLE)
    axis.set_ylabel("loss", **STYLE)
    axis.tick_params(which="both", labelsize=8)
    axis.grid(color="#eeeeee")


def morphology(runs: Sequence[Measured], test: np.ndarray) -> Figure:
    """Draw Figure 3: training at two temperatures (a), and images decoded of mean codes (b, c)."""
    shown = len(runs[0].shown)
    figure = Figure(figsize=(10, 6.2), layout="constrained")
    grid = figure.add_gridspec(4, shown, height_ratios=[2.6, 1, 1, 1])
    top = figure.add_subplot(grid[0, :])
    for run, (colour, other) in zip(
        runs, ((CHAINS[5], CHAINS[2]), (TEAL, CHAINS[3])), strict=False
    ):
        _course(top, run, colour, other, f"T = {run.model.recipe.temperature:g}: ")
    top.legend(fontsize=7, frameon=False, ncols=2)
    title(top, "a", "training")
    rows = [("test data", test), *((f"T = {r.model.recipe.temperature:g}", r.shown) for r in runs)]
    for i, (name, images) in enumerate(rows, 1):
        for k in range(shown):
            axis = figure.add_subplot(grid[i, k])
            _tile(axis, images[k])
            if k == 0:
                letter = f"$\\bf{{{' bc'[i - 1]}}}$  " if i > 1 else ""
                axis.set_ylabel(letter + name, rotation=0, ha="right", va="center", labelpad=8,
                                **STYLE)  # fmt: skip
    return figure


def generated(images: np.ndarray, made: np.ndarray) -> Figure:
    """Draw images (first column) and what is decoded of codes that members give them, in rows.

    Parameters
    ----------
    images : array [k, *shape]
    made : array [k, m, *shape]
    """
    across = 1 + made.shape[1]
    figure = Figure(figsize=(0.95 * across, 0.98 * len(images) + 0.3), layout="constrained")
    axes = figure.subplots(len(images), across, squeeze=False)
    for line, image, row in zip(axes, images, made, strict=True):
        _tile(line[0], image)
        for axis, one in zip(line[1:], row, strict=True):
            _tile(axis, one)
    axes[0, 0].set_title("given", fontsize=8, color=GREY)
    axes[0, 1].set_title("decoded of sampled codes", fontsize=8, loc="left", color=GREY)
    return figure
