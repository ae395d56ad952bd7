"""Frames and terms that are no numbers, left out before anything is read."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..ensemble.ensemble import Ensemble
from ..ensemble.members import each, evenly
from ..errors import EaeSindyError
from ..snapshots.split import TEST, TRAIN, VALIDATION

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
