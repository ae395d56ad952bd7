"""One model measured on the test images, whatever kind it is."""

from dataclasses import dataclass

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
        Mean of each member's own error, over ten of them.
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


@dataclass(frozen=True)
class Yardstick:
    """What all models of the same images are measured with.

    Attributes
    ----------
    images : Images
    test : array [n, p]
        Test images as rows of pixels.
    train : array [m, p]
        Some of the training images, drawn at random: a probe learns from their codes.
    rows : array of int [m]
        Which they are.
    axes : array [k, p]
        Their principal axes, along which images are compared.
    pairs : two arrays of int
        Test images, in pairs.
    """

    images: Images
    test: np.ndarray
    train: np.ndarray
    rows: np.ndarray
    axes: np.ndarray
    pairs: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, images: Images) -> "Yardstick":
        """Draw what is needed of a set of images, always the same of the same set."""
        rng = np.random.default_rng(7)
        rows = np.sort(rng.permutation(len(images.train))[:PROBED])
        test, train = flat(images.test), flat(images.train[rows])
        first, second = (rng.permutation(len(test))[:PAIRS] for _ in range(2))
        return cls(images, test, train, rows, measures.principal(train), (first, second))

    def told(self, codes: np.ndarray, learnt: np.ndarray) -> tuple[float, float]:
        """Return how often classes are told from codes of the test images; NaN without classes.

        `learnt` are the codes of the training images.
        """
        if self.images.classes is None:
            return np.nan, np.nan
        own, _, truth = self.images.classes
        return measures.probe(learnt, own[self.rows], codes, truth)

    def apart(self, images: np.ndarray) -> float:
        """Return the Fréchet distance of images [k, p] to the test images."""
        return measures.distance(np.clip(images, 0, 1), self.test, self.axes)

    def halfway(self, codes: np.ndarray) -> np.ndarray:
        """Return what lies half-way between the codes of two test images, for all pairs."""
        first, second = self.pairs
        return 0.5 * (codes[first] + codes[second])


def measure(model: ImageModel, by: Yardstick) -> Measured:
    """Measure a model on the test images."""
    images, n = by.images, len(by.test)
    found = _coded(model, np.concatenate([by.test, by.train]), n)
    codes, learnt = found.mean[:n], found.mean[n:]
    linear, near = by.told(codes, learnt)
    separation, line = np.full(codes.shape[1], np.nan), None
    if images.classes is not None:
        truth = images.classes[2]
        separation = measures.separation(codes, truth)
        line = _shown(model, interpolated(codes, truth, ends(truth)), images.shape)
    made = image_models.decoded(model, codes)
    return Measured(
        model=model,
        error=float(np.mean((made - by.test) ** 2, dtype=float)),
        error_of_member=found.error,
        activity=found.square - found.whole**2,
        activity_of_mean=measures.activity(codes),
        divergence=found.divergence,
        linear=linear,
        near=near,
        separation=separation,
        modes=measures.modes(found.drawn),
        frechet=by.apart(image_models.decoded(model, by.halfway(codes))),
        spread=found.held,
        interpolation=line,
        shown=_shown(model, codes[:SHOWN], images.shape),
        diagnostics=_diagnosed(model),
    )


def ends(classes: np.ndarray) -> tuple[int, int]:
    """Return the two classes of Figure 2a: 0 and 8, or else the first and the last."""
    there = np.unique(classes).tolist()
    return ENDS if set(ENDS) <= set(there) else (there[0], there[-1])


def interpolated(codes: np.ndarray, classes: np.ndarray, pair: tuple[int, int]) -> np.ndarray:
    """Return codes between the mean codes of two classes (Eq. 17), from the first to the second."""
    first, second = (codes[classes == c].mean(axis=0) for c in pair)
    along = np.linspace(1, 0, STEPS)[:, None]
    return along * first + (1 - along) * second


def _shown(model: ImageModel, codes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return images of codes, cut to the range of pixels."""
    return np.clip(image_models.decoded(model, codes), 0, 1).reshape(-1, *shape)


@dataclass(frozen=True)
class _Coded:
    """Means over members of what they make of images; over the first `n` where it says so."""

    mean: np.ndarray
    held: np.ndarray
    drawn: np.ndarray  # codes of test images by members, both drawn at random
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
    held, drawn, errors, divergence = [], [], [], None
    rng, each = np.random.default_rng(9), min(n, -(-PAIRS // members))
    for member, code in enumerate(image_models.codes(model, images)):
        if model.kind == "vae":
            divergence = measures.divergence(code[:n, :latents], code[:n, latents:])
            code = code[:, :latents]
        mean += code
        whole += code[:n].mean(axis=0, dtype=float)
        square += np.mean(code[:n].astype(float) ** 2, axis=0)
        drawn.append(code[rng.choice(n, each, replace=False)])
        if member in kept:
            held.append(code[:n])
            made = image_models.decoded(model, code[:n])
            errors.append(float(np.mean((made - images[:n]) ** 2, dtype=float)))
    return _Coded(
        (mean / members).astype(np.float32),
        np.stack(held),
        np.concatenate(drawn),
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
