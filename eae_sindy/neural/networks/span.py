"""Dense networks on pixels, expressed in POD coordinates: what they are on the span of the data.

`modes` [r, N] are the orthonormal rows of the basis, N the number of pixels.
"""

import numpy as np

from .dense import Flat


def onto_span(encoder: Flat, decoder: Flat, modes: np.ndarray) -> tuple[Flat, Flat]:
    """Express full-space networks in POD coordinates; what the decoder makes outside is left out.

    The encoder's first layer becomes W∥ = U W, which sees the same data as W. The decoder's last
    layer becomes coefficients of modes of unit mean square per point.
    """
    root = np.sqrt(modes.shape[1])
    first, *rest = encoder
    *inner, kernel, bias = decoder
    return (
        (np.asarray(modes @ first, np.float32), *rest),
        (
            *inner,
            np.asarray(kernel @ modes.T / root, np.float32),
            np.asarray(bias @ modes.T / root, np.float32),
        ),
    )


def draws_onto_span(encoders: Flat, modes: np.ndarray) -> Flat:
    """Express encoders on pixels, each tensor [draws, ...], in POD coordinates."""
    first, *rest = encoders
    return (np.einsum("rn,dnh->drh", modes, first, optimize=True), *rest)


def fold(decoder: Flat, modes: np.ndarray) -> Flat:
    """Express a decoder on pixels in POD coordinates, without loss of what it makes outside.

    Outside the span only lengths matter, and they are kept by the triangular factor of the part of
    the last layer that lies there: at most as many further outputs as the layer has rows.
    """
    *inner, kernel, bias = decoder
    last = np.vstack([kernel, bias]) / np.sqrt(modes.shape[1])
    inside = last @ modes.T
    _, triangle = np.linalg.qr((last - inside @ modes).T.astype(float))
    wide = np.hstack([inside, triangle.T]).astype(np.float32)
    return (*inner, wide[:-1], wide[-1])
