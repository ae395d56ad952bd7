"""Simulation-based calibration (Talts et al. 2018) of a linear encoder."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import chisquare

from tests.targets import langevin, run, settings, start

REPLICAS, RANKS, SIGMA = 3000, 19, 0.7


def linear_encoders(rng):
    """Draw encoders z = φ·x from the prior and data under each; all sampled side by side.

    Posteriors of replicas are independent, so one system of all of them has their product as its
    canonical distribution.
    """
    x = rng.normal(size=(5, 2))
    truth = rng.normal(size=(REPLICAS, 2))
    z = truth @ x.T + SIGMA * rng.normal(size=(REPLICAS, 5))

    def posterior(position, step):
        (phi,) = position
        miss = tf.matmul(phi, tf.constant(x.T)) - tf.constant(z)
        energy = 0.5 * tf.reduce_sum(phi**2) + 0.5 * tf.reduce_sum(miss**2) / SIGMA**2
        return energy, (phi + tf.matmul(miss, tf.constant(x)) / SIGMA**2,), ()

    return truth, posterior


def uniformity(temperature, kind, seed=0):
    """Return the p-values of uniform ranks of the true encoder, one for each of its weights."""
    rng = np.random.default_rng(seed)
    truth, posterior = linear_encoders(rng)
    more = {"resample_every": 20} if kind is settings else {}
    s = kind(step=0.05, temperature=temperature, **more)
    _, draws = run(s, start(s, np.zeros((REPLICAS, 2)), posterior), posterior, 200 + 60 * RANKS,
                   lambda state, _: state.position[0])  # fmt: skip
    thinned = draws[259::60]  # three relaxation times apart and more
    assert len(thinned) == RANKS
    ranks = np.sum(thinned < truth, axis=0)
    return [chisquare(np.bincount(r, minlength=RANKS + 1)).pvalue for r in ranks.T]


@pytest.mark.parametrize("kind", [settings, langevin])
def test_ranks_of_the_true_encoder_are_uniform(kind):
    assert min(uniformity(1.0, kind)) > 1e-3


@pytest.mark.parametrize("temperature", [0.8, 1.2])
def test_and_are_not_where_the_temperature_is_off_by_a_fifth(temperature):
    assert max(uniformity(temperature, langevin)) < 1e-3
