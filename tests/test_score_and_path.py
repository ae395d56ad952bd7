"""The claims on the score and on the free-energy path, by codes of which the truth is known."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from eae_sindy.distributional import balance, claims, curves, laws, path, string_method
from eae_sindy.distributional import score as scores
from eae_sindy.distributional.analytic_codes import Linear, Nearest, Polar, Radius
from eae_sindy.distributional.claims import FAILS, HOLDS, UNTOLD
from eae_sindy.distributional.level_sets import level_sets
from eae_sindy.distributional.score import Checked, Subject
from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import finish
from eae_sindy.recipes import PathChecks, ScoreChecks
from eae_sindy.report import distributional_checks as report

FEW = ScoreChecks(draws=60_000, points=2000, replicates=40, seed=3)
FIRST = Linear([[1, 0], [0, 1]])


def draws_of(name, count, rng):
    return laws.law(name).draw(count, rng)


def draws(name, count, seed=0):
    return draws_of(name, count, np.random.default_rng(seed))


def measured(name, code, settings=FEW, given=None):
    return scores.measure(laws.law(name), Subject("x", code, given), settings)


class Turned:
    """A code of two numbers in the other order."""

    def __init__(self, code):
        self.code = code

    def codes(self, x):
        return self.code.codes(x)[:, ::-1]

    def jacobians(self, x):
        return self.code.jacobians(x)[:, ::-1]


class Bent:
    """y₁ + ¼ y₂²: level sets that are curved, and a gradient of no fixed length."""

    def codes(self, x):
        return (x[:, 0] + 0.25 * x[:, 1] ** 2)[:, None]

    def jacobians(self, x):
        return np.stack([np.ones(len(x)), 0.5 * x[:, 1]], axis=1)[:, None, :]


# ---- Laws


@pytest.mark.parametrize("name", list(laws.LAWS))
def test_a_score_is_the_gradient_of_the_log_density(name):
    law, x, h = laws.law(name), draws(name, 500), 1e-5
    differences = [
        (law.log_density(x + h * e) - law.log_density(x - h * e)) / (2 * h) for e in np.eye(2)
    ]
    np.testing.assert_allclose(law.score(x), np.stack(differences, axis=1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", list(laws.LAWS))
def test_draws_have_the_law_that_the_score_is_of(name):
    """Stein's identity: E s = 0 and E[y s'] = −I, with the error that so many draws have."""
    x = draws(name, 200_000)
    score = laws.law(name).score(x)
    inner = x[:, :, None] * score[:, None, :]
    for found, truth in ((score, 0), (inner, -np.eye(2))):
        error = found.std(axis=0) / np.sqrt(len(x))
        np.testing.assert_array_less(np.abs(found.mean(axis=0) - truth), 5 * error)


def test_the_potential_is_that_which_is_published():
    potential = laws.MuellerBrown(scale=1.0)
    found = potential.potential(np.array(laws.MINIMA))
    np.testing.assert_allclose(found, [-146.700, -80.768, -108.167], atol=2e-3)
    # The higher of the two saddles that the path goes over.
    assert potential.potential(np.array([[-0.822, 0.624]]))[0] == pytest.approx(-40.665, abs=2e-3)


def test_a_gaussian_of_two_variances_has_them():
    np.testing.assert_allclose(draws("anisotropic", 100_000).var(axis=0), [4, 1], rtol=0.02)


def test_an_unknown_law_is_refused():
    with pytest.raises(EaeSindyError, match="choose from normal"):
        laws.law("cauchy")
    with pytest.raises(EaeSindyError, match="two arrays"):
        laws.Mixture("x", np.zeros((1, 2)), np.zeros((1, 2)))


# ---- Codes that are written down


@pytest.mark.parametrize(
    "code",
    [FIRST, Polar(), Bent(), Nearest(np.array([[-3.0, -1], [0, 0.5], [3, -1]]))],
    ids=["linear", "polar", "bent", "nearest"],
)
def test_slopes_of_codes_are_their_derivatives(code):
    x, h = draws("normal", 400), 1e-6
    x = x[np.abs(x[:, 0]) > 0.5]  # not where the angle jumps, nor nearest to the corner
    if isinstance(code, Nearest):
        x = x[np.abs(code.codes(x)[:, 0] - np.sqrt(3**2 + 1.5**2)) > 1e-3]
    slopes = [(code.codes(x + h * e) - code.codes(x - h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(code.jacobians(x), np.stack(slopes, axis=2), atol=1e-5)


def test_principal_axes_come_in_the_order_of_their_variance():
    rows = draws("anisotropic", 5000) + np.array([3, -7])
    code = Linear.principal(rows)
    np.testing.assert_allclose(np.abs(code.axes), np.eye(2), atol=0.05)
    np.testing.assert_allclose(code.codes(rows).mean(axis=0), 0, atol=1e-9)


def test_a_projection_goes_on_beyond_the_ends_of_its_curve():
    code = Nearest(np.array([[0.0, 0], [2, 0]]))
    np.testing.assert_allclose(code.codes(np.array([[-1.0, 5], [1, 5], [7, 5]]))[:, 0], [-1, 1, 7])
    with pytest.raises(EaeSindyError, match="no two in a row"):
        Nearest(np.zeros((3, 2)))


# ---- Level sets


def test_level_sets_of_the_angle_are_known():
    """Of N(0, I): |c| = √(π/2), V/Z = 2 − π/2, Z = 1/2π."""
    x = draws("normal", 200_000)
    sets = level_sets(x, Polar().codes(x)[:, 0], 40)
    np.testing.assert_allclose(
        np.linalg.norm(sets.mean, axis=1).mean(), np.sqrt(np.pi / 2), rtol=0.005
    )
    assert sets.mean_variance == pytest.approx(2 - np.pi / 2, rel=0.02)
    np.testing.assert_allclose(sets.mass, 1 / (2 * np.pi), rtol=0.1)
    outwards = np.stack([np.cos(sets.code), np.sin(sets.code)], axis=1)
    np.testing.assert_allclose(sets.mean, np.sqrt(np.pi / 2) * outwards, atol=0.06)
    # dc/dz of the angle is a quarter turn on.
    np.testing.assert_allclose(
        sets.direction[1:-1], np.sqrt(np.pi / 2) * (outwards @ [[0, 1], [-1, 0]])[1:-1], atol=0.15
    )


def test_level_sets_of_the_first_coordinate_are_known():
    """Of N(0, I): c = (z, 0), V/Z = 1, and Z the normal density."""
    x = draws("normal", 200_000)
    sets = level_sets(x, x[:, 0], 40)
    assert sets.mean_variance == pytest.approx(1, rel=0.02)
    np.testing.assert_allclose(sets.mean, np.outer(sets.code, [1, 0]), atol=0.06)
    inner = slice(5, -5)
    density = np.exp(-(sets.code**2) / 2) / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(sets.mass[inner], density[inner], rtol=0.06)
    np.testing.assert_allclose(sets.direction[inner, 0], 1, rtol=1e-6)


def test_width_of_bins_adds_nothing_to_the_variance():
    """Few bins, and rows that lie on a line: what is left is their distance from it, 0.01²."""
    rng = np.random.default_rng(1)
    z = rng.random(20_000)
    x = np.stack([3 * z, -z], axis=1) + 0.01 * rng.standard_normal((20_000, 2))
    sets = level_sets(x, z, 5)
    np.testing.assert_allclose(sets.variance, 2e-4, rtol=0.05)
    np.testing.assert_allclose(sets.direction, np.tile([3, -1], (5, 1)), rtol=0.01)
    new = np.linspace(0.02, 0.98, 50)
    np.testing.assert_allclose(sets.centres(new), np.outer(new, [3, -1]), atol=2e-3)


def test_errors_of_level_sets_are_those_that_repetition_shows():
    found = [level_sets(x, x[:, 0], 8) for k in range(200) for x in [draws("normal", 4000, k)]]
    for get in (lambda s: (s.variance, s.variance_error), lambda s: (s.mass, s.mass_error)):
        values, errors = (np.array(v) for v in zip(*map(get, found), strict=True))
        inner = slice(1, -1)
        ratio = values.std(axis=0)[inner] / errors.mean(axis=0)[inner]
        np.testing.assert_allclose(ratio, 1, atol=0.25)
    centres = np.array([s.mean[:, 1] for s in found])
    errors = np.sqrt([s.mean_covariance[:, 1, 1] for s in found]).mean(axis=0)
    np.testing.assert_allclose(centres.std(axis=0) / errors, 1, atol=0.25)


def test_what_has_no_level_sets_is_refused():
    x = draws("normal", 1000)
    with pytest.raises(EaeSindyError, match="one value for many rows"):
        level_sets(x, np.round(x[:, 0] / 9), 5)
    with pytest.raises(EaeSindyError, match="10 of 1,000 draws"):
        level_sets(x, x[:, 0], 100)


# ---- Both sides


def test_both_sides_are_zero_for_the_angle():
    m = measured("normal", Polar())
    assert max(m.agreement.left, m.agreement.right) < 0.01
    assert claims.balance(m, FEW).verdict == HOLDS
    assert claims.consistency(m, FEW).verdict == HOLDS


def test_the_counterexample_is_stationary_and_off_balance():
    """N(0, diag(4, 1)) and y₁: left 0, right −y₁/4 times V/Z − y₂² = 1 − y₂²."""
    m = measured("anisotropic", FIRST)
    assert claims.consistency(m, FEW).verdict == HOLDS
    assert m.agreement.left < 1e-9
    assert claims.balance(m, FEW).verdict == FAILS
    at, sides = m.points, balance.sides(m.points)
    gap = at.variance - np.sum((at.x - at.centre) ** 2, axis=1)
    most = 2 * np.abs(at.x[:, 1] - at.centre[:, 1]) + np.abs(gap) * np.linalg.norm(
        at.x / [4, 1], axis=1
    )
    np.testing.assert_allclose(sides.right, -gap * at.x[:, 0] / 4 / most, atol=1e-3)


def test_the_radius_has_no_right_side():
    """Circles are about c = 0, and |y|² = V/Z on each: the poster's left side has a pole there."""
    m = measured("normal", Radius())
    assert m.sets.mean_variance == pytest.approx(2, rel=0.02)
    assert m.agreement.left > 0.9
    assert m.agreement.right < 0.1
    assert claims.balance(m, FEW).verdict == FAILS


