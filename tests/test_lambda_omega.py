import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eae_sindy.recipes import ReactionDiffusion
from eae_sindy.snapshots.lambda_omega import LambdaOmega
from tests.conftest import gather


def reference(system: LambdaOmega, end: float) -> np.ndarray:
    """Integrate the same spectral equations by DOP853: independent of ETDRK4 and its weights."""
    start = system.initial()

    def tendency(_, y):
        return system.tendency(y.view(complex).reshape(start.shape)).ravel().view(float)

    y = solve_ivp(tendency, (0, end), start.ravel().view(float), "DOP853", rtol=1e-11, atol=1e-11)
    return system.observe(y.y[:, -1].copy().view(complex).reshape(start.shape))


@pytest.mark.parametrize("diffusivity", [(0.1, 0.1), (0.1, 0.05)])
def test_order_of_convergence_is_four(diffusivity):
    settings = ReactionDiffusion(grid=24, end=2.0, step=0.2, diffusivity=diffusivity)
    exact = reference(LambdaOmega(settings), 2.0)
    substeps = np.array([1, 2, 4, 8])
    errors = [np.linalg.norm(gather(LambdaOmega(settings.but(substeps=int(n))))[0][-1] - exact)
              / np.linalg.norm(exact) for n in substeps]  # fmt: skip
    order = -np.polyfit(np.log(substeps), np.log(errors), 1)[0]
    assert order == pytest.approx(4.0, abs=0.2)


def test_rate_is_the_right_hand_side():
    """u_t in real space, written out with real functions: no transform shared with the solver."""
    settings = ReactionDiffusion(grid=32, length=2 * np.pi, end=0.2, step=0.1, beta=0.7)
    system = LambdaOmega(settings)
    spectrum = system.initial()
    system.initial = lambda: np.fft.fft2(  # a start whose Laplacian is known by hand
        (np.cos(system.x) + 1j * np.sin(2 * system.y))[None])  # fmt: skip
    spectrum = system.initial()
    u, v = np.cos(system.x), np.sin(2 * system.y)
    a = u**2 + v**2
    window = np.exp(-0.01 * (system.x**2 + system.y**2))
    by_hand = ((1 - a) * u + 0.7 * a * v - 0.1 * u) * window
    field, rate = next(system.frames())
    np.testing.assert_allclose(field[0], u * window, atol=1e-13)
    np.testing.assert_allclose(rate[0], by_hand, atol=1e-12)
    assert spectrum.shape == (1, 32, 32)


@pytest.mark.parametrize("window", [0.0, 0.01, 0.3])
def test_what_is_put_out_is_seen_through_the_window_of_the_paper(window):
    """Point by point, u·exp(−window·(x² + y²)): the start is known in closed form."""
    settings = ReactionDiffusion(grid=8, length=10.0, end=0.1, step=0.1, window=window)
    field, _ = next(LambdaOmega(settings).frames())
    for i, y in enumerate([-5.0, -3.75, -2.5, -1.25, 0.0, 1.25, 2.5, 3.75]):
        for j, x in enumerate([-5.0, -3.75, -2.5, -1.25, 0.0, 1.25, 2.5, 3.75]):
            r, angle = math.sqrt(x * x + y * y), math.atan2(y, x)
            u = math.tanh(r) * math.cos(angle - r)
            assert field[0, i, j] == pytest.approx(u * math.exp(-window * r * r), abs=1e-12)


def test_rate_is_the_time_derivative_of_the_field():
    field, rate = gather(LambdaOmega(ReactionDiffusion(grid=24, end=0.08, step=0.01)))
    slope = (field[:-4] - 8 * field[1:-3] + 8 * field[3:-1] - field[4:]) / 0.12
    assert np.abs(slope - rate[2:-2]).max() < 1e-6


def test_two_fields_agree_with_one_where_diffusivities_nearly_agree():
    one = gather(LambdaOmega(ReactionDiffusion(grid=24, end=2)))[0]
    two = gather(LambdaOmega(ReactionDiffusion(grid=24, end=2, diffusivity=(0.1, 0.1 + 1e-12))))[0]
    assert np.abs(one - two).max() < 1e-5  # u and v are stepped apart: only the order is the same


def test_noise_has_the_standard_deviation_asked_for_and_repeats_with_its_seed():
    settings = ReactionDiffusion(grid=24, end=5, noise=0.03, seed=4)
    clean, _ = gather(LambdaOmega(settings.but(noise=0.0)))
    noisy, rate = gather(LambdaOmega(settings))
    again, rate_again = gather(LambdaOmega(settings))
    assert np.std(noisy - clean) == pytest.approx(0.03, rel=0.02)
    np.testing.assert_array_equal(noisy, again)
    np.testing.assert_array_equal(rate, rate_again)


@pytest.mark.parametrize("arms", [1, 2, 3])
def test_arms_set_the_symmetry_of_the_start(arms):
    """Half a turn changes the sign of a spiral of m arms by (−1)^m."""
    system = LambdaOmega(ReactionDiffusion(grid=24, arms=arms, end=1))
    start = system.observe(system.initial())[1:, 1:]  # the first row and column have no partner
    np.testing.assert_allclose(start, (-1) ** arms * start[::-1, ::-1], atol=1e-12)
