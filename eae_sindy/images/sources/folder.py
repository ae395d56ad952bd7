"""A folder of JPEG files, such as the aligned faces of CelebA."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.Image import DecompressionBombError

from ...errors import EaeSindyError
from ...progress import count
from ..contract import LEAST, Images
from .arrays import at_random

SIDE = 64  # A.5.3: centre-cropped to 64 × 64 × 3
PARTITION = "list_eval_partition.txt"
SUFFIXES = (".jpg", ".jpeg")


def jpegs(path: Path, name: str, seed: int) -> Images:
    """Return the images of a folder, cropped to their middle square and brought to 64 × 64 × 3.

    CelebA's partition file is honoured where it is in the folder or beside it; otherwise a tenth
    each, drawn at random, is to validate and to test. Pixels stay bytes, a quarter of what they
    take as numbers. A file that cannot be read is left out, and said.

    Parameters
    ----------
    path : path
        Of the folder.

    Raises
    ------
    EaeSindyError
        If there are too few images in it.
    """
    files = sorted(f for f in path.iterdir() if f.suffix.lower() in SUFFIXES)
    if len(files) < 3 * LEAST:
        raise EaeSindyError(
            f"{path} holds {count(len(files), 'JPEG file')}, and {3 * LEAST} are the least: name "
            "the folder of images with --data"
        )
    known = _partition(path)
    pixels = np.empty((len(files), SIDE, SIDE, 3), np.uint8)
    good, bad = list[int](), list[str]()
    for i, file in enumerate(files):
        try:
            pixels[i] = _square(file)
            good.append(i)
        except (OSError, ValueError, DecompressionBombError) as error:
            bad.append(f"{file.name}: {' '.join(str(error).split())}")
    rows = np.array(good, int)
    notes = (f"{count(len(bad), 'file')} left out; the first is {bad[0]}",) if bad else ()
    parts = _parts(known, [files[i].name for i in good], seed)
    if missing := len(rows) - sum(map(len, parts)):
        notes = (*notes, f"{count(missing, 'file')} in no part of {PARTITION} left out")
    train, validation, test = (pixels[rows[part]] for part in parts)
    return Images(name, train, validation, test, notes=notes)


def _square(file: Path) -> np.ndarray:
    """Return the middle square of an image as bytes [64, 64, 3]."""
    with Image.open(file) as image:
        side = min(image.size)
        left, top = ((length - side) // 2 for length in image.size)
        square = image.convert("RGB").crop((left, top, left + side, top + side))
        return np.asarray(square.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def _partition(path: Path) -> Mapping[str, int]:
    """Return the part of each file by its name: 0 training, 1 validation, 2 test; or nothing."""
    for place in (path / PARTITION, path.parent / PARTITION):
        if place.is_file():
            try:
                pairs = [line.split() for line in place.read_text().splitlines() if line.strip()]
                return {name: int(part) for name, part in pairs}
            except ValueError as error:
                raise EaeSindyError(
                    f"{place} is no partition: a line is a file's name, and 0, 1 or 2"
                ) from error
    return {}


def _parts(known: Mapping[str, int], names: list[str], seed: int) -> list[np.ndarray]:
    """Return the rows of the three parts."""
    if known:
        which = np.array([known.get(name, -1) for name in names])
        return [np.flatnonzero(which == part) for part in range(3)]
    return at_random(len(names), seed)
