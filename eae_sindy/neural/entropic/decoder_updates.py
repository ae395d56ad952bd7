"""How a decoder follows the encoders that are drawn under it, behind one contract."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from scipy.linalg import cho_factor, cho_solve

from ...errors import EaeSindyError
from ...recipes import Fit
from ..objectives.data import Data
from ..objectives.eq14 import Eq14, Quadratic
from ..samplers.thermostat import State, Tensors
from .chart import Chart
from .compiled import Loop, Record

ENCODERS = 10  # of an ensemble, over which an exact update averages the loss
# Relative to the columns' squares: far below any resolved direction, and enough to keep weights
# from growing along directions in which the loss says nothing, where single precision would tell.
RIDGE = 1e-8


class DecoderUpdate(Protocol):
    """A decoder update takes the encoder steps of an ensemble, and changes the decoder by them.

    One object serves one decoder; what it remembers from one update to the next is in its `arrays`.
    """

    def sample(
        self,
        loop: Loop,
        state: State,
        decoder: Tensors,
        seed: int,
        temperature: float,
        chart: Chart | None = None,
    ) -> tuple[State, Record, Any]:
        """Take the steps of one chain; return with them what `apply` wants to know of it."""
        ...

    def apply(self, decoder: Sequence[tf.Variable], gathered: Sequence[Any]) -> tuple[float, ...]:
        """Change the decoder by what was gathered of each chain that shares it.

        Returns ‖ḡ‖ of Eq. 7 in the weights that may change, at the decoder as it was; and, where
        it is known, as it is now.
        """
        ...

    def foresee(
        self, loop: Loop, decoder: Sequence[tf.Variable], encoders: Sequence[Tensors]
    ) -> None:
        """Bring the decoder to where updates will hold it, as far as the first encoders can tell.

        What is measured of the loss before any step is then true after the first update as well.
        """
        ...

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that a restart needs beside the decoder, as named arrays."""
        ...

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        ...


class Adam:
    """The paper's: one step of Adam along ḡ, the mean over all encoders of the ensemble."""

    def __init__(self, settings: Fit, loop: Loop, decoder: Sequence[tf.Variable]) -> None:
        if tf.keras.backend.backend() != "tensorflow":
            raise EaeSindyError(
                "Keras runs on another backend: set KERAS_BACKEND=tensorflow, or leave it unset"
            )
        self.encoders = settings.encoders
        self.optimizer = tf.keras.optimizers.Adam(settings.learning_rate)
        self.optimizer.build(list(decoder))

    def sample(
        self,
        loop: Loop,
        state: State,
        decoder: Tensors,
        seed: int,
        temperature: float,
        chart: Chart | None = None,
    ) -> tuple[State, Record, Tensors]:
        """Take the steps; return the mean of the decoder's gradient."""
        return loop.update(state, decoder, seed, temperature, self.encoders, chart)

    def apply(
        self, decoder: Sequence[tf.Variable], gathered: Sequence[Tensors]
    ) -> tuple[float, ...]:
        """Take a step along the mean over chains."""
        mean = [tf.add_n(parts) / len(parts) for parts in zip(*gathered, strict=True)]
        self.optimizer.apply_gradients(zip(mean, decoder, strict=True))
        return (float(tf.linalg.global_norm(mean)),)

    def foresee(
        self, loop: Loop, decoder: Sequence[tf.Variable], encoders: Sequence[Tensors]
    ) -> None:
        """Leave the decoder: where Adam will lead is not known."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the running means of Adam."""
        return {f"optimizer_{i}": v.numpy() for i, v in enumerate(self.optimizer.variables)}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        for i, variable in enumerate(self.optimizer.variables):
            variable.assign(arrays[f"optimizer_{i}"])


