"""Normal forms: the same through every affine chart, and a comparison of decoders by them."""

import json
from dataclasses import replace
from itertools import product
from math import factorial
from types import SimpleNamespace

import numpy as np
import pytest

from eae_sindy.discovery import normal_forms, resampling
from eae_sindy.discovery.candidates import candidates
from eae_sindy.discovery.resampling import Spread
from eae_sindy.dynamics import canonical, normal_form
from eae_sindy.dynamics.canonical import Frame
from eae_sindy.dynamics.least_squares import Triangle
from eae_sindy.dynamics.library import standard
from eae_sindy.recipes import Criteria
from eae_sindy.report import figures, text
from eae_sindy.report import summary as summaries
from eae_sindy.report.verdicts import of_equations
from tests import planted as ensembles
from tests import records

TERMS = canonical.cubics().terms
POWERS = [tuple(p) for p in canonical.cubics().features.powers_.tolist()]


def complex_to_xi(series):
    """Ξ [10, 2] of w' = Σ c_jk wʲ w̄ᵏ, by evaluation at points and least squares."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(40, 2))
    w = y[:, 0] + 1j * y[:, 1]
    rate = sum(c * w**j * w.conj() ** k for (j, k), c in series.items())
    rates = np.stack([rate.real, rate.imag], axis=1)
    return np.linalg.lstsq(canonical.cubics()(y), rates, rcond=None)[0]


def planted(mu=0.3, omega=0.9, a=-0.3, b=0.2):
    return complex_to_xi({(1, 0): mu + 1j * omega, (2, 1): a + 1j * b})


def chart(rng):
    """An affine chart that is not so flat that rounding shows."""
    while True:
        change = Frame(rng.normal(size=2), rng.normal(size=(2, 2)))
        if np.linalg.cond(change.matrix) < 30:
            return change


def through(xi, change, mean=(0.0, 0.0), covariance=None, start=None):
    """The normal form of equations carried to y = A (z − c), and of the data with them."""
    m = change.matrix @ (np.array(mean) - change.origin)
    cov = change.matrix @ (np.eye(2) / 2 if covariance is None else covariance) @ change.matrix.T
    start = None if start is None else change.matrix @ (np.array(start) - change.origin)
    return normal_form.find(canonical.carried(xi, change), m, cov, start)


# Series in w and w̄ to order three: the reference for the formula.


def times(p, q):
    found = {}
    for ((j, k), x), ((m, n), y) in product(p.items(), q.items()):
        if j + m + k + n <= 3:
            found[j + m, k + n] = found.get((j + m, k + n), 0) + x * y
    return found


def plus(*parts):
    found = {}
    for p in parts:
        for key, x in p.items():
            found[key] = found.get(key, 0) + x
    return found


def scaled(p, c):
    return {key: c * x for key, x in p.items()}


def bar(p):
    return {(k, j): np.conj(x) for (j, k), x in p.items()}


def power(p, n):
    found = {(0, 0): 1.0}
    for _ in range(n):
        found = times(found, p)
    return found


def inserted(outer, inner):
    """`outer` with w replaced by a series."""
    other = bar(inner)
    return plus(*(scaled(times(power(inner, j), power(other, k)), c)
                  for (j, k), c in outer.items()))  # fmt: skip


def pushed(field, change):
    """The field in u where w = change(u) = u + …: u' solves D(change) u' = field(change(u))."""
    right = inserted(field, change)
    by_u = {(j - 1, k): j * c for (j, k), c in change.items() if j}
    by_bar = {(j, k - 1): k * c for (j, k), c in change.items() if k}
    rate = right
    for _ in range(3):  # each round is right to one order more
        error = plus(right, scaled(plus(times(by_u, rate), times(by_bar, bar(rate))), -1))
        rate = plus(rate, error)
    return rate


def eliminated(field):
    """The coefficient of |w|² w after quadratic, then all other cubic terms were solved away."""
    lam = field[1, 0]
    for order in (2, 3):
        change = {(1, 0): 1.0}
        for j in range(order + 1):
            k = order - j
            if (j, k) != (2, 1):
                change[j, k] = field.get((j, k), 0) / (j * lam + k * np.conj(lam) - lam)
        field = pushed(field, change)
        left = {key: c for key, c in field.items() if sum(key) == order and key != (2, 1)}
        assert max(map(abs, left.values())) < 1e-9
    return field[2, 1]


@pytest.mark.parametrize("seed", range(8))
def test_formula_is_what_elimination_term_by_term_leaves(seed):
    rng = np.random.default_rng(seed)
    xi = rng.normal(size=(10, 2))
    xi[0] = 0
    mu, omega = rng.normal(), 0.3 + rng.random()
    xi[1], xi[2] = (mu, omega), (-omega, mu)
    g = normal_form.derivatives(xi)
    field = {(j, k): c / (factorial(j) * factorial(k)) for (j, k), c in g.items()}
    assert abs(field[0, 1]) < 1e-12
    np.testing.assert_allclose(complex_to_xi(field), xi, atol=1e-10)
    np.testing.assert_allclose(normal_form.cubic_coefficient(xi), eliminated(field), rtol=1e-9)


def test_one_known_coefficient():
    """Van der Pol about rest: w' = (μ/2 + …) w − (μ/8)|w|² w, so the radius is 2."""
    mu = 1e-3
    xi = np.zeros((10, 2))
    for term, rates in {"z1": (0, -1), "z2": (1, mu), "z1^2 z2": (0, -mu)}.items():
        xi[TERMS.index(term)] = rates
    found, _ = normal_form.find(xi, np.zeros(2), 2 * np.eye(2))
    np.testing.assert_allclose([found.mu, found.omega], [mu / 2, 1.0], rtol=1e-6)
    np.testing.assert_allclose(found.amplitude * 2, 2, rtol=1e-5)  # the r.m.s. of the data is 2
    # In the frame |w| = 1 is the cycle.
    np.testing.assert_allclose(np.linalg.norm(found.frame.matrix @ [2.0, 0]), 1, rtol=1e-2)


