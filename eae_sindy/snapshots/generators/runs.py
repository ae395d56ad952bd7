"""Trajectories of latents, and the snapshots that are made of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from ...errors import EaeSindyError
from ...recipes import PLANTED, Planted
from ..snapshots import Snapshots

# The truth is as exact as double precision lets it be, within seconds.
RELATIVE, ABSOLUTE = 1e-10, 1e-12

Flow = Callable[[np.ndarray], np.ndarray]


def times(settings: Planted) -> np.ndarray:
    """Return the times [n] of the frames of one trajectory."""
    return settings.step * np.arange(round(settings.end / settings.step) + 1)


def integrate(
    flow: Flow, starts: Sequence[Sequence[float]], time: np.ndarray, settle: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Integrate a flow from several starts.

    Parameters
    ----------
    flow : callable
        From states [d, ...] to their time derivatives [d, ...]. All trajectories are integrated
        at once, with the same steps.
    starts : sequence of states [m][d]
    time : array [n]
        Times of the frames.
    settle : float
        Time that passes before the first frame.

    Returns
    -------
    z, rate : arrays [m, n, d]

    Raises
    ------
    EaeSindyError
        If the integration fails.
    """
    first = np.array(starts, float).T
    shape = first.shape

    def together(_: float, z: np.ndarray) -> np.ndarray:
        return flow(z.reshape(shape)).ravel()

    done = solve_ivp(
        together,
        (time[0] - settle, time[-1]),
        first.ravel(),
        "DOP853",
        t_eval=time,
        rtol=RELATIVE,
        atol=ABSOLUTE,
    )
    if not done.success or not np.isfinite(done.y).all():
        raise EaeSindyError("the integration diverged: take settings nearer to the defaults")
    states = done.y.reshape(*shape, len(time))
    return np.moveaxis(states, 0, -1), np.moveaxis(flow(states), 0, -1)


def noisy(values: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return values [n, ...] with white noise: this share of their own r.m.s. fluctuation."""
    if not share:
        return values
    size = np.sqrt(np.mean((values - values.mean(axis=0)) ** 2))
    return values + share * size * rng.standard_normal(values.shape)


def snapshots(
    settings: Planted,
    time: np.ndarray,
    field: np.ndarray,
    rate: np.ndarray | None,
    truth: Mapping[str, Any],
    space: Mapping[str, np.ndarray] | None = None,
    *,
    clean: bool = True,
) -> Snapshots:
    """Put trajectories together, add the noise, and say what is planted.

    Parameters
    ----------
    settings : Planted
        What made them; it stands in the attributes.
    time : array [n]
    field, rate : arrays [m, n, *space]
        Of m trajectories; a rate of None is not known.
    truth : mapping
        What is planted, and what a method should find; it stands in the attributes.
    space : mapping, optional
        See `Snapshots`.
    clean : bool
        Whether the noise is still to be added.
    """
    m, n = field.shape[:2]
    rng = np.random.default_rng([settings.seed, 1])
    share = settings.noise if clean else 0.0
    flat = noisy(field.reshape(m * n, *field.shape[2:]), share, rng)
    slope = None if rate is None else noisy(rate.reshape(m * n, *rate.shape[2:]), share, rng)
    name = next(k for k, kind in PLANTED.items() if kind is type(settings))
    return Snapshots(
        np.tile(time, m),
        flat,
        slope,
        np.repeat(np.arange(m), n),
        space=space or {},
        attributes={"system": name, **asdict(settings), **truth},
    )
