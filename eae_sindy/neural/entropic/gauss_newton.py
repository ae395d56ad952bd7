"""The stiffest directions of the loss, by the Gauss–Newton matrix and random vectors."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import tensorflow as tf

from ...errors import EaeSindyError
from ..objectives.data import Data
from ..objectives.eq14 import Eq14
from ..samplers.thermostat import Tensors
from .chart import Chart, flat
from .graph import graph

SPARE = 16  # random vectors beyond the directions that are wanted
SHIFT = 1e-7  # of the largest product: what single precision leaves of a positive matrix


def stiffened(
    chart: Chart,
    objective: Eq14,
    data: Data,
    encoders: Sequence[Tensors],
    decoder: Tensors,
    directions: int,
    seed: int,
) -> Chart:
    """Return the chart with the stiffest directions of the loss made as stiff as the others.

    The Gauss–Newton matrix G = 2 JᵀJ of the residuals of Eq. 14 in u, averaged over some encoders:
    it is what the Hessian is where residuals are small, and never negative. Its leading directions
    are those of the Nyström approximation from random vectors (Halko, Martinsson & Tropp 2011,
    SIAM Rev. 53, 217), which takes one product with each vector. G falls off so fast that it is as
    good as exact.

    Parameters
    ----------
    encoders : sequence of tuples of tensors
        Weights φ: about where the chain is to be.
    directions : int
        How many are told apart; no more than there are weights.

    Raises
    ------
    EaeSindyError
        If the matrix is not finite: the loss has no slope there.
    """
    size = int(chart.axes.shape[1])
    many = min(size, directions + SPARE)
    rng = np.random.default_rng([seed, 3])
    trial = np.linalg.qr(rng.normal(size=(size, many)))[0]
    given = chart.reach, tf.constant(trial.T, chart.axes.dtype)
    made = np.zeros_like(trial)
    for encoder in encoders:
        made += _products(objective)(data, tuple(encoder), decoder, *given).numpy().T
    made /= len(encoders)
    if not np.isfinite(made).all() or not made.any():
        raise EaeSindyError(
            "the loss has no curvature that can be measured where the chain begins: use another "
            "--start or --seed, or give --directions 0"
        )
    values, axes = _nystrom(trial, made)
    kept = min(directions, len(values))
    return chart._replace(
        axes=tf.constant(axes[:, :kept].T, chart.axes.dtype),
        curvature=tf.constant(values[:kept], chart.axes.dtype),
    )


def _nystrom(trial: np.ndarray, made: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues, the largest first, and eigenvectors of G from G·trial; [k] and [n, k]."""
    shift = SHIFT * np.linalg.norm(made, 2)
    made = made + shift * trial
    middle = trial.T @ made
    values, turn = np.linalg.eigh((middle + middle.T) / 2)
    sound = values > shift / 2
    axes, singular, _ = np.linalg.svd(
        made @ (turn[:, sound] / np.sqrt(values[sound])), full_matrices=False
    )
    return np.maximum(singular**2 - shift, 0.0), axes


class _Products:
    """The compiled products of the Gauss–Newton matrix with some vectors."""

    def __init__(self, objective: Eq14) -> None:
        self.objective = objective
        self._compiled = graph(self._run)

    def __call__(self, *given: object) -> tf.Tensor:
        return self._compiled(*given)

    def _run(
        self, data: Data, encoder: Tensors, decoder: Tensors, reach: Tensors, vectors: tf.Tensor
    ) -> tf.Tensor:
        sizes = [int(np.prod(w.shape)) for w in encoder]

        def product(vector: tf.Tensor) -> tf.Tensor:
            parts = zip(reach, tf.split(vector, sizes), encoder, strict=True)
            along = tuple(s * tf.reshape(part, w.shape) for s, part, w in parts)
            with tf.autodiff.ForwardAccumulator(encoder, along) as forward:
                residuals = self.objective.residuals((encoder, decoder), data)
            pushed = forward.jvp(residuals)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(encoder)
                residuals = self.objective.residuals((encoder, decoder), data)
                total = tf.reduce_sum(residuals * pushed)
            slopes = tape.gradient(total, encoder)
            return flat([2 * s * g for s, g in zip(reach, slopes, strict=True)])

        return tf.map_fn(product, vectors)


_products = lru_cache(maxsize=8)(_Products)
