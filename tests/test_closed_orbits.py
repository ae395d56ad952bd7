"""Closed orbits by Newton's method: cycles whose period and multipliers are known."""

import numpy as np
import pytest

from eae_sindy.dynamics import cycles, orbits
from eae_sindy.dynamics.closed_orbits import close
from eae_sindy.dynamics.library import standard

LIBRARY = standard(2, 3, sine=False)
OMEGA, SHEAR = 0.9, 0.2


def hopf(growth: float) -> np.ndarray:
    """r' = growth r (1 − r²), θ' = ω + shear r²: the cycle is r = 1."""
    xi = np.zeros((len(LIBRARY), 2))
    row = LIBRARY.terms.index
    xi[row("z1")], xi[row("z2")] = (growth, OMEGA), (-OMEGA, growth)
    for name in ("z1^3", "z1 z2^2"):
        xi[row(name)] += (-growth, SHEAR) if name == "z1^3" else (-growth, 0)
    for name, along in (("z1^2 z2", (-SHEAR, -growth)), ("z2^3", (-SHEAR, -growth))):
        xi[row(name)] += along
    xi[row("z1 z2^2")] += (0, SHEAR)
    return xi


@pytest.mark.parametrize("growth", [1e-3, 0.05, 0.5, -0.01])
def test_a_cycle_is_found_however_slowly_it_attracts_or_repels(growth):
    xi = np.stack([hopf(growth)] * 2)
    start = np.array([[1.1, 0.0], [0.0, 0.93]])
    true = 2 * np.pi / (OMEGA + SHEAR)
    found = close(LIBRARY, xi, start, np.full(2, 1.01 * true), np.ones(2))
    assert found.found.all()
    np.testing.assert_allclose(found.period, true, rtol=1e-6)
    sizes = np.sort(np.abs(found.multipliers), axis=1)
    expected = np.sort([1.0, np.exp(-2 * growth * true)])
    np.testing.assert_allclose(sizes, [expected] * 2, atol=1e-5)


def test_a_rotation_is_closed_wherever_it_starts():
    xi = hopf(0.0)[None]
    xi[:, [LIBRARY.terms.index(n) for n in ("z1^3", "z1^2 z2", "z1 z2^2", "z2^3")]] = 0
    found = close(LIBRARY, xi, np.array([[0.7, 0.1]]), np.array([7.0]), np.ones(1))
    assert found.found.all()
    np.testing.assert_allclose(found.period, 2 * np.pi / OMEGA, rtol=1e-6)
    np.testing.assert_allclose(np.abs(found.multipliers), 1, atol=1e-6)


def test_what_is_no_cycle_or_far_away_is_not_found():
    spiral, far = hopf(-0.1), hopf(0.05)
    for name in ("z1^3", "z1^2 z2", "z1 z2^2", "z2^3"):
        spiral[LIBRARY.terms.index(name)] = 0
    lost = np.full_like(far, np.nan)
    true = 2 * np.pi / (OMEGA + SHEAR)
    for xi, start, period in (
        (spiral, [0.5, 0.0], true),
        (far, [0.67, 0.0], true),  # the cycle is there, at 1, and Newton finds it
        (far, [1.0, 0.0], 1.12 * true),  # so it does from this period
        (lost, [1.0, 0.0], true),
    ):
        found = close(LIBRARY, xi[None], np.array([start]), np.array([period]), np.ones(1))
        assert not found.found.any()
        assert np.isnan(found.period).all()
        assert np.isnan(found.multipliers).all()


def test_orbits_that_take_long_to_settle_have_the_period_and_growth_of_their_cycle():
    """At a growth of −0.002 twenty periods do not bring an orbit to its cycle."""
    growth = 1e-3
    start = orbits.Loop(np.array([[1.12, 0.0]]), np.zeros((1, 2)), np.ones(1), np.ones(1))
    found = cycles.settle(LIBRARY, hopf(growth)[None], start, 5.7)
    true = 2 * np.pi / (OMEGA + SHEAR)
    np.testing.assert_allclose(found.period, true, rtol=1e-6)
    np.testing.assert_allclose(found.growth, -2 * growth, rtol=1e-3)
    time = cycles.horizon(5.7)
    z = orbits.integrate(LIBRARY, hopf(growth)[None], start, time)[-300:, 0]
    rate = LIBRARY(z) @ hopf(growth)
    assert abs(cycles.period(time[-300:], z, rate) / true - 1) > 0.01
