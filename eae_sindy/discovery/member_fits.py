"""What one member says: Ξ by Eq. 16, its errors on the test frames, the data in its latents."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from ..dynamics import cycles, least_squares, orbits
from ..dynamics.least_squares import Sparse
from ..dynamics.orbits import Loop
from ..ensemble.ensemble import Ensemble
from ..ensemble.members import each
from .mending import LARGEST
from .relative_error import error


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
    return cycles.period(
        f.time[run], f.coordinates[run].astype(float), f.rate_coordinates[run].astype(float)
    )


def _read_one(
    ensemble: Ensemble, member: int, fit: np.ndarray, test: np.ndarray, sparse: Sparse | None
) -> Reading:
    both = np.concatenate([fit, test])
    z, z_rate = (a.astype(float) for a in ensemble.encode(member, both))
    n = len(fit)
    theta = ensemble.library(z)
    if not ((np.abs(theta) < LARGEST).all() and np.isfinite(z_rate).all()):
        nan = np.full((theta.shape[1], z.shape[1]), np.nan)
        return Reading(nan, np.nan, orbits.loop(z[n:]), np.full(3, np.nan), np.zeros(1))
    xi, condition = least_squares.solve(theta[:n], z_rate[:n])
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