@pytest.mark.parametrize("seed", range(10))
def test_affine_charts_change_no_coefficient(seed):
    """Turns, shears, shifts and reflections: half of these charts have a negative determinant."""
    rng = np.random.default_rng(seed)
    found, reason = through(planted(), chart(rng))
    assert reason == ""
    np.testing.assert_allclose(found[:4], [0.3, 0.9, -0.3, 0.2], atol=1e-8)
    assert found.cycle
    assert found.note == ""


def test_reflections_turn_the_same_way():
    for change in (np.eye(2), np.diag([1.0, -1.0]), np.array([[0.0, 1.0], [1.0, 0.0]])):
        found, _ = through(planted(), Frame(np.zeros(2), change))
        np.testing.assert_allclose(found[:4], [0.3, 0.9, -0.3, 0.2], atol=1e-8)
    # The mirror image of b is another system.
    other, _ = through(planted(b=-0.2), Frame(np.zeros(2), np.eye(2)))
    np.testing.assert_allclose(other.b, -0.2, atol=1e-8)


@pytest.mark.parametrize("mu", [0.0, 0.02, 0.2])
def test_quadratic_charts_keep_the_linear_part_and_nearly_the_cubic_one(mu):
    """μ and ω exactly; a and b up to a multiple of μ: with growth |w|² w can be scaled away."""
    rng = np.random.default_rng(3)
    field = {(1, 0): mu + 0.9j, (2, 1): -0.3 + 0.2j}
    change = {(1, 0): 1.0}
    for key in ((2, 0), (1, 1), (0, 2)):
        change[key] = complex(*rng.normal(size=2)) * 0.2
    xi = complex_to_xi(pushed(field, change))
    found, _ = through(xi, Frame(np.zeros(2), np.eye(2)))
    np.testing.assert_allclose([found.mu, found.omega], [mu, 0.9], atol=1e-9)
    c1 = complex(*found.in_units_of_the_data[2:])  # here that unit is one
    miss = abs(c1 - field[2, 1])
    assert miss < 2 * mu * 0.2**2 * 10 + 1e-9
    assert mu == 0 or miss > 1e-6


