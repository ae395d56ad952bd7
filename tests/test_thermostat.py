"""Laws of the sampler, on targets where they are known."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import solve_ivp

from eae_sindy.ensemble.diagnostics import effective
from eae_sindy.errors import EaeSindyError
from eae_sindy.neural.samplers import choice, particles
from eae_sindy.neural.samplers.nose_hoover import NoseHoover, suzuki_yoshida
from eae_sindy.recipes import SAMPLERS, recipe
from tests.targets import (
    SEED,
    ZERO,
    anharmonic,
    harmonic,
    langevin,
    run,
    settings,
    start,
    thrown,
)  # fmt: skip


@pytest.mark.parametrize(("order", "conditions"), [(2, 1), (4, 3), (6, 5)])
def test_composition_weights_fulfil_their_order_conditions(order, conditions):
    w = np.array(suzuki_yoshida(order))
    assert abs(w.sum() - 1) < 1e-12
    for power in range(3, conditions + 1, 2):
        assert abs(np.sum(w**power)) < 1e-10
    np.testing.assert_array_equal(w, w[::-1])


def chain_equations(s, n):
    """The Nosé–Hoover chain as a set of ODEs, for an integrator that knows nothing of ours.

    Its masses too are written down anew: Q₁ = n T τ², and Q_k = T τ² for all others.
    """
    t, m = s.temperature, s.thermostat.chain_length
    q = t * s.thermostat.time_constant**2 * np.array([n, *[1.0] * (m - 1)])
    mass = s.thermostat.mass

    def tendency(_, y):
        x, v, xi = y[:n], y[n : 2 * n], y[2 * n + m :]
        drive = np.empty(m)
        drive[0] = (mass * np.sum(v**2) - n * t) / q[0]
        drive[1:] = (q[:-1] * xi[:-1] ** 2 - t) / q[1:]
        drive[:-1] -= xi[:-1] * xi[1:]
        return np.concatenate([v, -(x + x**3) / mass - xi[0] * v, xi, drive])

    return tendency


@pytest.mark.parametrize("chain_length", [1, 2, 5])
def test_order_two_against_an_independent_integrator(chain_length):
    """A chain at the wrong speed conserves, reverses and has the right mean; this sees it."""
    x, v, end = np.array([0.7, -0.4, 0.2]), np.array([0.3, 0.9, -1.1]), 4.0
    errors, steps = [], np.array([0.1, 0.05, 0.025])
    for h in steps:
        s = settings(step=float(h), chain_length=chain_length, temperature=0.6, mass=1.3,
                     time_constant=0.8, order=4)  # fmt: skip
        state, _ = run(s, start(s, x, anharmonic, v), anharmonic, round(end / h),
                       lambda state, _: state.position[0])  # fmt: skip
        y = np.concatenate([x, v, np.zeros(2 * chain_length)])
        exact = solve_ivp(chain_equations(s, 3), (0, end), y, "DOP853", rtol=1e-12, atol=1e-13)
        exact = exact.y[:, -1]
        ours = np.concatenate([state.position[0], state.velocity[0],
                               state.bath.friction_position, state.bath.friction])  # fmt: skip
        errors.append(np.linalg.norm(ours - exact))
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(2.0, abs=0.1)


def test_a_step_undone_returns():
    s = settings(step=0.05)
    x, v = np.linspace(-1, 1, 5), np.linspace(1, -1, 5) ** 3
    there, _ = run(s, start(s, x, anharmonic, v), anharmonic, 1000, lambda st, _: st.position[0])
    back = there._replace(velocity=(-there.velocity[0],),
                          bath=there.bath._replace(friction=-there.bath.friction))  # fmt: skip
    home, _ = run(s, back, anharmonic, 1000, lambda st, _: st.position[0])
    np.testing.assert_allclose(home.position[0], x, atol=1e-9)


def test_the_invariant_drifts_less_than_a_thousandth_and_less_with_shorter_steps():
    spread = []
    for h in (0.1, 0.05):
        s = settings(step=h)
        x, v = np.linspace(-1, 1, 20), np.linspace(1, -1, 20)
        _, energy = run(s, start(s, x, harmonic(), v), harmonic(), round(400 / h),
                        lambda state, u, s=s: s.invariant(state, u))  # fmt: skip
        spread.append(energy.std() / 20)
        assert abs(np.polyfit(np.linspace(0, 1, len(energy)), energy, 1)[0]) / 20 < 1e-3
    assert spread[0] < 1e-3
    assert 3 < spread[0] / spread[1] < 6


@pytest.mark.slow
@pytest.mark.parametrize(("chain_length", "canonical"), [(4, True), (1, False)])
def test_equipartition_of_an_oscillator_needs_a_chain(chain_length, canonical):
    """64 single oscillators side by side, each with its own thermostat: chain 1 is not ergodic."""
    rng = np.random.default_rng(0)
    s = settings(chain_length=chain_length, step=0.1)

    @tf.function(autograph=False, jit_compile=True)
    def many(x, v):
        def one(pair):
            state = thrown(s, s.init((pair[0],), harmonic()), (pair[1],))

            def body(i, state, total):
                state, _ = s.step(state, harmonic(), SEED)
                return i + 1, state, total + tf.reduce_sum(state.position[0] ** 2)

            return tf.while_loop(lambda i, *_: i < 20_000, body, (tf.constant(0), state, ZERO))[2]

        return tf.vectorized_map(one, (x, v)) / 20_000

    x = tf.constant(0.5 + 0.1 * rng.normal(size=(64, 1)))
    v = tf.constant(0.1 * rng.normal(size=(64, 1)))
    found = many(x, v).numpy()
    assert (abs(found.mean() - 1) < 0.02) == canonical


def test_resampling_alone_gives_the_canonical_variance_of_the_discrete_step():
    """⟨x²⟩ = (T/k)/(1 − (ωΔt)²/4): velocity Verlet's own, exact for resampled velocities."""
    s = settings(step=0.8, time_constant=1e6, resample_every=5, temperature=0.5)
    _, rows = run(s, start(s, np.zeros(4000), harmonic()), harmonic(), 3000,
                  lambda state, _: tf.reduce_mean(state.position[0] ** 2))  # fmt: skip
    assert rows[200:].mean() == pytest.approx(0.5 / (1 - 0.8**2 / 4), rel=0.005)


