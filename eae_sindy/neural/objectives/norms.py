"""The norm that all losses of reconstruction share."""

import tensorflow as tf


def mean_square(miss: tf.Tensor) -> tf.Tensor:
    """Return the mean over frames of the squared length of each, for misses [n, r].

    In coordinates of modes of unit mean square per pixel that is the mean over pixels and frames.
    """
    return tf.reduce_mean(tf.reduce_sum(miss**2, axis=-1))
