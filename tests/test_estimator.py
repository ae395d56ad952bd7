import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import ks_2samp

from eae_sindy.dynamics.library import standard
from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.ensemble.forward import forward
from eae_sindy.ensemble.segments import Segments
from eae_sindy.errors import EaeSindyError
from eae_sindy.executors import Futures
from eae_sindy.neural.entropic.compiled import Loop
from eae_sindy.neural.entropic.problem import Problem
from eae_sindy.neural.entropic.task import Task
from eae_sindy.neural.estimator import EntropicAutoencoder
from eae_sindy.neural.networks import dense
from eae_sindy.neural.networks.span import onto_span
from eae_sindy.neural.objectives import choice
from eae_sindy.neural.objectives.data import Data, coordinates
from eae_sindy.neural.samplers import nose_hoover, particles
from eae_sindy.neural.samplers.nose_hoover import NoseHoover
from eae_sindy.recipes import recipe
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.split import TEST, TRAIN
from tests.conftest import TINY_FIT


def test_two_runs_with_one_seed_agree_and_another_seed_does_not(small, ensemble):
    settings = TINY_FIT
    again = EntropicAutoencoder(settings).fit(small)
    other = EntropicAutoencoder(settings.but(seed=1)).fit(small)
    for a, b, c in zip(ensemble.chains[0].encoder, again.chains[0].encoder,
                       other.chains[0].encoder, strict=True):  # fmt: skip
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)
    np.testing.assert_array_equal(ensemble.chains[0].loss, again.chains[0].loss)


def test_later_fits_compile_nothing_and_executors_change_nothing(small, ensemble):
    """Another seed, temperature and other frames are arguments of what is compiled already."""
    changes = {"chains": 2, "temperature": 2e-4, "seed": 5}
    here = EntropicAutoencoder(TINY_FIT.but(**changes)).fit(small)
    (programs,) = {id(p): p for p in map(compiled_for, (ensemble, here))}.values()
    compiled = (programs.begin, programs.refresh, programs.run)
    before = [function.experimental_get_tracing_count() for function in compiled]
    with ThreadPoolExecutor(2) as pool:
        executor = Futures(pool)
        there = EntropicAutoencoder(TINY_FIT.but(**changes), executor=executor).fit(small)
    EntropicAutoencoder(TINY_FIT.but(seed=6, temperature=3e-4)).fit(small)
    assert [function.experimental_get_tracing_count() for function in compiled] == before
    assert [c.decoder_index for c in there.chains] == [0, 1]
    for a, b in zip(here.chains, there.chains, strict=True):
        for p, q in zip((*a.encoder, a.loss), (*b.encoder, b.loss), strict=True):
            np.testing.assert_array_equal(p, q)


def compiled_for(ensemble):
    task = Task(settings=ensemble.settings, custom=None, pod=ensemble.pod, frames=ensemble.frames,
                data=coordinates(ensemble))  # fmt: skip
    return task.loop()._programs


def test_an_ensemble_file_gives_back_what_went_in(ensemble, tmp_path):
    ensemble.save(tmp_path / "e.h5")
    found = Ensemble.open(tmp_path / "e.h5")
    assert found.settings == ensemble.settings
    assert found.shape == ensemble.shape
    rows = ensemble.frames.where(TEST)
    for a, b in zip(ensemble.encode(7, rows), found.encode(7, rows), strict=True):
        np.testing.assert_array_equal(a, b)
    z = ensemble.encode(3, rows)
    for a, b in zip(ensemble.decode(3, *z), found.decode(3, *z), strict=True):
        np.testing.assert_array_equal(a, b)
    assert set(found.chains[0].state) == set(ensemble.chains[0].state)
    np.testing.assert_array_equal(found.chain_of, np.zeros(50))