def test_hidden_degrees_of_freedom_act_as_free_particles_that_are_there():
    """Their scalar kinetic energy changes the others' motion exactly as free particles would."""
    rng = np.random.default_rng(3)
    x, v, free = rng.normal(size=4), rng.normal(size=4), rng.normal(size=6)
    whole = settings(step=0.05)

    def partly_free(position, step):
        y = position[0][:4]
        value, (slope,), _ = anharmonic((y,), step)
        return value, (tf.concat([slope, tf.zeros(6, tf.float64)], 0),), ()

    there = start(whole, np.r_[x, np.zeros(6)], partly_free, np.r_[v, free])
    there, _ = run(whole, there, partly_free, 500, lambda state, _: state.position[0])
    s = settings(step=0.05, hidden=6)
    state = start(s, x, anharmonic, v)
    energy = tf.constant(0.5 * np.sum(free**2))
    state = state._replace(bath=state.bath._replace(hidden_kinetic=energy))
    state, _ = run(s, state, anharmonic, 500, lambda state, _: state.position[0])
    np.testing.assert_allclose(state.position[0], there.position[0][:4], atol=1e-9)
    np.testing.assert_allclose(state.bath.friction, there.bath.friction, atol=1e-9)


@pytest.mark.parametrize("resample_every", [0, 3])
def test_the_kinetic_energy_that_is_carried_is_that_of_the_velocities(resample_every):
    s = settings(step=0.2, resample_every=resample_every)
    first = start(s, np.full(6, 0.7), anharmonic)
    seen = []
    for steps in (1, 2, 3, 4, 5):  # before, at and after velocities are drawn
        state, _ = run(s, first, anharmonic, steps, lambda state, u: u)
        (energy,) = particles.kinetic(s.thermostat, state.velocity).numpy()
        assert float(state.bath.seen_kinetic) == pytest.approx(energy, rel=1e-12)
        seen.append(energy)
    assert np.ptp(seen) > 0.01


