"""What a user would pick instead of a neural network: POD and BOP-DMD, as linear ensembles.

A linear encoder and decoder is a network without a hidden layer, so that whatever reads an ensemble
reads these too.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from ..discovery.candidates import Candidate
from ..discovery.pod_baseline import _training, linear, pod
from ..dynamics.library import Library, standard, with_constant
from ..ensemble.ensemble import Ensemble
from ..ensemble.intervals import interval
from ..errors import EaeSindyError
from ..snapshots.split import TRAIN

TRIALS, PART = 100, 0.6  # of BOP-DMD, and of the frames in each: as Sashidhar & Kutz (2022) use
REAL = 1e-6  # of the largest: an eigenvalue with less of an imaginary part is real
MODELS = 20  # of ensemble SINDy, the default of pysindy and of Fasel et al. (2022)

DEGREE = 3  # of the terms of twice as many latents, at most
ROUNDING = 1e-6  # of the largest: what singular values of frames in single precision mean nothing


def twice(ensemble: Ensemble) -> Ensemble:
    """Return POD to twice as many modes as latents, in the ensemble's kind of terms.

    These are polynomials of degree three at most, and of a lower one where that would not leave
    more training frames than terms; a constant and sines if the ensemble has them.

    Raises
    ------
    EaeSindyError
        If the training frames do not span so many modes, or are fewer than their linear terms.
    """
    d, own = 2 * ensemble.settings.latents, ensemble.library.terms
    x = _training(ensemble)
    sigma = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    span = int(np.count_nonzero(sigma > ROUNDING * sigma.max()))
    if span < d:
        raise EaeSindyError(f"the training frames span {span} modes: there are no {d}")
    for degree in range(min(DEGREE, ensemble.settings.degree), 0, -1):
        library = standard(d, degree, sine="sin(z1)" in own, constant="1" in own)
        if len(with_constant(library)) < len(x):
            settings = ensemble.settings.but(latents=d, degree=degree)
            return pod(replace(ensemble, settings=settings, library=library))
    raise EaeSindyError(f"{len(x)} training frames are too few for equations of {d} modes")


def bop_dmd(
    ensemble: Ensemble,
) -> tuple[Ensemble, np.ndarray, np.ndarray, np.ndarray | None]:
    """Run PyDMD's BOP-DMD on the training frames, of as many modes as there are latents.

    Eigenvalues and modes are the means over 100 trials of optimized DMD, each on 60 % of the frames
    and from the eigenvalues of all of them (Askham & Kutz 2018; Sashidhar & Kutz 2022). It knows
    of one trajectory: the first.

    Returns
    -------
    ensemble : Ensemble
        Its latents are coordinates in the plane of the modes, its terms linear.
    xi : array [1, d, d]
    trials : array of complex [100, d]
        Eigenvalues of each trial, in the order of those of all frames.
    period : array [2] or None
        The interval over the trials of 2π/|Im λ|, λ of the oscillating mode with the largest energy
        over the training frames; None if none oscillates, or not in every trial of the interval.

    Raises
    ------
    EaeSindyError
        If PyDMD fails.
    """
    import pysindy as ps
    from scipy.optimize import linear_sum_assignment

    f, d = ensemble.frames, ensemble.settings.latents
    rows = f.where(TRAIN)
    rows = rows[f.trajectory[rows] == f.trajectory[rows[0]]]
    x, time = f.coordinates[rows].astype(float), f.time[rows] - f.time[rows[0]]
    basis = np.linalg.svd(x, full_matrices=False)[2][:d]
    z = x @ basis.T
    if z.shape[1] < d:
        raise EaeSindyError(f"{len(rows)} training frames do not span {d} modes: ask for fewer")
    rng, part = np.random.default_rng(ensemble.settings.seed), int(PART * len(rows))
    try:
        modes, start, amplitudes = _optimized_dmd(z, time)
        found = []
        for _ in range(TRIALS):
            bag = np.sort(rng.choice(len(rows), part, replace=False))
            found.append(_optimized_dmd(z[bag], time[bag], start)[:2])
    except (ValueError, np.linalg.LinAlgError) as error:
        raise EaeSindyError(f"PyDMD cannot fit {d} modes ({error}): ask for fewer") from error
    orders = [linear_sum_assignment(np.abs(start[:, None] - values))[1] for _, values in found]
    trials = np.stack([values[o] for (_, values), o in zip(found, orders, strict=True)])
    modes = basis.T @ np.mean(
        [modes[:, o] for (modes, _), o in zip(found, orders, strict=True)], axis=0
    )
    plane = np.linalg.svd(np.hstack([modes.real, modes.imag]), full_matrices=False)[0][:, :d]
    scale = np.sqrt(np.mean(np.sum((_training(ensemble) @ plane) ** 2, axis=1)) / d)
    inside = plane.T @ modes
    operator = (inside @ np.diag(trials.mean(axis=0)) @ np.linalg.pinv(inside)).real
    made = linear(ensemble, plane.T / scale, np.zeros(ensemble.pod.rank))
    terms = Library(ps.PolynomialLibrary(degree=1, include_bias=False), latents=d)
    made = replace(made, library=terms)
    energy = np.mean(np.abs(amplitudes * np.exp(np.outer(time, start))) ** 2, axis=0)
    strongest = int(np.argmax(np.where(start.imag, energy, -1.0)))
    # A period falls as the frequency rises: so do the ends of its interval.
    slow, fast = interval(np.abs(trials[:, strongest].imag))
    period = 2 * np.pi / np.array([fast, slow]) if slow else None
    return made, operator.T[None], trials, period


def _optimized_dmd(
    z: np.ndarray, time: np.ndarray, start: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return unit modes [d, d], eigenvalues and amplitudes [d] of optimized DMD of z [n, d]."""
    from pydmd import BOPDMD

    method = BOPDMD(svd_rank=z.shape[1], num_trials=0, init_alpha=start, eig_constraints=_paired)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits that stop at the last iteration
        method.fit(z.T, time)
    return method.modes, method.eigs, method.amplitudes


