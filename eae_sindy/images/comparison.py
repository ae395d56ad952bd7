"""The three models on the same images, measured alike, over several seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from .. import __version__
from ..ensemble.image_model import ImageModel
from ..ensemble.segments import Segments
from ..errors import EaeSindyError
from ..neural import image_models
from ..progress import Steps
from ..recipes import ImageFit
from .contract import Images, flat
from .measured import Measured, Yardstick, measure


@dataclass(frozen=True)
class ImageComparison:
    """Models of the same images, and what the images themselves score.

    Attributes
    ----------
    images : Images
    runs : mapping of str to sequences of Measured
        For each kind of model one run a seed.
    blended : float
        Fréchet distance to test images of pixels half-way between two test images: what a code
        has to beat.
    floor : float
        That of training images: no model is expected to be nearer.
    linear, near : float
        How often classes are told from the pixels themselves; NaN without classes.
    """

    images: Images
    runs: dict[str, Sequence[Measured]]
    blended: float
    floor: float
    linear: float
    near: float


def begin(kind: str, images: Images, recipe: ImageFit) -> ImageModel:
    """Return a model without chains: what it is made of, and of which images."""
    about = {"version": __version__, "data set": images.name, "data fingerprint": images.digest()}
    return ImageModel(kind, recipe, images.shape, [], about)


def train(
    kind: str,
    images: Images,
    recipe: ImageFit,
    *,
    device: str | None = None,
    segments: Segments | None = None,
) -> Steps[ImageModel]:
    """Train one model, see `neural.image_models.iterate`; its seconds stand in its attributes."""
    began = perf_counter()
    rows = images.train.reshape(len(images.train), -1)
    held = flat(images.validation[: image_models.WATCHED])
    resumed = bool(segments)
    begun = begin(kind, images, recipe)
    model = yield from image_models.iterate(
        kind, rows, held, begun, device=device, segments=segments
    )
    seconds = np.nan if resumed else perf_counter() - began
    return replace(model, attributes={**model.attributes, "seconds": seconds})


def kept(path: Path, begun: ImageModel, force: bool = False) -> ImageModel | None:
    """Return the model of a file, if it is the one that would be made; None if there is no file.

    Of another model None is returned with `force`, and `EaeSindyError` is raised without.
    """
    if not path.exists():
        return None
    model = ImageModel.open(path)
    if not (differences := model.differences(begun)):
        return model
    if force:
        return None
    raise EaeSindyError(
        f"{path} was made otherwise ({'; '.join(differences)}): use another folder with -o, or add "
        "--force to make it anew"
    )


def compared(images: Images, models: Sequence[ImageModel]) -> ImageComparison:
    """Measure models of the same images, and the images themselves."""
    by = Yardstick.of(images)
    runs: dict[str, list[Measured]] = {}
    for model in models:
        runs.setdefault(model.kind, []).append(measure(model, by))
    linear, near = by.told(by.test, by.train)
    blended, floor = by.apart(by.halfway(by.test)), by.apart(by.train)
    return ImageComparison(images, dict(runs), blended, floor, linear, near)
