"""Images made of codes that are drawn: Algorithm 2, for images that are given."""

import numpy as np

from ..ensemble.image_model import ImageModel
from ..ensemble.members import evenly
from ..errors import EaeSindyError
from ..neural import image_models


def generate(model: ImageModel, images: np.ndarray, samples: int, seed: int = 0) -> np.ndarray:
    """Return what is decoded of codes drawn for given images, [k, samples, p].

    The codes are those of members of an ensemble, spread evenly over it, or draws from the
    posterior of a variational autoencoder.

    Parameters
    ----------
    model : ImageModel
    images : array [k, p]
    samples : int
    seed : int
        Of draws from a posterior.

    Raises
    ------
    EaeSindyError
        If the model has no more than one code for an image, or fewer members than samples.
    """
    if model.kind == "ae":
        raise EaeSindyError(
            "a plain autoencoder has one code for an image, and nothing to draw: name a model made "
            "with --model eae or vae"
        )
    drawn = _of_posterior if model.kind == "vae" else _of_members
    codes = drawn(model, images, samples, seed)
    made = image_models.decoded(model, codes.reshape(-1, codes.shape[-1]))
    return made.reshape(samples, len(images), -1).transpose(1, 0, 2)


def _of_members(model: ImageModel, images: np.ndarray, samples: int, seed: int) -> np.ndarray:
    if samples > len(model):
        raise EaeSindyError(
            f"the ensemble has {len(model)} members: take as many --samples at most"
        )
    kept = set(evenly(np.arange(len(model)), samples).tolist())
    every = image_models.codes(model, images)
    return np.stack([code for member, code in enumerate(every) if member in kept])


def _of_posterior(model: ImageModel, images: np.ndarray, samples: int, seed: int) -> np.ndarray:
    (code,) = image_models.codes(model, images)
    mean, log_variance = np.split(code, 2, axis=-1)
    noise = np.random.default_rng(seed).normal(size=(samples, *mean.shape))
    return (mean + np.exp(0.5 * log_variance) * noise).astype(np.float32)
