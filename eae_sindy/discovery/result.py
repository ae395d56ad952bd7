"""Discovery: a plain result, what an ensemble says about the dynamics of its latents."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..dynamics import conversions
from ..dynamics.cycles import Orbits
from ..dynamics.kind import Kind
from ..dynamics.least_squares import Sparse
from ..ensemble.diagnostics import Diagnostics
from ..ensemble.ensemble import Ensemble
from ..recipes import Criteria
from .chosen_dynamics import Answers
from .coefficient_table import Coefficient, Correlation
from .kind_of_equations import KindOfEquations
from .measurement import Row
from .mending import Flaws
from .modes import densest


@dataclass(frozen=True)
class Reconstruction:
    """Relative squared errors on the test frames: means over members, and of the mean field."""

    field: float
    rate: float
    latent_rate: float
    field_of_mean: float


@dataclass(frozen=True)
class Discovery:
    """What an ensemble says about the dynamics of its latents.

    Attributes
    ----------
    criteria : Criteria
        The numbers by which it was chosen and judged.
    frames : {"train", "all", "test"}
        The frames on which Ξ was fitted.
    sparse : Sparse or None
        What took the place of least squares.
    settled : int
        How many members were drawn after the loss had settled, see `diagnostics.settled_from`.
    members : array of int [k]
        Of these, the members that were read and could be used; those without finite coefficients
        are counted in `dropped`.
    values : array [k, p, d]
        Ξ of each member.
    condition : array [k]
        Condition number of each member's Θ, columns scaled.
    errors : array [k, 3]
        Of each member on the test frames: field, rate, latent rate.
    orbits : Orbits or None
        Of the plain Ξ. None where neither the data show a period, nor most members a cycle.
    answers : Answers or None
        The modes, and the equations chosen by running. None where the time before the test window
        is too short to choose by.
    baselines : list of Row
        What POD and pysindy make of the same frames in a second or two.
    flaws : Flaws
        What the ensemble's frames and library lack here that they had, being NaN or infinite.
    trials : mapping of str to float
        With frames "auto": the share of trial members that held the cycle, for each choice tried.
    kind : Kind
        Of the dynamics that the frames show which are not tested on.
    kind_of_equations : KindOfEquations or None
        What the chosen equations show. None without them, or where the data do not tell.
    beyond : float
        Share of the test frames that lie outside of what was trained on.
    """

    ensemble: Ensemble
    criteria: Criteria
    frames: str
    sparse: Sparse | None
    settled: int
    members: np.ndarray
    values: np.ndarray
    condition: np.ndarray
    errors: np.ndarray
    table: list[Coefficient]
    correlation: Correlation
    orbits: Orbits | None
    answers: Answers | None
    reconstruction: Reconstruction
    baselines: list[Row]
    diagnostics: Diagnostics
    dropped: int
    flaws: Flaws
    trials: Mapping[str, float]
    kind: Kind
    kind_of_equations: KindOfEquations | None = None
    beyond: float = 0.0

    @property
    def read(self) -> int:
        """How many members were read, usable or not."""
        return len(self.members) + self.dropped

    def equations(self, index: int) -> list[str]:
        """Return the equations of the member at `index` of `members` as text."""
        return conversions.equations(self.values[index], self.ensemble.library.terms)

    def representatives(self) -> tuple[int, int]:
        """Return two indices of `members`: the most typical member, and one typical of the rest.

        Typical is where the joint density of the significant coefficients is highest; the rest is
        the half of the members that lies farthest from the first. Only members that hold the cycle
        are considered where there are any.
        """
        held = (
            np.arange(len(self.members))
            if self.orbits is None
            else np.flatnonzero(self.orbits.holds)
        )
        if len(held) == 0:
            held = np.arange(len(self.members))
        flat = self.values[held].transpose(0, 2, 1).reshape(len(held), -1)
        chosen = [row.significant for row in self.table]
        flat = flat[:, chosen] if any(chosen) else flat
        flat = (flat - flat.mean(axis=0)) / np.where(np.ptp(flat, axis=0) > 0, flat.std(axis=0), 1)
        first = densest(flat)
        distance = np.linalg.norm(flat - flat[first], axis=1)
        far = np.flatnonzero(distance >= np.median(distance))
        return int(held[first]), int(held[far[densest(flat[far])]])
