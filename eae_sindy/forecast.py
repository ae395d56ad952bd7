"""From the first test frame on: equations integrated and decoded, against what came."""

from dataclasses import dataclass

import numpy as np

from . import orbits
from .coefficients import interval
from .ensemble import Ensemble, each, evenly
from .library import Library

MEMBERS = 200  # that are decoded: enough for a band


@dataclass(frozen=True)
class Forecast:
    """Relative squared field errors of decoded orbits over the test window.

    Attributes
    ----------
    time : array [t]
        Since the frame the forecast starts from.
    error : array [members, t]
        Of each member's forecast, relative to the variance of the field about its mean; infinite
        from where a member cannot be integrated.
    of_mean : array [t]
        Of the mean of the members' forecasts.
    reconstruction : array [members, t]
        Of each member's reconstruction of the same frames: what no equations can better.
    """

    time: np.ndarray
    error: np.ndarray
    of_mean: np.ndarray
    reconstruction: np.ndarray

    @property
    def field(self) -> float:
        """Median over members of the error over the whole window."""
        return float(np.median(self.error.mean(axis=1)))

    @property
    def band(self) -> np.ndarray:
        """The central interval over members, [2, t]."""
        return interval(np.minimum(self.error, 1e6))

    @property
    def ratio(self) -> float:
        """Forecast over reconstruction error, medians over members."""
        least = float(np.median(self.reconstruction.mean(axis=1)))
        return self.field / least if least > 0 else np.inf


def forecast(
    ensemble: Ensemble,
    members: np.ndarray,
    library: Library,
    xi: np.ndarray,
) -> Forecast:
    """Integrate and decode the equations of members over the first test trajectory.

    At most 200 members, spread evenly, are taken.

    Parameters
    ----------
    members : array of int [m]
    xi : array [m, p, d]
    """
    f = ensemble.frames
    run = f.test_run()
    taken = evenly(np.arange(len(members)), MEMBERS)
    members, xi = members[taken], xi[taken]
    latents = np.stack(
        [z.astype(float) for z, _ in each(members, lambda m: ensemble.encode(m, run))], axis=1
    )
    time = f.time[run] - f.time[run[0]]
    data = orbits.Loop(latents[0], latents.mean(axis=0), orbits.amplitude(latents))
    orbit = orbits.integrate(library, xi, data, time)
    x, outside = f.coordinates[run].astype(float), f.outside[run].astype(float)
    variance = float(np.sum(np.var(x, axis=0)) + outside.mean())

    def error(z: np.ndarray, member: int) -> tuple[np.ndarray, np.ndarray]:
        lost = ~np.isfinite(z).all(axis=1)
        made, _ = ensemble.decode(member, np.where(lost[:, None], 0, z), np.zeros_like(z))
        miss = np.sum((x - made[:, : x.shape[1]]) ** 2, axis=1) + outside
        miss += np.sum(made[:, x.shape[1] :].astype(float) ** 2, axis=1)
        return made[:, : x.shape[1]], np.where(lost, np.inf, miss) / variance

    decoded = list(
        each(
            range(len(members)),
            lambda i: (*error(orbit[:, i], members[i]), error(latents[:, i], members[i])[1]),
        )
    )
    mean = np.mean([d[0] for d in decoded], axis=0)
    of_mean = (np.sum((x - mean) ** 2, axis=1) + outside) / variance
    return Forecast(
        time, np.stack([d[1] for d in decoded]), of_mean, np.stack([d[2] for d in decoded])
    )
