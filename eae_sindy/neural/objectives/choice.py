"""The objectives by name: what is sampled, and what the rivals are trained on."""

from collections.abc import Callable, Mapping

from ...dynamics.library import Library
from ...recipes import Fit, Training
from ..networks import choice as networks
from .contract import Objective
from .eq14 import Eq14
from .plain import Plain
from .sindy_autoencoder import SindyAutoencoder
from .variational import Variational

# Rivals whose weights are not a plain encoder and decoder.
VARIATIONAL, SINDY = "vae", "sindy-autoencoder"


def sampled(fit: Fit, library: Library, points: int) -> Objective:
    """Return what an entropic autoencoder is sampled on: Eq. 14.

    `points` is N, values in a frame. On pixels each of them is a target, and counts 1/N.
    """
    network = networks.choose(fit)
    return Eq14(
        encoder=network,
        decoder=network,
        library=library,
        field_weight=fit.field_weight,
        rate_weight=fit.rate_weight,
        share=1 / points if fit.full_space else 1.0,
    )


def _plain(fit: Fit, training: Training, library: Library, points: int) -> Objective:
    network = networks.choose(fit)
    return Plain(encoder=network, decoder=network)


def _eq14(fit: Fit, training: Training, library: Library, points: int) -> Objective:
    return sampled(fit, library, points)  # what is left of it at T = 0


def _variational(fit: Fit, training: Training, library: Library, points: int) -> Objective:
    network = networks.choose(fit)
    return Variational(encoder=network, decoder=network, points=points)


def _sindy(fit: Fit, training: Training, library: Library, points: int) -> Objective:
    network = networks.choose(fit)
    return SindyAutoencoder(
        encoder=network,
        decoder=network,
        library=library,
        field_weight=training.field_weight,
        rate_weight=training.rate_weight,
        latent_rate_weight=training.latent_rate_weight,
    )


TRAINED: Mapping[str, Callable[[Fit, Training, Library, int], Objective]] = {
    "autoencoder": _plain,
    "autoencoder-eq14": _eq14,
    VARIATIONAL: _variational,
    SINDY: _sindy,
}
