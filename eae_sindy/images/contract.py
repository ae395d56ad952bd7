"""`Images`: three parts of a set of images, with classes where it has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from ..errors import EaeSindyError
from ..progress import count

LEAST = 3  # images of a part
SLACK = 0.01  # by which numbers may miss the range of pixels
DARK = 17  # bytes that reach no further are on another scale, such as digits from 0 to 16


@dataclass(frozen=True)
class Images:
    """Images with pixels between 0 and 1, split.

    Attributes
    ----------
    name : str
    train, validation, test : arrays [n, *shape], float32 or bytes
        Grey images are [height, width], colour ones [height, width, 3]. Bytes are 255 times as
        much: sets that are large stay so until they are looked at.
    classes : tuple of three arrays of int [n], optional
        Of the same three parts.
    notes : tuple of str
        What was left out of the file, and why.
    """

    name: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    classes: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the parts belong together, and that pixels are what they should be."""
        parts = (self.train, self.validation, self.test)
        for use, part in zip(("train", "validate", "test"), parts, strict=True):
            if len(part) < LEAST:
                raise EaeSindyError(
                    f"{self.name} has {count(len(part), 'image')} to {use} with, and {LEAST} are "
                    "the least: give more"
                )
            if part.shape[1:] != self.train.shape[1:]:
                raise EaeSindyError(
                    f"{self.name} has images of {self.train.shape[1:]} and of {part.shape[1:]}: "
                    "bring them to one shape"
                )
        for part, own in zip(parts, self.classes or (), strict=self.classes is not None):
            if own.shape != (len(part),) or own.dtype.kind not in "iu":
                raise EaeSindyError(
                    f"{self.name} has classes of shape {own.shape} and type {own.dtype} for "
                    f"{len(part):,} images: give one whole number for each"
                )

    @property
    def shape(self) -> tuple[int, ...]:
        """Return height and width, and 3 for colours."""
        return self.train.shape[1:]

    def digest(self) -> str:
        """Return a digest of all images, to tell one set from another."""
        found = sha256(repr(self.shape).encode())
        for part in (self.train, self.validation, self.test, *(self.classes or ())):
            found.update(np.ascontiguousarray(part).data)
        return found.hexdigest()[:16]

    @property
    def pixels(self) -> int:
        """Return the number of values of an image."""
        return int(np.prod(self.shape))


def flat(part: np.ndarray) -> np.ndarray:
    """Return images [n, *shape] as rows of pixels [n, p] between 0 and 1, float32."""
    rows = part.reshape(len(part), -1)
    return rows / np.float32(255) if rows.dtype == np.uint8 else rows


def scaled(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return pixels as float32 between 0 and 1, all by the same scale.

    Bytes are divided by 255, as numbers are that reach up to it; numbers from 0 to 1 stay as they
    are, but for what lies a hundredth outside.

    Parameters
    ----------
    arrays : mapping of str to arrays
        Images by what a message is to call them.

    Raises
    ------
    EaeSindyError
        If there are none, or pixels are no numbers, not finite, or in another range.
    """
    found = {name: _numbers(pixels, name) for name, pixels in arrays.items()}
    names = " and ".join(arrays)
    low, high = (float(edge([edge(x) for x in found.values()])) for edge in (np.min, np.max))
    if not np.isfinite([low, high]).all() or low < -SLACK:
        raise EaeSindyError(f"{names} has pixels from {low:g} to {high:g}: scale them to 0 to 1")
    if high <= 1 + SLACK and not all(x.dtype == np.uint8 for x in arrays.values()):
        return {name: np.clip(x, 0, 1) for name, x in found.items()}
    if not DARK < high <= 255:
        raise EaeSindyError(
            f"{names} has pixels from {low:g} to {high:g}: give bytes up to 255, or divide them so "
            "that they lie between 0 and 1"
        )
    return {name: x / np.float32(255) for name, x in found.items()}


def _numbers(pixels: np.ndarray, name: str) -> np.ndarray:
    """Return images [n, *shape] as float32 numbers, as they are."""
    if pixels.ndim not in (3, 4) or (pixels.ndim == 4 and pixels.shape[-1] not in (1, 3)):
        raise EaeSindyError(
            f"{name} has shape {pixels.shape}: images are [n, height, width], or with 1 or 3 "
            "colours as the last axis"
        )
    if pixels.dtype.kind not in "fiub":
        raise EaeSindyError(f"{name} is of type {pixels.dtype}: give pixels as numbers")
    if not pixels.size:
        raise EaeSindyError(f"{name} is empty: give images")
    grey = pixels[..., 0] if pixels.ndim == 4 and pixels.shape[-1] == 1 else pixels
    return grey.astype(np.float32)
