"""Codes that are written down, not trained: those of which the truth is known, and PCA."""

import numpy as np

from ..errors import EaeSindyError


class Linear:
    """Codes A (x − x₀), as PCA has them.

    Parameters
    ----------
    axes : array [K, N]
    origin : array [N]
    """

    def __init__(self, axes: np.ndarray, origin: np.ndarray | float = 0.0) -> None:
        self.axes, self.origin = np.atleast_2d(np.asarray(axes, float)), np.asarray(origin, float)

    @classmethod
    def principal(cls, rows: np.ndarray) -> "Linear":
        """Return the codes of PCA of rows [n, N], in the order of their variance."""
        origin = rows.mean(axis=0)
        axes = np.linalg.svd(np.cov((rows - origin).T))[2]
        return cls(axes, origin)

    def codes(self, x: np.ndarray) -> np.ndarray:
        """Return the codes [n, K] of rows [n, N]."""
        return (x - self.origin) @ self.axes.T

    def jacobians(self, x: np.ndarray) -> np.ndarray:
        """Return the derivatives [n, K, N], the same everywhere."""
        return np.broadcast_to(self.axes, (len(x), *self.axes.shape))


class Polar:
    """The angle in (−π, π] and the radius of points in the plane."""

    def codes(self, x: np.ndarray) -> np.ndarray:
        """Return angle and radius [n, 2] of points [n, 2]."""
        return np.stack([np.arctan2(x[:, 1], x[:, 0]), np.linalg.norm(x, axis=1)], axis=1)

    def jacobians(self, x: np.ndarray) -> np.ndarray:
        """Return the derivatives [n, 2, 2]."""
        radius = np.linalg.norm(x, axis=1)[:, None]
        outwards = x / radius
        around = np.stack([-outwards[:, 1], outwards[:, 0]], axis=1) / radius
        return np.stack([around, outwards], axis=1)


class Radius(Polar):
    """The radius alone."""

    def codes(self, x: np.ndarray) -> np.ndarray:
        """Return the radius [n, 1] of points [n, 2]."""
        return super().codes(x)[:, 1:]

    def jacobians(self, x: np.ndarray) -> np.ndarray:
        """Return the derivatives [n, 1, 2]."""
        return super().jacobians(x)[:, 1:]


class Nearest:
    """The arc length at the point of a curve that is nearest to a row: a projection.

    Level sets are those of a principal curve: straight, and at a right angle to it. The curve goes
    on beyond its ends along its first and last segment, where codes are less than 0 and more than
    its length, so that no code belongs to all that lies beyond.

    Parameters
    ----------
    curve : array [m, N]
        Points of the curve in their order.
    """

    def __init__(self, curve: np.ndarray) -> None:
        self.curve = np.asarray(curve, float)
        steps = np.diff(self.curve, axis=0)
        self._lengths = np.linalg.norm(steps, axis=1)
        if len(steps) < 1 or not (self._lengths > 0).all():
            raise EaeSindyError("a curve needs two points or more, no two in a row the same")
        self._units = steps / self._lengths[:, None]
        self._starts = np.concatenate([[0.0], np.cumsum(self._lengths)[:-1]])

    @classmethod
    def spiral(cls, pitch: float, turns: float, points: int = 150) -> "Nearest":
        """Return the projection on a spiral whose windings lie `pitch` apart, about the origin."""
        turn = np.linspace(2, 2 * np.pi * turns, points)
        around = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        return cls(pitch / (2 * np.pi) * turn[:, None] * around)

    def _project(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the nearest segment of each row [n], and how far along it the nearest point is."""
        best = np.full(len(x), np.inf)
        segment, along = np.zeros(len(x), int), np.zeros(len(x))
        least, most = np.zeros(len(self._lengths)), self._lengths.copy()
        least[0], most[-1] = -np.inf, np.inf
        for k, (start, unit) in enumerate(zip(self.curve[:-1], self._units, strict=True)):
            apart = x - start
            reach = np.clip(apart @ unit, least[k], most[k])
            distance = np.sum(apart**2, axis=1) - 2 * reach * (apart @ unit) + reach**2
            nearer = distance < best
            best[nearer], segment[nearer], along[nearer] = distance[nearer], k, reach[nearer]
        return segment, along

    def codes(self, x: np.ndarray) -> np.ndarray:
        """Return the arc length [n, 1] of the nearest points of rows [n, N]."""
        segment, along = self._project(x)
        return (self._starts[segment] + along)[:, None]

    def jacobians(self, x: np.ndarray) -> np.ndarray:
        """Return the derivatives [n, 1, N]: the direction of the nearest segment.

        Of rows that are nearest to a corner, where the derivative is zero, it is the direction too:
        level sets are told by directions.
        """
        return self._units[self._project(x)[0]][:, None, :]
