import numpy as np
import pysindy as ps
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from pysindy.feature_library.base import BaseFeatureLibrary

from eae_sindy.dynamics.library import Library, standard
from eae_sindy.errors import EaeSindyError

CUSTOM = ps.CustomLibrary(
    [lambda x: np.exp(-(x**2)), lambda x, y: 2.0 * x / (1.0 + np.abs(y)) - np.tanh(x * y)],
    [lambda x: f"exp(-{x}^2)", lambda x, y: f"f({x},{y})"],
)
LIBRARIES = {
    "paper": ps.PolynomialLibrary(3, include_bias=False) + ps.FourierLibrary(include_cos=False),
    "constant": ps.PolynomialLibrary(2, include_bias=True),
    "fourier": ps.FourierLibrary(n_frequencies=3),
    "identity": ps.IdentityLibrary(),
    "custom": CUSTOM,
    "tensor": ps.PolynomialLibrary(1) * ps.FourierLibrary(),
    "generalized": ps.GeneralizedLibrary(
        [ps.PolynomialLibrary(2), ps.FourierLibrary()],
        tensor_array=[[1, 1]],
        inputs_per_library=[[0, 1], [1]],
    ),
}


@pytest.mark.parametrize("latents", [2, 3])
@pytest.mark.parametrize("name", LIBRARIES)
def test_numpy_and_tensorflow_agree_with_pysindy_to_rounding(name, latents):
    z = np.random.default_rng(0).normal(size=(40, latents))
    library = Library(LIBRARIES[name], latents)
    theirs = np.asarray(LIBRARIES[name].fit(z).transform(z))
    np.testing.assert_allclose(library(z), theirs, rtol=4e-16, atol=4e-16)
    columns = tf.function(lambda x: tf.stack(library.columns(tf.unstack(x, axis=1), tf.math), 1))
    np.testing.assert_allclose(columns(tf.constant(z)), theirs, rtol=1e-14, atol=1e-14)
    assert len(library.terms) == theirs.shape[1]


def test_the_eleven_terms_of_table_2():
    assert standard(2).terms == [
        "z1", "z2", "z1^2", "z1 z2", "z2^2", "z1^3", "z1^2 z2", "z1 z2^2", "z2^3",
        "sin(z1)", "sin(z2)",
    ]  # fmt: skip


def test_any_leading_shape():
    z = np.random.default_rng(0).normal(size=(5, 7, 2))
    np.testing.assert_array_equal(standard(2)(z)[3, 2], standard(2)(z[3, 2]))


def test_a_library_that_needs_more_than_the_latents_is_refused():
    class Other(BaseFeatureLibrary):
        def fit(self, x, y=None):
            return self

        def get_feature_names(self, input_features=None):
            return ["memory"]

    with pytest.raises(EaeSindyError, match="Other needs more than the latents"):
        Library(Other(), 2)


def test_a_library_that_pysindy_evaluates_otherwise_is_refused():
    class Doubled(ps.PolynomialLibrary):
        def transform(self, x):
            return 2 * super().transform(x)

    with pytest.raises(EaeSindyError, match="Doubled is not evaluated as pysindy does"):
        Library(Doubled(2), 2)


def test_a_function_without_counterpart_is_named():
    library = Library(ps.CustomLibrary([lambda x: np.spacing(x)]), 2)
    with pytest.raises(EaeSindyError, match=r"numpy\.spacing"):
        library.columns([tf.constant([1.0])] * 2, tf.math)


@settings(deadline=None, max_examples=25)
@given(
    latents=st.integers(1, 4),
    degree=st.integers(1, 4),
    bias=st.booleans(),
    interaction=st.booleans(),
    frequencies=st.integers(0, 2),
    seed=st.integers(0, 2**16),
)
def test_any_polynomials_and_waves_are_those_of_pysindy(
    latents, degree, bias, interaction, frequencies, seed
):
    features = ps.PolynomialLibrary(degree, include_bias=bias, include_interaction=interaction)
    if frequencies:
        features = features + ps.FourierLibrary(n_frequencies=frequencies)
    z = np.random.default_rng(seed).normal(size=(7, latents)) * 3
    library = Library(features, latents)
    theirs = np.asarray(features.fit(z).transform(z))
    np.testing.assert_allclose(library(z), theirs, rtol=1e-14, atol=1e-14)
    assert len(set(library.terms)) == len(library) == theirs.shape[1]
    stacked = np.stack([z, 2 * z])  # any axes in front
    np.testing.assert_array_equal(library(stacked)[0], library(z))
    if len(library) > 1:
        kept = library.without(library.terms[:1])
        np.testing.assert_array_equal(kept(z), library(z)[:, 1:])
