"""Operator inference: ż = c + A z + H (z ⊗ z) of POD coordinates, by the package opinf."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from ..discovery.arena import averaged, trajectory_error
from ..discovery.stretches import average, stretches
from ..dynamics.library import Library, standard
from ..ensemble.ensemble import Ensemble
from ..recipes import Criteria
from ..snapshots.split import TRAIN

# One regularisation for c and A and one for H, as McQuarrie, Huang & Willcox (2021) have them; in
# units of the root of the number of frames, so that they mean the same for few and for many.
SHARES = tuple(10.0**k for k in range(-7, 1))
PAIRS = tuple(product(SHARES, SHARES))


def infer(pod: Ensemble, criteria: Criteria) -> tuple[Library, np.ndarray, str]:
    """Infer the operators of a linear ensemble, regularised as its trajectories are best.

    Every pair of regularisations is tried on the training frames outside the validation stretches,
    and run over these; the pair with the least error is fitted to all training frames. Without
    stretches it is the weakest pair.

    Parameters
    ----------
    pod : Ensemble
        Of one member, see `pod_baseline.linear`.
    criteria : recipes.Criteria

    Returns
    -------
    library : Library
        The polynomials of degree two, with a constant: they hold the operators exactly.
    xi : array [1, p, d]
    note : str
        What was chosen among what.
    """
    f, d = pod.frames, pod.settings.latents
    library = standard(d, 2, sine=False, constant=True)
    judged, rows = stretches(f, criteria), f.where(TRAIN)
    best, how = 0, "the weakest regularisation, without stretches to choose it by"
    if judged:
        tried = _inferred(pod, np.setdiff1d(rows, np.concatenate(judged)), PAIRS, library)
        best = int(np.argmin(_errors(pod, tried, judged, library, criteria)))
        how = f"of {len(PAIRS)} pairs, chosen by running"
    pair = PAIRS[best]
    note = f"opinf, cAH; regularised by {pair[0]:g} and {pair[1]:g}, {how}"
    return library, _inferred(pod, rows, [pair], library), note


def _errors(
    pod: Ensemble,
    xi: np.ndarray,
    judged: list[np.ndarray],
    library: Library,
    criteria: Criteria,
) -> np.ndarray:
    """Return the errors [k] of the trajectories of Ξ [k, p, d] over stretches of frames."""
    errors = []
    for rows in judged:
        z = pod.encode(0, rows)[0].astype(float)
        beside = np.repeat(z[:, None], len(xi), axis=1)
        errors.append(trajectory_error(library, xi, beside, pod.frames.time[rows]))
    bounds = criteria.exact, criteria.worst_trajectory
    return averaged(np.stack(errors, axis=-1), average(pod.frames, criteria), bounds)


def _inferred(
    pod: Ensemble, rows: np.ndarray, pairs: Sequence[tuple[float, float]], library: Library
) -> np.ndarray:
    """Return Ξ [k, p, d] of the operators at the frames `rows`, for k pairs of regularisations."""
    from opinf.lstsq import TikhonovSolver
    from opinf.models import ContinuousModel

    z, rate = (a.astype(float) for a in pod.encode(0, rows))
    d, order = z.shape[1], _order(library)
    model = ContinuousModel("cAH", solver=TikhonovSolver(np.ones(len(order))))
    model.fit(z.T, rate.T)
    xi = np.empty((len(pairs), len(library), d))
    for k, (low, high) in enumerate(pairs):
        sizes = np.sqrt(len(z)) * np.array([low, low, high])
        model.solver.regularizer = TikhonovSolver.get_operator_regularizer(
            model.operators, sizes, d
        )
        model.refit()
        xi[k, order] = model.operator_matrix.T
    return xi


def _order(library: Library) -> list[int]:
    """Return where the columns of opinf's [c A H] stand in a library of degree two.

    H is compressed: its columns are for products of two latents, each pair once.
    """
    from opinf.operators import QuadraticOperator

    one = np.eye(library.latents, dtype=int)
    pairs = QuadraticOperator.ckron_indices(library.latents)
    powers = np.vstack([0 * one[:1], one, one[pairs].sum(axis=1)])
    place = {tuple(row): i for i, row in enumerate(library.features.powers_.tolist())}
    return [place[tuple(row)] for row in powers.tolist()]
