"""The ensemble: everything that discovery, forecasting and a restart need, in one HDF5 file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .. import formats, hdf5
from ..dynamics.library import Library, standard
from ..errors import EaeSindyError
from ..recipes import Fit
from ..snapshots.frames import Frames
from ..snapshots.pod import Pod
from .chain import Chain, read_chain, write_chain
from .forward import forward

ROWS = 500  # frames that are encoded together


@dataclass(frozen=True)
class Ensemble:
    """Encoders drawn at temperature T, with the frames and the basis they are drawn on.

    Members are counted through all chains. Latents of member m at frames `rows`:

    >>> z, z_rate = ensemble.encode(m, rows)          # [n, d] each
    >>> x, x_rate = ensemble.decode(m, z, z_rate)     # POD coordinates [n, r]
    >>> field = ensemble.field(x)                     # [n, *space]
    """

    settings: Fit
    library: Library
    pod: Pod
    frames: Frames
    chains: Sequence[Chain]
    shape: tuple[int, ...]
    mask: np.ndarray | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the members of all chains."""
        return sum(len(c) for c in self.chains)

    @property
    def chain_of(self) -> np.ndarray:
        """Chain each member belongs to, [members]."""
        return np.repeat(np.arange(len(self.chains)), [len(c) for c in self.chains])

    @property
    def temperatures(self) -> np.ndarray:
        """T at which the draws of each chain were collected, [chains]."""
        own = np.array([c.temperature for c in self.chains])
        return np.where(np.isfinite(own), own, self.settings.temperature)

    @property
    def encoder_sizes(self) -> np.ndarray:
        """Number of sampled weights in each tensor of the encoder."""
        sizes = np.array([w[0].size for w in self.chains[0].encoder])
        if self.settings.full_space:  # sampled on pixels, stored by projection
            sizes[0] = self.pod.size * self.settings.hidden[0]
        return sizes

    def _locate(self, member: int) -> tuple[Chain, int]:
        for chain in self.chains:
            if member < len(chain):
                return chain, member
            member -= len(chain)
        raise IndexError(member)

    def encode(self, member: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return latents z and ż = (dz/dx) ẋ of one member at the frames `rows`: [n, d] each."""
        chain, draw = self._locate(member)
        weights = [w[draw] for w in chain.encoder]
        found = [
            forward(
                weights,
                self.settings.activation,
                self.pod.inputs(self.frames.coordinates[block]),
                self.pod.inputs(self.frames.rate_coordinates[block]),
            )
            # Blocks whose activations stay in the cache: three times as fast as all rows at once.
            for block in np.array_split(rows, max(1, len(rows) // ROWS))
        ]
        z, z_rate = (np.concatenate(part) for part in zip(*found, strict=True))
        return z, z_rate

    def decode(
        self, member: int, z: np.ndarray, z_rate: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return POD coordinates x̂ and their rates (Eq. 15) of latents under a member's decoder.

        Both are [n, r], or wider where the decoder leaves the span of the data.
        """
        chain, _ = self._locate(member)
        return forward(
            chain.decoder, self.settings.activation, z.astype(np.float32), z_rate.astype(np.float32)
        )

    def field(self, coordinates: np.ndarray) -> np.ndarray:
        """Return fields [n, *space] from POD coordinates [n, r]; NaN outside the mask."""
        return self.unmask(self.pod.expand(coordinates[:, : self.pod.rank]))

    def unmask(self, flat: np.ndarray) -> np.ndarray:
        """Return fields [n, *space] from their N values [n, N]; NaN outside the mask."""
        if self.mask is None:
            return flat.reshape(-1, *self.shape)
        fields = np.full((len(flat), *self.shape), np.nan, np.float32)
        fields[:, self.mask] = flat
        return fields

    def flatten(self, fields: np.ndarray) -> np.ndarray:
        """Return the N values [n, N] of fields [n, *space] that count; the inverse of `unmask`."""
        return fields.reshape(len(fields), -1) if self.mask is None else fields[:, self.mask]

    def differences(self, other: "Ensemble") -> list[str]:
        """Say in which settings, versions, terms or data another ensemble was made differently."""
        return differences(self._identity(), other._identity())

    def _identity(self) -> dict[str, Any]:
        versions = {
            k: self.attributes.get(k) for k in ("version", "tensorflow", "data fingerprint")
        }
        return versions | {"terms": ", ".join(self.library.terms)} | asdict(self.settings)

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the ensemble file. Raises `EaeSindyError` if it exists and `force` is false."""
        with hdf5.new(path, force) as file:
            file.attrs.update(self.attributes)
            file.attrs[formats.VERSION] = formats.ENSEMBLE.version
            for name, value in asdict(self.settings).items():
                file.attrs[f"settings/{name}"] = value
            file.attrs["library"] = self.library.terms
            file.attrs["space_shape"] = self.shape
            if self.mask is not None:
                hdf5.put(file, "mask", self.mask)
            for name, value in {**_group("pod", self.pod), **_group("frames", self.frames)}.items():
                hdf5.put(file, name, value)
            file.create_group("chains")
            for c, chain in enumerate(self.chains):
                write_chain(file, f"chains/{c}", chain)

    @classmethod
    def open(cls, path: str | Path, library: Library | None = None) -> "Ensemble":
        """Read an ensemble file.

        `library` must be given if the ensemble was fitted with terms of the user's own. Raises
        `EaeSindyError` for a file that is missing, damaged, or something else.
        """
        # Not closed here: encoders stay in it, and it closes with the last of them.
        with hdf5.reading(path, formats.ENSEMBLE, stay=True) as (file, attributes):
            return cls._read(file, attributes, library)

    @classmethod
    def _read(
        cls, file: h5py.File, attributes: dict[str, Any], library: Library | None
    ) -> "Ensemble":
        if "chains" not in file:
            raise KeyError("no /chains in it")
        stored = {
            k.removeprefix("settings/"): attributes.pop(k)
            for k in list(attributes)
            if k.startswith("settings/")
        }
        settings = Fit(**{k: plain(v) for k, v in stored.items()})
        terms = [str(t) for t in attributes.pop("library")]
        if library is None:
            library = standard(settings.latents, settings.degree, settings.sine, settings.constant)
        if library.terms != terms:
            raise EaeSindyError(
                f"the ensemble was fitted with the terms {', '.join(terms)}: pass "
                "that library from Python"
            )
        chains = [read_chain(file[f"chains/{c}"], stay=True) for c in range(len(file["chains"]))]
        return cls(
            settings,
            library,
            Pod(**{k: v[()] for k, v in file["pod"].items()}),
            Frames(**{k: v[:] for k, v in file["frames"].items()}),
            chains,
            tuple(int(k) for k in attributes.pop("space_shape")),
            file["mask"][:] if "mask" in file else None,
            attributes,
        )


def _group(name: str, record: Any) -> dict[str, np.ndarray]:
    return {f"{name}/{k}": v for k, v in vars(record).items()}


def differences(there: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """Say in what something that is there was made otherwise than is asked for."""
    return [
        f"{name} {there.get(name)} there, {asked.get(name)} asked for"
        for name in dict(there) | dict(asked)
        if there.get(name) != asked.get(name)
    ]


def plain(value: Any) -> Any:
    """Turn what HDF5 gives back for an attribute into what was put in."""
    if isinstance(value, np.ndarray | list):
        return tuple(np.asarray(value).tolist())
    return value.item() if isinstance(value, np.generic) else value
