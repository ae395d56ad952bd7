"""What the paper proves, on a linear autoencoder where everything is known."""

import numpy as np
import pytest
import tensorflow as tf

from eae_sindy.dynamics.library import standard
from eae_sindy.ensemble.diagnostics import effective, free_energy
from eae_sindy.neural.entropic.compiled import Sampler
from eae_sindy.neural.entropic.problem import Problem
from eae_sindy.neural.entropic.session import Session
from eae_sindy.neural.objectives.contract import Data
from eae_sindy.neural.samplers.langevin import Langevin
from eae_sindy.neural.samplers.nose_hoover import NoseHoover
from eae_sindy.recipes import recipe
from tests.targets import run, settings, start

RNG = np.random.default_rng(5)
X = RNG.normal(size=(200, 2)) @ np.diag([1.2, 0.6])
X -= X.mean(axis=0)
# A linear encoder z = x·w + b and decoder z·v + c; only the field counts, so L is a quadratic in
# (w, b), and the encoder Gaussian.
LINEAR = recipe("quick").but(latents=1, rate_weight=0.0, degree=1, sine=False, encoders=4000)
DECODER = (np.array([[0.9, 0.5]]), np.array([0.1, -0.2]))


def problem(thermostat, fit=LINEAR):
    x = tf.constant(X.astype(np.float32))
    library = standard(1, 1, sine=False, constant=False)
    return Problem(Data(x, x, x, x), library, fit, thermostat)


def quadratic(decoder):
    """Return H, g, k with L = ½ φᵀHφ + gᵀφ + k for φ = (w, b)."""
    v, c = decoder[0][0], decoder[1]
    inputs = np.hstack([X, np.ones((len(X), 1))])
    h = 2 * (v @ v) * inputs.T @ inputs / len(X)
    miss = X - c
    g = -2 * inputs.T @ (miss @ v) / len(X)
    return h, g, np.mean(np.sum(miss**2, axis=1))


def decoder_free_energy(flat, t):
    """F_dec = −T log ∫ exp(−L/T) dφ (Eq. 6), up to a constant."""
    h, g, k = quadratic((flat[:2][None], flat[2:]))
    return k - 0.5 * g @ np.linalg.solve(h, g) + 0.5 * t * np.linalg.slogdet(h)[1]


@pytest.mark.parametrize("kind", ["nose-hoover", "langevin"])
def test_the_gradient_of_the_decoder_free_energy_is_the_ensemble_average(kind):
    """Proposition 2, through the very loop that trains the decoder."""
    t, masses = 0.1, 1.0
    thermostat = (NoseHoover(t, masses, 0.08, 1.0, 25, chain_length=4) if kind == "nose-hoover"
                  else Langevin(t, masses, 0.2, 1.0))  # fmt: skip
    sampler = Sampler(problem(thermostat))
    decoder = tuple(tf.constant(w.astype(np.float32)) for w in DECODER)
    encoder = (tf.zeros((2, 1)), tf.zeros(1))
    state = sampler.init(encoder, decoder, 3, t)
    state, _, _ = sampler.update(state, decoder, 3, t, 4000)
    means = []
    for _ in range(15):
        state, _, mean = sampler.update(state, decoder, 3, t, 4000)
        means.append(np.concatenate([m.numpy().ravel() for m in mean]))
    means = np.array(means)
    flat = np.concatenate([w.ravel() for w in DECODER])

    def slope(t):
        steps = 1e-5 * np.eye(4)
        return np.array([(decoder_free_energy(flat + e, t) - decoder_free_energy(flat - e, t))
                         / 2e-5 for e in steps])  # fmt: skip

    error = means.std(axis=0, ddof=1) / np.sqrt(len(means))
    assert (np.abs(means.mean(axis=0) - slope(t)) < 4 * error + 2e-3).all()
    # The best encoder alone has another gradient: the volume term is seen.
    assert np.abs(means.mean(axis=0) - slope(0.0)).max() > 10 * error.max() + 2e-2


