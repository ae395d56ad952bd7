"""eae-sindy images: the paper's benchmarks on images."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import Steps, count
from eae_sindy.recipes import IMAGE_MODELS, IMAGE_RECIPES, ImageFit, image_recipe

from . import options

if TYPE_CHECKING:
    from eae_sindy.ensemble.image_model import ImageModel
    from eae_sindy.images.contract import Images

T = TypeVar("T")
LONG = 1200.0  # seconds, from which on the time that a training takes is said at its start
DATASETS = ("digits", "mnist", "fashion-mnist", "frey-faces", "celeba")
HELP = {
    "latents": "Units of the code.",
    "hidden": "Units of a hidden layer of the encoder; repeat for more.",
    "decoder_hidden": "Units of a hidden layer of the decoder; repeat for more.",
    "activation": "Of hidden layers.",
    "filters": "Filters of a convolution of the encoder; repeat for more.",
    "temperature": "T at which encoders are drawn.",
    "mass": "Mass of a weight; one for all layers, or one for each.",
    "step": "Δt of the sampler.",
    "chain_length": "Thermostats of the Nosé–Hoover chain.",
    "thermostat_time": "Time constant of the thermostat, in steps.",
    "resample_every": "Steps between fresh velocities; 0 for none.",
    "updates": "Decoder updates.",
    "encoders": "Encoders drawn for an update.",
    "batch": "Images in a minibatch; 0 for all.",
    "draws": "Encoders drawn with the decoder fixed.",
    "every": "Of so many draws in a row one is kept.",
    "learning_rate": "Of Adam.",
    "vae_epochs": "Epochs of the variational autoencoder.",
    "ae_epochs": "Epochs of the plain autoencoder.",
    "seed": "The one source of randomness.",
}

dataset = click.option(
    "--dataset",
    default="digits",
    show_default=True,
    help=f"{', '.join(DATASETS)}, or a name of your own for what --data has.",
)
data = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="An .npz file with x, or with x_train and x_test; frey_rawface.mat; a folder of JPEG "
    "files. Digits need none, MNIST and Fashion-MNIST are fetched by Keras.",
)
recipe = click.option(
    "--recipe",
    type=click.Choice(list(IMAGE_RECIPES)),
    default=None,
    help="A named set of the values below; that of the data set, or mnist, if left out.",
)


def _settings(command: Any) -> Any:
    """Add one option for each field of recipes.ImageFit; left out, the recipe's value holds."""
    for field in reversed(fields(ImageFit)):
        default: Any = field.default
        several = isinstance(default, tuple)
        kind: dict[str, Any] = {"type": type((*default, 0)[0] if several else default)}
        command = click.option(
            f"--{field.name.replace('_', '-')}",
            default=None,
            multiple=several,
            help=HELP[field.name],
            **kind,
        )(command)
    return command


def _recipe(name: str | None, dataset: str, values: dict[str, Any]) -> ImageFit:
    """Return the settings: those of a recipe, with what was given."""
    chosen = image_recipe(name or (dataset if dataset in IMAGE_RECIPES else "mnist"))
    return chosen.but(**{k: v for k, v in values.items() if v not in ((), None)})


@click.group()
def images() -> None:
    """Entropic, variational and plain autoencoders of images: Table 1 and Figures 2, 3 and 5."""


