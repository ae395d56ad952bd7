"""Plain sentences: what is fine, what is not, and what to change."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..discovery.chosen_dynamics import Answers
from ..discovery.measurement import Row
from ..discovery.mending import Flaws
from ..discovery.resampling import Spread
from ..discovery.result import Discovery
from ..ensemble.diagnostics import Diagnostics
from ..ensemble.ensemble import Ensemble
from ..recipes import INTERVAL, Criteria

# Where a verdict turns, from good to caution and from caution to bad.
R_HAT = (1.01, 1.05)
ESS = (400.0, 100.0)
TEMPERATURE = (0.02, 0.10)
CONFIGURATIONAL = (0.15, 0.5)  # its estimate is a rough one
STEP = (0.5, 0.8)  # of the largest stable step
RUNS = (0.05, 0.2)  # share of members whose equations do not run
FORECAST = (1.3, 3.0)  # forecast over reconstruction error
AS_GOOD = 1.05  # of the forecast error of POD
FEW = 10  # replicates: an interval of fewer says nothing
MANY = 4  # groups of collinear terms that are named
BATCH_NOISE = (0.05, 0.5)


class Verdict(NamedTuple):
    """One plain sentence about one subject; `level` is "good", "caution" or "bad"."""

    subject: str
    level: str
    text: str


def judge(found: Discovery) -> list[Verdict]:
    """Say in plain sentences what is fine, what is not, and what to change."""
    return [
        *of_input(found.flaws, found.dropped, len(found.members)),
        *(of_answers(found.answers, found.baselines) if found.answers else []),
        *of_chains(found.diagnostics, found.ensemble),
    ]


def of_input(flaws: Flaws, dropped: int, kept: int) -> list[Verdict]:
    """Say what could not be used, and what too little of it leaves unsaid."""
    said = []
    if flaws.frames:
        said.append(Verdict("frames", "caution", f"{flaws.frames:,} hold NaN and are left out"))
    if flaws.rates:
        said.append(
            Verdict("rates", "caution",
                    f"those of {flaws.rates:,} frames hold NaN: they are differences of the field")
        )  # fmt: skip
    if flaws.terms:
        said.append(
            Verdict("library", "bad",
                    f"terms that overflow on the data are left out: {', '.join(flaws.terms)}")
        )  # fmt: skip
    if dropped:
        said.append(
            Verdict("members", _level(dropped / (dropped + kept), RUNS),
                    f"{dropped:,} of {dropped + kept:,} give no finite coefficients and are left "
                    "out: their weights hold NaN, or terms overflow")
        )  # fmt: skip
    if kept == 1:
        said.append(
            Verdict("spread", "bad",
                    "there is one member: intervals over members mean nothing; raise --draws")
        )  # fmt: skip
    return said


def of_answers(a: Answers, baselines: Sequence[Row]) -> list[Verdict]:
    """Judge the equations: whether they run, how many there are, what the data leave open."""
    said = []
    if a.orbits is not None and a.spread is not None:
        share, kept = a.orbits.integrable_fraction, a.spread.orbits.integrable_fraction
        said.append(
            Verdict("do they run", _level(1 - share, RUNS),
                    f"{share:.1%} of {len(a.orbits.kind):,} members hold the data's cycle when "
                    f"integrated; with resampled frames {kept:.0%} of {len(a.spread.picked)} "
                    f"replicates do{_rotations(a)}")
        )  # fmt: skip
        reference = a.orbits.reference_period
        if a.spread.period is not None:
            low, high = a.spread.period
            inside = low <= reference <= high
            said.append(
                Verdict("period", "good" if inside and high - low < 0.03 * reference else "caution",
                        f"{INTERVAL:.0%} interval over encoders and frames "
                        f"[{low:.4f}, {high:.4f}], {(high - low) / reference:.1%} wide; the data's "
                        f"own, {reference:.4f}, lies {'inside' if inside else 'outside'}")
            )  # fmt: skip
        else:
            said.append(
                Verdict("period", "bad", "too few replicates hold the cycle to give an interval")
            )
        said += _off_the_cycle(a, a.spread)
    astray = [str(k) for k, tried in enumerate(a.trials, 1) if tried[0].error >= Criteria().lost]
    if astray:
        said.append(
            Verdict("choice", "bad",
                    f"no candidate's trajectories stay with the data on the validation stretches "
                    f"(mode {', '.join(astray)}): Eq. 16 stands as it is")
        )  # fmt: skip
    said.append(
        Verdict("forecast", _level(a.forecast.ratio, FORECAST),
                f"field error over {a.forecast.time[-1]:g} units of time is "
                f"{a.forecast.field:.4f}, {a.forecast.ratio:.2f} of the reconstruction's")
    )  # fmt: skip
    best = min(baselines, key=lambda row: row.forecast if np.isfinite(row.forecast) else np.inf)
    level = a.forecast.field / best.forecast if best.forecast > 0 else np.inf
    said.append(
        Verdict("against POD", "good" if level <= AS_GOOD else "caution",
                f"{best.name}, forecasts with an error of {best.forecast:.4f} in "
                f"{best.seconds:.2g} s, this ensemble with {a.forecast.field:.4f}")
    )  # fmt: skip
    said.append(_of_modes(a))
    if a.collinear:
        groups = "; ".join(", ".join(group) for group in a.collinear[:MANY])
        more = f"; and {len(a.collinear) - MANY} more" if len(a.collinear) > MANY else ""
        said.append(
            Verdict("single coefficients", "caution",
                    f"of all terms the data hardly tell these apart: {groups}{more}; only what a "
                    "group adds up to counts")
        )  # fmt: skip
    return said


def _rotations(a: Answers) -> str:
    names = [str(k) for k, t in enumerate(a.trials, 1) if t[0].candidate.terms.startswith("linear")]
    if not names:
        return ""
    which = "" if len(names) == len(a.trials) else f" of mode {', '.join(names)}"
    return f"; the equations{which} are linear: a rotation, as wide as it starts"


def _off_the_cycle(a: Answers, spread: Spread) -> list[Verdict]:
    """Say whether the cycle attracts, mode by mode: pooled, one would hide another."""
    held = spread.orbits.holds & np.isfinite(spread.orbits.growth)
    mode_of = a.modes.label[spread.picked]
    still = [k for k, tried in enumerate(a.trials) if tried[0].candidate.neutral]
    found = []
    for k in range(len(a.modes)):
        mine = held & (mode_of == k)
        if np.count_nonzero(mine) >= FEW and k not in still:
            found.append((k + 1, *spread.interval(spread.orbits.growth[mine])))
    if still and not found:
        text = "neither growth nor decay, by choice: equations that could do either ran no better; "
        return [
            Verdict("off the cycle", "caution",
                    text + "the data do not tell whether the cycle attracts")
        ]  # fmt: skip
    if not found:
        return []
    lows, highs = (np.array([f[i] for f in found]) for i in (1, 2))
    says = (
        "it attracts" if (highs <= 0).all() else
        "it repels, slowly enough to stay within the test" if (lows >= 0).all() else
        "the modes disagree; do not trust the equations off it" if lows.max() > highs.min() else
        "the data do not tell whether it attracts; do not trust the equations off it"
    )  # fmt: skip
    ends = ", ".join(
        f"[{low:.3f}, {high:.3f}]" + (f" (mode {k})" if len(found) > 1 else "")
        for k, low, high in found
    )
    if still:
        ends += f", 0 by choice (mode {', '.join(str(k + 1) for k in still)})"
    level = "good" if (highs <= 0).all() and not still else "caution"
    text = f"neighbours of the cycle grow at {ends} per unit of time: {says}"
    return [Verdict("off the cycle", level, text)]


def _of_modes(a: Answers) -> Verdict:
    """Say how many answers there are, up to changes of coordinates."""
    count = len(a.modes)
    if count == 1:
        alone = len(a.modes.label) == 1
        text = "of one member" if alone else "all members agree on the field"
        return Verdict("answers", "good", f"one answer: {text}")
    with_first = [e for e in a.equivalences if e.modes[0] == 0]
    same = {e.modes for e in with_first if e.same}
    alike = {e.modes for e in with_first if e.alike} - same
    text = (
        f"{count} answers, of weights {', '.join(f'{w:.0%}' for w in a.modes.weight)}; "
        f"{len(same)} of the {count - 1} others are the first in other coordinates"
    )
    if alike:
        text += f", {len(alike)} nearly, where the data are, though members tell them apart"
    return Verdict("answers", "good" if len(same) == count - 1 else "caution", text)


def of_chains(found: Diagnostics, ensemble: Ensemble) -> list[Verdict]:
    """Judge the sampler."""
    s, said = ensemble.settings, []
    lost = sum(found.settled_from)
    stuck = [
        i for i, c in zip(found.settled_from, ensemble.chains, strict=True) if 0 < len(c) // 2 <= i
    ]
    said.append(
        Verdict("settling", "bad" if stuck and lost else "caution" if lost else "good",
                f"{lost:,} of {len(ensemble):,} members were drawn before the loss had settled and "
                "are left out" + ("; a chain may not have settled at all: raise --updates or "
                "--draws" if stuck and lost else "") if lost else
                "the loss had settled before the first member was drawn")
    )  # fmt: skip
    if found.mixing:
        worst = max(found.mixing, key=lambda m: m.r_hat)
        shared = s.chains_per_decoder > 1
        said.append(
            Verdict("mixing", _level(worst.r_hat, R_HAT),
                    f"split R-hat is at most {worst.r_hat:.3f} ({worst.quantity}) "
                    + ("over chains that share a decoder" if shared else
                       "within each chain; no two chains share a decoder (--chains-per-decoder)")
                    + ("" if worst.r_hat <= R_HAT[0] else ": raise --draws"))
        )  # fmt: skip
        least = min(found.mixing, key=lambda m: min(m.ess_bulk, m.ess_tail))
        size = min(least.ess_bulk, least.ess_tail)
        said.append(
            Verdict("independent draws", _level(-size, tuple(-e for e in ESS)),
                    f"{len(ensemble):,} members are worth {size:.0f} independent ones "
                    f"({least.quantity}; autocorrelation time {least.time:.0f} draws)"
                    + ("" if size >= ESS[0] else ": raise --draws or --chains"))
        )  # fmt: skip
    outside = [la for la in found.layers if not la.interval[0] <= la.ratio <= la.interval[1]]
    off = max(outside or found.layers, key=lambda layer: abs(layer.ratio - 1))
    if outside:
        cause = (
            "BAOAB velocities run cold in stiff directions, its positions do not"
            if s.sampler == "langevin" and off.ratio < 1
            else "minibatches, a step that is too long or a chain that has not settled do this"
        )
        text = f"{off.name} is {off.ratio - 1:+.2%} off, more than chance explains: {cause}"
    else:
        text = "the kinetic temperature of every layer is the set one, as far as χ² can tell"
    level = _level(abs(off.ratio - 1), TEMPERATURE) if outside else "good"
    said.append(Verdict("kinetic temperature", level, text))
    if np.isfinite(found.configurational_temperature):
        hot = found.configurational_temperature - 1
        said.append(
            Verdict("configurational temperature", _level(abs(hot), CONFIGURATIONAL),
                    f"positions are drawn at {1 + hot:.2f} of the set temperature"
                    + ("" if abs(hot) <= CONFIGURATIONAL[0] else
                       ": shorten --step, and see that the loss has settled"))
        )  # fmt: skip
    if np.isfinite(found.step):
        said.append(
            Verdict("time step", _level(found.step, STEP),
                    f"--step is {found.step:.2f} of the largest stable one"
                    + ("" if found.step <= STEP[0] else ": shorten it"))
        )  # fmt: skip
    if found.batch_noise > 0:
        said.append(
            Verdict("batch noise", _level(found.batch_noise, BATCH_NOISE),
                    f"minibatches alone make the sampler {found.batch_noise:.2g} of T hotter"
                    + ("" if found.batch_noise <= BATCH_NOISE[0] else ": raise --batch"))
        )  # fmt: skip
    said.append(
        Verdict("stationarity", "good" if abs(found.drift) < 5 else "caution",
                f"the mean loss of a chain changes by up to {found.drift:+.1f} % from the first to "
                "the last third; "
                "without a prior flat directions diffuse, and the distribution is a local one")
    )  # fmt: skip
    decoders = len({c.decoder_index for c in ensemble.chains})
    spread = [m for m in found.mixing if m.between_decoders is not None]
    if decoders == 1:
        text = "one decoder: what another would find is not known; ask for more --chains"
        text += " than --chains-per-decoder" if s.chains_per_decoder > 1 else ""
        said.append(Verdict("decoders", "caution", text))
    elif spread:
        most = max(spread, key=lambda m: m.between_decoders or 0.0)
        said.append(
            Verdict("decoders", "good" if (most.between_decoders or 0) < 1 else "caution",
                    f"{decoders} decoders: their means differ by up to {most.between_decoders:.1f} "
                    f"of the spread within one ({most.quantity})")
        )  # fmt: skip
    return said


def _level(value: float, turns: tuple[float, ...]) -> str:
    return "good" if value <= turns[0] else "caution" if value <= turns[1] else "bad"
