"""What one member says: Ξ by Eq. 16, its errors on the test frames, the data in its latents."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from . import coefficients, orbits
from .coefficients import Sparse
from .ensemble import Ensemble, each
from .orbits import Loop


class Reading(NamedTuple):
    """What one member says: Ξ and its condition, the data in its latents, errors, x̂."""

    xi: np.ndarray
    condition: float
    loop: Loop
    errors: np.ndarray
    field: np.ndarray


def reference_period(ensemble: Ensemble) -> float:
    """Return the period of the data's longest POD axis over the test window; NaN if it has none."""
    f = ensemble.frames
    run = f.test_run()
    return orbits.period(
        f.time[run], f.coordinates[run].astype(float), f.rate_coordinates[run].astype(float)
    )


def _target(ensemble: Ensemble, rows: np.ndarray, which: str) -> tuple[np.ndarray, np.ndarray]:
    f = ensemble.frames
    if which == "field":
        return f.coordinates[rows], f.outside[rows]
    return f.rate_coordinates[rows], f.rate_outside[rows]


def error(ensemble: Ensemble, rows: np.ndarray, guess: np.ndarray, which: str) -> float:
    """Return the squared error relative to the variance about the mean field of the same frames."""
    x, outside = _target(ensemble, rows, which)
    beyond = float(outside.mean(dtype=float))
    variance = float(np.sum(np.var(x, axis=0, dtype=float))) + beyond
    miss = np.sum((x - guess[:, : x.shape[1]]) ** 2, axis=1, dtype=float)
    extra = np.sum(guess[:, x.shape[1] :] ** 2, axis=1, dtype=float)
    return (float(np.mean(miss + extra)) + beyond) / variance


def _read_one(
    ensemble: Ensemble, member: int, fit: np.ndarray, test: np.ndarray, sparse: Sparse | None
) -> Reading:
    both = np.concatenate([fit, test])
    z, z_rate = (a.astype(float) for a in ensemble.encode(member, both))
    n = len(fit)
    theta = ensemble.library(z)
    if not (np.isfinite(theta).all() and np.isfinite(z_rate).all()):
        nan = np.full((theta.shape[1], z.shape[1]), np.nan)
        return Reading(nan, np.nan, orbits.loop(z[n:]), np.full(3, np.nan), np.zeros(1))
    xi, condition = coefficients.solve(theta[:n], z_rate[:n])
    if sparse:
        xi = sparse.solve(theta[:n], z_rate[:n])
    modelled = theta[n:] @ xi
    x, x_rate = ensemble.decode(member, z[n:], modelled)
    z_miss = np.sum((z_rate[n:] - modelled) ** 2) / np.sum((z_rate[n:] - z_rate[n:].mean(0)) ** 2)
    errors = np.array(
        [error(ensemble, test, x, "field"), error(ensemble, test, x_rate, "rate"), z_miss]
    )
    run = np.isin(test, ensemble.frames.test_run())
    return Reading(xi, condition, orbits.loop(z[n:][run]), errors, x)


def read(
    ensemble: Ensemble,
    members: Iterable[int],
    fit: np.ndarray,
    test: np.ndarray,
    sparse: Sparse | None = None,
) -> Iterator[Reading]:
    """Read members in order: Ξ from the frames `fit`, errors on the frames `test`."""
    return each(members, lambda m: _read_one(ensemble, m, fit, test, sparse))