def test_amplitude_is_of_the_cycle_where_there_is_one():
    """Radius √(μ/−a) = 2, of a circle of data of radius 3; scaled so that it is one."""
    found, _ = normal_form.find(planted(0.4, 0.9, -0.1, 0.05), np.zeros(2), 4.5 * np.eye(2))
    np.testing.assert_allclose(found[:4], [0.4, 0.9, -0.4, 0.2], atol=1e-9)
    np.testing.assert_allclose(found.amplitude, 2 / 3)
    np.testing.assert_allclose(found.in_units_of_the_data, [0.4, 0.9, -0.9, 0.45])
    # A subcritical one has a cycle too.
    under, _ = normal_form.find(planted(-0.4, 0.9, 0.1, 0.05), np.zeros(2), 4.5 * np.eye(2))
    assert under.cycle
    np.testing.assert_allclose(under[:4], [-0.4, 0.9, 0.4, 0.2], atol=1e-9)


def test_amplitude_is_of_the_data_where_there_is_no_cycle():
    """Both grow: the r.m.s. is 3, so a = 0.1 · 9; through any chart."""
    for change in (Frame(np.zeros(2), np.eye(2)), chart(np.random.default_rng(5))):
        found, _ = through(planted(0.4, 0.9, 0.1, 0.05), change, covariance=4.5 * np.eye(2))
        np.testing.assert_allclose(found[:4], [0.4, 0.9, 0.9, 0.45], atol=1e-8)
        assert found.amplitude == 1
        assert not found.cycle
        assert found.note == normal_form.DATA_AMPLITUDE


def test_the_mean_of_the_data_may_lie_off_the_fixed_point():
    """The r.m.s. is about the fixed point."""
    mean = np.array([1.0, -0.5])
    found, _ = normal_form.find(planted(0.4, 0.9, 0.1, 0.05), mean, np.eye(2))
    np.testing.assert_allclose(found.a, 0.1 * (2 + 1.25), atol=1e-8)
    np.testing.assert_allclose(found.frame.origin, 0, atol=1e-9)


def test_first_axis_points_where_the_data_begin():
    xi, rng = planted(0.4, 0.9, -0.1, 0.05), np.random.default_rng(1)
    start = np.array([-1.0, 1.7])
    for _ in range(4):
        change = chart(rng)
        found, _ = through(xi, change, start=start)
        y = found.frame.matrix @ (change.matrix @ (start - change.origin) - found.frame.origin)
        np.testing.assert_allclose(y, [np.linalg.norm(start) / 2, 0], atol=1e-8)
        np.testing.assert_allclose(found[:4], [0.4, 0.9, -0.4, 0.2], atol=1e-8)
    at_rest, _ = normal_form.find(xi, np.zeros(2), np.eye(2), np.zeros(2))
    assert np.isfinite(at_rest.frame.matrix).all()


def test_frame_has_the_normal_form_as_its_equations():
    """Carried into its frame, a field without quadratic terms has these coefficients."""
    xi = canonical.carried(planted(0.4, 0.9, -0.1, 0.05), chart(np.random.default_rng(7)))
    found, _ = normal_form.find(xi, -np.zeros(2) + canonical.fixed_point(
        xi, np.zeros(2), 9 * np.ones(2)), np.eye(2))  # fmt: skip
    np.testing.assert_allclose(canonical.carried(xi, found.frame), planted(*found[:4]), atol=1e-8)


def test_without_a_fixed_point_the_mean_is_the_origin():
    """A pure drift beside the rotation: nowhere at rest within the data."""
    xi = planted(0.05, 0.9, -0.05, 0.0)
    far = Frame(np.array([50.0, 0.0]), np.eye(2))
    found, reason = normal_form.find(canonical.carried(xi, far), np.zeros(2), np.eye(2) / 2)
    assert found is None or normal_form.MEAN in found.note, reason
    linear = complex_to_xi({(0, 0): 9.0 + 0j, (1, 0): 0.1 + 0.9j})
    found, reason = normal_form.find(linear, np.zeros(2), np.eye(2))
    assert reason == ""
    np.testing.assert_allclose([found.mu, found.omega], [0.1, 0.9])
    np.testing.assert_allclose(found.frame.origin, 0, atol=1e-12)
    assert found.note.startswith(normal_form.MEAN)


