"""A few latents put into many points by one smooth map, the same for all systems."""

import numpy as np

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
