"""How many latents a fit should have, by its own training frames."""

from typing import NamedTuple

from ..progress import Steps
from ..recipes import KNEE, DpaFit, Fit, Knee
from ..snapshots import split
from ..snapshots.snapshots import Snapshots
from . import dimension, samples


class Choice(NamedTuple):
    """A number of latents, and the dimension that speaks for it, or for no number."""

    latents: int
    found: dimension.Dimension

    @property
    def clean(self) -> bool:
        """Whether the data told the number; otherwise it is that of the settings."""
        return self.found.recommended is not None


def latents_of(
    snapshots: Snapshots,
    settings: Fit,
    training: DpaFit | None = None,
    knee: Knee = KNEE,
    *,
    device: str | None = None,
) -> Steps[Choice]:
    """Choose how many latents a fit of the snapshots should have.

    Parameters
    ----------
    snapshots : Snapshots
        Only those frames are looked at that the fit trains on.
    settings : Fit
        Of the fit. Without a clean knee its own number of latents is taken.
    training : DpaFit, optional
        Of the distributional autoencoder; its defaults, with rank and seed of the fit.
    knee : Knee
    device : str, optional
        TensorFlow's name of it.

    Raises
    ------
    EaeSindyError
        If no law can be learnt of the frames.
    """
    training = training or DpaFit(rank=settings.rank, seed=settings.seed)
    rows = samples.of_fit(snapshots, split.of_fit(snapshots, settings), training)
    found = yield from dimension.estimate(rows, training, knee, device=device)
    return Choice(found.recommended or settings.latents, found)
