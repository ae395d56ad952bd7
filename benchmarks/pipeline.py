"""The three commands as a user types them, for several seeds: time, memory, errors, cycles.

python benchmarks/pipeline.py [seed ...]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def command(folder: Path, *arguments: str) -> tuple[float, float]:
    """Run a command in `folder`; return seconds and peak memory in GB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "eae_sindy_cli.main", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"eae-sindy {' '.join(arguments)} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 2**20


def main() -> None:
    seeds = sys.argv[1:] or ["0", "1", "2"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        helped = min(command(folder, "--help")[0] for _ in range(5))
        simulated = command(folder, "simulate")
        print(f"--help {helped:.2f} s; simulate {simulated[0]:.0f} s, {simulated[1]:.2f} GB")
        rows = []
        for seed in seeds:
            fitted = command(folder, "fit", "--seed", seed, "-o", f"runs/{seed}.h5")
            for frames in ("train", "test", "auto"):
                found = command(folder, "discover", f"runs/{seed}.h5", "--plot", "--frames", frames,
                                "-o", f"runs/{seed}-{frames}")  # fmt: skip
                summary = json.loads((folder / f"runs/{seed}-{frames}/summary.json").read_text())
                r, floor, orbits = (summary["reconstruction"], summary["baselines"][0],
                                    summary["orbits"])  # fmt: skip
                period = orbits.get(
                    "period", {"median": float("nan"), "interval": [float("nan")] * 2}
                )
                print(f"seed {seed} {frames}: fit {fitted[0]:.0f} s, {fitted[1]:.2f} GB; discover "
                      f"{found[0]:.0f} s, {found[1]:.2f} GB; field {r['field']:.4f}, rate "
                      f"{r['rate']:.4f}, latent rate {r['latent_rate']:.4f} (POD-2 "
                      f"{floor['field']:.4f}, {floor['rate']:.4f}); cycle "
                      f"{orbits['integrable_fraction']:.1%}, period {period['median']:.4f} "
                      f"[{period['interval'][0]:.4f}, {period['interval'][1]:.4f}]",
                      flush=True)  # fmt: skip
                if frames == "train":
                    rows.append(r)
        mean = {k: sum(r[k] for r in rows) / len(rows) for k in rows[0]}
        print(f"mean over seeds {', '.join(seeds)}: " +
              ", ".join(f"{k} {v:.4f}" for k, v in mean.items()))  # fmt: skip


if __name__ == "__main__":
    main()