def test_a_file_that_is_no_ensemble_is_refused(small_file, tmp_path, ensemble):
    with pytest.raises(EaeSindyError, match="not a whole ensemble file"):
        Ensemble.open(small_file)
    with pytest.raises(EaeSindyError, match="does not exist"):
        Ensemble.open(tmp_path / "none.h5")
    ensemble.save(tmp_path / "e.h5")
    whole = (tmp_path / "e.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EaeSindyError, match="not a whole ensemble file"):
        Ensemble.open(tmp_path / "cut.h5")


def test_stored_loss_is_that_of_the_stored_members(ensemble, small):
    """What NumPy makes of the file is what TensorFlow sampled: loss of Eq. 14, draw by draw."""
    from eae_sindy.dynamics import least_squares

    rows, f, s = ensemble.frames.where(TRAIN), ensemble.frames, ensemble.settings
    for member in (0, 20, 49):
        z, z_rate = (a.astype(float) for a in ensemble.encode(member, rows))
        theta = ensemble.library(z)
        xi, _ = least_squares.solve(theta, z_rate)
        x, x_rate = ensemble.decode(member, z, theta @ xi)
        loss = s.field_weight * np.mean(np.sum((f.coordinates[rows] - x) ** 2, 1))
        loss += s.rate_weight * np.mean(np.sum((f.rate_coordinates[rows] - x_rate) ** 2, 1))
        assert loss == pytest.approx(ensemble.chains[0].loss[member], rel=1e-4)


def test_training_lowers_the_loss_and_the_sampler_keeps_its_temperature(small):
    settings = TINY_FIT.but(updates=15, learning_rate=0.01)
    chain = EntropicAutoencoder(settings).fit(small).chains[0]
    assert chain.training[-1] < 0.9 * chain.training[0]
    sizes = np.array([w[0].size for w in chain.encoder])
    drawn = chain.kinetic_temperature @ (sizes / sizes.sum()) / settings.temperature
    # Fresh every 5 steps: ten independent values, each of relative width √(2/N_f).
    assert drawn.mean() == pytest.approx(1, abs=4 * np.sqrt(2 / sizes.sum() / 10))


@pytest.mark.parametrize("batch", [0, 64])
def test_full_space_and_minibatches_fit_too(small, batch):
    settings = TINY_FIT.but(full_space=batch == 0, batch=batch, draws=12, updates=3)
    found = EntropicAutoencoder(settings).fit(small)
    assert len(found) == 12
    assert found.chains[0].encoder[0].shape == (12, found.pod.rank, 16)


@pytest.mark.slow
def test_full_space_members_mean_the_same_in_pod_coordinates(small):
    """A decoder on pixels, folded into the file, has the loss its members were drawn at."""
    from eae_sindy.dynamics import least_squares

    settings = TINY_FIT.but(full_space=True, rank=60, draws=3, updates=2)
    found = EntropicAutoencoder(settings).fit(small)
    rows, f = found.frames.where(TRAIN), found.frames
    z, z_rate = (a.astype(float) for a in found.encode(2, rows))
    theta = found.library(z)
    x, x_rate = found.decode(2, z, theta @ least_squares.solve(theta, z_rate)[0])
    r = found.pod.rank
    loss = 0.0
    for target, outside, guess, weight in (
        (f.coordinates, f.outside, x, 1.0), (f.rate_coordinates, f.rate_outside, x_rate, 20.0),
    ):  # fmt: skip
        miss = np.sum((target[rows] - guess[:, :r]) ** 2, 1) + np.sum(guess[:, r:] ** 2, 1)
        loss += weight * np.mean(miss + outside[rows])
    assert loss == pytest.approx(found.chains[0].loss[2], rel=1e-3)


@pytest.mark.slow
def test_pod_coordinates_and_pixels_sample_one_distribution(small):
    """Many short runs from one start under one decoder: loss, latent spread, kinetic energy.

    Without the scalar that stands for the weights outside the span the kinetic energy is wrong.
    """
    n, every, runs, steps = small.size, 6, 500, 15
    x = small.field[::every].reshape(-1, n).astype(np.float32)
    x_rate = small.rate[::every].reshape(-1, n).astype(np.float32)
    modes = np.linalg.svd(np.vstack([x, x_rate]).astype(float), full_matrices=False)[2][:40]
    modes, root = modes.astype(np.float32), np.float32(np.sqrt(n))
    a, a_rate = x @ modes.T, x_rate @ modes.T
    rng = np.random.default_rng(0)
    encoder, decoder = dense.glorot((n, 8, 2), rng), dense.glorot((2, 8, n), rng)
    decoder = (*decoder[:-2], 10 * decoder[-2], decoder[-1])  # so that the loss sees the encoder
    reduced_encoder, reduced_decoder = onto_span(encoder, decoder, modes)
    wide = tuple(root * w @ modes for w in reduced_decoder[-2:])  # the same, on pixels
    pixels = ((x, x_rate, x, x_rate), encoder, (*decoder[:-2], *wide), True)
    span = ((a, a_rate, a / root, a_rate / root), reduced_encoder, reduced_decoder, False)
    seen = []
    for (data, enc, dec, full_space), hidden, seed in (
        (pixels, 0, 1), (span, (n - 40) * 8, 2), (span, 0, 3)
    ):  # fmt: skip
        thermostat = NoseHoover(mass=1e-6, step=1e-5, time_constant=1e-3, resample_every=20,
                                hidden=hidden, chain_length=4)  # fmt: skip
        objective = choice.sampled(recipe("paper-quick").but(full_space=full_space), standard(2), n)
        problem = Problem(objective, Data(*map(tf.constant, data)))
        sampler = Loop(problem, nose_hoover.SAMPLER, thermostat)
        fixed = tuple(map(tf.constant, dec))
        origin = sampler.init(tuple(map(tf.constant, enc)), fixed, seed, 1e-3)
        rows = []
        for k in range(runs):  # the step's number sets the noise: each run has its own
            state = origin._replace(step=tf.constant(10 * steps * k, tf.int64))
            for _ in range(4):
                state, record, _ = sampler.hold(state, fixed, seed, 1e-3, steps)
                z, _ = forward([w.numpy() for w in state.position], "elu", data[0], data[1])
                moving = float(tf.reduce_sum(particles.kinetic(thermostat, state.velocity)))
                rows.append((record.loss[-1], z.std(), moving + float(state.bath.hidden_kinetic)))
        seen.append(np.array(rows, float).reshape(runs, 4, 3))
    assert seen[0][..., 0].size >= 2000
    for k, name in enumerate(("loss", "latent spread", "kinetic energy")):
        # Thinned to the last draw of each run: runs are independent, their draws are not.
        assert ks_2samp(seen[0][:, -1, k], seen[1][:, -1, k]).pvalue > 0.01, name
        assert len(np.unique(seen[0][:, -1, k])) > 0.9 * runs
    assert ks_2samp(seen[0][:, -1, 2], seen[2][:, -1, 2]).pvalue < 1e-6


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"temperature": 0.0}, "--temperature auto needs a --confinement"),
        ({"temperature": float("nan")}, "--temperature must be a finite number"),
        ({"mass": -1.0}, "--mass must be positive"),
        ({"latents": 0}, "--latents must be at least 1"),
        ({"train": 0.9, "validation": 0.2}, "add up to at most 1"),
        ({"hidden": (0,)}, "--hidden"),
        ({"tempreature": 1.0}, "unknown setting 'tempreature'"),
    ],
)
def test_settings_that_cannot_be_right_are_refused_at_birth(changes, says):
    with pytest.raises(EaeSindyError, match=says):
        recipe("paper-quick").but(**changes)


