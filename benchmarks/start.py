"""How far below the linear floor the start by projection comes, and in how many seconds.

    OMP_NUM_THREADS=1 python benchmarks/start.py [--data FILE.h5] [--wake FILE.npz] [--seeds N]

Always: a Hopf normal form lifted to 64 dimensions, and Lorenz lifted to 128 with three latents,
each by sines of random directions, so that no linear map leads back exactly. With --data the
built-in example, or any snapshots; with --wake velocities past a cylinder, base + Σ a_k(t) modes_k.
Errors are of weights as they leave the start, on test frames, relative to the variance of the field
and the mean square of the rate, with the terms of the fit; `floor` is the field error of as many
POD modes. `cpu` and `wall` are seconds of the start.
"""

import argparse
import time
from dataclasses import replace

import numpy as np
from scipy.integrate import solve_ivp

from eae_sindy.dynamics.least_squares import solve
from eae_sindy.dynamics.library import Library
from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.ensemble.forward import forward
from eae_sindy.neural.estimator import EntropicAutoencoder
from eae_sindy.neural.objectives.data import seen
from eae_sindy.neural.starts import choice
from eae_sindy.neural.starts.contract import Begun
from eae_sindy.progress import finish
from eae_sindy.recipes import Fit
from eae_sindy.snapshots.generators.lift import lift
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.split import TEST, TRAIN

DIMENSIONLESS = {"start": "projection", "dimensionless": True, "rate_weight": 1.0}


def trajectories(right, starts, end: float, step: float) -> list[np.ndarray]:
    t = np.arange(0, end, step)
    return [solve_ivp(right, (0, end), s, t_eval=t, rtol=1e-10, atol=1e-12).y.T for s in starts]


def lifted(right, runs: list[np.ndarray], step: float, size: int, scale: float) -> Snapshots:
    z = np.concatenate(runs)
    rate = np.stack([right(0, row) for row in z]) / scale
    field, slope = lift(z / scale, rate, size)
    time_ = np.concatenate([step * np.arange(len(run)) for run in runs])
    labels = np.repeat(np.arange(len(runs)), [len(run) for run in runs])
    return Snapshots(time_, field.astype(np.float32), slope.astype(np.float32), labels)


def hopf() -> Snapshots:
    def right(_, z):
        x, y = z
        r = x * x + y * y
        return np.array([0.15 * x - y - 0.15 * r * x, x + 0.15 * y - 0.15 * r * y])

    rng = np.random.default_rng(0)
    starts = rng.uniform(-1.5, 1.5, (12, 2))
    return lifted(right, trajectories(right, starts, 20.0, 0.05), 0.05, 64, 1.0)


def lorenz() -> Snapshots:
    def right(_, z):
        x, y, w = z
        return np.array([10 * (y - x), x * (28 - w) - y, x * y - 8 / 3 * w])

    rng = np.random.default_rng(0)
    starts = rng.normal(size=(10, 3)) * 8 + [0, 0, 25]
    centred = [run - [0, 0, 25] for run in trajectories(right, starts, 10.0, 0.02)]

    def moved(t, z):
        return right(t, z + np.array([0, 0, 25.0]))

    return lifted(moved, centred, 0.02, 128, 10.0)


def wake(path: str) -> Snapshots:
    with np.load(path) as file:
        t, a, base, modes = (file[k] for k in ("t", "a", "base", "modes"))
    field = base[:2] + np.tensordot(a, modes[:, :2], 1)
    return Snapshots(t, field.astype(np.float32), None)


def errors(begun: Ensemble, found: Begun, library: Library) -> tuple[float, float, float]:
    """Return field, rate and latent rate error on the test frames, in single precision."""
    act = begun.settings.activation
    parts = {}
    for part in (TRAIN, TEST):
        x, x_rate, y, y_rate = seen(begun.frames, begun.pod, begun.frames.where(part))
        parts[part] = (*forward(found.encoders[0], act, x, x_rate), y, y_rate)
    z, rate = parts[TRAIN][:2]
    xi, _ = solve(library(z.astype(float)), rate.astype(float))
    z, rate, y, y_rate = parts[TEST]
    v = library(z.astype(float)) @ xi
    guess = forward(found.decoder, act, z, v.astype(np.float32))
    rows = begun.frames.where(TEST)
    beyond = [begun.frames.outside[rows].mean(), begun.frames.rate_outside[rows].mean()]
    # The same unit on both sides, whatever the coordinates are measured in.
    gain = begun.frames.coordinates[rows].var() / y.var()
    sizes = [y.var(axis=0).sum() * gain + beyond[0], np.sum(y_rate**2, axis=1).mean() + beyond[1]]
    field = (np.sum((guess[0] - y) ** 2, axis=1).mean() * gain + beyond[0]) / sizes[0]
    slope = (np.sum((guess[1] - y_rate) ** 2, axis=1).mean() + beyond[1]) / sizes[1]
    return field, slope, float(np.mean((v - rate) ** 2) / np.mean(rate**2))


def floor(begun: Ensemble) -> float:
    """Return the field error of as many POD modes as latents, about the mean of training."""
    frames, train, test = begun.frames, begun.frames.where(TRAIN), begun.frames.where(TEST)
    mean = frames.coordinates[train].mean(axis=0)
    _, _, axes = np.linalg.svd(frames.coordinates[train] - mean, full_matrices=False)
    x = frames.coordinates[test] - mean
    left = x - x @ axes[: begun.settings.latents].T @ axes[: begun.settings.latents]
    beyond = frames.outside[test].mean()
    return (np.sum(left**2, axis=1).mean() + beyond) / (x.var(axis=0).sum() + beyond)


def measure(name: str, snapshots: Snapshots, settings: Fit, seeds: int) -> None:
    for seed in range(seeds):
        chosen = settings.but(seed=seed)
        estimator = EntropicAutoencoder(chosen)
        begun, _ = estimator.begin(snapshots)
        cpu, wall = time.process_time(), time.monotonic()
        rng = np.random.default_rng(np.random.SeedSequence((seed, 0)).generate_state(2)[0])
        given = (chosen, begun.frames, begun.pod, estimator.library)
        found = finish(choice.choose(chosen)(*given, [rng]))
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        field, rate, latent = errors(begun, found, estimator.library)
        least = floor(begun)
        print(
            f"{name:8} {seed:4} {least:9.2g} {field:9.2g} {rate:9.2g} {latent:9.2g} "
            f"{least / field:9.3g} {cpu:7.1f} {wall:7.1f}  "
            + " ".join(f"{k} {v:.2g}" for k, v in found.numbers.items()),
            flush=True,
        )
        for note in found.notes:
            print("         note:", note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data")
    parser.add_argument("--wake")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--activation", default="silu")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", action="append")
    parser.add_argument("--set", action="append", default=[], help="field=value of recipes.Fit")
    given = parser.parse_args()
    settings = Fit().but(activation=given.activation, start_seconds=given.seconds, **DIMENSIONLESS)
    for change in given.set:
        key, value = change.split("=")
        settings = replace(settings, **{key: type(getattr(settings, key))(eval(value))})
    cases = {
        "example": (lambda: Snapshots.open(given.data), {}, bool(given.data)),
        "hopf": (hopf, {}, True),
        "lorenz": (lorenz, {"latents": 3}, True),
        "wake": (lambda: wake(given.wake), {}, bool(given.wake)),
    }
    print("data     seed     floor     field      rate    latent     ratio     cpu    wall")
    for name, (make, changes, wanted) in cases.items():
        if wanted and (not given.only or name in given.only):
            measure(name, make(), settings.but(**changes), given.seeds)


if __name__ == "__main__":
    main()
