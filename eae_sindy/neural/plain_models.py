"""Plain autoencoders of rows: what a distributional one is held against."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import tensorflow as tf

from ..errors import EaeSindyError
from ..progress import Progress, Steps
from ..recipes import DpaFit
from .distributional_models import begin
from .entropic.graph import graph
from .networks import dense
from .networks.contract import Weights
from .objectives.data import same
from .objectives.plain import Plain
from .trained import adam

ROWS = 20_000  # that are coded together


@dataclass(frozen=True)
class PlainModel:
    """A plain autoencoder: codes of rows, their slopes, and the one row that a code decodes to.

    Attributes
    ----------
    origin : array [N]
    unit : float
        Networks see rows x as (x − origin) / unit.
    activation : str
    weights : (encoder, decoder)
    """

    origin: np.ndarray
    unit: float
    activation: str
    weights: Weights

    @cached_property
    def _graphs(self) -> tuple[Callable[..., tf.Tensor], Callable[..., tf.Tensor]]:
        apply, latents = dense.network(self.activation).apply, len(self.weights[0][-1])

        def slopes(encoder: Weights, rows: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(rows)
                each = tf.unstack(apply(encoder, rows), latents, axis=-1)
            return tf.stack([tape.gradient(code, rows) for code in each], axis=1)

        return graph(apply), graph(slopes)

    def _of_rows(self, run: Callable[..., tf.Tensor], x: np.ndarray) -> np.ndarray:
        """Run a graph of the encoder on rows, a bounded number at a time."""
        seen = ((x - self.origin) / self.unit).astype(np.float32)
        parts = [seen[at : at + ROWS] for at in range(0, len(seen), ROWS)]
        return np.concatenate([run(self.weights[0], tf.constant(p)).numpy() for p in parts])

    def codes(self, x: np.ndarray) -> np.ndarray:
        """Return the codes [n, K] of rows [n, N]."""
        return self._of_rows(self._graphs[0], x)

    def jacobians(self, x: np.ndarray) -> np.ndarray:
        """Return the slopes [n, K, N] of the codes at rows [n, N], by automatic differentiation."""
        return self._of_rows(self._graphs[1], x) / self.unit

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Return the row [n, N] of each code [n, K]."""
        seen = self._graphs[0](self.weights[1], tf.constant(z, tf.float32)).numpy()
        return self.origin + self.unit * seen.astype(float)


def train_plain(rows: np.ndarray, settings: DpaFit) -> Steps[PlainModel]:
    """Train on rows [n, N] with the widths, steps, batches and rate of a distributional one.

    The loss is |x − x̂|² of all codes together: they are in no order. Raises `EaeSindyError` if it
    diverges.
    """
    s, begun = settings, begin(rows, settings)
    network, size = dense.network(s.activation), rows.shape[1]
    rng = np.random.default_rng([s.seed, 1])
    weights = (
        network.init((size, *s.hidden, s.latents), rng),
        network.init((s.latents, *s.hidden, size), rng),
    )
    rate = adam.falling(s.learning_rate, s.steps)
    seen = same(tf.constant(begun.seen(rows)))
    loop = adam.Loop(Plain(encoder=network, decoder=network), seen, s.batch, rate, xla=False)
    state, done, total = adam.init(weights), 0, -(-s.steps // loop.batches)
    while done < total:
        epochs = min(loop.block, total - done)
        state, found = loop.run(state, s.seed & 0x7FFFFFFF, epochs)
        done += epochs
        if not np.isfinite(found).all():
            raise EaeSindyError("the plain autoencoder diverged: take a smaller --learning-rate")
        yield Progress("training a plain autoencoder", done, total, {"loss": float(found[-1])})
    nets = tuple(tuple(w.numpy() for w in net) for net in state.weights)
    return PlainModel(begun.origin, begun.unit, s.activation, nets)
