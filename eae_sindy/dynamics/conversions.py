"""Equations for other tools: LaTeX, MathML, SymPy, a callable, a pysindy model."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import EaeSindyError
from .library import Library


def equations(
    xi: np.ndarray, terms: Sequence[str], threshold: float = 0.0, symbol: str = "z"
) -> list[str]:
    """Return one line of text for each equation of Ξ [p, d], such as ``z1' = 0.9 z2 - 0.1 z1``.

    `symbol` is what the latents are called.
    """
    lines = []
    for k in range(xi.shape[1]):
        parts = [
            f"{'-' if c < 0 else '+'} {abs(c):.4g}{'' if term == '1' else ' ' + term}"
            for c, term in zip(xi[:, k], terms, strict=True)
            if abs(c) > threshold
        ]
        lines.append(f"{symbol}{k + 1}' = " + (" ".join(parts).removeprefix("+ ") or "0"))
    return lines


def symbolic(library: Library, xi: np.ndarray) -> list[Any]:
    """Return one SymPy expression for each equation of Ξ [p, d], in symbols z1, z2, …."""
    import sympy

    found = terms(library)
    return [
        sympy.Add(*(sympy.Float(c) * t for c, t in zip(column, found, strict=True) if c))
        for column in xi.T
    ]


def terms(library: Library) -> list[Any]:
    """Return one SymPy expression for each term of a library, in symbols z1, z2, …."""
    import sympy

    names = {f"z{k + 1}": sympy.Symbol(f"z{k + 1}") for k in range(library.latents)}
    return [
        sympy.sympify(re.sub(r"(?<=[\w)]) (?=[\w(])", "*", t).replace("^", "**"), locals=names)
        for t in library.terms
    ]


def mathml(library: Library) -> list[str]:
    """Return the inside of a MathML formula for each term of a library."""
    from sympy.printing.mathml import mathml as printed

    return [printed(term, printer="presentation") for term in terms(library)]


def latex(library: Library, xi: np.ndarray, digits: int = 4) -> list[str]:
    r"""Return one line of LaTeX for each equation of Ξ [p, d], such as ``\dot{z}_{1} = …``."""
    import sympy

    return [
        rf"\dot{{z}}_{{{k + 1}}} = {sympy.latex(expression.evalf(digits))}"
        for k, expression in enumerate(symbolic(library, xi))
    ]


def function(library: Library, xi: np.ndarray) -> Callable[[float, np.ndarray], np.ndarray]:
    """Return f(t, z) for SciPy's `solve_ivp`: z [d] or [n, d] to ż of the same shape."""
    fixed = np.array(xi, float)

    def rate(_: float, z: np.ndarray) -> np.ndarray:
        return library(np.asarray(z, float)) @ fixed

    return rate


def model(library: Library, xi: np.ndarray) -> Any:
    """Return a fitted `pysindy.SINDy` with these coefficients: it prints, predicts, simulates."""
    import pysindy as ps

    if library.features is None:
        raise EaeSindyError(
            "terms that overflow were left out of the library, and pysindy would evaluate them: "
            "fit with a library that lacks them"
        )
    d = library.latents
    points = np.random.default_rng(0).normal(size=(4 * len(library) + 8, d))
    found = ps.SINDy(optimizer=ps.STLSQ(threshold=0.0), feature_library=library.features)
    names = [f"z{k + 1}" for k in range(d)]
    found.fit(points, t=1.0, x_dot=library(points) @ xi, feature_names=names)
    found.optimizer.coef_ = np.array(xi.T, float)  # not what the fit rounds them to
    return found
