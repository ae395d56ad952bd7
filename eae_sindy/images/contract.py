"""`Images`: three parts of a set of images, with classes where it has them."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from ..errors import EaeSindyError
from ..progress import count

LEAST = 3  # images of a part


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

    @property
    def shape(self) -> tuple[int, ...]:
        """Return height and width, and 3 for colours."""
        return self.train.shape[1:]

    def digest(self) -> str:
        """Return a digest of all images, to tell one set from another."""
        found = sha256()
        for part in (self.train, self.validation, self.test):
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


def scaled(pixels: np.ndarray, name: str) -> np.ndarray:
    """Return pixels as float32 between 0 and 1: bytes over 255, numbers in that range as they are.

    Raises
    ------
    EaeSindyError
        If pixels are no numbers, not finite, or in another range.
    """
    if pixels.ndim not in (3, 4) or (pixels.ndim == 4 and pixels.shape[-1] not in (1, 3)):
        raise EaeSindyError(
            f"{name} has shape {pixels.shape}: images are [n, height, width], or with 1 or 3 "
            "colours as the last axis"
        )
    if pixels.ndim == 4 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    if pixels.dtype == np.uint8:
        return (pixels / np.float32(255)).astype(np.float32, copy=False)
    if pixels.dtype.kind not in "fiub":
        raise EaeSindyError(f"{name} is of type {pixels.dtype}: give pixels as numbers")
    found = pixels.astype(np.float32)
    low, high = float(found.min(initial=0)), float(found.max(initial=0))
    if not np.isfinite(found).all() or low < 0 or high > 255:
        raise EaeSindyError(
            f"{name} has pixels from {low:g} to {high:g}: give numbers from 0 to 1, or bytes"
        )
    return found if high <= 1 else found / np.float32(255)