def test_curvature_is_that_of_the_known_quadratic():
    """Largest stable step 2/ω, trace of the Hessian, and the noise of minibatches."""
    h = quadratic(DECODER)[0]
    mass = 4.0
    encoder = (np.array([[0.1], [-0.2]], np.float32), np.array([0.05], np.float32))
    decoder = [w.astype(np.float32) for w in DECODER]
    full = LINEAR.but(sampler="langevin", mass=(mass,), step=0.1, temperature=0.1)
    for batch in (0, 20):
        sampler = Sampler(problem(Langevin(0.1, mass, 0.1, 1.0), full.but(batch=batch)))
        session = Session(sampler, [encoder], decoder, [1])
        if not batch:
            stable = 2 / np.sqrt(np.linalg.eigvalsh(h)[-1] / mass)
            assert session.largest_stable_step(0) == pytest.approx(stable, rel=0.01)
            assert session.laplacian(0, probes=200) == pytest.approx(np.trace(h), rel=0.05)
            assert session.batch_noise(0) == 0.0
        else:
            inputs = np.hstack([X, np.ones((len(X), 1))])
            z = inputs @ np.r_[encoder[0][:, 0], encoder[1]]
            miss = z[:, None] * DECODER[0] + DECODER[1] - X
            each = 2 * inputs * (miss @ DECODER[0][0])[:, None]
            variance = each.var(axis=0).mean() / batch * (1 - batch / len(X))
            noise = session.batch_noise(0, batches=400)
            gained = 0.1**2 * variance / (mass * 0.1)  # and friction takes 1 − exp(−2Δt/τ)
            assert noise == pytest.approx(gained / (1 - np.exp(-2 / 100)), rel=0.2)


def test_a_cold_ensemble_is_the_deterministic_autoencoder():
    """β → ∞: what is left of the loss is the smaller principal variance, as for PCA."""
    fit = LINEAR.but(encoders=60, updates=400, learning_rate=0.02, temperature=1e-8)
    sampler = Sampler(problem(Langevin(1e-8, 1.0, 0.3, 1.0), fit))
    rng = np.random.default_rng(0)
    encoder = (rng.normal(size=(2, 1)).astype(np.float32), np.zeros(1, np.float32))
    session = Session(sampler, [encoder], [w.astype(np.float32) for w in DECODER], [1])
    for _ in range(400):
        records, _ = session.update(1e-8)
    least = np.linalg.eigvalsh(np.cov(X.T, bias=True))[0]
    assert records[0].loss[-1] == pytest.approx(least, rel=1e-3)
    best = np.linalg.solve(quadratic([w.numpy() for w in session.decoder])[0],
                           -quadratic([w.numpy() for w in session.decoder])[1])  # fmt: skip
    found = np.concatenate([p.numpy().ravel() for p in session.states[0].position])
    np.testing.assert_allclose(found, best, atol=2e-2)


def test_free_energy_of_a_collective_variable():
    """θ = |φ| in three dimensions: F = ½kθ² − 2T log θ, of which −2T log θ is volume (Eqs. 3–5)."""
    t, k, n = 0.7, 2.0, 2000

    def harmonic(position, step):
        (x,) = position
        return 0.5 * k * tf.reduce_sum(x**2), (k * x,), ()

    s = settings(temperature=t, step=0.05, resample_every=40)
    _, x = run(s, start(s, np.zeros((n, 3)), harmonic), harmonic, 1600,
               lambda state, _: state.position[0])  # fmt: skip
    x = x[700::90].reshape(-1, 3)
    theta, loss = np.linalg.norm(x, axis=1), 0.5 * k * np.sum(x**2, axis=1)
    found = free_energy(theta, loss, t)
    exact = 0.5 * k * found.value**2 - 2 * t * np.log(found.value)
    seen = np.isfinite(found.free) & (found.error < 0.05 * t)
    assert seen.sum() > 10
    offset = np.median((found.free - exact)[seen])
    assert (np.abs(found.free - exact - offset)[seen] < 5 * found.error[seen] + 0.03).all()
    volume = 2 * np.log(found.value)
    offset = np.median((found.entropy - volume)[seen])
    np.testing.assert_allclose((found.entropy - volume - offset)[seen], 0, atol=0.15)
    # The energy alone is another curve: without the volume F would be least at θ = 0.
    assert abs(found.value[seen][np.argmin(found.free[seen])] - np.sqrt(2 * t / k)) < 0.15


def test_effective_sample_size_of_a_known_series():
    """AR(1) with ρ = 0.9 is worth (1 − ρ)/(1 + ρ) of its length."""
    rng = np.random.default_rng(0)
    x = np.zeros(40_000)
    for i in range(1, len(x)):
        x[i] = 0.9 * x[i - 1] + rng.normal()
    assert effective(x[None], "mean") == pytest.approx(len(x) * 0.1 / 1.9, rel=0.15)
