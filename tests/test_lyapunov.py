"""The largest Lyapunov exponent of equations: of Lorenz's, of a cycle, of what is lost."""

import numpy as np
import pytest

from eae_sindy.dynamics import lyapunov
from eae_sindy.dynamics.library import standard
from eae_sindy.dynamics.lyapunov import largest_exponents
from eae_sindy.dynamics.orbits import Loop


def field(library, *rows):
    xi = np.zeros((len(library), len(rows)))
    for column, terms in enumerate(rows):
        for name, value in terms.items():
            xi[library.terms.index(name), column] = value
    return xi


def around(start, reach=60.0):
    start = np.atleast_2d(np.asarray(start, float))
    return Loop(start, 0 * start, np.ones(len(start)), np.full(len(start), reach))


def test_the_exponent_of_lorenz_is_the_published_one():
    library = standard(3, 2, sine=False)
    xi = field(library, {"z1": -10, "z2": 10}, {"z1": 28, "z2": -1, "z1 z3": -1},
               {"z1 z2": 1, "z3": -8 / 3})  # fmt: skip
    starts = around([[1 + k, 1, 20 + k] for k in range(8)])
    found = largest_exponents(library, np.stack([xi] * 8), starts, 0.02)
    # 0.9056 (Sprott 2003); eight times 108 units of time.
    assert np.mean(found) == pytest.approx(0.906, rel=0.03)
    np.testing.assert_allclose(found, 0.906, rtol=0.2)


def test_the_exponent_of_a_cycle_is_nought_and_that_of_rest_the_rate_of_decay(monkeypatch):
    monkeypatch.setattr(lyapunov, "STEPS", 4000)
    library = standard(2, 3, sine=False)
    cycle = field(library, {"z1": 0.3, "z2": -1, "z1^3": -0.3, "z1 z2^2": -0.3},
                  {"z1": 1, "z2": 0.3, "z1^2 z2": -0.3, "z2^3": -0.3})  # fmt: skip
    decay = field(library, {"z1": -0.02, "z2": -1}, {"z1": 1, "z2": -0.02})
    lost = field(library, {"z1": 0.1}, {"z2": 0.1})
    start = around([[0.5, 0.0]] * 3, reach=2.0)
    found = largest_exponents(library, np.stack([cycle, decay, lost]), start, 0.05)
    assert abs(found[0]) < 0.002
    assert found[1] == pytest.approx(-0.02, abs=1e-4)
    assert np.isnan(found[2])
