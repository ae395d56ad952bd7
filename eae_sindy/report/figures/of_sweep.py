"""The figure of a sweep: errors, period, degrees of freedom and sampling against temperature."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...discovery.sweep import Sweep
from ...recipes import CRITERIA, INTERVAL
from .style import GREY, INK, PURPLE, STYLE, TEAL, title

WORST = 3.0  # errors beyond this stand at the edge: predicting the mean field scores 1


def sweep(found: Sweep) -> Figure:
    """Draw reconstruction (a), forecast (b), period (c), freedom (d), heat (e) and ESS (f)."""
    figure = Figure(figsize=(10, 5.6), layout="constrained")
    axes = figure.subplots(2, 3)
    t = np.array([row.temperature for row in found.rows])
    _error(axes[0, 0], found, t, "field", TEAL)
    title(axes[0, 0], "a", "reconstruction, test frames")
    _error(axes[0, 1], found, t, "forecast", PURPLE)
    title(axes[0, 1], "b", "forecast of the test window")
    _line(axes[0, 2], t, 100 * _of(found, "width"), PURPLE)
    axes[0, 2].set_ylabel("% of the data's own period", **STYLE)
    title(axes[0, 2], "c", f"width of the period's {INTERVAL:.0%} interval")
    freedom, heat = _of(found, "freedom"), _of(found, "heat_capacity")
    _line(axes[1, 0], t, freedom, PURPLE)
    axes[1, 0].set_ylabel(r"$2\,(\langle L\rangle - L_{\min})/T$", **STYLE)
    title(axes[1, 0], "d", "effective degrees of freedom")
    _line(axes[1, 1], t, heat, TEAL, r"$\mathrm{Var}(L)/T^2$")
    axes[1, 1].plot(t, freedom / 2, color=GREY, ls="--", lw=1.2, label="half of d")
    axes[1, 1].legend(fontsize=7, frameon=False)
    axes[1, 1].set_ylabel(r"$N/2$ of $N$ quadratic ones", **STYLE)
    title(axes[1, 1], "e", "heat capacity")
    _sampling(axes[1, 2], found, t)
    for axis in axes.flat:
        _temperatures(axis, found, t)
    return figure


def _of(found: Sweep, name: str) -> np.ndarray:
    return np.array([getattr(row, name) for row in found.rows], float)


def _line(axis: Axes, t: np.ndarray, values: np.ndarray, colour: str, label: str = "") -> None:
    """Draw values against temperature, on a logarithmic axis where they are all positive."""
    values = np.where(np.isfinite(values), values, np.nan)
    axis.plot(t, values, "o-", color=colour, ms=4, lw=1.2, label=label)
    if np.isfinite(values).any():
        if np.nanmin(values) > 0 and np.nanmax(values) > 5 * np.nanmin(values):
            axis.set_yscale("log")
        return
    axis.set_yticks([])
    axis.text(0.5, 0.5, "not known", color=INK, ha="center", transform=axis.transAxes, fontsize=9)


def _error(axis: Axes, found: Sweep, t: np.ndarray, name: str, colour: str) -> None:
    values = _of(found, name)
    _line(axis, t, np.where(values <= WORST, values, np.nan), colour)
    far = t[values > WORST]
    axis.plot(far, np.full(len(far), WORST), "^", color=colour, ms=5, mfc="none")
    if np.isfinite(values).any():
        axis.set_yscale("log")
    axis.set_ylabel("relative squared error", **STYLE)


def _sampling(axis: Axes, found: Sweep, t: np.ndarray) -> None:
    """Draw the loss's effective sample size and, against an axis of its own, its drift."""
    _line(axis, t, _of(found, "ess"), PURPLE)
    axis.set_ylabel("effective draws", fontsize=9, color=PURPLE)
    other = axis.twinx()
    limit = CRITERIA.drift_percent
    other.axhspan(-limit, limit, color="#f0f0f0", lw=0, zorder=0)
    other.plot(t, _of(found, "drift"), "s--", color=TEAL, ms=3.5, lw=1, mfc="none")
    other.set_ylabel("drift of the mean loss, %", fontsize=9, color=TEAL)
    other.tick_params(labelsize=8)
    axis.set_zorder(other.get_zorder() + 1)
    axis.patch.set_visible(False)
    title(axis, "f", "sampling of the loss")


def _temperatures(axis: Axes, found: Sweep, t: np.ndarray) -> None:
    """Make a logarithmic axis of temperatures; mark the one chosen, and rungs that were lost."""
    axis.set_xscale("log")
    ends: Sequence[float] = [*t, found.chosen]
    axis.set_xlim(min(ends) / 1.8, max(ends) * 1.8)
    axis.axvline(found.chosen, color=INK, lw=0.9, ls=":", label="_chosen")
    lost = t[np.isnan(_of(found, "field"))]
    axis.plot(lost, np.full(len(lost), 0.03), "x", color=INK, ms=5,
              transform=axis.get_xaxis_transform(), label="_lost")  # fmt: skip
    axis.set_xlabel("temperature $T$ (dotted: chosen)" + ("; ×: lost" if len(lost) else ""),
                    **STYLE)  # fmt: skip
    axis.grid(color="#eeeeee")
    axis.set_axisbelow(True)
    axis.tick_params(which="both", labelsize=8)
