"""eae-sindy images: the paper's benchmarks on images."""

import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import Steps, count
from eae_sindy.recipes import IMAGE_MODELS, IMAGE_RECIPES, ImageFit, image_recipe

from . import options

if TYPE_CHECKING:
    from eae_sindy.ensemble.image_model import ImageModel
    from eae_sindy.ensemble.segments import Segments
    from eae_sindy.images.contract import Images

T = TypeVar("T")
SAMPLES = 8  # of codes for each image, where no other number is named
COLDER = 20  # than the hot one is the cold model of Figure 3, as in A.5.3
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
    "start_epochs": "Epochs of a plain autoencoder that an entropic one begins with; 0 for none.",
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


def _of_models(command: Any) -> Any:
    """Add the options of every command that makes models: images, settings, and what may stay."""
    shared = (dataset, data, recipe, options.device, options.config, options.force, _settings)
    for option in reversed(shared):
        command = option(command)
    return command


def _recipe(name: str | None, dataset: str, values: dict[str, Any]) -> ImageFit:
    """Return the settings: those of a recipe, with what was given."""
    chosen = image_recipe(name or (dataset if dataset in IMAGE_RECIPES else "mnist"))
    return chosen.but(**{k: v for k, v in values.items() if v not in ((), None)})


@click.group()
def images() -> None:
    """Entropic, variational and plain autoencoders of images: Table 1 and Figures 2, 3 and 5."""


@images.command(cls=options.Command)
@_of_models
@click.option(
    "--model", type=click.Choice(IMAGE_MODELS), default="eae", show_default=True, help="Which."
)
@click.option("--resume", is_flag=True, help="Go on where a training was interrupted.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=None,
    help="Where the model goes.  [default: runs/images/DATASET/MODEL-SEED.h5]",
)  # fmt: skip
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
    path = output or _path(Path("runs/images") / _folder(dataset), model, settings)
    workshop = _Workshop(device, resume, force)
    workshop.claim([(path, model, settings)], read=data)
    found = _read(dataset, data)
    made = workshop.made(path, model, settings, found)
    from eae_sindy.images.measured import Yardstick, measure
    from eae_sindy.report import images as report

    for line in report.of_training(measure(made, Yardstick.of(found))):
        click.echo(line)
    said = f"{path}: {count(len(made), 'member')} of {model}"
    if model != "ae":
        named = ["--dataset", dataset, *(("--data", str(data)) if data else ())]
        said += f"; now: eae-sindy images generate {shlex.join([str(path), *named])}"
    click.echo(said)


@images.command(cls=options.Command)
@_of_models
@click.option(
    "--model", "models", type=click.Choice(IMAGE_MODELS), multiple=True, default=IMAGE_MODELS,
    show_default=True, help="Which models; repeat for more.",
)  # fmt: skip
@click.option(
    "--seeds", type=click.IntRange(1), default=1, show_default=True,
    help="Trainings of each model, from --seed on; with three or more the spread means something.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Keep the models that are in the output folder.")
@click.option("--report", is_flag=True, help="Write report.html, too: all of it on one page.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=None,
    help="Where results and models go.  [default: runs/images/DATASET]",
)  # fmt: skip
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
    folder = output or Path("runs/images") / _folder(dataset)
    from eae_sindy import storage
    from eae_sindy.images import comparison
    from eae_sindy.report import images as said

    if folder.is_file():
        raise EaeSindyError(f"{folder} is a file: name a folder with -o")
    each = [settings.but(seed=settings.seed + k) for k in range(seeds)]
    wanted = [(_path(folder, m, own), m, own) for m in dict.fromkeys(models) for own in each]
    figures = [f"{f}.{s}" for f in FIGURES for s in ("png", "pdf")]
    results = [folder / name for name in (*said.FILES, *figures, "report.html")]
    for path in results:
        storage.claim(path, force or resume, read=(data,) if data else ())
    workshop = _Workshop(device, resume, force)
    workshop.claim(wanted, read=data)
    found = _read(dataset, data)
    made = [workshop.made(*one, found) for one in wanted]
    compared = comparison.compared(found, made)
    known = {"command": " ".join(["eae-sindy", *sys.argv[1:]]), "data": str(data or dataset)}
    for path in results:  # what an earlier comparison left would pass for this one's
        path.unlink(missing_ok=True)
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
        "distributions": of_images.distributions(found, 0, 3),
        "distributions_more": of_images.distributions(found, 3, 6),
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
@_of_models
@click.option(
    "--temperatures", type=float, nargs=2, default=None,
    help="Two temperatures, the higher one first; those of A.5.3 for celeba, else that of the "
    "recipe and a twentieth of it.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Keep the models that are in the output folder.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=None,
    help="Where results and models go.  [default: runs/images/DATASET-morphology]",
)  # fmt: skip
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
    if values.pop("temperature") is not None:
        raise EaeSindyError("there are two temperatures here: give them with --temperatures")
    hot = _recipe(recipe, dataset, values)
    cold = hot.but(temperature=hot.temperature / COLDER)
    if dataset == "celeba":  # A.5.3 gives the colder one lighter weights
        light = values.get("mass") or image_recipe("celeba-cold").mass
        cold = cold.but(mass=light, temperature=image_recipe("celeba-cold").temperature)
    if temperatures:
        hot, cold = (
            one.but(temperature=t)
            for one, t in zip((hot, cold), sorted(temperatures, reverse=True), strict=True)
        )
    folder = output or Path("runs/images") / f"{_folder(dataset)}-morphology"
    from eae_sindy import storage
    from eae_sindy.images.contract import flat
    from eae_sindy.images.measured import Yardstick, measure
    from eae_sindy.report import figures
    from eae_sindy.report import images as report
    from eae_sindy.report.figures import of_images

    for suffix in ("png", "pdf"):
        storage.claim(folder / f"morphology.{suffix}", force or resume)
    wanted = [(folder / "hot.h5", "eae", hot), (folder / "cold.h5", "eae", cold)]
    workshop = _Workshop(device, resume, force)
    workshop.claim(wanted, read=data)
    found = _read(dataset, data)
    by, runs = Yardstick.of(found), []
    for one in wanted:
        runs.append(measure(workshop.made(*one, found), by))
        said = "; ".join(report.of_training(runs[-1]))
        click.echo(f"T = {runs[-1].model.recipe.temperature:g}: {said}")
    shown = runs[0].shown
    test = flat(found.test[: len(shown)]).reshape(shown.shape)
    paths = figures.save(of_images.morphology(runs, test), folder, "morphology", force or resume)
    click.echo(f"\n{folder}: {', '.join(p.name for p in paths)}")


