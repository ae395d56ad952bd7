"""The network itself: hidden layers drawn and chosen, then descended together with the encoder."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from ....progress import Steps
from . import features, outer
from .clock import Clock
from .descent import descend
from .losses import NetworkLoss, Setting, whitened
from .origin import fixed_point
from .problem import Problem
from .terms import model
from .trail import Trail
from .units import Rows

# Lengths of hidden directions, for whitened latents, and ridges; the likeliest first, in case there
# is no time to try all.
SLOPES = (1.0, 2.0, 0.3, 4.0)
RIDGES = (1e-8, 1e-6, 1e-9, 1e-4, 1e-2)
STAGE = "network"  # by which a trail knows it
ITERATIONS = 1_000  # on some frames, and again on all
FEW_SHARE, TURN_SHARE = 0.4, 0.7  # of the time: until when some frames, and one ridge, serve
JUDGED_EVERY = 5  # iterations
# Less gain of validation than this over so many iterations is the end. On some frames it comes
# early: those that are rare are missed, and the others followed too closely.
GAIN, PATIENCE, PATIENCE_FEW = 1e-3, 100, 30


class Network(NamedTuple):
    """A linear encoder and the hidden layer of a decoder, with what they were found with.

    Attributes
    ----------
    matrix, shift, kernel, bias : arrays
    ridge : float
        Of the outer layer.
    error : float
        On the validation frames.
    determined : float
        Directions of the outer layer that the frames determine.
    notes : tuple of str
    """

    matrix: np.ndarray
    shift: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray
    ridge: float
    error: float
    determined: float = float("nan")
    notes: tuple[str, ...] = ()


KEPT = Network._fields[:6]  # all that a descent goes on from


def loss_of(problem: Problem, rows: Rows, ridge: float) -> NetworkLoss:
    """Return the loss of the network on some frames."""
    setting = Setting(rows, problem.weights, problem.terms, ridge)
    sigma = problem.units.sigma
    return NetworkLoss(setting, problem.activation, problem.latents, problem.hidden, sigma)


def descend_network(
    problem: Problem,
    matrix: np.ndarray,
    rng: np.random.Generator,
    clock: Clock,
    share: float,
    trail: Trail,
) -> Steps[Network]:
    """Choose a hidden layer by validation error, then descend on some and on all frames.

    Ends when `share` of the time is over; with 0 nothing is descended. Goes on from what a trail
    knows.
    """
    done, known = trail.at(STAGE)
    best = _known(known) if known else draw(problem, *framed(problem, matrix), rng, clock)
    clock.best = best.error
    yield clock.say("network")
    notes = []
    if share and clock.over(share):
        notes.append(
            "--start-seconds were over before the first iteration with the network: raise them"
        )
    ended = ""
    few = FEW_SHARE * share if len(problem.training) > len(problem.few) else 0.0
    for number, (rows, end, stage) in enumerate(
        (
            (problem.few, few, "network, some frames"),
            (problem.training, TURN_SHARE * share, "network, all frames"),
            (problem.training, share, "network, all frames"),
        )
    ):
        if number >= done and not clock.over(end):
            best = _another_ridge(problem, best, rows, clock)
            descent = _descend(problem, rows, best, clock, end, stage, trail, number)
            best, ended = yield from descent
            _keep(trail, number + 1, clock, best)
    if share:
        best = _another_ridge(problem, best, problem.training, clock)
    count, said = _said(problem, best, ended)
    return best._replace(determined=count, notes=(*notes, *said))


def _keep(trail: Trail, number: int, clock: Clock, best: Network) -> None:
    """Keep the best so far, before the descent of that number is over."""
    parts = {name: getattr(best, name) for name in KEPT}
    trail.keep(STAGE, number, clock.spent, **parts)


def _known(kept: Mapping[str, np.ndarray]) -> Network:
    """Return what `_keep` kept."""
    matrix, shift, kernel, bias, ridge, error = (kept[name] for name in KEPT)
    return Network(matrix, shift, kernel, bias, float(ridge), float(error))


def _said(problem: Problem, best: Network, ended: str) -> tuple[float, list[str]]:
    """Count the directions that frames determine; say what is to be known of a descent."""
    notes = []
    if ended == "stalled":
        notes.append("L-BFGS found no further way down; the best iterate so far is used")
    z = problem.few.field @ best.matrix.T + best.shift
    v = model(problem.terms, z, problem.few.rate @ best.matrix.T).rate
    made = features.hidden(problem.activation, best.kernel, best.bias, z, v)
    count = outer.determined(made.values, made.rates, problem.weights, best.ridge)
    if count < problem.latents + 1:
        notes.append(
            f"the frames determine {count:.2g} directions of the decoder's outer layer, fewer than "
            f"a linear decoder has; the ridge {best.ridge:g} hides that: give more frames, or "
            "fewer latents"
        )
    return count, notes


def framed(problem: Problem, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return encoder and shift of whitened latents with their origin at a fixed point, if any."""
    white, _ = whitened(matrix, problem.units.sigma)
    z, rate = problem.training.field @ white.T, problem.training.rate @ white.T
    point = fixed_point(z, rate)
    return white, np.zeros(len(white)) if point is None else -point


