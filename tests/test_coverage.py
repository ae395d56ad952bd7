"""Intervals hold the truth where everything is fitted anew: start, encoders, equations.

A few cases, so that it can be run often; `benchmarks/coverage.py` counts a hundred of them.
"""

import numpy as np
import pytest

from eae_sindy.discovery.discover import discover
from eae_sindy.neural.estimator import EntropicAutoencoder
from eae_sindy.recipes import ShortCycles, recipe
from eae_sindy.snapshots.generators import choice
from tests.conftest import FEW

CASES = 6
FIT = recipe("standard").but(
    start_seconds=1.5, hidden=(32,), rank=8, frames=200, updates=2, encoders=50, draws=100,
    chains=2, train=0.8, validation=0.2, test=0.2,
)  # fmt: skip


@pytest.mark.slow  # whole fits, half a minute each
def test_period_and_growth_of_short_noisy_cycles_lie_in_their_intervals():
    held, widths = {"period": 0, "growth": 0}, {"period": [], "growth": []}
    for seed in range(CASES):
        planted = ShortCycles(
            trajectories=24, end=8.0, step=0.1, points=24, noise=0.05, seed=seed + 1
        )
        ensemble = EntropicAutoencoder(FIT.but(seed=seed)).fit(choice.make(planted))
        found = discover(ensemble, criteria=FEW.but(replicates=60, least_members=100))
        spread = found.answers.spread
        cycles = spread.orbits.holds
        period = spread.period
        growth = spread.interval(spread.orbits.growth[cycles], cycles)
        held["period"] += period[0] <= 2 * np.pi / planted.frequency <= period[1]
        held["growth"] += growth[0] <= -2 * planted.growth <= growth[1]
        widths["period"].append(np.ptp(period) / (2 * np.pi / planted.frequency))
        widths["growth"].append(np.ptp(growth) / (2 * planted.growth))
    # Intervals that say something. Over sixty cases their median is 0.5 % and 9 %, and single ones
    # are six times as wide: which a start finds in its seconds differs between machines.
    assert np.median(widths["period"]) < 0.01, widths
    assert np.median(widths["growth"]) < 0.2, widths
    # Of six intervals of 90 % chance leaves four or fewer in one case of nine.
    assert min(held.values()) >= CASES - 1, held
