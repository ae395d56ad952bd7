"""Latent variables, their equations and their uncertainty from snapshots of a field."""

from .errors import EaeSindyError

__version__ = "0.1.0"
__all__ = ["EaeSindyError", "__version__"]
