"""From what was found to weights: the frame of the latents, encoders, and the decoder once more."""

from collections.abc import Sequence

import numpy as np

from ....ensemble.forward import forward
from . import embedding, features, outer
from .embedding import Flat
from .network_stage import Network, framed
from .problem import Problem
from .terms import model

NEAR = 1.05  # of the least validation error: of two ridges as good the larger is taken
LOSSY = 2.0  # times the network's error: an embedding that loses more says so


def finished(
    problem: Problem, network: Network, rngs: Sequence[np.random.Generator]
) -> tuple[list[Flat], Flat, float, list[str]]:
    """Return encoders, their decoder, its validation error with the first, and what is to be said.

    Every encoder makes the same latents, from other random directions.
    """
    network = _in_frame(problem, network)
    known = problem.known(network.matrix, network.shift)
    seeds = [int(rng.integers(2**63)) for rng in rngs]
    tried = []
    for ridge in embedding.RIDGES:
        flat = _encoder(problem, known, ridge, seeds[0])
        decoder, error = _decoder(problem, network, known, flat)
        tried.append((error, ridge, flat, decoder))
    least = min(error for error, *_ in tried)
    error, ridge, first, decoder = next(t for t in tried if t[0] <= NEAR * least)
    encoders = [first, *(_encoder(problem, known, ridge, seed) for seed in seeds[1:])]
    notes = []
    if error > LOSSY * network.error:
        notes.append(
            f"the encoder network of {problem.hidden} units does not hold all that was found "
            f"({error:.2g} instead of {network.error:.2g}): a larger --hidden does"
        )
    return encoders, decoder, error, notes


def _in_frame(problem: Problem, network: Network) -> Network:
    """Return the same network with whitened latents and their origin at a fixed point.

    With z′ = Tz + t the layer φ(zK + b) becomes φ(z′K′ + b′), K′ = T⁻ᵀK, b′ = b − tK′. Terms of the
    user's own may mean something else in another frame, so there nothing changes.
    """
    if problem.custom:
        return network
    matrix, shift = framed(problem, network.matrix)
    # Q′ = TQ: T is known from any right inverse of Q.
    change = matrix @ np.linalg.pinv(network.matrix)
    kernel = np.linalg.solve(change.T, network.kernel)
    moved = shift - change @ network.shift
    return network._replace(
        matrix=matrix, shift=shift, kernel=kernel, bias=network.bias - moved @ kernel
    )


def _encoder(problem: Problem, known: embedding.Latents, ridge: float, seed: int) -> Flat:
    rng = np.random.default_rng(seed)
    return embedding.encoder(known, problem.hidden, problem.activation, ridge, rng)


def _decoder(
    problem: Problem, network: Network, known: embedding.Latents, encoder: Flat
) -> tuple[Flat, float]:
    """Solve the outer layer again for the latents that the network makes; return it, and its error.

    The error is that of the weights as they are, in single precision, on the validation frames.
    """
    made = embedding.made_by(encoder, problem.activation, known)
    equations = model(problem.terms, made.values, made.rates)
    kernel, bias = (np.float32(w).astype(float) for w in (network.kernel, network.bias))
    lifted = features.hidden(problem.activation, kernel, bias, made.values, equations.rate)
    last = outer.solve(
        lifted.values, lifted.rates, problem.training, problem.weights, network.ridge
    )
    flat = embedding.decoder(kernel, bias, last, problem.units)
    z, _ = forward(encoder, problem.activation, problem.judge_inputs, problem.judge_inputs)
    v = problem.terms(z.astype(float)) @ equations.xi
    x, x_rate = forward(flat, problem.activation, z, v.astype(np.float32))
    rows = problem.units.rows(x, x_rate / problem.units.time)
    miss = [
        float(np.mean(np.sum((a - b) ** 2, axis=1)))
        for a, b in zip(rows, problem.judges, strict=True)
    ]
    return flat, float(np.dot(problem.weights, miss))