def test_every_reason_for_none():
    linear, covariance = np.zeros((10, 2)), np.eye(2)
    linear[1], linear[2] = (-1, 0), (0, -2)
    assert normal_form.find(linear, np.zeros(2), covariance) == (None, normal_form.NO_TURN)
    linear[2] = (0, -1)  # repeated
    assert normal_form.find(linear, np.zeros(2), covariance) == (None, normal_form.NO_TURN)
    linear[1], linear[2] = (0, -1e-8), (1, 0)  # a rotation squeezed to a line
    assert normal_form.find(linear, np.zeros(2), covariance) == (None, normal_form.SINGULAR)
    assert normal_form.find(planted(), np.zeros(2), np.diag([1.0, 0.0])) == (
        None, normal_form.NO_SPREAD)  # fmt: skip
    assert normal_form.find(np.nan * linear, np.zeros(2), covariance) == (
        None, normal_form.NO_SPREAD)  # fmt: skip
    empty = np.zeros((12, 10)), np.zeros((12, 2))
    assert normal_form.of_factor(*empty) == (None, normal_form.NO_SPREAD)
    assert normal_form.of_factor(empty[0] * np.nan, empty[1]) == (None, normal_form.NO_SPREAD)


def test_a_factor_says_what_its_frames_say():
    rng = np.random.default_rng(2)
    z = rng.normal(size=(300, 2)) + 0.2
    theta = canonical.cubics()(z)
    rate = theta @ planted()
    whole, _ = normal_form.of_factor(theta, rate, z[0])
    factor, _ = normal_form.of_factor(*Triangle.of(theta, rate).split(10), z[0])
    for one, other in zip(whole[:4], factor[:4], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)
    np.testing.assert_allclose(whole[:4], [0.3, 0.9, -0.3, 0.2], atol=1e-9)
    np.testing.assert_allclose(
        1 / whole.amplitude, np.sqrt(np.mean(np.sum(z**2, axis=1))), rtol=1e-9
    )


# Decoders side by side.


def replicates(centres, scatter=0.01, each=60, seed=0):
    """Normal forms about (μ, ω, b) of every decoder, each by itself as sure as `scatter`."""
    rng = np.random.default_rng(seed)
    decoder = np.repeat(np.arange(len(centres)), each)
    values = np.array(centres)[decoder] + scatter * rng.normal(size=(len(decoder), 3))
    frame = Frame(np.zeros(2), np.eye(2))
    forms = [(normal_form.NormalForm(mu, omega, -mu, b, frame, 1.0, True, ""), "")
             for mu, omega, b in values.tolist()]  # fmt: skip
    own = np.ones(len(decoder), bool)
    return forms, decoder, Spread(decoder, own, decoder, values, None, 1e6)


def collected(centres, **changes):
    forms, decoder, spread = replicates(centres, **changes)
    return normal_forms.collect(forms, decoder, forms, spread, "late")


def test_decoders_that_agree_are_said_to():
    found = collected([(0.3, 0.9, 0.2)] * 3)
    assert found.compared
    assert found.disagree == []
    assert found.reason == ""
    assert found.frames == "late"
    assert found.cycle
    np.testing.assert_allclose(found.amplitude, 1, atol=1e-9)
    np.testing.assert_allclose(found.median, [0.3, 0.9, -0.3, 0.2], atol=0.005)
    np.testing.assert_allclose(found.intervals[:, :, 0], [[0.3 - 0.0164, 0.3 + 0.0164]] * 3,
                               atol=0.01)  # fmt: skip
    assert found.share == 1


def test_decoders_that_differ_are_named_by_coefficient():
    """The third has another frequency, and only that is said."""
    found = collected([(0.3, 0.9, 0.2)] * 3 + [(0.3, 1.3, 0.2)], scatter=0.003)
    assert found.disagree == ["omega"]
    below = collected([(0.3, 0.9, 0.2)] * 3 + [(0.3, 0.5, 0.2)], scatter=0.003)
    assert below.disagree == ["omega"]
    both = collected([(0.3, 0.9, 0.2), (0.5, 0.9, 0.2)], scatter=0.003)
    assert both.disagree == ["mu", "a"]
    np.testing.assert_allclose(both.medians[:, 0], [0.3, 0.5], atol=0.002)
    # Two that lie apart on either side of a third, which meets them both.
    apart = collected([(0.3, 0.9, 0.18), (0.3, 0.9, 0.2), (0.3, 0.9, 0.22)])
    assert apart.disagree == ["b"]


