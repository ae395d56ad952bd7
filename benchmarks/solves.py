"""What else Eq. 16 could have been: truncated solves, centred latents, a constant term.

    python benchmarks/solves.py runs/ensemble.h5

Prints, for 50 members and each way of solving, the share that holds the cycle, its period, and the
mean coefficients of z and sin z. docs/reproduction.md quotes it.
"""

import sys

import numpy as np

from eae_sindy.discovery.discover import FRAMES
from eae_sindy.discovery.member_fits import reference_period
from eae_sindy.dynamics import cycles, least_squares, orbits
from eae_sindy.dynamics.library import Library, standard
from eae_sindy.dynamics.orbits import Loop
from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.snapshots.split import TEST

# Of the largest singular value. Chosen by us: with it what tells z, z³ and sin z apart is dropped.
CUTOFF = 5e-3


def truncated(theta: np.ndarray, rate: np.ndarray) -> np.ndarray:
    return np.linalg.pinv(theta, rcond=CUTOFF) @ rate


def plain(theta: np.ndarray, rate: np.ndarray) -> np.ndarray:
    return least_squares.solve(theta, rate)[0]


WAYS = {
    "Eq. 16": (plain, standard(2), False),
    "truncated": (truncated, standard(2), False),
    "centred latents": (plain, standard(2), True),
    "with a constant": (plain, standard(2, constant=True), False),
}


def main() -> None:
    ensemble = Ensemble.open(sys.argv[1])
    test, reference = ensemble.frames.where(TEST), reference_period(ensemble)
    members = np.unique(np.linspace(0, len(ensemble) - 1, 50).astype(int))
    for frames in ("train", "test"):
        fit = ensemble.frames.where(*FRAMES[frames])
        for name, (solve, library, centred) in WAYS.items():
            report(ensemble, members, fit, test, reference, solve, library, centred,
                   f"{frames:6} {name:16}")  # fmt: skip


def report(ensemble: Ensemble, members: np.ndarray, fit: np.ndarray, test: np.ndarray,
           reference: float, solve: object, library: Library, centred: bool,
           label: str) -> None:  # fmt: skip
    values, loops = [], []
    for m in members:
        z, rate = (a.astype(float) for a in ensemble.encode(m, np.concatenate([fit, test])))
        z -= centred * z[: len(fit)].mean(axis=0)
        values.append(solve(library(z[: len(fit)]), rate[: len(fit)]))  # type: ignore[operator]
        loops.append(orbits.loop(z[len(fit) :]))
    xi = np.stack(values)
    data = Loop(*map(np.concatenate, zip(*loops, strict=True)))
    found = cycles.settle(library, xi, data, reference)
    periods = found.period[found.holds]
    period = f"{np.median(periods):.3f}" if len(periods) else "    -"
    shown = [library.terms.index(t) for t in ("z1", "sin(z1)", "z2", "sin(z2)")]
    mean = xi.mean(axis=0)
    print(f"{label} holds {found.integrable_fraction:4.0%}  period {period}  z1 sin z1 z2 sin z2 "
          + "; ".join(" ".join(f"{v:6.2f}" for v in mean[shown, k]) for k in range(2)))  # fmt: skip


if __name__ == "__main__":
    main()
