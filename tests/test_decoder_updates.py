"""The exact decoder update: the minimum in the outer layer, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from eae_sindy.dynamics.library import standard
from eae_sindy.errors import EaeSindyError
from eae_sindy.neural.entropic import chains, decoder_updates, probes
from eae_sindy.neural.entropic.decoder_updates import Exact
from eae_sindy.neural.entropic.session import DivergedError
from eae_sindy.neural.entropic.task import Task
from eae_sindy.neural.estimator import EntropicAutoencoder
from eae_sindy.neural.networks import dense
from eae_sindy.neural.objectives.data import Data, coordinates
from eae_sindy.neural.objectives.eq14 import Eq14
from eae_sindy.neural.starts import choice as starts
from eae_sindy.progress import finish
from tests.conftest import TINY_FIT

POINTS, FRAMES, ENCODERS = 5, 80, 3
KEY = tf.constant([0, 0])


def problem(widths, seed=0):
    """An objective, frames, encoders [k, ...] and a decoder, all float64."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 9, FRAMES)[:, None]
    turns = np.hstack([np.cos(time), np.sin(time), np.cos(2 * time + 1)])
    rates = np.hstack([-np.sin(time), np.cos(time), -2 * np.sin(2 * time + 1)])
    mix = rng.normal(size=(3, POINTS))
    x, x_rate = turns @ mix + 0.5, rates @ mix
    data = Data(*map(tf.constant, (x, x_rate, x, x_rate)))
    network = dense.network("tanh")
    objective = Eq14(encoder=network, decoder=network, library=standard(2, 1, sine=False),
                     field_weight=0.7, rate_weight=1.9)  # fmt: skip

    def drawn(sizes):
        return [w + 0.3 * rng.normal(size=w.shape) for w in dense.glorot(sizes, rng)]

    members = [drawn((POINTS, 6, 2)) for _ in range(ENCODERS)]
    encoders = tuple(tf.constant(np.stack(layer)) for layer in zip(*members, strict=True))
    decoder = [tf.Variable(w) for w in drawn((2, *widths, POINTS))]
    return objective, data, encoders, decoder


def mean_loss(objective, data, encoders, decoder):
    return tf.add_n([objective((tuple(w[k] for w in encoders), tuple(decoder)), data, KEY)
                     for k in range(ENCODERS)]) / ENCODERS  # fmt: skip


def solved(objective, data, encoders, decoder):
    """Update the decoder in place; return ‖ḡ‖ before and after."""
    fixed = tuple(map(tf.convert_to_tensor, decoder))
    gathered = decoder_updates._means(objective)(data, encoders, fixed)
    return Exact.apply(None, decoder, [gathered])


def gradient(objective, data, encoders, decoder):
    with tf.GradientTape() as tape:
        loss = mean_loss(objective, data, encoders, decoder)
    return loss, tape.gradient(loss, decoder[-2:])


