"""Which claims on the score hold, fail, or cannot be told, beside controls that should fail."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..recipes import ScoreChecks
from .score import Checked, Measured

HOLDS, FAILS, UNTOLD = "holds", "fails", "cannot be told"

# Subjects by name: what is judged, and what stands beside it.
MEANS, LAWS_OF, PLAIN = "DPA, β = 2", "DPA, β = 1", "plain autoencoder"
PCA, UNTRAINED = "PCA", "untrained"
# Codes that are written down: nothing that is said of them rests on a training.
ANGLE, RADIUS, FIRST, SPIRAL, ASKEW = "angle", "radius", "y₁", "spiral", "y₁ + y₂"

# Claims by their code; what a code means does not change.
BALANCE, CONSISTENCY, VARIANCE = "balance", "self-consistency", "variance"
CALIBRATION, POLAR, FORCES = "calibration", "polar", "forces"


class Grade(NamedTuple):
    """One claim of one subject: a verdict, the number that decided, and why in a few words."""

    verdict: str
    number: float
    why: str


class Judgement(NamedTuple):
    """One claim on one law.

    Attributes
    ----------
    claim : str
        Its code.
    subject : str
        What is judged.
    verdict : {"holds", "fails", "cannot be told"}
    number : float
    why : str
    controls : mapping of str to Grade
        Of those that should fail.
    """

    claim: str
    subject: str
    verdict: str
    number: float
    why: str
    controls: Mapping[str, Grade]


def balance(m: Measured, s: ScoreChecks) -> Grade:
    """Grade Theorem 1: both sides are equal across level sets."""
    a = m.agreement
    sizes = f"sides of {a.left:.2g} and {a.right:.2g}"
    if max(a.left, a.right) <= s.both_zero:
        return Grade(HOLDS, a.distance, f"both sides are zero ({a.left:.2g} and {a.right:.2g})")
    said = f"their distance is {a.distance:.2f}, of {sizes}"
    if a.noise >= s.parts:
        return Grade(UNTOLD, a.distance, f"{said}, and sampling alone makes {a.noise:.2f}")
    if a.distance <= max(s.agrees, a.noise):
        if a.distance <= s.of_chance * a.chance:
            return Grade(HOLDS, a.distance, said)
        return Grade(UNTOLD, a.distance, f"{said}, and points exchanged make {a.chance:.2f}")
    if a.interval[0] >= s.parts:
        return Grade(FAILS, a.distance, f"{said}, where sampling makes {a.noise:.2f}")
    return Grade(UNTOLD, a.distance, said)


def consistency(m: Measured, s: ScoreChecks) -> Grade:
    """Grade self-consistency: y − c is at a right angle to dc/dz."""
    c = m.consistency
    said = f"the median |cos| of y − c with dc/dz is {c.residual:.2f}"
    if c.noise >= s.inconsistent:
        return Grade(UNTOLD, c.residual, f"{said}, and sampling alone makes {c.noise:.2f}")
    if c.residual <= max(s.consistent, c.noise):
        return Grade(HOLDS, c.residual, said)
    return Grade(FAILS if c.residual >= s.inconsistent else UNTOLD, c.residual, said)


def variance(m: Measured, s: ScoreChecks) -> Grade:
    """Grade how much one code leaves of N(0, I)."""
    found = m.sets.mean_variance
    verdict = HOLDS if found <= s.variance else FAILS
    return Grade(verdict, found, f"E Var(X | e) is {found:.3f}")


def calibration(m: Measured, s: ScoreChecks) -> Grade:
    """Grade whether what is decoded has the law of what has that code."""
    if m.calibration is None:
        return Grade(UNTOLD, np.nan, "it draws nothing")
    ratio = m.calibration.ratio
    if not np.isfinite(ratio):
        return Grade(FAILS, ratio, "its draws have no spread")
    off, said = abs(ratio - 1), f"E|X − Y| / E|Y − Y′| is {ratio:.3f}"
    if off <= s.calibrated:
        return Grade(HOLDS, ratio, said)
    return Grade(FAILS if off >= s.uncalibrated else UNTOLD, ratio, said)


def polar(m: Measured, s: ScoreChecks) -> Grade:
    """Grade whether two codes are the angle and the radius."""
    if m.polar is None:
        return Grade(UNTOLD, np.nan, "it has one code")
    p = m.polar
    order = ("first", "second") if p.first_is_angle else ("second", "first")
    said = (
        f"the {order[0]} code explains {p.angle:.0%} of the angle, the {order[1]} {p.radius:.0%} "
        "of the radius"
    )
    if p.least >= s.polar:
        return Grade(HOLDS, p.least, said)
    return Grade(FAILS if p.least <= s.not_polar else UNTOLD, p.least, said)


def forces(m: Measured, s: ScoreChecks) -> Grade:
    """Grade the force across level sets, told from codes alone."""
    f = m.forces
    said = (
        f"ranks of predicted and true forces correlate by {f.rank:.2f}, {f.sign:.0%} of the signs "
        "are right"
    )
    if f.rank >= s.told_force:
        return Grade(HOLDS, f.rank, said)
    return Grade(FAILS if f.rank <= s.untold_force else UNTOLD, f.rank, said)


class Claim(NamedTuple):
    """A claim: code, how it is graded, of which subject, on which laws, and what should fail."""

    code: str
    grade: Callable[[Measured, ScoreChecks], Grade]
    subject: str
    laws: tuple[str, ...]  # none for all
    controls: tuple[str, ...]


# PCA of a Gaussian and a plain autoencoder are stationary points for β = 2 themselves: they fail
# neither self-consistency nor, where both sides are zero, the balance equation. An untrained
# network may be all but straight, and every straight code of N(0, I) is stationary: of Gaussians
# the controls of self-consistency are codes that are known not to be.
CLAIMS: Sequence[Claim] = (
    Claim(BALANCE, balance, MEANS, (), (PCA, UNTRAINED)),
    Claim(BALANCE, balance, ANGLE, ("normal",), (PCA, UNTRAINED)),
    Claim(BALANCE, balance, RADIUS, ("normal",), (UNTRAINED,)),
    Claim(BALANCE, balance, FIRST, ("normal", "anisotropic"), (UNTRAINED,)),
    Claim(BALANCE, balance, SPIRAL, ("normal",), (UNTRAINED,)),
    Claim(CONSISTENCY, consistency, MEANS, ("mixture", "muller-brown"), (UNTRAINED,)),
    Claim(CONSISTENCY, consistency, MEANS, ("normal",), (RADIUS,)),
    Claim(CONSISTENCY, consistency, ANGLE, ("normal",), (RADIUS,)),
    Claim(CONSISTENCY, consistency, FIRST, ("normal",), (RADIUS,)),
    Claim(CONSISTENCY, consistency, MEANS, ("anisotropic",), (ASKEW,)),
    Claim(CONSISTENCY, consistency, FIRST, ("anisotropic",), (ASKEW,)),
    Claim(VARIANCE, variance, MEANS, ("normal",), (PCA, UNTRAINED)),
    Claim(CALIBRATION, calibration, LAWS_OF, (), (PLAIN,)),
    Claim(POLAR, polar, MEANS, ("normal",), (PCA, UNTRAINED)),
    Claim(FORCES, forces, MEANS, ("muller-brown",), (PCA, UNTRAINED)),
)


def judged(found: Checked) -> Sequence[Judgement]:
    """Judge every claim that is made on a law.

    A claim that holds where a control holds as well cannot be told: the test tells nothing then.
    """
    said = []
    for claim in CLAIMS:
        own = found.of(claim.subject)
        if own is None or (claim.laws and found.law not in claim.laws):
            continue
        verdict, number, why = claim.grade(own, found.settings)
        beside = {
            other: claim.grade(m, found.settings)
            for other in claim.controls
            if (m := found.of(other)) is not None
        }
        passed = [other for other, grade in beside.items() if grade.verdict == HOLDS]
        if verdict == HOLDS and passed:
            verdict, why = UNTOLD, f"{why}; but the control passes, too: {', '.join(passed)}"
        said.append(Judgement(claim.code, claim.subject, verdict, number, why, beside))
    return said
