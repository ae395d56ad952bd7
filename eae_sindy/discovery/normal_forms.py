"""One frame for all decoders: the normal form of every witness, and intervals of its coefficients.

Latents of different decoders are different charts, and coefficients in them cannot be compared or
averaged. Those of the normal form can: see `dynamics.normal_form`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..dynamics import canonical, normal_form
from ..dynamics.least_squares import Triangle
from ..dynamics.normal_form import NAMES, NormalForm
from ..ensemble.members import each
from ..recipes import Criteria
from . import refits, resampling
from .candidates import Candidate
from .member_fits import Fits
from .modes import Modes
from .resampling import Spread
from .selection import Trial

MOST_WITHOUT = 0.1  # of the replicates: with more that have no normal form there is none
WITH_CYCLE = 0.95  # of normal forms: from here on the cycle is the unit of amplitude for all

Found = tuple[NormalForm | None, str]


@dataclass(frozen=True)
class NormalForms:
    """Coefficients (μ, ω, a, b) that decoders have in common, or not.

    Attributes
    ----------
    names : tuple of str [4]
    joint : array [2, 4]
        Intervals over encoders, decoders and frames.
    median : array [4]
        Over the witnesses.
    decoders : array of int [k]
    medians : array [k, 4]
        Over the witnesses of each.
    intervals : array [k, 2, 4]
        Of each decoder by itself, over encoders and frames; NaN where replicates are few.
    disagree : list of str
        Names of coefficients of which no value lies in the intervals of all decoders.
    compared : bool
        Whether two decoders at least have intervals.
    cycle : bool
        Whether the unit of amplitude is that of the cycle; else it is the r.m.s. of the data.
    amplitude : float
        Of the cycle of the normal form over the r.m.s. of the data, median over the witnesses that
        have one; NaN if none has. Far from one the cubic equations say little on the data's cycle.
    frames : {"train", "late"}
        Those on which the cubic equations were fitted.
    share : float
        Of the replicates that have a normal form in that unit.
    notes : list of str
        What was done of more than half of them, out of the usual.
    reason : str
        Why there is no normal form, in a sentence; then the arrays are NaN. Empty if there is one.
    """

    names: tuple[str, ...]
    joint: np.ndarray
    median: np.ndarray
    decoders: np.ndarray
    medians: np.ndarray
    intervals: np.ndarray
    disagree: list[str]
    compared: bool
    cycle: bool
    amplitude: float
    frames: str
    share: float
    notes: list[str]
    reason: str


def find(
    fits: Fits,
    modes: Modes,
    trials: Sequence[Sequence[Trial]],
    spread: Spread,
    criteria: Criteria,
    seed: int = 0,
) -> NormalForms | None:
    """Find the normal forms of witnesses and of replicates; None unless there are two latents.

    Parameters
    ----------
    fits : Fits
    modes : Modes
    trials : sequence of sequences of Trial
        Of each mode, the chosen one first: they decide the frames.
    spread : Spread
        Whose replicates are fitted once more, by cubics, all on the same choice of frames.
    criteria : recipes.Criteria
    """
    if fits.values.shape[2] != 2:
        return None
    frames = _frames(modes, trials)
    decoder_of = np.array([c.decoder_index for c in fits.ensemble.chains])
    members = decoder_of[fits.ensemble.chain_of[fits.members[fits.witnessed]]]
    return collect(
        _of_members(fits, frames), members, _of_replicates(fits, frames, spread, criteria, seed),
        spread, frames,
    )  # fmt: skip


def _frames(modes: Modes, trials: Sequence[Sequence[Trial]]) -> str:
    """Return "late" if most members' equations are fitted to late frames, else "train"."""
    late = [tried[0].candidate.frames == "late" for tried in trials]
    return "late" if np.sum(modes.weight[late]) > 0.5 else "train"


def _of_members(fits: Fits, frames: str) -> list[Found]:
    """Return the normal form of every witness."""
    library = canonical.cubics()
    way = Candidate("cubic", frames, 0.0, np.ones(len(library), bool), library=library)

    def one(index: int) -> Found:
        factor = refits.factor_of(fits, int(index), way).split(len(library))
        return normal_form.of_factor(*factor, fits.data.start[index])

    return list(each(fits.witnessed, one))


