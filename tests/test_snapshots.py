import h5py
import numpy as np
import pytest

from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import finish
from eae_sindy.snapshots import snapshots, split
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.split import TEST, TRAIN, VALIDATION


def make(n=60, shape=(4, 3), **changes):
    rng = np.random.default_rng(0)
    values = {"time": np.arange(n) * 0.5, "field": rng.normal(size=(n, *shape))} | changes
    return Snapshots(**values)


def test_a_file_gives_back_what_went_in(tmp_path):
    mask = np.array([[True, False, True]] * 4)
    made = make(rate=np.ones((60, 4, 3)), mask=mask, trajectory=np.repeat([0, 1], 30),
                space={"x": np.arange(4.0)}, attributes={"system": "noise"})  # fmt: skip
    made.save(tmp_path / "s.h5")
    found = Snapshots.open(tmp_path / "s.h5")
    np.testing.assert_array_equal(found.field[:], made.field)
    np.testing.assert_array_equal(found.trajectory, made.trajectory)
    np.testing.assert_array_equal(found.space["x"], np.arange(4.0))
    assert found.attributes["system"] == "noise"
    assert found.size == 8
    np.testing.assert_array_equal(found.rows("field", 3, 5), made.field[3:5][:, mask])


def test_blocks_cover_every_frame_once(monkeypatch):
    monkeypatch.setattr(snapshots, "BLOCK_BYTES", 8 * 12 * 7)
    made = make()
    seen = np.concatenate([rows for _, rows in made.blocks("field")])
    np.testing.assert_array_equal(seen, made.field.reshape(60, -1))


def test_the_published_split_comes_out_of_the_fractions():
    time = 0.05 * np.arange(10_001)
    parts = split.split(make(10_001, (1, 1), time=time), train=4 / 9, validation=1 / 9,
                            test=0.1, seed=3)  # fmt: skip
    assert np.count_nonzero(parts == TRAIN) == 4000
    assert np.count_nonzero(parts == VALIDATION) == 1000
    np.testing.assert_array_equal(np.flatnonzero(parts == TEST), np.arange(9000, 10_001))


def test_of_several_trajectories_whole_ones_are_tested():
    trajectory = np.repeat(np.arange(5), 12)
    parts = split.split(make(trajectory=trajectory, time=np.tile(np.arange(12.0), 5)),
                            train=0.5, validation=0.2, test=0.2, seed=0)  # fmt: skip
    assert set(trajectory[parts == TEST]) == {4}
    assert np.all(parts[trajectory == 4] == TEST)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"time": np.r_[np.arange(30), np.arange(30)]}, "time does not increase from frame 29"),
        ({"trajectory": np.tile([0, 1], 30)}, "not in one piece"),
        ({"field": np.zeros(60)}, "shape"),
        ({"rate": np.zeros((60, 4, 4))}, "must agree"),
        ({"mask": np.zeros((4, 3), bool)}, "no point"),
        ({"mask": np.ones((4, 4), bool)}, "must agree"),
        ({"time": [], "field": np.zeros((0, 4, 4)), "rate": None}, "there are no frames"),
        ({"time": np.arange(59)}, "60 frames but 59 times"),
        ({"time": np.r_[np.arange(59), np.nan]}, "not a finite number"),
    ],
)
def test_what_cannot_be_right_is_refused_at_birth(changes, says):
    with pytest.raises(EaeSindyError, match=says):
        make(**changes)


def test_nan_is_named_by_its_frame_and_a_mask_leaves_it_out():
    field = make().field.copy()
    field[17, 0, 0] = np.nan
    with pytest.raises(EaeSindyError, match="frame 17 of the field"):
        list(make(field=field).blocks("field"))
    mask = np.ones((4, 3), bool)
    mask[0, 0] = False
    assert len(list(make(field=field, mask=mask).blocks("field"))) == 1


def test_a_file_without_a_field_a_truncated_one_and_a_missing_one(tmp_path):
    with h5py.File(tmp_path / "empty.h5", "w") as file:
        file["time"] = np.arange(3.0)
    with pytest.raises(EaeSindyError, match="no /field"):
        Snapshots.open(tmp_path / "empty.h5")
    make().save(tmp_path / "whole.h5")
    whole = (tmp_path / "whole.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EaeSindyError, match="not a whole HDF5 file"):
        Snapshots.open(tmp_path / "cut.h5")
    with pytest.raises(EaeSindyError, match="does not exist"):
        Snapshots.open(tmp_path / "none.h5")


def test_an_interrupted_write_leaves_nothing_and_loses_nothing(tmp_path):
    path = tmp_path / "s.h5"
    make().save(path)
    before = path.read_bytes()

    def broken():
        yield np.zeros((5, 4, 3)), None
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finish(snapshots.write(path, np.arange(60.0), broken(), force=True))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_kept_unless_forced(tmp_path):
    path = tmp_path / "s.h5"
    make().save(path)
    with pytest.raises(EaeSindyError, match="exists"):
        make().save(path)
    make(30).save(path, force=True)
    assert len(Snapshots.open(path)) == 30


def test_too_few_frames_for_the_split():
    with pytest.raises(EaeSindyError, match="too few"):
        split.split(make(5), train=0.5, validation=0.2, test=0.1, seed=0)