def test_a_step_that_draws_velocities_is_a_step_from_them():
    drawing, still = (settings(step=0.2, hidden=3, resample_every=n) for n in (1, 0))
    state = start(drawing, np.full(6, 0.7), anharmonic, np.full(6, 9.0))
    noise = tf.constant(2.5, tf.float64)
    velocity, hidden = particles.maxwell(drawing.thermostat, drawing.t, state.position, SEED, noise)
    from_them = thrown(still, state, velocity)
    from_them = from_them._replace(bath=from_them.bath._replace(hidden_kinetic=hidden))
    (drawn, _), (moved, _) = (
        s.step(given, anharmonic, SEED, noise)
        for s, given in ((drawing, state), (still, from_them))
    )
    for one, other in zip((*drawn.position, *drawn.bath), (*moved.position, *moved.bath),
                          strict=True):  # fmt: skip
        np.testing.assert_allclose(one, other, rtol=1e-13)


def test_hidden_kinetic_energy_is_chi_square():
    from scipy.stats import chi2, kstest

    s = settings(hidden=7, temperature=0.3)
    draws = particles.chi_square(s.thermostat, 5000, np.random.default_rng(0))
    energies = [float(particles.maxwell(s.thermostat, s.t, (tf.zeros(1),), SEED, d)[1])
                for d in draws[:500]]  # fmt: skip
    assert kstest(np.array(energies) / 0.15, chi2(7).cdf).pvalue > 1e-3


def test_scaling_energy_mass_and_temperature_together_changes_nothing():
    x, v, c = np.linspace(-1, 1, 6), np.linspace(1, -1, 6), 7.0

    def scaled(position, step):
        value, (slope,), _ = anharmonic(position, step)
        return c * value, (c * slope,), ()

    a, b = settings(), settings(temperature=c, mass=c)
    one, _ = run(a, start(a, x, anharmonic, v), anharmonic, 300, lambda st, _: st.position[0])
    two, _ = run(b, start(b, x, scaled, v), scaled, 300, lambda st, _: st.position[0])
    np.testing.assert_allclose(one.position[0], two.position[0], atol=1e-8)


def test_each_tensor_has_its_own_mass():
    s = settings(mass=(1.0, 9.0), temperature=2.0)
    zero = (tf.zeros(20_000, tf.float64), tf.zeros(20_000, tf.float64))
    velocity, _ = particles.maxwell(s.thermostat, s.t, zero, SEED, ZERO)
    assert np.var(velocity[0]) == pytest.approx(2.0, rel=0.04)
    assert np.var(velocity[1]) == pytest.approx(2.0 / 9.0, rel=0.04)
    assert abs(np.corrcoef(velocity[0], velocity[1])[0, 1]) < 0.03


def test_velocities_drawn_afresh_drive_the_chain_at_once():
    """A kinetic energy kept from before the resampling would push the chain the wrong way."""
    s = settings(resample_every=1, chain_length=1, step=0.01, temperature=2.0)
    cold = start(s, np.zeros(500), harmonic(0.0), np.zeros(500))
    after, _ = run(s, cold, harmonic(0.0), 1, lambda state, _: state.position[0])
    # Cold velocities would give −N T Δt/Q₁ = −Δt/τ²; fresh ones have 2K ≈ N T.
    assert abs(float(after.bath.friction[0])) < 0.3 * s.thermostat.step
    assert np.var(after.velocity[0]) == pytest.approx(2.0, rel=0.2)


