"""Whole fits of systems that others have published: their own terms come out, up to the frame."""

import re

import numpy as np
import pytest
from scipy.special import ellipk

from eae_sindy.discovery.discover import discover
from eae_sindy.neural.estimator import EntropicAutoencoder
from eae_sindy.recipes import CubicLorenz, PendulumFilm, recipe
from eae_sindy.snapshots.generators import choice
from eae_sindy.snapshots.second_order import states
from tests.conftest import FEW

SMALL = {"frames": 200, "updates": 1, "encoders": 20, "draws": 40, "chains": 1}


def coefficients(lines):
    """Coefficients of equations that are given as text, by row and term."""
    found = {}
    for line in lines:
        name, right = line.split("' = ")
        for sign, number, term in re.findall(r"(-?) ?([\d.]+(?:e[+-]\d+)?) ([yz][^+-]*)", right):
            found[name, term.strip()] = float(sign + number)
    return found


@pytest.mark.slow  # a whole fit, about a minute
def test_the_seven_terms_of_lorenz_are_found_in_the_sparsest_frame():
    """Of the example of Champion et al. (2019), to 1 %."""
    data = choice.make(CubicLorenz())
    fit = recipe("lorenz").but(**SMALL, start_seconds=30.0, temperature=1e-10)
    ensemble = EntropicAutoencoder(fit).fit(data)
    found = discover(ensemble, criteria=FEW.but(frame="sparse", least_members=10))
    (model,) = found.answers.sparse
    # An eighth, of some ten-thousandths, may be left in.
    terms = {k: v for k, v in coefficients(model.lines).items() if abs(v) > 0.01}
    assert len(terms) == 7, model.lines
    rates = sorted(v for (name, term), v in terms.items() if name == term)
    np.testing.assert_allclose(rates, [-10, -8 / 3, -1], rtol=0.01)
    # Scales of the variables are free; what they leave is the product of the two linear couplings.
    couplings = [v for (name, term), v in terms.items() if " " not in term and name != term]
    assert np.prod(couplings) == pytest.approx(10 * 28, rel=0.01)
    assert sorted(term.count("y") for _, term in terms) == [1, 1, 1, 1, 1, 2, 2]
    # Chaos is forecast for five Lyapunov times, and its equations have its exponent.
    assert found.answers.forecast.horizon(0.1) * 0.906 > 5
    assert found.kind.name == "chaotic"
    assert found.kind_of_equations.share == 1
    assert np.mean(found.kind_of_equations.exponents) == pytest.approx(0.906, rel=0.05)


@pytest.mark.slow  # a whole fit, about three minutes: it is as good after one
def test_a_pendulum_on_film_has_the_frequencies_of_a_pendulum():
    film = PendulumFilm(bob=0.5)
    fit = recipe("standard").but(**SMALL, start_seconds=120.0, temperature=1e-8)
    ensemble = EntropicAutoencoder(fit).fit(states(choice.make(film)))
    found = discover(ensemble, criteria=FEW.but(least_members=10))
    assert found.reconstruction.field < 0.01
    assert found.kind.name == "conservative oscillation"
    # The last trajectory is tested on; its period is known, and what its equations make of it.
    truth = 4 * ellipk(np.sin(film.starts[-1] / 2) ** 2)
    assert np.median(found.answers.orbits.period) == pytest.approx(truth, rel=0.02)
    curve = found.kind_of_equations.numbers["frequency against amplitude"]
    assert curve.off < 0.02
    assert found.answers.forecast.field < 0.2
