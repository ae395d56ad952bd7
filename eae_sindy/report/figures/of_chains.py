"""The diagnostics of chains: losses, mixing, temperatures, and a free energy."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...discovery.result import Discovery
from ...ensemble.diagnostics import free_energy
from ...progress import count
from .style import CHAINS, GREY, INK, PALE, PURPLE, STYLE, TEAL, title

ENOUGH = 160  # members of a chain for a free energy
BINS, TO_A_BIN = 30, 20  # of a free energy at most, and members to each at least


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
    title(axis, "e", f"worth of {discovery.settled:,} members")


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
    t = discovery.diagnostics.temperatures[0]
    bins = min(BINS, len(members) // TO_A_BIN)
    found = free_energy(discovery.errors[mine, 0], ensemble.chains[0].loss[members], t, bins)
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
