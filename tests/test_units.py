"""Units of the data's own: what a fit finds does not depend on those of the file."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from eae_sindy import formats
from eae_sindy.discovery.relative_error import Target
from eae_sindy.dynamics import least_squares
from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.errors import EaeSindyError
from eae_sindy.neural.estimator import EntropicAutoencoder
from eae_sindy.neural.objectives.data import coordinates
from eae_sindy.neural.starts.projection import search
from eae_sindy.new_data import frames as new_frames
from eae_sindy.progress import finish
from eae_sindy.snapshots import pod
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.split import TEST, TRAIN
from tests.conftest import TINY_FIT
from tests.test_projection import FIT, begin, planted

SHORT = TINY_FIT.but(dimensionless=True, rate_weight=1.0, updates=2, encoders=5, draws=6)
# A factor of the field, of a mean flow that is added, and of time.
CHANGES = {"field": (1e3, 0.0, 1.0), "mean flow": (1.0, 0.7, 1.0), "time": (1.0, 0.0, 10.0)}


def changed(data, factor=1.0, flow=0.0, stretch=1.0):
    """The same data in other units, with a constant mean flow."""
    added = flow * np.random.default_rng(3).normal(size=data.shape)
    return Snapshots(stretch * np.asarray(data.time), factor * (np.asarray(data.field) + added),
                     factor * np.asarray(data.rate) / stretch, data.trajectory)  # fmt: skip


def equations(ensemble, member=3):
    rows = ensemble.frames.where(TRAIN)
    z, z_rate = (a.astype(float) for a in ensemble.encode(member, rows))
    theta = ensemble.library(z)
    return (
        theta @ least_squares.solve(theta, z_rate)[0]
    )  # single coefficients are hardly told apart


def errors(ensemble, member=3):
    rows = ensemble.frames.where(TEST)
    x, x_rate = ensemble.decode(member, *ensemble.encode(member, rows))
    return [Target.of(ensemble, rows, w).error(g) for w, g in (("field", x), ("rate", x_rate))]


@pytest.fixture(scope="module", params=["adam", "exact"])
def plain(small, request):
    return EntropicAutoencoder(SHORT.but(decoder_update=request.param)).fit(small)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_other_units_of_the_file_change_nothing_but_units(small, plain, change):
    factor, _, stretch = change
    data = changed(small, *change)
    found = EntropicAutoencoder(plain.settings).fit(data)
    a, b = plain.chains[0], found.chains[0]
    np.testing.assert_allclose(b.training, a.training, rtol=1e-4)
    np.testing.assert_allclose(b.loss, a.loss, rtol=1e-4)
    for p, q in zip((*a.encoder, *a.decoder), (*b.encoder, *b.decoder), strict=True):
        np.testing.assert_allclose(q, p, atol=2e-3 * np.abs(p).max())
    rows = plain.frames.where(TEST)
    z, z_rate = plain.encode(3, rows)
    w, w_rate = found.encode(3, rows)
    np.testing.assert_allclose(w, z, atol=2e-4 * np.abs(z).max())
    np.testing.assert_allclose(stretch * w_rate, z_rate, atol=2e-4 * np.abs(z_rate).max())
    ours, theirs = equations(plain), equations(found)
    np.testing.assert_allclose(stretch * theirs, ours, atol=1e-3 * np.abs(ours).max())
    np.testing.assert_allclose(errors(found), errors(plain), rtol=1e-3)
    # The way back, into the units of the file.
    shown, original = (e.field(e.frames.coordinates[rows]) for e in (found, plain))
    mean = np.asarray(data.field)[0] / factor - np.asarray(small.field)[0]
    np.testing.assert_allclose(shown / factor - mean, original, atol=1e-3)


def searched(data):
    """What a whole start finds that time does not bound, and what chose the activation."""
    settings = FIT.but(start_seconds=1e6, hidden=(8,), train=0.2, activation="auto")
    begun, given = begin(data, settings)
    chosen = {k: v for k, v in begun.attributes.items() if k.startswith("activation/")}
    return finish(search.start(begun.settings, *given[1:])).numbers, chosen


@pytest.fixture(scope="module")
def curved():
    data = planted()[0]
    return data, *searched(data)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_whole_start_finds_the_same_in_other_units(curved, change):
    data, numbers, chosen = curved
    found, errors = searched(changed(data, *change))
    assert found["floor"] == pytest.approx(numbers["floor"], rel=1e-5)
    assert found["polynomial"] == pytest.approx(numbers["polynomial"], rel=1e-4)
    # Descents take the last bits of frames on to other places that are as good.
    assert found["network"] == pytest.approx(numbers["network"], rel=0.2)
    assert found["network"] < 0.1 * found["floor"]
    assert errors == pytest.approx(chosen, rel=1e-2)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_units_of_the_file_matter_to_the_papers_loss(small, change):
    change = (min(change[0], 2.0), *change[1:])  # of 10³ times the field nothing is left at all
    settings = SHORT.but(dimensionless=False, updates=1)
    found = [EntropicAutoencoder(settings).fit(data).chains[0]
             for data in (small, changed(small, *change))]  # fmt: skip
    assert not np.allclose(found[0].training, found[1].training, rtol=0.1)


def test_what_networks_see_has_no_units(small):
    begun, _ = EntropicAutoencoder(SHORT).begin(changed(small, 300.0, 0.5, 4.0))
    x, x_rate, target, target_rate = coordinates(begun)
    rows = begun.frames.where(TRAIN)
    assert begun.pod.gain == 1.0
    np.testing.assert_array_equal(x, target)
    beyond = begun.frames.outside[rows].mean()
    assert np.mean(np.sum(target**2, axis=1)) + beyond == pytest.approx(1, rel=1e-4)
    assert np.abs(target.mean(axis=0)).max() < 1e-5
    # The fluctuation is one in all, and so is its rate.
    late = begun.frames.rate_outside[rows].mean() * begun.frames.clock() ** 2
    assert np.mean(np.sum(target_rate**2, axis=1)) + late == pytest.approx(1, rel=1e-4)
    np.testing.assert_array_equal(x_rate, target_rate)


def test_stored_loss_is_that_of_the_stored_members_without_units(plain):
    rows, f, clock = plain.frames.where(TRAIN), plain.frames, plain.frames.clock()
    z, z_rate = (a.astype(float) for a in plain.encode(5, rows))
    theta = plain.library(z)
    x, x_rate = plain.decode(5, z, theta @ least_squares.solve(theta, z_rate)[0])
    loss = np.mean(np.sum((f.coordinates[rows] - x) ** 2, 1))
    loss += clock**2 * np.mean(np.sum((f.rate_coordinates[rows] - x_rate) ** 2, 1))
    assert loss == pytest.approx(plain.chains[0].loss[5], rel=1e-4)


def test_new_frames_get_the_origin_and_the_unit_of_the_old_ones(small, plain, tmp_path):
    plain.save(tmp_path / "e.h5")
    opened = Ensemble.open(tmp_path / "e.h5")
    seen = new_frames.on(opened, small)
    # To the last bit but for the basis in memory, which is the same; blocks are cut alike.
    np.testing.assert_allclose(seen.frames.coordinates, plain.frames.coordinates, atol=1e-6)
    np.testing.assert_allclose(seen.frames.outside, plain.frames.outside, atol=1e-6)
    for name in ("origin", "unit", "gain", "modes"):
        np.testing.assert_array_equal(getattr(opened.pod, name), getattr(plain.pod, name))


def test_the_remainder_is_measured_in_the_unit(small):
    frames = np.asarray(changed(small, 50.0, 1.0).field).reshape(len(small), -1)
    found = pod.decompose(frames.astype(np.float32), 3, dimensionless=True)
    shot = Snapshots(small.time, frames.astype(np.float32), frames)
    made = pod.project(shot, found, np.full(len(small), TRAIN))
    missed = np.mean((found.expand(made.coordinates) - frames) ** 2, axis=1) / found.unit**2
    np.testing.assert_allclose(made.outside, missed, rtol=1e-2, atol=1e-5)
    assert np.sum(found.sigma**2) + missed.mean() == pytest.approx(1, rel=1e-3)


def test_full_space_has_no_units_of_its_own():
    with pytest.raises(EaeSindyError, match="--dimensionless is for POD coordinates") as refused:
        TINY_FIT.but(dimensionless=True, full_space=True)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("version", [1, 2])
def test_an_ensemble_of_every_older_version_means_what_it_did(ensemble, tmp_path, version):
    path = tmp_path / "old.h5"
    ensemble.save(path)
    with h5py.File(path, "r+") as file:
        file.attrs[formats.VERSION] = version
        for name in ("dimensionless", "start", "start_seconds", "decoder_update", "step_share"):
            del file.attrs[f"settings/{name}"]
        for name in ("origin", "unit", "gain"):
            del file[f"pod/{name}"]
        gone = ["outer_gradient", "time_step"]
        if version == 1:
            gone += ["gradient_square", "laplacian", "largest_stable_step", "batch_noise",
                     "decoder_index"]  # fmt: skip
            file.attrs["settings/mass"] = 1e-6
        for name in gone:
            del file[f"chains/0/{name}"]
    old = Ensemble.open(path)
    assert old.settings == ensemble.settings
    assert (old.pod.unit, old.pod.gain) == (1.0, np.sqrt(old.pod.size))
    assert not old.pod.origin.any()
    rows = ensemble.frames.where(TEST)
    for a, b in zip(ensemble.encode(7, rows), old.encode(7, rows), strict=True):
        np.testing.assert_array_equal(a, b)
    x = ensemble.frames.coordinates[rows]
    np.testing.assert_array_equal(old.field(x), ensemble.field(x))
    assert np.isnan(old.chains[0].time_step)
    assert old.chains[0].outer_gradient.shape == (0, 2)
    again = replace(old)
    again.save(tmp_path / "new.h5")
    with h5py.File(tmp_path / "new.h5") as file:
        assert file.attrs[formats.VERSION] == 3