def test_the_joint_interval_is_wider_than_that_of_any_decoder():
    found = collected([(0.30, 0.90, 0.2), (0.32, 0.93, 0.2), (0.29, 0.91, 0.22)])
    alone = np.diff(found.intervals, axis=1)[:, 0]
    joint = np.diff(found.joint, axis=0)[0]
    assert (joint > alone.max(axis=0)).all()
    assert (found.joint[0] < found.median).all()
    assert (found.median < found.joint[1]).all()


def test_one_decoder_is_compared_with_none():
    found = collected([(0.3, 0.9, 0.2)])
    assert not found.compared
    assert found.disagree == []
    np.testing.assert_allclose(found.joint, found.intervals[0])


def test_a_decoder_with_few_replicates_is_not_judged():
    forms, decoder, spread = replicates([(0.3, 0.9, 0.2), (0.3, 1.5, 0.2)])
    few = np.r_[:60, 60:65]
    cut = Spread(decoder[few], spread.own[few], decoder[few], spread.values[few], None, 1e6)
    found = normal_forms.collect(forms, decoder, [forms[i] for i in few], cut, "train")
    assert not found.compared
    assert np.isnan(found.intervals[1]).all()
    assert np.isfinite(found.intervals[0]).all()
    assert np.isfinite(found.medians).all()


def test_unit_of_amplitude_is_one_for_all():
    """Where a tenth have no cycle it is the data's: a and b of all are in that unit."""
    forms, decoder, spread = replicates([(0.3, 0.9, 0.2)], scatter=0)
    assert normal_forms.collect(forms, decoder, forms, spread, "train").cycle
    without = through(planted(0.3, 0.9, 0.1, 0.2), Frame(np.zeros(2), np.eye(2)))
    # The few that have none are left out; of more, the data's r.m.s. is the unit of all.
    for count, cycle in ((2, True), (8, False)):
        some = [without] * count + forms[count:]
        found = normal_forms.collect(some, decoder, some, spread, "train")
        assert found.cycle == cycle
        assert found.share == (1 - count / 60 if cycle else 1)
        np.testing.assert_allclose(found.median, [0.3, 0.9, -0.3, 0.2], atol=1e-9)


def test_where_many_have_no_normal_form_the_reason_is_said():
    forms, decoder, spread = replicates([(0.3, 0.9, 0.2)] * 2)
    lost = [(None, normal_form.NO_TURN)] * 13 + forms[13:]
    found = normal_forms.collect(forms, decoder, lost, spread, "train")
    assert (
        found.reason == f"11% of 120 replicates have none, most often because {normal_form.NO_TURN}"
    )
    assert np.isnan(found.joint).all()
    assert np.isnan(found.intervals).all()
    assert not found.compared
    kept = [(None, normal_form.NO_TURN)] * 12 + forms[12:]
    found = normal_forms.collect(forms, decoder, kept, spread, "train")
    assert found.reason == ""
    assert found.share == 0.9
    members = [(None, normal_form.NO_TURN)] * 120
    assert "too few" in normal_forms.collect(members, decoder, kept, spread, "train").reason


def test_notes_of_most_are_kept():
    forms, decoder, spread = replicates([(0.3, 0.9, 0.2)], scatter=0)
    noted = [(form._replace(note=f"{normal_form.MEAN}; rare" if k < 25 else normal_form.MEAN), "")
             for k, (form, _) in enumerate(forms)]  # fmt: skip
    found = normal_forms.collect(noted, decoder, noted, spread, "train")
    assert found.notes == [normal_form.MEAN]


# On an ensemble.


