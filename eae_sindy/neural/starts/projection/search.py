"""The start by variable projection: the search over encoders, from POD modes to networks.

What is linear is solved in closed form inside the loss: Ξ by Eq. 16, and the decoder's outer layer.
What is left, a linear encoder and the decoder's hidden layer, is descended by L-BFGS with exact
gradients (Golub & Pereyra 1973). First with polynomial decoders of rising degree, from several
encoders, then with the network itself. The best iterate on the validation frames is kept; nothing
is chosen by anything else.
"""

from collections.abc import Sequence

import numpy as np

from ....dynamics.library import Library
from ....progress import Steps
from ....recipes import Fit
from ....snapshots.frames import Frames
from ....snapshots.pod import Pod
from ..contract import Begun, Memory
from . import clock as clocks
from .clock import Clock
from .finish import finished
from .network_stage import descend_network
from .polynomial_stage import linear_floor, search_polynomials
from .problem import pose
from .trail import Trail

UNITS = clocks.UNITS
ROUNDING = 1e-11  # a relative error that single precision does not resolve
# By which share of the time the stages are over; what is left is for the embedding.
POLYNOMIALS, NETWORK = 0.3, 0.9


def start(
    settings: Fit,
    frames: Frames,
    pod: Pod,
    library: Library,
    rngs: Sequence[np.random.Generator],
    memory: Memory | None = None,
) -> Steps[Begun]:
    """Search for a linear encoder and a decoder whose Eq. 14 is smallest; see `contract.Start`.

    Inside the loss the terms are polynomials of the degree that the fit asks for, with a constant
    and without sines: they do not depend on the frame of the latents. Terms of the user's own are
    taken as they are.

    `settings.start_seconds` bounds the time of computing, so that a slow machine may find less than
    a fast one from the same seed. Numbers returned are relative errors on the validation
    frames, weighted as the loss: `floor` with POD modes and a linear decoder, `polynomial` with the
    best polynomial decoder, `network` with the network, `embedded` with the weights returned. And
    `determined`, the directions of the decoder's outer layer that frames and not the ridge
    determine, and `seconds`.
    """
    problem = pose(settings, frames, pod, library, rngs[0])
    trail = Trail(memory, rngs[0])
    clock = Clock(settings.start_seconds, trail.spent)
    notes = list(problem.notes)
    matrix, floor = linear_floor(problem)
    clock.best = floor
    yield clock.say("POD modes")
    numbers = {"floor": floor}
    searched = not floor < ROUNDING
    if searched:
        polynomial = yield from search_polynomials(
            problem, matrix, rngs[0], clock, POLYNOMIALS, trail
        )
        matrix, numbers["polynomial"] = polynomial.matrix, polynomial.error
        notes += polynomial.notes
    else:
        notes.append(
            f"{problem.latents} POD modes leave a relative error of {floor:.1g}, which is "
            "rounding: there is nothing to gain, and the start is linear"
        )
    network = yield from descend_network(
        problem, matrix, rngs[0], clock, NETWORK if searched else 0.0, trail
    )
    numbers |= {"network": network.error, "determined": network.determined}
    notes += network.notes
    yield clock.say("embedding")
    encoders, decoder, numbers["embedded"], said = finished(problem, network, rngs)
    numbers["seconds"] = clock.spent
    return Begun(encoders, decoder, numbers, [*notes, *said])
