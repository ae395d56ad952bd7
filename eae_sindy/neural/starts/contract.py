"""What every start takes and gives."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from ...dynamics.library import Library
from ...progress import Steps
from ...recipes import Fit
from ...snapshots.frames import Frames
from ...snapshots.pod import Pod
from ..networks.contract import Weights


class Begun(NamedTuple):
    """First weights, and what is to be said of them.

    Attributes
    ----------
    encoders : list of weights
        One for each chain; flat tuples of float32 arrays.
    decoder : weights
        The one that the chains share.
    numbers : mapping of str to float
        What was measured on the way, such as validation errors before and after.
    notes : sequence of str
        Sentences that a user should read.
    """

    encoders: list[Weights]
    decoder: Weights
    numbers: Mapping[str, float] = {}
    notes: Sequence[str] = ()


class Memory(Protocol):
    """Keeps what a start has found so far, so that an interrupted one goes on from there."""

    def read(self) -> Mapping[str, np.ndarray]:
        """Return what was kept last; nothing if nothing was."""
        ...

    def due(self) -> bool:
        """Whether it is time to keep something again."""
        ...

    def write(self, found: Mapping[str, np.ndarray]) -> None:
        """Keep something in place of what was kept before."""
        ...


class Start(Protocol):
    """A start is work that makes the first weights of a decoder, and of encoders that share it."""

    def __call__(
        self,
        settings: Fit,
        frames: Frames,
        pod: Pod,
        library: Library,
        rngs: Sequence[np.random.Generator],
        memory: Memory | None = None,
    ) -> Steps[Begun]:
        """Say how far it is, and return the weights.

        Parameters
        ----------
        settings : recipes.Fit
            With `full_space` weights are on pixels, otherwise on what `objectives.data.seen` gives:
            encoders see `Pod.inputs`. The weight of rates is per unit of `objectives.data.clock`.
        frames : Frames
            Frames in POD coordinates with their split. A start learns from training and validation
            frames only.
        pod : Pod
            Their basis. The random start draws weights on pixels and puts them on the span of the
            modes.
        library : Library
            Candidate terms.
        rngs : sequence of numpy.random.Generator
            The one source of randomness: one for each chain that shares the decoder. The first is
            that of the decoder too.
        memory : Memory, optional
            Where a start that takes long keeps what it has found, and goes on from.
        """
        ...
