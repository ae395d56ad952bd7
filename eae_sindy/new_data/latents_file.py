"""Latents of frames that an ensemble has not seen, as a file."""

from pathlib import Path

import numpy as np

from .. import formats, hdf5
from ..ensemble.ensemble import Ensemble
from ..ensemble.intervals import interval
from ..ensemble.members import each
from ..ensemble.novelty import Novelty
from ..progress import Progress, Steps
from ..snapshots.snapshots import BLOCK_BYTES


def write(
    path: str | Path,
    seen: Ensemble,
    members: np.ndarray,
    novelty: Novelty,
    *,
    force: bool = False,
) -> Steps[None]:
    """Encode every frame with some members, and write what they say.

    Bands are over the members of one chain: other decoders have other latents, and a spread over
    them would be one of coordinates, not of answers. Memory does not grow with the members.

    Parameters
    ----------
    seen : Ensemble
        With the new frames, from `unseen.on`.
    members : array of int [m]
        Sorted.
    """
    f, d = seen.frames, seen.settings.latents
    n, chain = len(f.time), seen.chain_of[members]
    with hdf5.new(path, force) as file:
        file.attrs[formats.VERSION] = formats.LATENTS.version
        for name, values in {
            "time": f.time, "trajectory": f.trajectory, "members": members, "chain": chain,
            "outside": novelty.outside, "distance": novelty.distance, "beyond": novelty.beyond,
        }.items():  # fmt: skip
            hdf5.put(file, name, values)
        known = np.isfinite(f.rate_coordinates).any()
        latents = hdf5.make(file, "latents", (len(members), n, d), np.float32)
        rates = hdf5.make(file, "rates", latents.shape, np.float32) if known else None
        rows = np.arange(n)
        for k, (z, rate) in enumerate(each(members, lambda m: seen.encode(int(m), rows))):
            latents[k] = z
            if rates is not None:
                rates[k] = rate
            file.check()
            yield Progress("members", k + 1, len(members))
        band = hdf5.make(file, "band", (len(seen.chains), 2, n, d), np.float32, fillvalue=np.nan)
        for c in np.unique(chain):
            mine = np.flatnonzero(chain == c)
            block = max(1, BLOCK_BYTES // (8 * d * len(mine)))
            for first in range(0, n, block):
                at = slice(first, min(first + block, n))
                band[c, :, at] = interval(latents[mine[0] : mine[-1] + 1, at])
