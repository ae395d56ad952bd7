"""What the checks of a distributional autoencoder ask of a code."""

from typing import Protocol

import numpy as np


class Code(Protocol):
    """A map from rows to ordered codes, with its slopes."""

    def codes(self, x: np.ndarray) -> np.ndarray:
        """Return the codes [n, K] of rows [n, N]."""
        ...

    def jacobians(self, x: np.ndarray) -> np.ndarray:
        """Return the slopes [n, K, N] of the codes at rows [n, N]."""
        ...
