"""One decoder and the encoders drawn under it, in memory and in a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import h5py
import numpy as np

from .. import hdf5
from .stored import Stored


@dataclass(frozen=True)
class Chain:
    """One decoder and the encoders drawn under it.

    Attributes
    ----------
    encoder : tuple of arrays [draws, ...]
        Kernel and bias of each layer in turn, in POD coordinates; of a file that was opened they
        are read as they are needed, see `Stored`.
    decoder : tuple of arrays
        Kernel and bias of each layer in turn. Outputs beyond the rank of the basis, if any, are
        what a decoder on pixels makes outside the span of the data: their target is zero.
    loss : array [draws]
        Eq. 14 on the frames the draw was sampled with.
    kinetic_temperature : array [draws, tensors]
        2K/N_f of each tensor of encoder weights.
    step : array of int [draws]
        Encoder steps since the start of the chain.
    training : array [updates]
        Mean loss over the ensemble of each decoder update (Algorithm 1).
    training_spread : array [updates]
        Standard deviation of the loss over the ensemble of each decoder update.
    validation : array [updates]
        Loss of the last encoder on what is held back, after each decoder update; empty where that
        was not watched.
    outer_gradient : array [updates, 2]
        |ḡ| in the decoder's outer layer before and after each exact update, over the encoders that
        it was solved for; empty of a decoder that Adam trained.
    gradient_square : array [draws]
        |∂U/∂q|² at the draw, of what is sampled: without a confinement |∂loss/∂φ|².
    laplacian : array [blocks]
        Estimates of the trace of the Hessian of U in q, spread over the draws.
    largest_stable_step : float
        2/ω at the last draw, with ω the highest frequency; longer steps are unstable.
    time_step : float
        Δt of the sampler where it was measured at the start; NaN where it is that of the settings.
    temperature : float
        T at which the draws were collected; NaN in older files, where it is that of the settings.
    loss_of_all : float
        Of the last draw the loss on all training frames over that on those it was sampled on; NaN
        where it was sampled on all.
    batch_noise : float
        ΔT/T that the noise of minibatches explains; 0 with full batches.
    decoder_index : int
        Chains with the same number share a decoder, and so a target.
    state : mapping of str to arrays
        What a restart needs.
    """

    encoder: tuple[Any, ...]
    decoder: tuple[np.ndarray, ...]
    loss: np.ndarray
    kinetic_temperature: np.ndarray
    step: np.ndarray
    training: np.ndarray
    training_spread: np.ndarray = field(default_factory=lambda: np.zeros(0))
    validation: np.ndarray = field(default_factory=lambda: np.zeros(0))
    outer_gradient: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    gradient_square: np.ndarray = field(default_factory=lambda: np.zeros(0))
    laplacian: np.ndarray = field(default_factory=lambda: np.zeros(0))
    largest_stable_step: float = np.nan
    time_step: float = np.nan
    temperature: float = np.nan
    loss_of_all: float = np.nan
    batch_noise: float = np.nan
    decoder_index: int = 0
    state: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the draws."""
        return len(self.loss)

    @classmethod
    def join(cls, parts: "Sequence[Chain]") -> "Chain":
        """Return one chain from its consecutive parts; what is no series is that of the last."""
        series: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts]) for name in SERIES
        }
        encoder = zip(*(part.encoder for part in parts), strict=True)
        return replace(
            parts[-1], encoder=tuple(np.concatenate(layer) for layer in encoder), **series
        )


SERIES = ("loss", "kinetic_temperature", "step", "gradient_square", "laplacian")
TRAINING = ("training", "training_spread", "validation", "outer_gradient")
NUMBERS = (
    *("largest_stable_step", "time_step", "temperature", "loss_of_all", "batch_noise"),
    "decoder_index",
)


def write_chain(file: h5py.Group, at: str, chain: Chain) -> None:
    """Write a chain into the group `at`."""
    for name in (*SERIES, *TRAINING, *NUMBERS):
        hdf5.put(file, f"{at}/{name}", getattr(chain, name))
    for net in ("encoder", "decoder"):
        for i, weights in enumerate(getattr(chain, net)):
            hdf5.put(file, f"{at}/{net}/{layer_name(i)}", weights)
    for name, value in chain.state.items():
        hdf5.put(file, f"{at}/state/{name}", value)


def read_chain(group: h5py.Group, *, stay: bool = False) -> Chain:
    """Read what `write_chain` wrote; what an older version lacks keeps its default.

    With `stay` the encoders stay in the file until they are needed.
    """
    nets: dict[str, tuple[Any, ...]] = {
        net: tuple(group[f"{net}/{layer_name(i)}"] for i in range(len(group[net])))
        for net in ("encoder", "decoder")
    }
    nets["encoder"] = tuple(Stored(w) if stay else w[:] for w in nets["encoder"])
    nets["decoder"] = tuple(w[:] for w in nets["decoder"])
    series = {name: group[name][:] for name in (*SERIES, *TRAINING) if name in group}
    numbers = {name: group[name][()].item() for name in NUMBERS if name in group}
    state = {k: v[()] for k, v in group.get("state", {}).items()}
    return Chain(nets["encoder"], nets["decoder"], **series, **numbers, state=state)


def layer_name(index: int) -> str:
    """Name the tensors of a network in turn: kernel_0, bias_0, kernel_1, …."""
    return f"{('kernel', 'bias')[index % 2]}_{index // 2}"
