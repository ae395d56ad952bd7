"""Orbits of ż = Θ(z) Ξ: integrated for many members at once, their cycle and its period."""

import warnings
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from .library import Library
from .vector_fields import affine, flow, stepped

ESCAPE = 3.0  # times as far from the data's centre as the data: an orbit there is lost
GROUP = 250  # members that share a step size
MOST_STEPS = 20_000  # of a group, before it is split
MOST_LENGTHS = 4  # of steps, of which linear equations get an exponential each
COARSE_STEPS = 300  # of a first look, at least
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
        """Return the loops of some of the members."""
        return Loop(*(part[members] for part in self))


def loop(z: np.ndarray) -> Loop:
    """Return the loop of one trajectory z [t, d], or of one for each of m members, [t, m, d]."""
    z = z[:, None] if z.ndim == 2 else z
    centre = z.mean(axis=0)
    return Loop(z[0], centre, amplitude(z), np.linalg.norm(z - centre, axis=-1).max(axis=0))


def integrate(library: Library, xi: np.ndarray, data: Loop, time: np.ndarray) -> np.ndarray:
    """Return the orbits of every member's equations.

    Linear ones, ż = A z + b, follow from the exponential of A where `time` has few different steps.
    The others are integrated with scipy.integrate.LSODA, the solver inside SciPy's `odeint`.
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
    linear, matrix, shift = affine(library, xi)
    steps = _steps(time)
    if steps is None:
        linear[:] = False
    elif linear.any():
        own = np.flatnonzero(linear)
        found[:, own] = _exponential(matrix[own], shift[own], data.take(own), *steps)
    others = np.flatnonzero(~linear)
    parts = [others[i : i + GROUP] for i in range(0, len(others), GROUP)]
    while parts:
        part = parts.pop()
        orbit = _together(library, xi[part], data.take(part), time)
        if orbit is not None:
            found[:, part] = orbit
        elif len(part) == 1:
            found[:, part] = np.nan
        else:  # one member holds up all of its group
            parts += np.array_split(part, 2)
    return found


def coarse(library: Library, xi: np.ndarray, data: Loop, time: np.ndarray) -> np.ndarray:
    """Return orbits [t, m, d] as `integrate` does, by Runge–Kutta's steps of fixed length.

    Any number of members takes the same time, however fast some of them leave: for a first look.
    One that leaves is NaN from there on.
    """
    parts = -(-COARSE_STEPS // max(1, len(time) - 1))
    orbit = np.full((len(time), *data.start.shape), np.nan)
    z = orbit[0] = data.start
    with np.errstate(all="ignore"):
        for i, step in enumerate(np.diff(time) / parts, 1):
            for _ in range(parts):
                z = stepped(library, xi, z, step)
                z = np.where(_distance(z, data) < data.edge[:, None], z, np.nan)
            orbit[i] = z
    return orbit


def _steps(time: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the different lengths of the steps of `time`, and which each is; None if many."""
    steps = np.diff(time)
    if not len(steps):
        return steps, np.zeros(0, int)
    names, which = np.unique(np.round(steps / np.median(steps), 7), return_inverse=True)
    if len(names) > MOST_LENGTHS:
        return None
    return np.bincount(which, steps) / np.bincount(which), which


def _exponential(
    matrix: np.ndarray, shift: np.ndarray, data: Loop, lengths: np.ndarray, which: np.ndarray
) -> np.ndarray:
    """Return the orbits [t, m, d] of ż = A z + b, step by step with the exponential of A."""
    from scipy.linalg import expm

    m, d = shift.shape
    generator = np.zeros((m, d + 1, d + 1))  # of (z, 1), which makes b a part of A
    generator[:, :d, :d], generator[:, :d, d] = matrix, shift
    with np.errstate(all="ignore"):
        moves = [expm(generator * length) for length in lengths]
    orbit = np.empty((len(which) + 1, m, d))
    z = orbit[0] = np.where(_sound(data), data.start, np.nan)
    halted = ~_sound(data)
    for i, k in enumerate(which, 1):
        with np.errstate(all="ignore"):  # one that leaves may overflow within a step
            moved = (moves[k][:, :d, :d] @ z[:, :, None])[:, :, 0] + moves[k][:, :d, d]
            out = ~halted & ~(_distance(moved, data) < data.edge[:, None])
        moved = np.where(out & ~np.isfinite(moved).all(axis=1, keepdims=True), z, moved)
        moved = np.where(out, _onto_edge(moved, data), moved)
        z = orbit[i] = np.where(halted, z, moved)
        halted = halted | out
    return orbit


def _sound(data: Loop) -> np.ndarray:
    """Say which members have a start and a centre, [m, 1]."""
    return np.isfinite(data.start + data.centre).all(axis=1)[:, None]


def _distance(z: np.ndarray, data: Loop) -> np.ndarray:
    return np.linalg.norm(z - data.centre, axis=-1, keepdims=True)


def _onto_edge(z: np.ndarray, data: Loop) -> np.ndarray:
    """Return z [..., m, d] brought back to the edge, along the line from the centre."""
    away, distance = z - data.centre, _distance(z, data)
    with np.errstate(all="ignore"):
        return data.centre + away * (data.edge[:, None] / distance)


def _together(library: Library, xi: np.ndarray, data: Loop, time: np.ndarray) -> np.ndarray | None:
    """Integrate a group of members; None where LSODA gives up."""
    from scipy.integrate import LSODA

    shape, edge, inside = data.start.shape, data.edge[:, None], _sound(data)
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
        return np.where(_distance(z, data) < edge, z, _onto_edge(z, data))

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
            out = inside & ~(_distance(z, data) < edge)
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
