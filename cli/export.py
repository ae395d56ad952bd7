"""eae-sindy export: an ensemble for other programs."""

from pathlib import Path

import click

from . import options


@click.command(cls=options.Command)
@click.argument("ensemble", type=click.Path(path_type=Path), default=Path("runs/ensemble.h5"))
@click.option(
    "--to",
    "kind",
    type=click.Choice(["netcdf"]),
    default="netcdf",
    show_default=True,
    help="Format; netcdf opens with arviz.from_netcdf and xarray.open_datatree.",
)
@options.output("runs/ensemble.nc")
@options.config
@options.force
def export(ensemble: Path, kind: str, output: Path, force: bool) -> None:
    """Write an ENSEMBLE's coefficients, weights and statistics for ArviZ and xarray."""
    from eae_sindy import export as writers
    from eae_sindy import storage
    from eae_sindy.ensemble import Ensemble

    opened = Ensemble.open(ensemble)
    storage.claim(output, force)
    path = options.follow(getattr(writers, kind)(opened, output, force=force))
    click.echo(f"{path}: groups posterior, sample_stats and constant_data")