@pytest.fixture(scope="module")
def ensemble():
    """A Hopf oscillation with its transient; members and decoders are linear charts of it."""
    time = np.arange(0, 80, 0.1)
    z, rate = ensembles.orbit(ensembles.hopf, [0.1, 0.0], time)
    return ensembles.ensemble(time, z, rate, members=6, noise=0.1, chains=2)


def trial_on(frames):
    made = records.trial()
    return [made._replace(candidate=made.candidate._replace(frames=frames))]


def test_members_and_replicates_have_what_was_planted(ensemble):
    """0.3, 0.9, −0.3, 0 whatever chart a member is, and of frames in blocks of time."""
    criteria = Criteria().but(replicates=40)
    fits = ensembles.reading(ensemble)
    way = candidates(fits.library)[0]
    spread = resampling.replicate(fits, [[way]] * len(fits.members), criteria)
    modes = SimpleNamespace(weight=np.array([1.0]))
    found = normal_forms.find(fits, modes, [trial_on("train")], spread, criteria)
    assert found.reason == ""
    assert found.frames == "train"
    assert list(found.decoders) == [0, 1]
    assert found.cycle
    expected = [0.3, 0.9, -0.3, 0.0]
    np.testing.assert_allclose(found.median, expected, atol=1e-4)
    np.testing.assert_allclose(found.medians, [expected] * 2, atol=1e-4)
    assert (found.joint[0] < np.array(expected) + 1e-4).all()
    assert (np.array(expected) - 1e-4 < found.joint[1]).all()
    again = normal_forms.find(fits, modes, [trial_on("train")], spread, criteria)
    np.testing.assert_array_equal(again.joint, found.joint)


def test_replicates_draw_other_frames(ensemble):
    """With noise in the rates no two replicates of one member have the same coefficients."""
    rng = np.random.default_rng(0)
    f = ensemble.frames
    noisy = f.rate_coordinates + 1e-3 * rng.normal(size=f.rate_coordinates.shape).astype("f4")
    fits = ensembles.reading(replace(ensemble, frames=replace(f, rate_coordinates=noisy)))
    same = SimpleNamespace(picked=np.zeros(5, int))
    forms = normal_forms._of_replicates(fits, "train", same, Criteria(), 0)
    mu = [form.mu for form, _ in forms]
    assert len(set(mu)) == 5
    assert 1e-6 < np.std(mu) < 0.05


def test_a_library_without_cubics_has_normal_forms_too(ensemble):
    few = replace(ensemble, library=standard(2, 2, sine=False))
    fits = ensembles.reading(few)
    for form, reason in normal_forms._of_members(fits, "train"):
        assert reason == ""
        np.testing.assert_allclose(form[:4], [0.3, 0.9, -0.3, 0.0], atol=1e-4)


def test_frames_are_those_of_most_members_equations():
    for weight, frames in (([0.6, 0.4], "late"), ([0.4, 0.6], "train"), ([0.5, 0.5], "train")):
        modes = SimpleNamespace(weight=np.array(weight))
        assert normal_forms._frames(modes, [trial_on("late"), trial_on("early")]) == frames


def test_other_than_two_latents_have_no_normal_form():
    fits = SimpleNamespace(values=np.zeros((4, 10, 3)))
    assert normal_forms.find(fits, None, [], None, Criteria()) is None


# In the report.


def said(normal):
    return {v.code: v for v in of_equations(records.answers(normal=normal), records.BASELINES)}


AGREE = [(0.3, 0.9, 0.2)] * 3
DIFFER = [(0.3, 0.9, 0.2)] * 3 + [(0.3, 1.3, 0.2)]


def test_verdict_on_both_sides():
    agrees = said(collected(AGREE))
    assert "normal-form-differs" not in agrees
    assert agrees["normal-form-agrees"].level == "good"
    assert "all 3 decoders" in agrees["normal-form-agrees"].text
    differs = said(collected(DIFFER, scatter=0.003))
    assert "normal-form-agrees" not in differs
    assert differs["normal-form-differs"].level == "caution"
    assert differs["normal-form-differs"].text.startswith("decoders are not averaged: ")
    assert "in omega by" in differs["normal-form-differs"].text


