"""eae-sindy compare: other methods on the same frames."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eae_sindy import recipes
from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import Steps, count

from . import options

if TYPE_CHECKING:
    from eae_sindy.ensemble.ensemble import Ensemble
    from eae_sindy.snapshots.snapshots import Snapshots

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
    default=recipes.DEFAULT,
    show_default=True,
    help="Settings of the entropic autoencoder; with a quick one the others train a tenth as long.",
)
@click.option("--chains", type=click.IntRange(1), default=None, help="Chains of the ensemble.")
@click.option("--resume", is_flag=True, help="Keep what is already trained in the output folder.")
@options.output("runs/compare")
@options.seed
@options.config
@options.force
@options.named
def compare(
    data: Path,
    ensemble: Path | None,
    recipe: str,
    chains: int | None,
    resume: bool,
    output: Path,
    seed: int,
    force: bool,
    names: dict[str, Any],
) -> None:
    """Compare the entropic autoencoder with what else could be made of the snapshots in DATA.

    POD with as many modes as latents and with twice as many, POD with a polynomial decoder,
    operator inference, BOP-DMD, an autoencoder, a variational one, the SINDy autoencoder: the same
    frames, the same split, the same terms. Says which forecast to take. Writes comparison.csv,
    comparison.json, a figure, and every network as an ensemble that discover reads.
    """
    from eae_sindy import storage
    from eae_sindy.comparison import comparison
    from eae_sindy.report import figures, files, text, verdicts
    from eae_sindy.report.numbers import span
    from eae_sindy.snapshots.sources import choice

    if output.is_file():
        raise EaeSindyError(f"{output} is a file: name a folder with -o")
    results = [output / f"comparison.{s}" for s in ("json", "csv", "png", "pdf")]
    own = [output / f"{kind}.h5" for kind in ("eae", *KINDS)]
    for path in results + own[ensemble is not None :]:
        storage.claim(path, force or resume, read=(data, ensemble))
    snapshots = choice.read(data, **names)
    kept = _Kept(resume, force)
    if ensemble is None:
        settings = recipes.recipe(recipe).but(seed=seed, chains=chains)
        eae = _fitted(own[0], settings, snapshots, kept)
    else:
        eae = _given(ensemble, data, snapshots)
    note = f"{count(len(eae.chains), 'chain')}, T = {span(eae.temperatures.tolist())}"
    reductions = [*_rivals(output, eae, recipe, kept), (comparison.EAE, eae, note)]
    found = options.follow(comparison.iterate(reductions))
    # Numbers first: a figure that fails must not lose them.
    paths = files.write_comparison(found, output, force or resume)
    for line in [*text.table(found.rows), "", *(f"{r.name}: {r.note}" for r in found.rows)]:
        click.echo(line)
    click.echo(f"data's own period {found.reference_period:.4f}")
    for line in text.sentences(verdicts.of_comparison(found)):
        click.echo(line)
    paths += figures.save(figures.comparison(found), output, "comparison", force or resume)
    click.echo(f"\n{output}: {', '.join(p.name for p in paths)}")


@dataclass(frozen=True)
class _Kept:
    """Networks that are trained once, and kept in the output folder with the time they took."""

    resume: bool
    force: bool

    def take(
        self,
        path: Path,
        steps: Steps["Ensemble"],
        wanted: Callable[["Ensemble"], bool],
        beside: str = "",
    ) -> "Ensemble":
        """Return what is there already and wanted; train and keep what is not.

        `beside` says what it was given by the ensemble it stands beside.
        """
        from eae_sindy.ensemble.ensemble import Ensemble
        from eae_sindy.ensemble.segments import Segments

        if self.resume and path.is_file():
            if wanted(opened := Ensemble.open(path)):
                return opened
            if not self.force:
                raise EaeSindyError(
                    f"{path} was made otherwise: use another folder with -o, or add --force to "
                    "replace it"
                )
        # How long a fit took that goes on where it was interrupted, nobody knows.
        start = math.nan if self.resume and Segments(path) else time.perf_counter()
        made = options.follow(steps)
        known = {"seconds": time.perf_counter() - start, "beside": beside}
        made = replace(made, attributes={**made.attributes, **known})
        made.save(path, force=self.force)
        return made


def _given(path: Path, data: Path, snapshots: "Snapshots") -> "Ensemble":
    """Open an ensemble, and check that these are the snapshots it was fitted to."""
    from eae_sindy.ensemble.ensemble import Ensemble

    opened = Ensemble.open(path)
    if opened.attributes.get("data fingerprint") != snapshots.fingerprint():
        raise EaeSindyError(f"{path} was not fitted to {data}: name the snapshots it belongs to")
    return opened


def _fitted(path: Path, settings: recipes.Fit, snapshots: "Snapshots", kept: _Kept) -> "Ensemble":
    """Fit the entropic autoencoder, or take the one that is there."""
    from eae_sindy.ensemble.segments import Segments
    from eae_sindy.neural.estimator import EntropicAutoencoder

    estimator = EntropicAutoencoder(settings, jobs=os.cpu_count() or 1)
    segments = Segments(path)
    segments.claim(kept.resume or kept.force)
    steps = estimator.iterate(snapshots, segments, resume=kept.resume)
    eae = kept.take(path, steps, lambda e: not estimator.differences(e, snapshots))
    segments.remove()
    return eae


def _rivals(
    output: Path, eae: "Ensemble", recipe: str, kept: _Kept
) -> list[tuple[str, "Ensemble", str]]:
    """Train the other networks, or take those that are there; name and note each."""
    from eae_sindy.neural.trained import rivals

    settings, begun = eae.settings, replace(eae, chains=[])
    # All that a rival takes over from the ensemble it stands beside.
    shared = (recipe, settings, eae.library.terms, eae.attributes["data fingerprint"])
    beside = " ".join(map(str, shared))

    def alike(e: "Ensemble") -> bool:
        return e.attributes.get("beside") == beside

    hurried = "; a tenth of the epochs" if "quick" in recipe else ""
    found = []
    for kind, (name, note) in KINDS.items():
        steps = rivals.iterate(kind, begun, recipes.TRAININGS[recipe], settings.seed)
        made = kept.take(output / f"{kind}.h5", steps, alike, beside)
        found.append((name, made, note + hurried))
    return found
