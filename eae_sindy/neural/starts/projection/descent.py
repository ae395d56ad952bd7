"""L-BFGS as a generator: it can be watched, stopped and timed between two iterations."""

from collections import deque
from collections.abc import Callable, Generator

import numpy as np

MEMORY = 30  # pairs of differences
TRIALS = 25  # of a step length
FALL, TURN = 1e-4, 0.9  # the two conditions of Wolfe
SETTLED, OVER = 1e-3, 20  # less fall of the loss than this over so many iterations is the end
FIRST = 0.05  # of the length of x: the first step

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]
Pairs = deque[tuple[np.ndarray, np.ndarray]]


def descend(
    loss: Loss, x: np.ndarray, *, iterations: int, over: Callable[[], bool] = lambda: False
) -> Generator[np.ndarray, None, str]:
    """Yield the iterates of L-BFGS; return why it ended: settled, stalled, time or iterations.

    Liu & Nocedal, Math. Programming 45 (1989), with the line search of Lewis & Overton, Math.
    Programming 141 (2013), which also serves losses with kinks. `scipy.optimize.minimize` runs to
    its end and tells a callback; a generator must be able to stop in between.

    Parameters
    ----------
    loss : x to (value, gradient)
        Infinite where it cannot be had.
    x : array
    iterations : int
    over : callable
        Says whether the time is over; asked before each evaluation.
    """
    value, slope = loss(x)
    pairs: Pairs = deque(maxlen=MEMORY)
    values = [value]
    for _ in range(iterations):
        if not np.isfinite(value) or not slope.any():
            return "stalled"
        step = _direction(slope, pairs, x)
        if not step @ slope < 0:  # curvature is no longer to be trusted
            pairs.clear()
            step = _direction(slope, pairs, x)
        found = _search(loss, x, value, slope, step, over)
        if isinstance(found, str):
            if found == "stalled" and pairs:
                pairs.clear()
                continue
            return found
        moved, value, turned = found
        change, turn = moved - x, turned - slope
        if change @ turn > 1e-12 * np.linalg.norm(change) * np.linalg.norm(turn):
            pairs.append((change, turn))
        x, slope = moved, turned
        values.append(value)
        yield x
        if len(values) > OVER and values[-OVER - 1] - value < SETTLED:
            return "settled"
    return "iterations"


def _direction(slope: np.ndarray, pairs: Pairs, x: np.ndarray) -> np.ndarray:
    """Return −H∇ by the two-loop recursion; without pairs a short step downhill."""
    if not pairs:
        return -slope * (FIRST * max(float(np.linalg.norm(x)), 1.0) / np.linalg.norm(slope))
    step, shares = -slope, []
    for change, turn in reversed(pairs):
        shares.append(float(change @ step) / float(change @ turn))
        step = step - shares[-1] * turn
    change, turn = pairs[-1]
    step = step * (float(change @ turn) / float(turn @ turn))
    for (change, turn), share in zip(pairs, reversed(shares), strict=True):
        step = step + (share - float(turn @ step) / float(change @ turn)) * change
    return step


def _search(
    loss: Loss,
    x: np.ndarray,
    value: float,
    slope: np.ndarray,
    step: np.ndarray,
    over: Callable[[], bool],
) -> tuple[np.ndarray, float, np.ndarray] | str:
    """Return where both conditions of Wolfe hold along a step; or why there is no such place."""
    low, high, length = 0.0, np.inf, 1.0
    downhill = float(step @ slope)
    best: tuple[np.ndarray, float, np.ndarray] | None = None
    for _ in range(TRIALS):
        if over():
            return best or "time"
        moved = x + length * step
        found, turned = loss(moved)
        if not found <= value + FALL * length * downhill:
            high = length
        else:
            if best is None or found < best[1]:
                best = moved, found, turned
            if float(turned @ step) >= TURN * downhill:
                return best
            low = length
        length = 2 * low if np.isinf(high) else (low + high) / 2
    return best or "stalled"
