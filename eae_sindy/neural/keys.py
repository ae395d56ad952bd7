"""Keys of TensorFlow's stateless random numbers: one for each use, whoever does the work."""

import tensorflow as tf


def key(seed: int, use: int) -> tf.Tensor:
    """Return a key [2] from a seed and a number that stands for what it is used for."""
    return tf.constant([seed, use], tf.int32)


def fold(key: tf.Tensor, number: tf.Tensor | int) -> tf.Tensor:
    """Return another key [2], for the step or the draw of that number."""
    return tf.random.experimental.stateless_fold_in(key, number)
