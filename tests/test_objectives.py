import numpy as np
import pytest
import tensorflow as tf

from eae_sindy.dynamics.least_squares import solve
from eae_sindy.dynamics.library import standard
from eae_sindy.ensemble.forward import ACTIVATIONS, forward
from eae_sindy.neural.networks import dense
from eae_sindy.neural.networks.contract import Network
from eae_sindy.neural.networks.span import onto_span
from eae_sindy.neural.objectives import choice
from eae_sindy.neural.objectives.data import Data
from eae_sindy.neural.objectives.least_squares import least_squares
from eae_sindy.neural.objectives.plain import Plain
from eae_sindy.recipes import Training, recipe
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
    return modes, (encoder, decoder, pixels, True), (
        *onto_span(encoder, decoder, modes), reduced, False)  # fmt: skip


def evaluate(encoder, decoder, data, full_space, **changes):
    """Return Eq. 14 as a fit with these settings samples it, its parts, and its gradient."""
    encoder, decoder = tuple(map(tf.constant, encoder)), tuple(map(tf.constant, decoder))
    points = decoder[-1].shape[0] if full_space else 99  # where it must not matter
    fit = recipe("paper-quick").but(full_space=full_space, **changes)
    objective = choice.sampled(fit, standard(2), points)
    with tf.GradientTape() as tape:
        tape.watch(encoder)
        parts = objective.parts((encoder, decoder), data)
    assert objective((encoder, decoder), data, None) == parts.loss
    return parts, [g.numpy() for g in tape.gradient(parts.loss, encoder)]


@pytest.mark.parametrize("weights", [(0.7, 3.0), (0.0, 1.0), (2.0, 0.0)])
def test_eq_14_weighs_its_terms_as_the_fit_asks(both, weights):
    """Against NumPy in double precision, written down anew: means over pixels and frames."""
    _, on_pixels, reduced = both
    encoder, decoder, data, _ = on_pixels
    x, x_rate = (part.numpy().astype(float) for part in data[:2])
    z, z_rate = forward([w.astype(float) for w in encoder], "elu", x, x_rate)
    theta = standard(2)(z)
    again = forward([w.astype(float) for w in decoder], "elu", z, theta @ solve(theta, z_rate)[0])
    field, rate = np.mean((x - again[0]) ** 2), np.mean((x_rate - again[1]) ** 2)
    for networks in (on_pixels, reduced):
        found, _ = evaluate(*networks, field_weight=weights[0], rate_weight=weights[1])
        np.testing.assert_allclose(found.field, field, rtol=2e-5)
        np.testing.assert_allclose(found.rate, rate, rtol=2e-5)
        assert float(found.loss) == pytest.approx(weights[0] * field + weights[1] * rate, rel=2e-5)


@pytest.mark.parametrize("kind", choice.TRAINED)
def test_nothing_is_the_loss_of_networks_that_are_zero(both, kind):
    _, _, (encoder, decoder, data, _) = both
    if kind == choice.VARIATIONAL:  # two heads
        encoder = (*encoder[:-2], np.zeros((16, 4)), np.zeros(4))
    training = Training(field_weight=0.3, rate_weight=0.6, latent_rate_weight=0.2)
    fit = recipe("paper-quick").but(field_weight=0.7, rate_weight=3.0)
    objective = choice.TRAINED[kind](fit, training, standard(2), 256)
    numbers = (tf.ones((11, 2)), 0.1) if kind == choice.SINDY else ()
    xi = (np.zeros((11, 2)),) if kind == choice.SINDY else ()
    zero = tf.nest.map_structure(lambda w: tf.zeros(w.shape), (encoder, decoder, *xi))
    loss = objective(zero, data, tf.constant([1, 2]), *numbers)
    assert float(loss) == pytest.approx(objective.nothing(data), rel=1e-5)
    assert objective.nothing(data) > 0


def test_any_network_serves_an_objective_by_the_contract_alone():
    """Linear networks whose weights are nested: the least loss is what two modes leave."""
    x = np.random.default_rng(0).normal(size=(200, 4)) @ np.diag([3.0, 2.0, 0.5, 0.2])

    def linear(weights, x):
        ((kernel,), bias) = weights
        return x @ kernel + bias

    network = Network(None, linear, None)
    mean, modes = x.mean(axis=0), np.linalg.svd(x - x.mean(axis=0))[2][:2]
    weights = ((modes.T,), -mean @ modes.T), ((modes,), mean)
    data = Data(*[tf.constant(x)] * 4)
    loss = Plain(encoder=network, decoder=network)(tf.nest.map_structure(tf.constant, weights),
                                                   data, None)  # fmt: skip
    left = np.linalg.svd(x - mean, compute_uv=False)[2:]
    assert float(loss) == pytest.approx(np.sum(left**2) / len(x))


def test_a_dense_network_has_one_value_with_and_without_its_rate():
    network = dense.network("tanh")
    weights = tuple(map(tf.constant, network.init((5, 4, 3, 2), np.random.default_rng(0))))
    assert [w.shape for w in weights] == [(5, 4), (4,), (4, 3), (3,), (3, 2), (2,)]
    x, rate = np.random.default_rng(1).normal(size=(2, 7, 5)).astype(np.float32)
    y, y_rate = network.tangent(weights, x, rate)
    np.testing.assert_array_equal(network.apply(weights, x), y)
    with tf.autodiff.ForwardAccumulator(moved := tf.constant(x), tf.constant(rate)) as along:
        value = network.apply(weights, moved)
    np.testing.assert_allclose(along.jvp(value), y_rate, rtol=1e-5, atol=1e-6)


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
    _, _, (encoder, _, data, _) = both
    x, v = data.inputs.numpy().astype(float), data.input_rates.numpy().astype(float)
    weights, h = [w.astype(float) for w in encoder], 1e-5
    _, rate = forward(weights, "elu", x, v)
    ahead, _ = forward(weights, "elu", x + h * v, v)
    behind, _ = forward(weights, "elu", x - h * v, v)
    np.testing.assert_allclose(rate, (ahead - behind) / (2 * h), atol=1e-6)


@pytest.mark.parametrize("name", ["elu", "tanh", "sigmoid", "silu", "softplus", "relu"])
def test_slopes_of_activations_and_their_agreement(name):
    x = np.linspace(-3, 3, 61) + 0.01
    value, slope = ACTIVATIONS[name](x, np)
    h = 1e-6
    difference = (ACTIVATIONS[name](x + h, np)[0] - ACTIVATIONS[name](x - h, np)[0]) / (2 * h)
    np.testing.assert_allclose(slope, difference, atol=1e-8)
    theirs = getattr(tf.nn, name)(tf.constant(x))
    np.testing.assert_allclose(value, theirs, atol=1e-12)
    np.testing.assert_allclose(ACTIVATIONS[name](tf.constant(x), tf.math)[1], slope, atol=1e-12)