def test_lower_loss_does_not_help_the_theorem():
    """A spiral leaves less variance than the angle, so that the angle is no global optimum."""
    m = measured("normal", Nearest.spiral(1.13, 2.55))
    assert m.sets.mean_variance < 0.5 * (2 - np.pi / 2)
    assert claims.balance(m, FEW).verdict == FAILS


def test_points_are_other_draws_and_lie_in_inner_level_sets():
    m = measured("normal", Polar())
    rng = np.random.default_rng([FEW.seed, 0xD9A])
    binned, fresh = draws_of("normal", FEW.draws, rng), draws_of("normal", FEW.points, rng)
    assert np.isin(m.points.x[:, 0], fresh[:, 0]).all()
    assert not np.isin(m.points.x[:, 0], binned[:, 0]).any()
    assert len(m.points.x) > 0.9 * FEW.points
    assert set(m.points.label) == set(range(1, FEW.level_sets - 1))


def test_sides_are_the_formula():
    """At one point, by hand; what is across and what is along make up the whole."""
    at = balance.Points(
        x=np.array([[2.0, 1.0]]), score=np.array([[-3.0, 4.0]]), normal=np.array([[0.6, 0.8]]),
        code=np.zeros(1), label=np.zeros(1, int), centre=np.array([[1.0, 1.0]]),
        variance=np.array([3.0]),
    )  # fmt: skip
    found = balance.sides(at)  # left (2, 0), right (3 − 1)(−3, 4) = (−6, 8): 2 and 10 long
    assert found.left[0] == pytest.approx(2 * 0.6 / 12)
    assert found.right[0] == pytest.approx((-6 * 0.6 + 8 * 0.8) / 12)
    whole = found.right_along[0] + found.right[0] * at.normal[0]
    np.testing.assert_allclose(whole, np.array([-6, 8]) / 12)
    np.testing.assert_allclose(found.left_along[0] + found.left[0] * at.normal[0], [2 / 12, 0])
    np.testing.assert_allclose(found.left_along @ at.normal[0], 0, atol=1e-12)
    predicted, true = balance.forces(at, temperature=2.0)
    assert predicted[0] == pytest.approx(2 * 2.0 * 0.6 / 2)
    assert true[0] == pytest.approx(2.0 * (-3 * 0.6 + 4 * 0.8))


