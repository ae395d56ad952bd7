"""The file formats, their versions, and the way from every older version to today's."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from .errors import EaeSindyError

VERSION = "format_version"  # the attribute of every file that holds its version
Attributes = dict[str, Any]


@dataclass(frozen=True)
class Format:
    """One of the file formats, as it is today and as it was before.

    Attributes
    ----------
    noun : str
        What a message calls a file of the format.
    cure : str
        What to do where there is no such file.
    version : int
        The version that is written today.
    unmarked : int, optional
        The version of a file that names none; such a file is refused if this is None.
    migrations : mapping of int to functions
        Under each older version the function that turns the attributes of a file of that version
        into those of the next. A dataset that an older version lacks keeps its reader's default.
    """

    noun: str
    cure: str
    version: int
    unmarked: int | None = None
    migrations: Mapping[int, Callable[[Attributes], Attributes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that a way leads from every older version to today's."""
        if set(self.migrations) != set(range(1, self.version)):
            raise ValueError(f"{self.noun}: one migration for each version before {self.version}")

    def current(self, attributes: Mapping[str, Any]) -> Attributes:
        """Return the attributes of a file as today's version has them, without the version itself.

        Parameters
        ----------
        attributes : mapping
            Those of a file of this format, of any version.

        Raises
        ------
        EaeSindyError
            If the version is missing, newer than today's, or no version at all.
        """
        found = dict(attributes)
        for version in range(self.version_of(found.pop(VERSION, self.unmarked)), self.version):
            found = self.migrations[version](found)
        return found

    def version_of(self, value: Any) -> int:
        """Return the version that an attribute names, as a whole number from 1 to today's."""
        if value is None:
            raise EaeSindyError(
                f"there is no attribute {VERSION}: this is no {self.noun}, name another"
            )
        # A list of one number, or a number of text, converts to a number, and is none.
        plain = isinstance(value, Real) and not isinstance(value, bool)
        if not plain or not math.isfinite(value) or value % 1 or value < 1:
            shown = " ".join(str(value).split())[:40]
            raise EaeSindyError(
                f"the attribute {VERSION} of this {self.noun} is {shown!r}, no version: "
                f"it must be a whole number from 1 to {self.version}"
            )
        version = int(value)
        if version > self.version:
            raise EaeSindyError(
                f"this {self.noun} is of format {version}, this version reads up to "
                f"{self.version}: upgrade eae-sindy"
            )
        return version


def _several_masses(attributes: Attributes) -> Attributes:
    """Turn the one mass of an ensemble of version 1 into the list that version 2 has."""
    mass = attributes.get("settings/mass")
    if mass is None or getattr(mass, "shape", ()) != ():
        return attributes
    return {**attributes, "settings/mass": [mass]}


def _as_the_paper(attributes: Attributes) -> Attributes:
    """Say of an ensemble of version 2 how it was made, whatever today's defaults are."""
    if not any(name.startswith("settings/") for name in attributes):
        return attributes
    made = {"dimensionless": False, "start": "random", "decoder_update": "adam", "step_share": 0.0}
    return {f"settings/{name}": value for name, value in made.items()} | attributes


SNAPSHOTS = Format(
    "snapshots file",
    "make it with 'eae-sindy simulate', or name a snapshots file",
    version=1,
    unmarked=1,
)
# Version 1 had one chain to a decoder, one mass, and no curvature along a chain. Version 2 had no
# origin, unit and gain of the basis, no step of a chain's own and no gradient of exact updates.
ENSEMBLE = Format(
    "ensemble file",
    "make it with 'eae-sindy fit', or name an ensemble file",
    version=3,
    migrations={1: _several_masses, 2: _as_the_paper},
)
EQUATIONS = Format("file of equations", "run 'eae-sindy discover' first", version=1)
LATENTS = Format("file of latents", "make it with 'eae-sindy encode'", version=1)
# A forecast is a snapshots file with more in it, and is opened as one.
FORECAST = Format(
    "forecast", "make it with 'eae-sindy forecast'", version=1, unmarked=SNAPSHOTS.unmarked
)
IMAGE_MODEL = Format("model of images", "make it with 'eae-sindy images train'", version=1)
DISTRIBUTIONAL_MODEL = Format(
    "distributional autoencoder", "make it with 'eae-sindy dpa fit'", version=1
)
FORMATS = (SNAPSHOTS, ENSEMBLE, EQUATIONS, LATENTS, FORECAST, IMAGE_MODEL, DISTRIBUTIONAL_MODEL)
