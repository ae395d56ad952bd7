"""eae-sindy dpa: distributional principal autoencoders."""

import sys
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import Steps, count
from eae_sindy.recipes import CURVES, DpaFit

from . import dpa_checks, options

if TYPE_CHECKING:
    from eae_sindy.distributional.samples import Samples
    from eae_sindy.ensemble.distributional_model import DistributionalModel
    from eae_sindy.ensemble.segments import Segments

HELP = {
    "latents": "Ordered latents: more than the data need, to see which carry nothing.",
    "hidden": "Units of a hidden layer of encoder and decoder; repeat for more layers.",
    "activation": "Of hidden layers: a smooth one.",
    "noise": "Random numbers beside the input of every layer of the decoder.",
    "beta": "Power of distances in the energy score, up to 2; less for heavy tails.",
    "steps": "Steps of Adam.",
    "batch": "Rows in a minibatch.",
    "learning_rate": "Of Adam at the start; it falls to zero.",
    "rank": "POD modes in which frames are seen.",
    "test": "Share of the rows that are held out.",
    "seed": "The one source of randomness.",
}
UNLIKE = 0.1  # of the variance: frames of which a model sees less are others
GO_ON = "add --resume to the same line to go on"
MODEL = "model.h5"  # in the folder of a dimension


def setting_options(command: Any) -> Any:
    """Add one option for each field of recipes.DpaFit; left out, its own value holds."""
    for field in reversed(fields(DpaFit)):
        default: Any = field.default
        several = isinstance(default, tuple)
        shown = " ".join(map(str, default)) if several else default
        command = click.option(
            f"--{field.name.replace('_', '-')}",
            default=None,
            multiple=several,
            type=type(default[0] if several else default),
            help=f"{HELP[field.name]}  [default: {shown}]",
        )(command)
    return command


def settings_of(values: dict[str, Any]) -> DpaFit:
    """Return the settings, with what was given."""
    return DpaFit().but(**{k: v for k, v in values.items() if v not in ((), None)})


data = click.argument("data", type=click.Path(path_type=Path))
rows_option = click.option(
    "--rows", type=click.IntRange(10), default=20_000, show_default=True,
    help="Rows drawn of a planted set.",
)  # fmt: skip
after_option = click.option(
    "--after", type=float, default=None, help="Only frames after this time: without a transient."
)


def _of_training(command: Any) -> Any:
    """Add the options of every command that trains: data, settings, and what may stay."""
    resume = click.option("--resume", is_flag=True, help="Go on where a training was interrupted.")
    shared = (data, rows_option, after_option, options.device, resume, options.config,
              options.force, options.named, setting_options)  # fmt: skip
    for option in reversed(shared):
        command = option(command)
    return command


@click.group()
def dpa() -> None:
    """Distributional principal autoencoders: ordered latents, whole laws, and how many it takes."""


@dpa.command(cls=options.Command)
@_of_training
@options.output("runs/dpa.h5")
def fit(
    data: Path,
    rows: int,
    after: float | None,
    device: str,
    resume: bool,
    force: bool,
    names: dict[str, Any],
    output: Path,
    **values: Any,
) -> None:
    """Train a distributional autoencoder on DATA, and say what its laws are worth.

    DATA is a file of any format that import reads, or a planted set: parabola, circle, helix,
    s-curve, swiss-roll or surface.
    """
    settings = settings_of(values)
    found = read(data, names, settings, rows, after)
    model = trained(found, settings, output, device=device, resume=resume, force=force, data=data)
    from eae_sindy.neural import distributional_models as models
    from eae_sindy.report import distributional as report

    scores = models.scores(model, found.test).mean(axis=1)
    near, apart = (d.mean(axis=1) for d in models.distances(model, found.test, 1.0))
    for line in report.of_training(scores, near, apart):
        click.echo(line)
    click.echo(
        f"{output}: {count(settings.latents, 'latent')} of {count(len(found.train), 'row')}; now: "
        f"eae-sindy dpa sample {output} {data}"
    )


