"""The three models of images: an entropic autoencoder, and the two that Adam trains.

Images are rows of pixels [n, p] between 0 and 1, height by width by colours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from ..ensemble.chain import Chain
from ..ensemble.image_model import ImageModel
from ..ensemble.segments import START, Segments
from ..errors import EaeSindyError
from ..progress import Progress, Steps, mapped
from ..recipes import IMAGE_MODELS, ImageFit
from .devices import accelerated
from .entropic import chains
from .entropic.compiled import Loop
from .entropic.graph import graph
from .entropic.problem import Problem
from .entropic.session import Session
from .entropic.task import Task
from .entropic.workers import in_memory
from .networks import convolutional, dense
from .networks.contract import Network, Weights
from .objectives.contract import Objective
from .objectives.data import same
from .objectives.plain import Plain
from .objectives.variational import Variational
from .samplers import choice as samplers
from .starts.contract import Begun
from .trained import adam

WATCHED = 1000  # images held back that are looked at after every update or report
ROWS = 500  # images that are coded together


class Networks:
    """The encoder and the decoder of a recipe, for images of one shape."""

    def __init__(self, recipe: ImageFit, shape: Sequence[int]) -> None:
        self.recipe = recipe
        self.pixels = int(np.prod(shape))
        full = (*shape, 1)[:3]
        if recipe.filters:
            self.encoder: Network = convolutional.encoder(full)
            self.decoder: Network = convolutional.decoder(full)
        else:
            self.encoder = self.decoder = dense.network(recipe.activation)

    def xla(self, device: str | None) -> bool:
        """Whether XLA should compile what trains them.

        On a CPU it writes out convolutions backwards as plain loops, a hundred times slower than
        TensorFlow's own.
        """
        return not self.recipe.filters or accelerated(device)

    def draw(self, rng: np.random.Generator, heads: int = 1) -> tuple[Weights, Weights]:
        """Draw first weights; the encoder has `heads` outputs for each latent."""
        r, into = self.recipe, () if self.recipe.filters else (self.pixels,)
        inner = r.filters or r.hidden
        encoder = self.encoder.init((*into, *inner, heads * r.latents), rng)
        if r.filters:
            return encoder, self.decoder.init(r.latents, rng)
        return encoder, self.decoder.init((r.latents, *r.decoder_hidden, self.pixels), rng)

    def objective(self, kind: str) -> Objective:
        """Return what a model is trained on: |x − x̂|² per pixel, or the evidence bound."""
        nets = {"encoder": self.encoder, "decoder": self.decoder}
        if kind == "vae":
            return Variational(**nets, points=self.pixels, bernoulli=True)
        return Plain(**nets, share=1 / self.pixels)


@dataclass(frozen=True, kw_only=True)
class ImageTask(Task):
    """The task of an entropic autoencoder of images: one decoder, and one chain under it.

    Attributes
    ----------
    recipe : recipes.ImageFit
    shape : tuple of int
        Of an image.
    held : array [k, p]
        Images held back, by which the training is watched.
    """

    recipe: ImageFit
    shape: tuple[int, ...]
    held: np.ndarray
    # There are no modes and no equations.
    custom: Any = None
    pod: Any = None
    frames: Any = None

    def loop(self, frames: int | None = None) -> Loop:
        """Return the compiled loop, on all training images."""
        with tf.device(self.device):
            data = same(tf.constant(self.data[0]))
        networks = Networks(self.recipe, self.shape)
        thermostat, sampler = samplers.choose(self.settings)
        xla = networks.xla(self.device)
        problem = Problem(networks.objective("eae"), data, self.settings.batch, xla=xla)
        return Loop(problem, sampler, thermostat)

    def watch(self, session: Session) -> Sequence[float]:
        """Return the loss of the encoder where it stands, on images held back."""
        encoder, decoder = session.encoders()[0], session.fixed()
        with tf.device(self.device):
            return [session.loop.problem.loss(encoder, decoder, same(tf.constant(self.held)))]


def iterate(
    kind: str,
    train: np.ndarray,
    held: np.ndarray,
    begun: ImageModel,
    *,
    device: str | None = None,
    segments: Segments | None = None,
) -> Steps[ImageModel]:
    """Train one model on images.

    Parameters
    ----------
    kind : str
        One of `recipes.IMAGE_MODELS`.
    train, held : arrays [n, p], [k, p]
        Images to train on, and images held back that are only looked at; float32.
    begun : ImageModel
        Without chains: recipe, shape and attributes.
    device : str, optional
        TensorFlow's name of it.
    segments : Segments, optional
        Where the chain of an entropic autoencoder is saved as it grows, and goes on from. The two
        others begin anew.

    Raises
    ------
    EaeSindyError
        For an unknown kind, a chain or a training that diverges, and for want of memory.
    """
    if kind not in IMAGE_MODELS:
        raise EaeSindyError(f"unknown model {kind!r}: choose from {', '.join(IMAGE_MODELS)}")
    held = held[:WATCHED]
    if kind == "eae":
        found = yield from in_memory(_entropic(train, held, begun, device, segments))
    else:
        total = begun.recipe.vae_epochs if kind == "vae" else begun.recipe.ae_epochs
        work = _by_adam(kind, total, train, held, begun, device)
        found = [(yield from in_memory(work))]
    return ImageModel(kind, begun.recipe, begun.shape, found, begun.attributes)


def _entropic(
    train: np.ndarray,
    held: np.ndarray,
    begun: ImageModel,
    device: str | None,
    segments: Segments | None,
) -> Steps[list[Chain]]:
    """Run Algorithms 1 and 2; go on from segments that are there."""
    # Settings that make no networks or no sampler are refused before anything is written.
    settings, (encoder, decoder) = begun.recipe.sampled(), _first(begun)
    samplers.choose(settings)[0].masses(len(encoder))
    if segments is not None and segments:
        segments.begun_as(ImageModel.open(segments.folder / START).differences(begun))
    elif segments is not None:
        segments.begin(begun)
    task = ImageTask(
        settings=settings,
        data=(train,),
        segments=segments,
        device=device,
        every=begun.recipe.every,
        recipe=begun.recipe,
        shape=begun.shape,
        held=held,
    )
    first, most = begun.recipe.start_epochs, begun.recipe.start_epochs + chains.units(settings)
    if first and not (segments is not None and segments.written(0)):
        trained = yield from mapped(
            _by_adam("ae", first, train, held, begun, device),
            lambda step: step._replace(stage="starting", total=most),
        )
        encoder, decoder = tuple(w[0] for w in trained.encoder), trained.decoder
    return (
        yield from mapped(
            chains.grow(task, 0, Begun([encoder], decoder)),
            lambda step: step._replace(done=first + step.done, total=most),
        )
    )


def _first(begun: ImageModel, heads: int = 1) -> tuple[Weights, Weights]:
    rng = np.random.default_rng([begun.recipe.seed, 0])
    return Networks(begun.recipe, begun.shape).draw(rng, heads)


def _by_adam(
    kind: str,
    total: int,
    train: np.ndarray,
    held: np.ndarray,
    begun: ImageModel,
    device: str | None,
) -> Steps[Chain]:
    """Train an autoencoder, or a variational one, by Adam on minibatches for so many epochs.

    What is found is a chain that has one member.
    """
    r = begun.recipe
    with tf.device(device):
        networks = Networks(r, begun.shape)
        objective, xla = networks.objective(kind), networks.xla(device)
        given = (same(tf.constant(train)), r.batch or len(train), r.learning_rate)
        loop = adam.Loop(objective, *given, xla=xla)
        problem = Problem(objective, same(tf.constant(held)))
        state = adam.init(_first(begun, 2 if kind == "vae" else 1))
    losses, watched = list[float](), list[float]()
    while len(losses) < total:
        epochs = min(loop.block, total - len(losses))
        with tf.device(device):
            state, found = loop.run(state, r.seed & 0x7FFFFFFF, epochs)
            losses += found.tolist()
            encoder, decoder = state.weights
            watched += epochs * [problem.loss(encoder, decoder, problem.data)]
        if not np.isfinite(found).all():
            raise EaeSindyError(
                f"the {kind} diverged before epoch {len(losses)} of {total}: take a smaller "
                "--learning-rate"
            )
        yield Progress(f"training {kind}", len(losses), total, {"loss": losses[-1]})
    encoder, decoder = (tuple(w.numpy() for w in net) for net in state.weights)
    return Chain(
        encoder=tuple(w[None] for w in encoder),
        decoder=decoder,
        loss=np.array(losses[-1:]),
        kinetic_temperature=np.zeros((1, len(encoder))),
        step=np.array([len(losses) * loop.batches]),
        training=np.array(losses),
        validation=np.array(watched),
    )


def codes(model: ImageModel, images: np.ndarray) -> Iterator[np.ndarray]:
    """Yield what each member in turn makes of images [n, p]: codes [n, d], float32.

    Those of a variational autoencoder are [n, 2 d], all means before all log-variances.
    """
    apply = _coder(Networks(model.recipe, model.shape).encoder)
    for chain in model.chains:
        for member in range(len(chain)):
            weights = tuple(tf.constant(w[member]) for w in chain.encoder)
            yield _in_blocks(apply, weights, images)


def decoded(model: ImageModel, of: np.ndarray) -> np.ndarray:
    """Return the images [n, p] that the decoder makes of codes [n, d].

    A variational one gives logits, to which a sigmoid is applied (A.5.2). What others make may lie
    a little outside of the range of pixels.
    """
    apply = _coder(Networks(model.recipe, model.shape).decoder)
    weights = tuple(map(tf.constant, model.chains[0].decoder))
    made = _in_blocks(apply, weights, np.asarray(of, np.float32))
    if model.kind == "vae":
        return 0.5 * (1 + np.tanh(0.5 * made))
    return made


@lru_cache(maxsize=8)
def _coder(network: Network) -> Any:
    return graph(network.apply)


def _in_blocks(apply: Any, weights: Weights, x: np.ndarray) -> np.ndarray:
    starts = range(0, len(x), ROWS)
    return np.concatenate([apply(weights, tf.constant(x[a : a + ROWS])).numpy() for a in starts])