class Balanced:
    """A law whose score is what the balance equation asks of given centres and variances."""

    title, temperature = "balanced", 1.0

    def __init__(self, sets, code, share=1.0):
        self.sets, self.code, self.share = sets, code, share

    def score(self, x):
        own = self.code.codes(x)[:, 0]
        apart = x - self.sets.centres(own)
        gap = self.sets.variance[self.sets.which(own)] - np.sum(apart**2, axis=1)
        return self.share * 2 * apart / gap[:, None]


@pytest.mark.parametrize(("share", "verdict"), [(1.0, HOLDS), (-1.0, FAILS), (10.0, FAILS)])
def test_a_balance_that_is_there_is_seen(share, verdict):
    """Where the equation holds by construction it is found to; with another sign or size, not.

    So the measure is not void: unlike a cosine of multiples of one vector it tells these apart.
    """
    rng, code = np.random.default_rng(2), Bent()
    x, fresh = draws("normal", 60_000), draws("normal", 2000, 1)
    sets = level_sets(x, code.codes(x)[:, 0], 40)
    at = balance.points(Balanced(sets, code, share), code, fresh, sets)
    found = balance.agreement(at, sets, 40, rng)
    m = measured("normal", code)
    m = scores.Measured(**{**vars(m), "agreement": found})
    assert claims.balance(m, FEW).verdict == verdict
    if share == 1:
        assert found.distance < 1e-9
        assert found.slope == pytest.approx(1)
        assert found.correlation == pytest.approx(1)
        assert found.noise < 0.2 < 0.3 < found.chance
        # Other draws find other centres: then it is off by what noise is said to make of it.
        again = level_sets(
            draws("normal", 60_000, 9), code.codes(draws("normal", 60_000, 9))[:, 0], 40
        )
        other = balance.points(Balanced(sets, code), code, fresh, again)
        off = balance.agreement(other, again, 40, rng)
        assert 0.2 * off.noise < off.distance < 2 * off.noise
    if share == -1:
        assert found.distance == pytest.approx(np.sqrt(2))
        assert found.correlation == pytest.approx(-1)