class Exact:
    """The outer layer that minimises the ensemble's mean loss; hidden layers stay.

    The loss is quadratic in the kernel and bias of the last layer, so that its minimum is where the
    normal equations say: Eq. 7 set to zero in these weights. They are averaged over encoders spread
    evenly over the steps of an update, and over all chains that share the decoder.
    """

    def __init__(
        self, settings: Fit, loop: Loop, decoder: Sequence[tf.Variable], encoders: int = ENCODERS
    ) -> None:
        objective = loop.problem.objective
        if not isinstance(objective, Eq14) or objective.decoder.hidden is None:
            raise EaeSindyError(
                "the decoder is not linear in its last layer: use --decoder-update adam"
            )
        self.steps = settings.encoders
        count = min(encoders, self.steps)
        self.taken = np.arange(1, count + 1) * self.steps // count - 1
        self._mean = _means(objective)

    def sample(
        self,
        loop: Loop,
        state: State,
        decoder: Tensors,
        seed: int,
        temperature: float,
        chart: Chart | None = None,
    ) -> tuple[State, Record, Quadratic]:
        """Take the steps; return the mean loss over some encoders, in the outer layer."""
        size = loop.block(state.position, self.steps)
        records, kept = [], []
        for first in range(0, self.steps, size):
            count = min(size, self.steps - first)
            state, record, draws = loop.hold(state, decoder, seed, temperature, count, chart)
            mine = self.taken[(self.taken >= first) & (self.taken < first + count)] - first
            kept.append([tf.gather(layer, mine) for layer in draws])
            records.append(record)
        record = Record(*(tf.concat(rows, axis=0) for rows in zip(*records, strict=True)))
        encoders = tuple(tf.concat(layer, axis=0) for layer in zip(*kept, strict=True))
        return state, record, self._mean(loop.problem.every_frame, encoders, decoder)

    def apply(
        self, decoder: Sequence[tf.Variable], gathered: Sequence[Quadratic]
    ) -> tuple[float, ...]:
        """Put the outer layer where the mean over chains has its minimum."""
        mean = Quadratic(*(np.mean(parts, axis=0) for parts in zip(*gathered, strict=True)))
        kernel, bias = decoder[-2:]
        old = np.vstack([kernel.numpy(), bias.numpy()]).astype(float)
        # As the decoder will have it: in single precision.
        new = solve(mean, old).astype(np.float32).astype(float)
        if not loss(mean, new) <= loss(mean, old):
            new = old  # it was there already, to rounding
        kernel.assign(new[:-1])
        bias.assign(new[-1])
        before, after = (float(np.linalg.norm(slope(mean, w))) for w in (old, new))
        return before, after

    def foresee(
        self, loop: Loop, decoder: Sequence[tf.Variable], encoders: Sequence[Tensors]
    ) -> None:
        """Solve for the first encoders of all chains."""
        fixed, copies = tuple(map(tf.convert_to_tensor, decoder)), len(self.taken)
        # As many as an update takes, so that nothing is compiled for it.
        ensembles = [tuple(tf.stack([w] * copies) for w in encoder) for encoder in encoders]
        self.apply(decoder, [self._mean(loop.problem.every_frame, e, fixed) for e in ensembles])

    def arrays(self) -> dict[str, np.ndarray]:
        """Return nothing: an exact update remembers nothing."""
        return {}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Have nothing to go on from."""


def loss(mean: Quadratic, layer: np.ndarray) -> float:
    """Return the mean loss at an outer layer [h + 1, r]."""
    return float(np.sum(layer * (mean.normal @ layer - 2 * mean.right)) + mean.rest)


def slope(mean: Quadratic, layer: np.ndarray) -> np.ndarray:
    """Return ḡ [h + 1, r], the gradient of the mean loss in the outer layer."""
    return 2 * (mean.normal @ layer - mean.right)


def solve(mean: Quadratic, old: np.ndarray) -> np.ndarray:
    """Return the outer layer [h + 1, r] that minimises the mean loss, near `old`.

    Columns are scaled to unit length. Where the loss says nothing the layer stays as it is: what is
    penalised is the way from `old`, so that the loss never rises.
    """
    length = np.sqrt(np.diag(mean.normal))
    length[length == 0] = 1.0  # a unit that is never on
    scaled = mean.normal / np.outer(length, length)
    factor = cho_factor(scaled + RIDGE * np.eye(len(scaled)))
    down = -0.5 * slope(mean, old)
    return old + cho_solve(factor, down / length[:, None]) / length[:, None]


class _Mean:
    """What XLA compiles of an exact update: the mean over encoders of the loss's quadratic form."""

    def __init__(self, objective: Eq14) -> None:
        self.objective = objective
        self._compiled = tf.function(self._run, jit_compile=True, autograph=False)

    def __call__(self, data: Data, encoders: Tensors, decoder: Tensors) -> Quadratic:
        """Return the mean on the host, of encoders [k, ...]."""
        return Quadratic(*(part.numpy() for part in self._compiled(data, encoders, decoder)))

    def _run(self, data: Data, encoders: Tensors, decoder: Tensors) -> Quadratic:
        count, size = encoders[0].shape[0], decoder[-2].shape[0] + 1

        def body(k: tf.Tensor, total: Quadratic) -> tuple[tf.Tensor, Quadratic]:
            found = self.objective.outer((tuple(w[k] for w in encoders), decoder), data)
            return k + 1, Quadratic(*(t + f for t, f in zip(total, found, strict=True)))

        empty = Quadratic(
            tf.zeros((size, size), tf.float64),
            tf.zeros((size, decoder[-1].shape[0]), tf.float64),
            tf.zeros((), tf.float64),
        )
        _, total = tf.while_loop(
            lambda k, _: k < count, body, (tf.constant(0), empty), maximum_iterations=count
        )
        return Quadratic(*(part / count for part in total))


_means = lru_cache(maxsize=8)(_Mean)

# By the names of `recipes.DECODER_UPDATES`.
UPDATES: Mapping[str, Callable[[Fit, Loop, Sequence[tf.Variable]], DecoderUpdate]] = {
    "adam": Adam,
    "exact": Exact,
}


def choose(settings: Fit, loop: Loop, decoder: Sequence[tf.Variable]) -> DecoderUpdate:
    """Return the update that a fit asks for, of one decoder."""
    return UPDATES[settings.decoder_update](settings, loop, decoder)
