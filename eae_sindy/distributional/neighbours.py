"""Regression and permutation among rows that are near each other in their codes."""

import numpy as np
from scipy.spatial import cKDTree

RIDGE = 1e-6  # of the slopes, over their own mean square: neighbours may lie on a line
ENOUGH = 3  # neighbours for each coefficient of a plane


def predict(
    known: np.ndarray, values: np.ndarray, wanted: np.ndarray, neighbours: int
) -> np.ndarray:
    """Predict values [m, p] at codes by a plane through those of the nearest known codes.

    Parameters
    ----------
    known : array [n, d]
        Codes whose values are known; each is measured in its own standard deviation.
    values : array [n, p]
    wanted : array [m, d]
        Codes whose values are wanted.
    neighbours : int
        How many are looked at; more where a plane asks for more.
    """
    scale = known.std(axis=0)
    scale[scale == 0] = 1.0
    wide = min(len(known), max(neighbours, ENOUGH * (known.shape[1] + 1)))
    far, nearest = cKDTree(known / scale).query(wanted / scale, k=wide)
    about = (known[nearest] - wanted[:, None]) / scale
    # Weights fall to zero at the farthest neighbour, so that predictions are continuous.
    reach = np.maximum(far[:, -1:], np.finfo(float).tiny)
    weight = (1 - (0.999 * far / reach) ** 3) ** 3
    design = np.concatenate([np.ones((*about.shape[:2], 1)), about], axis=2)
    weighted = weight[..., None] * design
    normal = np.einsum("mki,mkj->mij", weighted, design)
    slopes = np.arange(1, normal.shape[1])
    normal[:, slopes, slopes] += RIDGE * normal[:, slopes, slopes].mean(axis=1, keepdims=True)
    normal[:, slopes, slopes] += np.finfo(float).tiny
    right = np.einsum("mki,mkp->mip", weighted, values[nearest])
    return np.linalg.solve(normal, right)[:, 0]


def groups(codes: np.ndarray, size: int) -> np.ndarray:
    """Part rows [n, d] into groups of `size` or so that lie near each other; return labels [n].

    Groups are halved along the code in which they are widest, at its median. Without codes all rows
    are alike.
    """
    if not codes.shape[1]:
        return np.zeros(len(codes), int)
    scale = codes.std(axis=0)
    scaled = codes / np.where(scale == 0, 1.0, scale)
    labels, open_ = np.zeros(len(codes), int), [np.arange(len(codes))]
    done = 0
    while open_:
        rows = open_.pop()
        if len(rows) < 2 * size:
            labels[rows] = done
            done += 1
            continue
        widest = int(np.argmax(np.ptp(scaled[rows], axis=0)))
        order = rows[np.argsort(scaled[rows, widest], kind="stable")]
        open_ += [order[: len(order) // 2], order[len(order) // 2 :]]
    return labels


def permuted(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an order [n] in which rows of each group are exchanged at random."""
    order = np.empty(len(labels), int)
    order[np.argsort(labels, kind="stable")] = np.lexsort((rng.random(len(labels)), labels))
    return order


def covariance(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the centred distances [n, n] of each of two sets of rows [n, ·].

    The mean of their product is the squared distance covariance (Székely et al. 2007), which is
    zero for independent rows alone.
    """
    return _centred(first), _centred(second)


def _centred(x: np.ndarray) -> np.ndarray:
    square = (x**2).sum(axis=1)
    apart = np.sqrt(np.maximum(square[:, None] + square - 2 * x @ x.T, 0))
    return apart - apart.mean(axis=0) - apart.mean(axis=1)[:, None] + apart.mean()


def p_value(found: float, null: np.ndarray) -> float:
    """Return the share of a permutation null that is no smaller than what was found."""
    return float((1 + np.count_nonzero(null >= found)) / (1 + len(null)))
