"""POD as an ensemble of one linear member: what everything is held against."""

from dataclasses import replace

import numpy as np

from ..ensemble.chain import Chain
from ..ensemble.ensemble import Ensemble
from ..snapshots.split import TRAIN

METHODS = ("method", "xi", "seconds", "beside")  # attributes of what `compare` trains


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
    outward = np.linalg.pinv(inward)
    encoder = ((inward.T / ensemble.pod.gain)[None], -(inward @ centre)[None])
    decoder = (outward.T, centre)
    chain = Chain(
        tuple(np.asarray(w, np.float32) for w in encoder),
        tuple(np.asarray(w, np.float32) for w in decoder),
        np.zeros(1), np.zeros((1, 2)), np.zeros(1, int), np.zeros(0),
    )  # fmt: skip
    settings = ensemble.settings.but(chains=1, chains_per_decoder=1, draws=1, full_space=False)
    # What another method brought along is not POD's: its coefficients, its time.
    others = {k: v for k, v in ensemble.attributes.items() if k not in METHODS}
    return replace(ensemble, settings=settings, chains=[chain], attributes=others)


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


def _training(ensemble: Ensemble) -> np.ndarray:
    return ensemble.frames.coordinates[ensemble.frames.where(TRAIN)].astype(float)
