"""From one frame on: equations integrated and decoded, against what came."""

from dataclasses import dataclass, replace

import numpy as np

from ..dynamics import orbits
from ..dynamics.library import Library
from ..ensemble.ensemble import Ensemble
from ..ensemble.intervals import interval
from ..ensemble.members import each


@dataclass(frozen=True)
class Forecast:
    """Relative squared field errors of decoded orbits over the frames they are held to.

    Attributes
    ----------
    time : array [t]
        Since the frame the forecast starts from.
    error : array [members, t]
        Of each member's forecast, relative to the variance of the field about its mean; infinite
        from where a member cannot be integrated.
    of_mean : array [t]
        Of the mean of the forecasts of members that did not leave the data.
    reconstruction : array [members, t]
        Of each member's reconstruction of the same frames: what no equations can better.
    others : tuple of Forecast
        Of the other test trajectories, where there are several.
    """

    time: np.ndarray
    error: np.ndarray
    of_mean: np.ndarray
    reconstruction: np.ndarray
    others: tuple["Forecast", ...] = ()

    @property
    def each(self) -> np.ndarray:
        """Error over the whole of each test trajectory, medians over members: [trajectories]."""
        every = (self, *self.others)
        return np.array([np.median(one.error.mean(axis=1)) for one in every])

    @property
    def field(self) -> float:
        """Median of `each`."""
        return float(np.median(self.each))

    @property
    def worst(self) -> float:
        """Largest of `each`."""
        return float(self.each.max())

    def horizon(self, most: float) -> float:
        """Return for how long the error stays below `most`, medians over members and trajectories.

        Time since the first frame; the whole of it where the error never comes there.
        """
        found = []
        for one in (self, *self.others):
            above = np.flatnonzero(np.median(one.error, axis=0) > most)
            found.append(one.time[above[0]] if len(above) else one.time[-1])
        return float(np.median(found))

    @property
    def band(self) -> np.ndarray:
        """The central interval over members, [2, t]."""
        return interval(np.minimum(self.error, 1e6))

    @property
    def ratio(self) -> float:
        """Forecast over reconstruction error, medians over members and over trajectories."""
        every = (self, *self.others)
        least = float(np.median([np.median(one.reconstruction.mean(axis=1)) for one in every]))
        return self.field / least if least > 0 else np.inf


def forecast(
    ensemble: Ensemble,
    members: np.ndarray,
    library: Library,
    xi: np.ndarray,
    latents: np.ndarray | None = None,
) -> Forecast:
    """Integrate and decode the equations of members over every test trajectory.

    Each starts from the first frame of it.

    Parameters
    ----------
    members : array of int [m]
    xi : array [m, p, d]
    latents : array [t, m, d], optional
        The first one in their latents, where it is at hand.
    """
    f, found = ensemble.frames, []
    runs = f.test_runs()
    for k, run in enumerate([runs[0], *(run for run in runs[1:] if len(run) > 1)]):
        z = latents if latents is not None and not k else encoded(ensemble, members, run)
        data = orbits.loop(z)
        orbit = orbits.integrate(library, xi, data, f.time[run] - f.time[run[0]])
        found.append(judge(ensemble, members, run, z, orbit, ~orbits.lost(orbit[-1], data)))
    return replace(found[0], others=tuple(found[1:]))


def encoded(ensemble: Ensemble, members: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the latents of members at the frames `rows`, [t, m, d]."""
    found = each(members, lambda m: ensemble.encode(int(m), rows)[0].astype(float))
    return np.stack(list(found), axis=1)


def decoded(ensemble: Ensemble, member: int, z: np.ndarray) -> np.ndarray:
    """Return the POD coordinates of latents z [t, d], or more outputs than these: see `Chain`.

    Where z is not finite they are those of z = 0.
    """
    sound = np.isfinite(z).all(axis=1, keepdims=True)
    return ensemble.decode(member, np.where(sound, z, 0), np.zeros_like(z))[0]


def judge(
    ensemble: Ensemble,
    members: np.ndarray,
    rows: np.ndarray,
    latents: np.ndarray,
    orbit: np.ndarray,
    stayed: np.ndarray,
) -> Forecast:
    """Compare decoded orbits with the frames `rows` of the ensemble.

    Parameters
    ----------
    members : array of int [m]
    rows : array of int [t]
    latents, orbit : arrays [t, m, d]
        The frames in the members' latents, and what the members forecast.
    stayed : array of bool [m]
        Members that enter the mean of the forecasts; all do if none stayed.
    """
    f = ensemble.frames
    x, outside = f.coordinates[rows].astype(float), f.outside[rows].astype(float)
    variance = float(np.sum(np.var(x, axis=0)) + outside.mean())

    def error(z: np.ndarray, member: int) -> tuple[np.ndarray, np.ndarray]:
        made = decoded(ensemble, member, z)
        miss = np.sum((x - made[:, : x.shape[1]]) ** 2, axis=1) + outside
        miss += np.sum(made[:, x.shape[1] :].astype(float) ** 2, axis=1)
        lost = ~np.isfinite(z).all(axis=1)
        return made[:, : x.shape[1]], np.where(lost, np.inf, miss) / variance

    mean, weight = np.zeros_like(x), stayed if stayed.any() else np.ones(len(members))
    weight = weight / weight.sum()
    errors, reconstruction = [], []
    for k, (made, miss, least) in enumerate(
        each(
            range(len(members)),
            lambda i: (*error(orbit[:, i], members[i]), error(latents[:, i], members[i])[1]),
        )
    ):
        mean += weight[k] * made
        errors.append(miss)
        reconstruction.append(least)
    of_mean = (np.sum((x - mean) ** 2, axis=1) + outside) / variance
    time = f.time[rows] - f.time[rows[0]]
    return Forecast(time, np.stack(errors), of_mean, np.stack(reconstruction))
