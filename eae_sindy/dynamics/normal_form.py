"""The normal form of an oscillation of two latents: four numbers that no affine chart changes.

Cubic equations are written about their fixed point in a complex coordinate w, and brought to

    w' = (μ + iω) w + (a + ib) |w|² w

by a change of coordinates that takes out all quadratic terms, and all cubic ones but this one
(Poincaré, Birkhoff). Decoders whose latents are one another's affine images have the same μ, ω, a
and b, if ω is positive and the unit of |w| means the same to all of them.
"""

from typing import NamedTuple

import numpy as np

from . import canonical, least_squares
from .canonical import Frame

NAMES = ("mu", "omega", "a", "b")
FLAT = 1e3  # condition of the frame, in latents of unit covariance, beyond which it is none

NO_SPREAD = "the latents do not fill a plane, or their cubic equations are not finite"
NO_TURN = "the flow does not turn about its fixed point: the eigenvalues are real"
SINGULAR = "the frame is nearly singular: the two directions of the rotation are almost one"
MEAN = "no fixed point within the data: the origin is their mean, and the flow there is left out"
DATA_AMPLITUDE = "mu and a have one sign, so there is no cycle: the unit is the r.m.s. of the data"


class NormalForm(NamedTuple):
    """w' = (μ + iω) w + (a + ib) |w|² w.

    Attributes
    ----------
    mu, omega, a, b : float
        ω is positive. a and b belong to the unit of |w|.
    frame : Frame
        y = A (z − c) with w = y1 + i y2 to first order, and |w| in its unit. The first axis points
        where the data begin, if that is known; no coefficient depends on it.
    amplitude : float
        The unit of |w|, over the r.m.s. of the data in the frame. Of a normal form with a cycle, μ
        and a being of opposite signs, it is the amplitude of that cycle: then a = −μ. Else it is 1.
    cycle : bool
        Whether there is one.
    note : str
        What was done where the usual rule cannot be followed; empty if nothing.
    """

    mu: float
    omega: float
    a: float
    b: float
    frame: Frame
    amplitude: float
    cycle: bool
    note: str

    @property
    def in_units_of_the_data(self) -> tuple[float, float, float, float]:
        """Return μ, ω, a and b with the r.m.s. of the data for the unit of |w|."""
        return self.mu, self.omega, self.a / self.amplitude**2, self.b / self.amplitude**2


def find(
    xi: np.ndarray, mean: np.ndarray, covariance: np.ndarray, start: np.ndarray | None = None
) -> tuple[NormalForm | None, str]:
    """Return the normal form of cubic equations Ξ [10, 2], or None and the reason in a sentence.

    Parameters
    ----------
    xi : array [10, 2]
        In the monomials of `canonical.cubics()`.
    mean : array [2]
        Of the data.
    covariance : array [2, 2]
    start : array [2], optional
        Where the data begin: it sets the phase.
    """
    if not (np.isfinite(xi).all() and np.isfinite(mean).all() and np.isfinite(covariance).all()):
        return None, NO_SPREAD
    values, vectors = np.linalg.eigh(covariance)
    if not values[0] > 1e-12 * values[1]:
        return None, NO_SPREAD
    # In latents of unit covariance what follows depends on no affine chart, and rounds well.
    white = Frame(mean, vectors.T / np.sqrt(values)[:, None])
    inside = canonical.carried(xi, white)
    origin = canonical.fixed_point(inside, np.zeros(2), np.ones(2))
    notes = [] if origin is not None else [MEAN]
    change = canonical.about(inside, np.zeros(2) if origin is None else origin, np.ones(2))
    if change is None:
        return None, NO_TURN
    if np.linalg.cond(change.matrix) > FLAT:
        return None, SINGULAR
    # The r.m.s. of the data about the origin is one. Frames turn clockwise: ω > 0 in the mirror.
    square = np.sum(change.matrix**2) + np.sum((change.matrix @ change.origin) ** 2)
    change = Frame(change.origin, np.diag([1.0, -1.0]) @ change.matrix / np.sqrt(square))
    y = canonical.carried(inside, change)
    (mu, omega), c1 = y[1], cubic_coefficient(y)
    cycle = bool(mu * c1.real < 0)
    amplitude = float(np.sqrt(-mu / c1.real)) if cycle else 1.0
    if not cycle:
        notes.append(DATA_AMPLITUDE)
    matrix = change.matrix @ white.matrix / amplitude
    centre = mean + np.linalg.solve(white.matrix, change.origin)
    if start is not None:
        matrix = _turned(matrix, matrix @ (start - centre))
    a, b = (float(c) * amplitude**2 for c in (c1.real, c1.imag))
    made = NormalForm(
        float(mu), float(omega), a, b, Frame(centre, matrix), amplitude, cycle, "; ".join(notes)
    )
    return made, ""


def of_factor(
    theta: np.ndarray, rate: np.ndarray, start: np.ndarray | None = None
) -> tuple[NormalForm | None, str]:
    """Return the normal form of the cubic equations that fit best: of Θ [n, 10] and ż [n, 2].

    Or of a triangle of them: `least_squares.Triangle`.
    """
    if not (np.isfinite(theta).all() and np.isfinite(rate).all()):
        return None, NO_SPREAD
    one, z = theta[:, 0], theta[:, 1:3]
    weight = one @ one
    if not weight > 0:
        return None, NO_SPREAD
    mean = one @ z / weight
    about = z - np.outer(one, mean)
    return find(least_squares.solve(theta, rate)[0], mean, about.T @ about / weight, start)


def _turned(matrix: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return axes turned so that the first points along y [2]."""
    length = np.linalg.norm(y)
    if not length > 0:
        return matrix
    c, s = y / length
    return np.array([[c, s], [-s, c]]) @ matrix


def cubic_coefficient(xi: np.ndarray) -> complex:
    """Return c₁ = a + ib of equations Ξ [10, 2] about their fixed point, in a canonical frame.

    Kuznetsov, Elements of Applied Bifurcation Theory, Lemma 3.6, with λ of any growth.
    """
    lam = complex(xi[1, 0], xi[1, 1])
    g = derivatives(xi)
    g20, g11, g02, g21 = (g[jk] for jk in ((2, 0), (1, 1), (0, 2), (2, 1)))
    conj = lam.conjugate()
    return (
        g20 * g11 * (2 * lam + conj) / (2 * abs(lam) ** 2)
        + abs(g11) ** 2 / lam
        + abs(g02) ** 2 / (2 * (2 * lam - conj))
        + g21 / 2
    )


def derivatives(xi: np.ndarray) -> dict[tuple[int, int], complex]:
    """Return g of w' = Σ g_jk wʲ w̄ᵏ / (j! k!), w = y1 + i y2, of equations Ξ [10, 2] in y."""
    # (2 y1)^p (2i y2)^q = (w + w̄)^p (w − w̄)^q.
    factorial = (1, 1, 2, 6)
    found: dict[tuple[int, int], complex] = {}
    for (p, q), (first, second) in zip(
        canonical.cubics().features.powers_.tolist(), xi.tolist(), strict=True
    ):
        product = np.array([1.0])  # by rising powers of w̄
        for sign in [1.0] * p + [-1.0] * q:
            product = np.convolve(product, [1.0, sign])
        weight = complex(first, second) / (2**p * (2j) ** q)
        for k, times in enumerate(product.tolist()):
            j = p + q - k
            found[j, k] = found.get((j, k), 0j) + weight * times * factorial[j] * factorial[k]
    return found
