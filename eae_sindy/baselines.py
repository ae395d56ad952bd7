"""What a user would pick instead of a neural network: POD and BOP-DMD, as linear ensembles.

A linear encoder and decoder is a network without a hidden layer, so that whatever reads an ensemble
reads these too.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from .ensemble import Chain, Ensemble
from .errors import EaeSindyError
from .library import Library
from .selection import Candidate
from .snapshots import TRAIN

TRIALS = 100  # of BOP-DMD, as Sashidhar & Kutz (2022) use; each on 60 % of the frames
MODELS = 20  # of ensemble SINDy, the default of pysindy and of Fasel et al. (2022)


def linear(ensemble: Ensemble, inward: np.ndarray, centre: np.ndarray) -> Ensemble:
    """Return a one-member ensemble of z = W⁺(x − c) and x̂ = c + W z, in POD coordinates.

    Parameters
    ----------
    ensemble : Ensemble
        Whose frames, basis and terms are taken.
    inward : array [d, r]
        W⁺; W is its pseudoinverse.
    centre : array [r]
        c.
    """
    root = np.sqrt(ensemble.pod.size)  # encoders see orthonormal coordinates
    outward = np.linalg.pinv(inward)
    encoder = ((inward.T / root)[None], -(inward @ centre)[None])
    decoder = (outward.T, centre)
    chain = Chain(
        tuple(np.asarray(w, np.float32) for w in encoder),
        tuple(np.asarray(w, np.float32) for w in decoder),
        np.zeros(1), np.zeros((1, 2)), np.zeros(1, int), np.zeros(0),
    )  # fmt: skip
    settings = ensemble.settings.but(chains=1, chains_per_decoder=1, draws=1, full_space=False)
    return replace(ensemble, settings=settings, chains=[chain])


def pod(ensemble: Ensemble) -> Ensemble:
    """Return POD of the fluctuation about the mean training frame, to as many modes as latents.

    Latents are scaled by the amplitude of the first, so that thresholds of pysindy mean what they
    do for a network.
    """
    x = _training(ensemble)
    centre = x.mean(axis=0)
    _, sigma, modes = np.linalg.svd(x - centre, full_matrices=False)
    d = ensemble.settings.latents
    return linear(ensemble, modes[:d] * np.sqrt(len(x)) / sigma[0], centre)


def bop_dmd(ensemble: Ensemble) -> tuple[Ensemble, np.ndarray, np.ndarray]:
    """Run PyDMD's BOP-DMD on the training frames, of as many modes as there are latents.

    Eigenvalues and modes are the means over 100 trials of optimized DMD, each on 60 % of the frames
    (Askham & Kutz 2018; Sashidhar & Kutz 2022), in conjugate pairs.

    Returns
    -------
    ensemble : Ensemble
        Its latents are coordinates in the plane of the modes, its terms linear.
    xi : array [1, d, d]
    eigenvalues : array of complex [2, d]
        Means and standard deviations over the trials.

    Raises
    ------
    EaeSindyError
        If PyDMD fails.
    """
    import pysindy as ps
    from pydmd import BOPDMD

    f, d = ensemble.frames, ensemble.settings.latents
    rows = f.where(TRAIN)
    rows = rows[f.trajectory[rows] == f.trajectory[rows[0]]]  # it knows of one trajectory
    method = BOPDMD(
        svd_rank=d, num_trials=TRIALS, trial_size=0.6, eig_constraints={"conjugate_pairs"}
    )
    with _seeded(ensemble.settings.seed), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of trials that stop at the last iteration
        try:
            method.fit(f.coordinates[rows].T.astype(float), f.time[rows])
        except (ValueError, np.linalg.LinAlgError) as error:
            raise EaeSindyError(f"PyDMD cannot fit {d} modes ({error}): ask for fewer") from error
    modes, values = method.modes, method.eigs
    plane = np.linalg.svd(np.hstack([modes.real, modes.imag]), full_matrices=False)[0][:, :d]
    scale = np.sqrt(np.mean(np.sum((_training(ensemble) @ plane) ** 2, axis=1)) / d)
    inside = plane.T @ modes
    operator = (inside @ np.diag(values) @ np.linalg.pinv(inside)).real
    made = linear(ensemble, plane.T / scale, np.zeros(ensemble.pod.rank))
    terms = Library(ps.PolynomialLibrary(degree=1, include_bias=False), latents=d)
    made = replace(made, library=terms)
    return made, operator.T[None], np.stack([values, method.eigenvalues_std])


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
    """Seed NumPy's global state, the only one PyDMD and pysindy know; put it back."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def _training(ensemble: Ensemble) -> np.ndarray:
    return ensemble.frames.coordinates[ensemble.frames.where(TRAIN)].astype(float)
