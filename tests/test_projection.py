"""The start by variable projection: gradients, closed forms, what it finds, what it says."""

import numpy as np
import pytest

from eae_sindy.ensemble.forward import ACTIVATIONS
from eae_sindy.neural.starts.projection import features, outer
from eae_sindy.neural.starts.projection.curvature import CURVES
from eae_sindy.neural.starts.projection.losses import NetworkLoss, PolynomialLoss, Setting
from eae_sindy.neural.starts.projection.monomials import Monomials
from eae_sindy.neural.starts.projection.outer import Weights
from eae_sindy.neural.starts.projection.terms import LibraryTerms, PolynomialTerms, model
from eae_sindy.neural.starts.projection.units import Rows, Units


def rows(n=60, k=5, seed=0):
    rng = np.random.default_rng(seed)
    sigma = 0.5 ** np.arange(k)
    return Rows(rng.normal(size=(n, k)) * sigma, rng.normal(size=(n, k)) * sigma)


def sigma_of(given):
    return Units.of(given.field, given.rate).sigma


def library(latents):
    import pysindy as ps

    from eae_sindy.dynamics.library import Library

    functions = [lambda x: np.exp(-x) / (2 + np.cos(x)), lambda x, y: np.tanh(x * y) - x**3]
    features = ps.CustomLibrary(library_functions=functions) + ps.PolynomialLibrary(degree=2)
    return Library(features + ps.FourierLibrary(n_frequencies=1), latents)


TERMS = {
    "polynomials": lambda d: PolynomialTerms(d, 2),
    "custom": lambda d: LibraryTerms(library(d)),
}


def check(loss, x, rtol=1e-5, directions=8):
    """The gradient along random directions against central differences of the fourth order."""
    rng = np.random.default_rng(5)
    _, slope = loss(x)
    for _ in range(directions):
        along = rng.normal(size=x.shape)
        h = 1e-4 / np.linalg.norm(along) * np.linalg.norm(x)
        f = {k: loss(x + k * h * along)[0] for k in (-2, -1, 1, 2)}
        expected = (8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (12 * h)
        assert slope @ along == pytest.approx(expected, rel=rtol, abs=1e-9)


@pytest.mark.parametrize("kind", TERMS)
@pytest.mark.parametrize(("latents", "degree"), [(1, 4), (2, 3), (3, 2)])
def test_the_gradient_under_a_polynomial_decoder_is_that_of_differences(latents, degree, kind):
    given = rows()
    # A ridge that can be seen: its part of the gradient is exact as well.
    setting = Setting(given, Weights(0.7, 0.3), TERMS[kind](latents), 1e-3)
    loss = PolynomialLoss(setting, degree, latents, sigma_of(given))
    x = np.random.default_rng(1).normal(size=latents * given.field.shape[1])
    check(loss, x)


@pytest.mark.parametrize("kind", TERMS)
@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if a != "relu"])
@pytest.mark.parametrize("latents", [1, 3])
def test_the_gradient_under_the_network_is_that_of_differences(latents, activation, kind):
    given = rows()
    setting = Setting(given, Weights(0.4, 0.6), TERMS[kind](latents), 1e-3)
    loss = NetworkLoss(setting, activation, latents, 7, sigma_of(given))
    rng = np.random.default_rng(2)
    parts = [rng.normal(size=s) * (0.3 if len(s) == 2 else 1.0) for s in loss.shapes]
    # The second slope of elu jumps: differences see it a little.
    check(loss, loss.variables(*parts), rtol=2e-3 if activation == "elu" else 1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_value_and_slope_are_those_of_the_forward_pass(activation):
    x = np.linspace(-9, 9, 101)
    value, slope, bend = CURVES[activation](x)
    expected = ACTIVATIONS[activation](x, np)
    np.testing.assert_allclose(value, expected[0], atol=1e-12)
    np.testing.assert_allclose(slope, expected[1], atol=1e-12)
    away = np.abs(x) > 0.01
    h = 1e-5
    numeric = (CURVES[activation](x + h)[1] - CURVES[activation](x - h)[1]) / (2 * h)
    np.testing.assert_allclose(bend[away], numeric[away], atol=1e-8)
