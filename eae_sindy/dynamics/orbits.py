"""Orbits of ż = Θ(z) Ξ: integrated for many members at once, their cycle and its period."""

import warnings
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from .library import Library
from .vector_fields import flow

ESCAPE = 3.0  # times as far from the data's centre as the data: an orbit there is lost
GROUP = 250  # members that share a step size
MOST_STEPS = 20_000  # of a group, before it is split
LONG = 200  # steps between two samples of a member alone, before it is given up


class Loop(NamedTuple):
    """What the data do in the latents of members m, from the first frame that is to be forecast.

    `start` [m, d] is where they begin, `centre` [m, d] their mean, `amplitude` [m] the root mean
    square distance from it, `reach` [m] the largest.
    """

    start: np.ndarray
    centre: np.ndarray
    amplitude: np.ndarray
    reach: np.ndarray

    @property
    def edge(self) -> np.ndarray:
        """Distance from the centre at which an orbit counts as lost, [m]."""
        begun = np.linalg.norm(self.start - self.centre, axis=-1)
        return ESCAPE * np.fmax(self.reach, begun)

    @classmethod
    def join(cls, loops: "Iterable[Loop]") -> "Loop":
        """Return the loops of several members as one."""
        return cls(*map(np.concatenate, zip(*loops, strict=True)))

    def take(self, members: slice | np.ndarray) -> "Loop":
        return Loop(*(part[members] for part in self))


def loop(z: np.ndarray) -> Loop:
    """Return the loop of one trajectory z [t, d], or of one for each of m members, [t, m, d]."""
    z = z[:, None] if z.ndim == 2 else z
    centre = z.mean(axis=0)
    return Loop(z[0], centre, amplitude(z), np.linalg.norm(z - centre, axis=-1).max(axis=0))


def integrate(library: Library, xi: np.ndarray, data: Loop, time: np.ndarray) -> np.ndarray:
    """Integrate every member's equations with scipy.integrate.LSODA.

    Members are stacked and share their steps, at a relative tolerance of 1e-7. An orbit that
    leaves, three times as far from the centre of the data as they get themselves, is halted there,
    so that the others go on.

    Parameters
    ----------
    xi : array [m, p, d]
    data : Loop of m members
        Where to start, and how large an orbit is expected.
    time : array [t]

    Returns
    -------
    array [t, m, d]
        NaN for a member that cannot be integrated at all.
    """
    found = np.empty((len(time), *data.start.shape))
    parts = [slice(i, min(i + GROUP, len(xi))) for i in range(0, len(xi), GROUP)]
    while parts:
        part = parts.pop()
        orbit = _together(library, xi[part], data.take(part), time)
        if orbit is not None:
            found[:, part] = orbit
        elif part.stop - part.start == 1:
            found[:, part] = np.nan
        else:  # one member holds up all of its group
            middle = (part.start + part.stop) // 2
            parts += [slice(part.start, middle), slice(middle, part.stop)]
    return found


def _together(library: Library, xi: np.ndarray, data: Loop, time: np.ndarray) -> np.ndarray | None:
    """Integrate a group of members; None where LSODA gives up."""
    from scipy.integrate import LSODA

    shape, edge = data.start.shape, data.edge[:, None]
    inside = np.isfinite(data.start + data.centre).all(axis=1)[:, None]
    most = MOST_STEPS if len(xi) > 1 else max(MOST_STEPS, LONG * len(time))
    orbit = np.where(inside, data.start, np.nan) * np.ones((len(time), 1, 1))

    def rate(_: float, y: np.ndarray) -> np.ndarray:
        z = np.where(inside, y.reshape(shape), data.centre)
        return np.where(inside, flow(library, xi, z), 0.0).ravel()

    def begin(t: float, z: np.ndarray) -> LSODA:
        return LSODA(
            rate, t, np.where(inside, z, data.centre).ravel(), time[-1], rtol=1e-7,
            atol=1e-9 * float(np.max(data.amplitude)), lband=shape[1] - 1, uband=shape[1] - 1,
        )  # fmt: skip

    def bounded(z: np.ndarray) -> np.ndarray:
        away = z - data.centre
        distance = np.linalg.norm(away, axis=-1, keepdims=True)
        return np.where(distance < edge, z, data.centre + away * (edge / distance))

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the status says it, and is checked
        solver, done = begin(time[0], data.start), 1
        for _ in range(most):
            solver.step()
            if solver.status == "failed":
                return None
            until = int(np.searchsorted(time, solver.t, side="right"))
            if until > done:
                z = solver.dense_output()(time[done:until]).T.reshape(-1, *shape)
                orbit[done:until] = np.where(inside, bounded(z), orbit[done:until])
                done = until
            z = solver.y.reshape(shape)
            # Only a step that was taken tells; once out, out for good.
            out = inside & ~(np.linalg.norm(z - data.centre, axis=1, keepdims=True) < edge)
            if out.any():
                orbit[done:] = np.where(out, bounded(z), orbit[done:])
                inside = inside & ~out
            if solver.status == "finished" or not inside.any():
                return orbit
            if out.any():
                solver = begin(solver.t, z)
    return None


def lost(z: np.ndarray, data: Loop) -> np.ndarray:
    """Return whether members at z [m, d] have left the data, or could not be integrated: [m]."""
    distance = np.linalg.norm(z - data.centre, axis=-1)
    return ~(distance < 0.99 * data.edge)


def amplitude(z: np.ndarray) -> np.ndarray:
    """Return the root mean square distance from the mean along axis 0: z [t, ..., d] to [...]."""
    return np.sqrt(np.sum(np.var(z, axis=0), axis=-1))
