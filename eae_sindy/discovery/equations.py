"""The chosen equations as a file of their own: what forecasts need, and what other tools take."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from .. import formats, hdf5
from ..dynamics import conversions
from ..dynamics.library import Library, standard, with_polynomials
from ..ensemble.ensemble import Ensemble
from ..errors import EaeSindyError

FILE = "equations.h5"  # in the folder of a discovery
ARRAYS = ("members", "label", "chosen", "weight", "values")


@dataclass(frozen=True)
class Equations:
    r"""Equations of an ensemble's members, chosen by running them, and the modes they fall into.

    Modes are numbered from 0, by falling weight. A mode speaks through one of its members:

    >>> found = Equations.open("runs/discovery/equations.h5")
    >>> print("\n".join(found.text(0)))
    >>> model = found.model(0)                 # a pysindy.SINDy
    >>> orbit = model.simulate([0.1, 0.2], time)

    Attributes
    ----------
    library : Library
        Whose p terms Ξ is written in.
    members : array of int [m]
        Members of the ensemble.
    label : array of int [m]
        Mode of each of them.
    chosen : array of int [modes]
        The member a mode speaks through, as an index into `members`.
    weight : array [modes]
        Share of the members.
    values : array [m, p, d]
        Ξ of each member.
    ensemble : str
        Fingerprint of the ensemble they were found in.
    """

    library: Library
    members: np.ndarray
    label: np.ndarray
    chosen: np.ndarray
    weight: np.ndarray
    values: np.ndarray
    ensemble: str

    def representative(self, mode: int) -> np.ndarray:
        """Return Ξ [p, d] of the most typical member of a mode: of a member, never an average.

        Raises `EaeSindyError` if there is no such mode.
        """
        if not 0 <= mode < len(self.chosen):
            known = "only mode 0" if len(self.chosen) == 1 else f"modes 0 to {len(self.chosen) - 1}"
            raise EaeSindyError(f"there is no mode {mode}: these equations have {known}")
        return self.values[self.chosen[mode]]

    def text(self, mode: int) -> list[str]:
        """Return the equations of a mode as text, one line each."""
        return conversions.equations(self.representative(mode), self.library.terms)

    def symbolic(self, mode: int) -> list[Any]:
        """Return one SymPy expression for each equation of a mode."""
        return conversions.symbolic(self.library, self.representative(mode))

    def latex(self, mode: int) -> list[str]:
        """Return one line of LaTeX for each equation of a mode."""
        return conversions.latex(self.library, self.representative(mode))

    def function(self, mode: int) -> Callable[[float, np.ndarray], np.ndarray]:
        """Return f(t, z) of a mode for SciPy's `solve_ivp`."""
        return conversions.function(self.library, self.representative(mode))

    def model(self, mode: int) -> Any:
        """Return a mode as a `pysindy.SINDy`: it prints, predicts, simulates."""
        return conversions.model(self.library, self.representative(mode))

    def check(self, ensemble: Ensemble) -> None:
        """Raise `EaeSindyError` unless these are equations of this ensemble."""
        if self.ensemble != fingerprint(ensemble):
            raise EaeSindyError(
                "the equations are those of another ensemble: run 'eae-sindy discover' on this "
                "one, or name its folder with --discovery"
            )

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the equations. Raises `EaeSindyError` if the file exists and `force` is false."""
        with hdf5.new(path, force) as file:
            file.attrs[formats.VERSION] = formats.EQUATIONS.version
            file.attrs.update(library=self.library.terms, ensemble=self.ensemble)
            for name in ARRAYS:
                hdf5.put(file, name, getattr(self, name))

    @classmethod
    def open(cls, path: str | Path, library: Library | None = None) -> "Equations":
        """Read what `save` wrote.

        `library` must be given if there are terms of the user's own: the ensemble's, with or
        without a constant. Raises `EaeSindyError` for a file that is missing, damaged, or
        something else.
        """
        with hdf5.reading(path, formats.EQUATIONS) as (file, attributes):
            terms = [str(t) for t in attributes["library"]]
            ensemble = str(attributes["ensemble"])
            arrays = {name: file[name][:] for name in ARRAYS}
        if library is None:
            library = _standard(terms, arrays["values"].shape[2])
        elif library.terms != terms:  # what was chosen may need polynomials besides
            library = with_polynomials(library, _degree(terms))
        if library.terms != terms:
            raise EaeSindyError(
                f"the equations are in the terms {', '.join(terms)}: pass that library from Python"
            )
        return cls(library, **arrays, ensemble=ensemble)


def fingerprint(ensemble: Ensemble) -> str:
    """Return a digest of every chain: its length, its decoder, its first and last encoder."""
    digest = sha256()
    for chain in ensemble.chains:
        digest.update(len(chain).to_bytes(8, "little"))
        for weights in (*chain.decoder, *(w[[0, -1]] for w in chain.encoder)):
            digest.update(np.ascontiguousarray(weights).tobytes())
    return digest.hexdigest()[:16]


def _standard(terms: list[str], latents: int) -> Library:
    """Return the standard library that these terms look like."""
    return standard(latents, _degree(terms), any(t.startswith("sin(") for t in terms), "1" in terms)


def _degree(terms: list[str]) -> int:
    """Return the highest power of a latent by itself."""
    return max([1, *(int(k) for t in terms for k in re.findall(r"^z\d+\^(\d+)$", t))])
