"""eae-sindy discover: equations and their spread from an ensemble."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eae_sindy.errors import EaeSindyError
from eae_sindy.recipes import AVERAGES, CRITERIA, FRAMES

from . import options

if TYPE_CHECKING:
    from eae_sindy.report.report import Report


class MembersType(click.ParamType):
    """A whole number of at least 1, or the word all."""

    name = "number|all"

    def convert(self, value: object, param: object, ctx: object) -> int | str:
        """Return the number, or "all"."""
        if value == "all":
            return "all"
        if not str(value).isdecimal() or int(str(value)) < 1:
            self.fail(f"{value!r} is neither a whole number of at least 1 nor the word all")
        return int(str(value))


# Files of figures, and the functions of `eae_sindy.report.figures` that draw them.
FIGURES = {
    "figure1": "overview",
    "figure4": "correlations",
    "answers": "answers",
    "normal_form": "normal_form",
    "diagnostics": "chains",
}


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
@click.option(
    "--average",
    type=click.Choice(AVERAGES),
    default=CRITERIA.average,
    show_default=True,
    help="Over what judges equations: mean takes those that hold from the first frame on, "
    "geometric those best on the cycle; auto is mean over whole trajectories, else geometric.",
)
@click.option(
    "--frame",
    type=click.Choice(FRAMES),
    default=CRITERIA.frame,
    show_default=True,
    help="Coordinates in which equations with few coefficients are looked for: raw is the latents "
    "and their canonical frames, sparse also an affine frame that is searched for, in seconds.",
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
    average: str,
    frame: str,
    output: Path,
    force: bool,
) -> None:
    """Find the equations of an ENSEMBLE's latents, and how far its members agree on them.

    Writes summary.json, coefficients.csv, equations.h5 and, with --plot, the figures into the
    output folder; with --report, also report.html, which holds the figures and needs no other file.
    """
    from threadpoolctl import threadpool_limits

    from eae_sindy.discovery import discover
    from eae_sindy.dynamics.least_squares import sparse
    from eae_sindy.ensemble.ensemble import Ensemble
    from eae_sindy.report import files
    from eae_sindy.report import text as printed
    from eae_sindy.report.report import Report

    if output.is_file():
        raise EaeSindyError(f"{output} is a file: name a folder with -o")
    opened = Ensemble.open(ensemble)
    compared = files.read_comparison(comparison) if comparison else None
    _claim(output, plot, report, force, read=(ensemble, comparison))
    with threadpool_limits(1):  # members are what is spread over the cores
        found = options.follow(
            discover.iterate(
                opened,
                frames,
                sparse(optimizer, threshold),
                members,
                criteria=CRITERIA.but(average=average, frame=frame),
            )
        )
    made = Report.of(found)
    # Numbers first, on disk and on screen: whatever happens to a figure, they are not lost.
    paths = files.write(made, output, force)
    for line in printed.lines(made):
        click.echo(line)
    drawn = _Pictures(made, output, force)
    if plot or report:
        drawn.draw(save=plot, keep=report)
    if report:
        drawn.page(compared)
    click.echo(f"\n{output}: {', '.join(p.name for p in [*drawn.paths, *paths])}")
    if drawn.failures:
        raise EaeSindyError(
            f"{paths[0]} has all numbers, but not all could be shown: {'; '.join(drawn.failures)}"
        )


def _claim(
    output: Path, plot: bool, report: bool, force: bool, read: Sequence[Path | None]
) -> None:
    """Check that every file can be written, before any work is spent."""
    from eae_sindy import storage
    from eae_sindy.discovery import equations

    names = ["summary.json", "coefficients.csv", equations.FILE]
    names += ["report.html"] if report else []
    names += [f"{name}.{suffix}" for name in FIGURES if plot for suffix in ("png", "pdf")]
    for name in names:
        storage.claim(output / name, force, read=read)


class _Pictures:
    """The figures of a report, and the page that shows them; what fails is noted, not raised."""

    def __init__(self, made: "Report", output: Path, force: bool) -> None:
        self.made, self.output, self.force = made, output, force
        self.paths: list[Path] = []
        self.images: dict[str, bytes] = {}
        self.failures: list[str] = []

    def draw(self, save: bool, keep: bool) -> None:
        """Draw every figure; save it as files, keep it for the page, or both."""
        from eae_sindy.report import figures

        for name, function in FIGURES.items():
            try:
                figure = getattr(figures, function)(self.made.discovery)
                if keep:
                    self.images[name] = figures.png(figure)
                if save:
                    self.paths += figures.save(figure, self.output, name, self.force)
            except Exception as error:
                self._note(name, error)

    def page(self, compared: Sequence[Mapping[str, Any]] | None) -> None:
        """Write the page with the figures that could be drawn."""
        from eae_sindy.report.page import page

        command = shlex.join(["eae-sindy", *sys.argv[1:]])
        try:
            text = page.page(self.made, self.images, command, compared)
            self.paths.append(page.write(text, self.output / "report.html", self.force))
        except Exception as error:
            self._note("report.html", error)

    def _note(self, name: str, error: Exception) -> None:
        """Say in one line what went wrong, whatever it was."""
        said = " ".join(str(error).split())
        kind = "" if isinstance(error, EaeSindyError) else f"{type(error).__name__}: "
        self.failures.append(f"{name} ({kind}{said})")
