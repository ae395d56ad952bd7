"""Intervals with two sources of spread: the encoders, and the frames that enter the fit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..dynamics import cycles
from ..dynamics.cycles import Orbits
from ..dynamics.library import Library
from ..ensemble import intervals
from ..ensemble.members import each
from ..recipes import CRITERIA, INTERVAL, Criteria
from . import selection
from .candidates import Candidate
from .member_fits import Fits
from .stretches import training


@dataclass(frozen=True)
class Spread:
    """Equations refitted to resampled frames, one randomly drawn member to each replicate.

    Replicates are not members: they say how far the answer could have been another one.

    Attributes
    ----------
    picked : array of int [replicates]
        The member each replicate was drawn from, as an index of the members given.
    values : array [replicates, p, d]
        Ξ of each replicate.
    orbits : Orbits
        Of each replicate.
    blocks : float
        How many blocks the frames are made of.
    least : int
        Replicates of which an interval is given; fewer say nothing.
    """

    picked: np.ndarray
    values: np.ndarray
    orbits: Orbits
    blocks: float
    least: int = CRITERIA.replicates_for_interval

    def interval(self, values: np.ndarray) -> np.ndarray:
        """Return the central interval [2, ...] of what replicates [k, ...] say.

        Widened about the median as Student's t is against a normal distribution: a bootstrap of few
        blocks is too narrow by the same.
        """
        from scipy.stats import norm, t

        middle, ends = np.median(values, axis=0), intervals.interval(values)
        n, tail = max(self.blocks, 2.0), (1 + INTERVAL) / 2
        return middle + t(n - 1).ppf(tail) / norm.ppf(tail) * np.sqrt(n / (n - 1)) * (ends - middle)

    @property
    def period(self) -> np.ndarray | None:
        """The interval of the period over replicates that hold the cycle; None if few do."""
        held = self.orbits.period[self.orbits.holds]
        return self.interval(held) if len(held) >= self.least else None


def blocks(
    time: np.ndarray, trajectory: np.ndarray, length: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw indices of frames by a moving block bootstrap over time.

    Blocks of duration `length` start anywhere in a trajectory, and are drawn with replacement until
    there are as many frames as there were (Künsch 1989). `time` and `trajectory` [n] need not be
    evenly spaced, but sorted by trajectory, then time.

    Returns
    -------
    array of int [n]
    """
    n, found, count = len(time), [], 0
    length = min(length, duration(time, trajectory)) or length
    # Laid out a block apart: no block holds frames of two trajectories, all are drawn as often.
    time = np.cumsum(_steps(time, trajectory, length))
    # A block may hang over either end, so that frames there are drawn as often as others.
    while count < n:
        start = rng.uniform(time[0] - length, time[-1])
        low, high = np.searchsorted(time, [start, start + length])
        found.append(np.arange(low, high))
        count += high - low
    return np.concatenate(found)[:n]


def duration(time: np.ndarray, trajectory: np.ndarray) -> float:
    """Return how long trajectories last together, without the gaps between them."""
    return float(np.sum(_steps(time, trajectory, 0.0)))


def _steps(time: np.ndarray, trajectory: np.ndarray, between: float) -> np.ndarray:
    """Return the time from each frame's predecessor; `between` trajectories, and 0 at the start."""
    steps = np.where(np.diff(trajectory) == 0, np.diff(time), between)
    return np.concatenate([[0.0], steps])


def replicate(
    fits: Fits,
    candidates: Sequence[Candidate],
    criteria: Criteria,
    library: Library | None = None,
    seed: int = 0,
) -> Spread:
    """Refit witnesses drawn at random to frames drawn in blocks of time, and integrate the results.

    Parameters
    ----------
    fits : Fits
        Whose witnesses are drawn from, of any number of chains.
    candidates : sequence [m]
        How each member of `fits` is fitted.
    library : Library, optional
        In whose terms; the ensemble's with a constant by default.
    """
    library = library or fits.library
    frames, length = fits.ensemble.frames, criteria.block * fits.reference_period
    rows = {
        name: own[np.lexsort((frames.time[own], frames.trajectory[own]))]
        for name, own in training(frames, criteria).items()
        if name in {c.frames for c in candidates}
    }
    picked = np.random.default_rng([seed, 0]).choice(fits.witnessed, criteria.replicates)

    def refit(index: int) -> np.ndarray:
        rng = np.random.default_rng([seed, 1, index])
        candidate = candidates[picked[index]]
        own = rows[candidate.frames]
        chosen = blocks(frames.time[own], frames.trajectory[own], length, rng)
        z, rate = fits.latents(picked[index], own)
        terms = candidate.library or fits.library
        triangle = selection.factor(terms, z[chosen], rate[chosen], candidate.weight)
        return selection.embedded(selection.without_nan(candidate, triangle), terms, library)

    xi = np.stack(list(each(range(len(picked)), refit)))
    shortest = min(duration(frames.time[own], frames.trajectory[own]) for own in rows.values())
    settled = cycles.settle(library, xi, fits.data.take(picked), fits.reference_period, criteria)
    return Spread(picked, xi, settled, shortest / length, criteria.replicates_for_interval)
