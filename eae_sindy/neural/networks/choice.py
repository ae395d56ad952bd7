"""The networks of a fit."""

from ...recipes import Fit
from . import dense
from .contract import Network


def choose(fit: Fit) -> Network:
    """Return what encoders and decoders of a fit are made of. Today that is dense layers."""
    return dense.network(fit.activation)