def test_distances_of_unrelated_sides_are_one():
    one, other = np.random.default_rng(0).standard_normal((2, 20_000))
    assert balance._distance(one, other) == pytest.approx(1, abs=0.02)
    assert balance._distance(one, one) == 0
    assert balance._distance(one, 0 * one) == pytest.approx(1)


def test_self_consistency_fails_where_centres_lie_askew():
    """Of y₁ + y₂ on N(0, diag(4, 1)) centres move along (4, 1), level sets lie along (1, −1)."""
    m = measured("anisotropic", Linear([[1, 1]]))
    askew = 3 / np.sqrt(2 * 17)
    assert m.consistency.residual == pytest.approx(askew, abs=0.04)
    assert claims.consistency(m, FEW).verdict == FAILS
    assert 0.01 < m.consistency.noise < 0.2


def test_forces_are_told_by_ranks_and_signs():
    true = np.random.default_rng(0).standard_normal(2000)
    assert balance.told(3 * true**3, true).rank == pytest.approx(1)
    assert balance.told(-true, true).sign == 0
    assert balance.told(2 * true, true).median_ratio == pytest.approx(2)
    assert balance.told(np.zeros(2000), true).rank == 0


# ---- What goes with it


def test_draws_given_the_code_are_calibrated_and_others_are_not():
    """Given the angle of N(0, I) the radius has Rayleigh's law."""
    rng = np.random.default_rng(0)
    x = draws("normal", 20_000)

    def given(spread):
        def drawn(rows, seed):
            radius = np.random.default_rng(seed).rayleigh(size=len(rows))
            turned = rows / np.linalg.norm(rows, axis=1, keepdims=True)
            return turned * (np.sqrt(np.pi / 2) + spread * (radius - np.sqrt(np.pi / 2)))[:, None]

        return drawn

    right = scores.calibration(x, given(1.0), FEW, rng)
    assert right.ratio == pytest.approx(1, abs=0.02)
    assert right.interval[0] < 1 < right.interval[1]
    assert right.interval[1] - right.interval[0] < 0.05
    assert scores.calibration(x, given(0.7), FEW, rng).ratio > 1.15
    assert scores.calibration(x, given(0.0), FEW, rng).ratio == np.inf


