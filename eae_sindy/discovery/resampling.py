"""Intervals with their sources of spread: encoders, decoders, frames, and the choice of equations.

Each replicate is a member drawn at random, refitted to frames drawn in blocks of time. Half of them
are fitted as was chosen. The other half are fitted as might have been: by any of the candidates
among which only the number of terms decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..dynamics import cycles
from ..dynamics.cycles import Orbits
from ..dynamics.library import Library
from ..ensemble import intervals
from ..ensemble.members import each
from ..recipes import CRITERIA, INTERVAL, Criteria
from ..snapshots.frames import Frames
from . import refits
from .candidates import Candidate
from .member_fits import Fits
from .stretches import training

OTHERS = 0.5  # of the replicates, where there are other candidates


@dataclass(frozen=True)
class Spread:
    """Equations refitted to resampled frames, one randomly drawn member to each replicate.

    Replicates are not members: they say how far the answer could have been another one.

    Attributes
    ----------
    picked : array of int [replicates]
        The member each replicate was drawn from, as an index of the members given.
    own : array of bool [replicates]
        Those fitted as was chosen, and not by another candidate that is as good.
    decoder : array of int [replicates]
        The decoder of each member.
    values : array [own replicates, p, d]
        Ξ of those.
    orbits : Orbits
        Of every replicate.
    blocks : float
        How many blocks the frames are made of.
    least : int
        Replicates of which an interval is given; fewer say nothing.
    """

    picked: np.ndarray
    own: np.ndarray
    decoder: np.ndarray
    values: np.ndarray
    orbits: Orbits
    blocks: float
    least: int = CRITERIA.replicates_for_interval

    def interval(self, values: np.ndarray, of: np.ndarray) -> np.ndarray:
        """Return the central interval [2, ...] of what some replicates say.

        Within a decoder it is widened as Student's t is against a normal distribution: a bootstrap
        of few blocks is too narrow by the same. Several decoders are a sample too: their medians
        add the interval in which by Student's t one more of them would lie.

        Parameters
        ----------
        values : array [k, ...]
        of : array of bool [replicates]
            The k replicates that say it.
        """
        from scipy.stats import norm, t

        n, tail = max(self.blocks, 2.0), (1 + INTERVAL) / 2
        _, label = np.unique(self.decoder[of], return_inverse=True)
        many = int(label.max()) + 1
        medians = np.stack([np.median(values[label == k], axis=0) for k in range(many)])
        few_blocks = t(n - 1).ppf(tail) / norm.ppf(tail) * np.sqrt(n / (n - 1))
        reach = few_blocks * np.abs(intervals.interval(values - medians[label]))
        if many > 1:
            next_one = t(many - 1).ppf(tail) * np.sqrt(1 + 1 / many) * medians.std(axis=0, ddof=1)
            reach = np.hypot(reach, next_one)
        middle = medians.mean(axis=0)
        return np.stack([middle - reach[0], middle + reach[1]])

    @property
    def period(self) -> np.ndarray | None:
        """The interval of the period over replicates that hold the cycle; None if few do."""
        held = self.orbits.holds
        if np.count_nonzero(held) < self.least:
            return None
        return self.interval(self.orbits.period[held], held)


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


def in_order(frames: Frames, rows: np.ndarray) -> np.ndarray:
    """Return the same frames by trajectory, then time, as `blocks` takes them."""
    return rows[np.lexsort((frames.time[rows], frames.trajectory[rows]))]


def duration(time: np.ndarray, trajectory: np.ndarray) -> float:
    """Return how long trajectories last together, without the gaps between them."""
    return float(np.sum(_steps(time, trajectory, 0.0)))


def _steps(time: np.ndarray, trajectory: np.ndarray, between: float) -> np.ndarray:
    """Return the time from each frame's predecessor; `between` trajectories, and 0 at the start."""
    steps = np.where(np.diff(trajectory) == 0, np.diff(time), between)
    return np.concatenate([[0.0], steps])


def replicate(
    fits: Fits,
    ways: Sequence[Sequence[Candidate]],
    criteria: Criteria,
    library: Library | None = None,
    seed: int = 0,
) -> Spread:
    """Refit witnesses drawn at random to frames drawn in blocks of time, and integrate the results.

    Parameters
    ----------
    fits : Fits
        Whose witnesses are drawn from, of any number of chains.
    ways : sequence [m] of sequences of Candidate
        How each member of `fits` is fitted, and then the others by which it might be.
    library : Library, optional
        In whose terms Ξ is returned; the ensemble's with a constant by default.
    """
    library = library or fits.library
    frames, length = fits.ensemble.frames, criteria.block * fits.time_scale
    every = {id(way): way for mine in ways for way in mine}.values()
    rows = {
        name: in_order(frames, own)
        for name, own in training(frames, criteria).items()
        if name in {way.frames for way in every}
    }
    rng = np.random.default_rng([seed, 0])
    picked = rng.choice(fits.witnessed, criteria.replicates)
    others = np.array([len(ways[i]) - 1 for i in picked])
    another = rng.random(len(picked)) < OTHERS
    which = np.where(another & (others > 0), 1 + (rng.random(len(picked)) * others).astype(int), 0)
    large = refits.union(fits, list(every))

    def refit(index: int) -> np.ndarray:
        rng = np.random.default_rng([seed, 1, index])
        way = ways[picked[index]][which[index]]
        own = rows[way.frames]
        chosen = blocks(frames.time[own], frames.trajectory[own], length, rng)
        z, rate = fits.latents(picked[index], own)
        terms = way.library or fits.library
        triangle = refits.factor(terms, z[chosen], rate[chosen], way.weight)
        return refits.embedded(refits.without_nan(way, triangle), terms, large)

    xi = np.stack(list(each(range(len(picked)), refit)))
    shortest = min(duration(frames.time[own], frames.trajectory[own]) for own in rows.values())
    settled = cycles.settle(
        large, xi, fits.data.take(picked), fits.time_scale, criteria,
        period_known=fits.period_known,
    )  # fmt: skip
    place = {term: i for i, term in enumerate(large.terms)}
    own = which == 0
    chains = fits.ensemble.chain_of[fits.members[picked]]
    return Spread(
        picked=picked,
        own=own,
        decoder=np.array([c.decoder_index for c in fits.ensemble.chains])[chains],
        values=xi[own][:, [place[term] for term in library.terms]],
        orbits=settled,
        blocks=shortest / length,
        least=criteria.replicates_for_interval,
    )
