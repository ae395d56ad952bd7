"""Both sides of the poster's balance equation at points of level sets, and how far they agree.

The equation, of an encoder e with one code, at a point y of the level set with centre c, variance
V and mass Z, and with the score s = ∇ log p:

    2 (y − c) / (V/Z − |y − c|²) · ∇e = s · ∇e

Its left side has a pole where |y − c|² = V/Z. So both sides are multiplied by that denominator, and
divided by what they come to at most, |2 (y − c)| + |V/Z − |y − c|²| |s|: then each lies between −1
and 1, they are equal where the equation holds, and no pole decides. Across a level set is along its
unit normal n = ∇e/|∇e|. What the two vectors are along the level set is measured beside it, of
which the theorem says nothing.

To compare the vectors (a · ∇e) ∇e and (s · ∇e) ∇e by the angle between them would be void: both are
multiples of one vector, so the cosine is ±1 for any encoder. Scalars are compared here.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from ..recipes import INTERVAL
from .contract import Code
from .laws import Law
from .level_sets import LevelSets

NOISE = 0.95  # quantile of what errors of level sets alone make
TINY = 1e-12  # r.m.s. of a side below which it has no slope and no correlation


@dataclass(frozen=True)
class Points:
    """Points of level sets, and what does not depend on the centres.

    Attributes
    ----------
    x, score, normal : arrays [n, N]
        Where they are, ∇ log p there, and the unit normal of the level set.
    code : array [n]
    label : array of int [n]
        The level set of each.
    centre : array [n, N]
        c at the code of each.
    variance : array [n]
        V/Z of the level set.
    """

    x: np.ndarray
    score: np.ndarray
    normal: np.ndarray
    code: np.ndarray
    label: np.ndarray
    centre: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True)
class Sides:
    """Both sides, free of poles and scaled, across level sets [n] and along them [n, N]."""

    left: np.ndarray
    right: np.ndarray
    left_along: np.ndarray
    right_along: np.ndarray


@dataclass(frozen=True)
class Agreement:
    """How far the two sides agree.

    Attributes
    ----------
    distance : float
        r.m.s. of their difference over the root of the sum of their mean squares: 0 where they
        agree, 1 where one of them is zero or nothing connects them, √2 where they are opposite.
    interval : (float, float)
        Of the distance, by a bootstrap over level sets, their centres and their variances.
    noise : float
        What the distance comes to, in 95 of 100 bootstrap replicates at most, by errors of centres
        and variances alone, if the equation holds.
    chance : float
        The distance if points are exchanged within level sets: that of unrelated sides.
    left, right : float
        r.m.s. of each side, which is at most 1.
    slope, correlation : float
        Of the right side on the left one over points, each less its mean over the level set. NaN
        where a side is zero.
    along : float
        The distance of what the two vectors are along level sets.
    """

    distance: float
    interval: tuple[float, float]
    noise: float
    chance: float
    left: float
    right: float
    slope: float
    correlation: float
    along: float


@dataclass(frozen=True)
class Consistency:
    """Whether (y − c) · dc/dz = 0, as it is at a stationary point for β = 2.

    Attributes
    ----------
    residual : float
        Median over points of |cos| of the angle between y − c and dc/dz: 0 where it holds, 0.71 of
        directions by chance in the plane. A median, for where a code is cut, as an angle has to be,
        a network must run through all its values in a strip; few points there lie far from c.
    noise : float
        What errors of centres alone make of it, in 95 of 100 bootstrap replicates at most.
    """

    residual: float
    noise: float


def points(law: Law, code: Code, x: np.ndarray, sets: LevelSets) -> Points:
    """Return the points among rows x [n, N] that lie in inner level sets and have a normal.

    The first and the last level set reach into the tails, where a straight line says little.
    """
    own = code.codes(x)[:, 0]
    label = sets.which(own)
    slopes = code.jacobians(x)[:, 0]
    size = np.linalg.norm(slopes, axis=1)
    kept = (label > 0) & (label < len(sets) - 1) & (size > 0)
    x, own, label = x[kept], own[kept], label[kept]
    return Points(
        x=x,
        score=law.score(x),
        normal=slopes[kept] / size[kept, None],
        code=own,
        label=label,
        centre=sets.centres(own),
        variance=sets.variance[label],
    )


def sides(
    at: Points, centre: np.ndarray | None = None, variance: np.ndarray | None = None
) -> Sides:
    """Return both sides of the balance equation, with other centres and variances if given."""
    apart = at.x - (at.centre if centre is None else centre)
    gap = (at.variance if variance is None else variance) - np.sum(apart**2, axis=1)
    left, right = 2 * apart, gap[:, None] * at.score
    most = np.linalg.norm(left, axis=1) + np.linalg.norm(right, axis=1)
    left, right = left / most[:, None], right / most[:, None]
    across = [np.sum(side * at.normal, axis=1) for side in (left, right)]
    return Sides(
        across[0],
        across[1],
        left - across[0][:, None] * at.normal,
        right - across[1][:, None] * at.normal,
    )


def agreement(at: Points, sets: LevelSets, replicates: int, rng: np.random.Generator) -> Agreement:
    """Measure how far both sides agree, and what chance and sampling make of that."""
    found = sides(at)
    size = np.sqrt(np.mean(found.left**2) + np.mean(found.right**2))
    distances, noises, chances = [], [], []
    labels = np.unique(at.label)
    place = {k: np.flatnonzero(at.label == k) for k in labels}
    for centre, variance in _replicates(at, sets, replicates, rng):
        other = sides(at, centre, variance)
        moved = (other.left - other.right) - (found.left - found.right)
        noises.append(_rms(moved) / size if size > TINY else 0.0)
        chosen = np.concatenate([place[k] for k in rng.choice(labels, len(labels))])
        distances.append(_distance(other.left[chosen], other.right[chosen]))
        mixed = np.concatenate([rng.permutation(place[k]) for k in labels])
        as_they_are = np.concatenate([place[k] for k in labels])
        chances.append(_distance(found.left[as_they_are], found.right[mixed]))
    slope, correlation = _within(found.left, found.right, at.label)
    tail = (1 - INTERVAL) / 2
    low, high = np.quantile(distances, [tail, 1 - tail])
    return Agreement(
        distance=_distance(found.left, found.right),
        interval=(float(low), float(high)),
        noise=float(np.quantile(noises, NOISE)),
        chance=float(np.mean(chances)),
        left=_rms(found.left),
        right=_rms(found.right),
        slope=slope,
        correlation=correlation,
        along=_distance(found.left_along, found.right_along),
    )


def consistency(
    at: Points, sets: LevelSets, replicates: int, rng: np.random.Generator
) -> Consistency:
    """Measure the residual of self-consistency, and what sampling makes of it."""
    apart = at.x - at.centre
    own = _cosine(apart, sets.directions(at.code))
    noises = []
    for moves in _moves(sets, replicates, rng):
        turned = sets.directions(at.code) + _turns(sets, moves)[at.label]
        noises.append(np.median(np.abs(_cosine(apart - moves[at.label], turned) - own)))
    return Consistency(float(np.median(np.abs(own))), float(np.quantile(noises, NOISE)))


def forces(at: Points, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the force across level sets [n], by the poster's formula from codes alone and true.

    The unit is that of `temperature` over that of length. The formula has poles.
    """
    apart = at.x - at.centre
    gap = at.variance - np.sum(apart**2, axis=1)
    predicted = 2 * temperature * np.sum(apart * at.normal, axis=1) / gap
    return predicted, temperature * np.sum(at.score * at.normal, axis=1)


