"""Distributional principal autoencoders: rows in, ordered codes and laws of rows out.

Rows are [n, N], codes [n, K]; draws from a law have the units of the rows.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from .. import __version__
from ..ensemble.chain import Chain
from ..ensemble.distributional_model import DistributionalModel
from ..ensemble.segments import START, Segments
from ..errors import EaeSindyError
from ..progress import Progress, Steps
from ..recipes import DpaFit
from .devices import accelerated
from .entropic.graph import graph
from .entropic.workers import in_memory
from .keys import fold, key
from .networks import dense, noisy
from .networks.contract import Weights
from .networks.noisy import noises
from .objectives.data import same
from .objectives.energy_score import EnergyScore
from .trained import adam

PAIRS, SAMPLE = 0x5C0, 0x5A1  # of a seed, see `keys.key`
ROWS = 2000  # that are coded, or drawn for, together


@lru_cache(maxsize=16)
def objective(settings: DpaFit, size: int) -> EnergyScore:
    """Return what is trained on rows of `size` values, with its networks."""
    return EnergyScore(
        encoder=dense.network(settings.activation),
        decoder=noisy.network(settings.activation, settings.noise),
        sizes=(settings.latents, *settings.hidden, size),
        width=settings.noise,
        beta=settings.beta,
    )


def begin(rows: np.ndarray, settings: DpaFit, **known: Any) -> DistributionalModel:
    """Return a model of rows [n, N] that is still to be trained.

    `known` are further fields of the model.
    """
    origin = rows.mean(axis=0, dtype=float)
    about = rows - origin
    # The smaller of the two matrices of inner products has the same largest eigenvalue.
    inner = about.T @ about if rows.shape[1] <= len(rows) else about @ about.T
    unit = float(np.sqrt(np.linalg.eigvalsh(inner)[-1] / len(rows)))
    if not unit > 0:
        raise EaeSindyError("all rows are the same: there is no law to learn, give rows that vary")
    known["attributes"] = {"version": __version__, **known.get("attributes", {})}
    return DistributionalModel(settings, origin, unit, **known)


def train_on(rows: np.ndarray, settings: DpaFit) -> Steps[DistributionalModel]:
    """Train on rows [n, N], all of them."""
    return iterate(rows, begin(rows, settings))


def iterate(
    rows: np.ndarray,
    begun: DistributionalModel,
    *,
    device: str | None = None,
    segments: Segments | None = None,
) -> Steps[DistributionalModel]:
    """Train a model on rows.

    Parameters
    ----------
    rows : array [n, N]
    begun : DistributionalModel
        Without chains, see `begin`.
    device : str, optional
        TensorFlow's name of it.
    segments : Segments, optional
        Where the training is saved as it goes on, and goes on from, to the bit.

    Raises
    ------
    EaeSindyError
        If it diverges, or for want of memory.
    """
    if segments is not None and segments:
        start = DistributionalModel.open(segments.folder / START)
        segments.begun_as(start.differences(begun))
    elif segments is not None:
        segments.begin(begun)
    chain = yield from in_memory(_trained(rows, begun, device, segments))
    return replace(begun, chains=[chain])


def _trained(
    rows: np.ndarray, begun: DistributionalModel, device: str | None, segments: Segments | None
) -> Steps[Chain]:
    """Train by Adam, with a segment now and then."""
    s, seen = begun.settings, begun.seen(rows)
    with tf.device(device):
        rate = adam.falling(s.learning_rate, s.steps)
        xla = accelerated(device)  # XLA's random numbers are slow on a CPU
        given = same(tf.constant(seen))
        loop = adam.Loop(objective(s, begun.size), given, s.batch, rate, xla=xla)
        state, losses = _start(begun, segments)
    total, saved = -(-s.steps // loop.batches), time.monotonic()
    while len(losses) < total:
        with tf.device(device):
            state, found = loop.run(
                state, s.seed & 0x7FFFFFFF, min(loop.block, total - len(losses))
            )
        losses += found.tolist()
        if not np.isfinite(found).all():
            raise EaeSindyError(
                f"the training diverged before epoch {len(losses)} of {total}: take a smaller "
                "--learning-rate, or a smaller --beta if the data have heavy tails"
            )
        if segments is not None and time.monotonic() - saved >= segments.every:
            segments.write(0, 0, [_chain(state, losses)])
            saved = time.monotonic()
        yield Progress("training", len(losses), total, {"loss": losses[-1]})
    return replace(_chain(state, losses), state={})


def _start(begun: DistributionalModel, segments: Segments | None) -> tuple[adam.State, list[float]]:
    """Return where training stands: at weights drawn at random, or where a segment left it."""
    rng = np.random.default_rng([begun.settings.seed, 0])
    nets = objective(begun.settings, begun.size)
    codes = (begun.size, *begun.settings.hidden, begun.settings.latents)
    state = adam.init((nets.encoder.init(codes, rng), nets.decoder.init(nets.sizes, rng)))
    if segments is None or not segments.written(0):
        return state, []
    chain = segments.read(0)[-1][0]
    weights = tuple(w[0] for w in chain.encoder), chain.decoder
    flat = {
        name: [chain.state[f"{name}_{i}"] for i in range(len(tf.nest.flatten(weights)))]
        for name in ("first", "second")
    }
    packed = {name: tf.nest.pack_sequence_as(state.first, flat[name]) for name in flat}
    made = adam.State(tf.constant(chain.step[0], tf.int32), weights, **packed)
    return tf.nest.map_structure(tf.convert_to_tensor, made), chain.training.tolist()


def _chain(state: adam.State, losses: list[float]) -> Chain:
    """Return the one member of a training, with what a restart needs."""
    encoder, decoder = (tuple(w.numpy() for w in net) for net in state.weights)
    means = {
        f"{name}_{i}": value.numpy()
        for name in ("first", "second")
        for i, value in enumerate(tf.nest.flatten(getattr(state, name)))
    }
    return Chain(
        encoder=tuple(w[None] for w in encoder),
        decoder=decoder,
        loss=np.array(losses[-1:]),
        kinetic_temperature=np.zeros((1, len(encoder))),
        step=np.array([int(state.step)]),
        training=np.array(losses),
        state=means,
    )


def untrained(begun: DistributionalModel) -> DistributionalModel:
    """Return the same model with the weights that its training begins with: a control."""
    return replace(begun, chains=[replace(_chain(_start(begun, None)[0], [np.nan]), state={})])


# ---- What a model says of rows


@dataclass(frozen=True)
class FittedCode:
    """The code of a model, in the units of the rows: see `distributional.contract.Code`."""

    model: DistributionalModel

    def codes(self, x: np.ndarray) -> np.ndarray:
        """Return the codes [n, K] of rows [n, N]."""
        return codes(self.model, x)

    def jacobians(self, x: np.ndarray) -> np.ndarray:
        """Return the slopes [n, K, N] of the codes at rows [n, N]."""
        return jacobians(self.model, x)


def codes(model: DistributionalModel, x: np.ndarray) -> np.ndarray:
    """Return the codes [n, K] of rows [n, N]."""
    run, (encoder, _) = _compiled(model.settings, model.size), model.weights
    return np.concatenate([run.codes(encoder, tf.constant(b)).numpy() for b in _blocks(model, x)])


def jacobians(model: DistributionalModel, x: np.ndarray) -> np.ndarray:
    """Return the slopes [n, K, N] of the codes at rows [n, N], by automatic differentiation."""
    run, (encoder, _) = _compiled(model.settings, model.size), model.weights
    found = [run.slopes(encoder, tf.constant(b)).numpy() for b in _blocks(model, x)]
    return np.concatenate(found) / model.unit


def distances(
    model: DistributionalModel,
    x: np.ndarray,
    beta: float | None = None,
    *,
    pairs: int = 8,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return E|X − Y|^β and E|Y − Y′|^β for every row and k, [K + 1, n] each.

    Y and Y′ are drawn from the law of x given its first k codes.

    Parameters
    ----------
    x : array [n, N]
        Rows.
    beta : float, optional
        That of the training, if it is not given.
    pairs : int
        Pairs (Y, Y′) for each row.
    """
    beta = model.settings.beta if beta is None else beta
    run, weights = _compiled(model.settings, model.size), model.weights
    near, apart = list[np.ndarray](), list[np.ndarray]()
    exponent = tf.constant(beta, tf.float32)
    for block, rows in enumerate(_blocks(model, x)):
        found = np.zeros((2, model.settings.latents + 1, len(rows)))
        for pair in range(pairs):
            at = fold(fold(key(seed, PAIRS), block), pair)
            found += run.distances(weights, tf.constant(rows), at, exponent).numpy()
        near.append(found[0] / pairs)
        apart.append(found[1] / pairs)
    scale = model.unit**beta
    return scale * np.concatenate(near, axis=1), scale * np.concatenate(apart, axis=1)


