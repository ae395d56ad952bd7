"""Sets of images that Keras fetches, and keeps where it keeps its own."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from ..errors import EaeSindyError
from ..storage import whole_file

# Where Keras has them, as .npz files of x_train, y_train, x_test and y_test, or in its own way.
NAMES = ("mnist", "fashion-mnist")


def fetched(name: str) -> Path:
    """Return the path of an .npz file that Keras fetched, now or before.

    Raises `EaeSindyError` if it cannot be fetched.
    """
    kept = Path.home() / ".keras" / "datasets" / f"eae-sindy-{name}.npz"
    if kept.is_file():
        return kept
    loader = {"mnist": tf.keras.datasets.mnist, "fashion-mnist": tf.keras.datasets.fashion_mnist}
    try:
        (x_train, y_train), (x_test, y_test) = loader[name].load_data()
    except Exception as error:  # whatever the network, or a file cut short, raises
        raise EaeSindyError(
            f"Keras could not fetch {name} ({' '.join(str(error).split())[:120]}): give its .npz "
            "file with --data"
        ) from error
    kept.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(kept, force=True) as part, part.open("wb") as file:
        np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return kept
