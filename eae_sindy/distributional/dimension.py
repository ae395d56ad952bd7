"""How many latents data need, by Theorem 2 of Leban (2025): what surplus latents carry.

The energy score L_k of the law that the first k latents leave falls until the latents describe the
data, and is flat from there on. Surplus latents should then be functions of the others, say
nothing of the data that these do not, and leave reconstructed laws as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..dynamics.kind import (
    CHAOTIC,
    CONSERVATIVE,
    LIMIT_CYCLE,
    ONE_ORBIT,
    QUASI_PERIODIC,
    TRANSIENT,
    Kind,
)
from ..ensemble.distributional_model import DistributionalModel
from ..ensemble.intervals import interval
from ..ensemble.segments import Segments
from ..neural import distributional_models as models
from ..progress import Progress, Steps
from ..recipes import KNEE, DpaFit, Knee
from . import closure, neighbours
from .samples import Samples

PAIRS = 16  # of draws for the score of a held-out row
# Latents that a flow of a kind needs at least, if they are to be continuous: a closed orbit has an
# inside; no flow in the plane is chaotic, or turns with two frequencies (Poincaré–Bendixson).
LEAST: Mapping[str, int] = {
    **dict.fromkeys((LIMIT_CYCLE, TRANSIENT, CONSERVATIVE, ONE_ORBIT), 2),
    **dict.fromkeys((QUASI_PERIODIC, CHAOTIC), 3),
}


@dataclass(frozen=True)
class Curve:
    """A score against the number of latents, and where it becomes flat.

    Attributes
    ----------
    ratios : array [K + 1]
        L_k / L_0 on held-out rows.
    band : array [2, K + 1]
        Central 90 % over bootstrap replicates of these rows.
    dimension : int
        The first k after which all further latents lower the score by less than `Knee.gain`.
    agree : float
        Share of the replicates that have the same one.
    doubt : str
        Why that is no clean knee; empty if it is one.
    """

    ratios: np.ndarray
    band: np.ndarray
    dimension: int
    agree: float
    doubt: str

    @property
    def clean(self) -> bool:
        """Whether there is a knee, and no doubt of it."""
        return not self.doubt


@dataclass(frozen=True)
class Surplus:
    """What a latent beyond the dimension K′ carries, on held-out rows.

    Attributes
    ----------
    latent : int
        From 1.
    explained : float
        R² of it, predicted from the first K′ latents.
    gained : float
        Share of the variance of the rows by which it improves their prediction from these.
    independent : float
        p of its independence of the rows, given the first K′ latents.
    moved : float
        Energy distance between the laws decoded with all latents up to it and with K′, over L_0.
    same : float
        p of these laws being the same.
    """

    latent: int
    explained: float
    gained: float
    independent: float
    moved: float
    same: float


@dataclass(frozen=True)
class Dimension:
    """The number of latents that data need, and what speaks for it.

    Attributes
    ----------
    model : DistributionalModel
    knee : recipes.Knee
        The numbers that judged.
    curve : Curve
        Of the autoencoder.
    closed : bool
        Whether the rows lie on a surface of so many dimensions that has no edge. A code of as many
        latents then jumps somewhere, and a continuous one needs one more: see `closure.closed`.
    kind : Kind, optional
        What kind of dynamics they show, if they are frames: see `LEAST`.
    surplus : list of Surplus
        One for each latent beyond those.
    calibration : array [K + 1]
        E|X − Y| / E|Y − Y′| for each k: one of laws that are right.
    spread : array [K + 1]
        E|Y − Y′| over that of no latent: where it is next to nothing the ratio says nothing.
    control : Curve
        Of principal components, decoded linearly: distances to what they reconstruct.
    untrained : array [K + 1]
        Ratios of the same networks before they were trained.
    untrained_explained : list of float
        `Surplus.explained` of the untrained encoder's latents.
    """

    model: DistributionalModel
    knee: Knee
    curve: Curve
    closed: bool
    kind: Kind | None
    surplus: list[Surplus]
    calibration: np.ndarray
    spread: np.ndarray
    control: Curve
    untrained: np.ndarray
    untrained_explained: list[float] = field(default_factory=list)

    @property
    def latents(self) -> int:
        """Number K′ of latents beyond which all others are surplus."""
        return continuous(self.curve, self.closed, self.kind)

    @property
    def recommended(self) -> int | None:
        """Number of latents to fit; None without a clean knee."""
        return self.latents if self.curve.clean else None


def estimate(
    samples: Samples,
    settings: DpaFit,
    knee: Knee = KNEE,
    *,
    device: str | None = None,
    segments: Segments | None = None,
) -> Steps[Dimension]:
    """Train an autoencoder on samples, and judge by it how many latents they need.

    Raises `EaeSindyError` if the training diverges.
    """
    begun = samples.begin(settings)
    model = yield from models.iterate(samples.train, begun, device=device, segments=segments)
    return (yield from judge(model, samples, knee))


def judge(model: DistributionalModel, samples: Samples, knee: Knee = KNEE) -> Steps[Dimension]:
    """Judge by a trained model how many latents the samples need."""
    total = 3 + model.settings.latents
    yield Progress("scores", 0, total)
    rng, test = np.random.default_rng([knee.seed, 2]), samples.test
    found = curve(models.scores(model, test, pairs=PAIRS), knee)
    yield Progress("scores", 1, total)
    near, apart = (d.mean(axis=1) for d in models.distances(model, test, 1.0, pairs=PAIRS))
    yield Progress("scores", 2, total)
    before = models.untrained(model)
    flat = models.scores(before, test, pairs=PAIRS).mean(axis=1)
    closed = found.clean and closure.closed(samples.train, found.dimension)
    at = continuous(found, closed, samples.kind)
    if (lack := _lack(at, model, samples)) and found.clean:
        found = replace(found, doubt=lack)
        at = continuous(found, closed, samples.kind)
    surplus = []
    for latent in range(at + 1, model.settings.latents + 1):
        yield Progress("surplus latents", 2 + latent, total)
        surplus.append(_surplus(model, samples, at, latent, knee, rng))
    yield Progress("surplus latents", total, total)
    known, wanted = (models.codes(before, rows).astype(float) for rows in (samples.train, test))
    return Dimension(
        model=model,
        knee=knee,
        curve=found,
        closed=closed,
        kind=samples.kind,
        surplus=surplus,
        calibration=near / np.maximum(apart, np.finfo(float).tiny),
        spread=apart / apart[0],
        control=curve(principal(samples, model.settings), knee),
        untrained=flat / flat[0],
        untrained_explained=[
            explained(known, wanted, at, latent, knee)
            for latent in range(at + 1, model.settings.latents + 1)
        ],
    )


def continuous(found: Curve, closed: bool, kind: Kind | None) -> int:
    """Return how many latents it takes, so that they can be continuous; without a knee those of it.

    See `Dimension.closed`, and `LEAST`.
    """
    least = LEAST.get(kind.name, 0) if kind is not None and found.clean else 0
    return max(found.dimension + closed, least)


def _lack(latents: int, model: DistributionalModel, samples: Samples) -> str:
    """Say what is missing for so many continuous latents; nothing if nothing is."""
    said = f"the dynamics take {latents} continuous latents"
    if latents > samples.train.shape[1]:
        return f"{said}, and the rows have {samples.train.shape[1]} columns: make --delays"
    if latents > model.settings.latents:
        return f"{said}, and the model has {model.settings.latents}: raise --latents"
    return ""


def curve(scores: np.ndarray, knee: Knee) -> Curve:
    """Judge scores [K + 1, n] of held-out rows."""
    rng = np.random.default_rng([knee.seed, 1])
    ratios = _ratios(scores.mean(axis=1))
    n = scores.shape[1]
    drawn = np.stack(
        [_ratios(scores[:, rng.integers(n, size=n)].mean(axis=1)) for _ in range(knee.replicates)]
    )
    dimension = flat_from(ratios, knee)
    agree = float(np.mean([flat_from(one, knee) == dimension for one in drawn]))
    return Curve(ratios, interval(drawn), dimension, agree, _doubt(ratios, dimension, agree, knee))


def _ratios(means: np.ndarray) -> np.ndarray:
    return means / means[0]


def flat_from(ratios: np.ndarray, knee: Knee) -> int:
    """Return the first k after which all further latents lower L_k / L_0 by less than the gain."""
    rest = ratios - np.minimum.accumulate(ratios[::-1])[::-1]
    return int(np.argmax(rest < knee.gain))


def _doubt(ratios: np.ndarray, k: int, agree: float, knee: Knee) -> str:
    """Say why the score has no clean knee at k; nothing if it has."""
    latents = len(ratios) - 1
    if k == latents:
        return f"each of the {latents} latents still lowers the score: more may be needed"
    if k == 0:
        return "no latent lowers the score: there is nothing that few latents describe"
    if ratios[k] > knee.left:
        return f"{k} latents leave {ratios[k]:.2f} of the score, and others take little of it"
    own, rest = ratios[k - 1] - ratios[k], ratios[k] - ratios[k:].min()
    if own < knee.clear * rest:
        return (
            f"the score falls gradually: latent {k} lowers it by {own:.3f} of that of none, and "
            f"those after it by {rest:.3f}"
        )
    if agree < knee.agree:
        return f"only {agree:.0%} of the bootstrap replicates find {k}"
    return ""


def principal(samples: Samples, settings: DpaFit) -> np.ndarray:
    """Return |x − x̂_k|^β [K + 1, n] of held-out rows, reconstructed from k principal components.

    K is that of the settings, or the number of columns if that is less.
    """
    about = samples.test - samples.train.mean(axis=0)
    _, _, axes = np.linalg.svd(samples.train - samples.train.mean(axis=0), full_matrices=False)
    found = [np.linalg.norm(about, axis=1)]
    for k in range(1, min(settings.latents, len(axes)) + 1):
        found.append(np.linalg.norm(about - about @ axes[:k].T @ axes[:k], axis=1))
    return np.stack(found) ** settings.beta


# ---- Surplus latents


def _surplus(
    model: DistributionalModel,
    samples: Samples,
    dimension: int,
    latent: int,
    knee: Knee,
    rng: np.random.Generator,
) -> Surplus:
    """Measure what a latent beyond the dimension carries."""
    test = samples.test
    known, wanted = (models.codes(model, rows).astype(float) for rows in (samples.train, test))
    first, own = slice(0, dimension), slice(latent - 1, latent)
    both = [*range(dimension), latent - 1]

    def missed(columns: slice | list[int], values: np.ndarray, truth: np.ndarray) -> np.ndarray:
        if not known[:, columns].size:
            return truth - values.mean(axis=0)
        return truth - neighbours.predict(
            known[:, columns], values, wanted[:, columns], knee.neighbours
        )

    rest = missed(first, samples.train, test)
    rest_with = missed(both, samples.train, test)
    of_latent = missed(first, known[:, own], wanted[:, own])
    variance = ((test - test.mean(axis=0)) ** 2).sum()
    chosen = rng.permutation(len(test))[: knee.rows]
    labels = neighbours.groups(wanted[chosen, first], knee.neighbours)
    moved, same = laws(model, wanted[chosen], (dimension, latent), knee, rng)
    nothing = models.scores(model, test, 1.0, pairs=2)[0].mean()
    blurred, blurred_latent = (
        _blurred(values[chosen], knee.resolution * np.sqrt(_about(about) / about.size), rng)
        for values, about in ((rest, test), (of_latent, wanted[:, own]))
    )
    return Surplus(
        latent=latent,
        explained=explained(known, wanted, dimension, latent, knee),
        gained=float(((rest**2).sum() - (rest_with**2).sum()) / variance),
        independent=independence(blurred, blurred_latent, labels, knee, rng),
        moved=float(moved / nothing),
        same=same,
    )


def _blurred(values: np.ndarray, by: float, rng: np.random.Generator) -> np.ndarray:
    """Add normal noise of a standard deviation."""
    return values + by * rng.normal(size=values.shape)


def _about(values: np.ndarray) -> float:
    return float(np.maximum(((values - values.mean(axis=0)) ** 2).sum(), np.finfo(float).tiny))


def explained(
    known: np.ndarray, wanted: np.ndarray, dimension: int, latent: int, knee: Knee
) -> float:
    """Return R² of a latent of `wanted` rows [m, K], predicted from the first ones.

    By extremely randomised trees (Geurts et al. 2006), which a jump of a code does not disturb, and
    no change of its scale.
    """
    own = latent - 1
    if not dimension:
        return 0.0
    from sklearn.ensemble import ExtraTreesRegressor

    trees = ExtraTreesRegressor(knee.trees, random_state=knee.seed)
    made = trees.fit(known[:, :dimension], known[:, own]).predict(wanted[:, :dimension])
    return float(1 - ((wanted[:, own] - made) ** 2).sum() / _about(wanted[:, own]))


def independence(
    rows: np.ndarray, latent: np.ndarray, labels: np.ndarray, knee: Knee, rng: np.random.Generator
) -> float:
    """Return p of rows [n, N] and a latent [n, 1] being independent, given other latents.

    Both are what a regression on the others leaves of them. Their distance covariance is compared
    with that after values of the latent were exchanged among rows that are alike in the others, by
    `labels` [n].
    """
    first, second = neighbours.covariance(rows, latent)
    null = np.empty(knee.permutations)
    for i in range(knee.permutations):
        order = neighbours.permuted(labels, rng)
        null[i] = np.vdot(first, second[np.ix_(order, order)])
    return neighbours.p_value(float(np.vdot(first, second)), null)


def laws(
    model: DistributionalModel,
    codes: np.ndarray,
    prefixes: tuple[int, int],
    knee: Knee,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Compare the laws of rows given two prefixes of their codes.

    Parameters
    ----------
    codes : array [n, K]
    prefixes : tuple of int
        How many of the codes are looked at, in one and in the other.

    Returns
    -------
    moved : float
        Mean over rows of the energy distance 2E|A − B| − E|A − A′| − E|B − B′|, unbiased.
    same : float
        p, by exchanging draws of the two laws of each row.
    """
    seeds = rng.integers(2**31, size=2)
    both = np.concatenate(
        [
            models.sample(model, codes, k, knee.draws, int(seed))
            for k, seed in zip(prefixes, seeds, strict=True)
        ]
    ).transpose(1, 0, 2)
    rows = both.mean(axis=1)
    blurred = _blurred(both, knee.resolution * np.sqrt(_about(rows) / rows.size), rng)
    sharp, apart = (
        np.stack([np.linalg.norm(row[:, None] - row, axis=2) for row in draws])
        for draws in (both, blurred)
    )
    signs = np.repeat([1.0, -1.0], knee.draws)
    moved, found = (energy(a, np.broadcast_to(signs, a.shape[:2])) for a in (sharp, apart))
    drawn = np.empty(knee.permutations)
    for i in range(knee.permutations):
        drawn[i] = energy(apart, signs[np.argsort(rng.random(apart.shape[:2]), axis=1)])
    return moved, neighbours.p_value(found, drawn)


def energy(apart: np.ndarray, signs: np.ndarray) -> float:
    """Return the mean energy distance of draws that `signs` [n, 2J], half +1 and half −1, part.

    `apart` [n, 2J, 2J] are their distances.
    """
    draws = signs.shape[1] // 2
    whole = apart.sum(axis=(1, 2)).mean()
    cross = np.einsum("ni,nij,nj->", signs, apart, signs, optimize=True) / len(apart)
    within = (whole + cross) / (2 * draws * (draws - 1))
    return float((whole - cross) / (2 * draws**2) - within)