@images.command(cls=options.Command)
@dataset
@data
@click.option(
    "--model", type=click.Choice(IMAGE_MODELS), default="eae", show_default=True, help="Which."
)
@recipe
@options.device
@click.option("--resume", is_flag=True, help="Go on where a training was interrupted.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=None,
    help="Where the model goes.  [default: runs/images/DATASET/MODEL-SEED.h5]",
)  # fmt: skip
@options.config
@options.force
@_settings
def train(
    dataset: str,
    data: Path | None,
    model: str,
    recipe: str | None,
    device: str,
    resume: bool,
    output: Path | None,
    force: bool,
    **values: Any,
) -> None:
    """Train one model, and measure it on the test images.

    The chain of an entropic autoencoder is saved as it grows, and goes on with --resume.
    """
    settings = _recipe(recipe, dataset, values)
    path = output or _path(Path("runs/images") / dataset, model, settings)
    from eae_sindy import storage
    from eae_sindy.ensemble.segments import Segments

    storage.claim(path, force, read=(data,) if data else ())
    found = _read(dataset, data)
    segments = Segments(path, spacing=settings.every) if model == "eae" else None
    if segments is not None:
        segments.claim(resume or force)
        if not resume:
            segments.remove()
    made = _trained(model, found, settings, device, segments)
    made.save(path, force=force)
    if segments is not None:
        segments.remove()
    from eae_sindy.images.measured import measure
    from eae_sindy.report import images as report

    for line in report.of_training(measure(made, found)):
        click.echo(line)
    click.echo(f"{path}: {count(len(made), 'member')} of {model}; now: eae-sindy images compare")


@images.command(cls=options.Command)
@dataset
@data
@click.option(
    "--model", "models", type=click.Choice(IMAGE_MODELS), multiple=True, default=IMAGE_MODELS,
    show_default=True, help="Which models; repeat for more.",
)  # fmt: skip
@recipe
@click.option(
    "--seeds", type=click.IntRange(1), default=1, show_default=True,
    help="Trainings of each model, from --seed on; with three or more the spread means something.",
)  # fmt: skip
@options.device
@click.option("--resume", is_flag=True, help="Keep the models that are in the output folder.")
@click.option("--report", is_flag=True, help="Write report.html, too: all of it on one page.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=None,
    help="Where results and models go.  [default: runs/images/DATASET]",
)  # fmt: skip
@options.config
@options.force
@_settings
def compare(
    dataset: str,
    data: Path | None,
    models: tuple[str, ...],
    recipe: str | None,
    seeds: int,
    device: str,
    resume: bool,
    report: bool,
    output: Path | None,
    force: bool,
    **values: Any,
) -> None:
    """Train the models on the same images, measure them alike, and draw the figures.

    Writes every model, comparison.json, comparison.csv and figures.
    """
    settings = _recipe(recipe, dataset, values)
    folder = output or Path("runs/images") / dataset
    from eae_sindy import storage
    from eae_sindy.images import comparison
    from eae_sindy.report import images as said

    if folder.is_file():
        raise EaeSindyError(f"{folder} is a file: name a folder with -o")
    wanted = [
        (model, settings.but(seed=settings.seed + k)) for model in models for k in range(seeds)
    ]
    pages = ("report.html",) * report
    for name in (*said.FILES, *(f"{f}.{s}" for f in FIGURES for s in ("png", "pdf")), *pages):
        storage.claim(folder / name, force or resume, read=(data,) if data else ())
    if not resume:
        for model, own in wanted:
            storage.claim(_path(folder, model, own), force)
    found = _read(dataset, data)
    made = [_kept(folder, model, found, own, device, resume, force) for model, own in wanted]
    compared = comparison.compared(found, made)
    known = {"command": " ".join(["eae-sindy", *sys.argv[1:]]), "data": str(data or dataset)}
    # Numbers first: a figure that fails must not lose them.
    paths = said.write(compared, folder, known, force or resume)
    for line in said.lines(compared):
        click.echo(line)
    paths += _drawn(compared, folder, force or resume, known["command"] if report else None)
    click.echo(f"\n{folder}: {', '.join(p.name for p in paths)}")


FIGURES = ("training", "reconstructions", "interpolations", "distributions", "distributions_more")


