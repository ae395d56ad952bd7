"""Figures 1 and 4: the snapshots, the members' coefficients, and two members at work."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import gaussian_kde

from ...discovery.result import Discovery
from ...dynamics import cycles, orbits
from ...recipes import SIGNIFICANCE
from .style import GREY, INK, PURPLE, STYLE, TEAL, _tex, of_latents, page_slice, title

SHOWN = 40  # coefficients whose correlations a page can show


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
    period = found.period[index] if found else np.nan
    reference = found.reference_period if found else np.nan
    about = period if np.isfinite(period) else np.ptp(ensemble.frames.time[rows]) / 8
    time = cycles.horizon(reference if np.isfinite(reference) else about)
    orbit = orbits.integrate(
        ensemble.library, discovery.values[[index]], orbits.loop(z.astype(float)), time
    )[:, 0]
    late = -cycles.LAST
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
        axis.set_xlabel(_tex("z1") + of_latents(z), **STYLE)
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
    text = (
        f"period {period:.3f}" + (f" (data {reference:.3f})" if reference == reference else "")
        if np.isfinite(period)
        else "does not hold the cycle"
        if found
        else "no period in the data"
    )
    title(axis, letter, text, colour)
