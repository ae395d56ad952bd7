import h5py
import numpy as np
import pytest

from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import finish
from eae_sindy.snapshots import pod, snapshots, split
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


def test_what_is_tested_can_be_chosen():
    label, time = np.repeat([3, 5, 9], 12), np.tile(np.arange(12.0), 3)
    given = {"train": 0.5, "validation": 0.2, "test": 0.3, "seed": 0}

    def tested(**more):
        made = make(36, trajectory=label, time=time)
        return np.flatnonzero(split.split(made, **given, **more) == TEST).tolist()

    first, ends = list(range(12)), [10, 11, 22, 23, 34, 35]
    assert tested(test_trajectories="3") == first
    assert tested(test_trajectories="9,3") == [*first, *range(24, 36)]
    assert tested(test_time=1.0) == ends
    assert tested(test_time=1.0, test_trajectories="3") == sorted({*first, *ends})
    alone = split.split(make(12, time=time[:12]), **given, test_time=4.0)
    assert np.flatnonzero(alone == TEST).tolist() == [7, 8, 9, 10, 11]
    for text, words in (
        ("4", "no trajectory 4 to test on: the file has 3 to 9"),
        ("3,x", "is no list of whole numbers"),
        ("3,", "is no list of"),
    ):
        with pytest.raises(EaeSindyError, match=words):
            tested(test_trajectories=text)
    with pytest.raises(EaeSindyError, match="too few for the split"):
        tested(test_trajectories="3,5,9")


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
        ({"time": np.r_[-1.7e308, np.arange(58), 1.7e308]}, "not a finite number"),
        ({"time": np.arange(60) * 1j}, "time holds complex numbers"),
        ({"time": [str(i) for i in range(60)]}, "time holds text"),
        ({"time": np.arange(60).astype("datetime64[s]")}, "time holds dates"),
        ({"field": np.ones((60, 2), complex)}, "field holds complex numbers"),
        ({"field": np.ones((60, 2), np.longdouble)}, "field holds numbers of type"),
        ({"field": np.full((60, 2), "one")}, "field holds text"),
        ({"field": np.ones((60, 2), "f8,f8")}, "field holds records"),
        ({"field": np.ones((60, 2), bool)}, "field holds true and false"),
        ({"field": np.ones((60, 0))}, "a frame needs at least one point"),
        ({"rate": np.ones((60, 4, 3), complex)}, "rate holds complex numbers"),
        ({"trajectory": np.repeat([0.2, 0.7], 30)}, "a trajectory number is not whole"),
        ({"trajectory": np.full(60, np.nan)}, "a trajectory number is not whole"),
        ({"trajectory": np.full(60, 2**63, np.uint64)}, "a trajectory number is not whole"),
        ({"trajectory": np.full(60, 1e300)}, "a trajectory number is not whole"),
        ({"trajectory": np.repeat(["a", "b"], 30)}, "trajectory numbers are text"),
        ({"mask": np.full((4, 3), 0.5)}, "other than true and false"),
        ({"mask": np.full((4, 3), np.nan)}, "other than true and false"),
        ({"mask": np.full((4, 3), "yes")}, "other than true and false"),
        ({"attributes": {"channel_axis": "x"}}, "channel_axis is 'x'"),
        ({"attributes": {"channel_axis": 2}}, "channel_axis is 2"),
        ({"attributes": {"system": np.ones(3)}}, "system is array"),
    ],
)
def test_what_cannot_be_right_is_refused_at_birth(changes, says):
    with pytest.raises(EaeSindyError, match=says):
        make(**changes)


@pytest.mark.parametrize(
    ("changes", "whole"),
    [
        ({"trajectory": np.repeat([3.0, 1.0], 30)}, {"trajectory": np.repeat([3, 1], 30)}),
        ({"mask": np.eye(4, 3)}, {"mask": np.eye(4, 3, dtype=bool)}),
        ({"mask": np.eye(4, 3, dtype=np.uint8)}, {"mask": np.eye(4, 3, dtype=bool)}),
        ({"time": np.arange(60, dtype=np.uint8)}, {"time": np.arange(60.0)}),
    ],
)
def test_what_other_programs_write_for_whole_numbers_and_masks_is_understood(changes, whole):
    made = make(**changes)
    for name, value in whole.items():
        found = getattr(made, name)
        assert found.dtype == value.dtype
        np.testing.assert_array_equal(found, value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("time", 3.0, "60 frames but 1 times"),
        ("field", 3.0, "must have shape"),
        ("field", "text", "field holds text"),
        ("field", np.ones((60, 4, 3), np.longdouble), "numbers of type"),
        ("field", np.ones((60, 4, 3), "f8,f8"), "holds records"),
        ("field", np.zeros((60, 0)), "a frame needs at least one point"),
        ("rate", "text", "rate holds text"),
        ("trajectory", 1, "1 trajectory numbers"),
        ("trajectory", ["a"] * 60, "trajectory numbers are text"),
        ("trajectory", np.linspace(0, 1, 60), "not whole"),
        ("mask", "all", "other than true and false"),
        ("mask", 1, "the mask has shape"),
        ("space", 1, "/space is an array"),
        ("space/x/y", 1, "/space/x is a group"),
    ],
)
def test_a_file_of_what_cannot_be_right_is_refused_with_its_name(tmp_path, name, value, says):
    path = tmp_path / "s.h5"
    with h5py.File(path, "w") as file:
        file["time"], file["field"] = np.arange(60.0), np.ones((60, 4, 3))
        if name in file:
            del file[name]
        file[name] = value
    with pytest.raises(EaeSindyError, match=says) as refused:
        Snapshots.open(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_numbers_that_single_precision_does_not_square_are_refused_with_a_hint():
    rng = np.random.default_rng(0)
    field = rng.normal(size=(60, 4, 3))
    for scale, says in ((1e200, "frame 0 of the field reaches .*rescale the field below"),
                        (1e-200, "reaches no more than .*rescale the field above"),
                        (1e-30, "rescale the field above")):  # fmt: skip
        made = make(field=scale * field)
        parts = split.split(made, train=0.5, validation=0.1, test=0.2, seed=0)
        with pytest.raises(EaeSindyError, match=says):
            pod.hold(made, parts)
    made = make(time=1e-300 * np.arange(60), field=field)
    basis = pod.decompose(field.reshape(60, -1).astype(np.float32), 4)
    with pytest.raises(EaeSindyError, match="rates of trajectory 0 are too large"):
        pod.project(made, basis, np.full(60, TRAIN))


def test_what_becomes_infinite_is_not_written(tmp_path):
    for value, dtype in ((1e39, np.float32), (np.inf, np.float64), (-1e5, np.float16)):
        blocks = [(np.full((2, 3), value), None)]
        with pytest.raises(EaeSindyError, match="frame 0 of the field is infinite, or more than"):
            finish(snapshots.write(tmp_path / "s.h5", np.arange(2.0), blocks, dtype=dtype))
    assert list(tmp_path.iterdir()) == []


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
    with pytest.raises(EaeSindyError, match="not a whole snapshots file"):
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
