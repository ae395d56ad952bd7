"""Executors, on work that needs no more than Python."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eae_sindy.errors import EaeSindyError
from eae_sindy.executors import Futures, Here, Processes
from eae_sindy.progress import Progress, finish, mapped


class Count:
    """Work in three steps that says which process did it, and how often it has been called."""

    def __init__(self, fault=None):
        self.fault, self.calls = fault, 0

    def __call__(self, item):
        self.calls += 1
        for done in (1, 2, 3):
            if item == self.fault:
                os.kill(os.getpid(), signal.SIGKILL)
            yield Progress("counting", done, 3)
        return item * item, os.getpid(), self.calls


def refuse(item):
    yield Progress("refusing", 1, 2)
    raise EaeSindyError(f"{item} is refused")


def divide(item):
    yield Progress("dividing", 1, 2)
    return 1 / item


def sleep(item):
    yield Progress("sleeping", 1, 2)
    time.sleep(600)


def run(executor, work, items):
    """Return the results, and all that was said on the way."""
    seen = []
    return finish(mapped(executor.map(work, items), lambda p: seen.append(p) or p)), seen


def test_results_stand_in_order_and_progress_counts_all_items():
    found, seen = run(Here(), Count(), [3, 1, 2])
    assert [square for square, *_ in found] == [9, 1, 4]
    assert [p.done for p in seen] == list(range(1, 10))
    assert {p.total for p in seen} == {9}


def mark():
    os.environ["MARKED"] = "1"


class Marked:
    def __call__(self, item):
        yield Progress("marking", 1, 1)
        return os.environ.get("MARKED")


def test_processes_share_the_items_and_keep_what_they_prepared():
    found, seen = run(Processes(2), Count(), [5, 4, 3, 2, 1])
    assert [square for square, *_ in found] == [25, 16, 9, 4, 1]
    assert len({pid for _, pid, _ in found} - {os.getpid()}) == 2
    assert [calls for *_, calls in found] == [1, 1, 2, 2, 3]  # each worker has one work of its own
    assert {p.total for p in seen} == {15}
    assert sorted(p.done for p in seen) == [p.done for p in seen]
    assert seen[-1].done == 15
    assert run(Processes(8, mark), Marked(), [1])[0] == ["1"]


def test_what_goes_wrong_in_a_process_is_one_line_here():
    with pytest.raises(EaeSindyError, match="7 is refused"):
        run(Processes(1), refuse, [7])
    with pytest.raises(EaeSindyError, match=r"failed \(ZeroDivisionError"):
        run(Processes(1), divide, [0])
    with pytest.raises(EaeSindyError, match=r"ended from outside \(-9\)"):
        run(Processes(2), Count(fault=2), [1, 2])
    with pytest.raises(EaeSindyError, match="cannot be sent to another process"):
        run(Processes(1), lambda item: iter(()), [1])


def alive(pid):
    """Whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_processes_end_with_the_generator_that_started_them():
    steps = Processes(1).map(sleep, [1])
    next(steps)
    (worker,) = steps.gi_yieldfrom.gi_frame.f_locals["crew"]
    assert worker.process.is_alive()
    steps.close()
    assert not worker.process.is_alive()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_processes_end_when_their_parent_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "from eae_sindy.executors import Processes\n"
        "from tests.test_executors import sleep\n"
        "if __name__ == '__main__':\n"
        "    for step in Processes(1).map(sleep, [1]):\n"
        "        print('working', flush=True)\n"
    )
    root = Path(__file__).parents[1]
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True,
                              env=os.environ | {"PYTHONPATH": str(root)})  # fmt: skip
    assert parent.stdout.readline() == "working\n"
    listed = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    children = [int(pid) for pid in listed]
    assert any(map(alive, children))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, children))


def test_anything_with_a_submit_is_an_executor():
    with ThreadPoolExecutor(2) as pool:
        found, seen = run(Futures(pool), Count(), [3, 1, 2])
        assert [square for square, *_ in found] == [9, 1, 4]
        assert [(p.done, p.total) for p in seen] == [(1, 3), (2, 3), (3, 3)]
        with pytest.raises(EaeSindyError, match="7 is refused"):
            run(Futures(pool), refuse, [7])


def threads(item):
    """Say how many threads the BLAS libraries of this process take."""
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    yield Progress("looking", 1, 1)
    return [d["num_threads"] for d in threadpool_info() if d["user_api"] == "blas"]


def test_processes_side_by_side_share_the_cores_blas_too():
    """As many processes as there are cores have one thread each."""
    from eae_sindy.neural.entropic import workers

    script = (
        "from eae_sindy.neural.entropic import workers; from eae_sindy.progress import finish; "
        "from tests.test_executors import threads; import os; "
        "workers._share_cores(os.cpu_count()); print(finish(threads(0)))"
    )
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          env=environment, cwd=Path(__file__).parents[1])  # fmt: skip
    counts = eval(done.stdout)
    assert counts
    assert set(counts) == {1}
    assert isinstance(workers.local(2, 8), Processes)
    assert isinstance(workers.local(2, 1), Here)
