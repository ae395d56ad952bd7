"""What the ensemble and the equations do in trouble; how often a fit reads its snapshots."""

import subprocess
import sys

import h5py
import numpy as np
import pytest

from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.errors import EaeSindyError
from eae_sindy.formats import ENSEMBLE
from eae_sindy.neural.estimator import EntropicAutoencoder
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.stored import StoredArray
from tests.conftest import TINY_FIT


def test_a_fit_reads_its_snapshots_once_and_a_resumed_one_hardly_at_all(
    small_file, fitted, monkeypatch
):
    read = {"/field": 0, "/rate": 0}
    real = StoredArray.__getitem__

    def counted(self, key):
        part = real(self, key)
        read[self.name] += len(part)
        return part

    monkeypatch.setattr(StoredArray, "__getitem__", counted)
    found = Snapshots.open(small_file)
    EntropicAutoencoder(TINY_FIT).begin(found)
    assert read == {"/field": 601 + 64, "/rate": 601 + 64}  # 64 for the fingerprint
    EntropicAutoencoder(TINY_FIT).differences(fitted[0], found)
    assert read == {"/field": 601 + 128, "/rate": 601 + 128}


def test_a_flipped_bit_of_an_ensemble_is_noticed_wherever_it_matters(ensemble, tmp_path):
    path, rng = tmp_path / "e.h5", np.random.default_rng(2)
    ensemble.save(path)
    whole, said = path.read_bytes(), []
    for place in rng.integers(0, len(whole), 60):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(spoilt)
        try:
            found = Ensemble.open(path)
            # Encoders stay in the file until they are asked for.
            encoders = [[np.asarray(w) for w in c.encoder] for c in found.chains]
        except EaeSindyError as error:
            said.append(str(error))
            continue
        assert not found.differences(ensemble)
        for a, b, e in zip(found.chains, ensemble.chains, encoders, strict=True):
            for p, q in zip((*e, *a.decoder), (*b.encoder, *b.decoder), strict=True):
                np.testing.assert_array_equal(p, q)
            np.testing.assert_array_equal(a.loss, b.loss)
        np.testing.assert_array_equal(found.pod.modes, ensemble.pod.modes)
        np.testing.assert_array_equal(found.frames.coordinates, ensemble.frames.coordinates)
    assert len(said) > 20
    assert all(str(path) in line and "\n" not in line for line in said)


def test_an_ensemble_on_a_full_disk(ensemble, tmp_path):
    ensemble.save(tmp_path / "e.h5")
    code = (
        "import resource, sys; from eae_sindy.ensemble.ensemble import Ensemble\n"
        "from eae_sindy.errors import EaeSindyError\n"
        "found = Ensemble.open(sys.argv[1])\n"
        "for size in (1000, 20_000, 60_000, 100_000):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))\n"
        "    try:\n"
        "        found.save(sys.argv[2])\n"
        "    except EaeSindyError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "e.h5", tmp_path / "other.h5"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("free some space") == 4
    assert [p.name for p in tmp_path.iterdir()] == ["e.h5"]


@pytest.mark.parametrize("version", ["one", np.nan, [2], ENSEMBLE.version + 1, 0])
def test_an_ensemble_of_a_version_that_cannot_be_read(ensemble, tmp_path, version):
    ensemble.save(tmp_path / "e.h5")
    with h5py.File(tmp_path / "e.h5", "r+") as file:
        file.attrs["format_version"] = version
    with pytest.raises(EaeSindyError, match="ensemble file") as refused:
        Ensemble.open(tmp_path / "e.h5")
    assert str(tmp_path) in str(refused.value)
    assert "\n" not in str(refused.value)
