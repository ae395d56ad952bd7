"""eae-sindy info: what is in a file of snapshots."""

from pathlib import Path
from typing import Any

import click

from eae_sindy import recipes

from . import options


@click.command(cls=options.Command)
@click.argument("data", type=click.Path(path_type=Path), metavar="FILE")
@options.named
@options.recipe
@options.config
def info(data: Path, recipe: str, names: dict[str, Any]) -> None:
    """Say what is in a FILE of snapshots, and what fit would do with it.

    Frames, trajectories, channels, the split, scales, how many POD modes carry the variance, and
    the frequencies of the leading ones. Reads at most some 4,000 frames.
    """
    settings = recipes.recipe(recipe)

    from eae_sindy.report import data as words
    from eae_sindy.snapshots.profile import profile
    from eae_sindy.snapshots.sources import choice

    with choice.read(data, **names) as found:
        for line in words.lines(found, profile(found, settings), settings):
            click.echo(line)