def test_polar_coordinates_are_told_in_either_order():
    x = draws("normal", 20_000)
    found = scores.polar(x, Polar().codes(x), 40)
    assert found.least > 0.98
    assert found.first_is_angle
    turned = scores.polar(x, Turned(Polar()).codes(x), 40)
    assert turned.least == pytest.approx(found.least)
    assert not turned.first_is_angle
    assert scores.polar(x, x, 40).least < 0.5
    assert scores.polar(x, 0 * x, 40).least == pytest.approx(0, abs=0.01)


def test_what_a_code_explains_is_measured_on_other_rows():
    rng = np.random.default_rng(0)
    nothing = scores.explained(rng.random(800), rng.standard_normal((800, 1)), 200)
    assert nothing < -0.1  # means of two rows each say less than the mean of all
    z = rng.random(20_000)
    noisy = np.stack([z + np.sqrt(1 / 12) * rng.standard_normal(20_000)], axis=1)
    assert scores.explained(z, noisy, 40) == pytest.approx(0.5, abs=0.02)


# ---- Verdicts


def named(name, code, law="normal", given=None):
    return scores.measure(laws.law(law), Subject(name, code, given), FEW)


def test_a_claim_that_a_control_passes_cannot_be_told():
    polar, straight = named(claims.MEANS, Polar()), named(claims.UNTRAINED, FIRST)
    also = named(claims.RADIUS, FIRST)
    judged = claims.judged(Checked("normal", "N", FEW, [polar, straight, also]))
    fair = {j.claim: j for j in judged if j.subject == claims.MEANS}
    assert fair["balance"].verdict == HOLDS
    assert fair["balance"].controls[claims.UNTRAINED].verdict == FAILS
    assert fair["polar"].verdict == HOLDS
    # y₁ on N(0, I) is stationary as well: a test of self-consistency tells nothing beside it.
    assert fair["self-consistency"].verdict == UNTOLD
    assert "the control passes" in fair["self-consistency"].why
    assert "forces" not in fair
    assert "calibration" not in fair


def test_verdicts_turn_where_the_settings_say():
    m = named(claims.MEANS, Polar())
    assert claims.variance(m, FEW).verdict == HOLDS
    assert claims.variance(m, FEW.but(variance=0.42)).verdict == FAILS
    assert claims.variance(named("x", FIRST), FEW).verdict == FAILS
    for ratio, verdict in ((1.04, HOLDS), (0.96, HOLDS), (0.9, UNTOLD), (1.2, FAILS), (0.8, FAILS)):
        own = scores.Measured(
            **{**vars(m), "calibration": scores.Calibration(ratio, (ratio, ratio))}
        )
        assert claims.calibration(own, FEW).verdict == verdict
    for pair, verdict in (((0.9, 0.85), HOLDS), ((0.95, 0.7), UNTOLD), ((0.7, 0.95), UNTOLD),
                          ((0.95, 0.4), FAILS)):  # fmt: skip
        own = scores.Measured(**{**vars(m), "polar": scores.Polar(*pair, True)})
        assert claims.polar(own, FEW).verdict == verdict
    for rank, verdict in ((0.95, HOLDS), (0.7, UNTOLD), (0.4, FAILS), (-0.95, FAILS)):
        own = scores.Measured(**{**vars(m), "forces": balance.Forces(rank, 0.5, 1.0)})
        assert claims.forces(own, FEW).verdict == verdict
    for noise, residual, verdict in ((0.1, 0.15, HOLDS), (0.1, 0.3, UNTOLD), (0.1, 0.5, FAILS),
                                     (0.5, 0.5, UNTOLD)):  # fmt: skip
        own = scores.Measured(**{**vars(m), "consistency": balance.Consistency(residual, noise)})
        assert claims.consistency(own, FEW).verdict == verdict
    base = balance.Agreement(0.1, (0.05, 0.15), 0.05, 1.0, 0.4, 0.4, 1.0, 1.0, 1.0)
    for change, verdict in (
        ({}, HOLDS),
        ({"distance": 0.3}, UNTOLD),
        ({"chance": 0.15}, UNTOLD),
        ({"distance": 0.8, "interval": (0.7, 0.9)}, FAILS),
        ({"distance": 0.8, "interval": (0.4, 0.9)}, UNTOLD),
        ({"distance": 0.8, "interval": (0.7, 0.9), "noise": 0.6}, UNTOLD),
        ({"distance": 1.0, "interval": (0.9, 1.1), "left": 0.01, "right": 0.01}, HOLDS),
        ({"distance": 1.0, "interval": (0.9, 1.1), "left": 0.01}, FAILS),
    ):
        own = scores.Measured(
            **{**vars(m), "agreement": balance.Agreement(**{**vars(base), **change})}
        )
        assert claims.balance(own, FEW).verdict == verdict, change