@dpa.command(cls=options.Command)
@_of_training
@click.option("--plot", is_flag=True, help="Draw the figure, too.")
@options.output("runs/dimension")
def dimension(
    data: Path,
    rows: int,
    after: float | None,
    device: str,
    resume: bool,
    force: bool,
    names: dict[str, Any],
    plot: bool,
    output: Path,
    **values: Any,
) -> None:
    """Tell how many latents DATA need, or that there is no clean knee.

    Trains a distributional autoencoder with more latents than that, and tests what surplus ones
    carry. Writes dimension.json, the model, and with --plot a figure.
    """
    from eae_sindy import storage
    from eae_sindy.distributional import dimension as judged
    from eae_sindy.report import distributional as report

    settings = settings_of(values)
    if output.is_file():
        raise EaeSindyError(f"{output} is a file: name a folder with -o")
    for name in (report.DIMENSION, *(("dimension.png", "dimension.pdf") if plot else ())):
        storage.claim(output / name, force or resume, read=(data,))
    found = read(data, names, settings, rows, after)
    path = output / MODEL
    model = trained(found, settings, path, device=device, resume=resume, force=force, data=data)
    try:
        result = options.follow(judged.judge(model, found))
    except (KeyboardInterrupt, options.Terminated) as ended:
        raise type(ended)(GO_ON) from ended
    known = {"command": " ".join(["eae-sindy", *sys.argv[1:]]), "data": str(data)}
    # Numbers first: a figure that fails must not lose them.
    paths = [path, report.write(result, output, known, force or resume)]
    for line in report.lines(result):
        click.echo(line)
    if plot:
        from eae_sindy.report import figures
        from eae_sindy.report.figures import of_distributional

        drawn = of_distributional.dimension(result)
        paths += figures.save(drawn, output, "dimension", force or resume)
    click.echo(f"\n{output}: {', '.join(p.name for p in paths)}")


@dpa.command(cls=options.Command)
@click.argument("model", type=click.Path(path_type=Path))
@data
@click.option(
    "-k", "--latents", type=click.IntRange(0), default=None,
    help="Of the row only its first so many latents are known.  [default: all]",
)  # fmt: skip
@click.option(
    "--given", type=click.IntRange(1, 100), default=4, show_default=True,
    help="Rows whose laws are drawn from, spread evenly over those of DATA.",
)  # fmt: skip
@click.option(
    "--draws", type=click.IntRange(2, 10_000), default=100, show_default=True, help="From each law."
)
@rows_option
@click.option("--plot", is_flag=True, help="Draw the figure, too.")
@options.output("runs/dpa_sample")
@options.seed
@options.config
@options.force
@options.named
def sample(
    model: Path,
    data: Path,
    latents: int | None,
    given: int,
    draws: int,
    rows: int,
    plot: bool,
    output: Path,
    seed: int,
    force: bool,
    names: dict[str, Any],
) -> None:
    """Draw rows of DATA from the law that the codes of a row leave, by the model in MODEL.

    Writes sample.npz, with the rows given, their draws, and the mean and the spread of these.
    """
    import numpy as np

    from eae_sindy import storage
    from eae_sindy.ensemble.distributional_model import DistributionalModel
    from eae_sindy.neural import distributional_models as models

    for name in ("sample.npz", *(("sample.png", "sample.pdf") if plot else ())):
        storage.claim(output / name, force, read=(model, data))
    made = DistributionalModel.open(model)
    known, truth = _some_rows(made, data, names, rows, given)
    k = made.settings.latents if latents is None else latents
    drawn = models.sample(made, models.codes(made, known), k, draws, seed)
    frames = np.stack([made.frames(one) for one in drawn])
    values = {"given": truth, "draws": frames, "mean": frames.mean(axis=0),
              "spread": frames.std(axis=0), "latents": k}  # fmt: skip
    with storage.whole_file(output / "sample.npz", force) as part, part.open("wb") as file:
        np.savez(file, **values)
    paths = [output / "sample.npz"]
    if plot:
        from eae_sindy.report import figures
        from eae_sindy.report.figures import of_distributional

        axis = made.attributes.get("channel_axis")
        figure = of_distributional.samples(truth, frames, axis)
        paths += figures.save(figure, output, "sample", force)
    click.echo(f"{output}: {', '.join(p.name for p in paths)}")


