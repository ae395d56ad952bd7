import numpy as np
import pytest

from eae_sindy.discovery import coefficient_table
from eae_sindy.dynamics import conversions, least_squares
from eae_sindy.dynamics.library import standard
from eae_sindy.errors import EaeSindyError


def planted(seed=0, n=400, amplitude=1.0):
    rng = np.random.default_rng(seed)
    z = amplitude * rng.uniform(-1, 1, (n, 2))
    library = standard(2)
    xi = rng.normal(size=(len(library), 2))
    return library, library(z), xi


def test_planted_coefficients_are_recovered_to_1e_8():
    _, theta, xi = planted()
    found, condition = least_squares.solve(theta, theta @ xi)
    np.testing.assert_allclose(found, xi, atol=1e-8)
    assert condition > 100  # z and sin z: nearly collinear, and said so


def test_small_latents_are_recovered_too_where_normal_equations_fail():
    """At |z| < 0.1 the squared condition number exceeds what float64 normal equations bear."""
    _, theta, xi = planted(amplitude=0.1)
    found, condition = least_squares.solve(theta, theta @ xi)
    np.testing.assert_allclose(theta @ found, theta @ xi, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found[2:5], xi[2:5], atol=1e-8)  # those with no twin
    assert condition > 1e4


def test_a_term_that_is_another_one_twice_leaves_a_finite_answer():
    _, theta, xi = planted()
    twice = np.hstack([theta, theta[:, :1], np.zeros((len(theta), 1))])
    found, condition = least_squares.solve(twice, theta @ xi)
    np.testing.assert_allclose(twice @ found, theta @ xi, atol=1e-9)
    assert np.isfinite(found).all()
    assert condition > 1e12


def test_mode_is_the_dominant_peak_and_not_the_mean():
    rng = np.random.default_rng(0)
    sample = np.r_[rng.normal(-2, 0.1, 700), rng.normal(3, 0.1, 300)]
    assert coefficient_table.mode(sample) == pytest.approx(-2, abs=0.1)
    assert coefficient_table.mode(np.full(10, 1.5)) == 1.5


def test_significance_needs_mean_and_mode():
    rng = np.random.default_rng(0)
    values = np.zeros((1000, 3, 1))
    values[:, 0, 0] = rng.normal(0.5, 0.01, 1000)
    values[:, 1, 0] = np.r_[rng.normal(0, 0.01, 700), rng.normal(1, 0.01, 300)]  # mean alone
    values[:, 2, 0] = np.r_[rng.normal(-0.5, 0.05, 500), rng.normal(0.5, 0.05, 500)]  # mode alone
    rows = coefficient_table.table(values, ["a", "b", "c"])
    assert [row.significant for row in rows] == [True, False, False]
    low, high = rows[0].interval
    assert np.mean((values[:, 0, 0] > low) & (values[:, 0, 0] < high)) == pytest.approx(
        0.9, abs=0.01
    )


def test_correlation_is_that_of_the_significant_coefficients():
    rng = np.random.default_rng(0)
    a = rng.normal(2, 0.1, 500)
    values = np.stack([np.stack([a, 0 * a], 1), np.stack([0 * a, -a], 1)], 2)  # [500, 2, 2]
    rows = coefficient_table.table(values, ["z1", "z2"])
    found = coefficient_table.correlation(values, rows)
    assert found.labels == ("z1 in z1'", "z2 in z2'")
    np.testing.assert_allclose(found.matrix, [[1, -1], [-1, 1]], atol=1e-12)


def test_equations_read_like_equations():
    xi = np.array([[0.0, -1.5], [2.0, 0.0]])
    assert conversions.equations(xi, ["z1", "z2"]) == ["z1' = 2 z2", "z2' = - 1.5 z1"]


@pytest.mark.parametrize("optimizer", ["stlsq", "sr3", "ssr"])
def test_a_sparse_optimizer_keeps_the_planted_terms_and_no_others(optimizer):
    library = standard(2, sine=False)  # z and sin z none of the three tells apart
    theta = library(np.random.default_rng(0).uniform(-1, 1, (400, 2)))
    xi = np.zeros((len(library), 2))
    xi[library.terms.index("z2"), 0] = xi[library.terms.index("z1"), 1] = -0.9
    xi[library.terms.index("z1^3"), 0] = xi[library.terms.index("z2^2"), 1] = 0.5
    rng = np.random.default_rng(1)
    rate = theta @ xi + 1e-4 * rng.normal(size=(len(theta), 2))
    found = least_squares.sparse(optimizer, 0.1).solve(theta, rate)
    np.testing.assert_array_equal(found != 0, xi != 0)
    np.testing.assert_allclose(found, xi, atol=2e-2)
    assert np.all(least_squares.solve(theta, rate)[0] != 0)


def test_optimizers_that_are_none():
    assert least_squares.sparse("lstsq", 0.1) is None
    with pytest.raises(EaeSindyError, match="choose from lstsq"):
        least_squares.sparse("lasso", 0.1)
    with pytest.raises(EaeSindyError, match="--threshold"):
        least_squares.sparse("stlsq", -1.0)
