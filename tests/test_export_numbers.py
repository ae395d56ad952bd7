"""What an export holds, number by number, on an ensemble whose chains are known."""

from dataclasses import replace

import numpy as np
import pytest

from eae_sindy.dynamics import least_squares
from eae_sindy.ensemble import arviz_export
from eae_sindy.progress import finish
from eae_sindy.snapshots.split import TRAIN
from tests import planted

TIME = np.arange(0, 60, 0.2)


@pytest.fixture(scope="module")
def planted_ensemble():
    spiral = planted.orbit(planted.hopf, [0.2, 0.0], TIME)
    return planted.ensemble(TIME, *spiral, noise=0.05, chains=2, members=4)


@pytest.fixture(scope="module")
def tree(planted_ensemble, tmp_path_factory):
    import xarray

    path = tmp_path_factory.mktemp("export") / "e.nc"
    finish(arviz_export.netcdf(planted_ensemble, path))
    with xarray.open_datatree(path) as opened:
        yield opened.load()


def test_lp_is_the_logarithm_of_the_density(planted_ensemble, tree):
    """log p = −L/T up to a constant: the likelier, the smaller the loss."""
    lp = tree["sample_stats"]["lp"].values
    for c, chain in enumerate(planted_ensemble.chains):
        temperature = planted_ensemble.settings.temperature
        np.testing.assert_allclose(lp[c], -chain.loss / temperature, rtol=1e-9)
        assert np.argmax(lp[c]) == np.argmin(chain.loss)


def test_statistics_are_those_of_the_chains(planted_ensemble, tree):
    statistics = tree["sample_stats"]
    for c, chain in enumerate(planted_ensemble.chains):
        np.testing.assert_allclose(statistics["loss"][c], chain.loss)
        np.testing.assert_array_equal(statistics["step"][c], chain.step)
        np.testing.assert_allclose(statistics["kinetic_temperature"][c], chain.kinetic_temperature)
        assert statistics["decoder"][c] == chain.decoder_index


def test_coefficients_are_those_of_the_training_frames(planted_ensemble, tree):
    e = planted_ensemble
    rows = e.frames.where(TRAIN)
    for member in (0, 5):
        z, z_rate = (a.astype(float) for a in e.encode(member, rows))
        expected = least_squares.solve(e.library(z), z_rate)[0].T
        found = tree["posterior"]["xi"].values[member // 4, member % 4]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    data = tree["constant_data"]
    np.testing.assert_array_equal(data["coordinates"], e.frames.coordinates[rows])
    np.testing.assert_array_equal(data["rate_coordinates"], e.frames.rate_coordinates[rows])
    np.testing.assert_array_equal(data["time"], e.frames.time[rows])


def test_weights_are_those_of_the_encoders(planted_ensemble, tree):
    for c, chain in enumerate(planted_ensemble.chains):
        found = [tree["posterior"][f"encoder_{name}"].values[c]
                 for name in ("kernel_0", "bias_0", "kernel_1", "bias_1")]  # fmt: skip
        for mine, theirs in zip(chain.encoder, found, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_draws_before_the_loss_settled_are_marked(planted_ensemble, tmp_path):
    import xarray

    late = 5 * np.exp(-np.arange(400) / 10) + 1e-3 * np.random.default_rng(0).normal(size=400)
    chains = [
        replace(c, encoder=tuple(np.repeat(w[:1], 400, 0) for w in c.encoder), loss=loss,
                step=np.arange(400), kinetic_temperature=np.ones((400, 4)))
        for c, loss in zip(planted_ensemble.chains, (late, np.ones(400)), strict=True)
    ]  # fmt: skip
    path = finish(arviz_export.netcdf(replace(planted_ensemble, chains=chains), tmp_path / "e.nc"))
    with xarray.open_datatree(path) as tree:
        first, second = tree["sample_stats"]["settled_from"].values
    assert 20 <= first <= 200
    assert second == 0