def _paired(eigenvalues: np.ndarray) -> np.ndarray:
    """Return eigenvalues as those of a real operator: real ones, and conjugate pairs.

    Of an odd number that are not real the one nearest to it becomes so. PyDMD's own pairs are of
    single precision, and make two real eigenvalues one.
    """
    from scipy.optimize import linear_sum_assignment

    values = np.asarray(eigenvalues, complex)
    height = np.abs(values.imag)
    real = height <= REAL * np.abs(values).max()
    if np.count_nonzero(~real) % 2:
        real[np.argmin(np.where(real, np.inf, height))] = True
    rest = np.flatnonzero(~real)
    lower, upper = np.split(rest[np.argsort(values.imag[rest])], 2)
    folded = values.real + 1j * height
    i, j = linear_sum_assignment(np.abs(folded[upper][:, None] - folded[lower]))
    lower, upper = lower[j], upper[i]
    found = values.real.astype(complex)
    found[upper] = (folded[upper] + folded[lower]) / 2
    found[lower] = found[upper].conj()
    return found


def bagged(ensemble: Ensemble, candidate: Candidate, library: Library) -> np.ndarray:
    """Refit a sparse candidate to bootstrapped frames, by pysindy's ensembling.

    Returns Ξ [20, p, d] of the first member, in terms of a library with a constant.
    """
    import pysindy as ps

    if candidate.sparse is None:
        raise EaeSindyError("pysindy ensembles its own optimizers: choose one of them")
    z, z_rate = (a.astype(float) for a in ensemble.encode(0, ensemble.frames.where(TRAIN)))
    bag = ps.EnsembleOptimizer(candidate.sparse.solver(), bagging=True, n_models=MODELS)
    with _seeded(ensemble.settings.seed):
        bag.fit(library(z)[:, candidate.chosen], z_rate)
    xi = np.zeros((MODELS, len(library), z.shape[1]))
    xi[:, candidate.chosen] = np.transpose(bag.coef_list, (0, 2, 1))
    return xi


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed NumPy's global state, the only one pysindy knows; put it back."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
