import numpy as np
import pytest

from eae_sindy.errors import EaeSindyError
from eae_sindy.snapshots import pod
from eae_sindy.snapshots.frames import Frames
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.split import TRAIN


def test_coordinates_are_exact_on_the_span_and_say_what_lies_outside():
    rng = np.random.default_rng(1)
    basis = rng.normal(size=(3, 40))
    frames = (rng.normal(size=(50, 3)) @ basis).astype(np.float32)
    found = pod.decompose(frames, 8)
    assert found.rank == 3
    np.testing.assert_allclose(found.expand(found.project(frames)), frames, atol=1e-5)
    stray = frames.copy()
    stray[:, 0] += 1.0
    projected = pod.project(Snapshots(np.arange(50.0), stray, stray), found, np.zeros(50))
    lost = np.mean((found.expand(projected.coordinates) - stray) ** 2, axis=1)
    np.testing.assert_allclose(projected.outside, lost, rtol=1e-3, atol=1e-6)


def test_a_coordinate_is_a_root_mean_square_of_the_field(small):
    frames = small.field.reshape(len(small), -1).astype(np.float32)
    found = pod.decompose(frames, 200)
    energy = np.sum(found.project(frames) ** 2, axis=1)
    np.testing.assert_allclose(energy, np.mean(frames**2, axis=1), rtol=1e-3)
    np.testing.assert_allclose(found.modes @ found.modes.T, np.eye(found.rank), atol=1e-5)


def test_many_frames_take_the_randomized_path_to_the_same_modes(small):
    frames = small.field.reshape(len(small), -1).astype(np.float32)
    assert min(frames.shape) > 4 * 12  # the condition under which the randomized path is taken
    few, all_ = pod.decompose(frames, 12), np.linalg.svd(frames.astype(float))[1]
    np.testing.assert_allclose(few.sigma * np.sqrt(frames.size), all_[:12], rtol=1e-4)


def test_rates_that_are_not_given_are_differentiated(small):
    alone = Snapshots(small.time, small.field)
    parts = np.full(len(small), TRAIN)
    basis = pod.decompose(pod.training_frames(small, parts), 12)
    given, made = pod.project(small, basis, parts), pod.project(alone, basis, parts)
    error = np.linalg.norm(given.rate_coordinates - made.rate_coordinates)
    assert error < 0.01 * np.linalg.norm(given.rate_coordinates)


def test_frames_that_never_change_are_refused():
    with pytest.raises(EaeSindyError, match="never change"):
        pod.decompose(np.ones((20, 30), np.float32), 4)
    with pytest.raises(EaeSindyError, match="never change"):
        pod.decompose(np.zeros((20, 30), np.float32), 4)


def test_short_trajectories_do_not_stand_in_the_way_of_mending():
    """Their own rates stay; those that nothing can say cost their frames."""
    label = np.repeat([0, 1, 2], [20, 4, 3])
    time = np.concatenate([0.1 * np.arange(k) for k in (20, 4, 3)])
    x = np.stack([time**2, 3 * time], axis=1)
    rate = np.stack([2 * time, 0 * time + 3], axis=1)
    known = rate.copy()
    rate[[5, 25]] = np.nan  # in the long trajectory, and in the shortest
    zero = np.zeros(27)
    frames = Frames(time, label, zero.astype(int), x, rate, zero, zero)
    found, left_out, differentiated = frames.mended()
    kept = np.arange(27) != 25
    assert (left_out, differentiated) == (1, 1)
    np.testing.assert_array_equal(found.time, time[kept])
    np.testing.assert_allclose(found.rate_coordinates, known[kept], atol=1e-12)
    again = found.mended()
    assert again[0] is found
    assert again[1:] == (0, 0)