def test_what_only_the_data_can_tell_is_refused_before_any_step(small):
    with pytest.raises(EaeSindyError, match="unknown recipe 'slow'"):
        recipe("slow")
    with pytest.raises(EaeSindyError, match="unknown activation"):
        EntropicAutoencoder(TINY_FIT.but(activation="step"))
    with pytest.raises(EaeSindyError, match="no GPU"):
        EntropicAutoencoder(TINY_FIT, device="gpu")
    with pytest.raises(EaeSindyError, match="exceeds the rank of the data, 12"):
        EntropicAutoencoder(TINY_FIT.but(latents=13, degree=1)).fit(small)
    flat = Snapshots(small.time, np.ones_like(small.field), np.zeros_like(small.field))
    with pytest.raises(EaeSindyError, match="never change"):
        EntropicAutoencoder(TINY_FIT).fit(flat)
    with pytest.raises(EaeSindyError, match="too few"):
        EntropicAutoencoder(TINY_FIT).fit(
            Snapshots(small.time[:4], small.field[:4], small.rate[:4])
        )


def test_a_sampler_that_diverges_stops_at_once_and_keeps_what_was_good(small, tmp_path):
    """The temperature rises until the sampler gives way; the segment before is still there."""
    hot = TINY_FIT.but(schedule="geometric", start_temperature=1e-4, temperature=1e8, updates=8)
    segments = Segments(tmp_path / "e.h5", every=0.0)
    good = []
    steps = EntropicAutoencoder(hot).iterate(small, segments)
    with pytest.raises(EaeSindyError, match=r"diverged while training.*largest stable --step") as e:
        good.extend(progress.done for progress in steps)
    (at,) = map(int, re.findall(r"encoder step (\d+)", str(e.value)))
    assert good[-1] * hot.encoders < at <= (good[-1] + 1) * hot.encoders
    ((chain,),) = segments.read(0)
    assert len(chain.training) >= good[-1] - 1 >= 1
    assert np.isfinite(chain.training).all()


@pytest.mark.slow
def test_three_latents_two_hidden_layers_channels_and_trajectories(small):
    """Two trajectories of a two-channel field with a mask: every size is a value, not a shape."""
    half = 240
    field = np.stack([small.field[: 2 * half], small.rate[: 2 * half]], 1)
    mask = np.ones(field.shape[1:], bool)
    mask[:, :2] = False
    rate = np.gradient(field, 0.1, axis=0)
    data = Snapshots(np.tile(small.time[:half], 2), field, rate, np.repeat([0, 1], half), mask,
                     attributes={"channel_axis": 0})  # fmt: skip
    settings = TINY_FIT.but(latents=3, hidden=(12, 10), degree=2, sine=False, constant=True)
    found = EntropicAutoencoder(settings).fit(data)
    z, z_rate = found.encode(0, found.frames.where(TEST))
    assert z.shape == z_rate.shape == (half, 3)
    assert found.library.terms[0] == "1"
    fields = found.field(found.decode(0, z, z_rate)[0])
    assert fields.shape == (half, 2, 16, 16)
    assert np.isnan(fields[:, :, :2]).all()
    assert np.isfinite(fields[:, :, 2:]).all()