def scores(
    model: DistributionalModel,
    x: np.ndarray,
    beta: float | None = None,
    *,
    pairs: int = 8,
    seed: int = 0,
) -> np.ndarray:
    """Return the energy score of every row for every k, [K + 1, n]; see `distances`."""
    near, apart = distances(model, x, beta, pairs=pairs, seed=seed)
    return near - 0.5 * apart


def sample(
    model: DistributionalModel, z: np.ndarray, k: int, draws: int, seed: int = 0
) -> np.ndarray:
    """Draw rows [draws, n, N] from Law(X | first k codes = those of z).

    Parameters
    ----------
    z : array [n, at least k]
        Codes; those beyond the first k are not looked at.
    k : int
        From 0, the law of all rows, to K.
    draws : int
        For each row of z.

    Raises
    ------
    EaeSindyError
        If there is no such k, or z has too few columns.
    """
    latents = model.settings.latents
    if not 0 <= k <= latents or z.shape[1] < k:
        raise EaeSindyError(
            f"k = {k} of {min(latents, z.shape[1])} codes: it must be between 0 and their number"
        )
    run, (_, decoder) = _compiled(model.settings, model.size), model.weights
    known = np.zeros((len(z), latents), np.float32)
    known[:, :k] = z[:, :k]
    made = [
        run.drawn(
            decoder, tf.constant(known[at : at + ROWS]), tf.constant(k),
            fold(fold(key(seed, SAMPLE), at), draw),
        ).numpy()
        for draw in range(draws)
        for at in range(0, len(z), ROWS)
    ]  # fmt: skip
    return model.rows(np.concatenate(made).reshape(draws, len(z), model.size))


