"""Networks, objectives and samplers: the only room that imports TensorFlow."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _silent() -> Iterator[None]:
    """Keep what C++ writes to standard error while TensorFlow loads off the user's screen.

    It logs before it reads TF_CPP_MIN_LOG_LEVEL. Failures to load are Python exceptions, and pass.
    """
    kept, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _silent():
    import tensorflow  # noqa: F401