# ---- What they share


def read(
    data: Path, names: dict[str, Any], settings: DpaFit, rows: int, after: float | None
) -> "Samples":
    """Return the samples of a file, or of a planted set by its name, unless a file has that."""
    from eae_sindy.distributional import samples
    from eae_sindy.snapshots.sources import choice

    if str(data) in CURVES and not data.exists():
        return samples.of_set(str(data), rows, settings)
    with choice.read(data, **names) as snapshots:
        return samples.of_snapshots(snapshots, settings, after)


def _some_rows(
    model: "DistributionalModel", data: Path, names: dict[str, Any], rows: int, given: int
) -> tuple[Any, Any]:
    """Return rows of DATA as the model knows them, spread evenly, and as the frames they are."""
    import numpy as np

    from eae_sindy.distributional import planted
    from eae_sindy.snapshots.sources import choice

    if str(data) in CURVES and not data.exists():
        found = planted.make(str(data), rows, model.settings.seed).rows
        some = found[np.linspace(0, len(found) - 1, given).astype(int)]
        return some, model.shaped(some)
    with choice.read(data, **options.measured(names, data, model.attributes)) as snapshots:
        at = np.unique(np.linspace(0, len(snapshots) - 1, given).astype(int))
        frames = np.concatenate([snapshots.rows("field", i, i + 1) for i in at])
    if model.pod is None:
        return frames, model.shaped(frames)
    if frames.shape[1] != model.pod.size:
        raise EaeSindyError(
            f"frames of {data} have {frames.shape[1]:,} values, those of the model "
            f"{model.pod.size:,}: name the data that it was made of"
        )
    known = model.pod.project(frames)
    beyond = np.mean((frames - model.pod.expand(known)) ** 2) / model.pod.unit**2
    if beyond > UNLIKE:
        click.echo(
            f" !  what the model does not see of the frames of {data} is {beyond:.0%} of the "
            "variance of those it was made of: its laws are not theirs"
        )
    return known, model.shaped(frames)


def trained(
    found: "Samples",
    settings: DpaFit,
    path: Path,
    *,
    device: str,
    resume: bool,
    force: bool,
    data: Path,
) -> "DistributionalModel":
    """Train a model and save it; with `resume` go on with one, or keep one that is finished."""
    from eae_sindy import storage
    from eae_sindy.ensemble.distributional_model import DistributionalModel
    from eae_sindy.ensemble.segments import Segments

    kept = resume and path.is_file()
    if not kept:
        storage.claim(path, force or resume, read=(data,))
    with storage.alone(path):
        if kept:
            there = DistributionalModel.open(path)
            if not (differences := there.differences(found.begin(settings))):
                click.echo(f"{path} is finished, and is kept")
                return there
            if not force:
                raise EaeSindyError(
                    f"{path} was made otherwise ({'; '.join(differences)}): use another name with "
                    "-o, or add --force to make it anew"
                )
        segments = Segments(path)
        segments.claim(resume or force)
        if not resume:
            segments.remove()
        model = options.follow(_training(found, settings, device, segments))
        model.save(path, force=True)
        segments.remove()
    return model


def _training(
    found: "Samples", settings: DpaFit, device: str, segments: "Segments"
) -> Steps["DistributionalModel"]:
    """Train a model; how long it took stands in its attributes."""
    from eae_sindy.neural import distributional_models as models
    from eae_sindy.neural.devices import named

    start, whole = time.perf_counter(), not segments
    try:
        model = yield from models.iterate(
            found.train, found.begin(settings), device=named(device), segments=segments
        )
    except (KeyboardInterrupt, options.Terminated) as ended:
        raise type(ended)(GO_ON) from ended
    seconds = time.perf_counter() - start if whole else float("nan")
    return replace(model, attributes={**model.attributes, "seconds": seconds})


for command in (dpa_checks.score, dpa_checks.path):
    dpa.add_command(command)
