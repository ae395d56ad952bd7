"""What the distribution of coefficients over members says: Table 2 and Figure 4."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..ensemble.intervals import interval
from ..recipes import SIGNIFICANCE


class Coefficient(NamedTuple):
    """The distribution of one coefficient over members: a row of Table 2."""

    equation: str
    term: str
    mean: float
    mode: float
    interval: tuple[float, float]
    significant: bool


def mode(values: np.ndarray) -> float:
    """Return the dominant mode of a sample by Gaussian kernel density estimation (A.5.1)."""
    from scipy.stats import gaussian_kde

    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300) or len(values) < 3:
        return float(np.median(values))
    grid = np.linspace(low, high, 512)
    return float(grid[np.argmax(gaussian_kde(values)(grid))])


def table(values: np.ndarray, terms: Sequence[str]) -> list[Coefficient]:
    """Describe coefficients [members, p, d]: mean, KDE mode, 90 % interval, significance.

    A coefficient is significant where mean and mode both exceed 0.1 in magnitude (A.5.1).
    """
    rows = []
    for k in range(values.shape[2]):
        for j, term in enumerate(terms):
            sample = values[:, j, k]
            mean, peak = float(sample.mean()), mode(sample)
            low, high = (float(v) for v in interval(sample))
            rows.append(
                Coefficient(
                    f"z{k + 1}'",
                    term,
                    mean,
                    peak,
                    (low, high),
                    min(abs(mean), abs(peak)) > SIGNIFICANCE,
                )
            )
    return rows


@dataclass(frozen=True)
class Correlation:
    """Pearson correlations [k, k] between the significant coefficients (Fig. 4)."""

    labels: tuple[str, ...]
    matrix: np.ndarray


def correlation(values: np.ndarray, rows: Sequence[Coefficient]) -> Correlation:
    """Correlate over members the coefficients that are significant; none leaves an empty matrix."""
    flat = values.transpose(0, 2, 1).reshape(len(values), -1)  # in the order of `rows`
    chosen = [i for i, row in enumerate(rows) if row.significant]
    labels = tuple(f"{rows[i].term} in {rows[i].equation}" for i in chosen)
    if len(values) < 2 or not chosen:
        return Correlation(labels, np.full((len(chosen), len(chosen)), np.nan))
    with np.errstate(invalid="ignore", divide="ignore"):  # a constant coefficient has none
        return Correlation(
            labels, np.corrcoef(flat[:, chosen], rowvar=False).reshape(len(chosen), len(chosen))
        )
