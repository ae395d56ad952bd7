"""Delay coordinates: which value stands where, sensible defaults, and what is refused."""

import numpy as np
import pytest
from click.testing import CliRunner

from eae_sindy.errors import EaeSindyError
from eae_sindy.snapshots.delays import embedded, memory
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.sources.choice import read
from eae_sindy_cli.main import main

STEP, PERIOD = 0.05, 4.0
TIME = STEP * np.arange(400)


def series(runs=1, columns=1, time=TIME):
    field = np.stack([np.cos(2 * np.pi * time / PERIOD + k) for k in range(columns)], axis=1)
    labels = np.repeat(np.arange(runs), len(time))
    return Snapshots(np.tile(time, runs), np.tile(field, (runs, 1)),
                     np.tile(np.gradient(field, time, axis=0), (runs, 1)), labels)  # fmt: skip


def table(path, time=TIME, **columns):
    names = ["t", *columns]
    rows = zip(time, *columns.values(), strict=True)
    path.write_text(
        "\n".join([",".join(names), *(",".join(map(repr, map(float, r))) for r in rows)])
    )
    return path


def test_a_frame_holds_the_values_now_and_before():
    whole = series(runs=2)
    found = embedded(whole, 5, 3)
    assert found.field.shape == (2 * (400 - 12), 5)
    for run in range(2):
        first = run * (400 - 12)
        np.testing.assert_allclose(found.time[first], TIME[12])
        np.testing.assert_array_equal(found.field[first], whole.field[[12, 9, 6, 3, 0], 0])
        np.testing.assert_array_equal(found.rate[first], whole.rate[[12, 9, 6, 3, 0], 0])
        assert found.trajectory[first] == run
    np.testing.assert_allclose(found.space["delay"], -STEP * 3 * np.arange(5))
    assert (found.attributes["delays"], found.attributes["delay_step"]) == (5, 3)


def test_observables_keep_their_axis():
    whole = series(columns=2)
    found = embedded(whole, 4, 2)
    assert found.field.shape == (394, 2, 4)
    np.testing.assert_array_equal(found.field[0, 1], whole.field[[6, 4, 2, 0], 1])


def test_left_to_itself_a_frame_reaches_back_by_a_period():
    whole = series(time=STEP * np.arange(2000))
    assert memory(whole) == pytest.approx(PERIOD / 4 / STEP, abs=1)
    found = embedded(whole, "auto")
    m, step = found.attributes["delays"], found.attributes["delay_step"]
    assert m == 32
    assert (m - 1) * step * STEP == pytest.approx(PERIOD, rel=0.25)
    assert len(found) == 2000 - (m - 1) * step
    # Of short trajectories it takes no more than a quarter.
    short = embedded(series(time=TIME[:40]), "auto")
    assert (short.attributes["delays"] - 1) * short.attributes["delay_step"] <= 10
    # Another number of delays reaches as far.
    few = embedded(whole, 8)
    assert 7 * few.attributes["delay_step"] * STEP == pytest.approx(PERIOD, rel=0.25)


@pytest.mark.parametrize(
    ("snapshots", "delays", "step", "says"),
    [
        (series(), 1, None, "auto or 2 to 4,096"),
        (series(), 5000, None, "auto or 2 to 4,096"),
        (series(time=TIME[:20]), 10, 3, "10 delays of 3 frames need 28 frames"),
        (series(time=TIME**2), 4, None, "needs even times"),
        (embedded(series(), 5, 3), 6, 3, "have 5 delays of 3 frames already"),
        (embedded(series(), 5, 3), 5, 2, "have 5 delays of 3 frames already"),
    ],
)
def test_what_cannot_be_delayed_is_said_in_one_line(snapshots, delays, step, says):
    with pytest.raises(EaeSindyError, match=says):
        embedded(snapshots, delays, step)


def test_delays_are_not_made_twice():
    once = embedded(series(), 5, 3)
    assert embedded(once, 5, 3) is once
    assert embedded(once, "auto") is once


def test_a_table_of_one_column_is_read_with_delays(tmp_path):
    path = table(tmp_path / "one.csv", x=np.cos(TIME))
    with pytest.raises(EaeSindyError, match="--delays auto"):
        read(path)
    with pytest.raises(EaeSindyError, match="give both"):
        read(path, delay_step=3)
    found = read(path, delays=6, delay_step=2)
    assert found.shape == (6,)
    np.testing.assert_allclose(found.field[0], np.cos(TIME[[10, 8, 6, 4, 2, 0]]), rtol=1e-6)
    made = tmp_path / "one.h5"
    run = CliRunner().invoke(main, ["import", str(path), "--delays", "auto", "-o", str(made)])
    assert run.exit_code == 0, run.output
    again = read(made)
    assert again.attributes["delays"] == 32
    assert read(made, delays=32).shape == (32,)
    run = CliRunner().invoke(main, ["info", str(path), "--delays", "x"])
    assert run.exit_code == 2
    assert "x" in run.output
