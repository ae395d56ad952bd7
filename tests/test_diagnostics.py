"""Diagnostics of chains, on series whose state is known."""

from dataclasses import replace

import numpy as np
import pytest

from eae_sindy.discovery import discover
from eae_sindy.ensemble import arviz_export, diagnostics
from eae_sindy.ensemble.chain import Chain
from eae_sindy.ensemble.diagnostics import mixing, settled_from
from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import finish
from eae_sindy.report import verdicts
from eae_sindy.report.report import Report
from eae_sindy.report.verdicts import Verdict, judge


def ar1(n, rho, rng, start=0.0):
    x = np.empty(n)
    x[0] = start
    for i in range(1, n):
        x[i] = rho * x[i - 1] + np.sqrt(1 - rho**2) * rng.normal()
    return x


def test_a_transient_is_cut_and_a_stationary_series_is_kept():
    rng = np.random.default_rng(0)
    kept = []
    for _ in range(40):
        series = ar1(2000, 0.8, rng)
        kept.append(settled_from(series) == 0)
        late = series + 30 * np.exp(-np.arange(2000) / 100)
        assert 250 <= settled_from(late) <= 800  # two to eight decay times
    assert np.mean(kept) > 0.9


def test_a_series_that_never_settles_is_said_to():
    trend = np.linspace(1, 0, 2000) + 1e-3 * ar1(2000, 0.5, np.random.default_rng(0))
    assert settled_from(trend) >= 800
    assert settled_from(np.full(500, 0.3)) == 0
    assert settled_from(np.arange(5.0)) == 0


