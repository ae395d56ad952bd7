"""What is done to frames before anything is fitted: noise is smoothed, rates are made."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from . import smoothing
from .differentiation import FINITE_DIFFERENCE, SPLINE, differentiate, gain
from .frames import Frames
from .split import TEST

NOISY = 0.015  # of the fluctuation: less is no reason to change what was measured
HOPELESS = 0.7  # more is no motion that could be told from noise
CLEAN = 1e-3  # noise at most, of which differences make no more than splines do


def prepared(
    frames: Frames, *, rates_given: bool, smooth: bool, method: str
) -> tuple[Frames, Mapping[str, float | str | bool]]:
    """Smooth frames that hold noise, and differentiate them where rates are not given.

    Test frames are smoothed by themselves, so that nothing of them comes into what is trained on.

    Parameters
    ----------
    frames : Frames
        Rates are finite differences where they are not given.
    rates_given : bool
    smooth : bool
        Whether frames may be changed. They are where noise is more than 1.5 % of the fluctuation,
        and not so much that nothing could be told from it.
    method : str
        One of `differentiation.METHODS`, for rates that are not given. ``auto`` takes splines where
        they leave less noise in the rates than differences do.

    Returns
    -------
    frames, told
        `told` is what is to be said of it: ``noise``, as a share of the r.m.s. fluctuation;
        ``smoothed``; and for rates that are not given ``rates_by`` and ``rates_error``, about how
        far noise leaves them off, as a share of their root mean square.
    """
    _, label = np.unique(frames.trajectory, return_inverse=True)
    run = 2 * label + (frames.split == TEST)
    most = smoothing.most_noise(run, frames.coordinates)
    told: dict[str, float | str | bool] = {"noise": most, "smoothed": False}
    if not np.isfinite(most) or (most < CLEAN and (rates_given or method == "auto")):
        return frames, told | ({} if rates_given else {"rates_by": FINITE_DIFFERENCE})
    splines = smoothing.smooth(frames.time, run, frames.coordinates)
    size = np.sqrt(np.sum(np.var(frames.coordinates.astype(float), axis=0)))
    noise = float(np.sqrt(np.sum(splines.noise**2)) / size) if size > 0 else 0.0
    told |= {"noise": noise, "smoothed": smooth and NOISY < noise < HOPELESS}
    made = frames
    if told["smoothed"]:
        made = replace(made, coordinates=splines.values.astype(np.float32))
    if rates_given:
        if told["smoothed"]:
            slopes = smoothing.smooth(frames.time, run, frames.rate_coordinates)
            made = replace(made, rate_coordinates=slopes.values.astype(np.float32))
        return made, told
    off = {
        FINITE_DIFFERENCE: gain(frames.time, frames.trajectory) * splines.noise,
        SPLINE: splines.rate_noise,
    }
    least = {name: float(np.sum(each**2)) for name, each in off.items()}
    if method == "auto":
        method = min(least, key=lambda name: least[name])
    made = _with_rates(made, method, splines.rates)
    told["rates_by"] = method
    if method in least:
        size = np.mean(np.sum(made.rate_coordinates**2, axis=1))
        told["rates_error"] = float(np.sqrt(least[method] / size))
    return made, told


def differentiated(frames: Frames, method: str) -> Frames:
    """Return frames whose rates are made by a method as those of a fit were; frames are left alone.

    Parameters
    ----------
    frames : Frames
        Rates are finite differences, which is what stays where the method has none.
    method : str
        See `prepared`; ``auto`` stands for these differences.
    """
    if method in ("auto", FINITE_DIFFERENCE):
        return frames
    _, run = np.unique(frames.trajectory, return_inverse=True)
    splines = None
    if method == SPLINE:
        splines = smoothing.smooth(frames.time, run, frames.coordinates).rates
    return _with_rates(frames, method, splines)


def _with_rates(frames: Frames, method: str, splines: np.ndarray | None) -> Frames:
    """Return frames with the rates of splines, or with those of another method."""
    if method == SPLINE and splines is not None:
        rates = np.where(np.isfinite(splines), splines, frames.rate_coordinates)
    else:
        rates = differentiate(
            frames.time, frames.trajectory, frames.coordinates, needed=False, method=method
        )
    return replace(frames, rate_coordinates=rates.astype(np.float32))
