"""The equations of a mode that have few coefficients, beside those that are chosen.

Where they follow a pattern of symmetry they are few in a canonical frame, and are given in it; so
are those in a frame that was searched for.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..dynamics import canonical
from ..dynamics.affine import Frame
from ..dynamics.conversions import equations
from ..dynamics.sparse_frames import MOST_LATENTS
from ..ensemble.members import evenly
from ..recipes import Criteria
from . import decoded_orbits, refits, selection
from .member_fits import Fits
from .modes import Modes
from .selection import Trial


class SparseModel(NamedTuple):
    """Equations with few coefficients of the member through which a mode speaks.

    Attributes
    ----------
    trial : Trial
    forecast : float
        Field error over the first test trajectory, the median over members of the mode.
    frame : Frame or None
        Coordinates y = A (z − c) of the equations; None where they are in the latents themselves.
    lines : list of str
        The equations.
    """

    trial: Trial
    forecast: float
    frame: Frame | None
    lines: list[str]


def find(
    fits: Fits, found: Modes, trials: Sequence[Sequence[Trial]], criteria: Criteria
) -> list[SparseModel | None]:
    """Return the sparse equations of each mode; None for one that has none that run."""
    return [_of(fits, found, k, tried, criteria) for k, tried in enumerate(trials)]


def unframed(latents: int, found: SparseModel | None, criteria: Criteria) -> str | None:
    """Say in a sentence why equations stand in no frame that was searched for; None if they do."""
    if criteria.frame != "sparse" or (found is not None and found.trial.candidate.inside):
        return None
    if not 1 < latents <= MOST_LATENTS:
        return f"sparse frames are searched for in two or three latents, not in {latents}"
    return "no frame was found in which fewer coefficients run as well"


def _of(
    fits: Fits, found: Modes, mode: int, tried: Sequence[Trial], criteria: Criteria
) -> SparseModel | None:
    trial = selection.sparsest(tried, criteria)
    if trial is None:
        return None
    way, run = trial.candidate, fits.ensemble.frames.test_run()
    seen = np.intersect1d(found.members(mode), fits.witnessed)
    members = evenly(seen if len(seen) else found.members(mode), criteria.decoded)
    library = way.library or fits.library
    latents = np.stack([fits.latents(i, run)[0] for i in members], axis=1)
    xi = refits.refit(fits, members, way, library)
    ahead = decoded_orbits.forecast(fits.ensemble, fits.members[members], library, xi, latents)
    speaker = int(found.representative[mode])
    frame, lines = None, equations(refits.solved(fits, speaker, way), library.terms)
    if way.pattern is not None:
        triangle = refits.factor_of(fits, speaker, way)
        inside = canonical.in_frame(*triangle.split(len(library)), way.pattern)
        if inside is not None:
            frame, coefficients = inside
            lines = equations(coefficients, way.pattern.names, symbol="y")
    if way.inside is not None:
        mine = way.in_frame(refits.factor_of(fits, speaker, way))
        if mine is not None:
            frame, names = mine.frame, [term.replace("z", "y") for term in library.terms]
            lines = equations(mine.xi, names, symbol="y")
    return SparseModel(trial, ahead.field, frame, lines)
