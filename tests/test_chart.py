"""Laws of a chart, of what is sampled in it, and of the session that makes one."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from eae_sindy.ensemble.diagnostics import effective
from eae_sindy.errors import EaeSindyError
from eae_sindy.neural.entropic import chains, chart, decoder_updates, gauss_newton, ladder, probes
from eae_sindy.neural.entropic.chart import Chart
from eae_sindy.neural.entropic.compiled import Loop
from eae_sindy.neural.entropic.divergence import DivergedError
from eae_sindy.neural.entropic.problem import Problem
from eae_sindy.neural.entropic.session import CAREFUL, Session
from eae_sindy.neural.entropic.task import Task
from eae_sindy.neural.estimator import EntropicAutoencoder
from eae_sindy.neural.objectives.data import Data, coordinates
from eae_sindy.progress import finish
from tests.conftest import TINY_FIT
from tests.targets import langevin, settings
from tests.test_decoder_updates import problem as small_problem

KEY = tf.constant([0, 0])
FIT = TINY_FIT.but(
    hidden=(6,), rank=6, degree=1, sine=False, rate_weight=1.0, activation="silu",
    sampler="langevin", dimensionless=True, step_share=0.15, confinement=0.05, directions=1,
    frames=40, decoder_update="exact", temperature=1e-4, updates=10, encoders=20, draws=40,
)  # fmt: skip


def dense(parts):
    return np.concatenate([np.ravel(p) for p in parts])


def planted(tensors, rng, axes=3, temperature=0.3, dtype=tf.float64, pace=1.7):
    """A chart with axes, curvatures, reaches and a pace of no meaning."""
    size = sum(int(np.prod(w.shape)) for w in tensors)
    turn = np.linalg.qr(rng.normal(size=(size, axes)))[0].T
    given = [
        tf.constant(part, dtype) for part in (turn, 10.0 ** np.arange(axes), temperature, pace)
    ]
    centre = tuple(tf.constant(w, dtype) for w in tensors)
    reach = tuple(tf.constant(0.4 + 0.3 * i, dtype) for i in range(len(centre)))
    return Chart(centre, reach, *given)


@pytest.fixture
def some():
    rng = np.random.default_rng(1)
    return planted([rng.normal(size=(4, 2)), rng.normal(size=2)], rng)


def matrix(own):
    """∂u/∂y, column by column; of a linear map that needs no derivative."""
    size, sizes = own.axes.shape[1], [int(np.prod(c.shape)) for c in own.centre]
    columns = []
    for unit in np.eye(size):
        split = np.split(unit / float(own.pace), np.cumsum(sizes)[:-1])
        parts = [tf.constant(p.reshape(c.shape)) for p, c in zip(split, own.centre, strict=True)]
        columns.append(own.weights(parts)[1].numpy())
    return np.stack(columns, axis=1)


def test_weights_and_positions_are_each_others_inverse(some):
    rng = np.random.default_rng(2)
    weights = [c + rng.normal(size=c.shape) for c in some.centre]
    there, u = some.weights(some.position(weights))
    for a, b in zip(there, weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    reached = [(w - c) / s for w, c, s in zip(weights, some.centre, some.reach, strict=True)]
    np.testing.assert_allclose(u, dense(reached), rtol=1e-10)
    assert float(some.confinement(u)) == pytest.approx(0.5 * 0.3 * np.sum(dense(reached) ** 2))
    np.testing.assert_allclose(dense(some.position(some.centre)), 0)


def test_directions_along_the_axes_are_shortened_by_the_root_of_their_stiffness(some):
    p, axes = matrix(some), some.axes.numpy()
    np.testing.assert_allclose(p, p.T, atol=1e-12)
    for axis, curvature in zip(axes, some.curvature.numpy(), strict=True):
        np.testing.assert_allclose(p @ axis, axis / np.sqrt(1 + curvature / 0.3), atol=1e-12)
    across = np.eye(len(p)) - axes.T @ axes
    np.testing.assert_allclose(p @ across, across, atol=1e-12)
    # So that U is as stiff in all directions as the confinement: T.
    hessian = axes.T @ np.diag(some.curvature) @ axes + 0.3 * np.eye(len(p))
    np.testing.assert_allclose(p @ hessian @ p, 0.3 * np.eye(len(p)), atol=1e-11)


def test_at_another_temperature_a_step_turns_as_far(some):
    """The angle is √(∂²U/∂q²/m) Δt, and ∂²U/∂q² = κ² T where directions are told apart."""
    hot = some.at(7.0)
    assert float(hot.temperature) == 7.0
    assert float(hot.pace**2 * hot.temperature) == pytest.approx(float(some.pace**2) * 0.3)
    assert float(some.paced(0.25).pace) == pytest.approx(1.7 / 4)
    for changed in (hot, some.paced(0.25)):
        for name in ("centre", "reach", "axes", "curvature"):
            assert getattr(changed, name) is getattr(some, name)


def test_a_chart_goes_into_arrays_and_back(some):
    back = chart.restored(some.arrays(), len(some.centre))
    assert isinstance(back, Chart)
    for a, b in zip(tf.nest.flatten(back), tf.nest.flatten(some), strict=True):
        np.testing.assert_array_equal(a, b)
    tf.nest.assert_same_structure(back, some)
    assert chart.restored({"position_0": np.zeros(2)}, 1) is None


def test_weights_are_confined_to_a_share_of_their_root_mean_square():
    kernel = np.array([[3.0, -4.0], [0.0, 5.0]])
    encoder = [kernel, np.zeros(2), 2 * kernel, np.array([0.1, -0.1])]
    own = chart.confined(encoder, 0.02, 0.5, 3.0)
    rms = np.sqrt(50 / 4)
    np.testing.assert_allclose(own.reach, 0.02 * np.array([rms, rms, 2 * rms, 0.1]), rtol=1e-6)
    assert (float(own.temperature), float(own.pace)) == (0.5, 3.0)
    np.testing.assert_allclose(dense(own.position(own.centre)), 0)
    # One reach of one weight, and nothing else: u is a unit vector.
    moved = [w.numpy() for w in own.centre]
    moved[2][0, 1] += own.reach[2]
    u = own.weights(own.position(moved))[1].numpy()
    np.testing.assert_allclose(u, np.eye(12)[7], atol=1e-5)
    assert float(chart.confined([np.zeros(3)], 0.02, 1.0, 1.0).reach[0]) == pytest.approx(0.02)


@pytest.fixture(scope="module")
def eq14():
    """Eq. 14 on few frames in double precision: objective, frames, encoders and a decoder."""
    objective, data, encoders, decoder = small_problem((4,))
    fixed = tuple(map(tf.convert_to_tensor, decoder))
    return objective, data, [tuple(w[k] for w in encoders) for k in range(2)], fixed


def test_the_slope_by_hand_is_that_of_automatic_and_of_finite_differences(eq14):
    objective, data, (encoder, other), decoder = eq14
    own = planted(encoder, np.random.default_rng(3))
    potential = Problem(objective, data).potential(decoder, KEY, decoder_gradient=True, chart=own)
    step = tf.constant(0, tf.int64)
    position = own.position(other)
    energy, slope, (loss, weights, of_decoder) = potential(position, step)
    with tf.GradientTape() as tape:
        tape.watch((position, decoder))
        inside, u = own.weights(position)
        exact = objective((inside, decoder), data, KEY)
        total = exact + 0.5 * 0.3 * tf.reduce_sum(u**2)
    by_tape, decoder_by_tape = tape.gradient(total, (position, decoder))
    assert float(energy) == pytest.approx(float(total), rel=1e-12)
    assert float(loss) == pytest.approx(float(exact), rel=1e-12)
    np.testing.assert_allclose(dense(slope), dense(by_tape), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(dense(of_decoder), dense(decoder_by_tape), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(dense(weights), dense(other), rtol=1e-10)
    rng, size = np.random.default_rng(4), 1e-5
    along = [rng.normal(size=p.shape) for p in position]
    ends = [float(potential([p + e * a for p, a in zip(position, along, strict=True)], step)[0])
            for e in (size, -size)]  # fmt: skip
    found = (ends[0] - ends[1]) / (2 * size)
    assert found == pytest.approx(float(dense(slope) @ dense(along)), rel=1e-6)


def test_squares_of_the_residuals_sum_up_to_the_loss(eq14):
    objective, data, encoders, decoder = eq14
    for encoder in encoders:
        residuals = objective.residuals((encoder, decoder), data).numpy()
        assert residuals.shape == (2 * tf.size(data.targets).numpy(),)
        loss = float(objective((encoder, decoder), data, KEY))
        assert np.sum(residuals**2) == pytest.approx(loss, rel=1e-12)


def test_the_stiffest_directions_are_those_of_the_dense_gauss_newton_matrix(eq14):
    """2 JᵀJ in u, with J by finite differences, averaged over encoders."""
    objective, data, encoders, decoder = eq14
    own = planted(encoders[0], np.random.default_rng(5))
    scale = dense([tf.fill(c.shape, s) for c, s in zip(own.centre, own.reach, strict=True)])
    sizes = [int(np.prod(w.shape)) for w in encoders[0]]
    residuals = tf.function(lambda e: objective.residuals((e, decoder), data), autograph=False)

    def at(flat):
        parts = zip(np.split(flat, np.cumsum(sizes)[:-1]), encoders[0], strict=True)
        return residuals(tuple(tf.constant(p.reshape(w.shape)) for p, w in parts)).numpy()

    exact = np.zeros((sum(sizes), sum(sizes)))
    for encoder in encoders:
        here = dense(encoder)
        columns = [(at(here + e) - at(here - e)) / 2e-5 for e in 1e-5 * np.eye(len(here))]
        jacobian = np.stack(columns, axis=1) * scale
        exact += 2 * jacobian.T @ jacobian / len(encoders)
    values, axes = np.linalg.eigh(exact)
    values, axes = values[::-1], axes[:, ::-1]
    found = gauss_newton.stiffened(own, objective, data, encoders, decoder, 20, seed=1)
    assert found.axes.shape == (20, 50)
    turn = found.axes.numpy()
    np.testing.assert_allclose(turn @ turn.T, np.eye(20), atol=1e-10)
    np.testing.assert_allclose(found.curvature[:12], values[:12], rtol=1e-2)
    np.testing.assert_allclose(np.abs(np.sum(turn[:4].T * axes[:, :4], axis=0)), 1, atol=1e-3)
    for name in ("centre", "reach", "temperature", "pace"):
        assert getattr(found, name) is getattr(own, name)


# A Gaussian that is known: COPIES targets of four weights each, all in one chart.
COPIES, WEIGHTS, AXES, STEPS = 100, 4, 8, 1200
T = 0.5


class Squares:
    """An objective Σ |R φ − b|², with R and b in place of the decoder's weights."""

    def residuals(self, weights, data):
        (kernel, bias), (r, b) = weights
        miss = tf.linalg.matvec(r, tf.concat([kernel, bias], axis=1)) - b
        return tf.reshape(miss, (-1,))

    def __call__(self, weights, data, key):
        return tf.reduce_sum(self.residuals(weights, data) ** 2)

    def nothing(self, data):
        return 1.0


