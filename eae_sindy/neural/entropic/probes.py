"""What is measured of a chain's potential where it stands: curvature and noise.

All take the compiled loop, the chain's state and seed, the decoder and the chart, and change none
of them. What they measure is of U in q, see `Problem.potential`.
"""

import numpy as np

from ..samplers.thermostat import State, Tensors
from .chart import Chart
from .compiled import Loop

POWER_STEPS = 20  # of the power iteration for the stiffest direction


def laplacian(
    loop: Loop,
    state: State,
    decoder: Tensors,
    seed: int,
    chart: Chart | None = None,
    *,
    temperature: float,
    probes: int = 2,
) -> float:
    """Estimate the trace of the Hessian of U in q, by Hutchinson's random signs.

    Parameters
    ----------
    loop, state, decoder, seed, chart
        The chain.
    temperature : float
        T: differences are over as far as the lightest weight moves in a step. That is small against
        the curvature, and large against rounding.
    probes : int
        Vectors of random signs; the mean over them is returned.
    """
    rng, found = np.random.default_rng([seed, int(state.step), 1]), []
    lightest = min(loop.thermostat.masses(len(state.position)))
    size = loop.thermostat.step * np.sqrt(temperature / lightest)
    far = np.sqrt(sum(int(np.prod(p.shape)) for p in state.position))  # the length of such a vector
    ones = [1.0] * len(state.position)
    for _ in range(probes):
        signs = [rng.choice([-1.0, 1.0], size=p.shape) for p in state.position]
        product = loop.bent(state, decoder, seed, chart, along=signs, size=far * size, masses=ones)
        found.append(far * sum(float(np.sum(s * h)) for s, h in zip(signs, product, strict=True)))
    return float(np.mean(found))


def largest_stable_step(
    loop: Loop,
    state: State,
    decoder: Tensors,
    seed: int,
    chart: Chart | None = None,
    *,
    temperature: float,
    step: float | None = None,
) -> float:
    """Return 2/ω, beyond which velocity Verlet is unstable; ω² is the largest eigenvalue of H/m.

    By power iteration. Infinite where nothing is curved, NaN where the loss is no number.
    `temperature` sets over which distances differences are taken, as for `laplacian`; so does
    `step`, if it is not to be that of the loop.
    """
    rng = np.random.default_rng([seed, 2])
    found = loop.bent(
        state,
        decoder,
        seed,
        chart,
        along=[rng.normal(size=p.shape) for p in state.position],
        # Vectors are scaled by 1/√m, so this is three thermal moves in all, whatever the masses.
        size=3 * (step or loop.thermostat.step) * np.sqrt(temperature),
        masses=loop.thermostat.masses(len(state.position)),
        times=POWER_STEPS,
    )
    square = np.sqrt(sum(float(np.sum(v**2)) for v in found))
    return float(2 / np.sqrt(square)) if square != 0 else np.inf  # NaN stays NaN


def loss_of_all(
    loop: Loop,
    state: State,
    decoder: Tensors,
    seed: int,
    chart: Chart | None = None,
    *,
    temperature: float,
) -> float:
    """Return the loss on all training frames over that on those that are sampled on."""
    problem = loop.problem
    encoder = chart.weights(state.position)[0] if chart else state.position
    whole, seen = (
        problem.loss(encoder, decoder, data) for data in (problem.every_frame, problem.data)
    )
    return whole / seen if seen > 0 else np.nan


def batch_noise(
    loop: Loop,
    state: State,
    decoder: Tensors,
    seed: int,
    chart: Chart | None = None,
    *,
    temperature: float,
    batches: int = 8,
) -> float:
    """Return how much hotter minibatches make the sampler, ΔT/T; 0 with full batches.

    Δt²σ²/(mT), with σ² the variance of a component of the minibatch gradient, is what they add to a
    velocity's relative variance in a step. The bath takes it away again: `Thermostat.excess`. σ² is
    estimated from so many `batches`.
    """
    if not loop.problem.minibatches:
        return 0.0
    gradients = [
        loop.refresh(state._replace(step=state.step + k), decoder, seed, chart).gradient
        for k in range(batches)
    ]
    masses = loop.thermostat.masses(len(state.position))
    ratios = [
        np.var([g.numpy() for g in parts], axis=0, ddof=1).ravel() / m
        for parts, m in zip(zip(*gradients, strict=True), masses, strict=True)
    ]
    gained = float(np.mean(np.concatenate(ratios)) * loop.thermostat.step**2 / temperature)
    return loop.thermostat.excess(gained)
