"""Noise and rates: splines as stiff as cross-validation says, and what is said of them."""

import numpy as np
import pytest

from eae_sindy.recipes import DIFFERENTIATIONS, Criteria
from eae_sindy.report.verdicts import of_preparation
from eae_sindy.snapshots import smoothing
from eae_sindy.snapshots.differentiation import KINDS, SPLINE, differentiate, gain
from eae_sindy.snapshots.frames import Frames
from eae_sindy.snapshots.preparation import prepared
from eae_sindy.snapshots.smoothing import most_noise, smooth
from eae_sindy.snapshots.split import TEST, TRAIN

STEP, RUNS, LENGTH = 0.1, 8, 120
TIME = np.tile(STEP * np.arange(LENGTH), RUNS)
LABEL = np.repeat(np.arange(RUNS) - 3, LENGTH)  # labels need not begin at 0
PHASE = np.linspace(0, 5, RUNS)[LABEL + 3]
CLEAN = np.stack([np.cos(TIME + PHASE), np.sin(TIME + PHASE), 0.1 * np.cos(3 * TIME + PHASE)], 1)
RATE = np.stack([-np.sin(TIME + PHASE), np.cos(TIME + PHASE), -0.3 * np.sin(3 * TIME + PHASE)], 1)
SIZE = np.sqrt(np.sum(CLEAN.var(axis=0)))


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.sum(values**2, axis=1))))


def noisy(share: float, of: np.ndarray = CLEAN) -> np.ndarray:
    noise = np.random.default_rng(5).normal(size=of.shape)
    return of + share * np.sqrt(np.sum(of.var(axis=0)) / of.shape[1]) * noise


def frames(share: float) -> Frames:
    field = noisy(share).astype(np.float32)
    split = np.where(TIME > 9, TEST, TRAIN).astype(np.int8)
    rate = differentiate(TIME, LABEL, field)
    nothing = np.zeros(len(TIME), np.float32)
    return Frames(TIME, LABEL, split, field, rate, nothing, nothing)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_a_spline_finds_the_noise_and_takes_most_of_it_away(share):
    found = smooth(TIME, LABEL, noisy(share))
    planted = share * SIZE / np.sqrt(3)
    np.testing.assert_allclose(found.noise, planted, rtol=0.15)
    # Of white noise in so many frames a cubic spline leaves less than half.
    assert rms(found.values - CLEAN) < 0.5 * rms(noisy(share) - CLEAN)
    off = np.sqrt(np.mean((found.rates - RATE) ** 2, axis=0))
    # What is said of the rates is their error, but for the bias of the smoothing.
    assert (off / found.rate_noise < 2.5).all()
    assert (off / found.rate_noise > 0.6).all()
    assert most_noise(LABEL, noisy(share)) == pytest.approx(share, rel=0.25)


def test_uneven_times_and_several_units_of_time_are_smoothed_alike():
    rng = np.random.default_rng(1)
    time = np.sort(rng.uniform(0, 40, 800))
    clean = np.cos(time)[:, None]
    noise = 0.1 * rng.normal(size=clean.shape)
    label = np.zeros(len(time), int)
    found, stretched = (smooth(unit * time, label, clean + noise) for unit in (1.0, 1e3))
    assert rms(found.values - clean) < 0.5 * rms(noise)
    assert rms(found.rates + np.sin(time)[:, None]) < 0.2
    np.testing.assert_allclose(stretched.values, found.values, atol=1e-6)
    np.testing.assert_allclose(1e3 * stretched.rates, found.rates, atol=1e-6)


def test_clean_frames_stay_as_they_are():
    before = frames(0.0)
    after, told = prepared(before, rates_given=False, smooth=True, method="auto")
    assert after is before
    assert told["noise"] < 1e-3
    assert (told["smoothed"], told["rates_by"]) == (False, "finite-difference")


@pytest.mark.parametrize(("share", "changed"), [(0.01, False), (0.05, True), (0.2, True)])
def test_noise_is_smoothed_and_rates_are_made_of_splines(share, changed):
    before = frames(share)
    after, told = prepared(before, rates_given=False, smooth=True, method="auto")
    assert told["noise"] == pytest.approx(share, rel=0.2)
    assert told["smoothed"] == changed
    assert told["rates_by"] == "smoothing-spline"
    assert (rms(after.coordinates - CLEAN) < 0.6 * rms(before.coordinates - CLEAN)) == changed
    off = rms(after.rate_coordinates - RATE)
    assert off < 0.5 * rms(before.rate_coordinates - RATE)
    assert told["rates_error"] == pytest.approx(off / rms(RATE), rel=0.6)
    kept, told = prepared(before, rates_given=False, smooth=False, method="auto")
    assert kept.coordinates is before.coordinates
    assert not told["smoothed"]


