"""States of mechanical systems: a frame and its rate, each in its own unit, and what is refused."""

import numpy as np
import pytest
from click.testing import CliRunner

from eae_sindy.errors import EaeSindyError
from eae_sindy.recipes import PendulumFilm
from eae_sindy.snapshots.generators.pendulum_film import pendulum_film
from eae_sindy.snapshots.second_order import states
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.sources.choice import read
from eae_sindy_cli.main import main

TIME = 0.02 * np.arange(500)
WAVES = np.array([2.0, 3.0])  # frequencies of two columns


def swing(rate=True, **more):
    turns = np.outer(TIME, WAVES)
    return Snapshots(TIME, 5 * np.sin(turns), 5 * WAVES * np.cos(turns) if rate else None, **more)


def test_a_state_is_a_frame_and_its_rate_each_by_its_own_fluctuation():
    found = states(swing())
    assert found.field.shape == (500, 2, 2)
    size, speed = found.attributes["channel_scale"]
    assert list(found.attributes["channel_names"]) == ["x", "dx/dt"]
    assert found.attributes["order"] == 2
    turns = np.outer(TIME, WAVES)
    np.testing.assert_allclose(found.field[:, 0] * size, 5 * np.sin(turns), rtol=1e-6)
    np.testing.assert_allclose(found.field[:, 1] * speed, 5 * WAVES * np.cos(turns), rtol=1e-6)
    # Of a sine of size 5 and of its rates.
    assert size == pytest.approx(5 / np.sqrt(2), rel=0.05)
    assert speed == pytest.approx(5 * np.sqrt(np.mean(WAVES**2) / 2), rel=0.05)
    # The rate of a frame is given; that of its rate is made.
    np.testing.assert_allclose(found.rate[:, 0] * size, 5 * WAVES * np.cos(turns), rtol=1e-6)
    np.testing.assert_allclose(
        found.rate[5:-5, 1] * speed, -5 * WAVES**2 * np.sin(turns)[5:-5], atol=1e-3
    )


def test_rates_of_rates_are_made_along_each_trajectory():
    once = swing()
    both = Snapshots(np.tile(TIME, 2), np.concatenate([once.field, -once.field]),
                     np.concatenate([once.rate, -once.rate]), np.repeat([4, 7], 500))  # fmt: skip
    slope = states(both, "none").rate[:, 1]
    truth = -5 * WAVES**2 * np.sin(np.outer(TIME, WAVES))
    np.testing.assert_allclose(slope, np.concatenate([truth, -truth]), atol=5e-3)


def test_rates_that_are_not_given_are_made_along_each_trajectory():
    once = swing(rate=False)
    both = Snapshots(np.tile(TIME, 2), np.concatenate([once.field, -once.field]), None,
                     np.repeat([4, 7], 500))  # fmt: skip
    found = states(both, "none")
    assert found.rate is None  # of both channels: the fit knows how
    assert "channel_scale" not in found.attributes
    for rows, sign in ((slice(0, 500), 1), (slice(500, None), -1)):
        np.testing.assert_allclose(
            found.field[rows, 1], sign * 5 * WAVES * np.cos(np.outer(TIME, WAVES)), atol=2e-3
        )


def test_noisy_frames_are_differentiated_by_splines():
    noisy = swing(rate=False)
    rng = np.random.default_rng(0)
    noisy = Snapshots(TIME, noisy.field + 0.2 * rng.standard_normal(noisy.field.shape))
    found = states(noisy, "none").field[:, 1]
    truth = 5 * WAVES * np.cos(np.outer(TIME, WAVES))
    # Differences of such frames are off by more than the rate itself.
    assert np.sqrt(np.mean((found - truth) ** 2) / np.mean(truth**2)) < 0.05


def test_channels_stay_apart_and_masks_follow():
    frames = np.stack([swing().field, 100 + 3 * swing().field], axis=1)  # [n, 2, 2]
    mask = np.array([[True, True], [True, False]])
    whole = Snapshots(
        TIME, frames / np.array([2.0, 1.0])[:, None], None, None, mask, {},
        {"channel_axis": 0, "channel_names": ["u", "p"], "channel_scale": np.array([2.0, 1.0])},
    )  # fmt: skip
    found = states(whole)
    assert found.field.shape == (500, 4, 2)
    assert list(found.attributes["channel_names"]) == ["u", "p", "du/dt", "dp/dt"]
    np.testing.assert_array_equal(found.mask, np.concatenate([mask, mask]))
    over = found.attributes["channel_scale"][:, None]
    np.testing.assert_allclose((found.field * over)[:, :2], frames, rtol=1e-6)


def test_channels_without_names_are_numbered():
    frames = np.stack([swing().field] * 3, axis=-1)
    found = states(Snapshots(TIME, frames, attributes={"channel_axis": -1}))
    assert found.shape == (6, 2)
    names = ["0", "1", "2", "d0/dt", "d1/dt", "d2/dt"]
    assert list(found.attributes["channel_names"]) == names


def test_states_are_made_once():
    made = states(swing())
    assert states(made) is made


def test_new_data_are_measured_as_those_of_a_fit_were(tmp_path):
    pendulum_film(PendulumFilm(grid=6, end=10.0, starts=(0.6, 1.0))).save(tmp_path / "a.h5")
    pendulum_film(PendulumFilm(grid=6, end=10.0, starts=(0.2,))).save(tmp_path / "b.h5")
    run = CliRunner().invoke(
        main, ["import", str(tmp_path / "a.h5"), "--order", "2", "-o", str(tmp_path / "s.h5")]
    )
    assert run.exit_code == 0, run.output
    first = read(tmp_path / "s.h5", order=2)
    again = read(tmp_path / "b.h5", order=2, scale=tmp_path / "s.h5")
    np.testing.assert_array_equal(
        again.attributes["channel_scale"], first.attributes["channel_scale"]
    )
    assert first.shape == again.shape == (2, 6, 6)


def test_one_observable_and_its_rate_are_a_state(tmp_path):
    rows = [f"{t},{x}" for t, x in zip(TIME, np.sin(2 * TIME), strict=True)]
    (tmp_path / "x.csv").write_text("\n".join(["t,x", *rows]))
    found = read(tmp_path / "x.csv", order=2)
    assert found.field.shape == (500, 2)


def test_what_makes_no_state_is_said(tmp_path):
    (tmp_path / "x.csv").write_text("t,x,y\n0,1,2\n1,2,3\n2,4,5\n")
    with pytest.raises(EaeSindyError, match="3 frames, too few to differentiate"):
        read(tmp_path / "x.csv", order=2)
    with pytest.raises(EaeSindyError, match="give one of them"):
        read(tmp_path / "x.csv", order=2, delays=3)
    with pytest.raises(EaeSindyError, match="must be 1 or 2, not 3"):
        read(tmp_path / "x.csv", order=3)