def _of_replicates(
    fits: Fits, frames: str, spread: Spread, criteria: Criteria, seed: int
) -> list[Found]:
    """Return the normal form of every replicate, its frames drawn in blocks of time."""
    library, every = canonical.cubics(), fits.ensemble.frames
    rows = resampling.in_order(every, fits.rows(frames))
    time, trajectory = every.time[rows], every.trajectory[rows]
    length = criteria.block * fits.time_scale

    def one(index: int) -> Found:
        rng = np.random.default_rng([seed, 2, index])
        chosen = resampling.blocks(time, trajectory, length, rng)
        member = int(spread.picked[index])
        z, rate = fits.latents(member, rows)
        factor = Triangle.of(library(z[chosen]), rate[chosen]).split(len(library))
        return normal_form.of_factor(*factor, fits.data.start[member])

    return list(each(range(len(spread.picked)), one))


def collect(
    of_members: Sequence[Found],
    decoder_of: np.ndarray,
    of_replicates: Sequence[Found],
    spread: Spread,
    frames: str,
) -> NormalForms:
    """Return the intervals of normal forms, and in which coefficients decoders differ.

    Parameters
    ----------
    of_members : sequence [w] of pairs of NormalForm and reason
        Of the witnesses; `decoder_of` [w] are their decoders.
    of_replicates : sequence [replicates] of the same
    spread : Spread
        Of these replicates.
    """
    made = [form for form, _ in [*of_members, *of_replicates] if form is not None]
    cycle = bool(made) and float(np.mean([form.cycle for form in made])) >= WITH_CYCLE
    members, replicates = (_table(forms, cycle) for forms in (of_members, of_replicates))
    sound = np.isfinite(replicates).all(axis=1)
    share, decoders = float(sound.mean()), np.unique(spread.decoder)
    reason = _reason(of_replicates, share)
    if np.count_nonzero(sound) < spread.least or not np.isfinite(members).all(axis=1).any():
        reason = reason or "too few members have a normal form for an interval"
    medians, ends = np.full((len(decoders), 4), np.nan), np.full((len(decoders), 2, 4), np.nan)
    joint, median, disagree = np.full((2, 4), np.nan), np.full(4, np.nan), list[str]()
    compared = False
    if not reason:
        joint = spread.interval(replicates[sound], sound)
        median = np.nanmedian(members, axis=0)
        for k, decoder in enumerate(decoders):
            own = members[(decoder_of == decoder) & np.isfinite(members).all(axis=1)]
            mine = sound & (spread.decoder == decoder)
            if len(own):
                medians[k] = np.median(own, axis=0)
            if np.count_nonzero(mine) >= spread.least:
                ends[k] = spread.interval(replicates[mine], mine)
        judged = np.isfinite(ends).all(axis=(1, 2))
        compared = bool(np.count_nonzero(judged) > 1)
        if compared:
            # Decoders have the frames in common, so that these intervals are wider than what they
            # differ by at random: that there is no value in all of them is more than chance.
            apart = ends[judged, 0].max(axis=0) > ends[judged, 1].min(axis=0)
            disagree = [name for name, off in zip(NAMES, apart, strict=True) if off]
    return NormalForms(
        names=NAMES,
        joint=joint,
        median=median,
        decoders=decoders,
        medians=medians,
        intervals=ends,
        disagree=disagree,
        compared=compared,
        cycle=cycle,
        amplitude=_amplitude(of_members),
        frames=frames,
        share=share,
        notes=_notes(of_replicates),
        reason=reason,
    )


def _table(forms: Sequence[Found], cycle: bool) -> np.ndarray:
    """Return (μ, ω, a, b) [n, 4] in one unit of amplitude, NaN where there are none in it."""
    rows = np.full((len(forms), 4), np.nan)
    for k, (form, _) in enumerate(forms):
        if form is not None and not cycle:
            rows[k] = form.in_units_of_the_data
        elif form is not None and form.cycle:
            rows[k] = form[:4]
    return rows


def _amplitude(forms: Sequence[Found]) -> float:
    """Return the amplitude of the cycle in units of the data's r.m.s., median of those with one."""
    found = [form.amplitude for form, _ in forms if form is not None and form.cycle]
    return float(np.median(found)) if found else np.nan


def _most(said: Iterable[str]) -> tuple[str, int]:
    """Return the sentence that is said most often, and how often."""
    counted = Counter(said).most_common(1)
    return counted[0] if counted else ("", 0)


def _reason(forms: Sequence[Found], share: float) -> str:
    """Return why there is no normal form: of too many replicates there is none."""
    if share >= 1 - MOST_WITHOUT:
        return ""
    often, _ = _most(reason for form, reason in forms if form is None)
    return f"{1 - share:.0%} of {len(forms)} replicates have none, most often because {often}"


def _notes(forms: Sequence[Found]) -> list[str]:
    """Return the notes of more than half of the normal forms."""
    notes = Counter(note for form, _ in forms if form for note in form.note.split("; ") if note)
    many = sum(form is not None for form, _ in forms)
    return [note for note, times in notes.items() if times > many / 2]
