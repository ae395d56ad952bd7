"""Images in one file: .npz of any origin, and MATLAB's Frey Faces; scikit-learn's digits."""

from collections.abc import Mapping, Sequence
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
        Classes may be numbers, names, or one column for each. Objects are refused, never executed.

    Raises
    ------
    EaeSindyError
        If it cannot be read, has no such arrays, or they hold no images.
    """
    arrays = _opened(path)
    if {"x_train", "x_test"} <= set(arrays):
        pixels = scaled({f"{k} of {path}": arrays[k] for k in ("x_train", "x_test")})
        labels = [arrays[k] for k in ("y_train", "y_test") if k in arrays]
        if len(labels) == 1:
            raise EaeSindyError(f"{path} has y_train or y_test alone: give both, or neither")
        train, test = pixels.values()
        return _validated(name, train, test, _classes(labels, (train, test), path), seed)
    if "x" in arrays:
        (pixels_,) = scaled({f"x of {path}": arrays["x"]}).values()
        labels = [arrays["y"]] if "y" in arrays else []
        found = _classes(labels, (pixels_,), path)
        return _split(name, pixels_, None if found is None else found[0], seed)
    raise EaeSindyError(
        f"{path} has {', '.join(arrays) or 'nothing'}: images are x, or x_train and x_test"
    )


def _classes(
    labels: Sequence[np.ndarray], images: Sequence[np.ndarray], path: Path
) -> list[np.ndarray] | None:
    """Return classes as whole numbers, alike in all parts; None if there are none."""
    flat = []
    for label, own in zip(labels, images, strict=False):
        # One column for each class, of which one is one.
        coded = label.ndim == 2 and label.shape[1] > 1 and (label.sum(axis=1) == 1).all()
        one = label.argmax(axis=1) if coded else label.reshape(len(label), -1)
        if one.size != len(own) or one.dtype.kind not in "iufbUS":
            raise EaeSindyError(
                f"{path} has classes of shape {label.shape} and type {label.dtype} for "
                f"{len(own):,} images: give one for each"
            )
        flat.append(one.ravel())
    if not flat:
        return None
    known, which = np.unique(np.concatenate(flat), return_inverse=True)
    whole = known.dtype.kind in "iu"
    numbered = known[which].astype(int) if whole else which
    return np.split(numbered, np.cumsum([len(f) for f in flat])[:-1])


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
    (pixels,) = scaled({f"ff of {path}": found["ff"].T.reshape(-1, *FREY)}).values()
    return _split(name, pixels, None, seed)


def _opened(path: Path) -> Mapping[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError as error:
        raise EaeSindyError(f"{path} does not exist: name an .npz file with --data") from error
    except MemoryError:
        raise
    except Exception as error:  # of damaged archives readers raise whatever they like
        said = " ".join(str(error).split())[:200]
        raise EaeSindyError(f"{path} is no .npz file of plain arrays: {said}") from error


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
    classes = None if labels is None else tuple(labels[rows] for rows in parts)
    return Images(name, train, validation, test, classes)


def _validated(
    name: str,
    train: np.ndarray,
    test: np.ndarray,
    classes: Sequence[np.ndarray] | None,
    seed: int,
) -> Images:
    """Return images whose test is given: a sixth of the others, drawn at random, is to validate."""
    order = np.random.default_rng(seed).permutation(len(train))
    kept = len(train) - round(VALIDATION * len(train))
    rows, others = np.sort(order[:kept]), np.sort(order[kept:])
    known = None if classes is None else (classes[0][rows], classes[0][others], classes[1])
    return Images(name, train[rows], train[others], test, known)