def test_settings_that_contradict_themselves_are_refused():
    with pytest.raises(EaeSindyError, match="agrees must not be more than parts"):
        ScoreChecks(agrees=0.6)
    for few in ({"draws": 700}, {"level_sets": 2000}):
        with pytest.raises(EaeSindyError, match="too few"):
            ScoreChecks(**few)
    with pytest.raises(EaeSindyError, match="too few"):
        PathChecks(draws=1000)


# ---- The path


def test_the_string_lies_along_the_gradient():
    potential, found = laws.MuellerBrown(), path.reference()
    np.testing.assert_allclose(found[[0, -1]], np.array(laws.MINIMA)[[0, -1]], atol=1e-3)
    steepest = np.linalg.norm(potential.gradient(found), axis=1).max()
    off = string_method.off_gradient(potential.gradient, found)
    assert np.median(off) < 0.002 * steepest
    assert off.max() < 0.1 * steepest  # in the sharpest bend, between points of the curve
    assert potential.potential(found).max() == pytest.approx(0.15 * -40.665, abs=0.01)
    spacing = np.linalg.norm(np.diff(found, axis=0), axis=1)
    np.testing.assert_allclose(spacing, spacing.mean(), rtol=0.02)
    # It passes through the minimum in the middle, too.
    assert np.linalg.norm(found - laws.MINIMA[1], axis=1).min() < 0.02


def test_a_string_that_does_not_settle_is_refused():
    with pytest.raises(EaeSindyError, match="shorter step"), np.errstate(all="ignore"):
        string_method.string(laws.MuellerBrown().gradient, np.array(laws.MINIMA), 0.1)


def test_distances_of_curves_are_known():
    line = np.array([[0.0, 0], [1, 0]])
    assert curves.distances(line, line + np.array([0, 0.3])) == pytest.approx((0.3, 0.3))
    half = curves.distances(line, line / 2)  # one way 0, the other way an eighth on the mean
    assert half.chamfer == pytest.approx(1 / 16, rel=0.01)
    assert half.hausdorff == pytest.approx(0.5, rel=0.01)
    assert curves.distances(line / 2, line) == half
    bump = np.array([[0.0, 0], [0.5, 0], [0.5, 0.2], [0.5, 0], [1, 0]])
    assert curves.distances(line, bump).hausdorff == pytest.approx(0.2, rel=0.01)
    # Neither depends on where the points of a curve lie.
    many = np.stack([np.linspace(0, 1, 200) ** 3, np.zeros(200)], axis=1)
    assert curves.distances(line, many).hausdorff < 3 * curves.SPACING


@pytest.fixture(scope="module")
def boltzmann():
    return draws("muller-brown", 400_000, 1)


def test_the_projection_on_the_path_finds_it(boltzmann):
    """Centres of its level sets are off the path by the bend of the valley, not by more."""
    settings = PathChecks()
    code = Nearest(path.reference())
    centres, marched = path.of_code("x", 0, boltzmann, code, settings)
    assert centres.note == marched.note == ""
    assert centres.distances.chamfer < 0.05
    assert centres.distances.hausdorff < 0.2
    assert marched.distances.hausdorff < 0.02
    np.testing.assert_allclose(centres.curve[[0, -1]], np.array(laws.MINIMA)[[0, -1]], atol=0.1)


def test_a_code_that_falls_from_minimum_to_minimum_does_as_well(boltzmann):
    down = Linear([[-1, 0.0]])
    up, back = (
        path.of_code("x", 0, boltzmann, c, PathChecks()) for c in (Linear([[1, 0.0]]), down)
    )
    for one, other in zip(up, back, strict=True):
        np.testing.assert_allclose(one.distances, other.distances, atol=5e-3)
    np.testing.assert_allclose(back[0].curve[0], laws.MINIMA[0], atol=0.2)


