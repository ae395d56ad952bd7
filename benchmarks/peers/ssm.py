"""The recipe of SSMLearnPy on the frames of an ensemble file: one row for the table.

    python benchmarks/peers/ssm.py runs/compare/eae.h5 [--late 0.5] [--decoder 7] [--dynamics 3]

A spectral submanifold as Cenedese et al. (2022) fit one: a linear chart onto the leading POD modes,
polynomials of the chart that make the field, and polynomial dynamics on the chart, both by ridge
regression on the late training frames, on which the data have come to the manifold. The package
itself is not on PyPI, so this is its recipe and not its code; normal forms, which change the
coordinates and not the model, are left out. Frames, split and errors are those of eae-sindy.
"""

import argparse
import time

import numpy as np
from scipy.integrate import solve_ivp
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from eae_sindy import Ensemble
from eae_sindy.dynamics.cycles import period
from eae_sindy.snapshots.split import TEST, TRAIN

RIDGES = {"ridge__alpha": np.geomspace(1e-10, 1e-2, 9)}


def fitted(degree: int, x: np.ndarray, y: np.ndarray) -> GridSearchCV:
    """Return polynomials of x that make y; the ridge is cross-validated over stretches of time."""
    model = make_pipeline(PolynomialFeatures(degree), StandardScaler(), Ridge())
    return GridSearchCV(model, RIDGES, scoring="neg_mean_squared_error").fit(x, y)


def error(target: np.ndarray, made: np.ndarray, outside: np.ndarray) -> float:
    beyond = outside.mean(dtype=float)
    variance = np.sum(np.var(target, axis=0, dtype=float)) + beyond
    return float((np.mean(np.sum((target - made) ** 2, axis=1)) + beyond) / variance)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--late", type=float, default=0.5, help="Share of the training time used.")
    parser.add_argument("--decoder", type=int, default=7, help="Degree of the field on the chart.")
    parser.add_argument("--dynamics", type=int, default=3, help="Degree of the dynamics.")
    given = parser.parse_args()
    ensemble = Ensemble.open(given.file)
    frames, latents = ensemble.frames, ensemble.settings.latents
    x, rate, t = (np.asarray(a, float) for a in (frames.coordinates, frames.rate_coordinates,
                                                 frames.time))  # fmt: skip
    train, test = frames.where(TRAIN), frames.where(TEST)
    started = time.perf_counter()
    train = train[t[train] >= np.quantile(t[train], 1 - given.late)]
    mean = x[train].mean(axis=0)
    _, sizes, axes = np.linalg.svd(x[train] - mean, full_matrices=False)
    chart = axes[:latents].T / (sizes[0] / np.sqrt(len(train)))
    z, z_rate = (x - mean) @ chart, rate @ chart
    decoder = fitted(given.decoder, z[train], x[train])
    dynamics = fitted(given.dynamics, z[train], z_rate[train])
    seconds = time.perf_counter() - started
    ahead = solve_ivp(
        lambda _, v: dynamics.predict(v[None])[0],
        (t[test[0]], t[test[-1]]),
        z[test[0]],
        t_eval=t[test],
        rtol=1e-6,
    ).y.T
    whole = len(ahead) == len(test)
    forecast = error(x[test], decoder.predict(ahead), frames.outside[test]) if whole else np.inf
    found = period(t[test], ahead, dynamics.predict(ahead)) if whole else np.nan
    field = error(x[test], decoder.predict(z[test]), frames.outside[test])
    print(
        f"SSM, chart of {latents} POD modes, degrees {given.decoder} and {given.dynamics}, late "
        f"{given.late:g}  field {field:.1e}  forecast {forecast:.1e}  period {found:.4f}  "
        f"seconds {seconds:.1f}"
    )


if __name__ == "__main__":
    main()
