"""What changes with the temperature: a discovery at every rung of a ladder, in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from ..dynamics.least_squares import Sparse
from ..ensemble.ladder import Ladder, Rung
from ..errors import EaeSindyError
from ..progress import Progress, Steps, mapped
from ..recipes import CRITERIA, Criteria
from . import discover
from .result import Discovery

SAME = 0.01  # relative difference up to which two temperatures are one


class Row(NamedTuple):
    """One temperature; what is not known is NaN, and `note` says why.

    Attributes
    ----------
    temperature : float
    members : int
        Read, and of use.
    field, rate : float
        Relative squared errors of the reconstruction on the test frames, means over members.
    forecast : float
        Relative squared field error over the test window, median over members.
    period, low, high : float
        Median over the members that hold the cycle, and its interval over members and frames.
    width : float
        Of that interval, over the data's own period, or over the median where they show none.
    holds : float
        Share of the members whose chosen equations hold the cycle.
    loss : float
        Mean over the settled draws of all chains.
    freedom : float
        Effective degrees of freedom, see `freedom`.
    heat_capacity : float
        See `heat_capacity`.
    ess : float
        Effective sample size of the loss, in bulk.
    drift : float
        Change of the mean loss from the first third of the draws to the last, in percent.
    note : str
    """

    temperature: float
    members: int = 0
    field: float = np.nan
    rate: float = np.nan
    forecast: float = np.nan
    period: float = np.nan
    low: float = np.nan
    high: float = np.nan
    width: float = np.nan
    holds: float = np.nan
    loss: float = np.nan
    freedom: float = np.nan
    heat_capacity: float = np.nan
    ess: float = np.nan
    drift: float = np.nan
    note: str = ""


@dataclass(frozen=True)
class Sweep:
    """Rows from cold to hot.

    Attributes
    ----------
    chosen : float
        The temperature that a fit with the same settings takes.
    rows : list of Row
    least : mapping of int to float
        L_min of each decoder: the least loss of any draw of it on any rung.
    reference_period : float
        The data's own; NaN where they have none.
    """

    chosen: float
    rows: list[Row]
    least: dict[int, float]
    reference_period: float

    @property
    def nearest(self) -> Row:
        """The row whose temperature is nearest to the one chosen."""
        return min(self.rows, key=lambda r: abs(np.log(r.temperature / self.chosen)))

    @property
    def on_the_ladder(self) -> bool:
        """Whether the temperature chosen is one of the ladder's."""
        return abs(self.nearest.temperature / self.chosen - 1) <= SAME

    @property
    def best(self) -> Row | None:
        """The row whose forecast is best; None where none has one."""
        told = [row for row in self.rows if np.isfinite(row.forecast)]
        return min(told, key=lambda r: r.forecast, default=None)


def freedom(losses: Sequence[np.ndarray], least: Sequence[float], temperature: float) -> float:
    """Return 2 (<L> - L_min) / T, the mean over chains: N of N quadratic degrees of freedom.

    Parameters
    ----------
    losses : sequence of arrays
        The loss along each chain.
    least : sequence of float
        L_min of each chain.
    """
    above = [loss.mean(dtype=float) - low for loss, low in zip(losses, least, strict=True)]
    return float(2 * np.mean(above) / temperature)


def heat_capacity(losses: Sequence[np.ndarray], temperature: float) -> float:
    """Return Var(L) / T^2, the mean over chains: N/2 of N quadratic degrees of freedom."""
    return float(np.mean([loss.astype(float).var() for loss in losses]) / temperature**2)


def least_losses(rungs: Sequence[Rung]) -> dict[int, float]:
    """Return, for each decoder, the least loss of any draw on any rung."""
    found: dict[int, float] = {}
    for rung in rungs:
        for chain in rung.ensemble.chains if rung.ensemble else ():
            low, index = float(np.min(chain.loss)), chain.decoder_index
            found[index] = min(found.get(index, np.inf), low)
    return found


def iterate(
    ladder: Ladder, sparse: Sparse | None = None, criteria: Criteria = CRITERIA
) -> Steps[Sweep]:
    """Discover on the ensemble of every rung, and say what changes with the temperature.

    A rung that was lost, or on which nothing can be discovered, is a row that says so.
    """
    least = least_losses(ladder.rungs)
    rows, reference = list[Row](), np.nan
    for done, rung in enumerate(ladder.rungs):
        told = partial(_overall, rung=rung, done=done, rungs=len(ladder.rungs))
        if rung.ensemble is None:
            rows.append(Row(rung.temperature, note=rung.lost))
            continue
        try:
            steps = discover.iterate(rung.ensemble, sparse=sparse, criteria=criteria)
            found = yield from mapped(steps, told)
        except EaeSindyError as error:
            rows.append(Row(rung.temperature, note=f"nothing was discovered: {error}"))
            continue
        if found.orbits is not None:
            reference = found.orbits.reference_period
        rows.append(row(rung.temperature, found, least))
    return Sweep(ladder.chosen, rows, least, float(reference))


def _overall(step: Progress, rung: Rung, done: int, rungs: int) -> Progress:
    values = {"T": rung.temperature, **step.values}
    total = max(step.total, 1)
    return Progress("discovering", done * total + step.done, rungs * total, values)


def row(temperature: float, found: Discovery, least: dict[int, float]) -> Row:
    """Return what a discovery at a temperature says in numbers."""
    chains, mixing = found.ensemble.chains, {m.quantity: m for m in found.diagnostics.mixing}
    starts = found.diagnostics.settled_from
    losses = [c.loss[start:] for c, start in zip(chains, starts, strict=True)]
    lows = [least[c.decoder_index] for c in chains]
    made = Row(
        temperature,
        len(found.members),
        found.reconstruction.field,
        found.reconstruction.rate,
        loss=float(np.mean([loss.mean(dtype=float) for loss in losses])),
        freedom=freedom(losses, lows, temperature),
        heat_capacity=heat_capacity(losses, temperature),
        ess=mixing["loss"].ess_bulk if "loss" in mixing else np.nan,
        drift=found.diagnostics.drift,
    )
    return _with_answers(made, found)


def _with_answers(made: Row, found: Discovery) -> Row:
    """Return the row with what the chosen equations say, or a note that there is none of it."""
    answers = found.answers
    if answers is None:
        return made._replace(
            note="no forecast: the time before the test window is too short to choose equations by"
        )
    made = made._replace(forecast=answers.forecast.field)
    if answers.orbits is None:
        return made._replace(note="no period: neither data nor equations show a cycle")
    orbits, spread = answers.orbits, answers.spread
    held = orbits.period[orbits.holds]
    made = made._replace(holds=orbits.integrable_fraction)
    if len(held):
        made = made._replace(period=float(np.median(held)))
    if spread is None or spread.period is None:
        return made._replace(note="no interval of the period: too few replicates hold the cycle")
    low, high = map(float, spread.period)
    own = orbits.reference_period
    return made._replace(
        low=low, high=high, width=(high - low) / (own if np.isfinite(own) else made.period)
    )