SQUARES = Squares()
NO_DATA = Data(*[tf.zeros((1, 1))] * 4)
SAMPLERS = {
    "nose-hoover": settings(step=0.1, chain_length=2, resample_every=15),
    "langevin": langevin(step=0.1, time_constant=0.5),
}


def squares_loop(name):
    canonical = SAMPLERS[name]
    return Loop(Problem(SQUARES, NO_DATA), canonical.sampler, canonical.thermostat)


def single(*parts):
    return tuple(tf.constant(part, tf.float32) for part in parts)


def halves(flat):
    """Weights [copies, 4] as a kernel and a bias."""
    return flat[:, : WEIGHTS - 1], flat[:, WEIGHTS - 1 :]


R = np.array([[2.0, 0.5, 0, 0], [0, 1.5, -0.7, 0.4], [0, 0, 0, 0.6], [0, 0, 0, 0]])
B = np.array([1.0, -0.5, 0.3, 0.0])
TARGET = single(np.tile(R, (COPIES, 1, 1)), np.tile(B, (COPIES, 1)))
CENTRE, REACH = np.array([0.3, -0.2, 0.5, 1.0]), (0.8, 1.3)


def gaussian_chart(kind):
    """Charts about one centre: as it should be, without axes, and with ones of no meaning."""
    rng = np.random.default_rng(6)
    own = Chart(
        single(*halves(np.tile(CENTRE, (COPIES, 1)))),
        single(*REACH),
        *single(np.linalg.qr(rng.normal(size=(COPIES * WEIGHTS, AXES)))[0].T, np.zeros(AXES)),
        *single(T, 1.0),
    )
    if kind == "wrong":
        own = own._replace(curvature=tf.constant(np.linspace(0.5, 9, AXES), tf.float32))
    return own


