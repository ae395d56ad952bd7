"""eae-sindy fit: an ensemble of encoders from snapshots."""

import math
import os
import shlex
import sys
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eae_sindy import recipes
from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import count
from eae_sindy.recipes import Fit

from . import options

if TYPE_CHECKING:
    from eae_sindy.ensemble.ensemble import Ensemble
    from eae_sindy.ensemble.segments import Segments
    from eae_sindy.snapshots.snapshots import Snapshots

HELP = {
    "latents": "Latent variables; auto for as many as the training frames need, see dpa dimension.",
    "hidden": "Units of a hidden layer of the encoder; repeat for more layers. Mirrored in the "
    "decoder.",
    "activation": "elu, tanh, sigmoid, silu, softplus or relu; auto for what validation frames "
    "prefer.",
    "rank": "POD modes in which the networks live.",
    "full_space": "Train on pixels instead of POD coordinates.",
    "degree": "Highest degree of the polynomial terms.",
    "sine": "Sines of the latents among the terms.",
    "constant": "A constant among the terms.",
    "field_weight": "λ₁ of Eq. 14.",
    "rate_weight": "λ₂ of Eq. 14.",
    "dimensionless": "Loss and frames in units of the data's own.",
    "start": f"How weights begin: {' or '.join(recipes.STARTS)}.",
    "start_seconds": "Seconds of computing that a start which searches may take.",
    "step_share": "Step of the sampler as a share of the largest stable one; 0 for --step.",
    "decoder_update": f"How the decoder is updated: {' or '.join(recipes.DECODER_UPDATES)}.",
    "sampler": f"{' or '.join(recipes.SAMPLERS)}.",
    "temperature": "T of the thermostat; auto for one at which members are about as good as the "
    "first weights.",
    "differentiate": "How rates are made that are not given: "
    f"{', '.join(recipes.DIFFERENTIATIONS)}.",
    "smooth": "Smooth frames that hold noise, along each trajectory.",
    "frames": "Training frames that the sampler sees, or more if their loss is not that of all; 0 "
    "for all.",
    "confinement": "Standard deviation of a Gaussian about the first weights, over the root mean "
    "square of these; 0 for none.",
    "directions": "Stiff directions of the loss that are sampled as softly as the others.",
    "mass": "m of a weight; repeat to give one for each layer of the encoder.",
    "step": "Time step of the sampler.",
    "chain_length": "Thermostats in the Nosé–Hoover chain.",
    "thermostat_time": "Time constant of the thermostat, in steps.",
    "resample_every": "Steps between fresh velocities; 0 for never.",
    "updates": "Decoder updates (Algorithm 1).",
    "encoders": "Encoder steps to each decoder update.",
    "learning_rate": "Of Adam, for the decoder.",
    "tolerance": "Stop training when the mean decoder gradient is no longer than this.",
    "schedule": f"Temperature during training: {', '.join(recipes.SCHEDULES)}.",
    "start_temperature": "Where a schedule starts; it ends at --temperature. 0 for the same.",
    "batch": "Frames in a minibatch; 0 for all of them.",
    "draws": "Members collected (Algorithm 2).",
    "chains": "Chains in all, each with its own decoder and seeds.",
    "chains_per_decoder": "Chains that share a decoder, which follows the gradient of all of them.",
    "test": "Fraction of the time, at the end, to test on.",
    "train": "Fraction of the frames before that to train on.",
    "validation": "Fraction of the frames before that to validate on.",
    "test_time": "Time at the end of every trajectory to test on, instead of that fraction.",
    "test_trajectories": "Numbers of trajectories to test on as a whole, between commas.",
    "seed": "The one source of randomness.",
}
DEFAULT = recipes.recipe(recipes.DEFAULT)
OUTPUT = Path("runs/ensemble.h5")  # where discover looks


class Temperature(click.ParamType):
    """A number, or auto, which settings know as 0."""

    name = "float|auto"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number. A temperature of 0 is none that one can ask for."""
        if value == "auto":
            return 0.0
        number = click.FLOAT.convert(value, param, ctx)
        if not number > 0:
            self.fail(f"must be positive, or auto, not {value}", param, ctx)
        return number


def setting_options(command: Any) -> Any:
    """Add one option for each field of recipes.Fit; left out, the recipe's value holds."""
    for field in reversed(fields(Fit)):
        default, name = getattr(DEFAULT, field.name), field.name.replace("_", "-")
        shown = (
            " ".join(f"{d:.4g}" for d in default)
            if isinstance(default, tuple)
            else (f"{default:.4g}" if isinstance(default, float) else default)
        )
        if field.name == "temperature":
            shown = shown if default else "auto"
        text = HELP[field.name] + (f"  [{recipes.DEFAULT}: {shown}]" if shown != "" else "")
        kind: dict[str, Any] = {"type": type(default)}
        if field.name == "temperature":
            kind = {"type": Temperature()}
        if field.name == "latents":
            kind = {"type": options.Count(recipes.AUTO)}
        if isinstance(default, bool):
            name, kind = f"{name}/--no-{name}", {}
        elif isinstance(default, tuple):
            kind = {"type": type(default[0]), "multiple": True}
        command = click.option(f"--{name}", default=None, help=text, **kind)(command)
    return command


