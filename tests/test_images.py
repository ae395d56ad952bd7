"""Images and their measures: closed forms, and what is refused."""

import numpy as np
import pytest

from eae_sindy.errors import EaeSindyError
from eae_sindy.images import measures
from eae_sindy.images.contract import Images, scaled

RNG = np.random.default_rng(0)


def test_activity_is_a_variance():
    codes = RNG.normal(size=(20_000, 4)) * np.sqrt([0.0105, 0.0095, 1.0, 0.0])
    np.testing.assert_allclose(measures.activity(codes), [0.0105, 0.0095, 1, 0], rtol=0.04)


def test_the_divergence_of_gaussians_is_the_closed_form():
    mean, log_variance = np.array([[0.0, 1.0, 2.0]] * 3), np.log([[1.0, 1.0, 0.25]] * 3)
    found = measures.divergence(mean, log_variance)
    np.testing.assert_allclose(found, [0, 0.5, (4 + 0.25 - 1 - np.log(0.25)) / 2])


def test_classes_that_lie_apart_are_told():
    classes = np.repeat([0, 1, 2], 300)
    codes = RNG.normal(size=(900, 2)) + np.array([[0, 0], [9, 0], [0, 9]])[classes]
    assert min(measures.probe(codes[::2], classes[::2], codes[1::2], classes[1::2])) > 0.99
    # Rings: neighbours tell them, a straight line does not. Units of another size change nothing.
    turn = RNG.uniform(0, 2 * np.pi, 900)
    rings = (classes + 1)[:, None] * np.stack([np.cos(turn), 1000 * np.sin(turn)], axis=1)
    linear, near = measures.probe(rings[::2], classes[::2], rings[1::2], classes[1::2])
    assert linear < 0.6 < 0.95 < near


def test_separation_is_the_share_of_variance_between_classes():
    classes = np.repeat([3, 7], 20_000)
    noise = RNG.normal(size=(40_000, 3))
    codes = noise * [1, 1, 0] + np.outer(classes == 7, [0, 2, 5]) * 1.0
    # Two points at a distance of 2 have a variance of 1: half of it all.
    np.testing.assert_allclose(measures.separation(codes, classes), [0, 0.5, 1], atol=0.02)
    assert measures.separation(np.zeros((40_000, 1)), classes) == 0


def test_modes_are_counted():
    one = RNG.normal(size=3000)
    two = one + 6 * (np.arange(3000) % 2)
    three = one + 8 * (np.arange(3000) % 3)
    codes = np.stack([one, two, three, np.ones(3000)], axis=1)
    np.testing.assert_array_equal(measures.modes(codes), [1, 2, 3, 0])


def test_the_distance_of_gaussians_is_the_closed_form():
    first, second = RNG.normal(size=(2, 100_000, 3)) * np.array([1, 2, 1])
    second = 3 * second + [4, 0, 0]
    axes = np.eye(3)
    # |4|² + Σ (σ₁ − σ₂)²
    assert measures.distance(first, second, axes) == pytest.approx(16 + 4 + 16 + 4, rel=0.02)
    assert measures.distance(first, first, axes) == pytest.approx(0, abs=1e-6)
    assert measures.distance(first, second, axes[1:2]) == pytest.approx(16, rel=0.03)


def test_principal_axes_are_those_of_the_largest_variance():
    images = RNG.normal(size=(5000, 4)) * [1, 5, 2, 0.1] + 7
    axes = measures.principal(images, 2)
    np.testing.assert_allclose(np.abs(axes), [[0, 1, 0, 0], [0, 0, 1, 0]], atol=0.05)


def test_a_spread_is_over_seeds():
    assert measures.spread([1.0, 2.0, 3.0]) == (2.0, 1.0)
    assert np.isnan(measures.spread([1.0])[1])


def one(pixels):
    return scaled({"x": pixels})["x"]


def test_bytes_become_numbers_between_nought_and_one():
    assert one(np.full((2, 3, 3), 255, np.uint8)).max() == 1
    np.testing.assert_allclose(one(np.full((2, 3, 3, 1), 51.0)), 0.2)
    assert one(np.full((2, 3, 3, 1), 0.5)).shape == (2, 3, 3)
    assert one(np.zeros((2, 3, 3, 3))).dtype == np.float32
    # What misses the range by little is cut to it, and all parts have one scale.
    assert one(np.array([[[-0.001, 0.5, 1.0001]]])).tolist() == [[[0, 0.5, 1]]]
    dark, light = np.full((1, 2, 2), 1, np.uint8), np.full((1, 2, 2), 255, np.uint8)
    both = scaled({"a": dark, "b": light})
    assert (both["a"].max(), both["b"].max()) == (pytest.approx(1 / 255), 1)


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        (np.zeros((2, 3)), "images are"),
        (np.zeros((2, 3, 3, 2)), "1 or 3 colours"),
        (np.full((2, 3, 3), -1.0), "scale them to 0 to 1"),
        (np.full((2, 3, 3), 300.0), "to 300"),
        (np.full((2, 3, 3), np.nan), "to nan: scale them to 0 to 1"),
        (np.full((2, 3, 3), 1.5), "to 1.5: give bytes up to 255, or divide"),
        (np.full((2, 3, 3), 16, np.uint8), "to 16: give bytes up to 255"),
        (np.full((2, 3, 3), 60000, np.uint16), "to 60000: give bytes"),
        (np.zeros((0, 3, 3)), "is empty"),
        (np.full((2, 3, 3), "a"), "pixels as numbers"),
    ],
)
def test_pixels_that_are_none_are_refused(pixels, says):
    with pytest.raises(EaeSindyError, match=says):
        scaled({"x.npz": pixels})


def test_parts_belong_together():
    some = np.zeros((5, 4, 4), np.float32)
    assert Images("x", some, some, some).pixels == 16
    with pytest.raises(EaeSindyError, match="2 images to test with"):
        Images("x", some, some, some[:2])
    with pytest.raises(EaeSindyError, match="bring them to one shape"):
        Images("x", some, some[:, 1:], some)
    for wrong in (np.zeros(4, int), np.zeros((5, 1), int), np.zeros(5)):
        with pytest.raises(EaeSindyError, match="one whole number for each"):
            Images("x", some, some, some, (np.zeros(5, int), np.zeros(5, int), wrong))
    one, other = (Images("x", some, some, some, (np.full(5, c),) * 3) for c in (0, 1))
    turned = some.reshape(5, 2, 8)
    assert len({one.digest(), other.digest(), Images("x", turned, turned, turned).digest()}) == 3
