import numpy as np
import pytest
import tensorflow as tf

from eae_sindy.dynamics.least_squares import solve
from eae_sindy.dynamics.library import standard
from eae_sindy.neural.networks import dense
from eae_sindy.neural.objectives.contract import Data
from eae_sindy.neural.objectives.eq14 import least_squares, reconstruction
from eae_sindy.snapshots import pod
from eae_sindy.snapshots.pod import Pod
from eae_sindy.snapshots.split import TRAIN


def test_least_squares_is_that_of_discovery():
    rng = np.random.default_rng(0)
    theta = standard(2)(rng.uniform(-1.5, 1.5, (500, 2)))
    rate = rng.normal(size=(500, 2))
    found = least_squares(tf.constant(theta), tf.constant(rate))
    np.testing.assert_allclose(theta @ found, theta @ solve(theta, rate)[0], atol=1e-8)


def test_gradient_of_least_squares_is_that_of_finite_differences():
    rng = np.random.default_rng(1)
    theta, rate = rng.normal(size=(30, 4)), rng.normal(size=(30, 2))
    weight, d_theta, d_rate = (rng.normal(size=s) for s in ((4, 2), (30, 4), (30, 2)))

    def scalar(t):
        return float(np.sum(weight * solve(theta + t * d_theta, rate + t * d_rate)[0]))

    a, b = tf.constant(theta), tf.constant(rate)
    with tf.GradientTape() as tape:
        tape.watch([a, b])
        value = tf.reduce_sum(weight * least_squares(a, b))
    of_theta, of_rate = tape.gradient(value, [a, b])
    slope = np.sum(of_theta * d_theta) + np.sum(of_rate * d_rate)
    h = 1e-4
    differences = (8 * (scalar(h) - scalar(-h)) - (scalar(2 * h) - scalar(-2 * h))) / (12 * h)
    assert slope == pytest.approx(differences, rel=1e-8)


@pytest.fixture(scope="module")
def both(small):
    """The same networks and frames on pixels and in POD coordinates of full rank."""
    n = small.size
    x = small.field.reshape(len(small), n).astype(np.float32)
    x_rate = small.rate.reshape(len(small), n).astype(np.float32)
    # Every direction that field and rate have: the reduction is exact then, whatever the rank.
    modes = np.linalg.qr(np.linalg.svd(np.vstack([x, x_rate]), full_matrices=False)[2].T)[0].T
    basis = Pod(x.mean(0), modes, np.ones(len(modes)))
    frames = pod.project(small, basis, np.full(len(small), TRAIN))
    rng = np.random.default_rng(0)
    encoder, decoder = dense.glorot((n, 16, 2), rng), dense.glorot((2, 16, n), rng)
    root = np.float32(np.sqrt(n))
    pixels = Data(*map(tf.constant, (x, x_rate, x, x_rate)))
    c, c_rate = frames.coordinates, frames.rate_coordinates
    reduced = Data(*map(tf.constant, (root * c, root * c_rate, c, c_rate)))
    return modes, (encoder, decoder, pixels, 1 / n), (
        *dense.onto_span(encoder, decoder, modes), reduced, 1.0)  # fmt: skip


def evaluate(encoder, decoder, data, share):
    encoder, decoder = tuple(map(tf.constant, encoder)), tuple(map(tf.constant, decoder))
    with tf.GradientTape() as tape:
        tape.watch(encoder)
        parts = reconstruction(encoder, decoder, data, standard(2), "elu", 1.0, 20.0, share)
    return parts, [g.numpy() for g in tape.gradient(parts.loss, encoder)]


def test_loss_and_encoder_gradient_agree_on_pixels_and_in_pod_coordinates(both):
    modes, on_pixels, reduced = both
    full, of_full = evaluate(*on_pixels)
    small, of_small = evaluate(*reduced)
    np.testing.assert_allclose(np.array(small), np.array(full), rtol=2e-5)
    # The gradient of the first layer lies in the span: U g, and nothing is left of it outside.
    scale = np.abs(of_full[0]).max()
    np.testing.assert_allclose(modes @ of_full[0], of_small[0], atol=1e-4 * scale)
    np.testing.assert_allclose(modes.T @ of_small[0], of_full[0], atol=1e-4 * scale)
    for a, b in zip(of_full[1:], of_small[1:], strict=True):
        np.testing.assert_allclose(b, a, atol=1e-4 * np.abs(a).max())


def test_the_rate_is_the_chain_rule(both):
    """ẋ̂ of Eq. 15 and ż against a finite difference along a trajectory of the input."""
    from eae_sindy.ensemble.forward import forward

    _, _, (encoder, _, data, _) = both
    x, v = data.inputs.numpy().astype(float), data.input_rates.numpy().astype(float)
    weights, h = [w.astype(float) for w in encoder], 1e-5
    _, rate = forward(weights, "elu", x, v)
    ahead, _ = forward(weights, "elu", x + h * v, v)
    behind, _ = forward(weights, "elu", x - h * v, v)
    np.testing.assert_allclose(rate, (ahead - behind) / (2 * h), atol=1e-6)


@pytest.mark.parametrize("name", ["elu", "tanh", "sigmoid", "silu", "softplus", "relu"])
def test_slopes_of_activations_and_their_agreement(name):
    from eae_sindy.ensemble.forward import ACTIVATIONS

    x = np.linspace(-3, 3, 61) + 0.01
    value, slope = ACTIVATIONS[name](x, np)
    h = 1e-6
    difference = (ACTIVATIONS[name](x + h, np)[0] - ACTIVATIONS[name](x - h, np)[0]) / (2 * h)
    np.testing.assert_allclose(slope, difference, atol=1e-8)
    theirs = getattr(tf.nn, name)(tf.constant(x))
    np.testing.assert_allclose(value, theirs, atol=1e-12)
    np.testing.assert_allclose(ACTIVATIONS[name](tf.constant(x), tf.math)[1], slope, atol=1e-12)
