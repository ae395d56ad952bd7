"""Two frequencies that explain a motion with their combinations: a torus."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import minimize

from ..recipes import KIND_CRITERIA, KindCriteria

PEAKS = 5  # of the spectrum, from which frequencies are guessed
REFINED = 2  # pairs of guesses
MOST = 1500  # samples that are fitted
RIDGE = 1e-9  # of the squares of one line: two may be the same
COARSE = 2  # order of the combinations by which guesses are compared


@dataclass(frozen=True)
class Lines:
    """Two frequencies, and what their combinations say of the data.

    Attributes
    ----------
    frequencies : (float, float)
        In cycles per unit of time, the lower one first.
    explained : float
        Share of the variance of what is no noise that the lines explain, of all samples.
    foretold : float
        The same in the last quarter, by lines fitted to the first three.
    gained : float
        How much less of it the best single frequency foretells with its harmonics, of all
        combinations. Lines that only fit noise gain nothing there.
    beats : float
        How many periods the data hold of the slowest thing that tells the ratio of the frequencies
        from one of small whole numbers.
    """

    frequencies: tuple[float, float]
    explained: float
    foretold: float
    gained: float
    beats: float


def find(
    run: np.ndarray, step: float, noise: float, criteria: KindCriteria = KIND_CRITERIA
) -> Lines | None:
    """Find the two frequencies whose combinations explain a run best; None if there are no peaks.

    Guesses are the highest peaks of the spectrum, their differences and halves. The best pair is
    refined by Nelder and Mead's method on the squared error, in which amplitudes are solved for.

    Parameters
    ----------
    run : array [n, k]
    step : float
        Time between samples.
    noise : float
        Variance of independent noise, over all coordinates.
    """
    every = max(1, len(run) // MOST)
    x = run[::every]
    step = every * step
    time = step * np.arange(len(x))
    duration = time[-1]
    guesses = _guesses(x, step, criteria.least_beats / duration)
    if len(guesses) < 2:
        return None
    pairs = [p for p in combinations(guesses, 2) if abs(p[0] - p[1]) > 1 / duration]
    if not pairs:
        return None
    # Few samples tell good guesses from bad ones.
    thin = slice(None, None, max(1, len(x) // 400))
    errors = [_left(p, time[thin], x[thin], COARSE) for p in pairs]
    best = [pairs[k] for k in np.argsort(errors)[:REFINED]]
    some = slice(None, None, max(1, len(x) // 700))
    found = [_refine(p, time[some], x[some], criteria.order) for p in best]
    low, high = sorted(min(found, key=lambda f: f[0])[1])
    pair = (low, high)
    floor = noise * len(x)
    total = np.sum((x - x.mean(axis=0)) ** 2) - floor
    left = _left(pair, time, x, criteria.order) - floor
    foretold = _foretold(_design(pair, time, criteria.order), x, noise)
    # Two frequencies may be told by any two of their combinations, a single one too.
    singles = {abs(round(f, 12)) for f in _combinations(criteria.order) @ np.array(pair)}
    harmonics = np.arange(1, criteria.order + 1)
    alone = max(
        _foretold(_waves(time, f * harmonics), x, noise) for f in singles if f * duration > 1
    )
    return Lines(
        pair,
        float(1 - max(left, 0) / total),
        foretold,
        foretold - alone,
        _beats(pair, duration, criteria.resonance),
    )


def _guesses(x: np.ndarray, step: float, lowest: float) -> list[float]:
    """Return peaks of the spectrum, their differences and halves, in cycles per unit of time."""
    n = len(x)
    tapered = (x - x.mean(axis=0)) * np.hanning(n)[:, None]
    power = np.sum(np.abs(np.fft.rfft(tapered, 4 * n, axis=0)) ** 2, axis=1)
    axis = np.fft.rfftfreq(4 * n, step)
    inner = np.flatnonzero((power[1:-1] >= power[:-2]) & (power[1:-1] > power[2:])) + 1
    inner = inner[axis[inner] >= lowest]
    peaks = [float(f) for f in axis[inner[np.argsort(power[inner])[::-1]]][:PEAKS]]
    made = peaks + [abs(a - b) for a, b in combinations(peaks, 2)] + [f / 2 for f in peaks]
    kept: list[float] = []
    for f in made:
        if f >= lowest and all(abs(f - g) > 0.5 / (n * step) for g in kept):
            kept.append(f)
    return kept


def _combinations(order: int) -> np.ndarray:
    """Return the whole numbers [m, 2] of all combinations up to an order, one of each sign."""
    both = [(a, b) for a in range(order + 1) for b in range(-order, order + 1)]
    return np.array([(a, b) for a, b in both if 0 < a + abs(b) <= order and (a > 0 or b > 0)])


def _waves(time: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Return 1, and cosines and sines of frequencies in cycles per unit of time."""
    phase = 2 * np.pi * time[:, None] * frequencies
    return np.hstack([np.ones((len(time), 1)), np.cos(phase), np.sin(phase)])


def _design(pair: tuple[float, float], time: np.ndarray, order: int) -> np.ndarray:
    """Return 1, cosines and sines of all combinations of two frequencies up to an order."""
    return _waves(time, _combinations(order) @ np.array(pair))


def _left(pair: tuple[float, float], time: np.ndarray, x: np.ndarray, order: int) -> float:
    """Return the squared error of the lines, by normal equations: they are tried many times."""
    design = _design(pair, time, order)
    gram, sides = design.T @ design, design.T @ x
    gram[np.diag_indices_from(gram)] += RIDGE * len(x)
    return float(np.sum(x**2) - np.sum(sides * np.linalg.solve(gram, sides)))


def _refine(
    pair: tuple[float, float], time: np.ndarray, x: np.ndarray, order: int
) -> tuple[float, tuple[float, float]]:
    """Return the least squared error near a pair of frequencies, and where it is."""
    width = 0.2 / time[-1]
    start = np.array(pair)
    done = minimize(
        lambda p: _left((start[0] + width * p[0], start[1] + width * p[1]), time, x, order),
        np.zeros(2),
        method="Nelder-Mead",
        options={"maxfev": 50, "initial_simplex": [[0, 0], [1, 0], [0, 1]]},
    )
    a, b = start + width * done.x
    return float(done.fun), (float(a), float(b))


def _foretold(design: np.ndarray, x: np.ndarray, noise: float) -> float:
    """Return the share of the last quarter's variance that lines fitted to the rest explain."""
    split = 3 * len(x) // 4
    solved = np.linalg.lstsq(design[:split], x[:split], rcond=1e-6)[0]
    error = np.mean(np.sum((x[split:] - design[split:] @ solved) ** 2, axis=1)) - noise
    size = np.mean(np.sum((x[split:] - x.mean(axis=0)) ** 2, axis=1)) - noise
    return float(1 - max(error, 0) / size)


def _beats(pair: tuple[float, float], duration: float, most: int) -> float:
    """Return duration · min |q f₁ − p f₂| over small whole numbers p and q, and f₁ itself."""
    a, b = pair
    slowest = min(
        [a, b] + [abs(q * b - p * a) for p in range(1, most + 1) for q in range(1, most + 1)]
    )
    return float(duration * slowest)
