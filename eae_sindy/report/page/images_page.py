"""A comparison of models of images as one HTML file that stands by itself."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from ... import __version__
from ...images.comparison import ImageComparison
from .. import images
from . import html
from .html import Markup, facts, records, say, tag
from .numbers import cell, prose
from .page import document

CAPTIONS = {
    "training": (
        "Losses as the models were trained.",
        "Of the entropic autoencoder the mean over the encoders of a decoder update, and one "
        "standard deviation over them; of all models the loss on images held back. The loss of "
        "the variational one is its evidence bound in nats.",
    ),
    "reconstructions": (
        "Test images, and what each model makes of them.",
        "Decoded of the mean code over members, or of the posterior's mean.",
    ),
    "interpolations": (
        "Between two classes (Figure 2a).",
        "Decoded of codes on the line between the mean codes of two classes, Eq. 17. The first row "
        "is the same line between the mean images.",
    ),
    "distributions": (
        "Distributions of three units over test images, by class (Figure 2b).",
        "A is the variance of the unit. Units are drawn at random from those active in every "
        "model; where there are too few, each model shows its own most active ones.",
    ),
    "distributions_more": ("Six more units (Figure 5).", "Drawn in the same way."),
}


def page(found: ImageComparison, figures: Mapping[str, bytes], command: str) -> str:
    """Return a comparison as an HTML document that needs no other file and no network.

    Parameters
    ----------
    found : ImageComparison
    figures : mapping of str to bytes
        PNG of each figure, in the order in which they are shown.
    command : str
        The line that made this page, to be quoted in it.
    """
    name = found.images.name
    sections = {
        "In short": [tag("ul", *(tag("li", prose(text)) for text in images.sentences(found)))],
        "Table": _table(found),
        "Figures": [
            html.picture(png, CAPTIONS[key][0], tag("strong", CAPTIONS[key][0]), " ",
                         CAPTIONS[key][1])
            for key, png in figures.items()
        ],
        "Provenance": _provenance(found, command),
    }  # fmt: skip
    heading = ("Autoencoders of ", tag("span", name, class_="name"))
    return document(f"{name}: autoencoders of images", heading, _lead(found), sections)


def _lead(found: ImageComparison) -> Markup:
    i = found.images
    shape = " × ".join(map(str, i.shape))
    return say(
        f"{len(i.train):,} images of {shape} values to train on, {len(i.validation):,} held back, "
        f"{len(i.test):,} to test. Models: {', '.join(images.NAMES[kind] for kind in found.runs)}. "
        "An entropic autoencoder (EAE) is an ensemble of encoders.",
        class_="lead",
    )


def _table(found: ImageComparison) -> list[Markup]:
    rows = [
        {"model": images.NAMES[kind], "seed": str(run.model.recipe.seed), **images.values(run)}
        for kind, runs in found.runs.items()
        for run in runs
    ]
    bare = {"linear": found.linear, "k-NN": found.near, "Frechet": found.blended}
    rows.append({"model": "pixels", "seed": "", **bare})
    return [records(rows), say(f"{images.MEANING}.", class_="note")]


def _provenance(found: ImageComparison, command: str) -> list[Markup]:
    about = {
        "this page": tag("code", command),
        "made on": datetime.now().astimezone().isoformat(" ", "minutes"),
        "version": f"eae-sindy {__version__}",
    }
    first = next(iter(found.runs.values()))[0]
    settings = {k: cell(v) for k, v in asdict(first.model.recipe).items()}
    return [facts(about), tag("details", tag("summary", "All settings"), facts(settings))]
