"""Forecasts of trajectories that an ensemble has not seen, with bands, as snapshots."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..discovery.decoded_orbits import Forecast, decoded, encoded, judge
from ..discovery.equations import Equations
from ..dynamics import orbits
from ..dynamics.orbits import Loop
from ..ensemble.ensemble import Ensemble
from ..ensemble.intervals import interval
from ..ensemble.members import each, evenly
from ..ensemble.novelty import Novelty, novelty
from ..errors import EaeSindyError
from ..progress import Progress, Steps, finish
from ..recipes import CRITERIA, INTERVAL
from ..snapshots import channels, snapshots
from ..snapshots.pod import Pod
from ..snapshots.snapshots import BLOCK_BYTES, Snapshots

DATASETS = ("band/low", "band/high", "spread")  # of a forecast's file, beside the field
MOST_BYTES = 10**9  # of all orbits together, which are held in memory
MOST_FRAMES = 50  # decoded together


@dataclass(frozen=True)
class Run:
    """The forecast of one trajectory.

    Attributes
    ----------
    trajectory : int
    rows : array of int [k]
        The new frames it passes; it starts from the first.
    time : array [t]
        The first k are those of `rows`.
    orbit : array [t, m, d]
        In the latents of every member.
    stayed : array of bool [m]
        Whether a member's orbit stayed near the data.
    error : Forecast or None
        Against the frames it passes; None if there is but one, or they never change.
    """

    trajectory: int
    rows: np.ndarray
    time: np.ndarray
    orbit: np.ndarray
    stayed: np.ndarray
    error: Forecast | None


@dataclass(frozen=True)
class Prediction:
    """Forecasts of every new trajectory by the same members.

    `ensemble` has the new frames for its own, see `unseen.on`; `members` [m] are of it.
    """

    ensemble: Ensemble
    members: np.ndarray
    runs: list[Run]
    novelty: Novelty

    def fields(self, run: Run, at: Any) -> list[np.ndarray]:
        """Return mean, low, high and spread of members' fields at times `at`: [b, *space] each.

        Low and high bound the central interval over members at every point, spread is the standard
        deviation. Members that left the data do not enter.
        """
        ensemble, pod = self.ensemble, self.ensemble.pod
        coordinates = np.stack(
            list(
                each(
                    np.flatnonzero(run.stayed),
                    lambda k: decoded(ensemble, self.members[k], run.orbit[at, k])[:, : pod.rank],
                )
            ),
            axis=1,
        )
        found = np.stack(
            list(each(range(len(coordinates)), lambda i: _spread(pod, coordinates[i])))
        )
        return [ensemble.unmask(found[:, i]) for i in range(4)]

    def blocks(self) -> Iterator[list[np.ndarray | None]]:
        """Yield all fields as `snapshots.write` takes them, a bounded number of bytes at a time."""
        wide = max(self.ensemble.pod.size, len(self.members) * self.ensemble.pod.rank)
        count = max(1, min(MOST_FRAMES, BLOCK_BYTES // (16 * wide)))
        for run in self.runs:
            for first in range(0, len(run.time), count):
                mean, *others = self.fields(run, slice(first, first + count))
                yield [mean, None, *others]

    def write(self, path: str | Path, data: Snapshots, *, force: bool = False) -> Steps[None]:
        """Write the mean forecast as a snapshots file, with bands and spread beside the field."""
        kept = {k: v for k, v in data.attributes.items() if k in channels.CARRIED}
        return snapshots.write(
            path,
            np.concatenate([r.time for r in self.runs]),
            self.blocks(),
            more=DATASETS,
            trajectory=np.repeat(
                [r.trajectory for r in self.runs], [len(r.time) for r in self.runs]
            ),
            mask=self.ensemble.mask,
            space=data.space,
            attributes=kept | {"members": len(self.members), "interval": INTERVAL},
            force=force,
        )


def predict(
    ensemble: Ensemble,
    seen: Ensemble,
    equations: Equations,
    start: int = 0,
    horizon: float | None = None,
) -> Prediction:
    """Integrate the chosen equations of at most 200 members along every new trajectory.

    Parameters
    ----------
    ensemble : Ensemble
        As it was fitted: its test frames say how far from them an orbit counts as lost.
    seen : Ensemble
        With the new frames, from `unseen.on`.
    start : int
        The frame of each trajectory to start from.
    horizon : float, optional
        How long to go on, in units of time, also beyond the last frame. To the last frame if not
        given; for as long as the ensemble's own test window if there is but one.

    Raises
    ------
    EaeSindyError
        If the equations are those of another ensemble, a trajectory has no such frame, the horizon
        is shorter than a step or too long for memory, or no member's orbit stays near the data.
    """
    return finish(iterate(ensemble, seen, equations, start, horizon))


def iterate(
    ensemble: Ensemble,
    seen: Ensemble,
    equations: Equations,
    start: int = 0,
    horizon: float | None = None,
) -> Steps[Prediction]:
    """Do what `predict` does, step by step."""
    equations.check(ensemble)
    ensemble = replace(ensemble, frames=ensemble.frames.mended()[0])
    f, run = seen.frames, ensemble.frames.test_run()
    taken = evenly(np.arange(len(equations.members)), CRITERIA.decoded)
    members, xi = equations.members[taken], equations.values[taken]
    own = each(members, lambda m: orbits.loop(ensemble.encode(int(m), run)[0].astype(float)))
    data = Loop.join(own)
    labels = list(dict.fromkeys(f.trajectory.tolist()))
    most = MOST_BYTES // (xi[:, 0].nbytes * len(labels))
    runs = []
    for done, label in enumerate(labels):
        yield Progress("trajectories", done, len(labels))
        rows = np.flatnonzero(f.trajectory == label)[start:]
        if len(rows) == 0:
            raise EaeSindyError(f"trajectory {label} has no frame {start}: use a smaller --start")
        time = times(f.time[rows], ensemble.frames.time[run], horizon, most)
        rows = rows[: np.count_nonzero(f.time[rows] <= time[-1])]
        latents = encoded(seen, members, rows)
        from_here = data._replace(start=latents[0])
        orbit = orbits.integrate(equations.library, xi, from_here, time - time[0])
        stayed = ~orbits.lost(orbit[-1], from_here)
        if not stayed.any():
            raise EaeSindyError(
                f"no member's orbit stays near the data in trajectory {label}: its first frame is "
                "too far from them, or --horizon too long"
            )
        moves = np.ptp(f.coordinates[rows], axis=0).any()
        passed = orbit[: len(rows)]
        error = judge(seen, members, rows, latents, passed, stayed) if moves else None
        runs.append(Run(label, rows, time, orbit, stayed, error))
    yield Progress("trajectories", len(labels), len(labels))
    return Prediction(seen, members, runs, novelty(ensemble, seen.frames))


def times(new: np.ndarray, own: np.ndarray, horizon: float | None, most: int) -> np.ndarray:
    """Return the times of a forecast: those of the new frames, then on at their usual step.

    `own` [k] are the times of the ensemble's test window, for what one frame does not say. Raises
    `EaeSindyError` if there would be fewer than two times, or more than `most`.
    """
    known = new if len(new) > 1 else own
    step, first = float(np.median(np.diff(known))), float(known[1] - known[0])
    if horizon is None:
        horizon = float(np.ptp(known))
    # Not "less than": it may be NaN.
    if not horizon >= (1 - 1e-9) * first:
        raise EaeSindyError(
            f"--horizon {horizon:g} does not reach the next frame: it takes at least {first:g}"
        )
    end = new[0] + horizon + 1e-9 * step
    inside = new[new <= end]
    more = np.floor((end - inside[-1]) / step) if len(inside) == len(new) else 0
    if not len(inside) + more <= most:
        fits = new[min(most, len(new)) - 1] - new[0] + step * max(0, most - len(new))
        raise EaeSindyError(
            f"the orbits would take more than {MOST_BYTES / 1e9:g} GB of memory: "
            f"a --horizon of {0.99 * fits:.3g} fits"
        )
    return np.concatenate([inside, inside[-1] + step * np.arange(1, int(more) + 1)])


def _spread(pod: Pod, coordinates: np.ndarray) -> np.ndarray:
    """Return mean, low, high and standard deviation [4, N] of members' fields [m, r] at a time.

    A band of coordinates is no band of fields: members are expanded, a block of points at a time.
    """
    found = np.empty((4, pod.size), np.float32)
    width = max(1, BLOCK_BYTES // (8 * len(coordinates)))
    for first in range(0, pod.size, width):
        points = slice(first, first + width)
        x = pod.expand(coordinates, points)
        found[0, points], found[3, points] = x.mean(axis=0), x.std(axis=0)
        found[1:3, points] = interval(x)
    return found
