"""eae-sindy simulate: snapshots of a system whose equations are known."""

from pathlib import Path
from typing import Any

import click

from eae_sindy.errors import EaeSindyError
from eae_sindy.recipes import PLANTED, ReactionDiffusion

from . import options

DEFAULT = ReactionDiffusion()
SYSTEM = "reaction-diffusion"
SHARED = ("output", "force", "dtype", "system")  # options that mean the same for every system


@click.command(cls=options.Command)
@click.option(
    "--system",
    type=click.Choice([SYSTEM, *PLANTED]),
    default=SYSTEM,
    show_default=True,
    help="What is simulated. The defaults below are those of the first; of the others only "
    "settings of their own may be given, and --noise is a share of the r.m.s. fluctuation.",
)
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
    output: Path,
    force: bool,
    dtype: str,
    system: str,
    diffusivity: tuple[float, ...],
    **values: Any,
) -> None:
    """Simulate the λ–ω reaction–diffusion system, or another one, and write its snapshots.

    Field and rate are u and its exact time derivative, windowed; the defaults are the published
    setting of Champion et al. (2019). Other systems stand in `recipes.PLANTED` with their numbers;
    what a method should find in them is an attribute of the file.
    """
    if len(diffusivity) > 2:
        raise click.UsageError("--diffusivity takes one or two values")
    if system != SYSTEM:
        _planted(system, output, force, dtype)
        return
    settings = ReactionDiffusion(diffusivity=(diffusivity[0], diffusivity[-1]), **values)

    from dataclasses import asdict

    from eae_sindy import storage
    from eae_sindy.snapshots import snapshots
    from eae_sindy.snapshots.lambda_omega import LambdaOmega

    storage.claim(output, force)
    made = LambdaOmega(settings)
    options.follow(
        snapshots.write(
            output,
            made.time,
            made.frames(),
            dtype=dtype,
            space={"x": made.axis, "y": made.axis},
            attributes={"system": "lambda-omega", **asdict(settings)},
            force=force,
        )
    )
    click.echo(
        f"{output}: {len(made.time):,} frames of {settings.grid} x {settings.grid}, "
        f"t = 0 to {made.time[-1]:g}"
    )


def _given() -> dict[str, Any]:
    """Return the options that were given, on the command line or in a config file."""
    context = click.get_current_context()
    default = (click.core.ParameterSource.DEFAULT,)
    return {k: v for k, v in context.params.items()
            if context.get_parameter_source(k) not in default}  # fmt: skip


def _planted(system: str, output: Path, force: bool, dtype: str) -> None:
    """Write the snapshots of a system whose truth is known.

    Raises
    ------
    EaeSindyError
        If an option was given that the system does not have, or the file cannot be written.
    """
    kind, given = PLANTED[system], _given()
    known = [name for name in click.get_current_context().params
             if name in kind.__dataclass_fields__]  # fmt: skip
    for name in given:
        if name not in (*SHARED, *known):
            raise EaeSindyError(
                f"--{name.replace('_', '-')} is no setting of {system}: leave it out, it has "
                f"{', '.join(f'--{k}' for k in known)}"
            )
    settings = kind(**{name: given[name] for name in known if name in given})
    if "output" not in given:
        output = Path("data") / f"{system.replace('-', '_')}.h5"

    from eae_sindy import storage
    from eae_sindy.snapshots.generators.choice import make

    storage.claim(output, force)
    made = make(settings)
    options.follow(made.writing(output, dtype=dtype, force=force))
    click.echo(
        f"{output}: {len(made):,} frames of {' x '.join(str(n) for n in made.shape)} in "
        f"{len(set(made.trajectory.tolist()))} trajectories, {made.attributes['kind']}"
    )