def test_double_well_by_kolmogorov_and_smirnov():
    from scipy.integrate import cumulative_trapezoid
    from scipy.stats import kstest

    def wells(position, step):
        (x,) = position
        return tf.reduce_sum(2 * (x**2 - 1) ** 2), (8 * x * (x**2 - 1),), ()

    grid = np.linspace(-3, 3, 4001)
    cdf = cumulative_trapezoid(np.exp(-2 * (grid**2 - 1) ** 2 / 0.8), grid, initial=0)

    def law(x):
        return np.interp(x, grid, cdf / cdf[-1])

    for s in (settings(temperature=0.8, step=0.04, resample_every=25),
              langevin(temperature=0.8, step=0.04)):  # fmt: skip
        rng = np.random.default_rng(1)
        _, x = run(s, start(s, rng.choice([-1.0, 1.0], 24), wells), wells, 40_000,
                   lambda state, _: state.position[0])  # fmt: skip
        x = x[1000::10].T
        thin = max(1, round(x.size / effective(x, "mean")))
        draws = x[:, ::thin].ravel()
        assert len(draws) > 300
        assert kstest(draws, law).pvalue > 1e-3
        assert kstest(x.ravel()[:: len(x.ravel()) // 3000] * 1.1, law).pvalue < 1e-3  # a control


@pytest.mark.parametrize("kind", [settings, langevin])
def test_ill_conditioned_gaussian(kind):
    """Condition 100, turned: KL(sample ‖ target) < 0.01."""
    d, copies = 4, 40
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(d, d)))[0]
    precision = turn @ np.diag([1.0, 5.0, 20.0, 100.0]) @ turn.T

    def gaussian(position, step):
        (x,) = position
        slope = tf.matmul(x, tf.constant(precision))
        return 0.5 * tf.reduce_sum(x * slope), (slope,), ()

    more = {"resample_every": 60} if kind is settings else {}
    s = kind(step=0.02, **more)
    _, x = run(s, start(s, np.zeros((copies, d)), gaussian), gaussian, 30_000,
               lambda state, _: state.position[0])  # fmt: skip
    x = x[1000:].reshape(-1, d)
    cov, mean = np.cov(x.T), x.mean(axis=0)
    kl = 0.5 * (np.trace(precision @ cov) - d + mean @ precision @ mean
                - np.linalg.slogdet(precision @ cov)[1])  # fmt: skip
    assert kl < 0.01


@pytest.mark.parametrize("kind", [settings, langevin])
def test_energies_at_two_temperatures_have_the_ratio_of_their_boltzmann_factors(kind):
    """log p₁(U)/p₂(U) = const − (β₁ − β₂) U, by logistic regression (Shirts 2013)."""
    energies = []
    for t in (1.0, 1.25):
        more = {"resample_every": 50} if kind is settings else {}
        s = kind(temperature=t, step=0.05, **more)
        _, u = run(s, start(s, np.zeros(10), anharmonic), anharmonic, 200_000, lambda _, u: u)
        u = u[2000:]
        energies.append(u[:: max(1, round(len(u) / effective(u[None], "mean")))])
    u = np.concatenate(energies)
    first = np.repeat([1.0, 0.0], [len(e) for e in energies])
    design = np.stack([np.ones_like(u), u], axis=1)
    weights = np.zeros(2)
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ weights))
        information = design.T @ (design * (p * (1 - p))[:, None])
        weights += np.linalg.solve(information, design.T @ (first - p))
    sigma = np.sqrt(np.linalg.inv(information)[1, 1])
    assert abs(weights[1] + (1 / 1.0 - 1 / 1.25)) < 3 * sigma
    assert sigma < 0.05  # so that a quarter off would be seen


def test_langevin_positions_of_an_oscillator_are_exact_at_any_stable_step():
    """BAOAB's own law: ⟨x²⟩ = T/k at every step below 2/ω; other splittings miss by (ωΔt)²/4."""
    for h in (0.5, 1.0):
        s = langevin(step=h, temperature=0.5)
        _, rows = run(s, start(s, np.zeros(4000), harmonic()), harmonic(), 2500,
                      lambda state, _: tf.reduce_mean(state.position[0] ** 2))  # fmt: skip
        assert rows[100:].mean() == pytest.approx(0.5, rel=0.005)


