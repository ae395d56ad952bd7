"""Candidate terms Θ(z) of Eq. 13: a pysindy feature library with one evaluation everywhere."""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np

from ..errors import EaeSindyError

Array = Any
Term = Callable[[Sequence[Array], Any], Array]  # latents and the namespace of functions


class _Products(NamedTuple):
    """How to make monomials from each other: the same to the bit as each by itself.

    Each of the `steps` is a latent (None, axis), or an earlier step times a latent. `places` has
    the step of each term; None for what is not a product of latents.
    """

    steps: list[tuple[int | None, int]]
    places: list[int | None]

    @classmethod
    def of(cls, functions: Sequence[Term]) -> "_Products":
        place: dict[tuple[int, ...], int] = {}
        steps: list[tuple[int | None, int]] = []
        owns = [getattr(function, "factors", ()) for function in functions]
        for factors in owns:
            for n in range(1, len(factors) + 1):
                if factors[:n] not in place:
                    place[factors[:n]] = len(steps)
                    steps.append((place.get(factors[: n - 1]), factors[n - 1]))
        return cls(steps, [place.get(factors) for factors in owns])


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
    features : pysindy feature library or None
        None where terms were left out.
    """

    def __init__(self, features: Any, latents: int) -> None:
        self.latents = latents
        self.features = features.fit(np.zeros((2, latents)))
        names = features.get_feature_names([f"z{k + 1}" for k in range(latents)])
        self.terms: list[str] = [n.replace("(1 z", "(z") for n in names]
        self._functions = _functions(self.features, list(range(latents)))
        self._products = _Products.of(self._functions)
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
        """Count the terms."""
        return len(self.terms)

    @property
    def degree(self) -> int:
        """Return the highest degree of a library of polynomials."""
        return int(self.features.powers_.sum(axis=1).max())

    def columns(self, z: Sequence[Array], ops: Any = np) -> list[Array]:
        """Evaluate the p terms at latents given one by one; each of any one shape.

        `ops` is the namespace of the elementwise functions: `numpy` or `tensorflow.math`.
        """
        if ops is not np:
            return [function(z, ops) for function in self._functions]
        made: list[Array] = []
        for shorter, axis in self._products.steps:
            made.append(z[axis] if shorter is None else made[shorter] * z[axis])
        return [
            function(z, ops) if place is None else made[place]
            for place, function in zip(self._products.places, self._functions, strict=True)
        ]

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Return Θ(z) of shape [..., p] for latents z of shape [..., d]; what overflows is inf."""
        with np.errstate(all="ignore"):
            theta = np.array(self.columns([z[..., k] for k in range(self.latents)]))
        return theta.transpose(*range(1, theta.ndim), 0)

    def without(self, terms: Sequence[str]) -> "Library":
        """Return the library without some of its terms; no pysindy library evaluates just these."""
        kept = [i for i, term in enumerate(self.terms) if term not in terms]
        return self._made_of([self.terms[i] for i in kept], [self._functions[i] for i in kept])

    def _made_of(self, terms: list[str], functions: list[Term]) -> "Library":
        found = copy(self)
        found.terms, found._functions, found.features = terms, functions, None
        found._products = _Products.of(functions)
        return found


def standard(latents: int, degree: int = 3, sine: bool = True, constant: bool = False) -> Library:
    """Return A.5.1's library: polynomials to `degree`, without the constant, and sines.

    For two latents and degree 3 these are the 11 terms of Table 2, in its order.
    """
    import pysindy as ps

    features = ps.PolynomialLibrary(degree=degree, include_bias=constant)
    if sine:
        features = features + ps.FourierLibrary(n_frequencies=1, include_cos=False)
    return Library(features, latents)


def with_constant(library: Library) -> Library:
    """Return the library with a constant as its first term, if it has none.

    The encoder's bias sets the origin of the latents freely: a constant lets equations do without
    that choice.
    """
    import pysindy as ps

    if "1" in library.terms:
        return library
    if library.features is None:
        return library._made_of(["1", *library.terms], [_monomial([]), *library._functions])
    return Library(ps.PolynomialLibrary(degree=0) + library.features, library.latents)


