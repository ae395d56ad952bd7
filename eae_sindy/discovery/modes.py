"""Several answers: the modes of a distribution of equations over members.

Coefficients of nearly collinear terms trade against each other, so that members with the same
dynamics lie far apart in Ξ. Members are therefore compared by their vector fields, f = Θ(z) Ξ, at
points they all visit.
"""

from dataclasses import dataclass

import numpy as np

from ..dynamics.library import Library
from ..dynamics.vector_fields import fields
from ..ensemble.members import evenly

PROBES = 200  # points at which fields are compared
COMPONENTS = 5  # principal components of the fields in which modes are sought
LARGEST_SAMPLE = 4000  # members among which modes are sought; the rest join the nearest


@dataclass(frozen=True)
class Modes:
    """Groups of members whose equations agree.

    Attributes
    ----------
    label : array of int [members]
        The mode of each member, by falling weight.
    weight : array [modes]
        Share of the members.
    representative : array of int [modes]
        The member where the joint density of the mode is highest.
    points : array [probes, d]
        Where fields were compared.
    """

    label: np.ndarray
    weight: np.ndarray
    representative: np.ndarray
    points: np.ndarray

    def __len__(self) -> int:
        """Count the modes."""
        return len(self.weight)

    def members(self, mode: int) -> np.ndarray:
        """Return the members of a mode."""
        return np.flatnonzero(self.label == mode)


def probes(z: np.ndarray, seed: int = 0) -> np.ndarray:
    """Draw the points of comparison from latents z [n, d] of several members together."""
    rng = np.random.default_rng(seed)
    return z[rng.choice(len(z), min(PROBES, len(z)), replace=False)]


def find(
    library: Library,
    xi: np.ndarray,
    points: np.ndarray,
    preferred: np.ndarray | None = None,
    smallest: float = 0.05,
) -> Modes:
    """Find modes by density: HDBSCAN on the principal components of the members' fields.

    A mode holds at least the share `smallest` of the members. Members between modes join the one
    whose members are nearest. No number of modes is set beforehand, and one mode is a possible
    answer (Campello, Moulavi & Sander 2013).

    Parameters
    ----------
    xi : array [m, p, d]
    points : array [k, d]
        See `probes`.
    preferred : array of int or bool [m], optional
        A mode speaks through one of its members for which this is largest: those that run.
    smallest : float
        Share of the members below which a group is no mode.
    """
    from scipy.spatial import cKDTree

    features = components(fields(library, xi, points))
    m = len(features)
    sample = evenly(np.arange(m), LARGEST_SAMPLE)
    labels = _clusters(features[sample], smallest)
    inside = labels >= 0
    if not inside.any():
        labels, inside = np.zeros(len(sample), int), np.ones(len(sample), bool)
    nearest = cKDTree(features[sample[inside]]).query(features)[1]
    label = labels[inside][nearest]
    names, counts = np.unique(label, return_counts=True)
    order = names[np.argsort(-counts, kind="stable")]
    label = np.argsort(np.argsort(-counts, kind="stable"))[np.searchsorted(names, label)]
    found = []
    for mode in range(len(order)):
        members = np.flatnonzero(label == mode)
        if preferred is not None:
            members = members[preferred[members] == preferred[members].max()]
        found.append(members[densest(features[members])])
    weight = np.bincount(label, minlength=len(order)) / m
    return Modes(label, weight, np.array(found), points)


def components(rows: np.ndarray) -> np.ndarray:
    """Return the leading principal components [m, 5 or fewer] of fields [m, k·d]."""
    centred = rows - rows.mean(axis=0)
    if len(rows) < 2 or not centred.any():
        return np.zeros((len(rows), 1))
    _, _, axes = np.linalg.svd(centred[:: max(1, len(rows) // 2000)], full_matrices=False)
    return centred @ axes[:COMPONENTS].T


def _clusters(features: np.ndarray, share: float) -> np.ndarray:
    """Return the cluster of each row, −1 for none."""
    from sklearn.cluster import HDBSCAN

    smallest = max(5, round(share * len(features)))
    if len(features) < 2 * smallest or not np.ptp(features, axis=0).any():
        return np.zeros(len(features), int)
    # min_samples smooths the density, so that a chance thinning inside a cloud is no gap.
    finder = HDBSCAN(
        min_cluster_size=smallest, min_samples=smallest, allow_single_cluster=True, copy=True
    )
    return finder.fit_predict(features)


def densest(points: np.ndarray) -> int:
    """Return the point with the most neighbours: the smallest distance to its 5 % nearest."""
    from scipy.spatial import cKDTree

    k = max(1, min(len(points), round(0.05 * len(points)) + 1))
    distance = cKDTree(points).query(points, k=[k])[0]
    return int(np.argmin(distance))
