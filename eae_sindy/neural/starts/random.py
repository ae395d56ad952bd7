"""The paper's start: networks drawn at random."""

from collections.abc import Sequence

import numpy as np

from ...dynamics.library import Library
from ...progress import Steps
from ...recipes import Fit
from ...snapshots.frames import Frames
from ...snapshots.pod import Pod
from ..networks import dense
from ..networks.dense import Flat
from ..networks.span import onto_span
from .contract import Begun, Memory


def draw(
    sizes: Sequence[int], rng: np.random.Generator, pod: Pod | None, heads: int = 1
) -> tuple[Flat, Flat]:
    """Draw a dense encoder of the given `sizes` and its mirror, a decoder.

    With a basis both are drawn at full width and put on the span of the data: the reduced networks
    start where the full ones would. The encoder has `heads` outputs for each latent.
    """
    *inner, latents = sizes
    encoder = dense.glorot((*inner, heads * latents), rng)
    decoder = dense.glorot(sizes[::-1], rng)
    if pod is None:
        return encoder, decoder
    (first, *rest), decoder = onto_span(encoder, decoder, pod.modes)
    # Onto what the encoder sees; a factor of one but for a dimensionless fit.
    scale = np.float32(np.sqrt(pod.size) / pod.gain)
    return (scale * first, *rest), decoder


def start(
    settings: Fit,
    frames: Frames,
    pod: Pod,
    library: Library,
    rngs: Sequence[np.random.Generator],
    memory: Memory | None = None,
) -> Steps[Begun]:
    """Draw all networks; what the frames are and which terms there are has no influence.

    It takes no time worth speaking of, so there is nothing to keep. See `starts.contract.Start`.
    """
    yield from ()
    sizes = (pod.size, *settings.hidden, settings.latents)
    drawn = [draw(sizes, rng, None if settings.full_space else pod) for rng in rngs]
    return Begun([encoder for encoder, _ in drawn], drawn[0][1])
