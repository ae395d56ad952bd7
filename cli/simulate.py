"""eae-sindy simulate: snapshots of the λ–ω reaction–diffusion system."""

from pathlib import Path
from typing import Any

import click

from eae_sindy.recipes import ReactionDiffusion

from . import options

DEFAULT = ReactionDiffusion()


@click.command(cls=options.Command)
@click.option("--grid", default=DEFAULT.grid, show_default=True, help="Points a side.")
@click.option("--length", default=DEFAULT.length, show_default=True, help="Side of the square.")
@click.option(
    "--diffusivity",
    type=float,
    multiple=True,
    default=(DEFAULT.diffusivity[0],),
    show_default=True,
    help="Of u and v; give it twice for different ones.",
)
@click.option(
    "--beta", default=DEFAULT.beta, show_default=True, help="The frequency falls by β|w|²."
)
@click.option("--arms", default=DEFAULT.arms, show_default=True, help="Arms of the spiral.")
@click.option("--end", default=DEFAULT.end, show_default=True, help="Last time.")
@click.option("--step", default=DEFAULT.step, show_default=True, help="Time between frames.")
@click.option(
    "--substeps",
    default=DEFAULT.substeps,
    show_default=True,
    help="Integrator steps between frames.",
)
@click.option(
    "--window", default=DEFAULT.window, show_default=True, help="The field is u·exp(−window·r²)."
)
@click.option(
    "--noise",
    default=DEFAULT.noise,
    show_default=True,
    help="Standard deviation of Gaussian noise added to field and rate.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float64"]),
    default="float32",
    show_default=True,
    help="Precision of the stored frames.",
)
@options.output("data/reaction_diffusion.h5")
@options.seed
@options.config
@options.force
def simulate(
    output: Path, force: bool, dtype: str, diffusivity: tuple[float, ...], **values: Any
) -> None:
    """Simulate the λ–ω reaction–diffusion system and write its snapshots.

    Field and rate are u and its exact time derivative, windowed; the defaults are the published
    setting of Champion et al. (2019).
    """
    if len(diffusivity) > 2:
        raise click.UsageError("--diffusivity takes one or two values")
    settings = ReactionDiffusion(diffusivity=(diffusivity[0], diffusivity[-1]), **values)

    from dataclasses import asdict

    from eae_sindy import storage
    from eae_sindy.snapshots import snapshots
    from eae_sindy.snapshots.lambda_omega import LambdaOmega

    storage.claim(output, force)
    system = LambdaOmega(settings)
    options.follow(
        snapshots.write(
            output,
            system.time,
            system.frames(),
            dtype=dtype,
            space={"x": system.axis, "y": system.axis},
            attributes={"system": "lambda-omega", **asdict(settings)},
            force=force,
        )
    )
    click.echo(
        f"{output}: {len(system.time):,} frames of {settings.grid} x {settings.grid}, "
        f"t = 0 to {system.time[-1]:g}"
    )
