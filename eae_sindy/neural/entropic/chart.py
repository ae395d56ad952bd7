"""Coordinates in which the encoder's weights are sampled, and the confinement that they carry.

A chart is linear, φ = c + s P y: c are the weights that a chain began with, s how far each tensor
is allowed to go from them, and P makes all directions about as stiff. Sampled is q = y/κ, with κ
such that the stiffest direction turns by a stated share of a radian in a step. So one compiled loop
serves every chart and every temperature. A linear change of coordinates changes no Gibbs measure:
it is what a matrix of masses would do.

The confinement is an energy ½ T |u|², a Gaussian about c with the standard deviations s.
Without it directions that the loss does not see diffuse for ever, and the draws have no law.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ..samplers.thermostat import Tensors


class Chart(NamedTuple):
    """φ = c + s u, u = P y, y = κ q, with P = 1 + Σ_k ((1 + λ_k/T)^-½ − 1) v_k v_kᵀ.

    Attributes
    ----------
    centre : tuple of tensors
        c, one for each tensor of weights.
    reach : tuple of scalar tensors
        s.
    axes : tensor [k, n]
        v_k, orthonormal, over the n weights of all tensors in turn.
    curvature : tensor [k]
        λ_k: the second derivative of the loss along v_k in u.
    temperature : scalar tensor
        T.
    pace : scalar tensor
        κ.
    """

    centre: tuple[tf.Tensor, ...]
    reach: tuple[tf.Tensor, ...]
    axes: tf.Tensor
    curvature: tf.Tensor
    temperature: tf.Tensor
    pace: tf.Tensor

    def weights(self, position: Tensors) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
        """Return the weights φ at q, and u [n]."""
        u = self._turned(self.pace * flat(position), -0.5)
        parts = zip(self.centre, self.reach, self._parts(u), strict=True)
        return tuple(c + s * part for c, s, part in parts), u

    def position(self, weights: Tensors) -> tuple[tf.Tensor, ...]:
        """Return q of weights φ."""
        parts = zip(weights, self.centre, self.reach, strict=True)
        u = flat([(w - c) / s for w, c, s in parts])
        return self._parts(self._turned(u, 0.5) / self.pace)

    def confinement(self, u: tf.Tensor) -> tf.Tensor:
        """Return the energy ½ T |u|²."""
        return 0.5 * self.temperature * tf.reduce_sum(u**2)

    def slope(self, of_weights: Tensors, u: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Return ∂U/∂q, of the loss and the confinement, from ∂loss/∂φ and u.

        By hand: XLA would differentiate the products with the axes into transposed copies of them.
        """
        scaled = flat([s * g for s, g in zip(self.reach, of_weights, strict=True)])
        return self._parts(self.pace * self._turned(scaled + self.temperature * u, -0.5))

    def _turned(self, vector: tf.Tensor, power: float) -> tf.Tensor:
        """Return (1 + λ/T)^power along the axes, and what is across them as it is."""
        more = (1 + self.curvature / self.temperature) ** power - 1
        along = more * tf.linalg.matvec(self.axes, vector)
        return vector + tf.linalg.matvec(self.axes, along, transpose_a=True)

    def _parts(self, vector: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Return the parts of a vector [n] that belong to each tensor of weights."""
        sizes = [int(np.prod(c.shape)) for c in self.centre]
        parts = zip(tf.split(vector, sizes), self.centre, strict=True)
        return tuple(tf.reshape(part, c.shape) for part, c in parts)

    def at(self, temperature: float) -> "Chart":
        """Return the chart for another temperature, in which a step turns as far."""
        new = tf.constant(temperature, self.temperature.dtype)
        return self._replace(temperature=new, pace=self.pace * tf.sqrt(self.temperature / new))

    def paced(self, factor: float) -> "Chart":
        """Return the chart in which a step turns by another angle, so many times as far."""
        return self._replace(pace=self.pace * tf.cast(factor, self.pace.dtype))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that a restart needs, as named arrays."""
        return {f"chart_{i}": part.numpy() for i, part in enumerate(tf.nest.flatten(self))}


def flat(parts: Sequence[tf.Tensor]) -> tf.Tensor:
    """Return all numbers of some tensors in turn, [n]."""
    return tf.concat([tf.reshape(part, (-1,)) for part in parts], axis=0)


def restored(arrays: Any, tensors: int) -> Chart | None:
    """Return the chart of `Chart.arrays` for so many tensors of weights; None if there is none."""
    if "chart_0" not in arrays:
        return None
    parts = [tf.constant(arrays[f"chart_{i}"]) for i in range(2 * tensors + 4)]
    return Chart(tuple(parts[:tensors]), tuple(parts[tensors : 2 * tensors]), *parts[2 * tensors :])


def confined(encoder: Sequence[np.ndarray], share: float, temperature: float, pace: float) -> Chart:
    """Return the chart of weights that is as stiff in all directions as its confinement.

    Parameters
    ----------
    encoder : sequence of arrays
        The weights c.
    share : float
        s of each tensor over the root mean square of its weights c; a tensor of zeros takes
        that of the kernel before it.
    """
    sizes: list[float] = []
    for weights in encoder:
        square = float(np.sqrt(np.mean(np.asarray(weights, float) ** 2)))
        sizes.append(square or (sizes[-1] if sizes else 1.0))
    dtype = tf.float32
    return Chart(
        centre=tuple(tf.constant(w, dtype) for w in encoder),
        reach=tuple(tf.constant(share * size, dtype) for size in sizes),
        axes=tf.zeros((1, sum(np.size(w) for w in encoder)), dtype),
        curvature=tf.zeros(1, dtype),
        temperature=tf.constant(temperature, dtype),
        pace=tf.constant(pace, dtype),
    )