def with_polynomials(library: Library, degree: int) -> Library:
    """Return the library with a constant and all monomials to a degree, whichever it lacks.

    Monomials come first, in pysindy's order, then the other terms in their own.
    """
    import pysindy as ps

    own = with_constant(library)
    if degree == 0:
        return own
    monomials = Library(ps.PolynomialLibrary(degree=degree), library.latents)
    if set(monomials.terms) <= set(own.terms):
        return own
    others = [i for i, term in enumerate(own.terms) if term not in monomials.terms]
    rest = None if library.features is None else _without_polynomials(library.features)
    if rest is not None:
        features = ps.PolynomialLibrary(degree=degree)
        for part in rest:
            features = features + part
        found = Library(features, library.latents)
        if len(found) == len(monomials) + len(others):
            return found
    return own._made_of(
        [*monomials.terms, *(own.terms[i] for i in others)],
        [*monomials._functions, *(own._functions[i] for i in others)],
    )


def _without_polynomials(features: Any) -> list[Any]:
    """Return the parts of a pysindy library that are no polynomials of all latents."""
    import pysindy as ps

    if isinstance(features, ps.ConcatLibrary):
        return [part for one in features.libraries for part in _without_polynomials(one)]
    return [] if isinstance(features, ps.PolynomialLibrary) else [features]


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


def _functions(features: Any, inputs: list[int]) -> list[Term]:
    """Return one function a term of a pysindy library on the latents `inputs`, in its order."""
    import pysindy as ps

    if isinstance(features, ps.GeneralizedLibrary):
        found: list[Term] = []
        for index, part in enumerate(features.libraries_full_):
            if index >= len(features.inputs_per_library):  # a tensor product picks its own inputs
                found += _functions(part, inputs)
            elif index not in features.exclude_libraries:
                found += _functions(part, _chosen(inputs, features.inputs_per_library[index]))
        return found
    if isinstance(features, ps.ConcatLibrary):
        return [f for part in features.libraries for f in _functions(part, inputs)]
    if isinstance(features, ps.TensoredLibrary):
        found = []
        for part, own in zip(features.libraries, features.inputs_per_library, strict=True):
            factors = _functions(part, _chosen(inputs, own))
            found = [_product(f, g) for f in found for g in factors] if found else factors
        return found
    if isinstance(features, ps.PolynomialLibrary):
        return [_monomial(np.repeat(inputs, powers).tolist()) for powers in features.powers_]
    if isinstance(features, ps.FourierLibrary):
        waves = ["sin"] * features.include_sin + ["cos"] * features.include_cos
        frequencies = range(1, features.n_frequencies + 1)
        return [_wave(w, float(k), i) for k in frequencies for i in inputs for w in waves]
    if isinstance(features, ps.CustomLibrary):
        found = [_monomial([])] if features.include_bias else []
        for function in features.functions:
            count = function.__code__.co_argcount
            among = features._combinations(len(inputs), count, features.interaction_only)
            found += [_custom(function, _chosen(inputs, own)) for own in among]
        return found
    raise EaeSindyError(
        f"pysindy's {type(features).__name__} needs more than the latents: use a "
        "polynomial, Fourier, identity or custom library, or a combination"
    )


def _chosen(inputs: list[int], own: Iterable[int]) -> list[int]:
    return [inputs[i] for i in dict.fromkeys(own)]


def _product(f: Term, g: Term) -> Term:
    return lambda z, ops: f(z, ops) * g(z, ops)


def _wave(name: str, frequency: float, latent: int) -> Term:
    return lambda z, ops: getattr(ops, name)(frequency * z[latent])


def _monomial(factors: list[int]) -> Term:
    def product(z: Sequence[Array], ops: Any) -> Array:
        if not factors:
            return z[0] * 0.0 + 1.0
        # Repeated products, as pysindy does it: the same rounding, and no pow in the inner loop.
        found = z[factors[0]]
        for i in factors[1:]:
            found = found * z[i]
        return found

    product.factors = tuple(factors)  # type: ignore[attr-defined]
    return product


def _custom(function: Callable, latents: list[int]) -> Term:
    def evaluate(z: Sequence[Array], ops: Any) -> Array:
        if ops is np:
            return function(*[z[i] for i in latents])
        return function(*[_Traced(z[i], ops) for i in latents]).value

    return evaluate
