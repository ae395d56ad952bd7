"""Files that appear whole or not at all, and locks that die with their process."""

import shutil
import subprocess
import sys

import pytest

from eae_sindy import storage
from eae_sindy.errors import EaeSindyError


def test_a_name_that_no_file_can_have_is_refused(tmp_path):
    for name in ("a" * 300, "a\0b", "a" * 300 + "/b"):
        with pytest.raises(EaeSindyError, match="choose another place") as refused:
            storage.claim(tmp_path / name)
        assert len(str(refused.value)) < 400
    longest = tmp_path / ("ü" * 127)  # 254 bytes: the hidden file beside it must fit as well
    with storage.whole_file(longest) as part:
        part.write_text("x")
    assert [p.name for p in tmp_path.iterdir()] == [longest.name]


def test_a_file_gets_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with storage.whole_file(tmp_path / "made"):
        pass
    assert (tmp_path / "made").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_vanishes_is_said_in_one_line(tmp_path, force):
    folder = tmp_path / "out"
    refused = pytest.raises(EaeSindyError, match="its folder is gone")
    with refused, storage.whole_file(folder / "a", force) as part:
        part.write_text("x")
        shutil.rmtree(folder)
    assert list(tmp_path.iterdir()) == []


def test_one_process_at_a_time(tmp_path):
    path = tmp_path / "e.h5"
    with storage.alone(path):
        with pytest.raises(EaeSindyError, match=r"e\.h5 is being made by another process"):
            storage.alone(path).__enter__()
        with storage.alone(tmp_path / "other.h5"):
            pass
    assert list(tmp_path.iterdir()) == []
    with storage.alone(path):
        pass


def test_a_lock_dies_with_its_process(tmp_path):
    path = tmp_path / "e.h5"
    code = f"""
from eae_sindy import storage
with storage.alone({str(path)!r}):
    print(flush=True)
    input()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline()
    with pytest.raises(EaeSindyError, match="another process"):
        storage.alone(path).__enter__()
    holder.kill()
    holder.communicate()
    with storage.alone(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_was_taken_away_meanwhile_is_taken_anew(tmp_path, monkeypatch):
    """Between opening the hidden file and locking it, its last owner may remove it."""
    real, calls = storage.fcntl.flock, []

    def flock(handle, how):
        if not calls:
            (tmp_path / ".e.h5.lock").unlink()
        calls.append(how)
        return real(handle, how)

    monkeypatch.setattr(storage.fcntl, "flock", flock)
    with storage.alone(tmp_path / "e.h5"):
        assert (tmp_path / ".e.h5.lock").exists()
    assert len(calls) == 2


def test_where_there_are_no_locks_work_goes_on(tmp_path, monkeypatch):
    def refused(handle, how):
        raise OSError(95, "not supported")

    monkeypatch.setattr(storage.fcntl, "flock", refused)
    with storage.alone(tmp_path / "e.h5"):
        pass
    monkeypatch.setattr(storage, "fcntl", None)
    with storage.alone(tmp_path / "e.h5"):
        pass
    assert list(tmp_path.iterdir()) == []
