"""eae-sindy compare: other methods on the same frames."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from eae_sindy import recipes
from eae_sindy.progress import Steps, count

from . import options

# Methods with networks: their file, their name in the table, what they were given.
KINDS = {
    "autoencoder": ("AE", "trained on the field alone"),
    "autoencoder-eq14": ("AE on Eq. 14", "helped: the loss of the EAE, by Adam, at T = 0"),
    "vae": ("VAE", "unit variance, posterior means as latents"),
    "sindy-autoencoder": ("SINDy autoencoder", "published settings; Ξ is what it trained"),
}


@click.command(cls=options.Command)
@click.argument("data", type=click.Path(path_type=Path), default=Path("data/reaction_diffusion.h5"))
@click.option(
    "--ensemble",
    type=click.Path(path_type=Path),
    help="An ensemble fitted to DATA, whose settings the others then share; fitted if left out.",
)
@click.option(
    "--recipe",
    type=click.Choice(list(recipes.RECIPES)),
    default="reaction-diffusion",
    show_default=True,
    help="Settings of the entropic autoencoder; with quick the others train a tenth as long.",
)
@click.option("--chains", type=click.IntRange(1), default=None, help="Chains of the ensemble.")
@click.option("--resume", is_flag=True, help="Keep what is already trained in the output folder.")
@options.output("runs/compare")
@options.seed
@options.config
@options.force
def compare(
    data: Path,
    ensemble: Path | None,
    recipe: str,
    chains: int | None,
    resume: bool,
    output: Path,
    seed: int,
    force: bool,
) -> None:
    """Compare the entropic autoencoder with what else could be made of the snapshots in DATA.

    POD and BOP-DMD, an autoencoder, a variational one, the SINDy autoencoder: the same frames, the
    same split, the same terms. Writes comparison.csv, comparison.json, a figure, and every network
    as an ensemble that discover reads.
    """
    from eae_sindy import storage
    from eae_sindy.comparison import comparison
    from eae_sindy.ensemble.ensemble import Ensemble
    from eae_sindy.ensemble.segments import Segments
    from eae_sindy.errors import EaeSindyError
    from eae_sindy.report import figures, files, text
    from eae_sindy.snapshots.snapshots import Snapshots

    if output.is_file():
        raise EaeSindyError(f"{output} is a file: name a folder with -o")
    results = [output / f"comparison.{s}" for s in ("json", "csv", "png", "pdf")]
    own = [output / f"{kind}.h5" for kind in ("eae", *KINDS)]
    for path in results + own[ensemble is not None :]:
        storage.claim(path, force or resume, read=(data, ensemble))
    snapshots = Snapshots.open(data)

    from eae_sindy.neural.estimator import EntropicAutoencoder
    from eae_sindy.neural.trained import rivals

    def take(path: Path, steps: Steps[Ensemble], wanted: Callable[[Ensemble], bool]) -> Ensemble:
        """Train what is not there yet, and keep it with the time it took."""
        if resume and path.is_file():
            if wanted(opened := Ensemble.open(path)):
                return opened
            if not force:
                raise EaeSindyError(
                    f"{path} was made otherwise: use another folder with -o, or add --force to "
                    "replace it"
                )
        # How long a fit took that goes on where it was interrupted, nobody knows.
        start = math.nan if resume and Segments(path) else time.perf_counter()
        made = options.follow(steps)
        known = {"seconds": time.perf_counter() - start, "beside": beside}
        made = replace(made, attributes={**made.attributes, **known})
        made.save(path, force=force)
        return made

    beside = ""
    if ensemble is None:
        settings = recipes.recipe(recipe).but(seed=seed, chains=chains)
        estimator = EntropicAutoencoder(settings, jobs=os.cpu_count() or 1)
        segments = Segments(own[0])
        segments.claim(resume or force)
        steps = estimator.iterate(snapshots, segments, resume=resume)
        eae = take(own[0], steps, lambda e: not estimator.differences(e, snapshots))
        segments.remove()
    else:
        eae = Ensemble.open(ensemble)
        if eae.attributes.get("data fingerprint") != snapshots.fingerprint():
            raise EaeSindyError(
                f"{ensemble} was not fitted to {data}: name the snapshots it belongs to"
            )
    settings, begun = eae.settings, replace(eae, chains=[])
    # All that a rival takes over from the ensemble it stands beside.
    shared = (recipe, settings, eae.library.terms, eae.attributes["data fingerprint"])
    beside = " ".join(map(str, shared))

    def alike(e: Ensemble) -> bool:
        return e.attributes.get("beside") == beside

    hurried = "; a tenth of the epochs" if recipe == "quick" else ""
    reductions = []
    for path, (kind, (name, note)) in zip(own[1:], KINDS.items(), strict=True):
        steps = rivals.iterate(kind, begun, recipes.TRAININGS[recipe], settings.seed)
        reductions.append((name, take(path, steps, alike), note + hurried))
    reductions.append(
        ("EAE", eae, f"{count(len(eae.chains), 'chain')}, T = {settings.temperature:g}")
    )
    found = options.follow(comparison.iterate(reductions))
    paths = figures.save(figures.comparison(found), output, "comparison", force or resume)
    paths += files.write_comparison(found, output, force or resume)
    for line in [*text.table(found.rows), "", *(f"{r.name}: {r.note}" for r in found.rows)]:
        click.echo(line)
    click.echo(f"data's own period {found.reference_period:.4f}")
    click.echo(f"\n{output}: {', '.join(p.name for p in paths)}")
