"""What `discover` takes: CPU seconds and peak memory, by how many members are read.

    python benchmarks/discover.py runs/ensemble.h5

Runs the command with the default members, with all, and on an ensemble of four times as many (the
same chain four times, each with a decoder of its own). Prints as well how much of the time in
encoding is saved by keeping freed memory, see `members._keep_memory`.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from eae_sindy import Ensemble
from eae_sindy.ensemble import members
from eae_sindy.snapshots.split import TRAIN


def command(*arguments: str) -> tuple[float, float]:
    """Run `eae-sindy discover`; return CPU seconds and peak memory in GB."""
    process = subprocess.Popen(
        [sys.executable, "-m", "eae_sindy_cli.main", "discover", *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"eae-sindy discover {' '.join(arguments)} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20


def encoding(path: str) -> None:
    """Print what keeping freed memory saves in encoding a member at the training frames."""
    ensemble = Ensemble.open(path)
    rows, times = ensemble.frames.where(TRAIN), []
    for prepare in (lambda: None, members._keep_memory):
        prepare()
        ensemble.encode(0, rows)
        start = time.process_time()
        for member in range(20):
            ensemble.encode(member, rows)
        times.append((time.process_time() - start) / 20 * 1e3)
    print(f"encoding a member: {times[0]:.1f} ms, with freed memory kept {times[1]:.1f} ms: "
          f"a ratio of {times[0] / times[1]:.1f}")  # fmt: skip


def enlarge(path: str, larger: str) -> None:
    """Write an ensemble of the same chains four times, each with a decoder of its own."""
    ensemble = Ensemble.open(path)
    chains = [replace(c, encoder=tuple(map(np.asarray, c.encoder)), decoder_index=k)
              for k in range(4) for c in ensemble.chains]  # fmt: skip
    replace(ensemble, chains=chains).save(larger)


def apart(work: Callable[..., None], *arguments: str) -> None:
    """Do some work in a process of its own: what it holds must not count for what comes after."""
    process = get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join()


def main() -> None:
    path = sys.argv[1]
    apart(encoding, path)
    with tempfile.TemporaryDirectory() as name:
        larger = str(Path(name) / "larger.h5")
        apart(enlarge, path, larger)
        for text, *arguments in (
            ("default members", path),
            ("all members", path, "--members", "all"),
            ("default members of four times as many", larger),
            ("all members of four times as many", larger, "--members", "all"),
        ):
            seconds, memory = command(*arguments, "-o", f"{name}/{text}")
            print(f"{text}: {seconds:.0f} s of CPU time, {memory:.2f} GB", flush=True)


if __name__ == "__main__":
    main()
