"""What `fit` and `discover` find without any option, on the built-in example and on other data.

    python benchmarks/whole.py FOLDER [--wake FILE.npz] [--only NAME ...]

Simulates or writes each file into FOLDER, runs both commands on it, only the file (and for Lorenz
the number of latents) changed, and prints one line: seconds of the fit and of its starts, test
errors of members, forecast, members on the cycle, the interval of the period with its width, growth
off the cycle, and for the sparse equations of each mode coefficients and forecast. With noise the
field error is that against frames without it. What is there already is not made again.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from start import hopf, lorenz, wake

from eae_sindy import Ensemble, Snapshots
from eae_sindy.discovery.relative_error import Target
from eae_sindy.snapshots.pod import project
from eae_sindy.snapshots.split import TEST

SIMULATED = {
    "default": (),
    "beta": ("--beta", "0.7", "--diffusivity", "0.06", "--diffusivity", "0.06"),
    "arms": ("--arms", "2"),
    "noise05": ("--noise", "0.05"),
    "noise30": ("--noise", "0.3"),
}
CASES = {
    "seed0": ("default", "--seed", "0"),
    "seed1": ("default", "--seed", "1"),
    "seed2": ("default", "--seed", "2"),
    "beta": ("beta",),
    "arms": ("arms",),
    "wake": ("wake",),
    "hopf": ("hopf",),
    "lorenz": ("lorenz", "--latents", "3"),
    "noise05": ("noise05",),
    "noise30": ("noise30",),
}


def command(*arguments: str) -> float:
    """Run `eae-sindy`; return the seconds."""
    start = time.monotonic()
    line = [sys.executable, "-m", "eae_sindy_cli.main", *map(str, arguments)]
    made = subprocess.run(line, capture_output=True, text=True)
    if made.returncode:
        raise SystemExit(f"{' '.join(line)}: {made.stderr[-500:]}")
    return time.monotonic() - start


def write(name: str, path: Path, given: argparse.Namespace) -> None:
    if name in SIMULATED:
        command("simulate", *SIMULATED[name], "-o", path)
    else:
        makers = {"hopf": hopf, "lorenz": lorenz, "wake": lambda: wake(given.wake)}
        makers[name]().save(path)


def clean_error(ensemble: Ensemble, clean: Snapshots) -> float:
    """Return the field error of members' reconstructions against frames without noise."""
    frames = project(clean, ensemble.pod, ensemble.frames.split)
    rows = ensemble.frames.where(TEST)
    target = Target.of(type("Clean", (), {"frames": frames}), rows, "field")
    found = []
    for member in range(0, len(ensemble), max(1, len(ensemble) // 40)):
        z, rate = ensemble.encode(member, rows)
        found.append(target.error(ensemble.decode(member, z, rate)[0]))
    return float(np.mean(found))


def line(name: str, summary: dict, ensemble: Ensemble, seconds: tuple[float, float]) -> str:
    said = ensemble.attributes
    starts = [float(v) for k, v in said.items() if k.startswith("start/") and k.endswith("seconds")]
    parts = [f"{name:8} fit {seconds[0]:4.0f} s (starts {max(starts, default=0):.0f})",
             f"discover {seconds[1]:3.0f} s"]  # fmt: skip
    errors = summary["reconstruction"]
    parts.append(f"field {errors['field']:.1e} rate {errors['rate']:.1e}")
    parts.append(f"POD {min(b['field'] for b in summary['baselines']):.1e}")
    if "forecast" in summary:
        parts.append(f"forecast {summary['forecast']['field']:.1e}")
    orbits = summary.get("orbits")
    if orbits:
        parts.append(f"on cycle {orbits['integrable_fraction']:.1%}")
        if "period" in orbits:
            low, high = orbits["period"].get("interval_with_frames", (np.nan, np.nan))
            parts.append(f"period [{low:.4f}, {high:.4f}] {(high - low) / low:.2%}")
            parts.append(f"data {orbits['reference_period']:.4f}")
            parts.append("growth [{:.4f}, {:.4f}]".format(*orbits["growth"]["interval"]))
    for mode in summary.get("modes", []):
        few = mode["sparse"]
        if few:
            parts.append(f"sparse {few['coefficients']:.0f}: {few['forecast']:.1e}")
    return "; ".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wake")
    parser.add_argument("--only", nargs="*", default=list(CASES))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for name in given.only:
        data, *options = CASES[name]
        if data == "wake" and not given.wake:
            continue
        source, fitted = given.folder / f"{data}.h5", given.folder / f"{name}-ensemble.h5"
        if not source.exists():
            write(data, source, given)
        fitting = np.nan
        if not fitted.exists():
            fitting = command("fit", source, *options, "-o", fitted)
        out = given.folder / name
        looking = command("discover", fitted, "--plot", "--report", "--force", "-o", out)
        summary = json.loads((out / "summary.json").read_text())
        ensemble = Ensemble.open(fitted)
        text = line(name, summary, ensemble, (fitting, looking))
        if data.startswith("noise"):
            clean = Snapshots.open(given.folder / "default.h5")
            text += f"; field against clean frames {clean_error(ensemble, clean):.1e}"
        print(text, flush=True)


if __name__ == "__main__":
    main()
