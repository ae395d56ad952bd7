"""Accuracy and cost of `eae-sindy simulate` at its defaults.

python benchmarks/simulate.py
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

from eae_sindy.dynamics import cycles
from eae_sindy.recipes import ReactionDiffusion
from eae_sindy.snapshots import pod
from eae_sindy.snapshots.lambda_omega import LambdaOmega
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.split import TRAIN


def reference(system: LambdaOmega, end: float) -> np.ndarray:
    """The same spectral equations by SciPy's DOP853 at rtol 1e-10."""
    start = system.initial()

    def tendency(_: float, y: np.ndarray) -> np.ndarray:
        return system.tendency(y.view(complex).reshape(start.shape)).ravel().view(float)

    y = solve_ivp(tendency, (0, end), start.ravel().view(float), "DOP853", rtol=1e-10, atol=1e-10)
    return system.observe(y.y[:, -1].copy().view(complex).reshape(start.shape))


def last(settings: ReactionDiffusion) -> np.ndarray:
    *_, (field, _) = LambdaOmega(settings).frames()
    return field[-1]


def main() -> None:
    end = 5.0
    exact = reference(LambdaOmega(), end)
    substeps = [1, 2, 4]
    errors = [
        float(np.linalg.norm(last(ReactionDiffusion(end=end, substeps=n)) - exact))
        / float(np.linalg.norm(exact))
        for n in substeps
    ]
    order = -np.polyfit(np.log(substeps), np.log(errors), 1)[0]
    print(f"relative error at t = 5: {errors[0]:.2e} (target: < 2e-6)")
    print(f"with 2 and 4 substeps: {errors[1]:.2e}, {errors[2]:.2e}; observed order {order:.2f}")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.h5"
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "eae_sindy_cli.main", "simulate", "-o", str(path)], check=True
        )
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        data = Snapshots.open(path)
        print(f"default command: {seconds:.1f} s, peak memory {peak:.0f} MB (target: < 1 GB)")
        late = Snapshots(data.time[9000:], data.rows("field", 9000, 10_001),
                         data.rows("rate", 9000, 10_001))  # fmt: skip
        parts = np.full(len(late), TRAIN)
        frames = pod.project(late, pod.decompose(late.field, 8), parts)
        period = cycles.period(frames.time, frames.coordinates, frames.rate_coordinates)
        print(f"late-time period: {period:.4f} (target: 6.9187 ± 0.002)")


if __name__ == "__main__":
    main()
