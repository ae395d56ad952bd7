"""Laws in the plane whose density and score are known: what claims on the score are tried on."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from scipy.special import logsumexp

from ..errors import EaeSindyError

# Müller & Brown (1979), Theoret. Chim. Acta 53, 75: four Gaussian-like terms
# A exp(a (x − x₀)² + b (x − x₀)(y − y₀) + c (y − y₀)²).
HEIGHTS = np.array([-200.0, -100.0, -170.0, 15.0])
ACROSS = np.array([-1.0, -1.0, -6.5, 0.7])  # a
MIXED = np.array([0.0, 0.0, 11.0, 0.6])  # b
UPWARDS = np.array([-10.0, -10.0, -6.5, 0.7])  # c
CENTRES = np.array([[1.0, 0.0], [0.0, 0.5], [-0.5, 1.5], [-1.0, 1.0]])
SCALE = 0.15  # of the potential, as the poster's experiment has it
TEMPERATURE = 2.494  # k_B T in kJ/mol at 300 K
BOX = ((-2.4, 1.8), (-1.1, 2.9))  # beyond it the density is below e⁻¹⁵ of its largest
CELLS = 1400  # of the grid, along each side
MINIMA = ((-0.558, 1.442), (-0.050, 0.467), (0.623, 0.028))  # to three decimals, published


class Law(Protocol):
    """A distribution of rows whose density is known.

    Attributes
    ----------
    title : str
        What it is called in print.
    temperature : float
        k_B T of a Boltzmann distribution in the unit of its energy; 1 of any other, whose energy
        is −log p.
    """

    title: str
    temperature: float

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return independent rows, [count, N]."""
        ...

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Return log p of rows [n, N], up to a constant, [n]."""
        ...

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return ∇ log p at rows [n, N], [n, N]."""
        ...


class Mixture:
    """A mixture of Gaussians with diagonal covariances; of one component it is a Gaussian.

    Parameters
    ----------
    title : str
    means, variances : arrays [c, N]
    """

    temperature = 1.0

    def __init__(self, title: str, means: np.ndarray, variances: np.ndarray) -> None:
        self.title = title
        self.means, self.variances = (
            np.atleast_2d(np.asarray(v, float)) for v in (means, variances)
        )
        if self.means.shape != self.variances.shape or not (self.variances > 0).all():
            raise EaeSindyError(
                "a mixture needs a mean and positive variances for each component: give two "
                "arrays [components, dimensions]"
            )

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return independent rows, [count, N]."""
        which = rng.integers(len(self.means), size=count)
        noise = rng.standard_normal((count, self.means.shape[1]))
        return self.means[which] + np.sqrt(self.variances[which]) * noise

    def _terms(self, x: np.ndarray) -> np.ndarray:
        """Return the logarithm of every component at rows, [n, c]."""
        apart = x[:, None, :] - self.means
        return -0.5 * np.sum(apart**2 / self.variances + np.log(2 * np.pi * self.variances), axis=2)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Return log p of rows [n, N], [n]."""
        found: np.ndarray = logsumexp(self._terms(x), axis=1) - np.log(len(self.means))
        return found

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return ∇ log p at rows [n, N], [n, N]."""
        terms = self._terms(x)
        share = np.exp(terms - logsumexp(terms, axis=1, keepdims=True))
        pulls = (self.means - x[:, None, :]) / self.variances
        return np.einsum("nc,ncd->nd", share, pulls)


class MuellerBrown:
    """The Boltzmann distribution exp(−U/k_BT) of the potential of Müller and Brown, scaled.

    Draws are made by inversion on a grid and spread evenly over its cells: they are exact to the
    size of a cell, 0.003.
    """

    title = "Müller–Brown"

    def __init__(self, scale: float = SCALE, temperature: float = TEMPERATURE) -> None:
        self.scale, self.temperature = scale, temperature
        sides = [np.linspace(*ends, CELLS + 1) for ends in BOX]
        self._size = np.array([side[1] - side[0] for side in sides])
        self._middles = [side[:-1] + step / 2 for side, step in zip(sides, self._size, strict=True)]
        grid = np.stack(np.meshgrid(*self._middles, indexing="ij"), axis=-1).reshape(-1, 2)
        logs = self.log_density(grid)
        mass = np.exp(logs - logs.max())
        self._heap = np.cumsum(mass / mass.sum())

    def potential(self, x: np.ndarray) -> np.ndarray:
        """Return U in kJ/mol at points [n, 2], [n]."""
        return self.scale * self._terms(x)[0].sum(axis=1)

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Return ∇U in kJ/mol at points [n, 2], [n, 2]."""
        terms, apart = self._terms(x)
        across = 2 * ACROSS * apart[..., 0] + MIXED * apart[..., 1]
        upwards = MIXED * apart[..., 0] + 2 * UPWARDS * apart[..., 1]
        return self.scale * np.stack(
            [np.sum(terms * across, axis=1), np.sum(terms * upwards, axis=1)], axis=1
        )

    def _terms(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the four terms [n, 4] at points, and how far these lie from their centres."""
        apart = x[:, None, :] - CENTRES
        across, upwards = apart[..., 0], apart[..., 1]
        powers = ACROSS * across**2 + MIXED * across * upwards + UPWARDS * upwards**2
        return HEIGHTS * np.exp(powers), apart

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return independent points, [count, 2]."""
        cells = np.minimum(np.searchsorted(self._heap, rng.random(count)), len(self._heap) - 1)
        rows = np.stack(
            [middles[k] for middles, k in zip(self._middles, divmod(cells, CELLS), strict=True)],
            axis=1,
        )
        return rows + self._size * (rng.random((count, 2)) - 0.5)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Return −U/k_BT at points [n, 2], which is log p up to a constant, [n]."""
        return -self.potential(x) / self.temperature

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return −∇U/k_BT at points [n, 2], [n, 2]."""
        return -self.gradient(x) / self.temperature


def _normal() -> Law:
    return Mixture("N(0, I)", np.zeros((1, 2)), np.ones((1, 2)))


def _anisotropic() -> Law:
    return Mixture("N(0, diag(4, 1))", np.zeros((1, 2)), np.array([[4.0, 1.0]]))


def _mixture() -> Law:
    turns = np.pi * np.array([1 / 2, 7 / 6, 11 / 6])
    means = 2 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    return Mixture("three Gaussians", means, np.full((3, 2), 0.5))


LAWS: Mapping[str, Callable[[], Law]] = {
    "normal": _normal,
    "anisotropic": _anisotropic,
    "mixture": _mixture,
    "muller-brown": MuellerBrown,
}


def law(name: str) -> Law:
    """Return a law by its name, one of `LAWS`; raises `EaeSindyError` for any other."""
    if name not in LAWS:
        raise EaeSindyError(f"unknown law {name!r}: choose from {', '.join(LAWS)}")
    return LAWS[name]()
