"""Candidate terms Θ(z) of Eq. 13: a pysindy feature library with one evaluation everywhere."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import EaeSindyError

Array = Any


class Library:
    """A pysindy feature library that NumPy and TensorFlow evaluate by the same code.

    Parameters
    ----------
    features : pysindy feature library
        Polynomial, Fourier, identity and custom libraries, and any concatenation, tensor product
        or generalization of them.
    latents : int
        The number of latent variables d.

    Attributes
    ----------
    terms : list of str
        Names of the p terms, such as ``z1``, ``z1 z2``, ``sin(z2)``.
    """

    def __init__(self, features: Any, latents: int) -> None:
        self.latents = latents
        self.features = features.fit(np.zeros((2, latents)))
        names = features.get_feature_names([f"z{k + 1}" for k in range(latents)])
        self.terms: list[str] = [n.replace("(1 z", "(z") for n in names]
        # What this class evaluates differently than pysindy is refused here, not found out later.
        z = np.random.default_rng(0).uniform(0.1, 0.9, (2, latents))
        try:
            found = self(z)
        except (TypeError, AttributeError) as error:
            raise EaeSindyError(
                f"a term of the library fails on NumPy arrays ({error}): write it with arithmetic "
                "and NumPy functions"
            ) from error
        theirs = np.asarray(features.transform(z))
        if found.shape != theirs.shape or not np.allclose(found, theirs, equal_nan=True):
            raise EaeSindyError(
                f"{type(features).__name__} is not evaluated as pysindy does it: build the library "
                "from pysindy's standard feature libraries"
            )

    def __len__(self) -> int:
        return len(self.terms)

    def columns(self, z: Sequence[Array], ops: Any = np) -> list[Array]:
        """Evaluate the p terms at latents given one by one; each of any one shape.

        `ops` is the namespace of the elementwise functions: `numpy` or `tensorflow.math`.
        """
        return _columns(self.features, list(z), ops)

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Return Θ(z) of shape [..., p] for latents z of shape [..., d]."""
        return np.stack(self.columns(list(np.moveaxis(z, -1, 0))), axis=-1)


def standard(latents: int, degree: int = 3, sine: bool = True, constant: bool = False) -> Library:
    """Return A.5.1's library: polynomials to `degree`, without the constant, and sines.

    For two latents and degree 3 these are the 11 terms of Table 2, in its order.
    """
    import pysindy as ps

    features = ps.PolynomialLibrary(degree=degree, include_bias=constant)
    if sine:
        features = features + ps.FourierLibrary(n_frequencies=1, include_cos=False)
    return Library(features, latents)


class _Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """A tensor that sends NumPy functions of a custom library on to `ops`."""

    def __init__(self, value: Array, ops: Any) -> None:
        self.value, self.ops = value, ops

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **_: Any) -> "_Traced":
        name = {"power": "pow", "absolute": "abs"}.get(ufunc.__name__, ufunc.__name__)
        function = getattr(self.ops, name, None)
        if method != "__call__" or function is None:
            raise EaeSindyError(
                f"numpy.{ufunc.__name__} in a custom library has no TensorFlow "
                "counterpart: rewrite the term"
            )
        # A bare number would become a float32 tensor, which float64 does not mix with.
        kind = self.value.dtype.as_numpy_dtype
        plain = [i.value if isinstance(i, _Traced) else np.asarray(i, kind) for i in inputs]
        return _Traced(function(*plain), self.ops)


def _columns(features: Any, z: list[Array], ops: Any) -> list[Array]:
    """Evaluate a pysindy library on one array per latent; the order is pysindy's own."""
    import pysindy as ps

    if isinstance(features, ps.GeneralizedLibrary):
        found: list[Array] = []
        for index, part in enumerate(features.libraries_full_):
            if index >= len(features.inputs_per_library):  # a tensor product picks its own inputs
                found += _columns(part, z, ops)
            elif index not in features.exclude_libraries:
                chosen = dict.fromkeys(features.inputs_per_library[index])
                found += _columns(part, [z[i] for i in chosen], ops)
        return found
    if isinstance(features, ps.ConcatLibrary):
        return [c for part in features.libraries for c in _columns(part, z, ops)]
    if isinstance(features, ps.TensoredLibrary):
        product: list[Array] = []
        for part, inputs in zip(features.libraries, features.inputs_per_library, strict=True):
            columns = _columns(part, [z[i] for i in dict.fromkeys(inputs)], ops)
            product = [a * b for a in product for b in columns] if product else columns
        return product
    if isinstance(features, ps.PolynomialLibrary):
        return [_monomial(row, z) for row in features.powers_]
    if isinstance(features, ps.FourierLibrary):
        waves = [
            w
            for w, wanted in ((ops.sin, features.include_sin), (ops.cos, features.include_cos))
            if wanted
        ]
        return [
            wave(float(k + 1) * x)
            for k in range(features.n_frequencies)
            for x in z
            for wave in waves
        ]
    if isinstance(features, ps.CustomLibrary):
        inputs = z if ops is np else [_Traced(x, ops) for x in z]
        found = [z[0] * 0.0 + 1.0] if features.include_bias else []
        for function in features.functions:
            combinations = features._combinations(
                len(z), function.__code__.co_argcount, features.interaction_only
            )
            for chosen in combinations:
                value = function(*[inputs[i] for i in chosen])
                found.append(value.value if isinstance(value, _Traced) else value)
        return found
    raise EaeSindyError(
        f"pysindy's {type(features).__name__} needs more than the latents: use a "
        "polynomial, Fourier, identity or custom library, or a combination"
    )


def _monomial(powers: Sequence[int], z: list[Array]) -> Array:
    # Repeated products, as pysindy does it: the same rounding, and no pow in the inner loop.
    factors = [x for x, power in zip(z, powers, strict=True) for _ in range(int(power))]
    if not factors:
        return z[0] * 0.0 + 1.0
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return product
