"""The control with equations chosen as those of members are: what networks have to be better than.

POD latents and a polynomial decoder take less than a second, and the choice by running ten more.
"""

from time import perf_counter

import numpy as np

from ..dynamics import conversions
from ..ensemble.ensemble import Ensemble
from ..progress import Steps
from ..recipes import CRITERIA, Criteria
from . import chosen_dynamics, member_fits, pod_baseline
from .measurement import Method, Row, measure
from .member_fits import reference_period
from .polynomial_decoder import CONTROL, curved


def chosen(ensemble: Ensemble, criteria: Criteria = CRITERIA) -> Steps[list[Row]]:
    """Return the row of the control with the equations that run best; none if none were chosen."""
    began = perf_counter()
    made = curved(pod_baseline.pod(ensemble))
    fits = yield from member_fits.read(made, np.arange(1), "train", criteria=criteria)
    found = yield from chosen_dynamics.find(fits, None, criteria=criteria, orbits=False)
    if found is None:
        return []
    chosen_as = found.trials[0][0].candidate.short
    equations = "; ".join(conversions.equations(found.values[0], found.library.terms))
    method = Method(
        name=f"POD-{ensemble.settings.latents}, {CONTROL}, chosen by running",
        ensemble=fits.ensemble,
        members=fits.members,
        library=found.library,
        values=found.values,
        seconds=perf_counter() - began,
        note=f"{chosen_as}: {equations}, of the POD latents",
    )
    return [measure(method, reference_period(ensemble, criteria), criteria)]
