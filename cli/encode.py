"""eae-sindy encode: latents of new snapshots."""

from pathlib import Path
from typing import Any

import click

from eae_sindy.progress import count

from . import options


@click.command(cls=options.Command)
@click.argument("ensemble", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--members",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="How many members, spread evenly.",
)
@click.option(
    "--discovery",
    type=click.Path(path_type=Path),
    help="Folder of a discovery: only members that it used.",
)
@options.output("runs/latents.h5")
@options.config
@options.force
@options.named
def encode(
    ensemble: Path,
    data: Path,
    members: int,
    discovery: Path | None,
    output: Path,
    force: bool,
    names: dict[str, Any],
) -> None:
    """Encode the snapshots in DATA, new to an ENSEMBLE, with its members.

    Writes the latents of every member, their rates, and a band over the members of each chain; and
    how far every frame lies from those that were trained on.
    """
    import numpy as np

    from eae_sindy import storage
    from eae_sindy.discovery import equations
    from eae_sindy.discovery.equations import Equations
    from eae_sindy.ensemble import novelty
    from eae_sindy.ensemble.ensemble import Ensemble
    from eae_sindy.ensemble.members import evenly
    from eae_sindy.new_data import frames, latents_file
    from eae_sindy.snapshots.sources import choice

    found = discovery and discovery / equations.FILE
    storage.claim(output, force, read=(ensemble, data, found))
    opened = Ensemble.open(ensemble)
    usable = np.arange(len(opened))
    if found is not None:
        chosen = Equations.open(found)
        chosen.check(opened)
        usable = chosen.members
    taken = evenly(usable, min(members, len(usable)))
    with choice.read(data, **options.measured(names, ensemble, opened.attributes)) as snapshots:
        seen = frames.on(opened, snapshots)
    new = novelty.novelty(opened, seen.frames)
    options.follow(latents_file.write(output, seen, taken, new, force=force))
    options.warn(new.sentence())
    click.echo(
        f"{output}: {seen.settings.latents} latents of {len(seen.frames.time):,} frames by "
        f"{count(len(taken), 'member')}"
    )
