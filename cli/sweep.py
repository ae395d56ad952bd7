"""eae-sindy sweep: a ladder of temperatures from one start."""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eae_sindy import recipes
from eae_sindy.errors import EaeSindyError

from . import options
from .fit import setting_options

if TYPE_CHECKING:
    from eae_sindy.ensemble.ladder import Ladder


@click.command(cls=options.Command)
@click.argument("data", type=click.Path(path_type=Path), default=Path("data/reaction_diffusion.h5"))
@click.option(
    "--temperatures",
    default=None,
    metavar="T,T,...",
    help="The rungs; left out, ten, half decades apart, five of them below the temperature that "
    "fit takes and four above.",
)
@options.recipe
@options.device
@options.jobs
@options.output("runs/sweep")
@options.config
@options.force
@options.named
@setting_options
def sweep(
    data: Path,
    temperatures: str | None,
    recipe: str,
    device: str,
    jobs: int,
    output: Path,
    force: bool,
    names: dict[str, Any],
    **values: Any,
) -> None:
    """Fit the snapshots in DATA at several temperatures, all from one start, and compare.

    Each rung is trained, collected and discovered on as fit and discover do. Writes sweep.json,
    sweep.csv and a figure. There is one decoder, unless --chains asks for more.
    """
    given = {k: v for k, v in values.items() if v not in ((), None)}
    several = given.get("chains_per_decoder", recipes.recipe(recipe).chains_per_decoder)
    settings = recipes.recipe(recipe).but(**{"chains": several} | given)
    rungs = _parsed(temperatures)

    from eae_sindy import storage
    from eae_sindy.discovery import sweep as discovered
    from eae_sindy.report import figures
    from eae_sindy.report import sweep as report

    if output.is_file():
        raise EaeSindyError(f"{output} is a file: name a folder with -o")
    for name in (*report.NAMES, "sweep.png", "sweep.pdf"):
        storage.claim(output / name, force, read=(data,))
    ladder, known = _grown(data, names, settings, rungs, device, jobs)
    found = options.follow(discovered.iterate(ladder))
    known |= {"recipe": recipe, "data": str(data), "settings": asdict(settings)}
    known["command"] = " ".join(["eae-sindy", *sys.argv[1:]])
    # Numbers first: a figure that fails must not lose them.
    paths = report.write(found, output, known, force)
    for line in report.lines(found, automatic=not settings.temperature):
        click.echo(line)
    paths += figures.save(figures.sweep(found), output, "sweep", force)
    click.echo(f"\n{output}: {', '.join(p.name for p in paths)}")


def _parsed(text: str | None) -> list[float]:
    """Return the numbers between commas."""
    try:
        return [float(part) for part in text.split(",")] if text is not None else []
    except ValueError as error:
        raise EaeSindyError(
            f"--temperatures {text!r} is no list of numbers: write them as 1e-6,1e-5"
        ) from error


def _grown(
    data: Path,
    names: dict[str, Any],
    settings: recipes.Fit,
    temperatures: list[float],
    device: str,
    jobs: int,
) -> "tuple[Ladder, dict[str, Any]]":
    """Return an ensemble for each temperature, and where they come from."""
    from eae_sindy import __version__
    from eae_sindy.snapshots.sources import choice

    with choice.read(data, **names) as snapshots:
        from eae_sindy.neural.estimator import EntropicAutoencoder

        known = {"version": __version__, "data fingerprint": snapshots.fingerprint()}
        estimator = EntropicAutoencoder(settings, device=device, jobs=jobs or os.cpu_count() or 1)
        return options.follow(estimator.sweep(snapshots, temperatures)), known
