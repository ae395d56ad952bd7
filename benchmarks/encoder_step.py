"""Cost of one encoder step: POD coordinates, pixels, and the bare network, in one run.

    python benchmarks/encoder_step.py [frames]

The data are random numbers of the sizes of the built-in example: cost does not depend on them.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from eae_sindy.dynamics.library import standard
from eae_sindy.ensemble.forward import forward
from eae_sindy.neural.entropic.compiled import Loop
from eae_sindy.neural.entropic.problem import Problem
from eae_sindy.neural.networks import dense
from eae_sindy.neural.objectives import choice as objectives
from eae_sindy.neural.objectives.data import Data
from eae_sindy.neural.samplers import choice as samplers
from eae_sindy.recipes import Fit

PIXELS, RANK, REPEATS = 10_000, 32, 5


def seconds(runs: dict[str, tuple[Callable[[], object], int]]) -> dict[str, float]:
    """Least time a step of each (run, steps), taken in turns after a first round that compiles."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(REPEATS + 1):
        for name, (run, steps) in runs.items():
            start = time.perf_counter()
            run()
            found[name].append((time.perf_counter() - start) / steps)
    return {name: min(times[1:]) for name, times in found.items()}


def setup(frames: int, inputs: int, settings: Fit) -> tuple:
    rng = np.random.default_rng(0)
    numbers = [rng.normal(size=(frames, inputs)).astype(np.float32) for _ in range(2)]
    x, x_rate = map(tf.constant, numbers)
    objective = objectives.sampled(settings, standard(2), PIXELS)
    problem = Problem(objective, Data(x, x_rate, x, x_rate))
    encoder = tuple(map(tf.constant, dense.glorot((inputs, 256, 2), rng)))
    decoder = tuple(map(tf.constant, dense.glorot((2, 256, inputs), rng)))
    return problem, encoder, decoder


def sampled(
    frames: int, inputs: int, settings: Fit, hidden: int, steps: int
) -> tuple[Callable[[], object], int]:
    problem, encoder, decoder = setup(frames, inputs, settings)
    thermostat, sampler = samplers.choose(settings, hidden)
    loop, temperature = Loop(problem, sampler, thermostat), settings.temperature
    state = loop.init(encoder, decoder, 0, temperature)
    return lambda: loop.update(state, decoder, 0, temperature, steps)[1].loss.numpy(), steps


def gradient(frames: int, steps: int) -> tuple[Callable[[], object], int]:
    """The loss of Eq. 14 and its gradients, as often as the sampler takes them, and no sampler."""
    problem, encoder, decoder = setup(frames, RANK, Fit())
    potential = problem.potential(decoder, tf.constant([0, 1]), decoder_gradient=True)

    @tf.function(jit_compile=True, autograph=False)
    def loop(encoder: tuple) -> tuple:
        def body(i: tf.Tensor, encoder: tuple, total: tuple) -> tuple:
            _, slopes, of_decoder = potential(encoder, i)
            moved = tuple(w - 1e-9 * g for w, g in zip(encoder, slopes, strict=True))
            return i + 1, moved, tuple(t + g for t, g in zip(total, of_decoder, strict=True))

        total = tuple(map(tf.zeros_like, decoder))
        start = (tf.constant(0), encoder, total)
        return tf.while_loop(lambda i, *_: i < steps, body, start)

    return lambda: loop(encoder)[2][0].numpy(), steps


def bare_network(frames: int, steps: int) -> tuple[Callable[[], object], int]:
    """Forward and backward through both networks and their tangents; no sampler and no Eq. 16."""
    problem, encoder, decoder = setup(frames, RANK, Fit())
    data = problem.data

    @tf.function(jit_compile=True, autograph=False)
    def loop(encoder: tuple, decoder: tuple) -> tuple:
        def body(i: tf.Tensor, encoder: tuple, decoder: tuple) -> tuple:
            with tf.GradientTape() as tape:
                tape.watch((encoder, decoder))
                z, z_rate = forward(encoder, "elu", data.inputs, data.input_rates, tf.math)
                x, x_rate = forward(decoder, "elu", z, z_rate, tf.math)
                loss = tf.reduce_mean((data.targets - x) ** 2)
                loss += tf.reduce_mean((data.target_rates - x_rate) ** 2)
            of_encoder, of_decoder = tape.gradient(loss, (encoder, decoder))
            move = lambda w, g: w - 1e-9 * g  # noqa: E731 - so that no step is optimized away
            return (i + 1, tf.nest.map_structure(move, encoder, of_encoder),
                    tf.nest.map_structure(move, decoder, of_decoder))  # fmt: skip

        return tf.while_loop(lambda i, *_: i < steps, body, (tf.constant(0), encoder, decoder))

    return lambda: loop(encoder, decoder)[1][0].numpy(), steps


def main() -> None:
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    hidden = (PIXELS - RANK) * 256
    runs = {
        "step": sampled(frames, RANK, Fit(), hidden, 50),
        "bare": bare_network(frames, 50),
        "gradient": gradient(frames, 50),
    }
    if frames <= 1000:
        runs["pixels"] = sampled(frames, PIXELS, Fit(full_space=True), 0, 4)
    found = seconds(runs)
    reduced, bare, slopes = found["step"], found["bare"], found["gradient"]
    print(f"{frames} frames a batch, least of {REPEATS} taken in turns:")
    print(f"  POD rank {RANK}    {1e3 * reduced:8.2f} ms a step")
    print(f"  bare network   {1e3 * bare:8.2f} ms; step / bare = {reduced / bare:.2f}"
          " (target: at most 3)")  # fmt: skip
    print(f"  loss, gradient {1e3 * slopes:8.2f} ms; thermostat and bookkeeping "
          f"{reduced / slopes - 1:.0%} of it (target: below 15 %)")  # fmt: skip
    if "pixels" in found:
        print(f"  {PIXELS} pixels  {1e3 * found['pixels']:8.2f} ms; pixels / POD = "
              f"{found['pixels'] / reduced:.0f} (target: at least 50)")  # fmt: skip


if __name__ == "__main__":
    main()