def test_straight_codes_and_lines_miss_the_path(boltzmann):
    line, polyline = path.straight_lines()
    np.testing.assert_allclose(polyline.distances, (0.220, 0.654), atol=0.005)
    np.testing.assert_allclose(line.distances, (0.307, 0.734), atol=0.005)
    marched = path.of_code("x", 0, boltzmann, Linear.principal(boltzmann), PathChecks())[1]
    assert marched.distances.chamfer > 0.2
    assert path.of_code("x", 0, boltzmann, Linear([[0, 0.0]]), PathChecks())[1].note


def test_the_barrier_gets_level_sets_of_its_own(boltzmann):
    code = Nearest(curves.resampled(path.reference(), 60))
    coarse, fine = PathChecks(gap=10.0, least_draws=100), PathChecks(least_draws=100)
    few, _ = path.mean_curve(boltzmann[:100_000], code, coarse)
    many, _ = path.mean_curve(boltzmann[:100_000], code, fine)
    widest = [np.linalg.norm(np.diff(c, axis=0), axis=1).max() for c in (few, many)]
    assert widest[1] < 0.5 * widest[0]


def test_a_march_follows_the_gradient():
    """Of the angle about a point the march is the arc through the start."""
    middle = (np.array(laws.MINIMA[0]) + np.array(laws.MINIMA[-1])) / 2

    class About(Polar):
        def codes(self, x):
            return super().codes(x - middle)

        def jacobians(self, x):
            return super().jacobians(x - middle)

    curve, said = path.march(About(), 0.01)
    assert said == ""
    radius = np.linalg.norm(curve - middle, axis=1)
    np.testing.assert_allclose(radius, radius[0], rtol=1e-3)
    assert np.linalg.norm(curve[-1] - laws.MINIMA[-1]) < 0.02
    straight, said = path.march(Linear([[0, 1.0]]), 0.01)
    np.testing.assert_allclose(straight[:, 0], laws.MINIMA[0][0])


def test_a_decoded_line_runs_between_the_codes_of_the_minima():
    found = path.of_line("x", 0, FIRST, lambda z: z)
    np.testing.assert_allclose(found.curve[[0, -1]], np.array(laws.MINIMA)[[0, -1]])
    assert found.distances == path.straight_lines()[0].distances
    with pytest.raises(EaeSindyError, match="no points of the plane"):
        path.of_line("x", 0, FIRST, lambda z: z[:, :1])


def test_every_seed_has_to_reach():
    near, far = (path.reference() + np.array([off, 0]) for off in (0.01, 0.3))
    routes = [path.route("m", 0, near), path.route("m", 1, far), path.route("n", 0, near),
              path.route("o", 0, near, "lost")]  # fmt: skip
    found = path.Paths(path.reference(), routes, PathChecks(), np.zeros((1, 2)))
    rows = {row["method"]: row for row in report.path_table(found)}
    assert [rows[m]["reached"] for m in "mno"] == [False, True, False]
    assert rows["m"]["worst"][0] > 0.1 > rows["n"]["worst"][0]
    assert rows["m"]["seeds"] == [0, 1]
    text = "\n".join(report.path_lines(found))
    assert "missed   m" in text
    assert "reached  n" in text
    assert "lost" in text
    assert json.loads(json.dumps(report.path_summary(found)))["published"]["hausdorff"] == 0.73


# ---- Words, figures, commands


def test_a_law_is_told_in_words_numbers_and_a_figure(tmp_path):
    from eae_sindy.report import figures
    from eae_sindy.report.figures import of_distributional_checks as drawn

    found = Checked(
        "normal", "N(0, I)", FEW, [named(claims.MEANS, Polar()), named(claims.PCA, FIRST)]
    )
    text = "\n".join(report.score_lines(found))
    assert "holds           Theorem 1" in text
    assert "PCA: fails" in text
    summary = report.score_summary([found], {"command": "x"})
    own = summary["laws"]["normal"]["subjects"][claims.MEANS]
    assert np.mean(own["level sets"]["V/Z"]) == pytest.approx(own["E Var"])
    assert len(own["level sets"]["c error"]) == FEW.level_sets
    assert report.in_short([found]) == "4 of 4 claims hold on 1 laws"
    assert figures.save(drawn.score(found), tmp_path, "s")[0].stat().st_size > 10_000
    routes = [*path.straight_lines(), path.route("m", 0, path.reference())]
    paths = path.Paths(path.reference(), routes, PathChecks(), draws("muller-brown", 100))
    assert figures.save(drawn.path(paths), tmp_path, "p")[0].stat().st_size > 10_000