def _drawn(found: Any, folder: Path, force: bool, command: str | None) -> list[Path]:
    """Draw the figures and, where a command is given to be quoted, the page."""
    from eae_sindy.report import figures
    from eae_sindy.report.figures import of_images
    from eae_sindy.report.page import images_page, page

    drawn = {
        "training": of_images.training(found),
        "reconstructions": of_images.reconstructions(found),
        "interpolations": of_images.interpolations(found),
        "distributions": of_images.distributions(found, 3, 0),
        "distributions_more": of_images.distributions(found, 6, 1),
    }
    shown = {name: figure for name, figure in drawn.items() if figure is not None}
    paths = [
        path for name, figure in shown.items() for path in figures.save(figure, folder, name, force)
    ]
    if command is not None:
        pictures = {name: figures.png(figure) for name, figure in shown.items()}
        text = images_page.page(found, pictures, command)
        paths.append(page.write(text, folder / "report.html", force))
    return paths


@images.command(cls=options.Command)
@dataset
@data
@click.option(
    "--temperatures", type=float, nargs=2, default=None,
    help="Two temperatures, the higher one first; those of A.5.3 for celeba, else that of the "
    "recipe and a twentieth of it.",
)  # fmt: skip
@recipe
@options.device
@click.option("--resume", is_flag=True, help="Keep the models that are in the output folder.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=None,
    help="Where results and models go.  [default: runs/images/DATASET-morphology]",
)  # fmt: skip
@options.config
@options.force
@_settings
def morphology(
    dataset: str,
    data: Path | None,
    temperatures: tuple[float, float] | None,
    recipe: str | None,
    device: str,
    resume: bool,
    output: Path | None,
    force: bool,
    **values: Any,
) -> None:
    """Train entropic autoencoders at two temperatures, and draw Figure 3.

    Images are decoded of codes that are averaged over members.
    """
    values.pop("temperature")
    hot = _recipe(recipe, dataset, values)
    cold = hot.but(temperature=hot.temperature / 20)
    if temperatures:
        hot, cold = (hot.but(temperature=t) for t in temperatures)
    elif dataset == "celeba" and recipe is None:
        cold = _recipe("celeba-cold", dataset, values)
    folder = output or Path("runs/images") / f"{dataset}-morphology"
    from eae_sindy import storage
    from eae_sindy.images.contract import flat
    from eae_sindy.images.measured import measure
    from eae_sindy.report import figures
    from eae_sindy.report import images as report
    from eae_sindy.report.figures import of_images

    for suffix in ("png", "pdf"):
        storage.claim(folder / f"morphology.{suffix}", force or resume)
    found = _read(dataset, data)
    runs = []
    for name, settings in (("hot", hot), ("cold", cold)):
        path = folder / f"{name}.h5"
        if not resume:
            storage.claim(path, force)
        model = _kept_at(path, "eae", found, settings, device, resume, force)
        runs.append(measure(model, found))
        click.echo(f"T = {settings.temperature:g}: {'; '.join(report.of_training(runs[-1]))}")
    shown = runs[0].shown
    test = flat(found.test[: len(shown)]).reshape(shown.shape)
    figure = of_images.morphology(runs, test)
    paths = figures.save(figure, folder, "morphology", force or resume)
    click.echo(f"\n{folder}: {', '.join(p.name for p in paths)}")


