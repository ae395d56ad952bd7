"""HDF5 files in trouble: full disks, flipped bits, signals, links."""

import os
import signal
import subprocess
import sys
import threading

import h5py
import numpy as np
import pytest

from eae_sindy import hdf5
from eae_sindy.errors import EaeSindyError
from eae_sindy.snapshots.snapshots import Snapshots

FRAMES = np.random.default_rng(0).normal(size=(400, 16, 16)).astype(np.float32)


def snapshots(n=400):
    return Snapshots(np.arange(n), FRAMES[:n], 2 * FRAMES[:n], attributes={"system": "noise"})


def test_arrays_of_every_kind_come_back(tmp_path):
    values = {
        "number": 3.5, "small": np.arange(5), "large": np.arange(60_000.0).reshape(300, 200),
        "none": np.zeros((0, 7)), "flags": np.ones((90, 90), bool), "text": "words",
    }  # fmt: skip
    with hdf5.new(tmp_path / "a.h5") as file:
        for name, value in values.items():
            hdf5.put(file, f"in/{name}", value)
    with h5py.File(tmp_path / "a.h5") as file:
        for name, value in values.items():
            found = file["in"][name]
            np.testing.assert_array_equal(found.asstr()[()] if name == "text" else found, value)
        assert file["in/large"].fletcher32
        assert file["in/flags"].fletcher32


@pytest.mark.parametrize(
    "shape", [(10,), (10**7,), (5000, 32, 256), (3, 4000, 4000), (2, 2**20, 3)]
)
def test_chunks_are_of_bounded_size_and_none_is_tiny(shape):
    chunk = hdf5.chunks(shape, 4)
    assert all(1 <= c <= n for c, n in zip(chunk, shape, strict=True))
    size = 4 * np.prod(chunk)
    assert size <= hdf5.CHUNK_BYTES
    assert size > min(hdf5.CHUNK_BYTES / 3, 4 * np.prod(shape) / 2)


def test_a_flipped_bit_is_noticed_wherever_it_matters(tmp_path):
    """Every bit of the file that changes a number is noticed; the rest changes nothing."""
    path, rng = tmp_path / "s.h5", np.random.default_rng(1)
    made = snapshots()
    made.save(path)
    whole, said = path.read_bytes(), []
    # Half of them anywhere, half in the first kilobytes, where the tables are.
    places = np.r_[rng.integers(0, len(whole), 60), rng.integers(0, 4096, 60)]
    for place in places:
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(spoilt)
        try:
            with Snapshots.open(path) as found:
                for name in ("time", "field", "rate", "trajectory"):
                    same = np.array_equal(getattr(found, name)[:], getattr(made, name))
                    assert same, f"{name} changed by a bit of byte {place}, unnoticed"
                assert found.attributes["system"] == "noise"
        except EaeSindyError as error:
            said.append(str(error))
    assert len(said) > 60
    assert all(str(path) in line and "\n" not in line for line in said)


FULL = """
import faulthandler, resource, sys
import numpy as np
from eae_sindy import hdf5
from eae_sindy.errors import EaeSindyError
faulthandler.enable()
frames = np.random.default_rng(0).normal(size=(100, 50, 50))
for limit in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        with hdf5.new(sys.argv[1]) as file:
            data = hdf5.make(file, "field", (300, 50, 50), float)
            for k in range(3):
                data[100 * k : 100 * (k + 1)] = frames
                file[f"plain{k}"] = frames[k]
                data[5:200:30]
                if limit % 2:
                    file.check()
    except EaeSindyError as error:
        print(error)
"""


def test_a_full_disk_is_said_in_one_line_and_nothing_is_left(tmp_path):
    """At any moment: in the tables, in the middle of a write, and when the file is closed."""
    pytest.importorskip("resource")
    limits = [101, 2000, 50_000, 50_001, 2_000_000, 3_999_999, 6_000_000, 6_050_000, 6_060_000]
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "a.h5"), *map(str, limits)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) == len(limits)
    assert all("free some space or choose another place" in line for line in lines)
    assert list(tmp_path.iterdir()) == []


class Stopped(BaseException):
    pass


def test_a_signal_in_the_middle_of_a_write_comes_after_it(tmp_path):
    """HDF5 does not survive an exception in the middle of a write."""

    def stop(number, frame):
        raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        for delay in np.linspace(0, 0.02, 25):
            timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGTERM))
            with pytest.raises(Stopped), hdf5.new(tmp_path / "a.h5", force=True) as file:  # noqa: PT012
                timer.start()
                data = hdf5.make(file, "field", FRAMES.shape, np.float32)
                for k in range(10**6):
                    data[k % 4 * 100 : (k % 4 + 1) * 100] = FRAMES[:100]
            timer.join()
            assert list(tmp_path.iterdir()) == []
            assert signal.getsignal(signal.SIGTERM) is stop
    finally:
        signal.signal(signal.SIGTERM, before)


def broken_link(file):
    file["field"] = h5py.SoftLink("/nowhere")


def self_link(file):
    file["field"] = h5py.SoftLink("/field")


def link_loop(file):
    file["field"], file["rate"] = h5py.SoftLink("/rate"), h5py.SoftLink("/field")


def other_file(file):
    file["field"] = h5py.ExternalLink("other.h5", "/field")


def by_way_of_a_link(file):
    file["elsewhere"] = h5py.ExternalLink("other.h5", "/")
    file["field"] = h5py.SoftLink("/elsewhere/field")


def raw_storage(file):
    file.create_dataset("field", (3, 2), "f8", external=[("raw.bin", 0, h5py.h5f.UNLIMITED)])


def virtual(file):
    layout = h5py.VirtualLayout((3, 2), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "field", (3, 2))
    file.create_virtual_dataset("field", layout)


def group(file):
    file.create_group("field")


def empty(file):
    file["field"] = h5py.Empty("f8")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (broken_link, "leads nowhere"),
        (self_link, "leads nowhere"),
        (link_loop, "leads nowhere"),
        (other_file, "link to another file"),
        (by_way_of_a_link, "link to another file"),
        (raw_storage, "keeps its values in another file"),
        (virtual, "keeps its values in another file"),
        (group, "is a group"),
        (empty, "is empty"),
    ],
)
def test_what_is_no_array_of_the_file_itself_is_refused(tmp_path, change, says):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["field"] = np.ones((3, 2))
    (tmp_path / "raw.bin").write_bytes(bytes(48))
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["time"] = np.arange(3.0)
        change(file)
    with pytest.raises(EaeSindyError, match=f"/field.*{says}") as refused:
        Snapshots.open(tmp_path / "s.h5")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["time", "trajectory", "mask", "rate", "space/x"])
def test_links_out_of_the_file_are_refused_for_every_array(tmp_path, name):
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["field"] = np.ones((3, 2))
        if name != "time":
            file["time"] = np.arange(3.0)
        file[name] = h5py.ExternalLink("other.h5", "/x")
    with pytest.raises(EaeSindyError, match=f"/{name} is a link to another file"):
        Snapshots.open(tmp_path / "s.h5")
