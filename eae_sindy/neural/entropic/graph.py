"""Functions that are called a few times: TensorFlow graphs, which XLA need not compile."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def graph(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function as a graph, made anew for every shape that it meets.

    There are a few, of some frames and of all, in a chart and without one: no reason to warn of
    retracing, which TensorFlow does where a function meets many.
    """
    made = tf.function(function, autograph=False)
    made._omit_frequent_tracing_warning = True
    return made
