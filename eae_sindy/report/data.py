"""Snapshots in words: what is in them, and what a fit would make of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..dynamics.kinds import tell
from ..progress import count
from ..recipes import KIND_CRITERIA, Fit
from ..snapshots import profile
from ..snapshots.preparation import NOISY
from ..snapshots.profile import Profile, Timing
from ..snapshots.snapshots import Snapshots

SOURCE = "source"  # what attributes begin with that say where snapshots come from
SHOWN = 6  # lengths of trajectories, attributes of several numbers, that are told one by one
FRAMES_A_PERIOD = 8  # of those that tell the kind of dynamics, at least
DOUBT = 0.1  # of rates: what differs more from differences of the field is worth a word


def facts(snapshots: Snapshots) -> list[str]:
    """Return what is in snapshots, as lines; no frame is read."""
    t = profile.timing(snapshots)
    found = [
        f"{count(len(snapshots), 'frame')} of {_size(snapshots)} in "
        f"{_trajectories(t)}, t = {t.start:g} to {t.end:g}",
        _steps(t),
        _origin(snapshots),
    ]
    if snapshots.mask is not None:
        found.append(f"mask: {snapshots.size:,} of {snapshots.mask.size:,} points of a frame count")
    found += _channels(snapshots.attributes)
    if notes := snapshots.attributes.get("source_notes"):
        found.append(f"note: {notes}")
    return found


def lines(snapshots: Snapshots, found: Profile, settings: Fit) -> list[str]:
    """Return all that `info` prints of snapshots.

    Parameters
    ----------
    snapshots : Snapshots
    found : profile.Profile
    settings : recipes.Fit
        Of the fit that they may go to.
    """
    own = {k: v for k, v in snapshots.attributes.items() if not _told(k)}
    told = [f"attributes: {', '.join(f'{k} {_short(v)}' for k, v in own.items())}"] if own else []
    read = len(found.rows)
    few = "" if read == len(snapshots) else f" (of {read:,} frames spread evenly)"
    modes = ", ".join(
        f"{k} for {100 * s:.6g}%" if k else f"more than {len(found.carried)} for {100 * s:.6g}%"
        for s, k in found.modes.items()
    )
    return [
        *facts(snapshots),
        *told,
        split(found.parts),
        f"scales{few}: the mean frame has r.m.s. {found.mean:.4g}, the fluctuation about it "
        f"{found.fluctuation:.4g}",
        f"POD modes{few}: {modes} of the variance",
        _frequencies(found),
        *_kind(snapshots, found),
        *_noise(found),
        *_rates(found),
        _fit(snapshots, found, settings),
    ]


def _told(name: str) -> bool:
    """Tell whether an attribute is told in a line of its own."""
    return name.startswith((SOURCE, "channel_")) or name in ("format_version", "trajectory_names")


def _size(snapshots: Snapshots) -> str:
    return f"{' x '.join(f'{k:,}' for k in snapshots.shape)} ({snapshots.field.dtype})"


def _trajectories(t: Timing) -> str:
    """Say how many trajectories there are, and how long."""
    lengths = list(t.lengths.values())
    if len(lengths) == 1:
        return "1 trajectory"
    if len(set(lengths)) == 1:
        return f"{len(lengths)} trajectories of {count(lengths[0], 'frame')}"
    each = ", ".join(f"{k:,}" for k in lengths)
    if len(lengths) > SHOWN:
        each = f"{min(lengths):,} to {max(lengths):,}"
    return f"{len(lengths)} trajectories of {each} frames"


def _steps(t: Timing) -> str:
    if not np.isfinite(t.step):
        return "time step: none, no trajectory has two frames"
    each = " each" if len(t.lengths) > 1 else ""
    gaps = f", {count(t.gaps, 'gap')} of up to {t.longest:.4g}" if t.gaps else ""
    return f"time step: {t.step:.4g}{gaps}; {t.duration:.4g} long{each}"


def _origin(snapshots: Snapshots) -> str:
    """Say where field and rate come from."""
    a = snapshots.attributes
    told = {k: a[f"source_{k}"] for k in ("field", "rate", "time", "trajectory")
            if f"source_{k}" in a}  # fmt: skip
    if snapshots.rate is None:
        told["rate"] = "not given, fit makes them of the field along each trajectory"
    elif "rate" not in told:
        told["rate"] = "given"
    known = "; ".join(f"{k}: {_names(told[k])}" for k in ("field", "rate", "time", "trajectory")
                      if k in told)  # fmt: skip
    return known + (f" (from {a['source']}, {a['source_format']})" if "source_format" in a else "")


def _names(text: str) -> str:
    """Return names between commas; of many of them the first and the last."""
    names = text.split(", ")
    return text if len(names) <= SHOWN else f"{len(names)} of them, {names[0]} to {names[-1]}"


def _channels(attributes: Mapping[str, Any]) -> list[str]:
    """Say which axis holds channels, and what each of them was divided by."""
    if "channel_axis" not in attributes:
        return []
    names = [str(n) for n in attributes.get("channel_names", ())]
    scales = np.ravel(attributes.get("channel_scale", ()))
    each = [f"{n} / {s:.4g}" for n, s in zip(names, scales, strict=False)] or names
    if len(each) > SHOWN:
        each = [*each[:SHOWN], f"and {len(each) - SHOWN} more"]
    said = f"channels: axis {attributes['channel_axis']} of a frame"
    return [f"{said}, {', '.join(each)}" if each else said]


def _short(value: Any) -> str:
    """Return an attribute on a few characters."""
    if isinstance(value, str):
        return " ".join(value.split())[:60]
    numbers: Sequence[Any] = np.ravel(value).tolist()
    shown = " ".join(f"{v:.6g}" if isinstance(v, float) else str(v) for v in numbers[:SHOWN])
    return shown + (" …" if len(numbers) > SHOWN else "")


def activation(taken: str, attributes: Mapping[str, Any]) -> list[str]:
    """Return a line on the activation that an ensemble was given, if frames chose it."""
    start = "activation/"
    errors = {k.removeprefix(start): v for k, v in attributes.items() if k.startswith(start)}
    if taken not in errors:
        return []
    others = ", ".join(f"{k} {v:.2g}" for k, v in errors.items() if k != taken)
    return [
        f"activation {taken}: validation error {errors[taken]:.2g} of a layer drawn at random "
        f"({others})"
    ]


def split(parts: Mapping[str, int] | str) -> str:
    """Say how many frames a fit puts to what use: `Profile.parts`."""
    if isinstance(parts, str):
        return f"split: none, {parts}"
    return (
        f"split: {parts['train']:,} frames to train on, {parts['validation']:,} to validate, "
        f"{parts['test']:,} to test"
    )


def _frequencies(found: Profile) -> str:
    """Say how often the leading POD coefficients turn."""
    step = found.timing.step
    each = [
        f"{f:.4g} (a period of {1 / f:.4g}, {1 / f / step:.3g} frames)" if np.isfinite(f) else "–"
        for f in found.frequencies
    ]
    if not np.isfinite(found.frequencies).any():
        return "frequencies: none that the leading POD coefficients show within a trajectory"
    return f"frequencies of the leading POD coefficients: {', '.join(each)}"


def _kind(snapshots: Snapshots, found: Profile) -> list[str]:
    """Say what kind of dynamics the frames that were read show, if they are dense enough."""
    fastest = np.nanmax(found.frequencies[:2], initial=0.0)  # others may be those of noise
    time, label = snapshots.time[found.rows], snapshots.trajectory[found.rows]
    steps = np.diff(time)[np.diff(label) == 0]
    if not len(steps) or np.median(steps) * fastest * FRAMES_A_PERIOD > 1:
        return []
    kind = tell(time, label, found.coordinates, KIND_CRITERIA)
    return [f"kind of dynamics, before any fit: {kind.name}: {kind.reason}"]


def _noise(found: Profile) -> list[str]:
    """Say how much noise there may be, and what fit does about it."""
    if not found.noise > NOISY:
        return []
    return [f"noise: {100 * found.noise:.2g}% of the r.m.s. fluctuation at most; fit smooths it "
            "along each trajectory, unless --no-smooth"]  # fmt: skip


def _rates(found: Profile) -> list[str]:
    """Say how far given rates are from differences of the field."""
    e = found.rate_error
    if not np.isfinite(e):
        return []
    doubt = ": is it the rate of this field, per unit of this time?" if e > DOUBT else ""
    return [f"rate: {100 * e:.3g}% r.m.s. from differences of the field{doubt}"]


def _fit(snapshots: Snapshots, found: Profile, s: Fit) -> str:
    """Say in a sentence what a fit would do."""
    if isinstance(found.parts, str):
        return f"fit would refuse them: {found.parts}"
    rates = "the rates of the file" if snapshots.rate is not None else "rates made of the field"
    k = min(s.latents, len(found.carried))
    if s.latents > snapshots.size:
        return (
            f"fit would refuse them: {s.latents} latents of {count(snapshots.size, 'observable')}; "
            "make delay coordinates with --delays auto"
        )
    rank = min(s.rank, snapshots.size, found.parts["train"])
    return (
        f"fit would learn {count(s.latents, 'latent')} (--latents) in up to {rank} POD modes, with "
        f"{rates}; {k} POD modes alone carry {100 * found.carried[k - 1]:.4g}% of the variance"
    )
