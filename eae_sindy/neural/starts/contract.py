"""What every start takes and gives."""

from typing import Protocol

import numpy as np

from ...dynamics.library import Library
from ...recipes import Fit
from ...snapshots.frames import Frames
from ...snapshots.pod import Pod
from ..networks.contract import Weights


class Start(Protocol):
    """A start is a function that gives the first weights of an encoder and of its decoder."""

    def __call__(
        self,
        settings: Fit,
        frames: Frames,
        pod: Pod,
        library: Library,
        rng: np.random.Generator,
        decoder: Weights | None = None,
    ) -> tuple[Weights, Weights]:
        """Return an encoder and a decoder, flat tuples of float32 arrays.

        Parameters
        ----------
        settings : recipes.Fit
            With `full_space` weights are on pixels, otherwise in POD coordinates: encoders see
            `Pod.inputs`, decoders make those of modes of unit mean square per point. The weight of
            rates is per unit of `objectives.data.clock`.
        frames : Frames
            Frames in POD coordinates with their split. A start learns from training and validation
            frames only.
        pod : Pod
            Their basis. (Wider than design.md has it: the random start draws weights on pixels and
            puts them on the span of the modes.)
        library : Library
            Candidate terms.
        rng : numpy.random.Generator
            The one source of randomness.
        decoder : weights, optional
            Of chains that share a decoder, the second and later ones give it; wanted is then
            another encoder for this decoder, which is returned as it is.
        """
        ...
