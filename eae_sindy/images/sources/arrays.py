"""Images in one file: .npz of any origin, and MATLAB's Frey Faces; scikit-learn's digits."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...errors import EaeSindyError
from ..contract import LEAST, Images, scaled

VALIDATION = 1 / 6  # of the training images, where a file has none: 10,000 of MNIST's 60,000
PARTS = (0.8, 0.1, 0.1)  # of images that come unsplit (A.5.2, Frey Faces)
FREY = (28, 20)  # height and width; its file has one image a column


def digits(seed: int) -> Images:
    """Return scikit-learn's 1,797 bundled digits of 8 × 8 pixels, split at random."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return _split("digits", (found.images / 16).astype(np.float32), found.target, seed)


def npz(path: Path, name: str, seed: int) -> Images:
    """Return the images of an .npz file, as Keras has them or unsplit.

    Parameters
    ----------
    path : path
        With `x_train` and `x_test`, and perhaps `y_train` and `y_test`; or with `x`, perhaps `y`.
        Objects in it are refused, never executed.

    Raises
    ------
    EaeSindyError
        If it cannot be read, has no such arrays, or they hold no images.
    """
    arrays = _opened(path)
    if {"x_train", "x_test"} <= set(arrays):
        train, test = (scaled(arrays[k], f"{k} of {path}") for k in ("x_train", "x_test"))
        y = [arrays.get(k) for k in ("y_train", "y_test")]
        classes = None if y[0] is None or y[1] is None else (y[0].ravel(), y[1].ravel())
        return _validated(name, train, test, classes, seed)
    if "x" in arrays:
        labels = arrays.get("y")
        return _split(name, scaled(arrays["x"], f"x of {path}"), labels, seed)
    raise EaeSindyError(
        f"{path} has {', '.join(arrays) or 'nothing'}: images are x, or x_train and x_test"
    )


def frey_faces(path: Path, name: str, seed: int) -> Images:
    """Return Frey Faces of a .mat file with `ff`, one image a column, or of an .npz file.

    Raises
    ------
    EaeSindyError
        If it cannot be read, or `ff` is not there or has another shape.
    """
    if path.suffix == ".npz":
        return npz(path, name, seed)
    from scipy.io import loadmat, matlab

    try:
        found = loadmat(path)
    except (OSError, ValueError, TypeError, NotImplementedError, matlab.MatReadError) as error:
        raise EaeSindyError(f"{path} is no MATLAB file that can be read: {error}") from error
    if "ff" not in found or found["ff"].shape[0] != np.prod(FREY):
        raise EaeSindyError(f"{path} has no ff with {np.prod(FREY)} rows: give frey_rawface.mat")
    return _split(name, scaled(found["ff"].T.reshape(-1, *FREY), str(path)), None, seed)


def _opened(path: Path) -> Mapping[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError as error:
        raise EaeSindyError(f"{path} does not exist: name an .npz file with --data") from error
    except (OSError, ValueError, AttributeError, EOFError) as error:
        raise EaeSindyError(f"{path} is no .npz file of plain arrays: {error}") from error


def at_random(count: int, seed: int) -> list[np.ndarray]:
    """Return rows to train, to validate and to test with: four fifths, a tenth and a tenth."""
    order = np.random.default_rng(seed).permutation(count)
    held = [max(LEAST, round(share * count)) for share in PARTS[1:]]
    ends = np.cumsum([max(0, count - sum(held)), held[0]])
    return [np.sort(rows) for rows in np.split(order, ends)]


def _split(name: str, images: np.ndarray, labels: np.ndarray | None, seed: int) -> Images:
    """Return images that come unsplit, split at random."""
    parts = at_random(len(images), seed)
    train, validation, test = (images[rows] for rows in parts)
    classes = None if labels is None else tuple(np.asarray(labels).ravel()[rows] for rows in parts)
    return Images(name, train, validation, test, classes)


def _validated(
    name: str,
    train: np.ndarray,
    test: np.ndarray,
    classes: tuple[np.ndarray, np.ndarray] | None,
    seed: int,
) -> Images:
    """Return images whose test is given: a sixth of the others, drawn at random, is to validate."""
    order = np.random.default_rng(seed).permutation(len(train))
    kept = len(train) - round(VALIDATION * len(train))
    rows, others = np.sort(order[:kept]), np.sort(order[kept:])
    known = None if classes is None else (classes[0][rows], classes[0][others], classes[1])
    return Images(name, train[rows], train[others], test, known)