@images.command(cls=options.Command)
@click.argument("model", type=click.Path(path_type=Path))
@dataset
@data
@click.option(
    "--images", "given", type=click.IntRange(1, 100), default=6, show_default=True,
    help="Test images for which codes are drawn.",
)  # fmt: skip
@click.option(
    "--samples", type=click.IntRange(1, 100), default=None,
    help="Codes for each.  [default: 8, or as many as there are members]",
)  # fmt: skip
@options.output("runs/images/generated")
@options.seed
@options.config
@options.force
def generate(
    model: Path,
    dataset: str,
    data: Path | None,
    given: int,
    samples: int | None,
    output: Path,
    seed: int,
    force: bool,
) -> None:
    """Draw codes for test images from the ensemble in MODEL (Algorithm 2), and decode them.

    Writes generated.npz and a figure.
    """
    from eae_sindy import storage
    from eae_sindy.ensemble.image_model import ImageModel
    from eae_sindy.images.contract import flat
    from eae_sindy.images.generation import generate as generated
    from eae_sindy.report import figures
    from eae_sindy.report.figures import of_images

    for name in ("generated.npz", "generated.png", "generated.pdf"):
        storage.claim(output / name, force, read=(model, data))
    made = ImageModel.open(model)
    found = _read(dataset, data)
    if made.attributes.get("data fingerprint") != found.digest():
        raise EaeSindyError(
            f"{model} was made of other images: name its own with --dataset and --data"
        )
    shown = flat(found.test[:given])
    if samples is None:
        samples = min(SAMPLES, len(made)) if made.kind == "eae" else SAMPLES
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
    train, validation, test = map(len, (found.train, found.validation, found.test))
    shape = " x ".join(map(str, found.shape))
    click.echo(
        f"{found.name}: {train:,} images of {shape} to train on, {validation:,} to validate, "
        f"{test:,} to test"
    )
    return found


@dataclass(frozen=True)
class _Workshop:
    """Where models are made, or taken from the files that have them."""

    device: str
    resume: bool
    force: bool

    def claim(
        self, wanted: "Sequence[tuple[Path, str, ImageFit]]", read: Path | None = None
    ) -> None:
        """Check, before any work, that all files can be written and nothing in them is lost."""
        from eae_sindy import storage

        for path, model, settings in wanted:
            if not (self.resume and path.is_file()):
                storage.claim(path, self.force, read=(read,))
            if segments := _segments(path, model, settings):
                segments.claim(self.resume or self.force)

    def made(self, path: Path, model: str, settings: ImageFit, found: "Images") -> "ImageModel":
        """Return the model of a file, if it is to be kept; train and save it otherwise."""
        from eae_sindy import storage
        from eae_sindy.images import comparison
        from eae_sindy.neural.devices import named

        begun = comparison.begin(model, found, settings)
        with storage.alone(path):
            if self.resume and (there := comparison.kept(path, begun, self.force)):
                click.echo(f"{path} is finished, and is kept")
                return there
            segments = _segments(path, model, settings)
            if segments is not None and not self.resume:
                segments.remove()
            device = named(self.device)
            steps = comparison.train(model, found, settings, device=device, segments=segments)
            try:
                trained = options.follow(_announced(steps, click.echo))
            except (KeyboardInterrupt, options.Terminated) as ended:
                if segments:
                    raise type(ended)("add --resume to the same line to go on") from ended
                raise
            trained.save(path, force=True)
            if segments is not None:
                segments.remove()
            return trained


def _segments(path: Path, model: str, settings: ImageFit) -> "Segments | None":
    """Return where the chain of an entropic autoencoder is saved as it grows."""
    from eae_sindy.ensemble.segments import Segments

    return Segments(path, spacing=settings.every) if model == "eae" else None


def _folder(dataset: str) -> str:
    """Return the name of a data set as that of a folder."""
    if dataset in ("", ".", "..") or "/" in dataset or "\\" in dataset:
        raise EaeSindyError(f"--dataset {dataset!r} is no name: give a path with --data")
    return dataset


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
            expected = _expected(marks, step.total - step.done)
            if expected > LONG:
                echo(f"this takes about {expected / 3600:.1f} hours more; see --recipe")
        yield step


def _expected(marks: Sequence[tuple[float, int]], left: int) -> float:
    """Return the seconds of what is left, by those between two marks; the first has compiling."""
    (first, a), (second, b) = marks
    return (second - first) / (b - a) * left
