"""Encoders under polynomial decoders of rising degree, from several starts."""

from typing import NamedTuple

import numpy as np

from ....progress import Steps
from .clock import Clock
from .descent import descend
from .losses import PolynomialLoss, Setting
from .monomials import highest_degree
from .problem import Problem
from .trail import Trail

DEGREES = (3, 5, 7)  # each is started from the one before: degree 3 alone has local minima
STARTS = 4  # POD modes first, the others perturbed
PERTURBED = 0.3  # relative to each direction's own amplitude
RIDGE = 1e-10
ITERATIONS = 150
STAGE = "polynomials"  # by which a trail knows them
MOST = 130  # monomials: what can be solved for often enough
FEATURES_TO_FRAMES = 0.25  # at most so many monomials for a training frame


class Encoder(NamedTuple):
    """A linear encoder and its validation error under the decoder it was found with."""

    matrix: np.ndarray
    error: float
    notes: tuple[str, ...] = ()


def linear_floor(problem: Problem) -> tuple[np.ndarray, float]:
    """Return the encoder of as many POD modes as latents, whitened, and the error they leave."""
    matrix = np.eye(problem.latents, len(problem.units.sigma)) / problem.units.sigma
    loss = _loss(problem, 1)
    return matrix, loss.setting.error(loss.reduction(loss.variables(matrix)), problem.judges)


def _loss(problem: Problem, degree: int) -> PolynomialLoss:
    setting = Setting(problem.few, problem.weights, problem.terms, RIDGE)
    return PolynomialLoss(setting, degree, problem.latents, problem.units.sigma)


def search_polynomials(
    problem: Problem,
    matrix: np.ndarray,
    rng: np.random.Generator,
    clock: Clock,
    share: float,
    trail: Trail,
) -> Steps[Encoder]:
    """Descend from POD modes and from perturbed ones; return the best on the validation frames.

    Each start has its part of the time until `share` of it is over. Those that a trail knows are
    not made again.
    """
    most = min(MOST, max(problem.latents + 1, int(FEATURES_TO_FRAMES * len(problem.few))))
    top = highest_degree(problem.latents, most, DEGREES[-1])
    degrees = [g for g in DEGREES if g <= top] or [top]
    sigma = problem.units.sigma
    done, known = trail.at(STAGE)
    best, notes = Encoder(matrix, np.inf), list[str]()
    if done:
        best = Encoder(known["matrix"], float(known["error"]))
    for number in range(done, STARTS):
        if number and clock.over(share):
            break
        noise = PERTURBED * rng.normal(size=matrix.shape) * np.sqrt(sigma / sigma[0]) / sigma
        begun = matrix + (noise if number else 0.0)
        end = share * (number + 1) / STARTS if number else 2 * share / STARTS
        found = yield from climb(problem, begun, degrees, clock, min(end, share))
        best = min(best, found, key=lambda e: e.error)
        clock.best = np.fmin(clock.best, best.error)
        trail.keep(STAGE, number + 1, clock.spent, matrix=best.matrix, error=best.error)
    if not np.isfinite(best.error):
        notes.append("the latents collapsed under polynomial decoders: POD modes are kept")
    return best._replace(notes=tuple(notes))


def climb(
    problem: Problem, matrix: np.ndarray, degrees: list[int], clock: Clock, share: float
) -> Steps[Encoder]:
    """Descend with one degree after the other, until the validation error rises or time is over."""
    best = Encoder(matrix, np.inf)
    for degree in degrees:
        loss = _loss(problem, degree)
        x = loss.variables(best.matrix)
        for moved in descend(loss, x, iterations=ITERATIONS, over=lambda: clock.over(share)):
            x = moved
            yield clock.say(f"polynomials of degree {degree}")
        try:
            reduction = loss.reduction(x)
        except np.linalg.LinAlgError:
            break
        found = Encoder(reduction.matrix, loss.setting.error(reduction, problem.judges))
        if not found.error < best.error:
            break
        best = found
        clock.best = np.fmin(clock.best, best.error)
        if clock.over(share):
            break
    return best
