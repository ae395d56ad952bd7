"""One model measured on the test images, whatever kind it is."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from ..ensemble import diagnostics
from ..ensemble.diagnostics import Diagnostics
from ..ensemble.image_model import ImageModel
from ..ensemble.members import evenly
from ..neural import image_models
from . import measures
from .contract import Images, flat

PROBED = 5000  # training images whose codes a probe learns from
HELD = 10  # members whose codes are kept one by one, for distributions
PAIRS = 2000  # of test images, between whose codes interpolations stand
SHOWN = 8  # test images that figures show
STEPS = 9  # of an interpolation between two classes, Figure 2a
ENDS = (0, 8)  # classes between which Figure 2a interpolates


@dataclass(frozen=True)
class Measured:
    """What one model makes of the test images.

    Units are those of the code; A is the variance of one over images, and for an ensemble over
    members as well.

    Attributes
    ----------
    model : ImageModel
    error : float
        Mean squared error per pixel of what is decoded of an image's code; for an ensemble of its
        mean code over members (A.5.3), for a variational model of the mean of its posterior.
    error_of_member : float
        Mean over members of each one's own error.
    activity, activity_of_mean : arrays [d]
        A (A.5.2), and the variance over images of the mean code alone: the part of A that tells
        images apart.
    divergence : array [d] or None
        KL of the posterior from the prior, of a variational model, in nats.
    linear, near : float
        How often the class of a test image is told from its code, by a linear probe and by
        neighbours; NaN without classes.
    separation : array [d]
        Share of a unit's variance that lies between classes; NaN without classes.
    modes : array of int [d]
        Modes of a unit's distribution, over images and members.
    frechet : float
        Fréchet distance between images half-way between codes of two test images, and test images.
    codes : array [n, d]
        Mean codes of the test images.
    spread : array [m, n, d]
        Codes of a few members, for distributions.
    interpolation : array [steps, *shape] or None
        Eq. 17 between the mean codes of two classes.
    shown : array [k, *shape]
        Reconstructions of the first test images.
    diagnostics : Diagnostics or None
        What the chain says about itself.
    """

    model: ImageModel
    error: float
    error_of_member: float
    activity: np.ndarray
    activity_of_mean: np.ndarray
    divergence: np.ndarray | None
    linear: float
    near: float
    separation: np.ndarray
    modes: np.ndarray
    frechet: float
    codes: np.ndarray
    spread: np.ndarray
    interpolation: np.ndarray | None
    shown: np.ndarray
    diagnostics: Diagnostics | None

    @property
    def active(self) -> int:
        """Units whose A is above 0.01 (A.5.2)."""
        return int(np.count_nonzero(self.activity > measures.ACTIVE))

    @property
    def telling(self) -> int:
        """Units that are active by their mean code alone, so that they tell images apart."""
        return int(np.count_nonzero(self.activity_of_mean > measures.ACTIVE))


def measure(model: ImageModel, images: Images) -> Measured:
    """Measure a model on the test images.

    Interpolations, and training images for the probe, are drawn with the seed of its recipe.
    """
    rng = np.random.default_rng([model.recipe.seed, 7])
    probed = np.sort(rng.permutation(len(images.train))[:PROBED])
    test = flat(images.test)
    found = _coded(model, np.concatenate([test, flat(images.train[probed])]), len(test))
    n = len(test)
    codes, learnt = found.mean[:n], found.mean[n:]
    show = partial(_shown, shape=images.shape)
    linear = near = np.nan
    separation = np.full(codes.shape[1], np.nan)
    line = None
    if images.classes is not None:
        own, truth = images.classes[0][probed], images.classes[2]
        linear, near = measures.probe(learnt, own, codes, truth)
        separation = measures.separation(codes, truth)
        line = interpolated(codes, truth, ends(truth))
    first, second = (rng.permutation(n)[:PAIRS] for _ in range(2))
    half = image_models.decoded(model, 0.5 * (codes[first] + codes[second]))
    axes = measures.principal(flat(images.train[probed]))[1]
    made = image_models.decoded(model, codes)
    pooled = found.held.reshape(-1, codes.shape[1])
    return Measured(
        model=model,
        error=float(np.mean((made - test) ** 2, dtype=float)),
        error_of_member=found.error,
        activity=found.square - found.whole**2,
        activity_of_mean=measures.activity(codes),
        divergence=found.divergence,
        linear=linear,
        near=near,
        separation=separation,
        modes=measures.modes(pooled[evenly(np.arange(len(pooled)), PAIRS)]),
        frechet=measures.distance(np.clip(half, 0, 1), test, axes),
        codes=codes,
        spread=found.held,
        interpolation=None if line is None else show(image_models.decoded(model, line)),
        shown=show(made[:SHOWN]),
        diagnostics=_diagnosed(model),
    )


def ends(classes: np.ndarray) -> tuple[int, int]:
    """Return the two classes of Figure 2a: 0 and 8, or else the first and the last."""
    there = np.unique(classes)
    return ENDS if set(ENDS) <= set(there.tolist()) else (int(there[0]), int(there[-1]))


def interpolated(codes: np.ndarray, classes: np.ndarray, pair: tuple[int, int]) -> np.ndarray:
    """Return codes between the mean codes of two classes (Eq. 17), from the first to the second."""
    first, second = (codes[classes == c].mean(axis=0) for c in pair)
    along = np.linspace(1, 0, STEPS)[:, None]
    return along * first + (1 - along) * second


def _shown(flat: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.clip(flat, 0, 1).reshape(-1, *shape)


@dataclass(frozen=True)
class _Coded:
    """Means over members of what they make of images; over the first `n` where it says so."""

    mean: np.ndarray
    held: np.ndarray
    whole: np.ndarray
    square: np.ndarray
    error: float
    divergence: np.ndarray | None


def _coded(model: ImageModel, images: np.ndarray, n: int) -> _Coded:
    """Code images by every member in one pass; `n` of them, the first, are those of the test."""
    members, latents = len(model), model.recipe.latents
    kept = set(evenly(np.arange(members), HELD).tolist())
    mean = np.zeros((len(images), latents))
    whole, square = np.zeros(latents), np.zeros(latents)
    held, errors, divergence = [], [], None
    for member, code in enumerate(image_models.codes(model, images)):
        if model.kind == "vae":
            divergence = measures.divergence(code[:n, :latents], code[:n, latents:])
            code = code[:, :latents]
        mean += code
        whole += code[:n].mean(axis=0, dtype=float)
        square += np.mean(code[:n].astype(float) ** 2, axis=0)
        if member in kept:
            held.append(code[:n])
            made = image_models.decoded(model, code[:n])
            errors.append(float(np.mean((made - images[:n]) ** 2, dtype=float)))
    return _Coded(
        (mean / members).astype(np.float32),
        np.stack(held),
        whole / members,
        square / members,
        float(np.mean(errors)),
        divergence,
    )


def _diagnosed(model: ImageModel) -> Diagnostics | None:
    """Return what the chain of an ensemble says; None of a model that Adam trained."""
    if model.kind != "eae":
        return None
    starts = [diagnostics.settled_from(c.loss) for c in model.chains]
    return diagnostics.diagnose(model, starts, {})
