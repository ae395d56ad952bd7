"""A model of images: encoders and a decoder, what they were trained by, in one HDF5 file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .. import formats, hdf5
from ..recipes import Fit, ImageFit
from .chain import Chain, read_chain, write_chain
from .ensemble import differences, plain

# Settings of a recipe that a kind of model has nothing to do with.
SAMPLED = (
    *("temperature", "mass", "step", "chain_length", "thermostat_time", "resample_every"),
    *("start_epochs", "updates", "encoders", "draws", "every"),
)
NOT_OF: Mapping[str, tuple[str, ...]] = {
    "eae": ("vae_epochs", "ae_epochs"),
    "vae": (*SAMPLED, "ae_epochs"),
    "ae": (*SAMPLED, "vae_epochs"),
}


@dataclass(frozen=True)
class ImageModel:
    """One of the three models of images, with the chains of encoders that an ensemble has.

    Attributes
    ----------
    kind : str
        One of `recipes.IMAGE_MODELS`.
    recipe : recipes.ImageFit
    shape : tuple of int
        Height and width of an image, and 3 for colours.
    chains : sequence of Chain
        One of the entropic autoencoder; of the others one that has one member. The encoder of a
        variational one has two outputs for each latent, all means before all log-variances; its
        decoder gives logits.
    attributes : mapping
        Where it comes from: data set, seconds, version.
    """

    kind: str
    recipe: ImageFit
    shape: tuple[int, ...]
    chains: Sequence[Chain]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the members of all chains."""
        return sum(len(c) for c in self.chains)

    @property
    def settings(self) -> Fit:
        """Return the settings of the sampler, as diagnostics ask for them."""
        return self.recipe.sampled()

    @property
    def temperatures(self) -> np.ndarray:
        """T of each chain, [chains]."""
        return np.full(len(self.chains), self.recipe.temperature)

    @property
    def encoder_sizes(self) -> np.ndarray:
        """Number of sampled weights in each tensor of the encoder."""
        return np.array([w[0].size for w in self.chains[0].encoder])

    def differences(self, other: "ImageModel") -> list[str]:
        """Say in which settings or data another model was made differently."""
        return differences(self._identity(), other._identity())

    def _identity(self) -> dict[str, Any]:
        kept = {k: self.attributes.get(k) for k in ("version", "data fingerprint")}
        own = {k: v for k, v in asdict(self.recipe).items() if k not in NOT_OF[self.kind]}
        return kept | {"model": self.kind} | own

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the file. Raises `EaeSindyError` if it exists and `force` is false."""
        with hdf5.new(path, force) as file:
            file.attrs.update(self.attributes)
            file.attrs[formats.VERSION] = formats.IMAGE_MODEL.version
            file.attrs["kind"], file.attrs["image_shape"] = self.kind, self.shape
            for name, value in asdict(self.recipe).items():
                file.attrs[f"recipe/{name}"] = value
            file.create_group("chains")
            for c, chain in enumerate(self.chains):
                write_chain(file, f"chains/{c}", chain)

    @classmethod
    def open(cls, path: str | Path) -> "ImageModel":
        """Read the file. Raises `EaeSindyError` if it is missing, damaged, or something else."""
        with hdf5.reading(path, formats.IMAGE_MODEL) as (file, attributes):
            return cls._read(file, attributes)

    @classmethod
    def _read(cls, file: h5py.File, attributes: dict[str, Any]) -> "ImageModel":
        stored = {
            k.removeprefix("recipe/"): attributes.pop(k)
            for k in list(attributes)
            if k.startswith("recipe/")
        }
        # An empty tuple comes back as an empty array of floats.
        recipe = ImageFit(**{k: plain(v) for k, v in stored.items()})
        chains = [read_chain(file[f"chains/{c}"]) for c in range(len(file["chains"]))]
        shape = tuple(int(k) for k in attributes.pop("image_shape"))
        return cls(str(attributes.pop("kind")), recipe, shape, chains, attributes)
