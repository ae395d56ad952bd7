"""A forecast in words and numbers, from one made by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from eae_sindy.discovery.decoded_orbits import Forecast
from eae_sindy.ensemble.novelty import Novelty
from eae_sindy.report import forecast_report
from eae_sindy.snapshots.snapshots import Snapshots

TIME = 2.0 + np.arange(11.0)
# Five members, the errors of which grow with time; the middle one has 1, 2, 3, … times .01.
FACTORS = np.array([0.5, 0.9, 1.0, 2.0, 9.0])
ERRORS = 0.01 * FACTORS[:, None] * np.arange(1.0, 12)
RECONSTRUCTION = 0.03 * FACTORS[:, None] * np.ones(11)
OF_MEAN = 0.008 * np.arange(1.0, 12)
FIELD = np.arange(44.0).reshape(11, 4)
NEAR = Novelty(np.array([0.002, 0.001]), np.array([0.003, 0.001]), (0.001, 0.002))


class Made:
    """A prediction of one trajectory, whose band holds the first `point` points of each frame."""

    def __init__(self, stayed=(True,) * 5, error=True, novelty=NEAR, more=0, held=3):
        e = Forecast(TIME - 2, ERRORS, OF_MEAN, RECONSTRUCTION) if error else None
        time = np.concatenate([TIME, TIME[-1] + 1 + np.arange(more)])
        run = SimpleNamespace(trajectory=7, rows=np.arange(11), time=time,
                              stayed=np.array(stayed), error=e)  # fmt: skip
        self.members, self.runs, self.novelty, self.held = np.arange(5), [run], novelty, held
        self.ensemble = SimpleNamespace(flatten=lambda f: f.reshape(len(f), -1))

    def fields(self, run, at):
        truth, above = FIELD[at], np.arange(4) >= self.held
        return [truth, truth - 1 + 5 * above, truth + 1 + 5 * above, np.ones_like(truth)]


DATA = Snapshots(TIME, FIELD)


def test_errors_are_those_of_the_median_member_at_four_horizons():
    found = forecast_report.summarise(Made(), DATA)
    assert (found["members"], found["interval"], found["warnings"]) == (5, 0.9, [])
    (row,) = found["trajectories"]
    assert (row["trajectory"], row["start"], row["horizon"]) == (7, 2.0, 10.0)
    assert (row["frames"], row["left"]) == (11, 0)
    assert row["field"] == pytest.approx(0.06)
    assert row["field_of_mean"] == pytest.approx(0.048)
    assert row["over_reconstruction"] == pytest.approx(2.0)
    assert [e["horizon"] for e in row["errors"]] == [1, 3, 5, 10]
    for e in row["errors"]:
        at = int(e["horizon"])
        assert e["median"] == pytest.approx(0.01 * (at + 1))
        assert e["of_mean"] == pytest.approx(0.008 * (at + 1))
        assert e["interval"] == pytest.approx(np.quantile(ERRORS[:, at], [0.05, 0.95]))
        assert e["band_holds"] == 0.75
    assert found["novelty"] == {"share": 0.0, "outside": 0.002, "distance": 0.003,
                                "usual": {"outside": 0.001, "distance": 0.002}}  # fmt: skip


@pytest.mark.parametrize(("held", "share"), [(0, 0.0), (1, 0.25), (4, 1.0)])
def test_the_band_holds_a_share_of_the_points(held, share):
    (row,) = forecast_report.summarise(Made(held=held), DATA)["trajectories"]
    assert {e["band_holds"] for e in row["errors"]} == {share}


def test_members_that_left_and_frames_that_are_new_are_warned_of():
    assert forecast_report.warnings(Made()) == []
    far = Novelty(np.array([0.5, 0.0]), np.array([0.0, 0.0]), (0.001, 0.001))
    novel, left = forecast_report.warnings(Made((True, False, True, False, True), novelty=far))
    assert "1 of 2 frames (50%) lie outside the training span" in novel
    assert left.startswith("up to 2 of 5 members leave the data's neighbourhood")
    assert "shorten --horizon" in left
    made = Made((True, False, False, False, True))
    made.runs = [Made().runs[0], *made.runs]  # the worst of two trajectories
    assert forecast_report.warnings(made)[0].startswith("up to 3 of 5")
    assert forecast_report.summarise(made, DATA)["trajectories"][1]["left"] == 3


def test_it_is_printed_as_it_was_measured():
    head, columns, *rows = forecast_report.lines(forecast_report.summarise(Made(), DATA))
    assert head == (
        "trajectory 7, t = 2 to 12: relative field error 0.0600, 2.00 of the reconstruction's; of "
        "the mean forecast 0.0480"
    )
    assert columns.split() == [*("after", "error", "90%", "of", "members"),
                               *("data", "in", "the", "band")]  # fmt: skip
    low, high = np.quantile(ERRORS[:, 10], [0.05, 0.95])
    assert rows[-1].split() == ["10", "0.1100", f"[{low:.4f},", f"{high:.4f}]", "75%", "of",
                                "the", "points"]  # fmt: skip
    longer = forecast_report.lines(forecast_report.summarise(Made(more=5), DATA))[0]
    assert "t = 2 to 17: relative" in longer
    assert "0.0600 over t = 2 to 12, where the data end, 2.00" in longer


def test_without_later_frames_there_are_no_errors():
    found = forecast_report.summarise(Made(error=False), DATA)
    assert "field" not in found["trajectories"][0]
    assert forecast_report.lines(found) == [
        "trajectory 7, t = 2 to 12: no later frames to hold it to"
    ]
