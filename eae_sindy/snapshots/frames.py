"""The frames of a fit in the coordinates that its networks see."""

from dataclasses import dataclass, replace

import numpy as np

from .differentiation import differentiate
from .split import TEST, TRAIN


@dataclass(frozen=True)
class Frames:
    """The frames of a fit in the coordinates that its networks see.

    Attributes
    ----------
    time, trajectory, split : arrays [n]
    coordinates, rate_coordinates : arrays [n, r]
        See `Pod.project`; rates are per unit of the file's time.
    outside, rate_outside : arrays [n]
        Mean square per point of what lies outside the basis; it counts in every error.
    """

    time: np.ndarray
    trajectory: np.ndarray
    split: np.ndarray
    coordinates: np.ndarray
    rate_coordinates: np.ndarray
    outside: np.ndarray
    rate_outside: np.ndarray

    def where(self, *parts: int) -> np.ndarray:
        """Return the indices of the frames that belong to the named parts of the split."""
        return np.flatnonzero(np.isin(self.split, parts))

    def clock(self) -> float:
        """Return √(⟨|x − ⟨x⟩|²⟩ / ⟨|ẋ|²⟩) over the training frames: the data's own unit of time."""
        rows = self.where(TRAIN)
        moves, changes = (
            float(np.sum(np.mean(c[rows].astype(float) ** 2, axis=0))) + float(o[rows].mean())
            for c, o in (
                (self.coordinates - self.coordinates[rows].mean(axis=0), self.outside),
                (self.rate_coordinates, self.rate_outside),
            )
        )
        return float(np.sqrt(moves / changes))

    def mended(self) -> tuple["Frames", int, int]:
        """Return the frames without those whose field is NaN; rates that are, differentiated.

        Frames are left out too whose rates are NaN in a trajectory of fewer than five frames. With
        them how many are left out, and how many rates come from differences.
        """
        sound = np.isfinite(self.coordinates).all(axis=1)
        unknown = sound & ~np.isfinite(self.rate_coordinates).all(axis=1)
        if sound.all() and not unknown.any():
            return self, 0, 0
        whole = Frames(*(part[sound] for part in vars(self).values()))
        rows = unknown[sound]
        if rows.any():
            slopes = differentiate(whole.time, whole.trajectory, whole.coordinates, needed=False)
            rates = np.where(rows[:, None], slopes, whole.rate_coordinates)
            outside = np.where(rows, 0, whole.rate_outside)
            whole = replace(whole, rate_coordinates=rates, rate_outside=outside)
            known = np.isfinite(rates).all(axis=1)
            whole, rows = Frames(*(part[known] for part in vars(whole).values())), rows[known]
        return whole, len(sound) - len(whole.time), int(rows.sum())

    def test_run(self) -> np.ndarray:
        """Return the indices of the first test trajectory: what orbits start on and are held to."""
        return self.test_runs()[0]

    def test_runs(self) -> list[np.ndarray]:
        """Return the indices of every test trajectory, in the order of the file."""
        test = self.where(TEST)
        labels = dict.fromkeys(self.trajectory[test].tolist())
        return [test[self.trajectory[test] == label] for label in labels]
