"""What is said of snapshots before anything is fitted: each number against one that is known."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from eae_sindy import recipes
from eae_sindy.errors import EaeSindyError
from eae_sindy.report import data as words
from eae_sindy.snapshots import profile
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.split import TEST, TRAIN, VALIDATION, split
from eae_sindy_cli.main import main

FIT = recipes.recipe(recipes.DEFAULT)
POINTS = 12
BASIS = np.linalg.qr(np.random.default_rng(1).normal(size=(POINTS, 5)))[0].T
TURN = 0.31  # turns per unit of time of the first pair of modes; three times that of the second
SMALL = 0.005  # share of the variance that the second pair carries


def wave(time, phase=0.0):
    """A mean and two pairs of modes, and its rate: all that a profile tells is known of it."""
    angle = 2 * np.pi * TURN * time + phase
    large, small = np.sqrt(2 * (1 - SMALL)), np.sqrt(2 * SMALL)
    a = np.stack([large * np.cos(angle), large * np.sin(angle),
                  small * np.cos(3 * angle), small * np.sin(3 * angle)], 1)  # fmt: skip
    turned = np.stack([-a[:, 1], a[:, 0], -3 * a[:, 3], 3 * a[:, 2]], 1)
    scale = np.sqrt(POINTS / 2)  # so that the fluctuation has a mean square of one per point
    mean = 7 * np.sqrt(POINTS) * BASIS[4]
    return mean + scale * a @ BASIS[:4], 2 * np.pi * TURN * scale * turned @ BASIS[:4]


def made(n=2000, turns=40, runs=1, given=True, **changes):
    """So many whole turns, in which averages over time are those over a turn."""
    time = np.arange(n) * turns / TURN / n
    parts = [wave(time, phase) for phase in range(runs)]
    field, rate = (np.concatenate([p[k] for p in parts]) for k in (0, 1))
    values = {"time": np.tile(time, runs), "field": field, "rate": rate if given else None,
              "trajectory": np.repeat(np.arange(runs), n)}  # fmt: skip
    return Snapshots(**(values | changes))


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_scales_and_modes_are_those_that_were_put_in():
    found = profile.profile(made(), FIT)
    assert found.mean == pytest.approx(7, rel=1e-6)
    assert found.fluctuation == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(found.carried[:4], [0.4975, 0.995, 0.9975, 1], rtol=1e-5)
    assert found.modes == {0.9: 2, 0.99: 2, 0.999: 4, 0.9999: 4}


def test_more_modes_than_are_looked_for_are_none():
    noise = np.random.default_rng(0).normal(size=(400, 300))
    found = profile.profile(Snapshots(np.arange(400.0), noise), FIT)
    assert set(found.modes.values()) == {None}
    said = words.lines(Snapshots(np.arange(400.0), noise), found, FIT)
    assert any("more than 64 for 90%, " in line for line in said)


def test_frequencies_are_those_of_the_modes_on_even_times_and_on_others():
    found = profile.profile(made(), FIT)
    np.testing.assert_allclose(found.frequencies, TURN * np.array([1, 1, 3, 3]), rtol=1e-3)
    time = np.sort(np.random.default_rng(0).uniform(0, 40 / TURN, 1500))
    odd = profile.profile(Snapshots(time, wave(time)[0]), FIT)
    np.testing.assert_allclose(odd.frequencies[:2], TURN, rtol=1e-2)


def test_frequencies_are_not_aliased_where_frames_are_many():
    """Every fortieth of 40,000 frames would turn ten times slower than these do."""
    n = 40_000
    time = np.arange(n) / 2.1 / TURN / 10
    found = profile.profile(Snapshots(time, wave(time)[0]), FIT)
    np.testing.assert_allclose(found.frequencies, TURN * np.array([1, 1, 3, 3]), rtol=1e-2)
    assert len(found.rows) == 2000


def test_a_frequency_of_several_trajectories_is_their_median():
    pure = made(runs=3)
    field = pure.field.copy()
    last = pure.trajectory == 2
    field[last] = wave(pure.time[last] * 1.5)[0]
    found = profile.profile(Snapshots(pure.time, field, None, pure.trajectory), FIT)
    np.testing.assert_allclose(found.frequencies[:2], TURN, rtol=1e-2)


@pytest.mark.parametrize(
    "signal", [np.zeros(200), np.arange(200.0), np.sin(np.linspace(0, 2 * np.pi, 200)), np.ones(9)]
)
def test_what_hardly_turns_has_no_frequency(signal):
    assert np.isnan(profile.frequency(np.linspace(0, 1, len(signal)), signal))


def test_a_frequency_is_found_between_the_bins_and_on_any_clock():
    for cycles in (3.3, 17.77, 60.5):
        time = np.linspace(5, 9, 1000)
        signal = 4 + 2 * time + np.cos(2 * np.pi * cycles / 4 * (time - 5) + 0.4)
        assert profile.frequency(time, signal) == pytest.approx(cycles / 4, rel=3e-3)


def test_rates_that_are_not_those_of_the_field_are_noticed():
    good = made()
    assert profile.profile(good, FIT).rate_error < 0.02
    for rate, error in ((-good.rate, 2.0), (good.rate / 2, 1.0), (2 * good.rate, 0.5)):
        wrong = Snapshots(good.time, good.field, rate)
        found = profile.profile(wrong, FIT)
        assert found.rate_error == pytest.approx(error, rel=0.03)
        said = "\n".join(words.lines(wrong, found, FIT))
        assert "is it the rate of this field" in said
    fine = "\n".join(words.lines(good, profile.profile(good, FIT), FIT))
    assert "r.m.s. from differences of the field" in fine
    assert "is it the rate" not in fine
    assert np.isnan(profile.profile(made(given=False), FIT).rate_error)


def test_times_are_told_trajectory_by_trajectory():
    time = np.r_[0, 1, 2, 3, 10, 11, 5, 7, 9, 11.0, 13]
    label = np.repeat([4, 2], [6, 5])
    t = profile.timing(Snapshots(time, np.zeros((11, 2)), None, label))
    assert t.lengths == {4: 6, 2: 5}
    assert list(t.lengths) == [4, 2]
    assert (t.start, t.end, t.duration) == (0, 13, 9.5)
    assert (t.step, t.gaps, t.longest) == (2.0, 1, 7.0)
    single = profile.timing(Snapshots([0.0, 0.0], np.zeros((2, 2)), None, [0, 1]))
    assert np.isnan(single.step)


def test_the_split_is_the_one_that_fit_makes():
    snapshots = made(runs=4)
    s = FIT.but(test=0.3, seed=5)
    parts = split(snapshots, train=s.train, validation=s.validation, test=s.test, seed=s.seed)
    found = profile.profile(snapshots, s)
    kinds = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
    assert found.parts == {name: np.count_nonzero(parts == k) for name, k in kinds.items()}
    for changes in ({"test_time": 20.0}, {"test_trajectories": "0,2"}):
        named = FIT.but(**changes)
        parts = split(snapshots, train=s.train, validation=s.validation, test=s.test, seed=s.seed,
                      **changes)  # fmt: skip
        found = profile.profile(snapshots, named)
        assert found.parts["test"] == np.count_nonzero(parts == TEST) != 2000
    few = Snapshots(np.arange(6.0), wave(np.arange(6.0))[0])
    said = "\n".join(words.lines(few, profile.profile(few, FIT), FIT))
    assert "fit would refuse them: 6 frames are too few for the split" in said


def test_no_more_than_some_frames_are_read(monkeypatch):
    snapshots = made(n=9000, runs=2)
    read = []
    whole = Snapshots.rows

    def counted(self, which, start, stop):
        read.append((which, stop - start))
        return whole(self, which, start, stop)

    monkeypatch.setattr(Snapshots, "rows", counted)
    found = profile.profile(snapshots, FIT)
    assert sum(n for which, n in read if which == "field") <= 2 * profile.MOST_FRAMES
    assert sum(n for which, n in read if which == "rate") <= profile.MOST_FRAMES
    assert len(found.rows) == profile.MOST_FRAMES
    monkeypatch.setattr(profile, "MOST_BYTES", 4 * POINTS * 100)
    read.clear()
    assert len(profile.profile(snapshots, FIT).rows) == 100
    assert sum(n for which, n in read if which == "field") <= 200
    assert max(n for _, n in read) <= 100


def test_info_says_all_of_it(tmp_path):
    mask = np.ones(POINTS, bool)
    mask[3] = False
    names = {"channel_axis": 0, "channel_names": ["u", "v"], "channel_scale": [2.0, 0.5]}
    snapshots = made(runs=2, mask=mask, attributes={"system": "wave", **names})
    snapshots.save(tmp_path / "s.h5")
    result = run("info", tmp_path / "s.h5")
    assert result.exit_code == 0, result.output
    for said in (
        "4,000 frames of 12 (float64) in 2 trajectories of 2,000 frames, t = 0 to 128.968",
        "time step: 0.06452; 129 long each",
        "rate: given",
        "mask: 11 of 12 points of a frame count",
        "channels: axis 0 of a frame, u / 2, v / 0.5",
        "attributes: system wave",
        "split: 889 frames to train on, 222 to validate, 2,000 to test",
        "(of 2,000 frames spread evenly)",
        "POD modes",
        "of the variance",
        "frequencies of the leading POD coefficients: 0.3",
        "(a period of 3.2",
        "fit would learn 2 latents (--latents) in up to 11 POD modes, with the rates of the file",
    ):
        assert said in result.output, said
    bare = made(given=False)
    bare.save(tmp_path / "b.h5")
    said = run("info", tmp_path / "b.h5").output
    assert "rate: not given, fit makes them of the field" in said
    assert "with rates made of the field; 2 POD modes alone carry 99.5% of the variance" in said
    assert "from differences of the field" not in said


def test_info_reads_every_format_by_the_same_options_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    snapshots = made(n=300)
    np.savez("a.npz", clock=snapshots.time, a=snapshots.field, b=2 * snapshots.field)
    result = run("info", "a.npz", "--time", "clock", "--field", "b")
    assert "300 frames of 12 (float64)" in result.output
    assert "field: b; rate: not given" in result.output
    assert "the mean frame has r.m.s. 14," in result.output
    for arguments, says in (
        (("a.npz",), "no time is in it"),
        (("a.npz", "--time", "clock"), "several arrays could be the field"),
        (("none.h5",), "does not exist"),
        (("a.npz", "--recipe", "fast"), "unknown recipe 'fast'"),
    ):
        result = run("info", *arguments)
        assert result.exit_code == 1
        assert says in result.output
        assert len(result.output.splitlines()) == 1
    assert [p.name for p in Path().iterdir()] == ["a.npz"]


def test_frames_that_never_change_and_frames_that_hold_nan_are_one_line(tmp_path):
    for value, says in ((1.0, "the frames never change"), (np.nan, "holds NaN")):
        path = tmp_path / f"{value}.npz"
        np.savez(path, t=np.arange(50.0), u=np.full((50, 3), value))
        result = run("info", path)
        assert result.exit_code == 1
        assert says in result.output
        assert len(result.output.splitlines()) == 1


def test_a_single_observable_is_not_enough_for_two_latents():
    series = np.cos(np.arange(100.0))[:, None]
    snapshots = Snapshots(np.arange(100.0), series)
    said = words.lines(snapshots, profile.profile(snapshots, FIT), FIT)[-1]
    assert said.startswith("fit would refuse them: 2 latents of 1 observable; make delay")
    with pytest.raises(EaeSindyError):
        profile.profile(Snapshots(np.arange(9.0), np.zeros((9, 1))), FIT)


def turning(noise: float, time: np.ndarray) -> Snapshots:
    turns = np.stack([np.cos(time), np.sin(time), np.zeros_like(time)], axis=1)
    return Snapshots(time, turns + noise * np.random.default_rng(0).normal(size=turns.shape))


def test_the_kind_of_dynamics_and_noise_are_told_before_any_fit():
    time = 0.1 * np.arange(1500)
    for noise, share in ((0.0, None), (0.1, 0.17)):
        snapshots = turning(noise, time)
        found = profile.profile(snapshots, FIT)
        said = "\n".join(words.lines(snapshots, found, FIT))
        assert (
            "kind of dynamics, before any fit: limit cycle or conservative: one trajectory" in said
        )
        assert ("unless --no-smooth" in said) == (share is not None)
        if share:
            assert found.noise == pytest.approx(share, rel=0.15)
            assert f"noise: {100 * found.noise:.2g}% of the r.m.s." in said


def test_the_kind_is_not_told_of_frames_too_few_for_the_frequency():
    snapshots = turning(0.0, 0.1 * np.arange(30_000))  # of which 2,000 are read: 4 a period
    said = "\n".join(words.lines(snapshots, profile.profile(snapshots, FIT), FIT))
    assert "kind of dynamics" not in said
