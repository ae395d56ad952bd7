"""How far members may be trusted as draws: settled, mixed, at the right temperature.

Statistics of chains are those of ArviZ (Vehtari et al. 2021, Bayesian Anal. 16, 667).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..recipes import Fit
from .chain import Chain
from .ensemble import Ensemble

TRIALS = 20  # starts tried by `settled_from`
SETTLED = 3.0  # standard errors between means that count as equal
SHORTEST = 100  # draws: of fewer nothing can be said
FEWEST = 20  # draws: of fewer no effective sample size is made


class Drawn(Protocol):
    """What has chains to be described: an ensemble, or a model of images."""

    @property
    def chains(self) -> Sequence[Chain]:
        """The chains."""
        ...

    @property
    def settings(self) -> Fit:
        """Settings of the sampler."""
        ...

    @property
    def temperatures(self) -> np.ndarray:
        """T of each chain."""
        ...

    @property
    def encoder_sizes(self) -> np.ndarray:
        """Number of sampled weights in each tensor of an encoder."""
        ...


class Mixing(NamedTuple):
    """How well chains agree on a quantity that does not depend on the latent frame.

    `r_hat` is the worst of the decoders', each over the chains that share it; `ess_bulk` and
    `ess_tail` are summed over decoders; `time` is the autocorrelation time in draws;
    `between_decoders` is the standard deviation of the decoders' means over that within them,
    None with one decoder.
    """

    quantity: str
    r_hat: float
    ess_bulk: float
    ess_tail: float
    time: float
    between_decoders: float | None


class Layer(NamedTuple):
    """Kinetic temperature of one tensor of weights, over the one that was set.

    `interval` is where χ² lets the mean fall: those of all tensors with a probability of 99 %.
    """

    name: str
    ratio: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Diagnostics:
    """What the chains of an ensemble say about themselves.

    Attributes
    ----------
    settled_from : tuple of int
        For each chain the first draw that counts, see `settled_from`.
    temperatures : tuple of float
        T of each chain.
    configurational_temperature : float
        ⟨|∇U|²⟩ / ⟨∇²U⟩, over the one that was set; NaN where it was not recorded.
    step : float
        Δt over the largest stable step.
    drift : float
        Change of the mean loss from the first to the last third of the settled draws, in percent,
        of the chain in which it changes most.
    loss_of_all : float
        Loss on all training frames over that on those that were sampled on, of the chain in which
        it is farthest from 1; NaN where all were sampled on.
    """

    settled_from: tuple[int, ...]
    temperatures: tuple[float, ...]
    mixing: tuple[Mixing, ...]
    layers: tuple[Layer, ...]
    configurational_temperature: float
    batch_noise: float
    step: float
    drift: float
    loss_of_all: float = np.nan

    def summary(self) -> dict[str, Any]:
        """Return what goes into summary.json."""
        return {
            "settled_from": list(self.settled_from),
            "r_hat": {m.quantity: m.r_hat for m in self.mixing},
            "ess": {m.quantity: {"bulk": m.ess_bulk, "tail": m.ess_tail} for m in self.mixing},
            "autocorrelation_time": {m.quantity: m.time for m in self.mixing},
            "between_decoders": {m.quantity: m.between_decoders for m in self.mixing},
            "per_layer": [
                layer._asdict() | {"interval": list(layer.interval)} for layer in self.layers
            ],
            "configurational_temperature": self.configurational_temperature,
            "batch_noise": self.batch_noise,
            "step_of_stable": self.step,
            "drift_percent": self.drift,
            "loss_of_all_frames": self.loss_of_all if np.isfinite(self.loss_of_all) else None,
            "temperatures": list(self.temperatures),
        }


def settled_from(loss: np.ndarray) -> int:
    """Return the first draw after which a series of the loss counts as settled.

    The earliest of 20 starts, spread over the first half, after which a tenth of what remains has
    the mean of the series' last half, to within three standard errors (Geweke 1992). Half of the
    series if none has.
    """
    n = len(loss)
    if n < SHORTEST or np.ptp(loss) == 0:
        return 0
    half = loss[n // 2 :].astype(float)
    # Scatter and memory are those of the last half, less its trend: a series that still moves
    # must not hide in an error that its own motion makes large.
    rest = half - np.polyval(np.polyfit(np.arange(len(half)), half, 1), np.arange(len(half)))
    scatter, memory = rest.std(), len(half) / effective(rest[None], "mean")
    for start in np.linspace(0, n // 2, TRIALS, endpoint=False).astype(int):
        window = loss[start : start + (n - start) // 10]
        error = scatter * np.sqrt(memory / len(window) + memory / len(half))
        if abs(window.mean() - half.mean()) <= SETTLED * error:
            return int(start)
    return n // 2


def settled(ensemble: Ensemble, starts: Sequence[int]) -> np.ndarray:
    """Return the members drawn from the given draw of each chain on."""
    kept = [np.arange(len(c)) >= s for c, s in zip(ensemble.chains, starts, strict=True)]
    return np.flatnonzero(np.concatenate(kept))


def independent(ensemble: Ensemble, starts: Sequence[int]) -> float:
    """Return how many independent draws the members are worth, by the loss of their chains.

    `starts` are the first draws that count, see `settled_from`. A chain too short, or constant, is
    worth all of its draws: nothing is known against it.
    """
    worth = 0.0
    for chain, start in zip(ensemble.chains, starts, strict=True):
        loss = chain.loss[start:].astype(float)
        told = len(loss) >= FEWEST and np.isfinite(loss).all() and np.ptp(loss) > 0
        worth += effective(loss[None], "mean") if told else len(loss)
    return worth


def effective(values: np.ndarray, method: str) -> float:
    """Return the effective sample size of `values` [chains, draws]; "bulk", "tail" or "mean"."""
    from arviz_stats.base import array_stats

    prob = (0.05, 0.95) if method == "tail" else None
    return float(array_stats.ess(values, chain_axis=0, draw_axis=1, method=method, prob=prob))


def mixing(
    quantity: str, series: Sequence[np.ndarray], decoders: Sequence[int], spacing: float = 1.0
) -> Mixing | None:
    """Compare chains on one quantity.

    Parameters
    ----------
    series : sequence of arrays
        The quantity along each chain; of unequal chains the last draws count.
    decoders : sequence of int
        The decoder of each chain. R-hat compares chains that share one: others have other targets.
    spacing : float
        Draws from one value of a series to the next.

    Returns
    -------
    Mixing or None
        None where a chain is too short, constant, or not finite.
    """
    from arviz_stats.base import array_stats

    n = min(map(len, series))
    if n < FEWEST:
        return None
    values = np.stack([s[len(s) - n :] for s in series]).astype(float)
    if not np.isfinite(values).all() or (np.ptp(values, axis=1) == 0).any():
        return None
    groups = [values[np.asarray(decoders) == d] for d in np.unique(decoders)]
    means = np.array([g.mean() for g in groups])
    within = np.sqrt(np.mean([g.var() for g in groups]))
    mean_ess = sum(effective(g, "mean") for g in groups)
    return Mixing(
        quantity,
        max(float(array_stats.rhat(_halved(g), chain_axis=0, draw_axis=1)) for g in groups),
        sum(effective(g, "bulk") for g in groups),
        sum(effective(g, "tail") for g in groups),
        spacing * values.size / mean_ess,
        float(means.std(ddof=1) / within) if len(groups) > 1 else None,
    )


def _halved(values: np.ndarray) -> np.ndarray:
    """Make two chains of one: ArviZ compares no fewer."""
    return values if len(values) > 1 else values[:, : values.shape[1] // 2 * 2].reshape(2, -1)


def layers(ensemble: Drawn, parts: Sequence[slice]) -> tuple[Layer, ...]:
    """Compare the kinetic temperature of each tensor with the χ² law, over the draws `parts`.

    The mean of n independent draws of 2K/(N_f T) is χ² with n N_f degrees of freedom over n N_f;
    n is the effective sample size, and no more than the number of times that velocities were drawn
    anew: in between they turn, and what is in phase over many steps says little of the next draw.
    """
    from scipy.stats import chi2

    tail = 0.005 / len(ensemble.encoder_sizes)
    found, drawn = [], list(zip(ensemble.chains, parts, ensemble.temperatures, strict=True))
    for k, size in enumerate(ensemble.encoder_sizes):
        series = [c.kinetic_temperature[p, k] / t for c, p, t in drawn]
        lengths = np.array(list(map(len, series)), float)
        worth = np.array([_worth(x, ensemble.settings) for x in series])
        # The variance of a mean over chains is that of each, by the square of its share: a chain
        # that moves little spoils it, however much the others move.
        freedom = lengths.sum() ** 2 / np.sum(lengths**2 / worth) * size
        low, high = chi2(freedom).ppf([tail, 1 - tail]) / freedom
        name = f"{('kernel', 'bias')[k % 2]} {k // 2 + 1}"
        ratio = float(np.concatenate(series).mean())
        found.append(Layer(name, ratio, (float(low), float(high))))
    return tuple(found)


def _worth(series: np.ndarray, settings: Fit) -> float:
    """Return how many independent draws the kinetic temperature of one chain is worth."""
    told = len(series) >= FEWEST and np.ptp(series) > 0
    worth = effective(series[None], "mean") if told else 1.0
    if settings.sampler == "nose-hoover" and settings.resample_every:
        worth = min(worth, max(1.0, len(series) / settings.resample_every))
    return worth


def diagnose(
    ensemble: Drawn,
    starts: Sequence[int],
    quantities: dict[str, np.ndarray],
    spacing: float = 1.0,
) -> Diagnostics:
    """Describe the chains of an ensemble.

    Parameters
    ----------
    starts : sequence of int
        The first draw of each chain that counts, by `settled_from`.
    quantities : mapping of str to array [members]
        What is compared between chains beside the loss; it must not depend on the latent frame.
        Draws that are not finite are left out.
    spacing : float
        Draws from one of these to the next: 1 if every member was read.
    """
    chains = ensemble.chains
    parts = [slice(start, None) for start in starts]
    decoders = [c.decoder_index for c in chains]
    series = {"loss": [c.loss[p] for c, p in zip(chains, parts, strict=True)]}
    first = np.cumsum([0, *map(len, chains)])
    for name, values in quantities.items():
        cut = [values[a:b][p] for a, b, p in zip(first, first[1:], parts, strict=False)]
        series[name] = [c[np.isfinite(c)] for c in cut]
    apart = dict.fromkeys(quantities, spacing)
    mixed = [mixing(name, s, decoders, apart.get(name, 1.0)) for name, s in series.items()]
    return Diagnostics(
        tuple(starts),
        tuple(map(float, ensemble.temperatures)),
        tuple(m for m in mixed if m is not None),
        layers(ensemble, parts),
        _configurational(ensemble, starts),
        float(np.mean([c.batch_noise for c in chains])),
        float(max(_step(ensemble, c) / c.largest_stable_step for c in chains)),
        max((_drift(s) for s in series["loss"]), key=abs),
        max((c.loss_of_all for c in chains), key=lambda ratio: abs(ratio - 1)),
    )


def _step(ensemble: Drawn, chain: Chain) -> float:
    """Return Δt of a chain: its own where it was measured, or that of the settings."""
    own = chain.time_step
    return own if np.isfinite(own) else ensemble.settings.step


def _configurational(ensemble: Drawn, starts: Sequence[int]) -> float:
    """Return ⟨|∇U|²⟩ / (T ⟨∇²U⟩), which is 1 for draws from exp(−U/T) that are confined.

    Rugh 1997, Phys. Rev. Lett. 78, 772. Flat directions add nothing to either mean. NaN with
    minibatches, whose noise the slope would hold too, and where nothing was recorded.
    """
    if ensemble.settings.batch:
        return np.nan
    slopes, traces = [], []
    for chain, start, t in zip(ensemble.chains, starts, ensemble.temperatures, strict=True):
        probes = len(chain.laplacian)
        # Probes are evenly spread, each at the end of its share of the draws.
        at = (1 + np.arange(probes)) * len(chain) / max(probes, 1)
        slopes.append(chain.gradient_square[start:] / t)
        traces.append(chain.laplacian[at > start])
    slope, trace = np.concatenate(slopes), np.concatenate(traces)
    if not len(slope) or not len(trace):
        return np.nan
    return float(slope.mean(dtype=float) / trace.mean())


def _drift(loss: np.ndarray) -> float:
    third = max(1, len(loss) // 3)
    return 100 * float(loss[-third:].mean() / loss[:third].mean() - 1)


class FreeEnergy(NamedTuple):
    """Free energy of a collective variable θ, relative to its least value.

    `value` [bins] are centres, `free` is F (Eq. 3), `energy` ⟨L⟩ at fixed θ, `entropy` S with
    F = ⟨L⟩ − T S (Eqs. 4 and 5), `error` the standard error of F; NaN in bins without draws.
    """

    value: np.ndarray
    free: np.ndarray
    energy: np.ndarray
    entropy: np.ndarray
    error: np.ndarray


def free_energy(
    values: np.ndarray, loss: np.ndarray, temperature: float, bins: int = 30
) -> FreeEnergy:
    """Estimate the free energy of a chosen scalar θ(φ) from draws, F(θ) = −T log p(θ).

    Eq. 4 splits it into the mean loss on the set of encoders with this θ and the volume of that
    set, F ≈ ⟨L⟩_θ − T S(θ): an approximation to first cumulants.

    Parameters
    ----------
    values, loss : arrays [draws]
        θ and the loss of each draw of one chain.
    """
    counts, edges = np.histogram(values, bins)
    index = np.clip(np.digitize(values, edges[1:-1]), 0, bins - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        free = -temperature * np.log(counts / counts.max())
        energy = np.bincount(index, loss.astype(float), bins) / counts
        independent = effective(values[None], "mean") / len(values)
        error = temperature / np.sqrt(counts * min(1.0, independent))
    free[counts == 0] = error[counts == 0] = np.nan
    return FreeEnergy(
        0.5 * (edges[1:] + edges[:-1]), free, energy, (energy - free) / temperature, error
    )