def test_chains_of_one_decoder_are_compared_and_those_of_two_are_not():
    rng = np.random.default_rng(1)
    same = [ar1(1000, 0.5, rng) for _ in range(4)]
    apart = [c + 3 * (i // 2) for i, c in enumerate(same)]
    found = mixing("x", same, [0, 0, 0, 0])
    assert found.r_hat < 1.02
    assert found.between_decoders is None
    assert found.time == pytest.approx(3, rel=0.25)  # (1 + ρ)/(1 − ρ)
    assert mixing("x", apart, [0, 0, 0, 0]).r_hat > 1.3
    two = mixing("x", apart, [0, 0, 1, 1])
    assert two.r_hat < 1.02
    assert two.between_decoders == pytest.approx(3 / np.sqrt(2), rel=0.15)


def test_what_cannot_be_compared_is_left_out():
    assert mixing("x", [np.ones(100)], [0]) is None
    assert mixing("x", [np.arange(5.0)], [0]) is None
    assert mixing("x", [np.r_[np.nan, np.arange(50.0)]], [0]) is None


def with_chains(ensemble, count, draws, rng, *, ratio=1.0, decoders=None):
    """An ensemble whose statistics are those of a perfect sampler, but for its temperature."""
    t, sizes = ensemble.settings.temperature, ensemble.encoder_sizes
    chains = [
        replace(
            ensemble.chains[0],
            encoder=tuple(np.repeat(w[:1], draws, axis=0) for w in ensemble.chains[0].encoder),
            loss=1 + 0.1 * rng.normal(size=draws),
            step=np.arange(draws),
            kinetic_temperature=ratio * t * rng.chisquare(sizes, (draws, len(sizes))) / sizes,
            gradient_square=t * 50.0 * rng.chisquare(80, draws) / 80,
            laplacian=np.full(5, 50.0),
            largest_stable_step=5 * ensemble.settings.step,
            batch_noise=0.0,
            decoder_index=0 if decoders is None else decoders[c],
        )
        for c in range(count)
    ]
    settings = ensemble.settings.but(chains=count, chains_per_decoder=count if decoders is None
                                     else 1)  # fmt: skip
    return replace(ensemble, chains=chains, settings=settings)


def levels(ensemble):
    found = diagnostics.diagnose(ensemble, [0] * len(ensemble.chains), {})
    return found, {v.subject: v.level for v in verdicts.of_chains(found, ensemble)}


def test_a_perfect_sampler_gets_good_verdicts(ensemble):
    found, said = levels(with_chains(ensemble, 4, 500, np.random.default_rng(0)))
    assert all(low < la.ratio < high for la in found.layers for low, high in [la.interval])
    assert found.configurational_temperature == pytest.approx(1, rel=0.02)
    assert said["kinetic temperature"] == said["mixing"] == said["time step"] == "good"
    assert said["independent draws"] == "good"


def test_a_sampler_that_is_too_hot_is_caught(ensemble):
    found, said = levels(with_chains(ensemble, 2, 2000, np.random.default_rng(0), ratio=1.15))
    assert said["kinetic temperature"] == "bad"
    assert all(la.ratio > la.interval[1] for la in found.layers)


def test_a_chain_of_long_memory_widens_the_interval_that_others_would_narrow(ensemble):
    rng = np.random.default_rng(0)
    pair = with_chains(ensemble, 2, 2000, rng)
    slow = replace(pair.chains[1], kinetic_temperature=np.repeat(
        pair.chains[1].kinetic_temperature[:20], 100, axis=0))  # fmt: skip
    alone, both = (
        diagnostics.layers(replace(pair, chains=chains), [slice(None)] * len(chains))
        for chains in ([slow], [pair.chains[0], slow])
    )
    for one, two in zip(alone, both, strict=True):
        assert np.ptp(two.interval) == pytest.approx(np.ptp(one.interval) / 2, rel=0.1)


def test_bad_chains_get_bad_verdicts_that_say_what_to_change(ensemble):
    good = with_chains(ensemble, 2, 500, np.random.default_rng(0))
    first, second = good.chains
    apart = replace(good, chains=[first, replace(second, loss=second.loss + 1, batch_noise=2.0,
                    largest_stable_step=1.1 * good.settings.step)])  # fmt: skip
    found = diagnostics.diagnose(apart, [0, 300], {})
    said = {v.subject: v for v in verdicts.of_chains(found, apart)}
    for subject in ("mixing", "time step", "settling", "batch noise"):
        assert said[subject].level == "bad", subject
    assert "--draws" in said["mixing"].text
    assert "shorten" in said["time step"].text
    assert all(isinstance(v, Verdict) and "\n" not in v.text for v in said.values())


def test_members_drawn_before_the_loss_settled_are_left_out(ensemble):
    """A planted transient: discovery uses what comes after it, and says so."""
    rng = np.random.default_rng(0)
    late = with_chains(ensemble, 1, 200, rng)
    chain = late.chains[0]
    late = replace(
        late, chains=[replace(chain, loss=chain.loss + 50 * np.exp(-np.arange(200) / 10))]
    )
    found = discover.discover(late, "train")
    (start,) = found.diagnostics.settled_from
    assert 40 <= start <= 100
    assert found.members[0] == start
    summary = Report.of(found).summary
    assert summary["diagnostics"]["settled_from"] == [start]
    said = {v["subject"]: v["level"] for v in summary["verdicts"]}
    assert said["settling"] == "caution"


def test_parts_of_a_chain_join(ensemble):
    whole = ensemble.chains[0]
    cut = [slice(0, 20), slice(20, None)]
    parts = [
        replace(
            whole,
            encoder=tuple(w[c] for w in whole.encoder),
            **{k: getattr(whole, k)[c] for k in ("loss", "kinetic_temperature", "step",
                                                 "gradient_square")},
            laplacian=np.array([float(i)]),
        )
        for i, c in enumerate(cut)
    ]  # fmt: skip
    joined = Chain.join(parts)
    np.testing.assert_array_equal(joined.loss, whole.loss)
    np.testing.assert_array_equal(joined.encoder[0], whole.encoder[0])
    np.testing.assert_array_equal(joined.laplacian, [0, 1])


def test_netcdf_opens_in_xarray_with_the_groups_arviz_expects(ensemble, tmp_path):
    import xarray
    from arviz_stats.base import array_stats

    several = with_chains(ensemble, 3, 20, np.random.default_rng(0))
    path = finish(arviz_export.netcdf(several, tmp_path / "e.nc"))
    with xarray.open_datatree(path) as tree:
        assert set(tree.children) == {"posterior", "sample_stats", "constant_data"}
        xi = tree["posterior"]["xi"]
        assert xi.dims == ("chain", "draw", "equation", "term")
        assert xi.shape == (3, 20, 2, len(ensemble.library.terms))
        assert list(xi.term.values) == ensemble.library.terms
        loss = tree["sample_stats"]["loss"].values
        np.testing.assert_allclose(loss[2], several.chains[2].loss)
        assert np.isfinite(array_stats.rhat(loss, chain_axis=0, draw_axis=1))
    found = discover.discover(several, "train")
    # Coefficients trade against each other and take rounding with them; what they add up to not.
    theta = found.ensemble.library(np.random.default_rng(0).normal(size=(50, 2)))
    np.testing.assert_allclose(theta @ xi.values[1, 7].T, theta @ found.values[27], rtol=1e-4)
    with pytest.raises(EaeSindyError, match="exists"):
        finish(arviz_export.netcdf(several, tmp_path / "e.nc"))


def test_what_version_1_wrote_still_opens(ensemble, tmp_path):
    import h5py

    ensemble.save(tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "r+") as file:
        file.attrs["format_version"] = 1
        file.attrs["settings/mass"] = 1e-6
        for name in ("gradient_square", "laplacian", "largest_stable_step", "batch_noise",
                     "decoder_index"):  # fmt: skip
            del file[f"chains/0/{name}"]
        for name in ("sampler", "schedule", "start_temperature", "chains", "chains_per_decoder"):
            del file.attrs[f"settings/{name}"]
    found = Ensemble.open(tmp_path / "old.h5")
    assert found.settings == ensemble.settings
    said = judge(discover.discover(found, "train"))
    assert "time step" not in {v.subject for v in said}
