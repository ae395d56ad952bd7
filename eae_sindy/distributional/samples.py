"""What a distributional autoencoder sees: rows, checked and split, from frames or from arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np

from ..discovery.kind_of_frames import LEADING
from ..dynamics.kind import Kind
from ..dynamics.kinds import tell
from ..ensemble.distributional_model import DistributionalModel
from ..errors import EaeSindyError
from ..neural import distributional_models
from ..progress import count
from ..recipes import DpaFit
from ..snapshots import split
from ..snapshots.pod import Pod, decompose, training_frames
from ..snapshots.snapshots import Snapshots
from . import planted

# Attributes of snapshots that a model keeps: how frames are to be read again, and to be shown.
KEPT = ("system", "channel_axis", "channel_names", "delays", "delay_step", "order")
REPEATED = 0.1  # share of the rows that may stand there twice: more are no independent draws
CONSTANT = 1e-6  # spread of a column over that of the widest, below which it says nothing
FAINT = 1e-5  # amplitude of a POD mode over that of the first, below which it is left out
TAIL = 0.05  # share of the rows, the farthest ones, of which the tail index is estimated
LEAST_TAIL = 50  # rows of it: fewer tell nothing
FOLLOW = 0.9  # correlation of distances from one frame to the next, of those that follow in time
MARGIN = 1.2  # by which the tail index should exceed β, or no sample mean of the score is one


@dataclass(frozen=True)
class Samples:
    """Rows to train on and rows held out.

    Attributes
    ----------
    train, test : arrays [n, N], [m, N]
    pod : Pod, optional
        The basis whose coordinates the rows are, if they are frames with more values than its rank.
    shape : tuple of int
        Of a frame; that of a row, if rows are no frames.
    mask : array [*space] of bool, optional
    kind : Kind, optional
        What kind of dynamics they show, if they are frames.
    attributes : mapping
        Where they come from.
    """

    train: np.ndarray
    test: np.ndarray
    pod: Pod | None = None
    shape: tuple[int, ...] = ()
    mask: np.ndarray | None = None
    kind: Kind | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def begin(self, settings: DpaFit) -> DistributionalModel:
        """Return a model of these rows that is still to be trained."""
        return distributional_models.begin(
            self.train,
            settings,
            pod=self.pod,
            shape=self.shape,
            mask=self.mask,
            attributes={**self.attributes, "data fingerprint": self.digest()},
        )

    def digest(self) -> str:
        """Return a fingerprint of all rows."""
        found = sha256(repr((self.train.shape, self.test.shape)).encode())
        for rows in (self.train, self.test):
            found.update(np.ascontiguousarray(rows, dtype=float).tobytes())
        return found.hexdigest()[:16]


def of_rows(rows: np.ndarray, settings: DpaFit, *, draws: bool = True, **known: Any) -> Samples:
    """Return rows [n, N] that are independent draws: checked, some held out at random.

    `known` are further fields of `Samples`.

    Raises
    ------
    EaeSindyError
        For rows of which no law can be learnt: NaN, constant columns, many that are the same, fewer
        than columns, or tails too heavy for β.
    """
    rows = np.asarray(rows, float)
    if rows.ndim != 2 or 0 in rows.shape:
        raise EaeSindyError(f"rows have the shape {rows.shape}: give an array [rows, columns]")
    test = max(2, round(settings.test * len(rows)))
    check(rows, settings.beta, training=len(rows) - test, draws=draws)
    order = np.random.default_rng([settings.seed, 1]).permutation(len(rows))
    return Samples(rows[order[test:]], rows[order[:test]], **{"shape": rows.shape[1:], **known})


def of_set(name: str, n: int, settings: DpaFit) -> Samples:
    """Return n rows of a planted set, see `planted.make`."""
    rows, dimension = planted.make(name, n, settings.seed)
    return of_rows(rows, settings, attributes={"data": name, "planted dimension": dimension})


def of_snapshots(snapshots: Snapshots, settings: DpaFit, after: float | None = None) -> Samples:
    """Return the frames of snapshots, in POD coordinates if they have many values.

    Coordinates are about the mean frame, and all in one unit: none is blown up to the size
    of another.

    Parameters
    ----------
    snapshots : Snapshots
    settings : DpaFit
        `rank` is that of the basis.
    after : float, optional
        Only frames after this time.

    Raises
    ------
    EaeSindyError
        See `of_rows`; also if there are no frames after that time.
    """
    n = len(snapshots)
    chosen = np.full(n, True) if after is None else snapshots.time > after
    if not chosen.any():
        raise EaeSindyError(
            f"no frame is later than {after:g}: the last one is at {snapshots.time.max():g}"
        )
    frames = np.concatenate(
        [rows[chosen[at : at + len(rows)]] for at, rows in snapshots.blocks("field")]
    )
    when = snapshots.time[chosen], snapshots.trajectory[chosen]
    kept = {k: snapshots.attributes[k] for k in KEPT if k in snapshots.attributes}
    known = {"shape": snapshots.shape, "mask": snapshots.mask, "attributes": kept}
    return _of_frames(frames, when, settings, **known)


def of_fit(snapshots: Snapshots, parts: np.ndarray, settings: DpaFit) -> Samples:
    """Return the training frames of a fit alone; `parts` as in `snapshots.split`."""
    own = parts == split.TRAIN
    when = snapshots.time[own], snapshots.trajectory[own]
    return _of_frames(training_frames(snapshots, parts), when, settings)


def _of_frames(
    frames: np.ndarray, when: tuple[np.ndarray, np.ndarray], settings: DpaFit, **known: Any
) -> Samples:
    """Return frames [n, N], in POD coordinates if they have many values, and their kind."""
    if frames.shape[1] <= settings.rank:
        draws = not follow(frames, when[1])
        check(frames, settings.beta, training=len(frames), draws=draws)
        kind = tell(*when, frames[:, :LEADING])
        return of_rows(frames, settings, draws=draws, kind=kind, **known)
    basis = decompose(frames, settings.rank, dimensionless=True)
    kept = int(np.count_nonzero(basis.sigma > FAINT * basis.sigma[0]))
    basis = replace(basis, modes=basis.modes[:kept], sigma=basis.sigma[:kept])
    rows = basis.project(frames)
    kind = tell(*when, rows[:, :LEADING])
    draws = not follow(rows, when[1])
    return of_rows(rows, settings, draws=draws, pod=basis, kind=kind, **known)


def follow(rows: np.ndarray, trajectory: np.ndarray) -> bool:
    """Tell whether rows [n, N] follow from each other in time, and are no independent draws.

    Then a decay has the index of a heavy tail, and is none.
    """
    far = np.log(np.linalg.norm(rows - np.median(rows, axis=0), axis=1) + np.finfo(float).tiny)
    next_ = trajectory[1:] == trajectory[:-1]
    if np.count_nonzero(next_) < 2 or not np.isfinite(far).all() or np.ptp(far) == 0:
        return False
    return bool(np.corrcoef(far[:-1][next_], far[1:][next_])[0, 1] > FOLLOW)


def check(rows: np.ndarray, beta: float, training: int, draws: bool = True) -> None:
    """Raise `EaeSindyError` for rows [n, N] of which no law can be learnt.

    Tails are looked at where rows are independent `draws`.
    """
    n, size = rows.shape
    if bad := int(np.count_nonzero(~np.isfinite(rows).all(axis=1))):
        raise EaeSindyError(
            f"{count(bad, 'row')} of {n:,} hold NaN or infinity: leave them out, or mend them"
        )
    if training <= size:
        raise EaeSindyError(
            f"{count(training, 'row')} to train on are too few for {count(size, 'column')}: give "
            "more rows, or take a smaller --rank"
        )
    spread = rows.std(axis=0)
    still = np.flatnonzero(spread <= CONSTANT * spread.max())
    if spread.max() == 0:
        raise EaeSindyError("all rows are the same: there is no law to learn, give rows that vary")
    if len(still):
        raise EaeSindyError(
            f"column {still[0] + 1} never changes"
            + (f", and {len(still) - 1} more" if len(still) > 1 else "")
            + ": leave out what is constant"
        )
    repeated = n - len(np.unique(rows, axis=0))
    if repeated > REPEATED * n:
        raise EaeSindyError(
            f"{repeated:,} of {n:,} rows repeat another: held-out rows would be known, so leave "
            "out the duplicates"
        )
    index = tail_index(rows) if draws else float("inf")
    if index < MARGIN * beta:
        raise EaeSindyError(
            f"the rows have heavy tails (index {index:.2g}), and E|X|^β hardly exists at β = "
            f"{beta:g}: take --beta {max(0.05, np.floor(5 * index) / 10):.2g} or less"
        )


def tail_index(rows: np.ndarray) -> float:
    """Return the index α of the tail of |x − median|, P(> r) ∝ r^−α (Hill 1975); ∞ of few rows.

    Moments of an order above α do not exist. Laws without a heavy tail have a large one.
    """
    far = np.sort(np.linalg.norm(rows - np.median(rows, axis=0), axis=1))
    tail = int(TAIL * len(rows))
    if tail < LEAST_TAIL:
        return float("inf")
    logs = np.log(far[-tail:] / far[-tail - 1])
    return float("inf") if not logs.any() else float(1 / logs.mean())
