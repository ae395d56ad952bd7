"""A distributional autoencoder in a file: its networks, what they see, how they were trained."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .. import formats, hdf5
from ..recipes import DpaFit
from ..snapshots.pod import Pod
from .chain import Chain, read_chain, write_chain
from .ensemble import differences, plain


@dataclass(frozen=True)
class DistributionalModel:
    """A distributional principal autoencoder.

    Its networks see rows x [n, N] as (x − origin) / unit: one scale for all columns.

    Attributes
    ----------
    settings : recipes.DpaFit
    origin : array [N]
        Mean training row.
    unit : float
        Standard deviation of training rows along their first principal axis.
    chains : sequence of Chain
        None before the training, then one that has one member: encoder and stochastic decoder,
        whose kernels are [in + noise, out].
    pod : Pod, optional
        The basis whose coordinates the rows are, if they are frames.
    shape : tuple of int
        Of a frame, [*space]; that of a row, if rows are no frames.
    mask : array [*space] of bool, optional
        True where a point counts.
    attributes : mapping
        Where it comes from: data, fingerprint, seconds, version.
    """

    settings: DpaFit
    origin: np.ndarray
    unit: float
    chains: Sequence[Chain] = ()
    pod: Pod | None = None
    shape: tuple[int, ...] = ()
    mask: np.ndarray | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number N of values in a row."""
        return len(self.origin)

    @property
    def weights(self) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        """The weights of the encoder, and of the decoder."""
        (chain,) = self.chains
        return tuple(w[0] for w in chain.encoder), chain.decoder

    def seen(self, rows: np.ndarray) -> np.ndarray:
        """Return rows [n, N] as the networks see them, float32."""
        return ((rows - self.origin) / self.unit).astype(np.float32)

    def rows(self, seen: np.ndarray) -> np.ndarray:
        """Return rows [..., N] from what the networks make."""
        return self.origin + self.unit * np.asarray(seen, float)

    def frames(self, rows: np.ndarray) -> np.ndarray:
        """Return rows [n, N] as frames [n, *space]; points that do not count are NaN."""
        return self.shaped(rows if self.pod is None else self.pod.expand(rows.astype(np.float32)))

    def shaped(self, flat: np.ndarray) -> np.ndarray:
        """Return the values of frames [n, points] as frames [n, *space]."""
        if self.mask is None:
            return flat.reshape(len(flat), *(self.shape or (self.size,)))
        made = np.full((len(flat), *self.shape), np.nan, flat.dtype)
        made[:, self.mask] = flat
        return made

    def differences(self, other: "DistributionalModel") -> list[str]:
        """Say in which settings or data another model was made differently."""
        return differences(self._identity(), other._identity())

    def _identity(self) -> dict[str, Any]:
        kept = {k: self.attributes.get(k) for k in ("version", "data fingerprint")}
        return kept | asdict(self.settings)

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the file. Raises `EaeSindyError` if it exists and `force` is false."""
        with hdf5.new(path, force) as file:
            file.attrs.update(self.attributes)
            file.attrs[formats.VERSION] = formats.DISTRIBUTIONAL_MODEL.version
            file.attrs["space_shape"] = self.shape
            for name, value in asdict(self.settings).items():
                file.attrs[f"settings/{name}"] = value
            hdf5.put(file, "origin", self.origin)
            hdf5.put(file, "unit", self.unit)
            if self.mask is not None:
                hdf5.put(file, "mask", self.mask)
            for name, value in vars(self.pod).items() if self.pod is not None else ():
                hdf5.put(file, f"pod/{name}", value)
            file.create_group("chains")
            for c, chain in enumerate(self.chains):
                write_chain(file, f"chains/{c}", chain)

    @classmethod
    def open(cls, path: str | Path) -> "DistributionalModel":
        """Read the file. Raises `EaeSindyError` if it is missing, damaged, or something else."""
        with hdf5.reading(path, formats.DISTRIBUTIONAL_MODEL) as (file, attributes):
            return cls._read(file, attributes)

    @classmethod
    def _read(cls, file: h5py.File, attributes: dict[str, Any]) -> "DistributionalModel":
        stored = {
            k.removeprefix("settings/"): attributes.pop(k)
            for k in list(attributes)
            if k.startswith("settings/")
        }
        settings = DpaFit(**{k: plain(v) for k, v in stored.items()})
        pod = Pod(**{k: v[()] for k, v in file["pod"].items()}) if "pod" in file else None
        return cls(
            settings,
            file["origin"][:],
            float(file["unit"][()]),
            [read_chain(file[f"chains/{c}"]) for c in range(len(file["chains"]))],
            pod=pod,
            shape=tuple(int(k) for k in attributes.pop("space_shape")),
            mask=file["mask"][:] if "mask" in file else None,
            attributes=attributes,
        )
