"""What the entropic autoencoder is held against: networks trained by Adam, on the same frames."""

from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from ...ensemble.chain import Chain
from ...ensemble.ensemble import Ensemble
from ...ensemble.forward import known
from ...errors import EaeSindyError
from ...progress import Progress, Steps
from ...recipes import Fit, Training
from ..networks import dense
from ..objectives import autoencoders
from ..objectives.contract import Data, Objective, Weights, coordinates
from ..objectives.sindy_autoencoder import sparse
from . import adam
from .adam import Loop

KINDS = ("autoencoder", "autoencoder-eq14", "vae", "sindy-autoencoder")


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
    if kind not in KINDS:
        raise EaeSindyError(f"unknown kind {kind!r}: choose from {', '.join(KINDS)}")
    sindy, s = kind == "sindy-autoencoder", begun.settings
    used = s.but(
        hidden=training.hidden if sindy else s.hidden,
        activation=training.activation if sindy else s.activation,
        mass=s.mass[:1],  # one for all: there may be another number of layers
        full_space=False,
    )
    known(used.activation)
    seeds = np.random.SeedSequence([seed, 0]).generate_state(2)  # as of a first decoder
    weights: Any = dense.begin(
        (begun.pod.size, *used.hidden, used.latents),
        np.random.default_rng(seeds[0]),
        begun.pod.modes,
        heads=2 if kind == "vae" else 1,
    )
    if sindy:
        shape = (len(begun.library), used.latents)
        weights = (*weights, np.full(shape, training.coefficient, np.float32))
    loop = Loop(
        _objective(kind, begun, used, training),
        Data(*map(tf.constant, coordinates(begun))),
        training.batch,
        training.learning_rate,
    )
    course = _Course(kind, loop, weights, training.epochs + training.refinement, seeds[1])
    if sindy:
        xi = yield from _sparsely(course, training)
    else:
        yield from course.train(course.total)
    encoder, decoder = (tuple(w.numpy() for w in net) for net in course.state.weights[:2])
    if kind == "vae":
        encoder = autoencoders.means(encoder)
    losses = np.array(course.losses)
    chain = Chain(
        tuple(w[None] for w in encoder),
        decoder,
        loss=losses[-1:],
        kinetic_temperature=np.zeros((1, len(encoder))),
        step=np.array([len(losses) * loop.batches]),
        training=losses,
    )
    attributes = {**begun.attributes, "method": kind} | ({"xi": xi} if sindy else {})
    return replace(begun, settings=used, chains=[chain], attributes=attributes)


def _objective(kind: str, begun: Ensemble, used: Fit, training: Training) -> Objective:
    if kind == "autoencoder":
        return autoencoders.plain(used)
    if kind == "autoencoder-eq14":
        return autoencoders.dynamic(used, begun.library)
    if kind == "vae":
        return autoencoders.variational(used, begun.pod.size)
    return sparse(training, begun.library)


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