def draw(
    problem: Problem,
    matrix: np.ndarray,
    shift: np.ndarray,
    rng: np.random.Generator,
    clock: Clock,
) -> Network:
    """Draw hidden directions; choose their length and the ridge by closed-form validation.

    Hinges are uniform over each direction's own range of the data. What there is no time for is not
    tried.
    """
    z = problem.training.field @ matrix.T + shift
    directions = rng.normal(size=(problem.latents, problem.hidden))
    directions /= np.linalg.norm(directions, axis=0)
    along = z @ directions
    low, high = along.min(axis=0), along.max(axis=0)
    hinges = low + (high - low) * rng.random(problem.hidden)
    found = list[Network]()
    for slope, ridge in product(SLOPES, RIDGES):
        if found and clock.over(1.0):
            break
        parts = (matrix, shift, slope * directions, -slope * hinges)
        found.append(Network(*parts, ridge, _error(problem, parts, ridge)))
    return min(found, key=lambda n: n.error)


def _another_ridge(problem: Problem, network: Network, rows: Rows, clock: Clock) -> Network:
    """Return the network with the ridge that is best on these frames by closed-form validation.

    What is right for directions drawn at random is too much for directions that have been found.
    """
    parts = (network.matrix, network.shift, network.kernel, network.bias)
    best = network
    for ridge in RIDGES:
        if clock.over(1.0):
            break
        error = _error(problem, parts, ridge, rows)
        if error < best.error:
            best = network._replace(ridge=ridge, error=error)
    return best


def _error(
    problem: Problem, parts: Sequence[np.ndarray], ridge: float, rows: Rows | None = None
) -> float:
    loss = loss_of(problem, problem.few if rows is None else rows, ridge)
    try:
        return loss.setting.error(loss.reduction(loss.variables(*parts)), problem.judges)
    except np.linalg.LinAlgError:
        return np.inf


def _descend(
    problem: Problem,
    rows: Rows,
    begun: Network,
    clock: Clock,
    share: float,
    stage: str,
    trail: Trail,
    number: int,
) -> Steps[tuple[Network, str]]:
    """Descend from a network; return the best iterate by validation, and why it ended."""
    loss = loss_of(problem, rows, begun.ridge)
    x = loss.variables(begun.matrix, begun.shift, begun.kernel, begun.bias)
    best, at, marked = begun.error, x, (begun.error, 0)
    patience = PATIENCE if len(rows) == len(problem.training) else PATIENCE_FEW
    steps = descend(loss, x, iterations=ITERATIONS, over=lambda: clock.over(share))
    count, ended = 0, "validation"
    while True:
        try:
            x = next(steps)
        except StopIteration as end:
            ended = end.value
        else:
            count += 1
        if ended != "validation" or count % JUDGED_EVERY == 0:
            error = loss.setting.error(loss.reduction(x), problem.judges)
            if error < best:
                best, at = error, x
            if best < (1 - GAIN) * marked[0]:
                marked = best, count
            clock.best = best
            if trail.due():
                _keep(trail, number, clock, _found(loss, at, begun.ridge, best))
            yield clock.say(stage)
        if ended != "validation" or count - marked[1] >= patience:
            break
    return _found(loss, at, begun.ridge, best), ended


def _found(loss: NetworkLoss, x: np.ndarray, ridge: float, error: float) -> Network:
    """Return the network of an iterate."""
    matrix, shift, kernel, bias = loss.parts(x)
    return Network(matrix, shift, kernel, bias, ridge, error)