@pytest.mark.parametrize("widths", [(4,), (5, 4)])
def test_an_exact_update_is_where_many_small_gradient_steps_lead(widths):
    objective, data, encoders, decoder = problem(widths)
    walked = [tf.Variable(w) for w in decoder]
    _, (before, _) = gradient(objective, data, encoders, decoder)
    slopes = solved(objective, data, encoders, decoder)
    least, exact = gradient(objective, data, encoders, decoder)

    @tf.function
    def walk(length):
        for _ in tf.range(20_000):
            _, slope = gradient(objective, data, encoders, walked)
            for w, g in zip(walked[-2:], slope, strict=True):
                w.assign_sub(length * g)

    start = float(mean_loss(objective, data, encoders, walked))
    walk(0.02)
    reached = float(mean_loss(objective, data, encoders, walked))
    assert reached < 0.95 * start, "there was something to gain"
    assert float(least) == pytest.approx(reached, rel=1e-6)
    assert float(tf.linalg.global_norm(exact)) < 1e-5 * float(tf.linalg.global_norm([before]))
    assert slopes[1] == pytest.approx(float(tf.linalg.global_norm(exact)), abs=1e-5 * slopes[0])
    for a, b in zip(walked[:-2], decoder[:-2], strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_gradient_that_is_recorded_is_that_of_the_loss():
    objective, data, encoders, decoder = problem((6,))
    _, slope = gradient(objective, data, encoders, decoder)
    before, _ = solved(objective, data, encoders, decoder)
    assert before == pytest.approx(float(tf.linalg.global_norm(slope)), rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_an_exact_update_never_raises_the_loss(seed):
    """Also where units are all but copies of each other, and where there is nothing to gain."""
    objective, data, encoders, decoder = problem((12,), seed)
    decoder[0].assign(tf.concat([decoder[0][:, :6]] * 2, axis=1))
    decoder[1].assign(tf.concat([decoder[1][:6]] * 2, axis=0) + 1e-9 * np.arange(12))
    decoder[0][:, 0].assign(tf.zeros(2, tf.float64))
    before = float(mean_loss(objective, data, encoders, decoder))
    for _ in range(4):
        solved(objective, data, encoders, decoder)
        after = float(mean_loss(objective, data, encoders, decoder))
        assert after <= before * (1 + 1e-12)
        before = after


def task_of(settings, small):
    begun, _ = EntropicAutoencoder(settings).begin(small)
    return Task(settings=settings, custom=None, pod=begun.pod, frames=begun.frames,
                data=coordinates(begun))  # fmt: skip


def test_a_decoder_that_is_not_linear_in_its_last_layer_is_refused_in_one_line(small):
    loop = task_of(TINY_FIT, small).loop()
    bent = loop.problem.objective.decoder._replace(hidden=None)
    loop.problem = replace(loop.problem, objective=replace(loop.problem.objective, decoder=bent))
    with pytest.raises(EaeSindyError, match=r"not linear in its last layer.*adam") as refused:
        Exact(TINY_FIT, loop, [])
    assert "\n" not in str(refused.value)


def test_encoders_are_spread_over_the_ensemble_and_over_chains(small):
    """ḡ of all ten, by the loss itself; the chains' blocks may be cut anywhere."""
    settings = TINY_FIT.but(decoder_update="exact", encoders=40)
    loop = task_of(settings, small).loop()
    rule = Exact(settings, loop, [])
    np.testing.assert_array_equal(rule.taken, np.arange(3, 40, 4))
    assert len(Exact(settings.but(encoders=4), loop, []).taken) == 4


@pytest.fixture(scope="module")
def exact(small):
    settings = TINY_FIT.but(decoder_update="exact", chains=2, chains_per_decoder=2, updates=4)
    return EntropicAutoencoder(settings).fit(small)


def test_training_is_exact_in_the_outer_layer(small, exact):
    """The record says so, and the loss falls far below what Adam reaches in as many updates."""
    for chain in exact.chains:
        before, after = chain.outer_gradient.T
        assert len(before) == len(chain.training) == 4
        assert (after < 1e-3 * before).all()
    adam = EntropicAutoencoder(exact.settings.but(decoder_update="adam", draws=2)).fit(small)
    assert exact.chains[0].training[-1] < 0.8 * adam.chains[0].training[-1]
    assert adam.chains[0].outer_gradient.shape == (0, 2)
    assert np.isnan(adam.chains[0].time_step)
    stopped = EntropicAutoencoder(exact.settings.but(tolerance=1e9, draws=2)).fit(small)
    assert len(stopped.chains[0].training) == 1


def test_the_step_is_a_share_of_the_largest_stable_one(small):
    """Whatever --step says, and measured without compiling the sampler's loop a second time."""
    # Smooth, or curvature depends on how far differences go.
    smooth = TINY_FIT.but(step_share=0.25, decoder_update="exact", dimensionless=True,
                          rate_weight=1.0, activation="silu", temperature=1e-6)  # fmt: skip
    found = []
    for step in (1e-6, 1e-5):
        task = task_of(smooth.but(step=step), small)
        session = finish(chains.begin(task, 0))
        stable = session.probe(probes.largest_stable_step, 0)
        assert session.time_step == session.loop.thermostat.step
        assert session.time_step == pytest.approx(0.25 * stable, rel=0.1)
        found.append(session.time_step)
    assert found[0] == pytest.approx(found[1], rel=0.1)
    loop = task_of(TINY_FIT, small).loop()
    paced = loop.paced(3e-6)
    assert paced._programs.refresh is loop._programs.refresh
    ratio = paced.thermostat.time_constant / paced.thermostat.step
    assert ratio == pytest.approx(TINY_FIT.thermostat_time)


def replace_decoder(begun, factor):
    *inner, kernel, bias = begun.decoder
    return begun._replace(decoder=(*inner, factor * kernel, bias))


def heavy(start, factor):
    def begin(*given):
        begun = yield from start(*given)
        return replace_decoder(begun, factor)

    return begin


@pytest.mark.parametrize(
    ("changes", "factor", "says"),
    [
        ({"step": 1e-2}, 1.0, "the step is too long: the largest stable --step is about"),
        ({"temperature": 1e6}, 1.0, "the temperature is too high.*lower --temperature"),
        ({}, 1e4, "the start is ill-conditioned: before any step its loss is .*--start"),
    ],
    ids=["step", "temperature", "start"],
)
def test_a_sampler_that_diverges_names_the_cause(small, monkeypatch, changes, factor, says):
    monkeypatch.setitem(starts.STARTS, "random", heavy(starts.STARTS["random"], factor))
    with pytest.raises(DivergedError, match=says) as lost:
        EntropicAutoencoder(TINY_FIT.but(**changes)).fit(small)
    assert "\n" not in str(lost.value)
