"""What claims are tried on: distributional autoencoders trained on draws of a law, and controls."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from ..errors import EaeSindyError
from ..neural import distributional_models as models
from ..neural import plain_models
from ..progress import Progress, Steps, mapped
from ..recipes import PATH_MEANS, SCORE_LAWS, SCORE_MEANS, DpaFit, PathChecks, ScoreChecks
from . import path
from .analytic_codes import Linear, Nearest, Polar, Radius
from .claims import ANGLE, ASKEW, FIRST, LAWS_OF, MEANS, PCA, PLAIN, RADIUS, SPIRAL, UNTRAINED
from .laws import Law, MuellerBrown
from .level_sets import level_sets
from .path import Paths, Route
from .score import Draws, Subject

T = TypeVar("T")
PITCH, TURNS = 1.13, 2.55  # of a spiral over N(0, I): closely wound, and out to three deviations
CHOSEN_BY = 40  # level sets
ROWS, BINNED = 0xF17, 0xB1D  # of a seed: draws that are trained on, and draws that are binned


def known(name: str) -> list[Subject]:
    """Return codes that are written down, of which the truth on a law is known."""
    first = Subject(FIRST, Linear(np.eye(1, 2)))
    spiral = Subject(SPIRAL, Nearest.spiral(PITCH, TURNS))
    return {
        "normal": [Subject(ANGLE, Polar()), Subject(RADIUS, Radius()), first, spiral],
        "anisotropic": [first, Subject(ASKEW, Linear(np.ones((1, 2))))],
    }.get(name, [])


def of_law(name: str, law: Law, settings: ScoreChecks) -> Steps[Sequence[Subject]]:
    """Train what is judged on a law, and what should fail beside it.

    Of the model for β = 2 several are trained, from other weights each, and the one whose first
    code leaves the least variance of the rows is taken: a straight code is a stationary point, and
    some trainings end there.
    """
    s = settings
    rows = law.draw(s.rows, np.random.default_rng([s.seed, ROWS]))
    code, draws = yield from _best(rows, SCORE_MEANS.but(seed=s.seed), s.starts, law.title)
    found = [Subject(MEANS, code, draws)]
    code, draws = yield from _best(rows, SCORE_LAWS.but(seed=s.seed), 1, law.title)
    found.append(Subject(LAWS_OF, code, draws))
    plain = yield from _said(
        plain_models.train_plain(rows, SCORE_MEANS.but(latents=1, seed=s.seed)), law.title
    )
    found.append(Subject(PLAIN, plain, lambda x, seed: plain.decode(plain.codes(x))))
    found.append(Subject(PCA, Linear.principal(rows)))
    begun = models.untrained(models.begin(rows, SCORE_MEANS.but(seed=s.seed)))
    found.append(Subject(UNTRAINED, models.FittedCode(begun)))
    return [*found, *known(name)]


def _best(
    rows: np.ndarray, fit: DpaFit, starts: int, title: str
) -> Steps[tuple[models.FittedCode, Draws]]:
    """Return the code of the best of several trainings, and draws given its first code."""
    tried = []
    for k in range(starts):
        steps = models.train_on(rows, fit.but(seed=fit.seed + k))
        model = yield from _said(steps, f"{title}, β = {fit.beta:g}, start {k + 1} of {starts}")
        tried.append((_left(rows, models.FittedCode(model)), k, model))
    model = min(tried)[2]

    def draws(x: np.ndarray, seed: int) -> np.ndarray:
        return models.sample(model, models.codes(model, x), 1, 1, seed)[0]

    return models.FittedCode(model), draws


def _left(rows: np.ndarray, code: models.FittedCode) -> float:
    """Return E Var(X | e) of the first code over the rows; infinite of one that has collapsed.

    The loss itself will not do to choose by: at β = 2 it does not see how far draws spread, and
    its estimate from two of them may be lost in that.
    """
    try:
        return level_sets(rows, code.codes(rows)[:, 0], CHOSEN_BY).mean_variance
    except EaeSindyError:
        return np.inf


def _said(steps: Steps[T], title: str) -> Steps[T]:
    def named(step: Progress) -> Progress:
        return step._replace(stage=f"{title}: {step.stage}")

    return mapped(steps, named)


def paths(settings: PathChecks) -> Steps[Paths]:
    """Train on Boltzmann draws for every seed, and hold every curve against the string.

    Each seed has its own draws to train on and to bin, and none is left out.
    """
    law, found = MuellerBrown(), path.straight_lines()
    for seed in range(settings.seed, settings.seed + settings.seeds):
        rows = law.draw(settings.rows, np.random.default_rng([seed, ROWS]))
        x = law.draw(settings.draws, np.random.default_rng([seed, BINNED]))
        found += yield from _of_seed(seed, rows, x, settings)
    return Paths(path.reference(), found, settings, cloud=rows[:4000])


def _of_seed(
    seed: int, rows: np.ndarray, x: np.ndarray, settings: PathChecks
) -> Steps[list[Route]]:
    """Return the curves of one seed: of a distributional autoencoder, and of the others."""
    fit = PATH_MEANS.but(seed=seed)
    model = yield from _said(models.train_on(rows, fit), f"seed {seed}")
    found = list(path.of_code("DPA", seed, x, models.FittedCode(model), settings))
    found += path.of_code("PCA", seed, x, Linear.principal(rows), settings)
    for latents in (1, 2):
        plain = yield from _said(
            plain_models.train_plain(rows, fit.but(latents=latents)), f"seed {seed}"
        )
        name = f"AE of {latents}"
        if latents == 1:
            found += path.of_code(name, seed, x, plain, settings)
        found.append(path.of_line(name, seed, plain, plain.decode))
    return found