def test_commands_refuse_what_is_there_before_they_work(tmp_path):
    from eae_sindy_cli.main import main

    for name in ("score", "path"):
        (tmp_path / f"{name}.json").write_text("{}")
        ran = CliRunner().invoke(main, ["dpa", name, "-o", str(tmp_path)])
        assert ran.exit_code == 1
        assert "add --force" in ran.output
        (tmp_path / "file").write_text("")
        ran = CliRunner().invoke(main, ["dpa", name, "-o", str(tmp_path / "file")])
        assert "name a folder" in ran.output


@pytest.fixture
def quick(monkeypatch):
    """Trainings of a few steps."""
    from eae_sindy.distributional import subjects

    tiny = subjects.SCORE_MEANS.but(steps=40, hidden=(16,), batch=64)
    monkeypatch.setattr(subjects, "SCORE_MEANS", tiny)
    monkeypatch.setattr(subjects, "PATH_MEANS", tiny)
    monkeypatch.setattr(subjects, "SCORE_LAWS", tiny.but(beta=1.0))


def test_of_several_trainings_the_one_that_leaves_least_is_taken(monkeypatch):
    from types import SimpleNamespace

    from eae_sindy.distributional import subjects
    from eae_sindy.progress import Progress

    made = {7: Linear([[0, 1]]), 8: Linear([[1, 0]]), 9: Linear([[0, 0]]), 10: Linear([[1, 1]])}

    def train(rows, fit):
        yield Progress("training", 1, 1)
        return SimpleNamespace(seed=fit.seed)

    monkeypatch.setattr(subjects.models, "train_on", train)
    monkeypatch.setattr(subjects.models, "FittedCode", lambda model: made[model.seed])
    fit = subjects.SCORE_MEANS.but(seed=7)
    code, _ = finish(subjects._best(draws("anisotropic", 5000), fit, 4, "x"))
    assert code is made[8]


def test_the_score_is_checked_from_the_command_line(tmp_path, quick):
    from eae_sindy_cli.main import main

    line = ["dpa", "score", "--law", "normal", "--starts", "1", "--draws", "20000", "--plot",
            "-o", str(tmp_path)]  # fmt: skip
    ran = CliRunner().invoke(main, line)
    assert ran.exit_code == 0, ran.output
    found = json.loads((tmp_path / "score.json").read_text())["laws"]["normal"]
    assert set(found["subjects"]) == {
        claims.MEANS, claims.LAWS_OF, claims.PLAIN, claims.PCA, claims.UNTRAINED,
        claims.ANGLE, claims.RADIUS, claims.FIRST, claims.SPIRAL,
    }  # fmt: skip
    assert {c["claim"] for c in found["claims"]} == {c.code for c in claims.CLAIMS} - {"forces"}
    calibrated = next(c for c in found["claims"] if c["claim"] == "calibration")
    assert calibrated["controls"][claims.PLAIN]["verdict"] == FAILS
    assert (tmp_path / "score_normal.png").is_file()


def test_no_seed_is_dropped_from_the_path(tmp_path, quick, monkeypatch):
    from eae_sindy.distributional import subjects
    from eae_sindy_cli.main import main

    asked, train = [], subjects.plain_models.train_plain
    monkeypatch.setattr(
        subjects.plain_models, "train_plain",
        lambda rows, fit: asked.append((fit.seed, fit.latents)) or train(rows, fit),
    )  # fmt: skip

    line = ["dpa", "path", "--seeds", "2", "--draws", "60000", "--rows", "2000", "--plot",
            "-o", str(tmp_path)]  # fmt: skip
    ran = CliRunner().invoke(main, line)
    assert ran.exit_code == 0, ran.output
    assert asked == [(0, 1), (0, 2), (1, 1), (1, 2)]
    methods = json.loads((tmp_path / "path.json").read_text())["methods"]
    assert {m["method"]: len(m["seeds"]) for m in methods} == {
        "straight line": 1, "polyline": 1,
        "DPA, mean curve": 2, "DPA, gradient march": 2, "PCA, mean curve": 2,
        "PCA, gradient march": 2, "AE of 1, mean curve": 2, "AE of 1, gradient march": 2,
        "AE of 1, decoded line": 2, "AE of 2, decoded line": 2,
    }  # fmt: skip
    assert (tmp_path / "path.png").is_file()