@click.command(cls=options.Command)
@click.argument("data", type=click.Path(path_type=Path), default=Path("data/reaction_diffusion.h5"))
@options.recipe
@options.device
@options.jobs
@click.option("--resume", is_flag=True, help="Go on where a fit of the same name was interrupted.")
@click.option(
    "--checkpoint-every",
    type=click.FloatRange(0.0),
    default=15.0,
    show_default=True,
    help="Seconds between segments, of which an interruption loses at most the last.",
)
@options.output(str(OUTPUT))
@options.config
@options.force
@options.named
@setting_options
def fit(
    data: Path,
    output: Path,
    force: bool,
    recipe: str,
    device: str,
    jobs: int,
    resume: bool,
    checkpoint_every: float,
    names: dict[str, Any],
    **values: Any,
) -> None:
    """Fit an entropic autoencoder to the snapshots in DATA and write its ensemble of encoders.

    DATA may be of any format that import reads; see docs/data.md.
    Algorithm 1 trains the decoder under encoders drawn at temperature T; Algorithm 2 then collects
    members with the decoder fixed. Both save segments beside the output: see --resume.
    """
    auto = values["latents"] == recipes.AUTO
    if auto:
        del values["latents"]
    settings = recipes.recipe(recipe).but(**{k: v for k, v in values.items() if v != ()})

    from eae_sindy import storage
    from eae_sindy.ensemble.segments import Segments
    from eae_sindy.report import data as words
    from eae_sindy.snapshots import split

    if not (resume and output.is_file()):
        storage.claim(output, force, read=(data,))
    with storage.alone(output):
        segments = Segments(output, checkpoint_every)
        segments.claim(resume or force)
        how = settings, device, jobs
        ensemble = _fitted(data, names, output, force, how, segments, resume, auto=auto)
        if ensemble is None:
            segments.remove()
            click.echo(f"{output} is finished: nothing to resume")
            return
        command = " ".join(["eae-sindy", *sys.argv[1:]])
        known = {"recipe": recipe, "data": str(data), "command": command}
        ensemble = replace(ensemble, attributes={**ensemble.attributes, **known})
        ensemble.save(output, force=force)
        segments.remove()
    click.echo(words.split(split.counts(ensemble.frames.split)))
    for line in words.activation(ensemble.settings.activation, ensemble.attributes):
        click.echo(line)
    chains = f" in {len(ensemble.chains)} chains" if len(ensemble.chains) > 1 else ""
    latents = ensemble.settings.latents
    click.echo(
        f"{output}: {count(len(ensemble), 'member')}{chains}, {latents} latents in "
        f"{ensemble.pod.rank} POD modes; now: eae-sindy discover "
        f"{'' if output == OUTPUT else f'{shlex.quote(str(output))} '}--plot"
    )


def _fitted(
    data: Path,
    names: dict[str, Any],
    output: Path,
    force: bool,
    how: tuple[Fit, str, int],
    segments: "Segments",
    resume: bool,
    *,
    auto: bool,
) -> "Ensemble | None":
    """Return the ensemble fitted to the snapshots in `data`; None if `output` has it already."""
    from eae_sindy.ensemble.ensemble import Ensemble
    from eae_sindy.snapshots.sources import choice

    with choice.read(data, **names) as snapshots:
        from eae_sindy.neural.estimator import EntropicAutoencoder

        settings, device, jobs = how
        if auto:
            settings = settings.but(
                latents=_chosen(snapshots, settings, device, output, segments, resume)
            )
        estimator = EntropicAutoencoder(settings, device=device, jobs=jobs or os.cpu_count() or 1)
        if resume and output.is_file():
            differences = estimator.differences(Ensemble.open(output), snapshots)
            if not differences:
                return None
            if not force:
                raise EaeSindyError(
                    f"{output} is a finished fit of another kind ({'; '.join(differences)}): use "
                    "another name with -o, or add --force to replace it"
                )
        # How long a fit took that goes on where it was interrupted, nobody knows.
        start = math.nan if resume and segments else time.perf_counter()
        try:
            ensemble = options.follow(estimator.iterate(snapshots, segments, resume=resume))
        except (KeyboardInterrupt, options.Terminated) as error:
            raise type(error)("add --resume to the same command to go on") from error
    seconds = time.perf_counter() - start
    return replace(ensemble, attributes={**ensemble.attributes, "seconds": seconds})


def _chosen(
    snapshots: "Snapshots",
    settings: Fit,
    device: str,
    output: Path,
    segments: "Segments",
    resume: bool,
) -> int:
    """Return how many latents the training frames need, and say why.

    A fit that goes on has as many as it began with.
    """
    from eae_sindy.distributional import choice
    from eae_sindy.ensemble.ensemble import Ensemble
    from eae_sindy.neural.devices import named
    from eae_sindy.report import distributional as report

    if resume and (segments or output.is_file()):
        begun = segments.opening() if segments else Ensemble.open(output)
        click.echo(f"latents: {begun.settings.latents}, as this fit was begun")
        return begun.settings.latents
    as_it_is = f"{settings.latents} are taken, as the recipe has it"
    try:
        found = options.follow(choice.latents_of(snapshots, settings, device=named(device)))
    except EaeSindyError as error:
        click.echo(f"latents: frames cannot tell ({error}): {as_it_is}")
        return settings.latents
    said = report.choice(found.found)
    click.echo(f"latents: {said}" + ("" if found.clean else f": {as_it_is}"))
    return found.latents