def test_langevin_friction_is_one_over_the_time_constant():
    """Free velocities forget as exp(−t/τ)."""
    s = langevin(step=0.1, time_constant=2.0)
    v = np.random.default_rng(0).normal(size=40_000)
    state, _ = run(s, start(s, np.zeros_like(v), harmonic(0.0), v), harmonic(0.0), 20,
                   lambda state, _: state.position[0][:1])  # fmt: skip
    assert np.mean(v * state.velocity[0]) == pytest.approx(np.exp(-2.0 / 2.0), abs=0.02)


def test_langevin_without_friction_is_of_order_two_against_an_independent_integrator():
    x, v, end = np.array([0.7, -0.4]), np.array([0.3, 0.9]), 4.0
    exact = solve_ivp(lambda _, y: np.r_[y[2:], -(y[:2] + y[:2] ** 3) / 1.3], (0, end),
                      np.r_[x, v], "DOP853", rtol=1e-12, atol=1e-13).y[:, -1]  # fmt: skip
    errors, steps = [], np.array([0.1, 0.05, 0.025])
    for h in steps:
        s = langevin(step=float(h), mass=1.3, time_constant=1e12)
        state, _ = run(s, start(s, x, anharmonic, v), anharmonic, round(end / h),
                       lambda state, _: state.position[0])  # fmt: skip
        errors.append(np.linalg.norm(np.r_[state.position[0], state.velocity[0]] - exact))
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(2.0, abs=0.1)


def test_langevin_books_the_heat_it_takes():
    spread = []
    for h in (0.1, 0.05):
        s = langevin(step=h)
        x = np.random.default_rng(0).normal(size=50)
        _, energy = run(s, start(s, x, harmonic()), harmonic(), round(100 / h),
                        lambda state, u, s=s: s.invariant(state, u))  # fmt: skip
        spread.append(energy.std() / 50)
    assert spread[0] < 1e-2
    assert spread[0] / spread[1] > 3


@pytest.mark.parametrize(("changes", "says"), [
    ({"step": 0.0}, "step must be positive"), ({"mass": (1.0, -1.0)}, "mass must be positive"),
    ({"chain_length": 0}, "chain_length"), ({"order": 3}, "order 3"),
    ({"resample_every": -1}, "resample_every"), ({"hidden": -1}, "hidden"),
    ({"time_constant": float("nan")}, "time_constant must be"),
])  # fmt: skip
def test_settings_that_cannot_be_right_are_refused(changes, says):
    with pytest.raises(EaeSindyError, match=says):
        settings(**changes)


def test_every_name_of_the_recipes_is_a_sampler_with_the_settings_of_the_fit():
    assert set(choice.SAMPLERS) == set(SAMPLERS)
    fit = recipe("paper-quick").but(
        hidden=(8, 4),
        mass=(1.0, 2.0, 3.0),
        step=0.1,
        thermostat_time=20.0,
        resample_every=7,
        chain_length=3,
    )
    found, sampler = choice.choose(fit, hidden=11)
    assert sampler is settings().sampler
    assert found == NoseHoover(mass=(1.0, 1.0, 2.0, 2.0, 3.0, 3.0), step=0.1, time_constant=2.0,
                               resample_every=7, chain_length=3, hidden=11)  # fmt: skip
    found, sampler = choice.choose(fit.but(sampler="langevin", mass=(5.0,)), hidden=11)
    assert sampler is langevin().sampler
    assert found == langevin(mass=(5.0,) * 6, step=0.1, time_constant=2.0).thermostat


def test_schedules_end_at_the_temperature():
    base = recipe("paper-quick").but(updates=11, temperature=1e-4, start_temperature=1e-2)
    for schedule in ("linear", "geometric", "steps"):
        found = np.array(base.but(schedule=schedule).temperatures())
        assert len(found) == 11
        assert found[0] == pytest.approx(1e-2)
        assert found[-1] == pytest.approx(1e-4)
        assert (np.diff(found) <= 0).all()
    assert base.but(schedule="linear").temperatures()[5] == pytest.approx(5.05e-3)
    assert base.but(schedule="geometric").temperatures()[5] == pytest.approx(1e-3)
    assert len(set(np.round(base.but(schedule="steps").temperatures(), 9))) == 5
    assert set(base.temperatures()) == {1e-4}