@dataclass(frozen=True)
class Forces:
    """How well forces are told from codes: by their ranks and by their signs.

    Attributes
    ----------
    rank : float
        Spearman's correlation of the predicted force with the true one: poles do not decide it.
    sign : float
        Share of points whose sign is right; one half is chance.
    median_ratio : float
        Median size of the predicted force over the median size of the true one.
    """

    rank: float
    sign: float
    median_ratio: float


def told(predicted: np.ndarray, true: np.ndarray) -> Forces:
    """Compare predicted forces [n] with true ones."""
    flat = np.ptp(predicted) == 0 or np.ptp(true) == 0
    size = np.median(np.abs(true))
    return Forces(
        rank=0.0 if flat else float(spearmanr(predicted, true).statistic),
        sign=float(np.mean(np.sign(predicted) == np.sign(true))),
        median_ratio=float(np.median(np.abs(predicted)) / size) if size > 0 else np.nan,
    )


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    size = np.sqrt(np.mean(one**2) + np.mean(other**2))
    return float(np.sqrt(np.mean((one - other) ** 2)) / size) if size > TINY else 0.0


def _within(left: np.ndarray, right: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """Return slope and correlation of right on left, each less its mean over the label."""
    counts = np.maximum(np.bincount(label), 1)
    one, other = (v - (np.bincount(label, v) / counts)[label] for v in (left, right))
    if min(_rms(one), _rms(other)) < TINY:
        return np.nan, np.nan
    return float(one @ other / (one @ one)), float(
        one @ other / np.sqrt((one @ one) * (other @ other))
    )


def _cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the cosine of the angle between vectors [n, N], [n, N], [n]."""
    sizes = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.sum(one * other, axis=1) / np.maximum(sizes, TINY)


def _moves(sets: LevelSets, replicates: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return errors of the centres [m, N], drawn from their covariance: a parametric bootstrap."""
    roots = np.linalg.cholesky(sets.mean_covariance + TINY * np.eye(sets.mean.shape[1]))
    noise = rng.standard_normal((replicates, *sets.mean.shape))
    return list(np.einsum("mij,rmj->rmi", roots, noise))


def _turns(sets: LevelSets, moves: np.ndarray) -> np.ndarray:
    """Return what errors of the neighbours' centres make of dc/dz, [m, N]."""
    behind = np.maximum(np.arange(len(sets)) - 1, 0)
    ahead = np.minimum(np.arange(len(sets)) + 1, len(sets) - 1)
    turns: np.ndarray = (moves[ahead] - moves[behind]) / (sets.code[ahead] - sets.code[behind])[
        :, None
    ]
    return turns


def _replicates(
    at: Points, sets: LevelSets, replicates: int, rng: np.random.Generator
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return centres [n, N] and variances [n] with errors as their draws make them."""
    found = []
    for moves in _moves(sets, replicates, rng):
        variance = sets.variance + sets.variance_error * rng.standard_normal(len(sets))
        found.append((at.centre + moves[at.label], variance[at.label]))
    return found
