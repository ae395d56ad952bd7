"""Mechanical systems, z̈ = f(z, ż): a frame shows where they are, not how fast they go.

So the state is a frame and its rate together, as two channels, and what is second order in the one
is first order in both. Equations of Champion et al. (2019) for their pendulum have the same form.
"""

from pathlib import Path

import numpy as np

from . import channels, smoothing
from .differentiation import differentiate
from .preparation import NOISY
from .snapshots import Snapshots

ORDER = "order"  # attribute
CARRIED = (ORDER,)  # from snapshots to what is made of them


def states(snapshots: Snapshots, scale: str | Path = channels.OWN) -> Snapshots:
    """Return frames whose channels are the field and its rate: the state of a mechanical system.

    Where rates are given, those of the second channel are their finite differences. Where they are
    not, the second channel is made of differences, or of smoothing splines where frames hold more
    than 1.5 % of noise; and the rates of both are left to the fit. All is held in memory.

    Parameters
    ----------
    snapshots : Snapshots
        Frames [n, *space], or [n, c, *space] with channels of their own.
    scale : str or path
        What channels are divided by, see `channels.scales`: each has its own unit.

    Returns
    -------
    Snapshots
        Frames [n, 2, *space], or [n, 2c, *space]; [n, 2] of one observable. Snapshots that are
        states already are returned as they are.

    Raises
    ------
    EaeSindyError
        If rates must be made and a trajectory has fewer than five frames.
    """
    attributes = dict(snapshots.attributes)
    if int(attributes.get(ORDER, 1)) == 2:
        return snapshots
    time, label = snapshots.time, snapshots.trajectory
    split = channels.AXIS in attributes
    axis = 1 + int(attributes[channels.AXIS]) % len(snapshots.shape) if split else 1
    one = not split and snapshots.shape == (1,)  # an observable, which is its own channel

    def apart(frames: np.ndarray) -> np.ndarray:
        """Return frames [n, c, *space] in the units that they were measured in."""
        own = channels.restored(np.asarray(frames[:]), attributes)
        if one:
            return own
        return np.moveaxis(own, axis, 1) if split else own[:, None]

    field = apart(snapshots.field)
    shape, kind = field.shape, np.result_type(field.dtype, np.float32)
    flat = field.reshape(shape[0], -1)
    if snapshots.rate is None:
        velocity, rate = _velocity(time, label, flat).reshape(shape), None
    else:
        velocity = apart(snapshots.rate)
        slope = differentiate(time, label, velocity.reshape(shape[0], -1)).reshape(shape)
        rate = np.concatenate([velocity, slope], axis=1)
    numbered = [str(c) for c in range(shape[1])] if split else ["x"]
    names = [str(n) for n in attributes.get(channels.NAMES, numbered)]
    names += [f"d{name}/dt" for name in names]
    mask = None
    if snapshots.mask is not None:
        points = np.moveaxis(snapshots.mask, axis - 1, 0) if split else snapshots.mask[None]
        mask = np.concatenate([points[0] if one else points] * 2)
    made = Snapshots(
        time,
        np.concatenate([field, velocity], axis=1).astype(kind, copy=False),
        None if rate is None else rate.astype(kind, copy=False),
        label,
        mask,
        snapshots.space,
        {k: v for k, v in attributes.items() if k != channels.SCALE}
        | {ORDER: 2, channels.AXIS: 0, channels.NAMES: names},
    )
    return channels.measured(made, scale)


def _velocity(time: np.ndarray, label: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """Return the rates [n, N] of frames that come without them."""
    rates = differentiate(time, label, flat)
    known = np.isfinite(flat).all(axis=0)
    _, runs = np.unique(label, return_inverse=True)
    if smoothing.most_noise(runs, flat[:, known]) <= NOISY:
        return rates
    smooth = np.full_like(rates, np.nan)
    smooth[:, known] = smoothing.smooth(time, runs, flat[:, known]).rates
    return np.where(np.isfinite(smooth), smooth, rates)
