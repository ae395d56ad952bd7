"""Laws of snapshots, splits and bases, on whatever hypothesis thinks of."""

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from eae_sindy.errors import EaeSindyError
from eae_sindy.snapshots import pod, snapshots
from eae_sindy.snapshots.frames import Frames
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.split import TEST, TRAIN, UNUSED, VALIDATION, split
from eae_sindy.snapshots.stored import StoredArray

LAW = settings(
    max_examples=40,
    deadline=None,
    # A folder may serve all examples: each writes a file anew.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
DTYPES = st.sampled_from(["f2", "f4", "f8", ">f4", "u1", "i2", "i8"])


@st.composite
def series(draw, most=30):
    """Draw times and trajectory numbers of one to four trajectories, in any order of numbers."""
    lengths = draw(st.lists(st.integers(1, most), min_size=1, max_size=4))
    numbers = draw(st.lists(st.integers(-5, 99), min_size=len(lengths), max_size=len(lengths),
                            unique=True))  # fmt: skip
    steps = draw(st.lists(st.sampled_from([0.1, 0.5, 3.0]), min_size=sum(lengths),
                          max_size=sum(lengths)))  # fmt: skip
    starts = np.cumsum([0, *lengths[:-1]])
    time = np.concatenate(
        [np.cumsum(steps[a : a + n]) for a, n in zip(starts, lengths, strict=True)]
    )
    return time, np.repeat(numbers, lengths)


@st.composite
def data(draw):
    """Draw snapshots of any shape and type, with or without rates, masks and coordinates."""
    time, trajectory = draw(series(most=6))
    shape = draw(arrays.array_shapes(max_dims=3, max_side=4))
    dtype, rate_dtype = np.dtype(draw(DTYPES)), np.dtype(draw(DTYPES))
    numbers = arrays.from_dtype(dtype, allow_nan=False, allow_infinity=False)
    field = draw(arrays.arrays(dtype, (len(time), *shape), elements=numbers))
    rate = field.astype(rate_dtype) if draw(st.booleans()) and rate_dtype == dtype else None
    if draw(st.booleans()):
        rate = np.ones(field.shape, rate_dtype)
    mask = draw(st.none() | arrays.arrays(bool, shape))
    assume(mask is None or mask.any())
    space = draw(st.dictionaries(st.sampled_from("xyz"), arrays.arrays("f8", shape[:1])))
    attributes = draw(
        st.dictionaries(st.sampled_from(["a", "b"]), st.integers(-9, 9) | st.text("äx"))
    )
    return Snapshots(time, field, rate, trajectory, mask, space, attributes)


@LAW
@given(made=data())
def test_what_is_saved_comes_back_in_every_bit(made, tmp_path):
    made.save(tmp_path / "s.h5", force=True)
    with Snapshots.open(tmp_path / "s.h5") as found:
        for name in ("time", "field", "trajectory", "mask", "rate"):
            one, other = getattr(made, name), getattr(found, name)
            if one is None:
                assert other is None
                continue
            other = other[:]
            assert one.dtype == other.dtype
            assert one.tobytes() == other.tobytes()
        assert found.space.keys() == made.space.keys()
        assert all(np.array_equal(found.space[k], v, equal_nan=True) for k, v in made.space.items())
        assert dict(found.attributes) == dict(made.attributes)
        assert found.shape == made.shape
        assert found.size == made.size


@LAW
@given(series=series(), train=st.floats(0.05, 0.9), validation=st.floats(0, 0.5),
       test=st.floats(0.05, 0.5), seed=st.integers(0, 2**63))  # fmt: skip
def test_a_split_is_what_it_says(series, train, validation, test, seed):
    time, trajectory = series
    assume(train + validation <= 1)
    made = Snapshots(time, np.zeros((len(time), 1)), trajectory=trajectory)
    fractions = {"train": train, "validation": validation, "test": test}
    try:
        parts = split(made, **fractions, seed=seed)
    except EaeSindyError:  # too few frames, or trajectories, for these fractions
        return
    tested = parts == TEST
    assert set(parts) <= {UNUSED, TRAIN, VALIDATION, TEST}
    assert np.array_equal(tested, np.arange(len(time)) >= np.argmax(tested)), "test at the end"
    labels = list(dict.fromkeys(trajectory))
    if len(labels) > 1:  # whole trajectories, about as many as asked for
        whole = [tested[trajectory == k] for k in labels]
        assert all(w.all() or not w.any() for w in whole)
        count = sum(w.all() for w in whole)
        assert 1 <= count <= len(labels) - 1
        assert abs(count - test * len(labels)) <= 1
    else:
        span = time[-1] - time[0]
        assert np.all(time[tested] >= time[-1] - test * span - 1e-6)
        assert np.all(time[~tested] < time[-1] - test * span + 1e-6)
    before = np.count_nonzero(~tested)
    assert abs(np.count_nonzero(parts == TRAIN) - train * before) <= 0.5
    assert abs(np.count_nonzero(parts == VALIDATION) - validation * before) <= 1
    np.testing.assert_array_equal(parts, split(made, **fractions, seed=seed))
    other = split(made, **fractions, seed=seed + 1)
    np.testing.assert_array_equal(other == TEST, tested)
    assert np.array_equal(np.bincount(other), np.bincount(parts))


@LAW
@given(n=st.integers(5, 40), size=st.integers(3, 40), rank=st.integers(1, 5),
       seed=st.integers(0, 99))  # fmt: skip
def test_a_basis_gives_back_what_lies_in_its_span(n, size, rank, seed):
    rng = np.random.default_rng(seed)
    rank = min(rank, size, n - 1)
    frames = (rng.normal(size=(n, rank)) @ rng.normal(size=(rank, size))).astype(np.float32)
    found = pod.decompose(frames, rank + 2)
    assert found.rank <= min(rank + 2, n, size)
    scale = np.abs(frames).max()
    np.testing.assert_allclose(found.expand(found.project(frames)), frames, atol=2e-5 * scale)
    np.testing.assert_allclose(found.modes @ found.modes.T, np.eye(found.rank), atol=1e-5)
    points = slice(1, size - 1)
    np.testing.assert_allclose(found.expand(found.project(frames), points), frames[:, points],
                               atol=2e-5 * scale)  # fmt: skip


@LAW
@given(series=series(), seed=st.integers(0, 99), share=st.floats(0, 0.3))
def test_mending_keeps_what_is_sound(series, seed, share):
    time, trajectory = series
    n, rng = len(time), np.random.default_rng(seed)
    x, rate = rng.normal(size=(2, n, 2)).astype(np.float32)
    x[rng.random(n) < share] = np.nan
    rate[rng.random(n) < share] = np.nan
    zero = np.zeros(n, np.float32)
    frames = Frames(time, trajectory, np.full(n, TRAIN), x, rate, zero, zero)
    found, left_out, differentiated = frames.mended()
    assert np.isfinite(found.coordinates).all()
    assert np.isfinite(found.rate_coordinates).all()
    assert left_out == n - len(found.time)
    sound = np.isfinite(x).all(axis=1) & np.isfinite(rate).all(axis=1)
    assert len(found.time) >= np.count_nonzero(sound)
    assert differentiated == len(found.time) - np.count_nonzero(sound)
    kept = {tuple(row) for row in np.c_[found.trajectory, found.time, found.coordinates]}
    assert kept >= {tuple(row) for row in np.c_[trajectory, time, x][sound]}
    assert found.mended()[0] is found


CASES = ["one trajectory", "two, masked, without rates", "double precision", "little is held"]


@pytest.fixture(params=CASES)
def stored(request, small, tmp_path, monkeypatch):
    """Snapshots in a file, read in some twelve blocks; and what `hold` may hold of them."""
    monkeypatch.setattr(snapshots, "BLOCK_BYTES", 8 * 256 * 53)
    made, half = small, len(small) // 2
    if request.param == CASES[1]:
        axis = np.arange(16) - 8
        mask = np.hypot(axis, axis[:, None]) < 7
        made = Snapshots(np.tile(small.time[:half], 2), small.field[: 2 * half],
                         trajectory=np.repeat([0, 1], half), mask=mask)  # fmt: skip
    rate = None if made.rate is None else made.rate.astype(np.float32)
    if request.param != CASES[2]:
        made = Snapshots(made.time, made.field.astype(np.float32), rate, made.trajectory, made.mask)
    made.save(tmp_path / "s.h5")
    most = 60_000 if request.param == CASES[3] else pod.HELD_BYTES
    return request.param, Snapshots.open(tmp_path / "s.h5"), made, most


def test_frames_are_read_once_and_come_out_the_same_to_the_last_bit(stored, monkeypatch):
    case, found, made, most = stored
    parts = split(made, train=0.5, validation=0.2, test=0.2, seed=3)

    # As plainly as it can be said: in memory, every block as it comes.
    wanted = np.concatenate([rows[parts[a : a + len(rows)] == TRAIN]
                             for a, rows in made.blocks("field")]).astype(np.float32)  # fmt: skip
    basis = pod.decompose(wanted, 12)
    plain = np.concatenate([basis.project(rows) for _, rows in made.blocks("field")])

    read = {"/field": 0, "/rate": 0}
    real = StoredArray.__getitem__

    def counted(self, key):
        part = real(self, key)
        read[self.name] += part.nbytes
        return part

    monkeypatch.setattr(StoredArray, "__getitem__", counted)
    held = pod.hold(found, parts, most=most)
    np.testing.assert_array_equal(held.training, wanted)
    frames = pod.project(found, basis, parts, held=held)
    np.testing.assert_array_equal(frames.coordinates, plain)
    whole = made.field.nbytes
    again = {CASES[2]: 2.0, CASES[3]: pytest.approx(1.75, abs=0.15)}.get(case, 1.0)
    assert read["/field"] / whole == again
    assert read["/rate"] == (0 if made.rate is None else made.rate.nbytes)

    twice = pod.project(found, basis, parts)
    for one, other in zip(vars(frames).values(), vars(twice).values(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert found.fingerprint() == made.fingerprint()


def test_a_file_is_closed_after_use_and_opened_again_when_it_is_needed(small_file):
    def is_open():
        files = h5py.h5f.get_obj_ids(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE)
        return str(small_file) in [h5py.h5f.get_name(f).decode() for f in files]

    with Snapshots.open(small_file) as found:
        assert not is_open(), "nothing is read yet"
        first = found.rows("field", 0, 3)
        assert is_open()
    assert not is_open()
    np.testing.assert_array_equal(found.rows("field", 0, 3), first)
    assert is_open()
    del found
    assert not is_open(), "nobody refers to it any more"


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path, small):
    path = tmp_path / "s.h5"
    Snapshots(small.time, small.field).save(path)
    found = Snapshots.open(path)
    found.rows("field", 0, 1)
    Snapshots(small.time[:50], small.field[:50]).save(path, force=True)
    found.close()
    with pytest.raises(EaeSindyError, match="was changed while it was read"):
        found.rows("field", 0, 1)
    path.unlink()
    with pytest.raises(EaeSindyError, match="damaged or gone"):
        found.rows("field", 0, 1)
