"""How far the members may be trusted as draws: settled, mixed, at the right temperature."""

import numpy as np

from ...ensemble.diagnostics import SHORTEST, Diagnostics
from ...ensemble.ensemble import Ensemble
from ...recipes import CRITERIA, WITHIN, Criteria
from ..numbers import error, span
from .verdict import Verdict, graded


def of_chains(
    found: Diagnostics, ensemble: Ensemble, criteria: Criteria = CRITERIA
) -> list[Verdict]:
    """Judge the sampler by what its chains say about themselves."""
    return [
        _settling(found, ensemble),
        *_mixing(found, ensemble, criteria),
        *_independent_draws(found, ensemble, criteria),
        *_chosen_temperature(found, ensemble),
        *_some_frames(found, criteria),
        _kinetic_temperature(found, ensemble, criteria),
        *_configurational_temperature(found, ensemble, criteria),
        *_time_step(found, ensemble, criteria),
        *_batch_noise(found, criteria),
        _stationarity(found, ensemble, criteria),
        *_decoders(found, ensemble, criteria),
    ]


def _settling(found: Diagnostics, ensemble: Ensemble) -> Verdict:
    """Say which members were drawn too early; where chains are too short, that nobody can tell."""
    lost, lengths = sum(found.settled_from), [len(c) for c in ensemble.chains]
    text = (
        f"{lost:,} of {len(ensemble):,} members were drawn before the loss had settled and are "
        "left out"
    )
    starts = zip(found.settled_from, lengths, strict=True)
    if any(0 < length // 2 <= start for start, length in starts):
        text += "; a chain may not have settled at all: raise --updates or --draws"
        return Verdict.of("settling-never", "bad", text)
    if min(lengths) < SHORTEST:
        short = (
            f"{min(lengths)} draws of a chain are too few to tell whether its loss had settled: "
            f"raise --draws to {SHORTEST} or more"
        )
        return Verdict.of("settling-unknown", "caution", f"{text}; {short}" if lost else short)
    if lost:
        return Verdict.of("settling-left-out", "caution", text)
    text = "the loss had settled before the first member was drawn"
    return Verdict.of("settling-before", "good", text)


def _mixing(found: Diagnostics, ensemble: Ensemble, criteria: Criteria) -> list[Verdict]:
    if not found.mixing:
        return []
    worst = max(found.mixing, key=lambda m: m.r_hat)
    level = graded(worst.r_hat, criteria.r_hat)
    compared = (
        "over chains that share a decoder"
        if ensemble.settings.chains_per_decoder > 1
        else "within each chain; no two chains share a decoder (--chains-per-decoder)"
    )
    text = f"split R-hat is at most {worst.r_hat:.3f} ({worst.quantity}) {compared}"
    return [Verdict.of("mixing", level, text + ("" if level == "good" else ": raise --draws"))]


def _independent_draws(found: Diagnostics, ensemble: Ensemble, criteria: Criteria) -> list[Verdict]:
    if not found.mixing:
        return []
    least = min(found.mixing, key=lambda m: min(m.ess_bulk, m.ess_tail))
    size = min(least.ess_bulk, least.ess_tail)
    level = graded(size, criteria.effective_draws)
    text = (
        f"{len(ensemble):,} members are worth {size:.0f} independent ones ({least.quantity}; "
        f"autocorrelation time {least.time:.0f} draws)"
    )
    advice = "" if level == "good" else ": raise --draws or --chains"
    return [Verdict.of("independent-draws", level, text + advice)]


def _chosen_temperature(found: Diagnostics, ensemble: Ensemble) -> list[Verdict]:
    """Say which temperature was taken where none was asked for, and by what."""
    said = ensemble.attributes
    decoders = sorted({c.decoder_index for c in ensemble.chains})
    numbers = [
        tuple(said[f"start/{d}/validation{part}"] for part in ("", "_allowed", "_of_members"))
        for d in decoders
        if f"start/{d}/validation_of_members" in said
    ]
    if not numbers:
        return []
    begun, allowed, members = max(numbers, key=lambda three: three[2] / three[1])
    hottest = [
        said[f"start/{d}/temperature_allowed"]
        for d in decoders
        if f"start/{d}/temperature_allowed" in said  # which older files have not
    ]
    within = (
        f"{WITHIN:g} times that of the first weights, {error(begun)}"
        if allowed <= WITHIN * begun
        else f"{error(allowed)}, about what single precision resolves; that of the first weights "
        f"is {error(begun)}"
    )
    text = (
        f"T = {span(found.temperatures)}: the members' validation error, {error(members)}, stays "
        f"within {within}"
    )
    if hottest:
        text += f"; up to T = {span(hottest)} it would"
    if members <= allowed:
        return [Verdict.of("temperature-chosen", "good", text)]
    text = (
        f"T = {span(found.temperatures)}, the coldest that was tried, is too hot: the members' "
        f"validation error, {error(members)}, is more than {within}: give a lower --temperature"
    )
    return [Verdict.of("temperature-too-hot", "caution", text)]


def _some_frames(found: Diagnostics, criteria: Criteria) -> list[Verdict]:
    """Say whether the frames that the sampler saw stand for all of them."""
    if not np.isfinite(found.loss_of_all):
        return []
    level = "good" if abs(found.loss_of_all - 1) <= criteria.frames_agree else "caution"
    text = (
        f"on all training frames the loss is {found.loss_of_all:.2f} of that on those that the "
        "sampler saw"
    )
    advice = "" if level == "good" else ": raise --frames"
    return [Verdict.of("some-frames", level, text + advice)]


def _kinetic_temperature(found: Diagnostics, ensemble: Ensemble, criteria: Criteria) -> Verdict:
    outside = [la for la in found.layers if not la.interval[0] <= la.ratio <= la.interval[1]]
    if not outside:
        text = "the kinetic temperature of every layer is the set one, as far as χ² can tell"
        return Verdict.of("kinetic-temperature", "good", text)
    off = max(outside, key=lambda layer: abs(layer.ratio - 1))
    cause = (
        "BAOAB velocities run cold in stiff directions, its positions do not"
        if ensemble.settings.sampler == "langevin" and off.ratio < 1
        else "minibatches, a step that is too long or a chain that has not settled do this"
    )
    level = graded(abs(off.ratio - 1), criteria.kinetic_temperature)
    text = f"{off.name} is {off.ratio - 1:+.2%} off, more than chance explains: {cause}"
    return Verdict.of("kinetic-temperature-off", level, text)


def _shorter(ensemble: Ensemble) -> str:
    """Return what makes the sampler's step shorter: the step itself may be measured."""
    return "lower --step-share" if ensemble.settings.step_share else "shorten --step"


def _configurational_temperature(
    found: Diagnostics, ensemble: Ensemble, criteria: Criteria
) -> list[Verdict]:
    if not np.isfinite(found.configurational_temperature):
        return []
    hot = found.configurational_temperature - 1
    level = graded(abs(hot), criteria.configurational_temperature)
    text = f"positions are drawn at {1 + hot:.2f} of the set temperature"
    advice = "" if level == "good" else f": {_shorter(ensemble)}, and see that the loss has settled"
    return [Verdict.of("configurational-temperature", level, text + advice)]


def _time_step(found: Diagnostics, ensemble: Ensemble, criteria: Criteria) -> list[Verdict]:
    if not np.isfinite(found.step):
        return []
    level = graded(found.step, criteria.step_of_stable)
    text = f"the step is {found.step:.2f} of the largest stable one"
    advice = "" if level == "good" else f": {_shorter(ensemble)}"
    return [Verdict.of("time-step", level, text + advice)]


def _batch_noise(found: Diagnostics, criteria: Criteria) -> list[Verdict]:
    if not found.batch_noise > 0:
        return []
    level = graded(found.batch_noise, criteria.batch_noise)
    text = f"minibatches alone make the sampler {found.batch_noise:.2g} of T hotter"
    return [Verdict.of("batch-noise", level, text + ("" if level == "good" else ": raise --batch"))]


def _stationarity(found: Diagnostics, ensemble: Ensemble, criteria: Criteria) -> Verdict:
    level = "good" if abs(found.drift) < criteria.drift_percent else "caution"
    share = ensemble.settings.confinement
    text = (
        f"the mean loss of a chain changes by up to {found.drift:+.1f} % from the first to the "
        "last third; "
    ) + (
        f"weights are confined about the first ones, by {share:g} of their size, so that the "
        "distribution is a local one"
        if share
        else "without a prior flat directions diffuse, and the distribution is a local one: "
        "--confinement holds them"
    )
    if share and level == "caution":
        text += ": raise --draws"
    return Verdict.of("stationarity", level, text)


def _decoders(found: Diagnostics, ensemble: Ensemble, criteria: Criteria) -> list[Verdict]:
    """Say how far decoders agree: what one finds alone is not known to be what another would."""
    decoders = len({c.decoder_index for c in ensemble.chains})
    if decoders == 1:
        text = "one decoder: what another would find is not known; ask for more --chains"
        text += " than --chains-per-decoder" if ensemble.settings.chains_per_decoder > 1 else ""
        return [Verdict.of("one-decoder", "caution", text)]
    spread = {
        m.quantity: m.between_decoders for m in found.mixing if m.between_decoders is not None
    }
    if not spread:
        return []
    quantity, most = max(spread.items(), key=lambda item: item[1])
    text = (
        f"{decoders} decoders: their means differ by up to {most:.1f} of the spread within one "
        f"({quantity})"
    )
    level = "good" if most < criteria.between_decoders else "caution"
    return [Verdict.of("between-decoders", level, text)]
