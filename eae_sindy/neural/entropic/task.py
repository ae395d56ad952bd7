"""What all chains of a fit share."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from ...dynamics.library import Library, standard
from ...ensemble.members import evenly
from ...ensemble.segments import Segments
from ...recipes import Fit
from ...snapshots.frames import Frames
from ...snapshots.pod import Pod
from ..objectives import choice as objectives
from ..objectives.data import Data
from ..samplers import choice as samplers
from .compiled import Loop
from .problem import Problem

if TYPE_CHECKING:
    from .session import Session


@dataclass(frozen=True, kw_only=True)
class Task:
    """What all chains of a fit share. NumPy only, so that it can be sent to another process.

    Attributes
    ----------
    settings : recipes.Fit
    custom : Library or None
        Candidate terms; None for those of `settings`.
    pod : Pod
    frames : Frames
        All frames in POD coordinates with their split: a start may learn from them.
    data, judges : tuples of arrays
        The training frames, and those by which a temperature is chosen, as `objectives.data.Data`
        has them.
    segments : Segments or None
        Where chains are saved as they grow.
    device : str or None
        TensorFlow's name of it.
    every : int
        Of so many draws in a row one is kept.
    """

    settings: Fit
    custom: Library | None
    pod: Pod
    frames: Frames
    data: tuple[np.ndarray, ...]
    judges: tuple[np.ndarray, ...] = ()
    segments: Segments | None = None
    device: str | None = None
    every: int = 1

    @property
    def library(self) -> Library:
        """Candidate terms of all chains."""
        s = self.settings
        return self.custom or _standard(s.latents, s.degree, s.sine, s.constant)

    def loop(self, frames: int | None = None) -> Loop:
        """Return the compiled loop that all chains of a process use.

        It sees so many training frames, spread evenly; all of them where none are named.
        """
        s, pod = self.settings, self.pod
        with tf.device(self.device):
            whole = Data(*map(tf.constant, self.data))
            rows = evenly(np.arange(len(self.data[0])), frames or len(self.data[0]))
            some = Data(*(tf.gather(part, rows) for part in whole)) if frames else whole
        problem = Problem(objectives.sampled(s, self.library, pod.size), some, s.batch, whole)
        # A dimensionless network is one of coordinates: there are no weights outside the span.
        bare = s.full_space or s.dimensionless
        hidden = 0 if bare else (pod.size - pod.rank) * s.hidden[0]
        thermostat, sampler = samplers.choose(s, hidden)
        return Loop(problem, sampler, thermostat)

    def watch(self, session: "Session") -> Sequence[float]:
        """Return what is to be kept of a chain after an update: nothing, of a fit."""
        return ()


# Of the same terms there is one library: what is compiled for it serves again.
_standard = cache(standard)
