"""Coordinates along trajectories at even times, and how much of them is noise."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import Akima1DInterpolator

from ..errors import EaeSindyError
from ..recipes import KIND_CRITERIA, KindCriteria

MEDIAN_OF_SQUARE = 0.4549  # of a standard normal number
EVEN = 0.01  # of the step, by which even times may differ


@dataclass(frozen=True)
class Series:
    """Trajectories of a few coordinates at even times, about their common mean.

    Attributes
    ----------
    step : float
        Time between samples.
    runs : tuple of arrays [n, k]
        One for each trajectory that is long enough.
    noise : array [k]
        Variance of what is independent from one sample to the next.
    """

    step: float
    runs: tuple[np.ndarray, ...]
    noise: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        """Variance of each coordinate over all samples, noise included: [k]."""
        return np.concatenate(self.runs).var(axis=0)

    @property
    def noise_share(self) -> float:
        """Share of the variance that is noise."""
        return float(min(1.0, self.noise.sum() / self.variance.sum()))

    def coarser(self, factor: int) -> "Series":
        """Return means over so many samples each; trajectories shorter than that are lost."""
        if factor < 2:
            return self
        runs = []
        for run in self.runs:
            n = len(run) // factor
            if n > 1:
                runs.append(run[: n * factor].reshape(n, factor, -1).mean(axis=1))
        return Series(self.step * factor, tuple(runs), self.noise / factor)


def pieces(
    time: np.ndarray, trajectory: np.ndarray, coordinates: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (times [n], coordinates [n, k]) of each trajectory, in order of time.

    Raises
    ------
    EaeSindyError
        If shapes do not agree, numbers are not finite, or a time occurs twice.
    """
    time, x = np.asarray(time, float), np.asarray(coordinates, float)
    labels = np.asarray(trajectory)
    if x.ndim != 2 or time.shape != x.shape[:1] or labels.shape != x.shape[:1]:
        raise EaeSindyError(
            f"coordinates have shape {x.shape}, times {time.shape} and trajectory labels "
            f"{labels.shape}: give [n, k], [n] and [n]"
        )
    if not (np.isfinite(x).all() and np.isfinite(time).all()):
        raise EaeSindyError("some coordinates or times are not finite: leave those frames out")
    found = []
    for label in dict.fromkeys(labels.tolist()):
        rows = np.flatnonzero(labels == label)
        rows = rows[np.argsort(time[rows], kind="stable")]
        if (np.diff(time[rows]) <= 0).any():
            raise EaeSindyError(f"trajectory {label} has a time twice: keep one of its frames")
        found.append((time[rows], x[rows]))
    return found


def unexplained(parts: list[tuple[np.ndarray, np.ndarray]], stride: int = 1) -> np.ndarray:
    """Return the variance [k] of what four neighbours of a frame do not say about it.

    A cubic through the two frames before and the two after, `stride` apart, is taken from each
    frame. Of independent noise a known multiple of its variance is left, of a smooth curve next to
    nothing. By medians, so that rare fast motion does not count.
    """
    squares = []
    for t, x in parts:
        n = len(t) - 4 * stride
        if n < 1:
            continue
        middle = t[2 * stride : 2 * stride + n]
        nodes = [t[k * stride : k * stride + n] for k in (0, 1, 3, 4)]
        values = [x[k * stride : k * stride + n] for k in (0, 1, 3, 4)]
        left, gain = x[2 * stride : 2 * stride + n].copy(), np.ones(n)
        for j in range(4):
            weight = np.ones(n)
            for i in range(4):
                if i != j:
                    weight *= (middle - nodes[i]) / (nodes[j] - nodes[i])
            left -= weight[:, None] * values[j]
            gain += weight**2
        squares.append(left**2 / gain[:, None])
    return np.median(np.concatenate(squares), axis=0) / MEDIAN_OF_SQUARE


def even(parts: list[tuple[np.ndarray, np.ndarray]], noise: np.ndarray, kept: np.ndarray) -> Series:
    """Return trajectories at even times, by local cubics where they are not so already.

    Parameters
    ----------
    parts : list of (times [n], coordinates [n, k])
    noise : array [k]
        See `unexplained`.
    kept : array of bool [k]
        The coordinates that are wanted.
    """
    gaps = np.concatenate([np.diff(t) for t, _ in parts])
    step = float(gaps.mean())
    uneven = np.abs(gaps - np.median(gaps)).max() > EVEN * step
    mean = np.concatenate([x for _, x in parts])[:, kept].mean(axis=0)
    runs = []
    for t, x in parts:
        values = x[:, kept]
        if uneven:
            values = Akima1DInterpolator(t, values, axis=0)(np.arange(t[0], t[-1], step))
        runs.append(values - mean)
    return Series(step, tuple(runs), noise[kept])


def recurrence(run: np.ndarray, longest: int) -> np.ndarray:
    """Return ⟨x(t)·x(t + τ)⟩ over the root mean squares of both factors, for lags 0 … longest.

    By FFT. Each lag has its own norms, so that a decay counts as much as a steady oscillation.
    """
    n = len(run)
    size = 2 ** int(np.ceil(np.log2(2 * n)))
    spectrum = np.fft.rfft(run, size, axis=0)
    products = np.fft.irfft(np.sum(np.abs(spectrum) ** 2, axis=1), size)[: longest + 1]
    energy = np.concatenate([[0], np.cumsum(np.sum(run**2, axis=1))])
    lags = np.arange(longest + 1)
    norms = np.sqrt(energy[n - lags] * (energy[n] - energy[lags]))
    return products / np.maximum(norms, np.finfo(float).tiny)


def clock(series: Series, criteria: KindCriteria = KIND_CRITERIA) -> float:
    """Return the time scale 2πτ/arccos C(τ) where the recurrence C first falls below 0.7.

    Of a rotation it is the period. NaN where C never falls so far.
    """
    longest = max(len(run) for run in series.runs) // 2
    total, weights = np.zeros(longest + 1), np.zeros(longest + 1)
    for run in series.runs:
        most = len(run) // 2
        total[: most + 1] += np.sum(run**2) * recurrence(run, most)
        weights[: most + 1] += np.sum(run**2)
    c = total / np.maximum(weights, np.finfo(float).tiny) / max(1 - series.noise_share, 0.1)
    below = np.flatnonzero(c[1:] < 0.7) + 1
    if not len(below):
        return np.nan
    value = np.clip(c[below[0]], -1, 1)
    return float(2 * np.pi * below[0] * series.step / np.arccos(value))
