"""eae-sindy dpa score, dpa path: claims on distributional autoencoders, where truth is known."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import count
from eae_sindy.recipes import PathChecks, ScoreChecks

from . import options

LAWS = ("normal", "anisotropic", "mixture", "muller-brown")
plot_option = click.option("--plot", is_flag=True, help="Draw the figures, too.")


@click.command(cls=options.Command)
@click.option(
    "--law", "laws", type=click.Choice(LAWS), multiple=True, default=LAWS, show_default=True,
    help="Which laws; repeat for more.",
)  # fmt: skip
@click.option(
    "--starts", type=click.IntRange(1), default=ScoreChecks.starts, show_default=True,
    help="Trainings for β = 2, of which that with the least variance given its code is taken.",
)  # fmt: skip
@click.option(
    "--draws", type=click.IntRange(1000), default=ScoreChecks.draws, show_default=True,
    help="Draws that are binned by code.",
)  # fmt: skip
@click.option(
    "--level-sets", type=click.IntRange(3), default=ScoreChecks.level_sets, show_default=True,
    help="Bins of as many draws each.",
)  # fmt: skip
@plot_option
@options.output("runs/dpa_score")
@options.seed
@options.config
@options.force
def score(
    laws: tuple[str, ...],
    starts: int,
    draws: int,
    level_sets: int,
    plot: bool,
    output: Path,
    seed: int,
    force: bool,
) -> None:
    """Check Theorem 1 and what goes with it on laws whose score is known.

    Trains distributional autoencoders on draws of each law, and measures level sets, both sides of
    the balance equation, self-consistency, calibration, polar coordinates and forces, beside
    controls that should fail. Writes score.json, and with --plot a figure of each law.
    """
    settings = ScoreChecks(starts=starts, draws=draws, level_sets=level_sets, seed=seed)
    wanted = list(dict.fromkeys(laws))
    numbers = _claimed(output, "score", [f"score_{name}" for name in wanted], plot, force)
    from eae_sindy.distributional import laws as known
    from eae_sindy.distributional import score as measured
    from eae_sindy.distributional import subjects
    from eae_sindy.report import distributional_checks as report
    from eae_sindy.report.files import write_json

    found = []
    for name in wanted:
        law = known.law(name)
        tried = options.follow(subjects.of_law(name, law, settings))
        found.append(options.follow(measured.check(name, law, tried, settings)))
        click.echo("\n".join(report.score_lines(found[-1])) + "\n")
    click.echo(f"{report.MEANING}.\n{report.in_short(found)}")
    # Numbers first: a figure that fails must not lose them.
    write_json(report.score_summary(found, _provenance()), numbers, force)
    paths = [numbers]
    if plot:
        from eae_sindy.report import figures
        from eae_sindy.report.figures import of_distributional_checks as drawn

        for one in found:
            paths += figures.save(drawn.score(one), output, f"score_{one.law}", force)
    click.echo(f"{output}: {', '.join(p.name for p in paths)}")


@click.command(cls=options.Command)
@click.option(
    "--seeds", type=click.IntRange(1), default=PathChecks.seeds, show_default=True,
    help="Trainings and draws, from --seed on; all are reported.",
)  # fmt: skip
@click.option(
    "--rows", type=click.IntRange(1000), default=PathChecks.rows, show_default=True,
    help="Draws that models are trained on.",
)  # fmt: skip
@click.option(
    "--draws", type=click.IntRange(1000), default=PathChecks.draws, show_default=True,
    help="Draws that are binned by code.",
)  # fmt: skip
@plot_option
@options.output("runs/dpa_path")
@options.seed
@options.config
@options.force
def path(
    seeds: int, rows: int, draws: int, plot: bool, output: Path, seed: int, force: bool
) -> None:
    """Look for the minimum free-energy path of the Müller–Brown potential.

    Holds curves that codes of Boltzmann draws give against the path by the string method, beside
    PCA, straight lines and plain autoencoders. Writes path.json, and with --plot a figure.
    """
    settings = PathChecks(seeds=seeds, rows=rows, draws=draws, seed=seed)
    numbers = _claimed(output, "path", ["path"], plot, force)
    from eae_sindy.distributional import subjects
    from eae_sindy.report import distributional_checks as report
    from eae_sindy.report.files import write_json

    found = options.follow(subjects.paths(settings))
    for line in report.path_lines(found):
        click.echo(line)
    write_json(report.path_summary(found, _provenance()), numbers, force)
    paths = [numbers]
    if plot:
        from eae_sindy.report import figures
        from eae_sindy.report.figures import of_distributional_checks as drawn

        paths += figures.save(drawn.path(found), output, "path", force)
    click.echo(f"\n{output}: {count(seeds, 'seed')}; {', '.join(p.name for p in paths)}")


def _claimed(folder: Path, name: str, figures: Sequence[str], plot: bool, force: bool) -> Path:
    """Check that everything can be written, before any work; return the path of the numbers."""
    from eae_sindy import storage

    if folder.is_file():
        raise EaeSindyError(f"{folder} is a file: name a folder with -o")
    numbers = folder / f"{name}.json"
    drawn = [folder / f"{f}.{s}" for f in figures for s in ("png", "pdf")] if plot else []
    for wanted in (numbers, *drawn):
        storage.claim(wanted, force)
    return numbers


def _provenance() -> dict[str, Any]:
    from eae_sindy import __version__

    return {"version": __version__, "command": " ".join(["eae-sindy", *sys.argv[1:]])}
