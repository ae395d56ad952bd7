"""What one member says: Ξ by Eq. 16, its errors on the test frames, the data in its latents."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from . import coefficients, orbits
from .coefficients import Sparse
from .ensemble import Ensemble, each, evenly
from .errors import EaeSindyError
from .orbits import Loop
from .snapshots import TEST, TRAIN, VALIDATION

LARGEST = 1e100  # a term beyond this has overflowed: its square could not be summed
SHARE = 0.5  # of the members in which a term must overflow to be left out for all
TRIED = 20  # members in which terms are tried


class Flaws(NamedTuple):
    """What was left out of an ensemble: frames, rates that were differentiated instead, terms."""

    frames: int
    rates: int
    terms: list[str]


def mend(ensemble: Ensemble, members: np.ndarray) -> tuple[Ensemble, Flaws]:
    """Return the ensemble without frames that hold NaN, and without terms that overflow on them.

    Raises `EaeSindyError` if there is nothing left to fit to, or to test with.
    """
    frames, lost, unknown = ensemble.frames.mended()
    for part, name in ((TRAIN, "training"), (TEST, "test")):
        if not len(frames.where(part)):
            raise EaeSindyError(f"every {name} frame holds NaN: mend the snapshots, and fit again")
    ensemble = replace(ensemble, frames=frames)
    rows, library = frames.where(TRAIN, VALIDATION, TEST), ensemble.library

    def overflows(member: int) -> np.ndarray:
        z = ensemble.encode(member, rows)[0].astype(float)
        return ~(np.abs(library(z[np.isfinite(z).all(axis=1)])) < LARGEST).all(axis=0)

    share = np.mean(list(each(evenly(members, TRIED), overflows)), axis=0)
    terms = [t for t, s in zip(library.terms, share, strict=True) if s > SHARE]
    if len(terms) == len(library):
        raise EaeSindyError("every term of the library overflows: fit with another library")
    return replace(ensemble, library=library.without(terms) if terms else library), Flaws(
        lost, unknown, terms
    )


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
    if not ((np.abs(theta) < LARGEST).all() and np.isfinite(z_rate).all()):
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
