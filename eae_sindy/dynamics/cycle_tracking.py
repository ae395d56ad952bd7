"""Single cycles of an oscillation, found by what comes back: lengths, amplitudes, likeness."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from .series import Series, recurrence

SAMPLES = 48  # of a cycle: more are averaged
FEWEST = 6  # samples of a cycle, below which none is followed
LEAST_RECURRENCE = 0.5
NEARLY = 0.95  # of the highest recurrence: the first lag that has so much is the period
REACH = (
    0.7,
    1.4,
)  # lengths of the next cycle over that of the last, between which it is looked for
PHASES = 32  # at which shapes are kept
BURIED = 1.0  # variance of a cycle over that of the noise, below which it is not followed


@dataclass(frozen=True)
class Tracked:
    """The cycles of one trajectory, in order of time.

    Attributes
    ----------
    start, length, amplitude : arrays [m]
        Time of the beginning; time to the next one; root mean square about the cycle's own mean,
        without the noise.
    noise : array [m]
        Share of a cycle's variance that is noise.
    alike : array [m − 1]
        Correlation with the next cycle, of what is no noise.
    shapes : array [m, PHASES, k]
        Cycles about their means, at even phases, of unit norm where there is no noise.
    quiet_before, quiet_after : bool
        Whether there is more of the trajectory before or after, in which noise buries the cycles.
    """

    start: np.ndarray
    length: np.ndarray
    amplitude: np.ndarray
    noise: np.ndarray
    alike: np.ndarray
    shapes: np.ndarray
    quiet_before: bool
    quiet_after: bool

    def __len__(self) -> int:
        """Return the number m of cycles."""
        return len(self.start)

    def unevenness(self) -> float:
        """Return the r.m.s. of log amplitude about the best rising or falling curve."""
        if len(self) < 3:
            return 0.0
        a = np.log(self.amplitude)
        fits = [isotonic_regression(a, increasing=up).x for up in (True, False)]
        return float(min(np.sqrt(np.mean((a - fit) ** 2)) for fit in fits))

    def late_likeness(self) -> float:
        """Return how alike the first cycle of the later half is to the others of it: a low decile.

        Of two frequencies that nearly have a common measure this is low, while neighbouring cycles
        are alike.
        """
        late = self.shapes[len(self) // 2 :]
        if len(late) < 2:
            return 1.0
        return float(np.quantile(np.einsum("pk,mpk->m", late[0], late[1:]), 0.1))


def period(run: np.ndarray, step: float) -> float:
    """Return the first lag at which a run [n, k] recurs nearly as well as ever; NaN if none."""
    c = recurrence(run - run.mean(axis=0), len(run) // 2)
    dip = np.flatnonzero(c < LEAST_RECURRENCE)
    if not len(dip):
        return np.nan
    inner = np.flatnonzero((c[1:-1] >= c[:-2]) & (c[1:-1] > c[2:])) + 1
    inner = inner[inner > dip[0]]
    high = inner[c[inner] >= max(LEAST_RECURRENCE, NEARLY * c[inner].max(initial=0))]
    if not len(high):
        return np.nan
    below, top, above = c[high[0] - 1 : high[0] + 2]
    return float(step * (high[0] + 0.5 * (below - above) / (below - 2 * top + above)))


def track(series: Series, number: int) -> Tracked | None:
    """Follow the cycles of a trajectory from its largest one, forward and back.

    The next cycle is where the one at hand correlates best with what follows; so a frequency that
    changes, harmonics and noise do no harm. None if there is no period, or fewer than two cycles.

    Parameters
    ----------
    series : Series
    number : int
        Which of its runs.
    """
    first = period(series.runs[number], series.step)
    if not np.isfinite(first) or first < FEWEST * series.step:
        return None
    factor = max(1, int(first / series.step / SAMPLES))
    fine = Series(series.step, (series.runs[number],), series.noise).coarser(factor)
    x, width = fine.runs[0], first / fine.step
    noise = float(fine.noise.sum())
    if len(x) < 2 * width:
        return None
    sizes = _sizes(x, round(width))
    middle = float(np.argmax(sizes))
    after, quiet_after = _follow(x, middle, width, noise)
    # Backward in time: the same, seen from the other end.
    begin = len(x) - round(width) - middle
    before, quiet_before = _follow(x[::-1], max(begin, 0.0), width, noise)
    places = [(len(x) - p - w, w) for p, w in before[:0:-1]] + after
    cycles = [_cycle(x, p, w) for p, w in places]
    square = np.array([np.mean(np.sum(c**2, axis=1)) for c in cycles]) - noise
    if len(places) < 2 or (square <= 0).any():
        return None
    buried = np.minimum(noise / (square + noise), 0.95)
    shapes = np.stack(cycles)
    shapes /= np.sqrt(PHASES * square)[:, None, None]
    position = np.array([p for p, _ in places])
    alike = np.einsum("mpk,mpk->m", shapes[:-1], shapes[1:])
    length = np.diff(position, append=position[-1] + places[-1][1])
    return Tracked(position * fine.step, length * fine.step, np.sqrt(square), buried, alike, shapes,
                   quiet_before, quiet_after)  # fmt: skip


def _sizes(x: np.ndarray, width: int) -> np.ndarray:
    """Return the variance about its own mean of every window of x [n, k]."""

    def means(v: np.ndarray) -> np.ndarray:
        total = np.concatenate([np.zeros((1, v.shape[1])), np.cumsum(v, axis=0)])
        return (total[width:] - total[:-width]) / width

    return np.sum(means(x**2) - means(x) ** 2, axis=1)


def _follow(
    x: np.ndarray, place: float, width: float, noise: float
) -> tuple[list[tuple[float, float]], bool]:
    """Return (beginning, length) of cycles from `place` on, and whether noise buried the last."""
    found: list[tuple[float, float]] = []
    while True:
        w, a = round(width), round(place)
        cycle = x[a : a + w] - x[a : a + w].mean(axis=0)
        if len(cycle) < w:
            return found, False
        if found and np.mean(np.sum(cycle**2, axis=1)) - noise < BURIED * noise:
            return found, True
        lags = np.arange(max(2, int(REACH[0] * width)), int(REACH[1] * width) + 1)
        lags = lags[a + lags + w <= len(x)]
        if len(lags) < 3:
            found.append((place, width))
            return found, False
        windows = np.lib.stride_tricks.sliding_window_view(x[a + lags[0] :], w, axis=0)[: len(lags)]
        norm = np.sqrt(np.maximum(np.sum(windows.var(axis=2), axis=1), np.finfo(float).tiny))
        score = np.einsum("lkw,wk->l", windows, cycle) / norm
        best = int(np.argmax(score))
        if not 0 < best < len(lags) - 1:  # nothing comes back, or not before the data end
            found.append((place, width))
            return found, False
        below, top, above = score[best - 1 : best + 2]
        shift = 0.5 * (below - above) / min(below - 2 * top + above, -1e-300)
        width_here = float(lags[best] + np.clip(shift, -0.5, 0.5))
        found.append((place, width_here))
        place, width = place + width_here, width_here


def _cycle(x: np.ndarray, place: float, width: float) -> np.ndarray:
    """Return a cycle at even phases about its mean, by linear interpolation: [PHASES, k]."""
    at = np.clip(place + width * np.arange(PHASES) / PHASES, 0, len(x) - 1)
    low = np.minimum(at.astype(int), len(x) - 2)
    part = (at - low)[:, None]
    found = (1 - part) * x[low] + part * x[low + 1]
    return found - found.mean(axis=0)
