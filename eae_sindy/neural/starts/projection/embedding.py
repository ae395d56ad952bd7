"""What was found, as the weights of the project's own networks."""

from typing import NamedTuple

import numpy as np

from ....ensemble.forward import forward
from . import features, outer
from .outer import Weights
from .units import Rows, Units

NOISE = 0.3  # root mean square of a random direction of all inputs, beside one along the latents
HINGES = 2.5  # biases are spread over as many standard deviations
RIDGES = (1e-6, 1e-8, 1e-10)  # of the outer layer of an encoder

Flat = tuple[np.ndarray, ...]


class Latents(NamedTuple):
    """Latents and their rates [n, d] of frames whose inputs [n, r] and input rates are known."""

    inputs: np.ndarray
    input_rates: np.ndarray
    values: np.ndarray
    rates: np.ndarray


def encoder(
    latents: Latents, units: int, activation: str, ridge: float, rng: np.random.Generator
) -> Flat:
    """Return a network r → units → d, float32, that makes given latents from given inputs.

    Its hidden units look along random directions of the whitened latents, with some noise in all
    other directions; its outer layer is solved for, for latents and rates together. Other random
    numbers give another encoder of the same latents.
    """
    x, z = latents.inputs.astype(float), latents.values
    mean, middle = x.mean(axis=0), z.mean(axis=0)
    spread = np.sqrt(np.mean(np.sum((x - mean) ** 2, axis=1)))
    # The latents are affine in the inputs: the columns are scaled, since amplitudes decay fast.
    sizes = np.sqrt(np.mean((x - mean) ** 2, axis=0)) + 1e-300
    along = np.linalg.lstsq((x - mean) / sizes, z - middle, rcond=None)[0] / sizes[:, None]
    white = np.linalg.inv(np.linalg.cholesky(np.cov(z.T).reshape(z.shape[1], -1))).T
    directions = rng.normal(size=(z.shape[1], units))
    directions /= np.linalg.norm(directions, axis=0)
    kernel = along @ white @ directions
    kernel += NOISE / spread * rng.normal(size=kernel.shape)
    bias = rng.uniform(-HINGES, HINGES, units) - mean @ kernel
    made = features.hidden(activation, kernel, bias, x, latents.input_rates.astype(float))
    speed = float(np.mean(np.sum(latents.rates**2, axis=1)))
    size = float(np.mean(np.sum((z - middle) ** 2, axis=1)))
    weights = Weights(1 / size, 1 / speed if speed > 0 else 0.0)
    last = outer.solve(made.values, made.rates, Rows(z - middle, latents.rates), weights, ridge)
    flat = (kernel, bias, last[:-1], last[-1] + middle)
    return tuple(np.asarray(w, np.float32) for w in flat)


def made_by(flat: Flat, activation: str, latents: Latents) -> Latents:
    """Return the latents and rates that an encoder makes of the same inputs."""
    wide = tuple(w.astype(float) for w in flat)
    x, rate = latents.inputs.astype(float), latents.input_rates.astype(float)
    z, z_rate = forward(wide, activation, x, rate)
    return latents._replace(values=z, rates=z_rate)


def decoder(kernel: np.ndarray, bias: np.ndarray, last: np.ndarray, units: Units) -> Flat:
    """Return a network d → units → r, float32, in the units of the targets."""
    back = units.unit * units.axes.T
    flat = (kernel, bias, last[:-1] @ back, last[-1] @ back + units.mean)
    return tuple(np.asarray(w, np.float32) for w in flat)
