"""Equations with few coefficients in a frame of latents that is searched for, as candidates."""

import numpy as np

from ..dynamics import affine, sparse_frames
from .arena import Arena
from .candidates import ROWS_TO_A_TERM, Candidate
from .refits import union


def framed(arena: Arena, members: np.ndarray) -> list[Candidate]:
    """Return the sparsest equations found, of each degree and number of coefficients.

    The frame is searched for in the latents of one member, on all its training frames; others have
    theirs near it. With `Criteria.frame` "raw", or of one latent or more than
    `sparse_frames.MOST_LATENTS`, nothing is.
    """
    fits, criteria = arena.fits, arena.criteria
    d = fits.ensemble.settings.latents
    if criteria.frame != "sparse" or not 1 < d <= sparse_frames.MOST_LATENTS:
        return []
    found = []
    for degree in sparse_frames.DEGREES:
        library = affine.polynomials(d, degree)
        if len(arena.rows["train"]) < ROWS_TO_A_TERM * len(library):
            continue
        dense = Candidate(
            f"degree {degree}", "train", 0.0, np.ones(len(library), bool), library=library
        )
        triangle = arena.triangles(int(members[0]), [dense], union(fits, [dense]))[0]
        sparse = sparse_frames.search(
            *triangle.split(len(library)),
            degree,
            criteria.sparse_terms,
            fits.ensemble.settings.seed,
        )
        found += [
            dense._replace(terms=f"degree {degree} in a sparse frame, {s.size}", inside=s)
            for s in sparse
        ]
    return found