def decoded(
    model: DistributionalModel, z: np.ndarray, k: int | None = None, draws: int = 32, seed: int = 0
) -> np.ndarray:
    """Return the mean [n, N] of so many draws from Law(X | first k codes = those of z).

    All the codes of z are looked at if k is not given.
    """
    return sample(model, z, z.shape[1] if k is None else k, draws, seed).mean(axis=0)


def _blocks(model: DistributionalModel, x: np.ndarray) -> Iterator[np.ndarray]:
    """Yield rows as the networks see them, a bounded number at a time."""
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] != model.size:
        raise EaeSindyError(
            f"rows have the shape {x.shape}, the model is of [n, {model.size}]: give such rows"
        )
    for at in range(0, len(x), ROWS):
        yield model.seen(x[at : at + ROWS])


class _Graphs(NamedTuple):
    """What is asked of a model, as graphs."""

    codes: Callable[..., tf.Tensor]
    slopes: Callable[..., tf.Tensor]
    distances: Callable[..., tf.Tensor]
    drawn: Callable[..., tf.Tensor]


@lru_cache(maxsize=16)
def _compiled(settings: DpaFit, size: int) -> _Graphs:
    """Return the graphs of models of these settings, for rows of `size` values."""
    nets, latents = objective(settings, size), settings.latents

    def slopes(encoder: Weights, rows: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(rows)
            each = tf.unstack(nets.encoder.apply(encoder, rows), axis=-1)
        return tf.stack([tape.gradient(code, rows) for code in each], axis=1)

    def distances(weights: Weights, rows: tf.Tensor, at: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
        encoder, decoder = weights
        y, other = tf.unstack(nets.draws(decoder, nets.encoder.apply(encoder, rows), at))
        squares = [tf.reduce_sum(d**2, axis=-1) for d in (y - rows, other - rows, y - other)]
        first, second, apart = (square ** (0.5 * beta) for square in squares)
        return tf.stack([0.5 * (first + second), apart])

    def drawn(decoder: Weights, known: tf.Tensor, k: tf.Tensor, at: tf.Tensor) -> tf.Tensor:
        noise = tf.random.stateless_normal(
            (tf.shape(known)[0], latents + noises(nets.sizes, nets.width)), at
        )
        seen = tf.where(tf.sequence_mask(k, latents), known, noise[:, :latents])
        return nets.decoder.apply(decoder, tf.concat([seen, noise[:, latents:]], axis=-1))

    return _Graphs(graph(nets.encoder.apply), graph(slopes), graph(distances), graph(drawn))
