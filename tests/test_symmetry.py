"""Modes and their equivalences, on planted equations."""

import numpy as np
import pytest

from eae_sindy.discovery import modes
from eae_sindy.dynamics import symmetry, vector_fields
from eae_sindy.dynamics.library import standard
from tests.test_orbits import hopf

LIBRARY = standard(2)
RNG = np.random.default_rng(0)
POINTS = RNG.uniform(-1.2, 1.2, (150, 2))


def planted(**changes):
    """Ξ of a Hopf flow in the standard library, with unequal axes so that no symmetry is left."""
    from tests.test_orbits import CUBIC

    xi = np.zeros((len(LIBRARY), 2))
    small = hopf(**changes)[0]
    for row, term in enumerate(CUBIC.terms):
        xi[LIBRARY.terms.index(term)] = small[row]
    xi[LIBRARY.terms.index("z1^2"), 0] = 0.3
    xi[LIBRARY.terms.index("sin(z2)"), 1] = 0.2
    return xi


def noisy(xi, count, size, rng=RNG):
    return xi + size * rng.normal(size=(count, *xi.shape))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_signed_permutations_are_a_group_of_the_right_size(d):
    found = symmetry.signed_permutations(d)
    assert len(found) == 2**d * [1, 1, 2, 6][d]
    assert found[0].name == "none"
    np.testing.assert_array_equal(found[0].matrix, np.eye(d))
    assert len({c.matrix.tobytes() for c in found}) == len(found)
    assert len({c.name for c in found}) == len(found)
    for c in found:
        np.testing.assert_array_equal(c.matrix @ c.matrix.T, np.eye(d))


def test_a_change_acts_on_equations_as_on_orbits():
    """Ξ̃ is exact: the changed field at the changed point is the field, changed."""
    for change in symmetry.signed_permutations(2):
        xi = planted()
        turned = symmetry.transform(LIBRARY, xi, change, POINTS)
        np.testing.assert_allclose(
            LIBRARY(change(POINTS)) @ turned, LIBRARY(POINTS) @ xi @ change.matrix.T, atol=1e-10
        )
        back, residual = symmetry.permutation(LIBRARY, xi, turned, POINTS)
        assert back.name == change.name
        assert residual < 1e-20


@pytest.mark.parametrize("size", [0.0, 0.02])
def test_a_swapped_pair_is_found_equivalent_exact_or_noisy(size):
    swap = next(c for c in symmetry.signed_permutations(2) if c.name == "z1 <-> z2")
    one = noisy(planted(), 60, size)
    other = noisy(symmetry.transform(LIBRARY, planted(), swap, POINTS), 60, size)
    found = symmetry.compare(LIBRARY, one, other, POINTS)
    assert found.operation == "z1 <-> z2"
    assert found.same
    assert found.level == "permutation"


@pytest.mark.parametrize("size", [0.0, 0.02])
def test_a_pair_that_is_not_equivalent_is_not_called_so(size):
    other = noisy(planted(omega=1.3, growth=0.5), 60, size)
    found = symmetry.compare(LIBRARY, noisy(planted(), 60, size), other, POINTS)
    assert not found.same
    assert found.residual > 0.02


def test_an_affine_change_is_read_off_the_frames():
    angle = 0.7
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = matrix @ np.diag([1.5, 0.8])
    latents = POINTS
    change = symmetry.affine(latents, latents @ matrix.T + [0.3, -0.1])
    np.testing.assert_allclose(change.matrix, matrix, atol=1e-10)
    np.testing.assert_allclose(change.shift, [0.3, -0.1], atol=1e-10)
    assert change.name.startswith("rotation")
    assert "shift" in change.name
    cubic = standard(2, 3, sine=False, constant=True)  # closed under affine changes
    xi = np.random.default_rng(1).normal(size=(len(cubic), 2))
    one = noisy(xi, 40, 1e-3)
    turned = symmetry.transform(cubic, xi, change, latents)
    found = symmetry.compare(cubic, one, noisy(turned, 40, 2e-3), latents, change=change)
    assert found.same
    assert not symmetry.compare(cubic, one, noisy(turned, 40, 2e-3), latents).same


def test_one_cloud_is_one_mode_and_two_are_two():
    one = noisy(planted(), 400, 0.02)
    found = modes.find(LIBRARY, one, POINTS)
    assert len(found) == 1
    assert found.weight[0] == 1.0
    other = noisy(planted(omega=1.2), 200, 0.02)
    both = np.concatenate([other, one])
    found = modes.find(LIBRARY, both, POINTS)
    assert len(found) == 2
    np.testing.assert_allclose(found.weight, [2 / 3, 1 / 3], atol=0.02)
    assert found.representative[0] >= 200 > found.representative[1]
    for mode, middle in enumerate((planted(), planted(omega=1.2))):
        near = np.linalg.norm(
            vector_fields.fields(LIBRARY, both[found.representative[[mode]]] - middle, POINTS)
        )
        typical = np.median(
            np.linalg.norm(vector_fields.fields(LIBRARY, one - planted(), POINTS), axis=1)
        )
        assert near < typical, "a representative lies in the middle of its cloud"


def test_collinear_terms_do_not_make_modes():
    """z and sin z trade at will along one direction: still one answer."""
    trade = np.zeros((500, len(LIBRARY), 2))
    amount = np.sign(RNG.normal(size=500)) * RNG.uniform(2, 4, 500)
    trade[:, LIBRARY.terms.index("z1"), 0] = amount
    trade[:, LIBRARY.terms.index("sin(z1)"), 0] = -amount
    trade[:, LIBRARY.terms.index("z1^3"), 0] = -amount * 0.1585
    found = modes.find(LIBRARY, noisy(planted(), 500, 0.05) + trade, POINTS)
    assert len(found) == 1


def test_few_or_equal_members_are_one_mode():
    same = np.repeat(planted()[None], 300, axis=0)
    assert len(modes.find(LIBRARY, same, POINTS)) == 1
    assert len(modes.find(LIBRARY, same[:1], POINTS)) == 1
    preferred = np.zeros(300, bool)
    preferred[123] = True
    assert modes.find(LIBRARY, same, POINTS, preferred).representative[0] == 123
