"""What a start learns from and chooses by."""

from dataclasses import dataclass

import numpy as np

from ....dynamics.library import Library, standard
from ....errors import EaeSindyError
from ....recipes import Fit
from ....snapshots.frames import Frames
from ....snapshots.pod import Pod
from ....snapshots.split import TRAIN, VALIDATION
from ...objectives.data import seen
from .embedding import Latents
from .monomials import highest_degree
from .outer import Weights
from .terms import LibraryTerms, PolynomialTerms, Terms
from .units import Rows, Units

FEW = 1_000  # frames of the first descents
JUDGES = 1_000  # validation frames at most
LEAST_JUDGES = 20  # fewer cannot choose between models
TERMS_TO_FRAMES = 0.1  # at most so many terms for a training frame


@dataclass(frozen=True)
class Problem:
    """What a start learns from and chooses by; the test frames are not in it.

    Attributes
    ----------
    units : Units
    training, few, judges : Rows
        All training frames; some of them; the validation frames.
    inputs, input_rates : arrays [n, r]
        What the encoder sees of the training frames; rates are in the time scale of the data, as
        all rates here are.
    judge_inputs : array [n, r]
        And of those to judge by.
    weights : Weights
    terms : Terms
        Inside the loss.
    custom : bool
        Whether these are the user's own, which may depend on the frame of the latents.
    latents, hidden : int
        Latents, and units of the hidden layers.
    activation : str
    notes : tuple of str
        What is to be said of the frames.
    """

    units: Units
    training: Rows
    few: Rows
    judges: Rows
    inputs: np.ndarray
    input_rates: np.ndarray
    judge_inputs: np.ndarray
    weights: Weights
    terms: Terms
    custom: bool
    latents: int
    hidden: int
    activation: str
    notes: tuple[str, ...]

    def known(self, matrix: np.ndarray, shift: np.ndarray) -> Latents:
        """Return the latents z = Qa + c of all training frames with the inputs they come from."""
        rows = self.training
        values, rates = rows.field @ matrix.T + shift, rows.rate @ matrix.T
        return Latents(self.inputs, self.input_rates, values, rates)


def pose(
    settings: Fit, frames: Frames, pod: Pod, library: Library, rng: np.random.Generator
) -> Problem:
    """Return the problem of a fit. Raises `EaeSindyError` if the frames span too little."""
    mine, judging, notes = _parts(frames, rng)
    inputs, input_rates, targets, target_rates = seen(frames, pod, mine)
    judges = seen(frames, pod, judging)
    units = Units.of(targets, target_rates)
    if len(units.sigma) < settings.latents:
        raise EaeSindyError(
            f"the training frames vary in {len(units.sigma)} directions about their mean: ask for "
            "fewer --latents, or take --start random"
        )
    training = units.rows(targets, target_rates)
    some = np.sort(rng.permutation(len(training))[:FEW])
    if len(training) < settings.hidden[0]:
        notes.append(
            f"{len(training)} training frames are fewer than the {settings.hidden[0]} hidden units "
            "of the decoder: it may follow them too closely; give more frames, or a smaller "
            "--hidden"
        )
    known = standard(settings.latents, settings.degree, settings.sine, settings.constant)
    custom = library.terms != known.terms
    return Problem(
        units=units,
        training=training,
        few=training.take(some),
        judges=units.rows(*judges[2:]),
        judge_inputs=judges[0],
        inputs=inputs,
        input_rates=input_rates * units.time,
        weights=_weights(settings, units),
        terms=LibraryTerms(library) if custom else _polynomials(settings, len(some)),
        custom=custom,
        latents=settings.latents,
        hidden=settings.hidden[0],
        activation=settings.activation,
        notes=tuple(notes),
    )


def _polynomials(settings: Fit, frames: int) -> PolynomialTerms:
    """Return polynomials of the degree of the fit, or of the highest that the frames allow."""
    most = max(settings.latents + 1, int(TERMS_TO_FRAMES * frames))
    return PolynomialTerms(
        settings.latents, highest_degree(settings.latents, most, settings.degree)
    )


def _parts(frames: Frames, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return the frames to learn from, those to judge by, and what is to be said of that."""
    sound = np.isfinite(frames.coordinates).all(axis=1)
    sound &= np.isfinite(frames.rate_coordinates).all(axis=1)
    mine, judging = (rows[sound[rows]] for rows in map(frames.where, (TRAIN, VALIDATION)))
    notes = []
    if len(judging) < LEAST_JUDGES:
        notes.append(
            f"{len(judging)} validation frames are too few to choose by: every fifth training "
            "frame judges in their place; give a larger --validation"
        )
        judging, mine = mine[::5], np.delete(mine, np.s_[::5]) if len(mine) >= 10 else mine
    if len(judging) > JUDGES:
        judging = np.sort(rng.permutation(judging)[:JUDGES])
    return mine, judging, notes


def _weights(settings: Fit, units: Units) -> Weights:
    """Return what field and rate count in units of their own; together 1."""
    field, rate = settings.field_weight, settings.rate_weight
    if not settings.dimensionless:
        field, rate = field * units.unit**2, rate * (units.unit / units.time) ** 2
    return Weights(field / (field + rate), rate / (field + rate))
