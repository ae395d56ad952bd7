"""Images from files: splits, shapes, and what is refused in one line."""

import numpy as np
import pytest
from scipy.io import savemat

from eae_sindy.errors import EaeSindyError
from eae_sindy.images.sources.arrays import digits, frey_faces, npz

RNG = np.random.default_rng(0)


def test_digits_need_no_download():
    found = digits(0)
    assert found.shape == (8, 8)
    assert (len(found.train), len(found.validation), len(found.test)) == (1437, 180, 180)
    assert found.train.max() == 1
    assert [set(c) for c in found.classes] == [set(range(10))] * 3
    again, other = digits(0), digits(1)
    np.testing.assert_array_equal(again.test, found.test)
    assert not np.array_equal(other.test, found.test)


def test_a_test_that_is_given_stays_one(tmp_path):
    x = RNG.integers(0, 256, size=(70, 4, 3), dtype=np.uint8)
    y = np.arange(70)
    np.savez(tmp_path / "a.npz", x_train=x[:60], x_test=x[60:], y_train=y[:60], y_test=y[60:])
    found = npz(tmp_path / "a.npz", "mine", 0)
    assert (len(found.train), len(found.validation)) == (50, 10)
    np.testing.assert_allclose(found.test, x[60:] / 255, rtol=1e-6)
    for part, labels in zip(
        (found.train, found.validation, found.test), found.classes, strict=True
    ):
        np.testing.assert_allclose(part, x[labels] / 255, rtol=1e-6)
    assert set(found.classes[0]) | set(found.classes[1]) == set(range(60))


def test_images_without_a_test_are_split(tmp_path):
    x = RNG.uniform(size=(50, 4, 3, 3))
    np.savez(tmp_path / "a.npz", x=x)
    found = npz(tmp_path / "a.npz", "mine", 0)
    assert (len(found.train), len(found.validation), len(found.test)) == (40, 5, 5)
    assert (found.shape, found.classes) == ((4, 3, 3), None)


def test_classes_are_numbers_names_or_one_column_each(tmp_path):
    x = RNG.uniform(size=(60, 4, 3))
    y = np.arange(60) % 3
    found = []
    for label in (y, y.astype(float), np.array(["ant", "bee", "cat"])[y], np.eye(3)[y], y[:, None]):
        np.savez(tmp_path / "a.npz", x=x, y=label)
        found.append(npz(tmp_path / "a.npz", "mine", 0).classes)
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
    for wrong in (y[:-1], np.tile(y, 2), RNG.uniform(size=(60, 3))):
        np.savez(tmp_path / "a.npz", x=x, y=wrong)
        with pytest.raises(EaeSindyError, match="give one for each"):
            npz(tmp_path / "a.npz", "mine", 0)
    np.savez(tmp_path / "a.npz", x_train=x, x_test=x, y_test=y)
    with pytest.raises(EaeSindyError, match="y_train or y_test alone"):
        npz(tmp_path / "a.npz", "mine", 0)


def test_a_damaged_archive_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=RNG.uniform(size=(60, 4, 3)))
    whole = (tmp_path / "a.npz").read_bytes()
    spoilt = bytearray(whole)
    spoilt[200:260] = bytes(60)
    np.save(tmp_path / "b.npy", np.zeros((9, 4, 3)))
    for content in (whole[: len(whole) // 2], bytes(spoilt), (tmp_path / "b.npy").read_bytes()):
        (tmp_path / "c.npz").write_bytes(content)
        with pytest.raises(EaeSindyError, match=r"no \.npz file of plain arrays"):
            npz(tmp_path / "c.npz", "mine", 0)


def test_frey_faces_are_one_a_column(tmp_path):
    faces = RNG.integers(0, 256, size=(60, 28, 20), dtype=np.uint8)
    savemat(tmp_path / "f.mat", {"ff": faces.reshape(60, -1).T})
    np.savez(tmp_path / "f.npz", x=faces)
    one, other = (frey_faces(tmp_path / name, "frey-faces", 0) for name in ("f.mat", "f.npz"))
    np.testing.assert_array_equal(one.train, other.train)
    assert one.shape == (28, 20)


def test_what_holds_no_images_is_refused_in_one_line(tmp_path):
    np.savez(tmp_path / "objects.npz", x=np.array([{}], object))
    np.savez(tmp_path / "other.npz", u=np.zeros(3))
    (tmp_path / "text.npz").write_text("no")
    savemat(tmp_path / "f.mat", {"gg": np.zeros((3, 3))})
    (tmp_path / "g.mat").write_text("no")
    for name, says in (("objects", "no .npz file of plain arrays"), ("other", "has u: images are"),
                       ("text", "no .npz file of plain"), ("none", "does not exist")):  # fmt: skip
        with pytest.raises(EaeSindyError, match=says) as error:
            npz(tmp_path / f"{name}.npz", "x", 0)
        assert "\n" not in str(error.value)
    for name, says in (("f", "no ff with 560 rows"), ("g", "no MATLAB file")):
        with pytest.raises(EaeSindyError, match=says):
            frey_faces(tmp_path / f"{name}.mat", "frey-faces", 0)
