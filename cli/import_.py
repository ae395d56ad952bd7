"""eae-sindy import: a snapshots file from a file of another format."""

import shlex
from pathlib import Path
from typing import Any

import click

from . import options


@click.command("import", cls=options.Command)
@click.argument("source", type=click.Path(path_type=Path))
@options.named
@options.output("data/snapshots.h5")
@options.config
@options.force
def import_(source: Path, output: Path, force: bool, names: dict[str, Any]) -> None:
    """Write a snapshots file of what SOURCE holds.

    SOURCE is an HDF5, NetCDF, MATLAB, .npz, .npy or CSV file, or a Zarr store. Every frame is
    checked, so that fit takes what is written. docs/data.md describes formats and options.
    """
    from eae_sindy import storage
    from eae_sindy.report import data
    from eae_sindy.snapshots.snapshots import Snapshots
    from eae_sindy.snapshots.sources import choice, copy

    storage.claim(output, force, read=(source,))
    with choice.read(source, **names) as found:
        repeat = options.follow(copy.write(found, output, force=force))
    if repeat is not None:
        options.warn(f"frame {repeat} repeats the one before it, number for number")
    with Snapshots.open(output) as written:
        for line in data.facts(written):
            click.echo(line)
    target = Path("runs") / f"{output.stem}-ensemble.h5"
    click.echo(f"now: eae-sindy fit {shlex.quote(str(output))} -o {shlex.quote(str(target))}")
