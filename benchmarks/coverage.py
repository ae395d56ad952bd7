"""How often 90 % intervals hold the truth, encoders included: a planted flow, fitted whole.

    OMP_NUM_THREADS=1 python benchmarks/coverage.py [--cases N] [--first N] [--jobs N]
        [--noise SHARE ...]

Each case is a Hopf normal form of growth 0.3 and frequency 1, lifted to 24 points by sines of
random directions, with noise of its own on field and rate, a share of their root mean square. It is
fitted by the default recipe made small (start, sampling, discovery; two decoders), and the
intervals of the period and of the growth rate off the cycle, over encoders, decoders and resampled
frames, are held against 2π and −0.6. Prints one line a case, then for each noise how often the
intervals held the truth, with the 90 % range that chance leaves a share of so many cases, and their
median widths.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from scipy.stats import beta
from start import trajectories

from eae_sindy.discovery.discover import discover
from eae_sindy.neural.estimator import EntropicAutoencoder
from eae_sindy.recipes import CRITERIA, recipe
from eae_sindy.snapshots.generators.lift import lift
from eae_sindy.snapshots.snapshots import Snapshots

GROWTH, TRUTH = 0.3, {"period": 2 * np.pi, "growth": -0.6}
SMALL = recipe("standard").but(
    start_seconds=1.5, hidden=(32,), rank=8, frames=200, updates=2, encoders=50, draws=100,
    chains=2, train=0.8, validation=0.2, test=0.2,
)  # fmt: skip
JUDGED = CRITERIA.but(
    replicates=60, witnesses=40, least_members=100, judged=6, finalists=3, decoded=10,
    degrees=(3, 3, 3), weights=(0.0,),
)  # fmt: skip


def right(_: float, z: np.ndarray) -> np.ndarray:
    x, y = z
    r = x * x + y * y
    return np.array([GROWTH * (1 - r) * x - y, x + GROWTH * (1 - r) * y])


def snapshots(noise: float, case: int) -> Snapshots:
    rng = np.random.default_rng([case, int(1e4 * noise)])
    turns = rng.uniform(0, 2 * np.pi, 24)
    size = rng.uniform(0.3, 1.5, 24)
    starts = np.stack([size * np.cos(turns), size * np.sin(turns)], axis=1)
    runs = trajectories(right, starts, 8.0, 0.1)
    z = np.concatenate(runs)
    field, rate = lift(z, np.stack([right(0, row) for row in z]), 24)
    field, rate = (
        part + noise * (part - part.mean(axis=0)).std() * rng.normal(size=part.shape)
        for part in (field, rate)
    )
    time = np.concatenate([0.1 * np.arange(len(run)) for run in runs])
    label = np.repeat(np.arange(len(runs)), [len(run) for run in runs])
    return Snapshots(time, field.astype(np.float32), rate.astype(np.float32), label)


def case(given: tuple[float, int]) -> dict[str, tuple[float, float] | None]:
    """Fit one case; return its intervals, None where there is none."""
    noise, number = given
    ensemble = EntropicAutoencoder(SMALL.but(seed=number)).fit(snapshots(noise, number))
    found = discover(ensemble, criteria=JUDGED)
    spread = found.answers.spread if found.answers else None
    if spread is None or spread.period is None:
        return {"period": None, "growth": None}
    held = spread.orbits.holds
    return {
        "period": tuple(spread.period),
        "growth": tuple(spread.interval(spread.orbits.growth[held], held)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--noise", type=float, nargs="*", default=[0.05, 0.2])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    given = parser.parse_args()
    with ProcessPoolExecutor(given.jobs, get_context("spawn")) as pool:
        for noise in given.noise:
            found = []
            for number, one in enumerate(
                pool.map(case, [(noise, given.first + n) for n in range(given.cases)]),
                given.first,
            ):
                found.append(one)
                ends = {k: v and tuple(f"{x:.4f}" for x in v) for k, v in one.items()}
                print(noise, number, ends, flush=True)
            for name, truth in TRUTH.items():
                told = [f[name] for f in found if f[name] is not None]
                print(f"noise {noise:g}, {summary(name, truth, told, given.cases)}", flush=True)


def summary(name: str, truth: float, told: list[tuple[float, float]], cases: int) -> str:
    """Say how many intervals hold the truth."""
    n, hit = len(told), sum(low <= truth <= high for low, high in told)
    if not n:
        return f"{name}: no interval"
    low = beta(hit, n - hit + 1).ppf(0.05) if hit else 0.0
    high = beta(hit + 1, n - hit).ppf(0.95) if hit < n else 1.0
    width = np.median([end - start for start, end in told])
    return (
        f"{name}: {hit} of {n} intervals ({hit / n:.0%}; {low:.0%} to {high:.0%} by chance) hold "
        f"{truth:.4f}; median width {width:.4f}; {cases - n} cases without one"
    )


if __name__ == "__main__":
    sys.exit(main())
