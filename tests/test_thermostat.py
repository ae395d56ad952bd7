"""Laws of the sampler, on targets where they are known."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import solve_ivp

from eae_sindy.neural import nose_hoover, thermostat
from eae_sindy.neural.nose_hoover import NoseHoover, suzuki_yoshida
from eae_sindy.neural.thermostat import State

SEED = tf.constant([1, 2], tf.int32)


def harmonic(k=1.0):
    def potential(position, step):
        (x,) = position
        return 0.5 * k * tf.reduce_sum(x**2), (k * x,), ()

    return potential


def anharmonic(position, step):
    (x,) = position
    return tf.reduce_sum(0.5 * x**2 + 0.25 * x**4), (x + x**3,), ()


def settings(**changes):
    values = {"temperature": 1.0, "mass": 1.0, "step": 0.1, "chain_length": 4,
              "time_constant": 1.0, "resample_every": 0} | changes  # fmt: skip
    return NoseHoover(**values)


def run(settings, state, potential, steps, record):
    """Take steps in one compiled loop; return the last state and what `record` gives at each."""
    noise = thermostat.chi_square(settings, steps, np.random.default_rng(0))

    @tf.function(jit_compile=True, autograph=False)
    def loop(state):
        seen = record(state, potential(state.position, state.step)[0])

        def body(i, state, rows):
            seed = tf.random.experimental.stateless_fold_in(SEED, i)
            state, info = nose_hoover.step(settings, state, potential, seed, noise[i])
            row = record(state, info.potential)
            return i + 1, state, tf.tensor_scatter_nd_update(rows, [[i]], row[None])

        rows = tf.zeros((steps, *seen.shape), seen.dtype)
        _, state, rows = tf.while_loop(lambda i, *_: i < steps, body, (tf.constant(0), state, rows),
                                       maximum_iterations=steps)  # fmt: skip
        return state, rows

    state, rows = loop(state)
    return state, rows.numpy()


def start(settings, x, potential, v=None):
    state = nose_hoover.init(
        settings, (tf.constant(x),), potential, SEED, tf.constant(0.0, tf.float64)
    )
    return state if v is None else state._replace(velocity=(tf.constant(v),))


@pytest.mark.parametrize(("order", "conditions"), [(2, 1), (4, 3), (6, 5)])
def test_composition_weights_fulfil_their_order_conditions(order, conditions):
    w = np.array(suzuki_yoshida(order))
    assert abs(w.sum() - 1) < 1e-12
    for power in range(3, conditions + 1, 2):
        assert abs(np.sum(w**power)) < 1e-10
    np.testing.assert_array_equal(w, w[::-1])


def chain_equations(s, n):
    """The Nosé–Hoover chain as a set of ODEs, for an integrator that knows nothing of ours."""
    q, t, m = s.chain_masses(n).numpy(), s.temperature, s.chain_length

    def tendency(_, y):
        x, v, xi = y[:n], y[n : 2 * n], y[2 * n + m :]
        drive = np.empty(m)
        drive[0] = (s.mass * np.sum(v**2) - n * t) / q[0]
        drive[1:] = (q[:-1] * xi[:-1] ** 2 - t) / q[1:]
        drive[:-1] -= xi[:-1] * xi[1:]
        return np.concatenate([v, -(x + x**3) / s.mass - xi[0] * v, xi, drive])

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
                        lambda state, u, s=s: nose_hoover.invariant(s, state, u))  # fmt: skip
        spread.append(energy.std() / 20)
        assert abs(np.polyfit(np.linspace(0, 1, len(energy)), energy, 1)[0]) / 20 < 1e-3
    assert spread[0] < 1e-3
    assert 3 < spread[0] / spread[1] < 6


@pytest.mark.parametrize(("chain_length", "canonical"), [(4, True), (1, False)])
def test_equipartition_of_an_oscillator_needs_a_chain(chain_length, canonical):
    """64 single oscillators side by side, each with its own thermostat: chain 1 is not ergodic."""
    rng = np.random.default_rng(0)
    s = settings(chain_length=chain_length, step=0.1)
    found = []

    @tf.function(autograph=False)
    def many(x, v):
        def one(pair):
            state = nose_hoover.init(s, (pair[0],), harmonic(), SEED, tf.constant(0.0, tf.float64))
            state = state._replace(velocity=(pair[1],))

            def body(i, state, total):
                state, _ = nose_hoover.step(s, state, harmonic(), SEED, tf.constant(0.0, tf.float64))
                return i + 1, state, total + tf.reduce_sum(state.position[0] ** 2)

            zero = tf.constant(0.0, tf.float64)
            return tf.while_loop(lambda i, *_: i < 20_000, body, (tf.constant(0), state, zero))[2]

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


def test_hidden_kinetic_energy_is_chi_square():
    from scipy.stats import chi2, kstest

    s = settings(hidden=7, temperature=0.3)
    draws = thermostat.chi_square(s, 5000, np.random.default_rng(0))
    energies = [float(thermostat.maxwell(s, (tf.zeros(1),), SEED, d)[1]) for d in draws[:500]]
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
    velocity, _ = thermostat.maxwell(s, zero, SEED, tf.constant(0.0, tf.float64))
    assert np.var(velocity[0]) == pytest.approx(2.0, rel=0.04)
    assert np.var(velocity[1]) == pytest.approx(2.0 / 9.0, rel=0.04)
    assert abs(np.corrcoef(velocity[0], velocity[1])[0, 1]) < 0.03
