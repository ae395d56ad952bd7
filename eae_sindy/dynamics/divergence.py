"""How fast neighbours part, and whether the near future is known better than to linear noise."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import t as student

from ..recipes import INTERVAL, KIND_CRITERIA, KindCriteria
from .series import Series

SAMPLES = 32  # of a time scale: more are averaged
LEAST_DIMENSION = 3  # of the state; fewer coordinates are joined by what they were before
LAG = 0.25  # of the time scale, between these
HORIZON = 8.0  # time scales over which neighbours are followed
BEGIN = 0.5  # time scales after which they part along the fastest direction
# The line ends so far below the log distance of points at random. Nearer to it the curve bends,
# farther below there may be no line: the interval holds the slopes of all that are long enough.
BELOW = (1.0, 1.5, 2.0, 2.5)
SHORTEST = 0.75  # time scales of a line
AHEAD = 1.0  # time scales that are forecast
BLOCKS = 8  # of reference points: intervals are over them
NEAREST = 4  # neighbours whose mean is a forecast
TRIED = 40  # neighbours of a point in space, among which one far in time is looked for


@dataclass(frozen=True)
class Parting:
    """The largest Lyapunov exponent by the divergence of neighbours.

    Attributes
    ----------
    exponent : float
        Per unit of time.
    interval : (float, float)
        Of 90 % over blocks of reference points, and over lines that end at several distances.
    range : float
        Of the log distance along the line whose slope it is.
    straight : float
        Share of its variance that the line explains.
    """

    exponent: float
    interval: tuple[float, float]
    range: float
    straight: float


@dataclass(frozen=True)
class States:
    """Points of a state space along trajectories.

    Attributes
    ----------
    points : array [n, d]
    run, place : arrays of int [n]
        The trajectory of a point and its place in it.
    step : float
        Time between points.
    scale : float
        The time scale of the motion, in points.
    newest : int
        How many of the d numbers, from the last, are those of the time of the point; the others
        are older.
    """

    points: np.ndarray
    run: np.ndarray
    place: np.ndarray
    step: float
    scale: float
    newest: int

    def neighbours(self, rows: np.ndarray, ahead: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of the nearest points with a future, a time scale away: [m', count].

        With them the rows that have so many.
        """
        length = np.bincount(self.run)
        usable = np.flatnonzero(self.place + ahead < length[self.run])
        rows = rows[self.place[rows] + ahead < length[self.run[rows]]]
        tree = cKDTree(self.points[usable])
        near = usable[tree.query(self.points[rows], min(TRIED, len(usable)))[1]]
        far = (self.run[near] != self.run[rows][:, None]) | (
            np.abs(self.place[near] - self.place[rows][:, None]) > self.scale
        )
        enough = far.sum(axis=1) >= count
        order = np.argsort(~far[enough], axis=1, kind="stable")[:, :count]
        return rows[enough], np.take_along_axis(near[enough], order, axis=1)