def test_no_test_frame_comes_into_what_is_trained_on():
    one, other = frames(0.1), frames(0.1)
    late = one.split == TEST
    other.coordinates[late] = other.coordinates[late][::-1]
    first, second = (
        prepared(f, rates_given=True, smooth=True, method="auto")[0] for f in (one, other)
    )
    # Stiffness is chosen once for all; nothing else may differ.
    np.testing.assert_allclose(first.coordinates[~late], second.coordinates[~late], atol=0.02)
    edge = np.flatnonzero(~late & (TIME > 8.8))
    far = np.abs(first.coordinates[edge] - second.coordinates[edge]).max()
    assert far < 0.02


def test_given_rates_are_smoothed_with_the_field_and_never_made_anew():
    before = frames(0.1)
    given = noisy(0.1, RATE).astype(np.float32)
    before.rate_coordinates[:] = given
    after, told = prepared(before, rates_given=True, smooth=True, method="spectral")
    assert "rates_by" not in told
    assert rms(after.rate_coordinates - RATE) < 0.5 * rms(given - RATE)
    before.coordinates[:] = CLEAN
    after, told = prepared(before, rates_given=True, smooth=True, method="spectral")
    np.testing.assert_array_equal(after.rate_coordinates, given)


def test_what_is_only_noise_is_left_as_it_is():
    before = frames(0.0)
    before.coordinates[:] = np.random.default_rng(0).normal(size=CLEAN.shape)
    after, told = prepared(before, rates_given=True, smooth=True, method="auto")
    assert after.coordinates is before.coordinates
    assert (told["smoothed"], told["noise"] > 0.9) == (False, True)


def test_settings_name_the_methods_that_there_are():
    assert set(DIFFERENTIATIONS) == {"auto", SPLINE, *KINDS}


@pytest.mark.parametrize("method", [*KINDS, "smoothing-spline"])
def test_every_method_differentiates_clean_frames(method):
    inside = (TIME > 2) & (TIME < 7)
    made, told = prepared(frames(0.0), rates_given=False, smooth=False, method=method)
    assert told["rates_by"] == method
    most = 0.5 if method == "spectral" else 0.01  # which takes every trajectory for periodic
    assert rms((made.rate_coordinates - RATE)[inside]) < most * rms(RATE)


def test_the_noise_of_differences_is_what_is_said_of_it():
    noise = np.random.default_rng(0).normal(size=(5000, 1))
    time, label = 0.2 * np.arange(5000.0), np.zeros(5000, int)
    found = differentiate(time, label, noise)
    assert found[5:-5].std() == pytest.approx(gain(time, label), rel=0.05)


def test_trajectories_too_short_to_smooth_are_left_alone():
    label = np.repeat(np.arange(10), 6)
    field = np.random.default_rng(0).normal(size=(60, 2))
    found = smooth(np.tile(np.arange(6.0), 10), label, field)
    np.testing.assert_array_equal(found.values, field)
    assert np.isnan(found.rates).all()
    assert np.isnan(most_noise(np.arange(60) // 3, field))


def test_many_trajectories_are_smoothed_as_some_of_them_say(monkeypatch):
    whole = smooth(TIME, LABEL, noisy(0.1))
    monkeypatch.setattr(smoothing, "SCORED", 2)
    found = smooth(TIME, LABEL, noisy(0.1))
    np.testing.assert_allclose(found.noise, whole.noise, rtol=0.2)
    assert rms(found.values - whole.values) < 0.5 * rms(whole.values - noisy(0.1))
    assert np.isfinite(found.rates).all()


def test_what_was_done_is_said():
    assert of_preparation({}) == []
    assert of_preparation({"noise": 0.01, "smoothed": False}) == []
    smoothed, rates = of_preparation(
        {"noise": 0.123, "smoothed": True, "rates_by": "smoothing-spline", "rates_error": 0.04}
    )
    assert (smoothed.code, smoothed.level) == ("frames-smoothed", "good")
    assert "noise of 0.12 of the r.m.s." in smoothed.text
    assert (rates.code, rates.level, rates.advice) == ("rates-made", "good", "")
    assert "by smoothing-spline; noise leaves them about 0.04" in rates.text
    for off, level in ((0.06, "caution"), (0.29, "caution"), (0.31, "bad")):
        (said,) = of_preparation({"rates_by": "spectral", "rates_error": off})
        assert said.level == level
        assert "--smooth" in said.advice
    (said,) = of_preparation({"rates_by": "spectral", "rates_error": 0.04},
                             Criteria(rates_error=(0.01, 0.02)))  # fmt: skip
    assert said.level == "bad"
    (said,) = of_preparation({"rates_by": "finite-difference"})
    assert said.level == "good"


def test_differences_are_of_fourth_order_at_the_ends_and_at_uneven_times():
    time = 0.02 * np.arange(200.0)
    time[90:] += 0.013
    wave = np.stack([np.sin(2 * time), np.cos(3 * time)], axis=1)
    found = differentiate(time, np.zeros(200, int), wave)
    truth = np.stack([2 * np.cos(2 * time), -3 * np.sin(3 * time)], axis=1)
    np.testing.assert_allclose(found, truth, atol=1e-4)