def known():
    """Mean and covariance of one copy: the Gaussian of the loss, times that of the confinement."""
    scale = np.array([REACH[0]] * 3 + [REACH[1]])
    precision = 2 * R.T @ R / T + np.diag(scale**-2.0)
    cov = np.linalg.inv(precision)
    return cov @ (2 * R.T @ B / T + CENTRE / scale**2), cov


def divergence(draws, mean, cov):
    """KL from the Gaussian of the draws [n, 4] to the known one."""
    miss, found = draws.mean(axis=0) - mean, np.cov(draws.T)
    inverse = np.linalg.inv(cov)
    return 0.5 * (np.trace(inverse @ found) - len(mean) - np.linalg.slogdet(inverse @ found)[1]
                  + miss @ inverse @ miss)  # fmt: skip


def sampled(name, own, share=0.15):
    """Draws [steps, copies, 4] and the record, at a share of the largest stable step."""
    loop = squares_loop(name)
    state = loop.init(own.position(own.centre), TARGET, 3, T, own)
    stable = probes.largest_stable_step(loop, state, TARGET, 3, own, temperature=T)
    own = own.paced(share * stable / loop.thermostat.step)
    state = loop.init(own.position(own.centre), TARGET, 3, T, own)
    _, record, draws = loop.hold(state, TARGET, 3, T, STEPS, own)
    return np.concatenate(draws, axis=-1), record


