"""A few latents put into many points: by sines, for nearly all systems, or by modes of z and z³."""

import numpy as np
from scipy.special import eval_legendre

STEEPNESS = 0.7  # standard deviation of the directions


def lift(
    z: np.ndarray, rate: np.ndarray, points: int, seed: int = 7
) -> tuple[np.ndarray, np.ndarray]:
    """Lift latents and rates by sines of random directions, x = sin(z A + b).

    The map is smooth, and no linear one leads back exactly. Latents should be of the size of one.

    Parameters
    ----------
    z, rate : arrays [n, d]
        Latents and their time derivatives.
    points : int
        Number N of points of the field.
    seed : int
        Of A and b.

    Returns
    -------
    field, rate : arrays [n, N]
        The rate is exact, by the chain rule.
    """
    rng = np.random.default_rng(seed)
    directions = STEEPNESS * rng.normal(size=(z.shape[1], points))
    phase = z @ directions + rng.uniform(0, 2 * np.pi, points)
    return np.sin(phase), np.cos(phase) * (rate @ directions)


def cubic(z: np.ndarray, rate: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Lift latents and rates as Champion et al. (2019) do: x = Σ uᵢ zᵢ + u_{d+i} zᵢ³.

    The modes u are Legendre polynomials of rising degree on [−1, 1]. A linear map leads back, and
    only through it are the equations as short as they were.

    Parameters
    ----------
    z, rate : arrays [n, d]
        Latents and their time derivatives.
    points : int
        Number N of points of the field.

    Returns
    -------
    field, rate : arrays [n, N]
        The rate is exact, by the chain rule.
    """
    d = z.shape[1]
    modes = eval_legendre(np.arange(2 * d)[:, None], np.linspace(-1, 1, points))
    field = z @ modes[:d] + z**3 @ modes[d:]
    return field, rate @ modes[:d] + (3 * z**2 * rate) @ modes[d:]
