"""The whole tool as one estimator, in the manner of scikit-learn and of pysindy."""

import os
from dataclasses import fields, replace
from typing import Any, Self

import numpy as np

from .discovery.discover import discover
from .discovery.equations import Equations
from .discovery.result import Discovery
from .dynamics.library import Library
from .ensemble.ensemble import Ensemble
from .errors import EaeSindyError
from .new_data import forecast, frames
from .recipes import DEFAULT, Fit, recipe
from .report.report import Report
from .report.text import lines
from .snapshots.snapshots import Snapshots


class EntropicSINDy:
    """Latents of a field, their equations, and how sure they are: `fit`, then ask.

    >>> model = EntropicSINDy(latents=2).fit(x, t=time)   # x [n, *space]
    >>> model.print()                                     # equations and verdicts
    >>> z = model.transform(x)                            # [n, 2]
    >>> ahead = model.predict(x[-1], np.arange(0, 50, 0.1))
    >>> model.score(new, t=new_time)                      # 1 - error of the forecast

    Snapshots are given as an array [n, *space], as a list of such arrays, one a trajectory, as an
    xarray DataArray whose first dimension is the time, or as `Snapshots`.

    Parameters
    ----------
    latents : int
    recipe : str
        The settings that are not named: see `recipes.RECIPES`.
    library : Library, optional
        Candidate terms of Eq. 13; those of the recipe if not given.
    device : {"auto", "cpu", "gpu"}
    jobs : int, optional
        Processes; as many as there are cores if not given.
    **settings
        Any of `recipes.Fit`.

    Attributes
    ----------
    ensemble_ : Ensemble
    discovery_ : Discovery
    report_ : Report
        Its `verdicts` begin with the whole in one sentence.

    Raises
    ------
    EaeSindyError
        For a setting that is not known, or does not make sense.
    """

    ensemble_: Ensemble
    discovery_: Discovery
    report_: Report

    def __init__(
        self,
        latents: int = 2,
        *,
        recipe: str = DEFAULT,
        library: Library | None = None,
        device: str = "auto",
        jobs: int | None = None,
        **settings: Any,
    ) -> None:
        self.latents, self.recipe, self.library = latents, recipe, library
        self.device, self.jobs, self.settings = device, jobs, settings
        self._fit_settings()

    def _fit_settings(self) -> Fit:
        return recipe(self.recipe).but(latents=self.latents, **self.settings)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return what the estimator was made with."""
        own = ("latents", "recipe", "library", "device", "jobs")
        return {name: getattr(self, name) for name in own} | self.settings

    def set_params(self, **params: Any) -> Self:
        """Change what the estimator was made with. Raises `EaeSindyError` for other names."""
        known = {f.name for f in fields(Fit)}
        for name, value in params.items():
            if name in ("latents", "recipe", "library", "device", "jobs"):
                setattr(self, name, value)
            elif name in known:
                self.settings[name] = value
            else:
                raise EaeSindyError(f"unknown setting {name!r}: choose from {sorted(known)}")
        self._fit_settings()
        return self

    def fit(self, x: Any, t: Any = 1.0, x_dot: Any = None) -> Self:
        """Fit an ensemble to snapshots, and find its equations.

        Parameters
        ----------
        x : array [n, *space], list of arrays, DataArray, or Snapshots
        t : float, array [n], or list of arrays
            The time step, or the times; a DataArray and Snapshots have their own.
        x_dot : like x, optional
            Rates; differentiated where they are not given.
        """
        from .neural.estimator import EntropicAutoencoder

        estimator = EntropicAutoencoder(
            self._fit_settings(),
            library=self.library,
            device=self.device,
            jobs=self.jobs or os.cpu_count() or 1,
        )
        self.ensemble_ = estimator.fit(as_snapshots(x, t, x_dot))
        self.discovery_ = discover(self.ensemble_)
        self.report_ = Report.of(self.discovery_)
        return self

    @property
    def equations_(self) -> Equations:
        """The equations that were chosen. Raises `EaeSindyError` if none were."""
        answers = self._fitted().answers
        if answers is None:
            raise EaeSindyError("no equations were chosen: see report_.verdicts for the reason")
        return answers.equations

    def _fitted(self) -> Discovery:
        if not hasattr(self, "discovery_"):
            raise EaeSindyError("nothing was fitted yet: call fit first")
        return self.discovery_

    @property
    def _speaker(self) -> int:
        """The member of the ensemble that latents are of: the most typical one."""
        found = self._fitted()
        if found.answers is None:
            return int(found.members[found.representatives()[0]])
        own = found.answers.equations
        return int(own.members[own.chosen[0]])

    def print(self) -> None:
        """Print what `eae-sindy discover` prints."""
        self._fitted()
        print("\n".join(lines(self.report_)))

    def transform(self, x: Any) -> Any:
        """Return the latents [n, d] of snapshots, of the most typical member; of a list, a list."""
        if isinstance(x, list):
            return [self.transform(one) for one in x]
        seen = self._seen(x, 1.0)
        return seen.encode(self._speaker, np.arange(len(seen.frames.time)))[0]

    def fit_transform(self, x: Any, t: Any = 1.0, x_dot: Any = None) -> Any:
        """Fit, and return the latents."""
        return self.fit(x, t, x_dot).transform(x)

    def inverse_transform(self, z: np.ndarray) -> np.ndarray:
        """Return the fields [n, *space] of latents [n, d], of the most typical member."""
        self._fitted()
        e, z = self.ensemble_, np.atleast_2d(np.asarray(z, float))
        return e.field(e.decode(self._speaker, z, np.zeros_like(z))[0])

    def predict(self, x: Any, t: np.ndarray, *, interval: bool = False) -> Any:
        """Return the field at times `t` [k], of an orbit that begins at t[0] in the frame `x`.

        Parameters
        ----------
        x : array [*space], or snapshots of which the first frame is taken
        t : array [k]
        interval : bool
            Whether the ends of the central interval over members are returned as well.

        Returns
        -------
        array [k, *space], or three of them
            The mean over members; with `interval` also its low and high end.
        """
        self._fitted()
        start, t = np.asarray(x), np.asarray(t, float)
        if start.ndim > len(self.ensemble_.shape):
            start = start[0]
        # Frames that never change: only their times are asked for.
        still = np.broadcast_to(start, (len(t), *start.shape))
        found = forecast.predict(self.ensemble_, self._seen(still, t), self.equations_)
        mean, low, high, _ = found.fields(found.runs[0], slice(None))
        return (mean, low, high) if interval else mean

    def score(self, x: Any, t: Any = 1.0) -> float:
        """Return 1 − the squared error of the forecast from each first frame, over the variance.

        The median over members and trajectories: 1 is exact, 0 is as good as the mean.
        """
        self._fitted()
        found = forecast.predict(self.ensemble_, self._seen(x, t), self.equations_)
        errors = [run.error.field for run in found.runs if run.error is not None]
        if not errors:
            raise EaeSindyError("one frame is no forecast: give more frames to score")
        return 1.0 - float(np.median(errors))

    def _seen(self, x: Any, t: Any) -> Ensemble:
        """Return the ensemble on other snapshots, at the points where its own were."""
        self._fitted()
        given = as_snapshots(x, t)
        if given.mask is None:
            given = replace(given, mask=self.ensemble_.mask)
        return frames.on(self.ensemble_, given)


def as_snapshots(x: Any, t: Any = 1.0, x_dot: Any = None) -> Snapshots:
    """Return snapshots from what numerical people have at hand.

    Parameters
    ----------
    x : Snapshots, array [n, *space], list of arrays, or DataArray
        A DataArray has its times in the coordinate of its first dimension.
    t : float, array [n], or list of arrays
        The time step, or the times.
    x_dot : like x, optional

    Raises
    ------
    EaeSindyError
        If lengths do not agree, or a DataArray has no times.
    """
    if isinstance(x, Snapshots):
        return x
    several = isinstance(x, list)
    runs = [x] if not several else x
    rates = [None] * len(runs) if x_dot is None else (x_dot if several else [x_dot])
    if len(rates) != len(runs) or (isinstance(t, list) and several and len(t) != len(runs)):
        raise EaeSindyError(f"there are {len(runs)} trajectories: give as many times and rates")
    times = [_times(run, t[k] if several and isinstance(t, list) else t)
             for k, run in enumerate(runs)]  # fmt: skip
    return Snapshots(
        np.concatenate(times),
        np.concatenate([np.asarray(run) for run in runs]),
        None if x_dot is None else np.concatenate([np.asarray(rate) for rate in rates]),
        np.repeat(np.arange(len(runs)), [len(one) for one in times]),
    )


def _times(x: Any, t: Any) -> np.ndarray:
    """Return the times of one trajectory."""
    if hasattr(x, "dims"):
        name = x.dims[0]
        if name not in x.coords:
            raise EaeSindyError(f"the DataArray has no coordinate {name!r}: give it its times")
        return np.asarray(x.coords[name], float)
    if np.ndim(t) == 0:
        return float(t) * np.arange(len(x))
    return np.asarray(t, float)
