"""eae-sindy discover: equations and their spread from an ensemble."""

from pathlib import Path

import click

from . import options


@click.command(cls=options.Command)
@click.argument("ensemble", type=click.Path(path_type=Path), default=Path("runs/ensemble.h5"))
@click.option("--plot", is_flag=True, help="Also draw the figures, as PNG and PDF.")
@click.option(
    "--frames",
    type=click.Choice(["auto", "train", "all", "test"]),
    default="auto",
    show_default=True,
    help="Frames that enter Eq. 16; auto takes what can be integrated, test is the paper's.",
)
@options.output("runs/discovery")
@options.config
@options.force
def discover(ensemble: Path, plot: bool, frames: str, output: Path, force: bool) -> None:
    """Find the equations of an ENSEMBLE's latents, and how far its members agree on them.

    Writes summary.json, coefficients.csv, equations.h5 and, with --plot, the figures into the
    output folder.
    """
    from eae_sindy import discovery, equations, report, storage
    from eae_sindy.ensemble import Ensemble

    if output.is_file():
        raise click.ClickException(f"{output} is a file: name a folder with -o")
    opened = Ensemble.open(ensemble)
    drawn = ["figure1", "figure4", "answers", "diagnostics"] if plot else []
    for name in [
        "summary.json",
        "coefficients.csv",
        equations.FILE,
        *(f"{d}.{suffix}" for d in drawn for suffix in ("png", "pdf")),
    ]:
        storage.claim(output / name, force)
    found = options.follow(discovery.iterate(opened, frames))
    paths = []
    if plot:
        from eae_sindy import figure_answers as answers
        from eae_sindy import figures

        draws = (figures.overview, figures.correlations, answers.answers, figures.chains)
        for name, draw in zip(drawn, draws, strict=True):
            paths += figures.save(draw(found), output, name, force)
    paths += report.write(found, output, force)
    for line in report.lines(found):
        click.echo(line)
    click.echo(f"\n{output}: {', '.join(p.name for p in paths)}")
