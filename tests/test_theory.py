"""What the paper proves, on a linear autoencoder where everything is known."""

import numpy as np
import pytest
import tensorflow as tf

from eae_sindy.dynamics.library import standard
from eae_sindy.ensemble.diagnostics import effective, free_energy
from eae_sindy.errors import EaeSindyError
from eae_sindy.neural.entropic import probes
from eae_sindy.neural.entropic.compiled import Loop
from eae_sindy.neural.entropic.graph import graph
from eae_sindy.neural.entropic.problem import Problem
from eae_sindy.neural.entropic.session import Session
from eae_sindy.neural.networks import dense
from eae_sindy.neural.objectives import choice
from eae_sindy.neural.objectives.data import Data
from eae_sindy.neural.objectives.plain import Plain
from eae_sindy.recipes import recipe
from tests.targets import langevin, run, settings, start

RNG = np.random.default_rng(5)
X = RNG.normal(size=(200, 2)) @ np.diag([1.2, 0.6])
X -= X.mean(axis=0)
# A linear encoder z = x·w + b and decoder z·v + c; only the field counts, so L is a quadratic in
# (w, b), and the encoder Gaussian.
LINEAR = recipe("paper-quick").but(latents=1, rate_weight=0.0, degree=1, sine=False, encoders=4000)
DECODER = (np.array([[0.9, 0.5]]), np.array([0.1, -0.2]))


def linear_loop(canonical, objective=None, batch=0):
    """The compiled loop on Eq. 14 or another objective, with one of the samplers of `targets`."""
    x = tf.constant(X.astype(np.float32))
    library = standard(1, 1, sine=False, constant=False)
    objective = objective or choice.sampled(LINEAR, library, 2)
    return Loop(Problem(objective, Data(x, x, x, x), batch), canonical.sampler,
                canonical.thermostat)  # fmt: skip


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


LINES = dense.network("relu")  # which it applies to no layer here
PLAIN = Plain(encoder=LINES, decoder=LINES)


@pytest.mark.parametrize(("canonical", "objective"), [
    (settings(step=0.08, resample_every=25), None), (langevin(step=0.2), PLAIN),
], ids=["nose-hoover", "langevin"])  # fmt: skip
def test_the_gradient_of_the_decoder_free_energy_is_the_ensemble_average(canonical, objective):
    """Proposition 2, through the very loop that trains the decoder; both objectives agree here."""
    t = 0.1
    sampler = linear_loop(canonical, objective)
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
    mass, tau = 4.0, 2.0
    encoder = (np.array([[0.1], [-0.2]], np.float32), np.array([0.05], np.float32))
    decoder = [w.astype(np.float32) for w in DECODER]
    canonical = langevin(mass=mass, step=0.1, time_constant=tau)
    for batch in (0, 20):
        loop = linear_loop(canonical, batch=batch)
        session = Session(loop, LINEAR.but(temperature=0.1), encoders=[encoder], decoder=decoder,
                          seeds=[1])  # fmt: skip
        if not batch:
            stable = 2 / np.sqrt(np.linalg.eigvalsh(h)[-1] / mass)
            found = session.probe(probes.largest_stable_step, 0)
            assert found == pytest.approx(stable, rel=0.01)
            trace = session.probe(probes.laplacian, 0, probes=200)
            assert trace == pytest.approx(np.trace(h), rel=0.05)
            assert session.probe(probes.batch_noise, 0) == 0.0
        else:
            inputs = np.hstack([X, np.ones((len(X), 1))])
            z = inputs @ np.r_[encoder[0][:, 0], encoder[1]]
            miss = z[:, None] * DECODER[0] + DECODER[1] - X
            each = 2 * inputs * (miss @ DECODER[0][0])[:, None]
            variance = each.var(axis=0).mean() / batch * (1 - batch / len(X))
            noise = session.probe(probes.batch_noise, 0, batches=400)
            gained = 0.1**2 * variance / (mass * 0.1)  # and friction takes 1 − exp(−2Δt/τ)
            assert noise == pytest.approx(gained / (1 - np.exp(-2 * 0.1 / tau)), rel=0.2)


def test_what_minibatches_add_is_taken_away_by_friction_or_by_fresh_velocities():
    """A variance that gains g a step and loses the share 1 − exp(−2Δt/τ), or all after n steps."""
    friction = langevin(step=0.1, time_constant=5.0).thermostat
    excess = 0.0
    for _ in range(2000):
        excess = (excess + 1e-3) * np.exp(-2 * 0.1 / 5.0)
    assert friction.excess(1e-3) == pytest.approx(excess + 1e-3, rel=1e-6)
    fresh = settings(resample_every=9).thermostat
    assert fresh.excess(1e-3) == pytest.approx(np.mean(np.arange(10) * 1e-3))
    never = settings(step=0.1, time_constant=5.0, resample_every=0).thermostat
    assert never.excess(1e-3) == friction.excess(1e-3)


class Dice:
    """An objective that is a random number alone: what the sampler makes of the key is seen."""

    def __call__(self, weights, data, key):
        return tf.random.stateless_normal([], key) + 0 * tf.reduce_sum(weights[0][0])

    def nothing(self, data):
        return 1.0


def test_what_an_objective_draws_is_set_by_seed_and_step_alone():
    x = tf.constant(X.astype(np.float32))
    problem, decoder = Problem(Dice(), Data(x, x, x, x)), (tf.zeros(1),)

    def drawn(seed, step, at):
        potential = problem.potential(decoder, tf.constant([seed, 1]), decoder_gradient=False)
        return float(potential((tf.constant([at]),), tf.constant(step, tf.int64))[0])

    assert drawn(1, 5, 0.0) == drawn(1, 5, 7.0)
    values = [drawn(seed, step, 0.0) for seed in (1, 2) for step in range(200)]
    assert len(set(values)) == 400
    assert abs(np.mean(values)) < 0.2
    assert np.std(values) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("temperature", [0.0, float("nan"), -1.0])
def test_a_temperature_that_cannot_be_is_refused(temperature):
    loop = linear_loop(langevin())
    with pytest.raises(EaeSindyError, match="temperature must be positive"):
        loop.init((tf.zeros((2, 1)), tf.zeros(1)), DECODER, 0, temperature)


def test_a_cold_ensemble_is_the_deterministic_autoencoder():
    """β → ∞: what is left of the loss is the smaller principal variance, as for PCA."""
    fit = LINEAR.but(encoders=60, updates=400, learning_rate=0.02, temperature=1e-8)
    loop = linear_loop(langevin(step=0.3))
    rng = np.random.default_rng(0)
    encoder = (rng.normal(size=(2, 1)).astype(np.float32), np.zeros(1, np.float32))
    decoder = [w.astype(np.float32) for w in DECODER]
    session = Session(loop, fit, encoders=[encoder], decoder=decoder, seeds=[1])
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


def test_a_graph_that_meets_many_shapes_does_not_warn(caplog):
    made = graph(lambda x: tf.reduce_sum(x**2))
    with caplog.at_level("WARNING", logger="tensorflow"):
        found = [float(made(tf.ones(n))) for n in range(1, 30)]
    assert found == list(range(1, 30))
    assert not caplog.records
