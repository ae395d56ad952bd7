"""eae-sindy discover: equations and their spread from an ensemble."""

import shlex
import sys
from pathlib import Path

import click

from . import options


class MembersType(click.ParamType):
    """A whole number of at least 1, or the word all."""

    name = "number|all"

    def convert(self, value: object, param: object, ctx: object) -> int | str:
        """Return the number, or "all"."""
        if value == "all":
            return "all"
        return click.IntRange(1).convert(value, param, ctx)  # type: ignore[arg-type]


FIGURES = ("figure1", "figure4", "answers", "diagnostics")


@click.command(cls=options.Command)
@click.argument("ensemble", type=click.Path(path_type=Path), default=Path("runs/ensemble.h5"))
@click.option("--plot", is_flag=True, help="Also draw the figures, as PNG and PDF.")
@click.option("--report", is_flag=True, help="Also write all of it as one HTML page.")
@click.option(
    "--comparison",
    type=click.Path(path_type=Path),
    help="A comparison.json of eae-sindy compare, for the page.",
)
@click.option(
    "--frames",
    type=click.Choice(["auto", "train", "all", "test"]),
    default="auto",
    show_default=True,
    help="Frames that enter Eq. 16; auto takes what can be integrated, test is the paper's.",
)
@click.option(
    "--optimizer",
    type=click.Choice(["lstsq", "stlsq", "sr3", "ssr"]),
    default="lstsq",
    show_default=True,
    help="Solver of Eq. 16: least squares, or one of pysindy's sparse optimizers.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0.0),
    default=0.1,
    show_default=True,
    help="Coefficients below this are dropped by stlsq and sr3.",
)
@click.option(
    "--members",
    type=MembersType(),
    default=None,
    help="Members to read, spread evenly, or all; left out, so many that more would say nothing "
    "new, and at least 1,000.",
)
@options.output("runs/discovery")
@options.config
@options.force
def discover(
    ensemble: Path,
    plot: bool,
    report: bool,
    comparison: Path | None,
    frames: str,
    optimizer: str,
    threshold: float,
    members: int | str | None,
    output: Path,
    force: bool,
) -> None:
    """Find the equations of an ENSEMBLE's latents, and how far its members agree on them.

    Writes summary.json, coefficients.csv, equations.h5 and, with --plot, the figures into the
    output folder; with --report, also report.html, which holds the figures and needs no other file.
    """
    from eae_sindy import storage
    from eae_sindy.discovery import discover, equations
    from eae_sindy.dynamics.least_squares import sparse
    from eae_sindy.ensemble.ensemble import Ensemble
    from eae_sindy.report import files
    from eae_sindy.report import text as printed
    from eae_sindy.report.report import Report

    if output.is_file():
        raise click.ClickException(f"{output} is a file: name a folder with -o")
    opened = Ensemble.open(ensemble)
    compared = files.read_comparison(comparison) if comparison else None
    for name in [
        "summary.json",
        "coefficients.csv",
        equations.FILE,
        *(["report.html"] if report else []),
        *(f"{d}.{suffix}" for d in FIGURES if plot for suffix in ("png", "pdf")),
    ]:
        storage.claim(output / name, force, read=(ensemble, comparison))
    found = options.follow(discover.iterate(opened, frames, sparse(optimizer, threshold), members))
    made = Report.of(found)
    paths, images = [], {}
    if plot or report:
        from eae_sindy.report import figures

        draws = (figures.overview, figures.correlations, figures.answers, figures.chains)
        for name, draw in zip(FIGURES, draws, strict=True):
            figure = draw(found)
            if report:
                images[name] = figures.png(figure)
            if plot:
                paths += figures.save(figure, output, name, force)
    if report:
        from eae_sindy.report.page import page

        command = shlex.join(["eae-sindy", *sys.argv[1:]])
        text = page.page(made, images, command, compared)
        paths.append(page.write(text, output / "report.html", force))
    paths += files.write(made, output, force)
    for line in printed.lines(made):
        click.echo(line)
    click.echo(f"\n{output}: {', '.join(p.name for p in paths)}")