@pytest.mark.parametrize(("name", "kind"), [
    ("nose-hoover", "right"), ("nose-hoover", "plain"), ("nose-hoover", "wrong"),
    pytest.param("langevin", "right", marks=pytest.mark.slow), ("langevin", "wrong"),
])  # fmt: skip
def test_a_chart_changes_no_measure(name, kind):
    """Draws are weights, of the Gaussian of loss and confinement, in whatever coordinates."""
    own = gaussian_chart(kind)
    if kind == "right":
        own = gauss_newton.stiffened(own, SQUARES, NO_DATA, [own.centre], TARGET, AXES, seed=1)
        assert own.axes.shape == (AXES, COPIES * WEIGHTS)
    draws, record = sampled(name, own)
    assert draws.shape == (STEPS, COPIES, WEIGHTS)
    kept = draws[STEPS // 6 :: 10].reshape(-1, WEIGHTS)
    mean, cov = known()
    assert divergence(kept, mean, cov) < 0.01
    # Without the confinement it would be another one; so it would with the loss alone twice as hot.
    scale = np.array([REACH[0]] * 3 + [REACH[1]])
    loose = np.linalg.inv(2 * R.T @ R / T + 0.5 * np.diag(scale**-2.0))
    assert divergence(kept, mean, loose) > 0.05
    exact = np.sum((draws @ R.T - B) ** 2, axis=(1, 2))
    np.testing.assert_allclose(record.loss, exact, rtol=1e-4)


def test_the_largest_stable_step_is_that_of_the_coordinates():
    own = gaussian_chart("wrong").paced(0.7)
    loop = squares_loop("langevin")
    state = loop.init(own.position(own.centre), TARGET, 3, T, own)
    found = probes.largest_stable_step(loop, state, TARGET, 3, own, temperature=T)
    scale = np.tile([REACH[0]] * 3, COPIES), np.tile([REACH[1]], COPIES)
    # Of a copy: kernel and bias are apart in a chart, which holds all kernels first.
    order = np.r_[[i for i in range(COPIES * 4) if i % 4 < 3], np.arange(3, COPIES * 4, 4)]
    hessian = np.kron(np.eye(COPIES), 2 * R.T @ R)[np.ix_(order, order)]
    s = np.concatenate(scale)
    axes, curvature = own.axes.numpy().astype(float), own.curvature.numpy()
    p = np.eye(len(s)) + axes.T @ np.diag((1 + curvature / T) ** -0.5 - 1) @ axes
    stiff = 0.7**2 * p @ (s[:, None] * hessian * s + T * np.eye(len(s))) @ p
    assert found == pytest.approx(2 / np.sqrt(np.linalg.eigvalsh(stiff)[-1]), rel=0.03)
    weights = probes.loss_of_all(loop, state, TARGET, 3, own, temperature=T)
    assert weights == 1.0


def test_stiff_directions_that_are_told_apart_let_an_ill_conditioned_gaussian_mix():
    """Condition 1e6: at the same share of the stable step draws are worth ten times as many."""
    rng = np.random.default_rng(7)
    turns = np.linalg.qr(rng.normal(size=(COPIES, WEIGHTS, WEIGHTS)))[0]
    values = np.zeros((COPIES, WEIGHTS))
    values[:AXES, 0] = np.sqrt(1e6 * T / 2)
    target = single(values[..., None] * turns, np.zeros((COPIES, WEIGHTS)))
    plain = gaussian_chart("plain")._replace(reach=single(1.0, 1.0))
    stiff = gauss_newton.stiffened(plain, SQUARES, NO_DATA, [plain.centre], target, AXES, seed=1)
    np.testing.assert_allclose(stiff.curvature, 1e6 * T, rtol=1e-3)
    loop, worth = squares_loop("langevin"), []
    for own in (plain, stiff):
        begun = loop.init(own.position(own.centre), target, 3, T, own)
        stable = probes.largest_stable_step(loop, begun, target, 3, own, temperature=T)
        own = own.paced(0.15 * stable / loop.thermostat.step)
        begun = loop.init(own.position(own.centre), target, 3, T, own)
        _, _, draws = loop.hold(begun, target, 3, T, STEPS, own)
        draws = np.concatenate(draws, axis=-1)
        seen = [draws[:, c, i] for c in (0, 5, 60) for i in range(2)]
        worth.append(min(effective(x[None].astype(float), "mean") for x in seen))
    assert worth[1] > 10 * worth[0]
    assert worth[1] > 50


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_loss_without_a_slope_is_refused_in_one_line(value):
    own = gaussian_chart("plain")
    target = single(np.full((COPIES, WEIGHTS, WEIGHTS), value), np.zeros((COPIES, WEIGHTS)))
    with pytest.raises(EaeSindyError, match=r"no curvature.*--directions 0") as refused:
        gauss_newton.stiffened(own, SQUARES, NO_DATA, [own.centre], target, AXES, seed=1)
    assert "\n" not in str(refused.value)


@pytest.fixture(scope="module")
def task(small):
    estimator = EntropicAutoencoder(FIT)
    begun, _ = estimator.begin(small)
    return Task(settings=FIT, custom=None, pod=begun.pod, frames=begun.frames,
                data=coordinates(begun), judges=estimator._judges(begun))  # fmt: skip


def with_settings(task, **changes):
    return Task(**{**vars(task), "settings": task.settings.but(**changes)})


@pytest.fixture
def session(task):
    return finish(chains.begin(task, 0))


def over_stable(session):
    """The step over the largest that is stable, in the coordinates as they are now."""
    stable = session.probe(probes.largest_stable_step, 0)
    return session.loop.thermostat.step / stable


def standing(session):
    return dense(session.encoders()[0])


@pytest.mark.slow
def test_what_is_measured_at_the_start_leaves_weights_and_tells_directions_apart(task):
    first = finish(chains.begin(task, 0))
    blank = Session(task.loop(40), FIT, encoders=[[w.numpy() for w in first.charts[0].centre]],
                    decoder=first.decoder_arrays(), seeds=first.seeds)  # fmt: skip
    where = standing(blank)
    blank.measure()
    np.testing.assert_allclose(standing(blank), where, atol=1e-6)
    assert int(blank.states[0].step) == 0
    assert over_stable(blank) == pytest.approx(CAREFUL * 0.15, rel=0.15)
    assert CAREFUL == 0.4
    assert blank.charts[0].axes.shape[0] == 1
    assert float(blank.charts[0].curvature[0]) > 0
    assert np.isnan(blank.time_step)


def test_a_session_is_adapted_where_it_stands(session):
    session.update(FIT.temperature)
    step, before = int(session.states[0].step), session.charts[0]
    assert step == FIT.encoders
    found, collect = [], session.collect
    session.collect = lambda steps: found.extend(collect(steps)) or found
    asked, stiffen = [], session._stiffen
    session._stiffen = lambda encoders: asked.append(encoders) or stiffen(encoders)
    session.adapt()
    draws = found[0][1]
    # The last draw, in single precision and through two charts.
    np.testing.assert_allclose(standing(session), dense([w[-1] for w in draws]), atol=1e-5)
    assert int(session.states[0].step) == step + FIT.encoders
    ((middle, last),) = asked[0]
    np.testing.assert_array_equal(dense(middle), dense([w[9] for w in draws]))
    np.testing.assert_array_equal(dense(last), dense([w[19] for w in draws]))
    assert over_stable(session) == pytest.approx(0.15, rel=0.15)
    assert not np.allclose(session.charts[0].axes, before.axes)
    kept = session.charts
    session.collect(FIT.encoders)
    assert session.charts is kept


def test_heat_is_another_temperature_at_the_same_weights(session):
    session.collect(FIT.encoders)
    where, step = standing(session), int(session.states[0].step)
    cold, session.temperature = session.charts[0], np.nan
    session.heat(3e-3)
    np.testing.assert_allclose(standing(session), where, atol=1e-5)
    assert int(session.states[0].step) == step
    assert float(session.charts[0].temperature) == pytest.approx(3e-3)
    assert session.temperature == 3e-3
    assert over_stable(session) == pytest.approx(CAREFUL * 0.15, rel=0.15)
    np.testing.assert_array_equal(session.charts[0].axes, cold.axes)
    moving = np.mean(dense(session.states[0].velocity) ** 2) * FIT.mass[0]
    assert moving == pytest.approx(3e-3, rel=5 * np.sqrt(2 / len(where)))


def test_a_fit_is_adapted_at_its_marks_and_never_while_it_collects(session):
    assert [u for u in range(1, 11) if session.due(u)] == [3, 6]
    session.settings = FIT.but(updates=1)
    assert session.due(1)
    session.settings = FIT.but(confinement=0.0, directions=0)
    assert not any(session.due(u) for u in range(11))


def test_where_a_decoder_stands_the_forces_are_its_own(session):
    """After whatever changes decoder or coordinates, the gradient kept is that of the potential."""
    for change in (lambda: session.update(FIT.temperature), session.adapt,
                   lambda: session.heat(2e-4)):  # fmt: skip
        change()
        (state,), (own,) = session.states, session.charts
        fresh = session.loop.refresh(state, session.fixed(), session.seeds[0], own)
        kept, own = dense(state.gradient), dense(fresh.gradient)
        # Small components are differences of large ones, in single precision.
        np.testing.assert_allclose(kept, own, rtol=1e-5, atol=1e-6 * np.abs(own).max())


def losing(session, times):
    """Let the chain be lost so many times; return the pace and the weights at each attempt."""
    attempts, sound = [], session._sound

    def sometimes(record, chain, stage):
        attempts.append((float(session.charts[0].pace), standing(session)))
        if len(attempts) <= times:
            raise DivergedError("lost")
        return sound(record, chain, stage)

    session._sound = sometimes
    return attempts


def test_a_chain_that_is_lost_in_training_is_sampled_again_with_half_the_step(session):
    attempts = losing(session, 2)
    session.update(FIT.temperature)
    paces = np.array([pace for pace, _ in attempts])
    np.testing.assert_allclose(paces / paces[0], [1, 1 / 2, 1 / 4], rtol=1e-6)
    for _, where in attempts:
        np.testing.assert_allclose(where, attempts[0][1], atol=1e-5)
    assert int(session.states[0].step) == FIT.encoders


def test_a_chain_that_stays_lost_or_is_lost_while_collecting_stops_the_fit(session):
    attempts = losing(session, 99)
    with pytest.raises(DivergedError, match="lost"):
        session.collect(FIT.encoders)
    assert len(attempts) == 1
    with pytest.raises(DivergedError, match="lost"):
        session.update(FIT.temperature)
    paces = np.array([pace for pace, _ in attempts[1:]])
    np.testing.assert_allclose(paces / paces[0], 0.5 ** np.arange(5), rtol=1e-6)


def test_a_confined_chain_that_diverges_names_the_cause(session, monkeypatch):
    session.states[0] = session.states[0]._replace(step=tf.constant(7, tf.int64))
    session._move([session.charts[0].paced(200.0)])
    session.nothing = 10 * session._loss(0)  # above what there is, far below what will come
    says = r"while collecting, at encoder step \d+.*step became too long.*lower --step-share from"
    with pytest.raises(DivergedError, match=says) as lost:
        session.collect(FIT.encoders)
    assert "\n" not in str(lost.value)
    monkeypatch.setattr(session, "_stable", lambda chain: np.inf)
    with pytest.raises(DivergedError, match=r"no curvature that can be measured.*--step-share 0"):
        session.heat(1e-3)


def climbed(session, task):
    """Climb; return what is found, the rungs [T, error] and the draws at each rung."""
    drawn, collect = [], session.collect
    session.collect = lambda steps: drawn.append(collect(steps)) or drawn[-1]
    steps, rungs = ladder.climb(session, Data(*map(tf.constant, task.judges)), 1, 2), []
    while True:
        try:
            rungs.append(tuple(next(steps).values.values()))
        except StopIteration as end:
            return end.value, np.array(rungs), drawn


def error_of(session, encoder, task):
    given = tuple(map(tf.convert_to_tensor, encoder)), session.fixed()
    return float(session.loop.problem.objective(given, Data(*task.judges), KEY))


def unheated(task, confinement):
    """A session that has no temperature yet."""
    own = with_settings(task, temperature=0.0, confinement=confinement)
    first = finish(chains.begin(task, 0))
    encoders = [[w.numpy() for w in first.charts[0].centre]]
    new = Session(task.loop(40), own.settings, encoders=encoders,
                  decoder=first.decoder_arrays(), seeds=first.seeds)  # fmt: skip
    new.measure()
    return new


@pytest.fixture
def cold(task):
    return unheated(task, FIT.confinement)


def test_the_temperature_is_a_tenth_of_the_highest_at_which_members_are_good(task):
    cold = unheated(task, 3.0)  # so far that it can be too hot
    begun = error_of(cold, cold.encoders()[0], task)
    found, rungs, drawn = climbed(cold, task)
    at, errors = rungs.T
    assert found["validation"] == pytest.approx(begun, rel=1e-5)
    np.testing.assert_allclose(at[1:] / at[:-1], np.sqrt(10))
    assert 1e-3 * begun / np.sqrt(10) < at[0] <= 1e-3 * begun * (1 + 1e-9)
    assert np.round(2 * np.log10(at[0]), 6) % 1 == 0, "a whole or half decade"
    assert (errors[:-1] <= 2 * begun).all()
    hot = errors[-1] > 2 * begun
    assert hot or at[-1] > 1 / np.sqrt(10) * (1 + 1e-9), "or there is no hotter one"
    allowed = len(at) - 2 if hot else len(at) - 1
    best = max(allowed - 2, 0)  # a decade below
    assert found["temperature_allowed"] == at[allowed]
    assert found["temperature"] == at[best] == cold.temperature
    assert found["validation_of_members"] == errors[best]
    for mine, error in zip(drawn, errors, strict=True):
        members = [[w[i] for w in mine[0][1]] for i in (10, 12, 14, 16, 19)]
        assert error == pytest.approx(np.mean([error_of(cold, m, task) for m in members]), rel=1e-5)
    # The chain goes on from where it stood at that rung, in its chart.
    assert float(cold.charts[0].temperature) == pytest.approx(at[best])
    np.testing.assert_allclose(standing(cold), dense([w[-1] for w in drawn[best][0][1]]), atol=1e-6)


def scripted(monkeypatch, errors):
    """Let the ladder find these errors: of the start, then of the members of each rung."""
    said = iter([errors[0], *np.repeat(errors[1:], ladder.JUDGED)])
    monkeypatch.setattr(ladder, "_error", lambda *given: float(next(said)))


class Paper:
    """A session on paper: it has a temperature, and stands where that put it."""

    temperature, states, charts = 0.0, "begun", "begun"
    settings = SimpleNamespace(encoders=20)

    def encoders(self):
        return [(np.zeros(1),)]

    def heat(self, temperature):
        self.temperature = self.charts = temperature

    def collect(self, steps):
        self.states = self.temperature
        return [(None, (np.zeros((steps, 1)),))]


@pytest.mark.parametrize(
    ("errors", "rung"),
    [([1.1, 1.9, 2.1], 1), ([2.0, 5.0], 0), ([9.0], 0), ([1.0, 1.1, 1.2, 1.3, np.inf], 3)],
)
def test_it_is_a_decade_below_the_first_rung_at_which_members_are_bad(monkeypatch, errors, rung):
    """Twice the error of the start is as much as members may have."""
    own = Paper()
    scripted(monkeypatch, [1.0, *errors])
    found = finish(ladder.climb(own, None, 0, 1))
    taken = max(rung - 2, 0)
    assert found["temperature_allowed"] == pytest.approx(1e-3 * np.sqrt(10.0) ** rung)
    assert found["temperature"] == pytest.approx(1e-3 * np.sqrt(10.0) ** taken)
    assert own.temperature == own.states == own.charts == found["temperature"]
    assert found["validation_of_members"] == pytest.approx(errors[taken])


def test_members_may_have_what_single_precision_resolves(monkeypatch):
    own = Paper()
    scripted(monkeypatch, [1e-9, 1e-8, 1.9e-7, 2.1e-7])
    found = finish(ladder.climb(own, None, 0, 1))
    assert found["temperature_allowed"] == pytest.approx(1e-10 * np.sqrt(10.0))
    assert (found["validation"], found["validation_allowed"]) == (1e-9, pytest.approx(2e-7))


def test_a_ladder_ends_at_one(monkeypatch):
    own = Paper()
    scripted(monkeypatch, [1.0] * 9)
    found = finish(ladder.climb(own, None, 0, 1))
    assert found["temperature_allowed"] == 1.0
    assert found["temperature"] == pytest.approx(0.1)


def test_members_of_the_second_half_are_judged_by_their_mean(monkeypatch):
    own, judged = Paper(), []
    own.collect = lambda steps: [(None, (1.0 * np.arange(steps)[:, None],))] * 2
    monkeypatch.setattr(
        ladder,
        "_error",
        lambda session, encoder, judges: judged.append(encoder[0][0]) or judged[-1],
    )
    own.encoders = lambda: [(np.ones(1),), (np.full(1, 3.0),)]  # the mean of chains, too
    found = finish(ladder.climb(own, None, 0, 1))
    assert judged == [1, 3] + 2 * [10, 12, 14, 16, 19]
    assert found["validation"] == 2.0
    assert found["validation_of_members"] == pytest.approx(14.2)


def test_a_coldest_rung_that_is_too_hot_is_kept_and_can_be_seen(cold, task, monkeypatch):
    scripted(monkeypatch, [1e-3, 7e-3])
    found, rungs, _ = climbed(cold, task)
    assert found == {"temperature": pytest.approx(1e-6),
                     "temperature_allowed": pytest.approx(1e-6), "validation": 1e-3,
                     "validation_allowed": 2e-3,
                     "validation_of_members": pytest.approx(7e-3)}  # fmt: skip
    assert len(rungs) == 1
    assert cold.temperature == found["temperature"]


def test_errors_that_are_no_numbers_end_the_ladder(cold, task, monkeypatch):
    scripted(monkeypatch, [1e-3, 1.9e-3, np.nan])
    found, rungs, _ = climbed(cold, task)
    assert found["temperature"] == rungs[0, 0]
    assert len(rungs) == 2


@pytest.mark.parametrize("where", ["_sound", "_pace"])
def test_a_rung_at_which_a_chain_is_lost_is_not_taken(cold, task, monkeypatch, where):
    scripted(monkeypatch, [1e-3] * 9)
    sound, calls = getattr(cold, where), []

    def sometimes(*given):
        calls.append(given)
        if len(calls) > 2:
            raise DivergedError("lost")
        return sound(*given)

    monkeypatch.setattr(cold, where, sometimes)
    found, rungs, drawn = climbed(cold, task)
    assert found["temperature_allowed"] == rungs[1, 0]
    assert found["temperature"] == rungs[0, 0] == cold.temperature
    assert len(rungs) == 2
    assert float(cold.charts[0].temperature) == pytest.approx(rungs[0, 0])
    np.testing.assert_allclose(standing(cold), dense([w[-1] for w in drawn[0][0][1]]), atol=1e-6)


def test_coldest_rungs_that_are_lost_to_rounding_are_left_out(monkeypatch):
    own, whole = Paper(), Paper.collect

    def collect(steps):
        if own.temperature < 5e-3:
            raise DivergedError("lost")
        return whole(own, steps)

    own.collect = collect
    scripted(monkeypatch, [1.0, 1.9, 2.1])
    found = finish(ladder.climb(own, None, 0, 1))
    assert found["temperature"] == pytest.approx(1e-2)
    assert own.states == own.charts == own.temperature == found["temperature"]


def test_a_chain_that_is_lost_at_every_rung_stops_the_fit_in_one_line(cold, task):
    losing(cold, 99)
    with pytest.raises(DivergedError, match=r"every temperature.*--step-share") as lost:
        climbed(cold, task)
    assert "\n" not in str(lost.value)


def test_a_hot_ladder_ends(cold, task, monkeypatch):
    scripted(monkeypatch, [0.5] * 9)
    found, rungs, _ = climbed(cold, task)
    assert found["temperature_allowed"] == rungs[-1, 0]
    assert 1 / np.sqrt(10) < rungs[-1, 0] <= 1 + 1e-9


class Mean:
    """An objective that is the mean of the frames' first inputs."""

    def __call__(self, weights, data, key):
        return tf.reduce_mean(data.inputs)


def frames_for(values, asked):
    """What `sampled_frames` takes of a fit whose first frames have the loss of these values."""
    whole = np.array(values, np.float32)[:, None]

    def loop(count):
        return SimpleNamespace(problem=Problem(Mean(), Data(*[tf.constant(whole[:count])] * 4),
                                               whole=Data(*[tf.constant(whole)] * 4)))  # fmt: skip

    given = SimpleNamespace(settings=FIT.but(frames=asked), data=(whole,) * 4, loop=loop)
    return chains.sampled_frames(given, [[np.zeros(1)]], [np.zeros(1)])


def test_frames_are_doubled_until_they_stand_for_all():
    assert frames_for(np.ones(64), 5) == 5
    assert frames_for([1.2] * 5 + [1.0] * 59, 5) == 5, "within a quarter"
    assert frames_for([0.1] * 10 + [1.0] * 54, 5) == 40
    assert frames_for([3.0] * 10 + [1.0] * 54, 5) == 20 * 2, "whether the loss is larger or smaller"
    assert frames_for([0.0] * 60 + [1.0] * 4, 5) == 0, "or all are taken"
    assert frames_for(np.ones(64), 0) == frames_for(np.ones(64), 64) == 0


def test_the_sampler_sees_some_frames_and_the_decoder_is_solved_on_all(session, task):
    problem, fixed, seed = session.loop.problem, session.fixed(), session.seeds[0]
    assert problem.data.inputs.shape[0] == 40
    assert problem.every_frame.inputs.shape[0] == len(task.data[0]) > 200
    given = (session.states[0], fixed, seed, FIT.temperature)
    _, record, draws = session.loop.hold(*given, FIT.encoders, session.charts[0])
    members = [tuple(w[i] for w in draws) for i in session.rule.taken]
    on_all, on_some = (
        np.mean([float(problem.objective((e, fixed), data, KEY)) for e in members])
        for data in (problem.every_frame, problem.data)
    )
    assert abs(on_all / on_some - 1) > 1e-3
    assert np.mean(record.loss.numpy()[session.rule.taken]) == pytest.approx(on_some, rel=1e-4)
    _, _, mean = session.rule.sample(session.loop, *given, session.charts[0])
    layer = np.vstack([w.numpy() for w in (fixed[-2], fixed[-1][None])]).astype(float)
    assert decoder_updates.loss(mean, layer) == pytest.approx(on_all, rel=1e-4)
    # So it is before any step: what the outer layer cannot better, on all frames.
    session.rule.foresee(session.loop, session.decoder, session.encoders())
    solved = session.fixed()
    for data, least in ((problem.every_frame, True), (problem.data, False)):
        with tf.GradientTape() as tape:
            tape.watch(solved)
            loss = problem.objective((session.encoders()[0], solved), data, KEY)
        slope = float(tf.linalg.global_norm(tape.gradient(loss, solved)[-2:]))
        assert (slope < 1e-4) == least
    found = session.probe(probes.loss_of_all, 0)
    weights = (session.encoders()[0], session.fixed())
    whole, seen = (float(problem.objective(weights, data, KEY))
                   for data in (problem.every_frame, problem.data))  # fmt: skip
    assert found == pytest.approx(whole / seen, rel=1e-6)


def test_a_fit_with_all_of_it_says_what_it_chose(small, monkeypatch):
    moves = []
    for name in ("adapt", "collect", "update", "heat"):
        method = getattr(Session, name)

        def spied(self, *given, name=name, method=method):
            moves.append(name)
            return method(self, *given)

        monkeypatch.setattr(Session, name, spied)
    found = EntropicAutoencoder(FIT.but(temperature=0.0)).fit(small)
    (own,), said = found.chains, found.attributes
    assert own.temperature == said["start/0/temperature"] > 0
    assert own.temperature == pytest.approx(float(chart.restored(own.state, 4).temperature))
    assert said["start/0/validation_of_members"] <= 2 * said["start/0/validation"]
    assert own.loss_of_all == pytest.approx(1, abs=0.25)
    assert int(own.state["frames_0"]) == 40
    trained = moves[moves.index("update") :]
    one, two = ["update"] * 3, ["adapt", "collect"]
    assert trained == one + two + one + two + ["update"] * 4 + ["collect"] * 2
    # Draws are weights about the first ones, as far as the confinement lets them.
    centre = [own.state[f"chart_{i}"] for i in range(4)]
    for drawn, middle in zip(own.encoder, centre, strict=True):
        assert np.abs(drawn - middle).max() < 1.0
        assert np.abs(drawn - middle).max() > 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"confinement": 0.0, "directions": 0, "temperature": 0.0}, "auto needs a --confinement"),
        ({"dimensionless": False}, "--confinement is for --dimensionless fits"),
        ({"step_share": 0.0}, "--confinement is for .* with a --step-share"),
        ({"schedule": "linear"}, "--confinement is for .* and a fixed --schedule"),
        ({"confinement": 0.0}, "--directions needs a --confinement"),
        ({"mass": (1e-6, 1e-6)}, "--directions needs .* one --mass for all"),
        ({"confinement": 0.0, "directions": 0, "dimensionless": False, "full_space": True},
         "--frames is for POD coordinates"),
        ({"confinement": -0.1, "directions": 0}, "--confinement must not be negative"),
        ({"directions": -1}, "--directions must not be negative"),
        ({"frames": -1}, "--frames must not be negative"),
        ({"temperature": -1.0}, "--temperature must not be negative"),
        ({"confinement": float("inf")}, "--confinement must be a finite number"),
        ({"directions": 1.5}, "--directions must be a whole number"),
    ],
)  # fmt: skip
def test_settings_that_cannot_go_together_are_refused_in_one_line(changes, says):
    with pytest.raises(EaeSindyError, match=says) as refused:
        FIT.but(**changes)
    assert "\n" not in str(refused.value)