def states(series: Series, clock: float) -> States:
    """Return the points of a series; where it has few coordinates, joined by their past."""
    fine = series.coarser(int(clock / series.step / SAMPLES))
    scale = clock / fine.step
    k = fine.runs[0].shape[1]
    copies = -(-LEAST_DIMENSION // k)
    lag = max(1, round(LAG * scale))
    points, run, place = [], [], []
    for number, x in enumerate(fine.runs):
        n = len(x) - (copies - 1) * lag
        if n < 2 * scale:
            continue
        points.append(np.hstack([x[c * lag : c * lag + n] for c in range(copies)]))
        run.append(np.full(n, number))
        place.append(np.arange(n))
    if not points:
        return States(np.zeros((0, k)), np.zeros(0, int), np.zeros(0, int), fine.step, scale, k)
    return States(
        np.concatenate(points), np.concatenate(run), np.concatenate(place), fine.step, scale, k
    )


def parting(s: States, criteria: KindCriteria = KIND_CRITERIA) -> Parting | None:
    """Measure the largest Lyapunov exponent as Rosenstein et al. (1993) do.

    The mean log distance of nearest neighbours is followed from half a time scale on, up to well
    below that of points at random. Noise, and few points, make the exponent too small. None if
    neighbours are too far or too few for a line.
    """
    ahead = int(HORIZON * s.scale)
    length = np.bincount(s.run)
    ahead = min(ahead, int(length.max() // 2))
    rows = _some(s, ahead, criteria.neighbours)
    if len(rows) < BLOCKS * 5:
        return None
    rows, near = s.neighbours(rows, ahead, 1)
    if len(rows) < BLOCKS * 5:
        return None
    lags = np.arange(ahead + 1)
    away = s.points[rows[:, None] + lags] - s.points[near + lags]
    logs = np.log(np.maximum(np.linalg.norm(away, axis=2), 1e-12))  # [m, lags]
    rng = np.random.default_rng(0)
    a, b = rng.integers(len(s.points), size=(2, 4000))
    end = float(np.log(np.linalg.norm(s.points[a] - s.points[b], axis=1)[a != b] + 1e-12).mean())
    mean = logs.mean(axis=0)
    begin = int(BEGIN * s.scale)
    lines = []
    for below in BELOW:
        over = np.flatnonzero(mean[begin:] > end - below)
        stop = begin + (int(over[0]) if len(over) else len(mean) - begin)
        if stop - begin >= max(4, int(SHORTEST * s.scale)):
            lines.append(_line(logs[:, begin:stop], s.step))
    if not lines:
        return None
    slope, _, covered, straight = lines[0]
    return Parting(
        slope,
        (min(line[0] - line[1] for line in lines), max(line[0] + line[1] for line in lines)),
        covered,
        straight,
    )


def _line(logs: np.ndarray, step: float) -> tuple[float, float, float, float]:
    """Return slope, half its interval, the range covered, and how straight a mean log distance is.

    Parameters
    ----------
    logs : array [m, lags]
        Log distances, in the order of reference points.
    step : float
    """
    time, mean = step * np.arange(logs.shape[1]), logs.mean(axis=0)
    slope, offset = np.polyfit(time, mean, 1)
    bent = np.var(mean - slope * time - offset)
    parts = [np.polyfit(time, part.mean(axis=0), 1)[0] for part in np.array_split(logs, BLOCKS)]
    error = student.ppf((1 + INTERVAL) / 2, BLOCKS - 1) * np.std(parts, ddof=1) / np.sqrt(BLOCKS)
    straight = 1 - bent / max(np.var(mean), 1e-300)
    return float(slope), float(error), float(slope * time[-1]), float(straight)


def unforeseen(s: States, ahead: int, criteria: KindCriteria = KIND_CRITERIA) -> float:
    """Return the squared error of a forecast by nearest neighbours, over the variance.

    A point's future is foretold to be the mean of those of its four nearest neighbours. NaN if
    there are too few points.
    """
    rows = _some(s, ahead, criteria.neighbours)
    if len(rows) < BLOCKS * 5:
        return np.nan
    rows, near = s.neighbours(rows, ahead, NEAREST)
    if len(rows) < BLOCKS * 5:
        return np.nan
    new = s.points[:, -s.newest :]
    error = new[rows + ahead] - new[near + ahead].mean(axis=1)
    return float(np.mean(np.sum(error**2, axis=1)) / new.var(axis=0).sum())


def surrogate(series: Series, rng: np.random.Generator) -> Series:
    """Return linear noise with the spectra and cross-spectra of a series.

    Phases of Fourier coefficients are turned at random, by the same angle in all coordinates
    (Prichard & Theiler 1994); of every trajectory about its own mean.
    """
    runs = []
    for run in series.runs:
        spectrum = np.fft.rfft(run - run.mean(axis=0), axis=0)
        turn = np.exp(2j * np.pi * rng.uniform(size=len(spectrum)))
        turn[0] = 1
        if len(run) % 2 == 0:
            turn[-1] = 1
        runs.append(np.fft.irfft(spectrum * turn[:, None], len(run), axis=0) + run.mean(axis=0))
    return Series(series.step, tuple(runs), series.noise)


def _some(s: States, ahead: int, most: int) -> np.ndarray:
    """Return at most so many rows with a future, spread evenly."""
    length = np.bincount(s.run) if len(s.run) else np.zeros(1, int)
    usable = np.flatnonzero(s.place + ahead < length[s.run]) if len(s.run) else np.zeros(0, int)
    return usable[np.unique(np.linspace(0, len(usable) - 1, min(most, len(usable))).astype(int))]
