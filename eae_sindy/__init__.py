"""Latent variables, their equations and their uncertainty from snapshots of a field.

Names are imported when they are asked for: ``import eae_sindy`` itself loads nothing heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import EaeSindyError

if TYPE_CHECKING:
    from .discovery.discover import discover
    from .discovery.equations import Equations
    from .discovery.result import Discovery
    from .dynamics.library import Library
    from .ensemble.ensemble import Ensemble
    from .model import EntropicSINDy
    from .neural.estimator import EntropicAutoencoder
    from .new_data.forecast import predict
    from .recipes import Fit, ReactionDiffusion, recipe
    from .report.report import Report
    from .snapshots.delays import embedded
    from .snapshots.lambda_omega import LambdaOmega
    from .snapshots.second_order import states
    from .snapshots.snapshots import Snapshots
    from .snapshots.sources.choice import read

__version__ = "0.1.0"
__all__ = [
    "Discovery",
    "EaeSindyError",
    "Ensemble",
    "EntropicAutoencoder",
    "EntropicSINDy",
    "Equations",
    "Fit",
    "LambdaOmega",
    "Library",
    "ReactionDiffusion",
    "Report",
    "Snapshots",
    "__version__",
    "discover",
    "embedded",
    "predict",
    "read",
    "recipe",
    "states",
]
_ROOMS = {
    "Discovery": "discovery.result",
    "Ensemble": "ensemble.ensemble",
    "EntropicAutoencoder": "neural.estimator",
    "EntropicSINDy": "model",
    "Equations": "discovery.equations",
    "Fit": "recipes",
    "LambdaOmega": "snapshots.lambda_omega",
    "Library": "dynamics.library",
    "ReactionDiffusion": "recipes",
    "Report": "report.report",
    "Snapshots": "snapshots.snapshots",
    "discover": "discovery.discover",
    "embedded": "snapshots.delays",
    "predict": "new_data.forecast",
    "read": "snapshots.sources.choice",
    "recipe": "recipes",
    "states": "snapshots.second_order",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its room."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f".{_ROOMS[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
