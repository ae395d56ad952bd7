"""The starts by name."""

from collections.abc import Mapping

from ...recipes import Fit
from . import random
from .contract import Start
from .projection import search

STARTS: Mapping[str, Start] = {"random": random.start, "projection": search.start}

# Progress that each takes, in the units of a fit.
UNITS: Mapping[str, int] = {"random": 0, "projection": search.UNITS}


def choose(fit: Fit) -> Start:
    """Return the start of a fit."""
    return STARTS[fit.start]


def units(fit: Fit) -> int:
    """Return how many units of progress the start of a fit takes."""
    return UNITS[fit.start]
