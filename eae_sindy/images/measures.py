"""What is measured of codes and of images: activity, divergence, classes, modes, distances."""

from collections.abc import Sequence

import numpy as np
from scipy.signal import find_peaks
from scipy.stats import gaussian_kde

ACTIVE = 0.01  # variance of a unit above which it counts (A.5.2, Burda et al. 2015)
NEIGHBOURS = 5
PROMINENCE = 0.05  # of a mode, over the highest density
GRID = 256  # points at which densities are looked at
FEATURES = 64  # principal components in which images are compared


def activity(codes: np.ndarray) -> np.ndarray:
    """Return the variance A of every unit [d] over codes [n, d]; of a variational one, of means."""
    return codes.astype(float).var(axis=0)


def divergence(mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    """Return KL(N(μ, σ²) ‖ N(0, 1)) of every unit [d] in nats, the mean over images [n, d]."""
    mean, log_variance = mean.astype(float), log_variance.astype(float)
    return 0.5 * np.mean(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=0)


def probe(
    codes: np.ndarray, classes: np.ndarray, new: np.ndarray, truth: np.ndarray
) -> tuple[float, float]:
    """Return how often classes of new codes are told right, linearly and by five neighbours.

    Units are standardised first. The linear probe is a logistic regression. NaN of one class.

    Parameters
    ----------
    codes, new : arrays [n, d], [k, d]
    classes, truth : arrays of int [n], [k]
    """
    if len(np.unique(classes)) < 2:
        return np.nan, np.nan
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    near_ones = min(NEIGHBOURS, len(codes))
    ways = (LogisticRegression(max_iter=1000), KNeighborsClassifier(near_ones))
    linear, near = (
        float(make_pipeline(StandardScaler(), way).fit(codes, classes).score(new, truth))
        for way in ways
    )
    return linear, near


def separation(codes: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the share of every unit's variance [d] that lies between classes: the ratio η².

    That is 0 where the distributions of all classes have one mean, and 1 where classes are points.
    """
    codes = codes.astype(float)
    _, which = np.unique(classes, return_inverse=True)
    counts = np.bincount(which)
    means = np.stack([np.bincount(which, c) / counts for c in codes.T], axis=1)
    between = np.sum(counts[:, None] * (means - codes.mean(axis=0)) ** 2, axis=0) / len(codes)
    whole = codes.var(axis=0)
    return np.divide(between, whole, out=np.zeros_like(whole), where=whole > 0)


def modes(codes: np.ndarray) -> np.ndarray:
    """Return the number of modes of every unit's distribution, [d].

    Peaks of a kernel density with Silverman's width that stand out by a twentieth of the highest; 0
    of a unit that never changes.
    """
    return np.array([_modes(unit) for unit in codes.astype(float).T])


def _modes(unit: np.ndarray) -> int:
    if not unit.std() > 0:
        return 0
    density = gaussian_kde(unit, "silverman")
    reach = 3 * np.sqrt(density.covariance[0, 0])
    found = density(np.linspace(unit.min() - reach, unit.max() + reach, GRID))
    return len(find_peaks(found, prominence=PROMINENCE * found.max())[0])


def principal(images: np.ndarray, features: int = FEATURES) -> np.ndarray:
    """Return the leading principal axes [features, p] of images [n, p]."""
    from sklearn.decomposition import PCA

    count = min(features, *images.shape)
    return PCA(count, svd_solver="randomized", random_state=0).fit(images).components_


def distance(images: np.ndarray, others: np.ndarray, axes: np.ndarray) -> float:
    """Return the Fréchet distance of two sets of images, as Gaussians of their features.

    |μ₁ − μ₂|² + Tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^{1/2}) (Dowson & Landau 1982), with features that are
    coordinates along `axes` [k, p], such as `principal` axes of training images.
    """
    first, second = (x.reshape(len(x), -1).astype(float) @ axes.T for x in (images, others))
    apart = np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2)
    one, two = (np.atleast_2d(np.cov(x.T)) for x in (first, second))
    # The eigenvalues of a product of covariances are those of a symmetric matrix: not negative.
    shared = np.sum(np.sqrt(np.maximum(np.linalg.eigvals(one @ two).real, 0)))
    return float(max(apart + np.trace(one + two) - 2 * shared, 0.0))


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean over seeds, and the standard deviation over them; NaN of one seed."""
    found = np.asarray(values, float)
    return float(found.mean()), float(found.std(ddof=1)) if len(found) > 1 else np.nan
