"""Versions of the file formats: what is older is understood, what is newer or nonsense refused."""

import h5py
import numpy as np
import pytest

from eae_sindy import formats
from eae_sindy.errors import EaeSindyError
from eae_sindy.formats import FORMATS, VERSION, Format
from eae_sindy.snapshots.snapshots import Snapshots

FIELD = np.arange(12.0).reshape(3, 2, 2)


def written(path, version=None):
    """Write snapshots as version 1 did: plain arrays, and the version only if it is given."""
    with h5py.File(path, "w") as file:
        file["time"], file["field"], file["rate"] = np.arange(3.0), FIELD, -FIELD
        file["trajectory"], file["mask"] = np.zeros(3, int), np.array([[True, False], [True, True]])
        file["space/x"] = np.arange(2.0)
        file.attrs["system"] = "lambda-omega"
        if version is not None:
            file.attrs[VERSION] = version
    return path


@pytest.mark.parametrize("version", [None, 1], ids=["by hand", "as simulate wrote it"])
def test_snapshots_of_every_older_version_are_read(tmp_path, version):
    found = Snapshots.open(written(tmp_path / "s.h5", version))
    np.testing.assert_array_equal(found.field, FIELD)
    np.testing.assert_array_equal(found.rate, -FIELD)
    assert found.size == 3
    assert found.attributes["system"] == "lambda-omega"
    found.save(tmp_path / "today.h5")
    with h5py.File(tmp_path / "today.h5") as file:
        assert file.attrs[VERSION] == formats.SNAPSHOTS.version


@pytest.mark.parametrize(
    ("version", "says"),
    [
        (2, "is of format 2, this version reads up to 1: upgrade"),
        (0, "'0', no version"),
        (-1, "'-1', no version"),
        (1.5, "'1.5', no version"),
        ("one", "'one', no version"),
        ("1", "'1', no version"),
        (np.nan, "'nan', no version"),
        (np.inf, "'inf', no version"),
        ([1], "no version"),
        ([1, 2], "no version"),
        (1j, "no version"),
        (h5py.Empty("f4"), "no version"),
    ],
)
def test_snapshots_of_a_version_that_cannot_be_read_are_refused(tmp_path, version, says):
    path = written(tmp_path / "s.h5", version)
    with pytest.raises(EaeSindyError, match=says) as refused:
        Snapshots.open(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.noun)
def test_every_format_checks_its_version_alike(form):
    assert form.current({VERSION: np.int64(form.version), "a": 1}) == {"a": 1}
    for nonsense in ("one", np.nan, [form.version], form.version + 0.5):
        with pytest.raises(EaeSindyError, match=f"of this {form.noun} is"):
            form.current({VERSION: nonsense})
    with pytest.raises(EaeSindyError, match="upgrade eae-sindy"):
        form.current({VERSION: form.version + 1})
    if form.unmarked is None:
        with pytest.raises(EaeSindyError, match=f"this is no {form.noun}"):
            form.current({})
    else:
        assert form.current({}) == {}


def test_older_attributes_go_through_every_migration_in_turn():
    form = Format(
        "thing", "make it", version=3,
        migrations={1: lambda a: {**a, "b": a["a"]}, 2: lambda a: {**a, "c": 2 * a["b"]}},
    )  # fmt: skip
    assert form.current({VERSION: 1, "a": 1}) == {"a": 1, "b": 1, "c": 2}
    assert form.current({VERSION: 2, "b": 5}) == {"b": 5, "c": 10}
    assert form.current({VERSION: 3}) == {}
    with pytest.raises(ValueError, match="one migration for each"):
        Format("thing", "make it", version=2)


def test_an_ensemble_of_version_1_gets_a_list_of_masses():
    found = formats.ENSEMBLE.current({VERSION: 1, "settings/mass": 1e-6})
    assert found["settings/mass"] == [1e-6]


def test_an_ensemble_of_version_2_says_how_it_was_made():
    """Whatever the defaults are today; what the file itself says stays."""
    found = formats.ENSEMBLE.current({VERSION: 2, "settings/start": "projection"})
    assert found == {
        "settings/dimensionless": False, "settings/start": "projection",
        "settings/decoder_update": "adam", "settings/step_share": 0.0}  # fmt: skip
