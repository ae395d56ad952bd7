"""What kind of dynamics equations show: told of their decoded orbits, as it is told of the data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import wasserstein_distance

from ..dynamics import orbits
from ..dynamics.kind import (
    CANNOT_TELL,
    CHAOTIC,
    DECAY,
    LIMIT_CYCLE,
    NOISE,
    ONE_ORBIT,
    QUASI_PERIODIC,
    TRANSIENT,
    Kind,
)
from ..dynamics.kinds import tell
from ..dynamics.lyapunov import largest_exponents
from ..ensemble.members import evenly
from ..snapshots.split import TEST
from .decoded_orbits import decoded
from .equations import Equations
from .kind_of_frames import LEADING
from .member_fits import Fits

INTEGRATED = 8  # members
CYCLES = (LIMIT_CYCLE, TRANSIENT, ONE_ORBIT)  # which of them it is may hang on noise


@dataclass(frozen=True)
class KindOfEquations:
    """What orbits of a few members show that start where the trajectories of the data do.

    Attributes
    ----------
    data : Kind
        Of the frames, to compare with.
    kinds : tuple of Kind
        Of the members whose orbits stay with the data.
    lost : int
        Members whose orbits leave it.
    apart : tuple of float or None
        Of what is chaotic or quasi-periodic, the distance of invariant measures: of the orbits from
        the data, the median over members, and of the later halves of the data from the earlier
        ones. It is Wasserstein's, in standard deviations, over leading coordinates by their
        variance.
    exponents : array or None
        Of what is chaotic, the largest Lyapunov exponents of these members' equations, by tangents.
    """

    data: Kind
    kinds: tuple[Kind, ...]
    lost: int
    apart: tuple[float, float] | None = None
    exponents: np.ndarray | None = None

    @property
    def alike(self) -> list[Kind]:
        """The kinds that are the data's; those of a cycle count as one."""
        own = CYCLES if self.data.name in CYCLES else (self.data.name,)
        return [kind for kind in self.kinds if kind.name in own]

    @property
    def share(self) -> float:
        """Share of the members whose equations show the kind of the data."""
        return len(self.alike) / (len(self.kinds) + self.lost)

    @property
    def otherwise(self) -> float:
        """Share of the members that show another kind, or are lost; some cannot be told."""
        open_ = sum(kind.name == CANNOT_TELL for kind in self.kinds)
        return 1 - self.share - open_ / (len(self.kinds) + self.lost)

    @property
    def numbers(self) -> Mapping[str, "Compared"]:
        """What was measured of both, the data and the members that are alike."""
        own = _measured(self.data, self.data)
        each = [_measured(kind, self.data) for kind in self.alike]
        found = {}
        for name, value in own.items():
            those = [one[name] for one in each if name in one]
            if those:
                middle = np.median(those, axis=0)
                off = np.linalg.norm(middle - value) / np.linalg.norm(value)
                found[name] = Compared(float(value.mean()), float(middle.mean()), float(off))
        return found


class Compared(NamedTuple):
    """One yardstick of data and of equations.

    Attributes
    ----------
    data, equations : float
        Of the equations the median over members. Of a curve, its mean over the data's amplitudes.
    off : float
        Root mean square difference over the root mean square of the data's.
    """

    data: float
    equations: float
    off: float


def _measured(kind: Kind, data: Kind) -> dict[str, np.ndarray]:
    """Return the yardsticks of a kind, [1]; curves [b] at the amplitudes of the data."""
    y = kind.yardsticks
    found = {"period": y.period, "largest exponent": y.exponent}
    if y.frequencies is not None:
        found |= {"first frequency": y.frequencies[0], "second frequency": y.frequencies[1]}
    known = {name: np.array([value]) for name, value in found.items() if value is not None}
    there, own = y.backbone, data.yardsticks.backbone
    if there is None or own is None:
        return known
    known.pop("period", None)  # which depends on the amplitude
    order = np.argsort(there.amplitude)
    curves = ("frequency", "damping") if data.name == DECAY else ("frequency",)
    for curve in curves:
        known[f"{curve} against amplitude"] = np.interp(
            own.amplitude, there.amplitude[order], getattr(there, curve)[order]
        )
    return known


def find(fits: Fits, equations: Equations, data: Kind) -> KindOfEquations | None:
    """Integrate the equations of a few witnesses along the data, and tell what they show.

    From the first frame of every trajectory whose latents are at hand and that is not tested on,
    over the times of all those after it. The orbits are decoded, so that what is measured of them
    is measured in the same coordinates as the data. None where the data do not tell their own kind.
    """
    if data.name in (CANNOT_TELL, NOISE):
        return None
    ensemble, whole = fits.ensemble, fits.ensemble.frames
    at = evenly(fits.witnessed, INTEGRATED)
    members, xi = fits.members[at], equations.values[at]
    stayed = np.ones(len(members), bool)
    kept, made = [], []
    for label in np.unique(whole.trajectory):
        run = np.flatnonzero((whole.trajectory == label) & (whole.split != TEST))
        held = np.intersect1d(run, fits.witnesses.rows)
        if not len(held):
            continue
        run = run[run >= held[0]]
        around = orbits.loop(np.stack([fits.latents(int(i), held)[0] for i in at], axis=1))
        orbit = orbits.integrate(
            equations.library, xi, around, whole.time[run] - whole.time[run[0]]
        )
        stayed &= np.isfinite(orbit).all(axis=(0, 2)) & ~orbits.lost(orbit[-1], around)
        shown = [decoded(ensemble, int(m), orbit[:, k]) for k, m in enumerate(members)]
        kept.append(run)
        made.append(np.stack(shown)[..., : min(LEADING, whole.coordinates.shape[1])])
    rows = np.concatenate(kept)
    fields = np.concatenate(made, axis=1)
    time, label = whole.time[rows], whole.trajectory[rows]
    kinds = tuple(tell(time, label, x) for x in fields[stayed])
    apart = exponents = None
    if data.name == CHAOTIC:
        step = float(np.median(np.diff(time)))
        exponents = largest_exponents(equations.library, xi, around, step)
    if data.name in (CHAOTIC, QUASI_PERIODIC) and stayed.any():
        x = whole.coordinates[rows, : fields.shape[2]].astype(float)
        apart = _apart(x, fields[stayed], time, label)
    return KindOfEquations(data, kinds, int(np.count_nonzero(~stayed)), apart, exponents)


def _apart(
    x: np.ndarray, fields: np.ndarray, time: np.ndarray, label: np.ndarray
) -> tuple[float, float]:
    """Return how far orbits lie from the data, and the later halves of the data from the others."""
    late = np.zeros(len(x), bool)
    for one in np.unique(label):
        late |= (label == one) & (time > np.median(time[label == one]))
    return float(np.median([_distance(x, own) for own in fields])), _distance(x[~late], x[late])


def _distance(x: np.ndarray, y: np.ndarray) -> float:
    """Return how far two sets of states lie apart, by their marginal distributions."""
    scale = x.std(axis=0)
    each = [wasserstein_distance(a, b) for a, b in zip(x.T, y.T, strict=True)]
    return float(np.sum(scale * each) / np.sum(scale**2))
