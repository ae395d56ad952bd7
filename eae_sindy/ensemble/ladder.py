"""Ensembles at several temperatures, from the same start, on the same frames and basis."""

from typing import NamedTuple

from .ensemble import Ensemble


class Rung(NamedTuple):
    """One temperature: its ensemble, or None and why there is none."""

    temperature: float
    ensemble: Ensemble | None
    lost: str = ""


class Ladder(NamedTuple):
    """Rungs from cold to hot, and the temperature that a fit with the same settings takes."""

    chosen: float
    rungs: list[Rung]