def test_verdict_says_where_the_cycle_is_another():
    """The cycle of the normal form is the data's to 30 %, or it is said."""
    for centres, code in ((AGREE, "normal-form-agrees"), (DIFFER, "normal-form-differs")):
        found = collected(centres, scatter=0.003)
        for amplitude, far in ((0.69, True), (0.71, False), (1.29, False), (1.31, True)):
            text = said(replace(found, amplitude=amplitude))[code].text
            assert (f"its cycle has {amplitude} of the amplitude" in text) == far
        assert "cycle has" not in said(replace(found, amplitude=9.0, cycle=False))[code].text


def test_no_verdict_where_nothing_is_compared():
    nothing = replace(collected(AGREE), reason="there is none")
    for normal in (None, nothing, collected(AGREE[:1])):
        assert not [code for code in said(normal) if code.startswith("normal-form")]


def test_lines_say_each_coefficient_and_whether_decoders_agree():
    assert text._normal_form(None) == []
    found = collected(DIFFER, scatter=0.003)
    head, *rows, last = text._normal_form(found)
    assert last.startswith("  its cycle has 1.00 of the data's r.m.s. amplitude")
    assert "w' = (mu + i omega) w + (a + i b)|w|^2 w, amplitude one" in head
    assert [row.split()[0] for row in rows] == list(normal_form.NAMES)
    assert [row.endswith("decoders differ") for row in rows] == [False, True, False, False]
    assert [row.endswith("decoders agree") for row in rows] == [True, False, True, True]
    low, high = found.joint[:, 1]
    assert f"[{low:.4g}, {high:.4g}]" in rows[1]
    alone = replace(collected(AGREE[:1]), notes=["a note"], cycle=False, amplitude=np.nan)
    head, *rows = text._normal_form(alone)
    assert "in units of the data's r.m.s." in head
    assert rows[0].endswith("decoders not compared")
    assert rows[-1] == "  a note"
    assert text._normal_form(replace(alone, reason="no turn")) == [
        "no normal form to compare decoders by: no turn"
    ]


def test_summary_has_every_number_and_no_nan():
    found = collected(DIFFER, scatter=0.003)
    made = summaries._normal_form(found)
    json.dumps(made, allow_nan=False)
    assert made["reason"] is None
    assert made["amplitude"]["unit"] == "cycle"
    omega = made["coefficients"][1]
    assert (omega["name"], omega["agree"]) == ("omega", False)
    assert made["coefficients"][0]["agree"] is True
    assert omega["interval"] == found.joint[:, 1].tolist()
    assert [d["decoder"] for d in omega["decoders"]] == [0, 1, 2, 3]
    assert omega["decoders"][3]["interval"] == found.intervals[3, :, 1].tolist()
    assert omega["decoders"][3]["median"] == found.medians[3, 1]
    forms, decoder, spread = replicates(AGREE)
    none = [(None, normal_form.NO_TURN)] * len(forms)
    made = summaries._normal_form(normal_forms.collect(none, decoder, none, spread, "train"))
    json.dumps(made, allow_nan=False)
    assert "real" in made["reason"]
    assert made["coefficients"][0]["interval"] is None
    assert made["coefficients"][0]["agree"] is None


def test_figure_has_a_panel_a_coefficient_and_a_row_a_decoder():
    found = collected(DIFFER, scatter=0.003)
    figure = figures.normal_form(SimpleNamespace(answers=records.answers(normal=found)))
    assert len(figure.axes) == 4
    for k, axis in enumerate(figure.axes):
        dots = [line for line in axis.lines if line.get_marker() == "o"]
        assert [float(dot.get_xdata()[0]) for dot in dots] == found.medians[:, k].tolist()
        assert ("differ" in axis.get_title(loc="left")) == (k == 1)
        bars = [list(line.get_xdata()) for line in axis.lines if len(line.get_xdata()) == 2]
        assert found.intervals[2, :, k].tolist() in bars
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [f"decoder {d}" for d in range(4)]
    assert len(figures.png(figure)) > 1000
    for nothing in (None, records.answers(), records.answers(normal=replace(found, reason="no"))):
        empty = figures.normal_form(SimpleNamespace(answers=nothing))
        assert "no normal form" in empty.texts[0].get_text()
