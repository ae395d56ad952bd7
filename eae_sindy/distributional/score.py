"""The claims on the score, measured of an encoder on a law whose score is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..progress import Progress, Steps
from ..recipes import INTERVAL, ScoreChecks
from . import balance
from .balance import Agreement, Consistency, Forces, Points, Sides
from .contract import Code
from .laws import Law
from .level_sets import LevelSets, level_sets

Draws = Callable[[np.ndarray, int], np.ndarray]


@dataclass(frozen=True)
class Subject:
    """An encoder that claims are tried on.

    Attributes
    ----------
    name : str
    code : Code
    draws : callable, optional
        From rows [n, N] and a seed to one row for each, drawn given its first code.
    """

    name: str
    code: Code
    draws: Draws | None = None


@dataclass(frozen=True)
class Calibration:
    """E|X − Y| over E|Y − Y′|, which is 1 where Y has the law of X given its code.

    Attributes
    ----------
    ratio : float
        Infinite of a decoder that draws nothing.
    interval : (float, float)
        By a bootstrap over rows.
    """

    ratio: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Polar:
    """How far codes are polar coordinates of N(0, I), in either order.

    Attributes
    ----------
    angle, radius : float
        Share of the variance of (cos θ, sin θ), and of the radius, that one code explains on rows
        that it was not fitted to.
    first_is_angle : bool
    """

    angle: float
    radius: float
    first_is_angle: bool

    @property
    def least(self) -> float:
        """Return the worse of the two shares."""
        return min(self.angle, self.radius)


@dataclass(frozen=True)
class Measured:
    """What was measured of one subject on one law.

    Attributes
    ----------
    name : str
        Of the subject.
    sets : LevelSets
    points : Points
    sides : Sides
        Of the balance equation at the points.
    agreement : Agreement
        Of the two sides.
    consistency : Consistency
    forces : Forces
        In units of k_B T; of the law's own energy.
    calibration : Calibration, optional
        None without draws.
    polar : Polar, optional
        None of one code.
    """

    name: str
    sets: LevelSets
    points: Points
    sides: Sides
    agreement: Agreement
    consistency: Consistency
    forces: Forces
    calibration: Calibration | None
    polar: Polar | None


@dataclass(frozen=True)
class Checked:
    """Subjects on one law, the first of which is judged; the others stand beside it.

    Attributes
    ----------
    law : str
        Its name in `laws.LAWS`.
    title : str
    settings : ScoreChecks
    measured : sequence of Measured
    """

    law: str
    title: str
    settings: ScoreChecks
    measured: Sequence[Measured]

    @property
    def first(self) -> Measured:
        """Return what is judged."""
        return self.measured[0]

    def of(self, name: str) -> Measured | None:
        """Return what was measured of a subject; None if there is none of that name."""
        return next((m for m in self.measured if m.name == name), None)


def check(
    name: str, law: Law, subjects: Sequence[Subject], settings: ScoreChecks
) -> Steps[Checked]:
    """Measure subjects on one law, all on the same draws.

    Raises
    ------
    EaeSindyError
        If the code of a subject has no level sets.
    """
    found = []
    for k, subject in enumerate(subjects):
        found.append(measure(law, subject, settings))
        yield Progress(f"measuring on {law.title}", k + 1, len(subjects))
    return Checked(name, law.title, settings, found)


def measure(law: Law, subject: Subject, s: ScoreChecks) -> Measured:
    """Measure one subject: its level sets on some draws, and everything else on others."""
    rng = np.random.default_rng([s.seed, 0xD9A])
    rows, fresh = law.draw(s.draws, rng), law.draw(s.points, rng)
    codes = subject.code.codes(rows)
    sets = level_sets(rows, codes[:, 0], s.level_sets)
    at = balance.points(law, subject.code, fresh, sets)
    return Measured(
        name=subject.name,
        sets=sets,
        points=at,
        sides=balance.sides(at),
        agreement=balance.agreement(at, sets, s.replicates, rng),
        consistency=balance.consistency(at, sets, s.replicates, rng),
        forces=balance.told(*balance.forces(at, law.temperature)),
        calibration=calibration(fresh, subject.draws, s, rng) if subject.draws else None,
        polar=polar(rows, codes, s.level_sets) if codes.shape[1] > 1 else None,
    )


def calibration(
    x: np.ndarray, draws: Draws, s: ScoreChecks, rng: np.random.Generator
) -> Calibration:
    """Compare rows [n, N] with rows drawn given their codes, and these with one another."""
    one, other = draws(x, s.seed), draws(x, s.seed + 1)
    apart = np.linalg.norm(x - one, axis=1) + np.linalg.norm(x - other, axis=1)
    spread = 2 * np.linalg.norm(one - other, axis=1)
    chosen = rng.integers(len(x), size=(s.replicates, len(x)))
    with np.errstate(divide="ignore"):  # a decoder without noise draws the same row twice
        ratios = apart[chosen].mean(axis=1) / spread[chosen].mean(axis=1)
        ratio = float(np.divide(apart.mean(), spread.mean()))
    tail = (1 - INTERVAL) / 2
    if not np.isfinite(ratio):
        return Calibration(np.inf, (np.inf, np.inf))
    low, high = np.quantile(ratios, [tail, 1 - tail])
    return Calibration(ratio, (float(low), float(high)))


def polar(x: np.ndarray, codes: np.ndarray, bins: int) -> Polar:
    """Say how well the first two codes are an angle and a radius of points x [n, 2].

    Raises nothing: a code that never changes explains nothing.
    """
    radius = np.linalg.norm(x, axis=1)
    around = x / radius[:, None]
    either = [
        Polar(
            explained(codes[:, angle], around, bins),
            explained(codes[:, 1 - angle], radius[:, None], bins),
            first_is_angle=angle == 0,
        )
        for angle in (0, 1)
    ]
    return max(either, key=lambda p: p.least)


def explained(code: np.ndarray, values: np.ndarray, bins: int) -> float:
    """Return the share of the variance of values [n, q] that means over bins of a code explain.

    Means are of one half of the rows, and the share is of the other half, so that it is 0 within
    chance where the code says nothing.
    """
    half = len(code) // 2
    edges = np.unique(np.quantile(code[:half], np.linspace(0, 1, bins + 1)[1:-1]))
    fitted, new = np.searchsorted(edges, code[:half]), np.searchsorted(edges, code[half:])
    counts = np.maximum(np.bincount(fitted, minlength=len(edges) + 1), 1)
    means = np.stack(
        [np.bincount(fitted, v, len(edges) + 1) / counts for v in values[:half].T], axis=1
    )
    held = values[half:]
    left = np.sum((held - means[new]) ** 2)
    return float(1 - left / np.sum((held - held.mean(axis=0)) ** 2))