@images.command(cls=options.Command)
@click.argument("model", type=click.Path(path_type=Path))
@dataset
@data
@click.option(
    "--images", "given", type=click.IntRange(1), default=6, show_default=True,
    help="Test images for which codes are drawn.",
)  # fmt: skip
@click.option(
    "--samples", type=click.IntRange(1), default=8, show_default=True, help="Codes for each."
)
@options.output("runs/images/generated")
@options.seed
@options.config
@options.force
def generate(
    model: Path,
    dataset: str,
    data: Path | None,
    given: int,
    samples: int,
    output: Path,
    seed: int,
    force: bool,
) -> None:
    """Draw codes for test images from the ensemble in MODEL (Algorithm 2), and decode them.

    Writes generated.npz and a figure.
    """
    from eae_sindy import storage
    from eae_sindy.ensemble.image_model import ImageModel
    from eae_sindy.images import comparison
    from eae_sindy.images.contract import flat
    from eae_sindy.images.generation import generate as generated
    from eae_sindy.report import figures
    from eae_sindy.report.figures import of_images

    for name in ("generated.npz", "generated.png", "generated.pdf"):
        storage.claim(output / name, force, read=(model,))
    made = ImageModel.open(model)
    found = _read(dataset, data)
    if differences := made.differences(comparison.begin(made.kind, found, made.recipe)):
        raise EaeSindyError(
            f"{model} was made otherwise ({'; '.join(differences)}): name its own images with "
            "--dataset and --data"
        )
    shown = flat(found.test[:given])
    drawn = generated(made, shown, samples, seed).reshape(len(shown), samples, *found.shape)
    import numpy as np

    with storage.whole_file(output / "generated.npz", force) as part, part.open("wb") as file:
        np.savez(file, given=shown.reshape(-1, *found.shape), generated=drawn)
    figure = of_images.generated(shown.reshape(-1, *found.shape), drawn)
    paths = [output / "generated.npz", *figures.save(figure, output, "generated", force)]
    click.echo(f"{output}: {', '.join(p.name for p in paths)}")


def _path(folder: Path, model: str, settings: ImageFit) -> Path:
    return folder / f"{model}-{settings.seed}.h5"


def _read(dataset: str, data: Path | None) -> "Images":
    from eae_sindy.images.sources import choice

    # One split for all seeds: models are compared on the same images.
    found = choice.read(dataset, data, seed=0)
    for note in found.notes:
        options.warn(note)
    parts = (len(part) for part in (found.train, found.validation, found.test))
    shape = " x ".join(map(str, found.shape))
    train, validation, test = parts
    click.echo(
        f"{found.name}: {train:,} images of {shape} to train on, {validation:,} to validate, "
        f"{test:,} to test"
    )
    return found


def _kept(
    folder: Path,
    model: str,
    found: "Images",
    settings: ImageFit,
    device: str,
    resume: bool,
    force: bool,
) -> "ImageModel":
    path = _path(folder, model, settings)
    return _kept_at(path, model, found, settings, device, resume, force)


def _kept_at(
    path: Path,
    model: str,
    found: "Images",
    settings: ImageFit,
    device: str,
    resume: bool,
    force: bool,
) -> "ImageModel":
    """Return the model of a file, if it is to be kept; train and save it otherwise."""
    from eae_sindy.ensemble.segments import Segments
    from eae_sindy.images import comparison

    if resume and (there := comparison.kept(path, comparison.begin(model, found, settings))):
        return there
    segments = Segments(path, spacing=settings.every) if model == "eae" else None
    if segments is not None:
        segments.claim(resume or force)
        if not resume:
            segments.remove()
    made = _trained(model, found, settings, device, segments)
    made.save(path, force=True)
    if segments is not None:
        segments.remove()
    return made


def _trained(
    model: str, found: "Images", settings: ImageFit, device: str, segments: Any
) -> "ImageModel":
    from eae_sindy.images import comparison
    from eae_sindy.neural.devices import named

    steps = comparison.train(model, found, settings, device=named(device), segments=segments)
    return options.follow(_announced(steps, click.echo))


def _announced(steps: Steps[T], echo: Callable[[str], Any]) -> Steps[T]:
    """Do the same work; say how long it takes after two units of it, if that is long."""
    marks: list[tuple[float, int]] = []
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        marks.append((time.monotonic(), step.done))
        if len(marks) == 2 and marks[1][1] > marks[0][1]:
            expected = _expected(marks, step.total)
            if expected > LONG:
                echo(f"this takes about {expected / 3600:.1f} hours; --recipe names shorter ones")
        yield step


def _expected(marks: Sequence[tuple[float, int]], total: int) -> float:
    """Return the seconds of all units, by those between two marks; the first has the compiling."""
    (first, a), (second, b) = marks
    return (second - first) / (b - a) * total
