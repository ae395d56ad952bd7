"""discover(ensemble) -> Discovery: the one place where the analyses meet."""

import math

import numpy as np

from ..dynamics.cycles import Orbits
from ..dynamics.kind import CHAOTIC, Kind
from ..dynamics.least_squares import Sparse
from ..ensemble import diagnostics
from ..ensemble.diagnostics import Diagnostics
from ..ensemble.ensemble import Ensemble
from ..ensemble.members import evenly
from ..ensemble.novelty import novelty
from ..errors import EaeSindyError
from ..progress import Steps, finish
from ..recipes import CRITERIA, Criteria
from ..snapshots.frames import Frames
from ..snapshots.split import TEST
from . import (
    chosen_dynamics,
    coefficient_table,
    control,
    kind_of_equations,
    kind_of_frames,
    measurement,
    member_fits,
)
from .member_fits import Fits
from .result import Discovery, Reconstruction


def discover(
    ensemble: Ensemble,
    frames: str = "auto",
    sparse: Sparse | None = None,
    members: int | str | None = None,
    criteria: Criteria = CRITERIA,
) -> Discovery:
    """Fit Ξ for every member, describe its distribution, and integrate every member's equations.

    Parameters
    ----------
    ensemble : Ensemble
    frames : {"auto", "train", "all", "test"}
        Which frames enter Eq. 16: the training frames, those and the validation frames, or the test
        window, which is the paper's choice. "auto" is the one of train and all with which more
        trial members hold the cycle.
    sparse : Sparse, optional
        Takes the place of least squares in Eq. 16, and is tried beside it where equations are
        chosen by running; see `least_squares.sparse`.
    members : int or "all", optional
        How many members are read, spread evenly over those drawn after the loss had settled. By
        default so many that more would say nothing new: ten to an autocorrelation time of the loss,
        and at least 1,000.
    criteria : recipes.Criteria, optional
        The numbers by which it is chosen and judged.

    Raises
    ------
    EaeSindyError
        For an unknown choice of frames, fewer than one member, or when no member gives finite
        coefficients.
    """
    return finish(iterate(ensemble, frames, sparse, members, criteria))


def iterate(
    ensemble: Ensemble,
    frames: str = "auto",
    sparse: Sparse | None = None,
    members: int | str | None = None,
    criteria: Criteria = CRITERIA,
) -> Steps[Discovery]:
    """Do what `discover` does, step by step."""
    starts = [diagnostics.settled_from(c.loss) for c in ensemble.chains]
    settled = diagnostics.settled(ensemble, starts)
    chosen = evenly(settled, _how_many(ensemble, starts, len(settled), members, criteria))
    fits = yield from member_fits.read(ensemble, chosen, frames, sparse, criteria)
    orbits = member_fits.settle(fits, fits.ensemble.library, fits.values, criteria)
    held = None if orbits is None else orbits.holds
    kind = kind_of_frames.of_frames(fits.ensemble.frames)
    criteria = _for_the_kind(criteria, kind)
    answers = yield from chosen_dynamics.find(fits, held, sparse, criteria)
    baselines = measurement.linear(fits.ensemble, criteria)
    if answers is not None:
        baselines += yield from control.chosen(fits.ensemble, criteria)
    field, rate, latent_rate = map(float, fits.errors.mean(axis=0))
    table = coefficient_table.table(fits.values, fits.ensemble.library.terms)
    return Discovery(
        ensemble=fits.ensemble,
        criteria=criteria,
        frames=fits.frames,
        sparse=sparse,
        settled=len(settled),
        members=fits.members,
        values=fits.values,
        condition=fits.condition,
        errors=fits.errors,
        table=table,
        correlation=coefficient_table.correlation(fits.values, table),
        orbits=orbits,
        answers=answers,
        reconstruction=Reconstruction(field, rate, latent_rate, fits.field_of_mean),
        baselines=baselines,
        diagnostics=_diagnose(fits, starts, len(settled), orbits),
        dropped=fits.dropped,
        flaws=fits.flaws,
        trials=fits.trials,
        kind=kind,
        kind_of_equations=None
        if answers is None
        else kind_of_equations.find(fits, answers.equations, kind),
        beyond=_beyond(fits.ensemble),
    )


def _for_the_kind(criteria: Criteria, kind: Kind) -> Criteria:
    """Return the criteria as they hold for data of a kind: what is chaotic is judged in pieces."""
    exponent = kind.yardsticks.exponent
    if kind.name != CHAOTIC or not exponent:
        return criteria
    return criteria.but(longest_piece=criteria.stretch_lyapunov_times / exponent)


def _beyond(ensemble: Ensemble) -> float:
    """Return the share of the test frames that lie outside of what was trained on."""
    f = ensemble.frames
    rows = f.where(TEST)
    return novelty(ensemble, Frames(*(part[rows] for part in vars(f).values()))).share


def _how_many(
    ensemble: Ensemble,
    starts: list[int],
    settled: int,
    members: int | str | None,
    criteria: Criteria,
) -> int:
    """Return how many of the settled members are to be read."""
    if members == "all":
        return settled
    if members is not None:
        if isinstance(members, str) or members < 1:
            raise EaeSindyError(f"--members must be at least 1, or all, not {members}")
        return min(members, settled)
    worth = diagnostics.independent(ensemble, starts)
    return min(settled, max(criteria.least_members, math.ceil(criteria.members_per_memory * worth)))


def _diagnose(fits: Fits, starts: list[int], settled: int, orbits: Orbits | None) -> Diagnostics:
    """Describe the chains by the loss of every draw, and by what the members that were read say."""
    quantities = {"field error": fits.errors[:, 0], "rate error": fits.errors[:, 1]}
    if orbits is not None:
        quantities["period"] = orbits.period
    along = {name: np.full(len(fits.ensemble), np.nan) for name in quantities}
    for name, series in quantities.items():
        along[name][fits.members] = series
    read = len(fits.members) + fits.dropped
    return diagnostics.diagnose(fits.ensemble, starts, along, spacing=settled / read)
