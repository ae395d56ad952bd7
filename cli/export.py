"""eae-sindy export: an ensemble for other programs."""

from pathlib import Path

import click

from . import options


@click.command(cls=options.Command)
@click.argument("ensemble", type=click.Path(path_type=Path), default=Path("runs/ensemble.h5"))
@click.option(
    "--to",
    type=click.Choice(["netcdf"]),
    default="netcdf",
    show_default=True,
    help="Format; netcdf opens with arviz.from_netcdf and xarray.open_datatree.",
)
@options.output("runs/ensemble.nc")
@options.config
@options.force
def export(ensemble: Path, to: str, output: Path, force: bool) -> None:
    """Write an ENSEMBLE's coefficients, weights and statistics for ArviZ and xarray."""
    from eae_sindy import storage
    from eae_sindy.ensemble import arviz_export as writers
    from eae_sindy.ensemble.ensemble import Ensemble

    storage.claim(output, force, read=(ensemble,))
    opened = Ensemble.open(ensemble)
    path = options.follow(getattr(writers, to)(opened, output, force=force))
    click.echo(f"{path}: groups posterior, sample_stats and constant_data")
