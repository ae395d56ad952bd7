"""Frames and terms that are no numbers, left out before anything is read."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..ensemble.ensemble import Ensemble
from ..errors import EaeSindyError
from ..snapshots.split import TEST, TRAIN, VALIDATION
from .witnesses import Witnesses

LARGEST = 1e100  # a term beyond this has overflowed: its square could not be summed
SHARE = 0.5  # of the members in which a term must overflow to be left out for all
TRIED = 20  # members in which terms are tried


class Flaws(NamedTuple):
    """What was left out of an ensemble: frames, rates that were differentiated instead, terms."""

    frames: int
    rates: int
    terms: list[str]


def mended_frames(ensemble: Ensemble) -> tuple[Ensemble, Flaws]:
    """Return the ensemble without frames that hold NaN.

    Raises `EaeSindyError` if there is nothing left to fit to, or to test with.
    """
    frames, lost, unknown = ensemble.frames.mended()
    for part, name in ((TRAIN, "training"), (TEST, "test")):
        if not len(frames.where(part)):
            raise EaeSindyError(f"every {name} frame holds NaN: mend the snapshots, and fit again")
    return replace(ensemble, frames=frames), Flaws(lost, unknown, [])


def mended_terms(ensemble: Ensemble, witnesses: Witnesses) -> tuple[Ensemble, list[str]]:
    """Return the ensemble without terms that overflow on its frames, and the names of these.

    Raises `EaeSindyError` if no term is left.
    """
    library, rows = ensemble.library, ensemble.frames.where(TRAIN, VALIDATION, TEST)
    overflows = []
    for k in np.unique(np.linspace(0, len(witnesses.members) - 1, TRIED).astype(int)):
        z, _ = witnesses.at(k, rows)
        theta = library(z[np.isfinite(z).all(axis=1)])
        overflows.append(~(np.abs(theta) < LARGEST).all(axis=0))
    share = np.mean(overflows, axis=0)
    terms = [t for t, s in zip(library.terms, share, strict=True) if s > SHARE]
    if len(terms) == len(library):
        raise EaeSindyError("every term of the library overflows: fit with another library")
    return (replace(ensemble, library=library.without(terms)) if terms else ensemble), terms
