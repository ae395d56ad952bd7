"""What the entropic autoencoder is held against: networks trained by Adam, on the same frames."""

from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from ...ensemble.chain import Chain
from ...ensemble.ensemble import Ensemble
from ...errors import EaeSindyError
from ...progress import Progress, Steps
from ...recipes import Fit, Training
from ..networks.contract import Weights
from ..objectives.choice import SINDY, TRAINED, VARIATIONAL
from ..objectives.data import Data, clock, coordinates
from ..objectives.variational import means
from ..starts.random import draw
from . import adam
from .adam import Loop

KINDS = tuple(TRAINED)


def iterate(kind: str, begun: Ensemble, training: Training, seed: int) -> Steps[Ensemble]:
    """Train one rival on the training frames of `begun`, an ensemble without chains.

    Networks live in POD coordinates. Those with the activation and widths of `begun` start where
    the entropic autoencoder of the same seed does.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    begun : Ensemble
        What `EntropicAutoencoder.begin` returns: frames, basis, terms, settings.
    training : recipes.Training
    seed : int
        Of initial weights, batches and noise.

    Returns
    -------
    Ensemble
        With one member: `loss` is the rival's own, over the last epoch, and `training` its mean
        over every epoch. The attribute "method" is `kind`; the attribute "xi" of a SINDy
        autoencoder is its trained Ξ [p, d], zero where a term was dropped.

    Raises
    ------
    EaeSindyError
        For an unknown kind or activation, and if the loss is no longer a finite number.
    """
    if kind not in TRAINED:
        raise EaeSindyError(f"unknown kind {kind!r}: choose from {', '.join(TRAINED)}")
    used = _settings(kind, begun.settings, training)
    seeds = np.random.SeedSequence([seed, 0]).generate_state(2)  # as of a first decoder
    weights = _begin(kind, begun, used, training, np.random.default_rng(seeds[0]))
    loop = Loop(
        TRAINED[kind](used, training, begun.library, begun.pod.size),
        Data(*map(tf.constant, coordinates(begun))),
        training.batch,
        training.learning_rate,
    )
    course = _Course(kind, loop, weights, training.epochs + training.refinement, seeds[1])
    attributes = {**begun.attributes, "method": kind}
    if kind == SINDY:
        xi = yield from _sparsely(course, training)
        attributes["xi"] = xi / clock(begun)
    else:
        yield from course.train(course.total)
    encoder, decoder = (tuple(w.numpy() for w in net) for net in course.state.weights[:2])
    if kind == VARIATIONAL:
        encoder = means(encoder)
    losses = np.array(course.losses)
    chain = Chain(
        encoder=tuple(w[None] for w in encoder),
        decoder=decoder,
        loss=losses[-1:],
        kinetic_temperature=np.zeros((1, len(encoder))),
        step=np.array([len(losses) * loop.batches]),
        training=losses,
    )
    return replace(begun, settings=used, chains=[chain], attributes=attributes)


def _settings(kind: str, s: Fit, training: Training) -> Fit:
    """Return the settings of a fit as they hold for a rival: its networks are those of `Fit`."""
    own = training if kind == SINDY else s
    # One mass for all: there may be another number of layers.
    return s.but(hidden=own.hidden, activation=own.activation, mass=s.mass[:1], full_space=False)


def _begin(
    kind: str, begun: Ensemble, used: Fit, training: Training, rng: np.random.Generator
) -> Weights:
    """Draw what a rival is trained from: an encoder, a decoder, and Ξ where it is trained."""
    sizes = (begun.pod.size, *used.hidden, used.latents)
    heads = 2 if kind == VARIATIONAL else 1
    weights: tuple[Weights, ...] = draw(sizes, rng, begun.pod, heads)
    if kind == SINDY:
        shape = (len(begun.library), used.latents)
        weights = (*weights, np.full(shape, training.coefficient, np.float32))
    return weights


class _Course:
    """A training in progress: where it stands, and the mean loss of every epoch so far."""

    def __init__(self, kind: str, loop: Loop, weights: Weights, total: int, seed: int) -> None:
        self.kind, self.loop, self.total = kind, loop, total
        self.seed, self.losses = int(seed & 0x7FFFFFFF), list[float]()
        self.state = adam.init(weights)

    def restart(self) -> None:
        """Forget Adam's running means, and go on with other batches."""
        self.state, self.seed = adam.init(self.state.weights), self.seed ^ 1

    def train(self, until: int, *numbers: Any) -> Steps[None]:
        """Train until so many epochs are done. Raises `EaeSindyError` if the loss is not finite."""
        while (done := len(self.losses)) < until:
            epochs = min(self.loop.block, until - done)
            self.state, found = self.loop.run(self.state, self.seed, epochs, *numbers)
            self.losses += found.tolist()
            lost = np.flatnonzero(~np.isfinite(found))
            if len(lost):
                raise EaeSindyError(
                    f"the {self.kind} diverged in epoch {done + int(lost[0]) + 1} of {self.total}: "
                    "take a smaller learning_rate in recipes.Training, or a smaller --degree"
                )
            yield Progress(self.kind, len(self.losses), self.total, {"loss": self.losses[-1]})


def _sparsely(course: _Course, t: Training) -> Steps[np.ndarray]:
    """Train with sequential thresholding, refine with the mask fixed; return Ξ."""
    mask = np.ones(course.state.weights[2].shape, np.float32)
    # Theirs count epochs from 0 and look after those that are multiples, but the first.
    for look in range(t.threshold_every + 1, t.epochs + 1, t.threshold_every):
        yield from course.train(look, mask, t.sparsity)
        mask *= np.abs(course.state.weights[2]) > t.threshold
    yield from course.train(t.epochs, mask, t.sparsity)
    course.restart()
    yield from course.train(course.total, mask, 0.0)
    return mask * course.state.weights[2].numpy()
