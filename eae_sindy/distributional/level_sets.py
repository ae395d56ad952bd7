"""Level sets of a code: their centre, variance and mass, from exact draws binned by code."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..errors import EaeSindyError

LEAST = 20  # draws of a bin, below which its variance means nothing


@dataclass(frozen=True)
class LevelSets:
    """What is known of m level sets of a code, in the poster's terms.

    Z is the integral of p δ(e − z), the density of the code at z; V/Z is the conditional variance
    E[|y − c|² | e = z]. Bins are finite: within one the centre is taken to move along a straight
    line, so what its motion adds to the variance is taken out.

    Attributes
    ----------
    edges : array [m + 1]
        Codes between which the bins lie.
    code : array [m]
        The mean code of each bin, to which the rest belongs.
    mean : array [m, N]
        The centre c(z).
    mean_covariance : array [m, N, N]
        Of its error.
    direction : array [m, N]
        dc/dz by least squares over the bin and its two neighbours.
    variance, variance_error : arrays [m]
        V/Z and its standard error.
    mass, mass_error : arrays [m]
        Z and its standard error.
    """

    edges: np.ndarray
    code: np.ndarray
    mean: np.ndarray
    mean_covariance: np.ndarray
    direction: np.ndarray
    variance: np.ndarray
    variance_error: np.ndarray
    mass: np.ndarray
    mass_error: np.ndarray

    def __len__(self) -> int:
        """Return the number of level sets."""
        return len(self.code)

    def which(self, code: np.ndarray) -> np.ndarray:
        """Return the bin of each code [n], and the nearest one of codes beyond all of them."""
        return np.clip(np.searchsorted(self.edges, code, side="right") - 1, 0, len(self) - 1)

    def centres(self, code: np.ndarray) -> np.ndarray:
        """Return c(z) at codes [n], [n, N]: along the straight line of their bin."""
        k = self.which(code)
        return self.mean[k] + (code - self.code[k])[:, None] * self.direction[k]

    def directions(self, code: np.ndarray) -> np.ndarray:
        """Return dc/dz at codes [n], [n, N]: between those of the bins."""
        return np.stack([np.interp(code, self.code, own) for own in self.direction.T], axis=1)

    @property
    def mean_variance(self) -> float:
        """Return E Var(X | e): bins are of equal counts."""
        return float(self.variance.mean())


def level_sets(x: np.ndarray, code: np.ndarray, bins: int) -> LevelSets:
    """Bin rows by their code, as many to a bin, and measure every bin.

    Parameters
    ----------
    x : array [n, N]
        Independent draws.
    code : array [n]
    bins : int

    Raises
    ------
    EaeSindyError
        If a bin would have fewer than `LEAST` draws, or the code hardly ever changes.
    """
    order = np.argsort(code, kind="stable")
    ends = np.linspace(0, len(order), bins + 1).round().astype(int)
    return binned(x[order], code[order], ends)


def binned(x: np.ndarray, code: np.ndarray, ends: np.ndarray) -> LevelSets:
    """Measure bins of rows that are in the order of their code.

    Parameters
    ----------
    x : array [n, N]
    code : array [n]
        In rising order.
    ends : array of int [m + 1]
        Where bins begin, and where the last one ends.
    """
    counts = np.diff(ends)
    if counts.min() < LEAST:
        raise EaeSindyError(
            f"a level set has {counts.min()} of {len(x):,} draws, and needs {LEAST}: draw more, or "
            "take fewer level sets"
        )
    inner = (code[ends[1:-1] - 1] + code[ends[1:-1]]) / 2
    edges = np.concatenate([code[:1], inner, code[-1:]])
    if not (np.diff(edges) > 0).all():
        raise EaeSindyError(
            "the code has one value for many rows, so it has no level sets: train it longer, or "
            "look whether it has collapsed"
        )
    first = _moments(x, code, ends)
    mean, variance, spread, covariance = (np.stack(v) for v in zip(*first, strict=True))
    wide = [
        _slope(x[ends[max(k - 1, 0)] : ends[min(k + 2, len(ends) - 1)]],
               code[ends[max(k - 1, 0)] : ends[min(k + 2, len(ends) - 1)]])
        for k in range(len(counts))
    ]  # fmt: skip
    mass = counts / len(x) / np.diff(edges)
    return LevelSets(
        edges=edges,
        code=np.add.reduceat(code, ends[:-1]) / counts,
        mean=mean,
        mean_covariance=covariance,
        direction=np.stack(wide),
        variance=variance,
        variance_error=spread,
        mass=mass,
        mass_error=mass / np.sqrt(counts),
    )


def _slope(x: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Return the least-squares slope [N] of rows against their code."""
    apart = code - code.mean()
    slope: np.ndarray = apart @ (x - x.mean(axis=0)) / (apart @ apart)
    return slope


def _moments(
    x: np.ndarray, code: np.ndarray, ends: np.ndarray
) -> list[tuple[np.ndarray, float, float, np.ndarray]]:
    """Return centre, variance, its error and the covariance of the centre's error of every bin."""
    found = []
    for start, end in pairwise(ends):
        rows, own = x[start:end], code[start:end]
        count = len(rows)
        centre = rows.mean(axis=0)
        left = rows - centre - np.outer(own - own.mean(), _slope(rows, own))
        # A line has two numbers to each dimension.
        squares = np.sum(left**2, axis=1) * count / (count - 2)
        covariance = left.T @ left / (count - 2) / count
        error = squares.std(ddof=1) / np.sqrt(count)
        found.append((centre, float(squares.mean()), float(error), covariance))
    return found
