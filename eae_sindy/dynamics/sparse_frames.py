"""The affine frame y = A (z − c) of latents in which polynomial equations ẏ = φ(y) Ξ are sparsest.

Few coefficients belong to a frame: a system of seven terms has thirty in other coordinates. In any
frame the equations follow exactly from those in another, so that a frame is searched for without
a look at the frames of the data. First a smooth measure of sparsity is descended from many starts
(`Problem.measure`): the sum of log(1 + u²/b²) over all coefficients, where u is how much a term
contributes to its rate, both as root mean squares, so that no scale of y matters, and b falls. Then
the least contributions are left out one by one (`Problem.thinned`), and the frame is fitted anew to
what is left (`Problem.fit`), by Gauss–Newton steps in both. Frames that are as good are looked at
besides: with the origin at a fixed point, or sheared so that another coefficient vanishes.

It is a local search: another frame may be sparser.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

from . import affine, least_squares
from .affine import Frame
from .library import Library

DEGREES = (2, 3)
MOST_LATENTS = 3  # of more latents frames have so many numbers that none is found in seconds
STARTS = 8  # of the descent, for one degree
BLUR = (0.3, 0.1, 0.03)  # b, one after the other
DESCENT = 100  # steps at most for one b
UNLIKE = 2.0  # weight of the logarithm of the volume that rows of A of unit length span
SAME = 1e-3  # measures that differ by a smaller share are those of one frame
FOLLOWED = 4  # frames from which coefficients are left out
RING = 1.5  # standard deviations from the mean from which Newton looks for fixed points
REACH = 5.0  # and within which these may be the origin
APART = 1e-6  # and that lie between two of them
VANISHED = 0.03  # of the largest coefficient of an equation: what is smaller is none
FAR = 5.0  # share of one y that is added to another at most, both of unit standard deviation
ALIKE = 1.5  # factor between residuals of fits that are as good
EXACT = 1e-12  # residual below which all fits are as good
ROUNDING = 1e-26  # residual that no step makes smaller
WORST_FRAME = 100.0  # condition of A, rows of unit length on white latents: beyond it is no frame
SINGULAR = 1e-10  # least over largest variance of latents that depend on each other
LARGEST = 0.1  # relative squared error of rates with which equations are none
STEPS = 12  # of Gauss–Newton at most
STILL = 1e-4  # share by which the last of them improves the fit
HALVINGS = 6
CUTOFF = 1e-9  # singular values of a step: what a symmetry leaves free stays as it is


class SparseFrame(NamedTuple):
    """Equations with few coefficients in a frame of their own.

    Attributes
    ----------
    frame : Frame
        Its y have unit standard deviations over the data.
    xi : array [p, d]
        Coefficients of the monomials of y, zero where `active` is false.
    active : array of bool [p, d]
    residual : float
        Squared error of the rates where both are white: the same in all frames for the same fit.
    """

    frame: Frame
    xi: np.ndarray
    active: np.ndarray
    residual: float

    @property
    def size(self) -> int:
        """Count the coefficients."""
        return int(self.active.sum())

    def order(self, library: Library) -> tuple[int, int, float]:
        """Return what comes first among equations that have as many coefficients.

        Those whose products have few factors; then those without constants, whose origin is a
        fixed point.
        """
        degree = library.features.powers_.sum(axis=1)
        count = self.active.sum(axis=1)
        products = int(degree @ np.where(degree > 1, count, 0))
        return products, int(count[0]), self.residual


class _State(NamedTuple):
    """A frame y = A w + o of white latents w, with Ξ in it and the squared error of the fit."""

    matrix: np.ndarray
    offset: np.ndarray
    xi: np.ndarray
    residual: float


class Problem:
    """What a search for frames needs of Θ [n, p] and ż [n, d], or of a triangle.

    Parameters
    ----------
    theta : array [n, p]
        The monomials of the latents to `degree`, see `affine.polynomials`.
    rate : array [n, d]
    degree : int

    Raises
    ------
    ValueError
        If latents depend on each other, or rates do: there is no inverse of any frame.
    """

    def __init__(self, theta: np.ndarray, rate: np.ndarray, degree: int) -> None:
        self.degree, self.latents = degree, rate.shape[1]
        self.rules = affine.calculus(self.latents, degree)
        one, z = theta[:, 0], theta[:, 1 : self.latents + 1]
        weight = one @ one
        if not (np.isfinite(theta).all() and np.isfinite(rate).all() and weight > 0):
            raise ValueError("no numbers to search a frame with")
        mean = one @ z / weight
        values, vectors = np.linalg.eigh(z.T @ z / weight - np.outer(mean, mean))
        if not values[0] > SINGULAR * values[-1]:
            raise ValueError("latents depend on each other")
        self.white = Frame(mean, (vectors / np.sqrt(values)).T)
        self.theta = theta @ affine.monomials(self.white, degree) / np.sqrt(weight)
        self.rate = rate @ self.white.matrix.T / np.sqrt(weight)
        self.products, self.rates = self.theta.T @ self.theta, self.rate.T @ self.rate
        values, vectors = np.linalg.eigh(self.rates)
        if not values[0] > SINGULAR * values[-1]:
            raise ValueError("rates depend on each other")
        self.unit = vectors / np.sqrt(values * self.latents)  # rate @ unit has a mean square of one
        self.xi = least_squares.solve(self.theta, self.rate)[0]
        # y_b ∂/∂y_a on monomials, [a, b, p, p].
        self.turns = np.einsum("bij,ajk->abik", self.rules.times, self.rules.slope)

    def measure(self, flat: np.ndarray, blur: float) -> tuple[float, np.ndarray]:
        """Return the measure of sparsity in the frame A w + o, and its gradient.

        By A (I + E), o + b near the frame itself: there y moves by E y + b, so that coefficients
        change by Ξ Eᵀ − K Ξ with K what the monomials change by, and so on, to first order exactly.

        Parameters
        ----------
        flat : array [d² + d]
            A row by row, then o.
        blur : float
            b.
        """
        matrix, offset = self._split(flat)
        inverse = np.linalg.pinv(matrix)  # a line search may try a frame that has none
        inward = affine.monomials(Frame(-inverse @ offset, matrix), self.degree)
        xi = affine.monomials(Frame(offset, inverse), self.degree) @ self.xi @ matrix.T
        products, rates = inward.T @ self.products @ inward, matrix @ self.rates @ matrix.T
        size, speed = np.diag(products)[:, None], np.diag(rates)
        share = xi**2 * size / speed  # u²
        steep = 1 / (blur**2 + share)
        by_xi = 2 * steep * xi * size / speed
        by_size, by_speed = np.sum(steep * xi**2 / speed, axis=1), -(steep * share).sum(0) / speed
        by_monomials = 2 * products * by_size - by_xi @ xi.T
        turned = np.tensordot(self.turns, by_monomials, 2)
        turned += by_xi.T @ xi + 2 * by_speed[:, None] * rates
        moved = np.tensordot(self.rules.slope, by_monomials, 2)
        by_matrix = (turned - np.outer(moved, offset)) @ inverse.T
        total = float(np.sum(np.log1p(share / blur**2)))
        # Rows that are alike have equations as sparse as the sparsest: they are kept apart.
        square = np.sum(matrix**2, axis=1, keepdims=True)
        volume = max(abs(np.linalg.det(matrix)), np.finfo(float).tiny)
        total += UNLIKE * float(0.5 * np.log(square).sum() - np.log(volume))
        by_matrix += UNLIKE * (matrix / square - inverse.T)
        return total, np.concatenate([by_matrix.ravel(), moved])

    def contributions(self, state: _State) -> np.ndarray:
        """Return u [p, d], how much each term contributes to its rate, as root mean squares."""
        inward = self._inward(state.matrix, state.offset)
        size = np.einsum("ji,jk,ki->i", inward, self.products, inward)
        speed = np.einsum("ij,jk,ik->i", state.matrix, self.rates, state.matrix)
        return np.abs(state.xi) * np.sqrt(size[:, None] / speed)

    def descended(self, start: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the measure at the last blur and the frame [d² + d] where a descent ends."""
        flat, found = start, np.inf
        for blur in BLUR:
            made: Any = minimize(
                self.measure, flat, (blur,), "L-BFGS-B", jac=True, options={"maxiter": DESCENT}
            )
            # No scale matters to the measure: rows of unit length are descended best.
            matrix, offset = self._split(made.x)
            length = np.linalg.norm(matrix, axis=1)
            flat = np.concatenate([(matrix / length[:, None]).ravel(), offset / length])
            found = float(made.fun)
        return found, flat

    def at_rest(self, found: SparseFrame) -> Iterator[np.ndarray]:
        """Yield a frame with its origin moved to each fixed point of the equations near the data.

        There is no constant in such a frame.
        """
        matrix = found.frame.matrix @ np.linalg.inv(self.white.matrix)
        offset = found.frame.matrix @ (self.white.origin - found.frame.origin)
        around = [sign * axis for axis in np.eye(self.latents) for sign in (-RING, RING)]
        seen: list[np.ndarray] = []
        for near in [np.zeros(self.latents), *around]:
            point = affine.fixed_point(found.xi, self.degree, offset + near)
            if point is None or np.linalg.norm(point - offset) > REACH:
                continue
            if all(np.linalg.norm(point - other) > APART for other in seen):
                seen.append(point)
                yield np.concatenate([matrix.ravel(), offset - point])

    def state(self, flat: np.ndarray) -> _State | None:
        """Return the dense equations in a frame; None where it is nearly singular."""
        matrix, offset = self._split(flat)
        return self._state(matrix, offset, np.ones(self.xi.shape, bool))

    def start(self, frame: Frame, active: np.ndarray) -> _State | None:
        """Return a frame y = A (z − c) of the latents themselves, with equations fitted in it."""
        matrix = frame.matrix @ np.linalg.inv(self.white.matrix)
        return self._state(matrix, frame.matrix @ (self.white.origin - frame.origin), active)

    def _state(self, matrix: np.ndarray, offset: np.ndarray, active: np.ndarray) -> _State | None:
        """Return a frame whose y have unit standard deviations, with its best equations."""
        length = np.linalg.norm(matrix, axis=1, keepdims=True)
        if not (np.isfinite(matrix).all() and np.isfinite(offset).all() and (length > 0).all()):
            return None
        matrix, offset = matrix / length, offset / length[:, 0]
        if np.linalg.cond(matrix) > WORST_FRAME:
            return None
        theta = self.theta @ self._inward(matrix, offset)
        heavy = np.linalg.solve(matrix.T, self.unit)  # errors of ẏ in units of white rates
        place, design = self._design(theta, heavy, active)
        found = least_squares.solve(design, (self.rate @ self.unit).reshape(-1, 1))[0][:, 0]
        xi = np.zeros(active.shape)
        xi[place] = found
        left = (self.rate @ matrix.T - theta @ xi) @ heavy
        return _State(matrix, offset, xi, float(np.sum(left**2)))

    def fit(self, state: _State, active: np.ndarray) -> _State | None:
        """Return frame and equations that fit best with coefficients only where `active` [p, d].

        By Gauss–Newton steps from a frame nearby; None where that becomes nearly singular.
        """
        here = self._state(state.matrix, state.offset, active)
        for _ in range(STEPS):
            if here is None:
                return None
            turn, move = self._step(here, active)
            for halving in range(HALVINGS):
                change = np.eye(self.latents) + turn / 2**halving
                there = self._state(
                    change @ here.matrix, change @ here.offset + move / 2**halving, active
                )
                if there is not None and there.residual < here.residual:
                    break
            else:
                return here
            gain, here = here.residual - there.residual, there
            if gain < STILL * here.residual or here.residual < ROUNDING:
                return here
        return here

    def _step(self, here: _State, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return E [d, d] and b [d] of a Gauss–Newton step y → y + E y + b.

        The scales of y are left alone: equations do not care. What nothing depends on, such as a
        turn of a plane that the equations look alike in, is zero.
        """
        d = self.latents
        theta = self.theta @ self._inward(here.matrix, here.offset)
        heavy = np.linalg.solve(here.matrix.T, self.unit)
        design = self._design(theta, heavy, active)[1]
        off = [(a, b) for a in range(d) for b in range(d) if a != b]
        columns = []
        for a, b in off:
            change = self.turns[a, b] @ here.xi
            change[:, a] -= here.xi[:, b]
            columns.append((theta @ change @ heavy).ravel())
        columns += [(theta @ slope @ here.xi @ heavy).ravel() for slope in self.rules.slope]
        left = (self.rate @ here.matrix.T - theta @ here.xi) @ heavy
        both = np.column_stack([design, *columns])
        step = least_squares.solve(both, left.reshape(-1, 1), CUTOFF)[0][design.shape[1] :, 0]
        turn = np.zeros((d, d))
        turn[tuple(np.transpose(off))] = step[: len(off)]
        return turn, step[len(off) :]

    @staticmethod
    def _design(
        theta: np.ndarray, heavy: np.ndarray, active: np.ndarray
    ) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
        """Return where coefficients are, and what of white rates [n·d] each of them makes."""
        place = np.nonzero(active)
        made = theta[:, None, place[0]] * heavy[place[1]].T[None]
        return place, made.reshape(-1, len(place[0]))

    def _split(self, flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        d = self.latents
        return flat[: d * d].reshape(d, d), flat[d * d :]

    def _inward(self, matrix: np.ndarray, offset: np.ndarray) -> np.ndarray:
        return affine.monomials(Frame(-np.linalg.solve(matrix, offset), matrix), self.degree)

    def thinned(self, flat: np.ndarray, most: int) -> Iterator[SparseFrame]:
        """Leave out the least contributions in a frame one by one; yield what is few, fitted.

        The frame is moved only for equations that are few: with many coefficients it would follow
        the noise, away from where they are few. From each that fits one more is left out, which
        another frame may do without.
        """
        active = np.ones(self.xi.shape, bool)
        here = self.state(flat)
        while here is not None:
            made = self.fit(here, active) if active.sum() <= most else None
            if made is not None and made.residual <= LARGEST:
                yield self.outward(made, active.copy())
                fewer = self._without_least(made, active)
                less = self.fit(made, fewer) if fewer.any() else None
                if less is not None and less.residual <= LARGEST:
                    yield self.outward(less, fewer)
            active = self._without_least(here, active)
            if not active.any():
                return
            here = self._state(here.matrix, here.offset, active)

    def sheared(self, found: SparseFrame) -> Iterator[SparseFrame]:
        """Yield what has as few coefficients in a frame where one y has a share of another added.

        There is such a share wherever a coefficient vanishes: a root of a polynomial.
        """
        d, degree = self.latents, self.degree
        nodes = np.linspace(-1, 1, degree + 2)
        for a, b in [(a, b) for a in range(d) for b in range(d) if a != b]:
            turn = np.zeros((d, d))
            turn[a, b] = 1.0

            def seen(share: float, turn: np.ndarray = turn) -> np.ndarray:
                old = Frame(np.zeros(d), np.eye(d) - share * turn)  # y by the new ones
                return affine.back(found.xi, old, degree)

            values = np.stack([seen(t).ravel() for t in nodes])
            shares = [root for v in np.polyfit(nodes, values, degree + 1).T for root in _roots(v)]
            for share in np.unique(np.round(shares, 6)):
                xi = seen(share)
                active = np.abs(xi) > VANISHED * np.abs(xi).max(axis=0)
                if active.sum() > found.size or not share:
                    continue
                matrix = (np.eye(d) + share * turn) @ found.frame.matrix
                start = self.start(Frame(found.frame.origin, matrix), active)
                made = None if start is None else self.fit(start, active)
                if made is not None and made.residual <= LARGEST:
                    yield self.outward(made, active)

    def _without_least(self, state: _State, active: np.ndarray) -> np.ndarray:
        kept = active.copy()
        kept.flat[np.argmin(np.where(active, self.contributions(state), np.inf))] = False
        return kept

    def outward(self, state: _State, active: np.ndarray) -> SparseFrame:
        """Return a state in terms of the latents themselves."""
        matrix = state.matrix @ self.white.matrix
        origin = self.white.origin - np.linalg.solve(matrix, state.offset)
        return SparseFrame(Frame(origin, matrix), state.xi, active, state.residual)

    def starts(self, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Yield frames to start from: the white one, eigenvectors, and turns by chance."""
        d = self.latents
        yield np.concatenate([np.eye(d).ravel(), np.zeros(d)])
        values, vectors = np.linalg.eig(self.xi[1 : d + 1].T)
        axes = np.where(values.imag < 0, vectors.imag, vectors.real)
        if np.linalg.cond(axes) < WORST_FRAME:
            yield np.concatenate([np.linalg.inv(axes).ravel(), np.zeros(d)])
        while True:
            turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
            yield np.concatenate([turn.ravel(), 0.5 * rng.normal(size=d)])


def search(
    theta: np.ndarray, rate: np.ndarray, degree: int, most: int, seed: int = 0
) -> list[SparseFrame]:
    """Return the best equations found with 1, 2, … coefficients, each in a frame of its own.

    Parameters
    ----------
    theta : array [n, p]
        The monomials of the latents to `degree`, or the rows of a triangle that stand for them.
    rate : array [n, d]
    degree : int
    most : int
        Coefficients at most.
    seed : int
        Of the starts.

    Returns
    -------
    list of SparseFrame
        Few coefficients first. Empty where there are more latents than are searched, where these
        depend on each other, and where nothing fits.
    """
    if rate.shape[1] > MOST_LATENTS:
        return []
    try:
        problem = Problem(theta, rate, degree)
    except ValueError:
        return []
    library = affine.polynomials(rate.shape[1], degree)
    starts = problem.starts(np.random.default_rng(seed))
    ends = [problem.descended(start) for start in islice(starts, STARTS)]
    best: dict[int, SparseFrame] = {}

    def take(some: Iterable[SparseFrame]) -> None:
        for found in some:
            held = best.get(found.size)
            if held is None or _before(found, held, library):
                best[found.size] = found

    for flat in _distinct(ends):
        take(problem.thinned(flat, most))
    for found in list(best.values()):
        take(problem.sheared(found))
    for found in [found for found in best.values() if found.active[0].any()]:
        for flat in problem.at_rest(found):
            take(problem.thinned(flat, most))
    return [best[k] for k in sorted(best)]


def _distinct(ends: list[tuple[float, np.ndarray]]) -> list[np.ndarray]:
    """Return the frames in which the measure is least, none twice."""
    found: list[np.ndarray] = []
    last = -np.inf
    for value, flat in sorted(ends, key=lambda end: end[0]):
        if np.isfinite(value) and value - last > SAME * abs(value) and len(found) < FOLLOWED:
            found.append(flat)
            last = value
    return found


def _before(one: SparseFrame, other: SparseFrame, library: Library) -> bool:
    """Say whether equations fit better than others of as many coefficients, or as well and look."""
    mine, theirs = (max(found.residual, EXACT) for found in (one, other))
    if mine > ALIKE * theirs or theirs > ALIKE * mine:
        return mine < theirs
    return one.order(library) < other.order(library)


def _roots(polynomial: np.ndarray) -> np.ndarray:
    """Return the real roots within `FAR` of a polynomial, highest power first."""
    size = np.abs(polynomial).max()
    if not size > 0:
        return np.zeros(0)
    found = np.roots(np.where(np.abs(polynomial) > 1e-9 * size, polynomial, 0))
    return found[(np.abs(found.imag) < 1e-9) & (np.abs(found) < FAR)].real


def fitted(
    theta: np.ndarray, rate: np.ndarray, degree: int, like: SparseFrame
) -> SparseFrame | None:
    """Return what has the same coefficients in use as `like`, fitted to other Θ and ż.

    From the frame of `like`; None where latents depend on each other, or a frame is nearly
    singular.
    """
    try:
        problem = Problem(theta, rate, degree)
    except ValueError:
        return None
    state = problem.start(like.frame, like.active)
    made = None if state is None else problem.fit(state, like.active)
    return None if made is None else problem.outward(made, like.active)
