"""eae-sindy forecast: what comes after new snapshots."""

from pathlib import Path
from typing import Any

import click

from eae_sindy.errors import EaeSindyError

from . import options


@click.command(cls=options.Command)
@click.argument("ensemble", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--discovery",
    type=click.Path(path_type=Path),
    default=Path("runs/discovery"),
    show_default=True,
    help="Folder that discover wrote for this ensemble.",
)
@click.option(
    "--start",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Frame of each trajectory to start from.",
)
@click.option(
    "--horizon",
    type=click.FloatRange(0, min_open=True),
    help="How long to go on, in units of time; to the last frame if not given.",
)
@click.option("--plot", is_flag=True, help="Also draw the figure, as PNG and PDF.")
@options.output("runs/forecast")
@options.config
@options.force
@options.named
def forecast(
    ensemble: Path,
    data: Path,
    discovery: Path,
    start: int,
    horizon: float | None,
    plot: bool,
    output: Path,
    force: bool,
    names: dict[str, Any],
) -> None:
    """Forecast every trajectory in DATA from its first frame, by the equations of an ENSEMBLE.

    Each member encodes the frame, integrates the equations chosen for it, and decodes. Writes
    forecast.h5, a snapshots file of the mean with bands, and summary.json with the errors where
    DATA holds the later frames.
    """
    from eae_sindy import storage
    from eae_sindy.discovery import equations
    from eae_sindy.discovery.equations import Equations
    from eae_sindy.ensemble.ensemble import Ensemble
    from eae_sindy.new_data import forecast, frames
    from eae_sindy.report import files, forecast_report
    from eae_sindy.snapshots.sources import choice

    if output.is_file():
        raise EaeSindyError(f"{output} is a file: name a folder with -o")
    results = ["forecast.h5", "summary.json", *(("forecast.png", "forecast.pdf") if plot else ())]
    read = (ensemble, data, discovery / equations.FILE)
    for name in results:
        storage.claim(output / name, force, read)
    chosen = Equations.open(read[-1])
    opened = Ensemble.open(ensemble)
    with choice.read(data, **options.measured(names, ensemble, opened.attributes)) as snapshots:
        seen = frames.on(opened, snapshots)
        found = options.follow(forecast.iterate(opened, seen, chosen, start, horizon))
        options.follow(found.write(output / results[0], snapshots, force=force))
        summary = forecast_report.summarise(found, snapshots)
        files.write_json(summary, output / results[1], force)
        if plot:
            from eae_sindy.report import figures

            figures.save(figures.forecast(found, snapshots), output, "forecast", force)
    for line in forecast_report.lines(summary):
        click.echo(line)
    for warning in summary["warnings"]:
        options.warn(warning)
    click.echo(f"{output}: {', '.join(results)}")
