"""The strongest rivals on problems they solve exactly, and the sentence that follows from them."""

import json
from dataclasses import replace

import numpy as np
import pytest

from eae_sindy.comparison import comparison, linear_methods, operator_inference
from eae_sindy.comparison.comparison import Comparison
from eae_sindy.discovery import arena, measurement, member_fits, pod_baseline
from eae_sindy.discovery import polynomial_decoder as control
from eae_sindy.discovery.control import chosen as chosen_control
from eae_sindy.discovery.stretches import stretches, training
from eae_sindy.dynamics.library import standard
from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import finish
from eae_sindy.recipes import CRITERIA, Criteria
from eae_sindy.report import files, text
from eae_sindy.report.verdicts import of_comparison
from eae_sindy.snapshots.frames import Frames
from eae_sindy.snapshots.split import TEST, TRAIN, VALIDATION
from tests import planted, records
from tests.test_comparison import spoiled

FEW = Criteria().but(replicates=20, degrees=(3, 3, 3), weights=(0.0,))
TIME = np.arange(0, 75, 0.15)


def mirrored():
    """A Hopf orbit and its mirror image, in a plane and on two curved directions.

    What is even in z is then uncorrelated with what is odd, to the last digit: the plane of two POD
    modes is that of z, and the field a polynomial of degree four in it.
    """
    z, rate = planted.orbit(planted.hopf, [0.2, 0.0], TIME)
    both, rates = np.vstack([z, -z]), np.vstack([rate, -rate])
    (a, b), (da, db) = both.T, rates.T
    even = 0.4 * np.stack([a * b + 0.2 * a**4, a**2 - b**2], axis=1)
    slope = 0.4 * np.stack([da * b + a * db + 0.8 * a**3 * da, 2 * (a * da - b * db)], axis=1)
    half = planted.split(len(TIME), np.random.default_rng(0))
    made = planted.ensemble(np.tile(TIME, 2), np.hstack([both, even]), np.hstack([rates, slope]),
                            frames=np.tile(half, 2), members=1)  # fmt: skip
    frames = replace(made.frames, trajectory=np.repeat([0, 1], len(TIME)))
    return replace(made, frames=frames, library=standard(2, 3, sine=False),
                   settings=made.settings.but(latents=2))  # fmt: skip


def wake(t, z):
    """The mean-field model of a wake (Noack et al. 2003): quadratic, with a cycle."""
    a, b, c = z
    return np.array([0.2 * a - b - a * c, a + 0.2 * b - b * c, -c + a * a + b * b])


@pytest.fixture(scope="module")
def curved():
    return mirrored()


@pytest.fixture(scope="module")
def quadratic():
    time = np.arange(0, 60, 0.1)
    return planted.ensemble(time, *planted.orbit(wake, [0.1, 0.0, 0.1], time), members=1)


@pytest.fixture(scope="module")
def compared(curved):
    """All rivals of a Hopf orbit on a curved surface; POD stands in the place of the ensemble.

    No orbit is classed, for that takes longer than all else: the data have too few cycles.
    """
    brief = FEW.but(least_cycles=1000)
    steps = comparison.iterate([("EAE", pod_baseline.pod(curved), "a note")], brief)
    done, found = [], None
    while found is None:
        try:
            done.append(next(steps))
        except StopIteration as stop:
            found = stop.value
    return found, done


# The control.


def test_the_control_is_exact_where_the_linear_decoder_fails(compared):
    rows = {row.name: row for row in compared[0].rows}
    for how in ("Eq. 16", "chosen by running"):
        flat, bent = rows[f"POD-2, {how}"], rows[f"POD-2, polynomial decoder, {how}"]
        assert min(flat.field, flat.rate, flat.forecast) > 0.05
        assert bent.field < 1e-11  # rounding of single precision, squared
        assert max(bent.rate, bent.forecast) < 1e-7
        assert (bent.latents, bent.members) == (2, 1)
        assert 0 < bent.seconds < 60
    plain, chosen, late = compared[0].of(comparison.CONTROL)
    assert late.terms == plain.terms
    assert "last 10%" in late.note
    assert plain.terms == rows["POD-2, Eq. 16"].terms  # the same latents
    assert chosen.seconds > plain.seconds
    assert "degree 7" in plain.note


def test_late_frames_are_the_last_tenth_of_each_trajectory_and_of_training_alone(curved):
    # Whole trajectories that are tested on have no training frames.
    labels = np.where(curved.frames.split == TEST, 9, curved.frames.trajectory)
    curved = replace(curved, frames=replace(curved.frames, trajectory=labels))
    late = control.late(curved)
    train = curved.frames.where(TRAIN)
    kept = late.frames.where(TRAIN)
    assert set(kept) < set(train)
    for number in np.unique(curved.frames.trajectory[train]):
        mine = train[curved.frames.trajectory[train] == number]
        its = kept[curved.frames.trajectory[kept] == number]
        assert len(its) == pytest.approx(0.1 * len(mine), abs=1)
        assert (
            curved.frames.time[its].min()
            > np.delete(curved.frames.time[mine], np.searchsorted(mine, its)).max()
        )
    for part in (VALIDATION, TEST):
        np.testing.assert_array_equal(late.frames.where(part), curved.frames.where(part))


def test_a_discovery_has_the_control_of_late_frames_unless_they_are_too_few(curved):
    (late,) = measurement.of_late_frames(curved)
    assert late.name == "POD-2 of late frames, polynomial decoder, Eq. 16"
    assert [r.name for r in measurement.linear(curved, FEW)][-1] == late.name
    # Its equations are those of late frames, not of all.
    (plain, *_), library = late.values, late.library
    z, rate = (a.astype(float) for a in late.ensemble.encode(0, late.ensemble.frames.where(TRAIN)))
    np.testing.assert_allclose(plain, np.linalg.lstsq(library(z), rate)[0], atol=1e-3)
    frames, rows = curved.frames, curved.frames.where(TRAIN)
    split = np.array(frames.split)
    split[rows[: -10 * len(library)]] = 0  # a tenth of the rest is as many as there are terms
    few = replace(curved, frames=replace(frames, split=split))
    assert measurement.of_late_frames(few) == []


def test_a_discovery_has_the_control_with_chosen_equations(curved):
    (row,) = finish(chosen_control(curved, FEW))
    plain = {r.name: r for r in measurement.linear(curved, FEW)}
    assert row.name == "POD-2, polynomial decoder, chosen by running"
    assert "z1' = " in row.note
    assert "z2' = " in row.note
    assert row.field == pytest.approx(plain["POD-2, polynomial decoder, Eq. 16"].field)
    assert row.field < 0.5 * plain["POD-2, Eq. 16"].field
    assert row.forecast <= 1.5 * plain["POD-2, polynomial decoder, Eq. 16"].forecast
    assert row.seconds > 0
    assert finish(chosen_control(curved, FEW.but(shortest_stretch=10**6))) == []


def test_the_time_of_pod_and_of_the_decoder_is_that_of_the_control(curved):
    plain, chosen = finish(comparison.control(pod_baseline.pod(curved), 100.0, FEW))
    assert 100.0 < plain.seconds < chosen.seconds < 130.0


def test_the_decoder_is_fitted_to_training_frames_alone(curved):
    usual, tested, trained = (
        control.curved(pod_baseline.pod(e)).weights
        for e in (curved, spoiled(curved, TEST), spoiled(curved, TRAIN))
    )
    np.testing.assert_array_equal(usual, tested)
    assert not np.allclose(usual, trained)


def test_the_rate_of_a_polynomial_decoder_is_the_chain_rule(curved):
    made = control.curved(pod_baseline.pod(curved))
    rng = np.random.default_rng(0)
    z, rate = rng.uniform(-1, 1, (20, 2)), rng.normal(size=(20, 2))
    rate[0] = 0
    x, x_rate = made.decode(0, z, rate)
    h = 1e-4
    ahead, behind = (made.decode(0, z + s * h * rate, rate)[0] for s in (1, -1))
    np.testing.assert_allclose(x_rate, (ahead - behind) / (2 * h), atol=1e-5)
    assert not x_rate[0].any()
    np.testing.assert_allclose(x, made.monomials(z) @ made.weights, rtol=1e-12)
    # A rate means nothing to the field, nor its size to the rate.
    np.testing.assert_array_equal(made.decode(0, z, 0 * rate)[0], x)
    np.testing.assert_allclose(made.decode(0, z, 1e6 * rate)[1], 1e6 * x_rate, rtol=1e-12)


def test_its_latents_are_those_of_pod_and_no_file_takes_it(curved, tmp_path):
    pod = pod_baseline.pod(curved)
    made, rows = control.curved(pod), np.arange(30)
    for ours, theirs in zip(made.encode(0, rows), pod.encode(0, rows), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(EaeSindyError, match="has no file"):
        made.save(tmp_path / "e.h5")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("frames", "latents", "degree"),
    [(4000, 1, 7), (4000, 2, 7), (180, 2, 7), (179, 2, 6), (4000, 3, 3), (4000, 10, 3),
     (1000, 10, 2), (10, 5, 1), (2, 5, 1)],
)  # fmt: skip
def test_the_degree_leaves_several_frames_to_a_term(frames, latents, degree):
    assert control._degree(frames, latents) == degree


# POD with twice as many modes.


def test_twice_as_many_modes_hold_a_field_that_has_no_more(compared):
    found, _ = compared
    names = ["POD-4, Eq. 16", "POD-4, STLSQ(0.1)", "POD-4, chosen by running"]
    rows = {row.name: row for row in found.rows if row.name in names}
    assert list(rows) == names
    for row in rows.values():
        assert row.latents == 4
        assert row.field < 1e-11
        assert row.interval is None
    assert rows["POD-4, chosen by running"].rate < 1e-3
    assert rows["POD-4, chosen by running"].forecast < 0.05
    assert rows["POD-4, chosen by running"].seconds > rows["POD-4, Eq. 16"].seconds > 0


def test_terms_of_twice_as_many_modes_are_of_the_ensembles_kind_and_fewer_than_frames(curved):
    """34 polynomials of degree 3, 14 of degree 2, 4 of degree 1; one more for the constant."""

    def terms(frames, library=curved.library, degree=3):
        parts = curved.frames.split.copy()
        rows = curved.frames.where(TRAIN)
        parts[rows[frames:]] = 0
        e = replace(curved, frames=replace(curved.frames, split=parts), library=library,
                    settings=curved.settings.but(degree=degree))  # fmt: skip
        made = linear_methods.twice(e)
        assert made.settings.latents == made.library.latents == 4
        return made.library.terms

    assert terms(36) == standard(4, 3, sine=False).terms
    assert terms(35) == standard(4, 2, sine=False).terms
    assert terms(15) == standard(4, 1, sine=False).terms
    assert terms(200, degree=5) == standard(4, 3, sine=False).terms
    assert terms(200, degree=2) == standard(4, 2, sine=False).terms
    kind = standard(2, 3, sine=True, constant=True)
    assert terms(200, kind) == standard(4, 3, sine=True, constant=True).terms
    with pytest.raises(EaeSindyError, match="5 training frames are too few"):
        terms(5)


def test_modes_that_the_frames_do_not_span_are_refused():
    z, rate = planted.orbit(planted.hopf, [0.2, 0.0], TIME)
    plane = planted.ensemble(TIME, z, rate, members=1)
    with pytest.raises(EaeSindyError, match="span 2 modes: there are no 4"):
        linear_methods.twice(plane)


def test_equations_of_many_modes_are_not_chosen_by_running(curved, monkeypatch):
    monkeypatch.setattr(comparison, "CHOSEN", 3)
    names = [m.name for m in finish(comparison._wide(curved, FEW))]
    assert names == ["POD-4, Eq. 16", "POD-4, STLSQ(0.1)"]


def test_no_replicates_are_made_of_twice_as_many_modes(curved, monkeypatch):
    asked = []

    def find(*_, orbits=True, **__):
        asked.append(orbits)
        yield from ()

    monkeypatch.setattr(comparison.chosen_dynamics, "find", find)
    assert len(finish(comparison._wide(curved, FEW))) == 2  # nothing was chosen
    assert np.isfinite(member_fits.reference_period(curved, FEW))
    assert asked == [False]


def test_a_rival_that_cannot_be_has_a_row_that_says_so(monkeypatch):
    given = []

    def none(*arguments):
        given.append(arguments)
        yield from ()
        return []

    for name in ("_pod", "control", "_network", "_bop_dmd"):
        monkeypatch.setattr(comparison, name, none)
    z, rate = planted.orbit(planted.hopf, [0.2, 0.0], TIME)
    plane = planted.ensemble(TIME, z, rate, members=1)
    found = finish(comparison.iterate([("EAE", plane, "")], FEW.but(least_cycles=1000)))
    (first, taken, _), (second, also, _) = given[:2]  # POD and the control: one basis, its time
    assert first is second
    assert taken == also > 0
    rows = {row.name: row for row in found.rows}
    late, *others = rows
    assert late == "POD-2 of late frames, polynomial decoder, Eq. 16"
    assert others == ["POD-4", "operator inference, POD-2", "operator inference, POD-4"]
    for row in (rows["POD-4"], rows["operator inference, POD-4"]):
        assert (row.latents, row.members) == (4, 0)
        assert "span 2 modes" in row.note
        assert np.isnan(row.forecast)
    assert rows["operator inference, POD-2"].latents == 2


def test_nothing_to_run_is_nothing_run(curved):
    """Where no candidate can be thinned, as of linear and neutral equations of four latents."""
    e = pod_baseline.pod(curved)
    fits = planted.reading(e)
    place = arena.Arena(fits, stretches(e.frames, CRITERIA), training(e.frames, CRITERIA),
                             CRITERIA, 1e-6)  # fmt: skip
    assert place.run([], np.arange(1)) == []


# Operator inference.


def test_operator_inference_recovers_a_quadratic_flow(quadratic):
    pod = pod_baseline.pod(quadratic)
    library, xi, note = operator_inference.infer(pod, CRITERIA)
    assert library.terms == standard(3, 2, sine=False, constant=True).terms
    z, rate = pod.encode(0, pod.frames.where(TEST))
    np.testing.assert_allclose(library(z.astype(float)) @ xi[0], rate, atol=1e-4)
    # Term by term: the flow in the coordinates z = W⁺(x − c), which is quadratic in them.
    steps = comparison._operators("operators", lambda: pod, FEW)
    (method,) = finish(steps)
    row = measurement.measure(method, np.nan)
    assert (row.name, row.members, row.interval) == ("operators", 1, None)
    assert max(row.field, row.rate, row.forecast) < 1e-6
    assert 0 < row.seconds < 10
    assert "of 64 pairs, chosen by running" in note


def test_operators_stand_where_their_terms_do():
    """Each product of latents alone: what opinf infers for it is what the library gives."""
    library = standard(3, 2, sine=False, constant=True)
    rng = np.random.default_rng(0)
    z = rng.normal(size=(200, 3))
    xi = rng.normal(size=(len(library), 3))
    frames = Frames(np.arange(200.0), np.zeros(200, int), np.ones(200, int), z, library(z) @ xi,
                    np.zeros(200), np.zeros(200))  # fmt: skip
    e = _Identity(frames)
    (found,) = operator_inference._inferred(e, np.arange(200), [(0.0, 0.0)], library)
    np.testing.assert_allclose(found, xi, atol=1e-10)
    quadratic = np.array([len(t) > 2 for t in library.terms])
    weak, strong = 0.0, 1e6
    (flat,) = operator_inference._inferred(e, np.arange(200), [(weak, strong)], library)
    assert np.abs(flat[quadratic]).max() < 1e-6 < np.abs(flat[~quadratic]).max()
    (bent,) = operator_inference._inferred(e, np.arange(200), [(strong, weak)], library)
    assert np.abs(bent[~quadratic]).max() < 1e-6 < np.abs(bent[quadratic]).max()
    # Shares mean the same for few frames and for many.
    once, twice = (
        operator_inference._inferred(e, np.tile(np.arange(200), k), [(0.3, 0.1)], library)
        for k in (1, 2)
    )
    np.testing.assert_allclose(once, twice, rtol=1e-10)
    assert not np.allclose(once[0], xi, rtol=1e-3)


class _Identity:
    """What operator inference asks of an ensemble, with the frames themselves as latents."""

    def __init__(self, frames):
        self.frames = frames

    def encode(self, member, rows):
        return self.frames.coordinates[rows], self.frames.rate_coordinates[rows]


def test_regularisations_are_chosen_on_stretches_and_fitted_to_all_training_frames(
    quadratic, monkeypatch
):
    pod, seen = pod_baseline.pod(quadratic), []
    usual = operator_inference._inferred

    def spied(pod, rows, pairs, library):
        seen.append((rows, list(pairs)))
        return usual(pod, rows, pairs, library)

    monkeypatch.setattr(operator_inference, "_inferred", spied)
    wanted = 3 * len(operator_inference.SHARES) + 5

    def errors(pod, xi, *_):
        return np.where(np.arange(len(xi)) == wanted, 0.1, 0.2)

    monkeypatch.setattr(operator_inference, "_errors", errors)
    _, _, note = operator_inference.infer(pod, CRITERIA)
    (tried, pairs), (fitted, chosen) = seen
    held = np.concatenate(stretches(pod.frames, CRITERIA))
    assert len(pairs) == 64
    assert not np.isin(tried, held).any()
    np.testing.assert_array_equal(tried, np.setdiff1d(pod.frames.where(TRAIN), held))
    np.testing.assert_array_equal(fitted, pod.frames.where(TRAIN))
    assert chosen == [(1e-4, 1e-2)]
    assert "regularised by 0.0001 and 0.01, of 64" in note
    seen.clear()
    monkeypatch.setattr(operator_inference, "stretches", lambda *_: [])
    _, _, note = operator_inference.infer(pod, CRITERIA)
    assert [p for _, p in seen] == [[(1e-7, 1e-7)]]
    assert "weakest" in note


def test_errors_of_operators_are_those_of_their_trajectories(quadratic):
    pod, library = pod_baseline.pod(quadratic), standard(3, 2, sine=False, constant=True)
    rows = pod.frames.where(TRAIN)
    (right,) = operator_inference._inferred(pod, rows, [(1e-7, 1e-7)], library)
    judged = stretches(pod.frames, CRITERIA)
    xi = np.stack([right, 0.9 * right, 0 * right])
    errors = operator_inference._errors(pod, xi, judged, library, CRITERIA)
    assert errors.shape == (3,)
    assert errors[0] == pytest.approx(CRITERIA.exact)  # no less is told apart
    assert 1e-3 < errors[1] < errors[2]


@pytest.mark.slow
def test_what_the_test_frames_hold_enters_no_rival(curved, monkeypatch):
    monkeypatch.setattr(comparison, "CHOSEN", 3)  # choosing has tests of its own

    def values(e):
        steps = (comparison._wide(e, FEW), comparison._operators(
            "operators", lambda: linear_methods.twice(e), FEW))  # fmt: skip
        return [(m.name, m.values) for s in steps for m in finish(s)]

    usual, tested, trained = (
        values(e) for e in (curved, spoiled(curved, TEST), spoiled(curved, TRAIN))
    )
    for (name, a), (_, b), (_, c) in zip(usual, tested, trained, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)
        assert not np.array_equal(a, c), name


# All of them together.


def test_rivals_stand_in_one_table_and_work_goes_on_steadily(compared):
    found, steps = compared
    names = [row.name for row in found.rows]
    assert names == [
        *("POD-2, Eq. 16", "POD-2, STLSQ(0.1)", "POD-2, ensemble STLSQ(0.1)"),
        *("POD-2, chosen by running", "POD-2, polynomial decoder, Eq. 16"),
        "POD-2, polynomial decoder, chosen by running",
        "POD-2 of late frames, polynomial decoder, Eq. 16",
        *("POD-4, Eq. 16", "POD-4, STLSQ(0.1)", "POD-4, chosen by running"),
        *("operator inference, POD-2", "operator inference, POD-4", "BOP-DMD"),
        *("EAE, Eq. 16", "EAE, chosen by running"),
    ]
    assert [row.name for row in found.of("EAE")] == names[-2:]
    done = [step.done / step.total for step in steps]
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert {step.stage for step in steps} >= {f"comparing {n}" for n in ("POD-4", "BOP-DMD")}
    by_name = {row.name: row for row in found.rows}
    assert by_name["operator inference, POD-4"].latents == 4
    assert by_name["operator inference, POD-4"].field < 1e-11
    assert by_name["operator inference, POD-2"].field > 0.05


# The sentence.


def said(*rows, **criteria):
    """The one verdict of a comparison of rows (name, forecast, seconds)."""
    made = [records.row(n, forecast=f, seconds=s) for n, f, s in rows]
    verdicts = of_comparison(Comparison(made, 7.0, {}), Criteria(**criteria))
    assert len(verdicts) <= 1
    return verdicts[0] if verdicts else None


CONTROL = "POD-2, polynomial decoder, chosen by running"
OTHER, OURS, OURS_TOO = "POD-2, Eq. 16", "EAE, chosen by running", "EAE, Eq. 16"


def test_a_control_that_is_as_good_is_recommended():
    v = said((OTHER, 0.5, 0.1), (CONTROL, 0.0104, 0.61), (OURS, 0.01, 250.4), (OURS_TOO, 3.0, 200))
    assert (v.code, v.level) == ("control-as-good", "caution")
    assert v.text == (
        f"{CONTROL}, with an error of 0.01 in 0.61 s, as good as the best of the EAE, {OURS}, with "
        "an error of 0.01 in 250 s: take the control, which needs no network"
    )
    assert said((CONTROL, 0.0106, 0.6), (OURS, 0.01, 250.0)).code == "network-ahead"
    far = said((CONTROL, 0.01, 0.6), (OURS, 0.03, 250.0))
    assert far.code == "control-as-good"
    assert "in 0.6 s, 3 times less than the best of the EAE, EAE, chosen" in far.text
    close = said((CONTROL, 0.01, 0.6), (OURS, 0.0104, 250.0))
    assert "in 0.6 s, as good as the best of the EAE, EAE, chosen" in close.text
    wide = said((CONTROL, 0.0106, 0.6), (OURS, 0.01, 250.0), forecast_over_pod=1.1)
    assert wide.code == "control-as-good"
    better = said((CONTROL, 0.01, 0.6), ("POD-4, Eq. 16", 0.002, 0.9), (OURS, 0.01, 250.0))
    assert better.text.endswith("; better still is POD-4, Eq. 16, with an error of 0.002 in 0.9 s")
    near = said((CONTROL, 0.01, 0.6), ("POD-4, Eq. 16", 0.0099, 0.9), (OURS, 0.01, 250.0))
    assert "better still" not in near.text


def test_a_network_that_is_ahead_is_so_by_a_factor_over_the_best_of_the_others():
    v = said((OTHER, 0.5, 0.1), (CONTROL, 0.04, 0.6), (OURS_TOO, 0.03, 9.0), (OURS, 0.01, 250.0))
    assert (v.code, v.level) == ("network-ahead", "good")
    assert v.text == (
        f"{OURS}, with an error of 0.01 in 250 s, 4 times less than {CONTROL}, with an error of "
        "0.04 in 0.6 s"
    )
    # One whose name only begins alike is no method of ours.
    v = said((OURS, 0.02, 250.0), ("EAE-like", 0.06, 1.0))
    assert "3 times less than EAE-like" in v.text


def test_a_network_that_is_behind_is_not_hidden():
    v = said((OTHER, 0.01, 0.1), (CONTROL, 0.9, 0.6), (OURS, 0.05, np.nan))
    assert (v.code, v.level) == ("others-ahead", "caution")
    assert v.text == (
        f"{OTHER}, with an error of 0.01 in 0.1 s, 5 times less than {OURS}, with an error of 0.05 "
        "in an unknown time: take the former"
    )


def test_forecasts_that_are_lost_are_not_compared():
    lost = (OURS, np.inf, 250.0), (OURS_TOO, np.nan, 250.0)
    v = said((CONTROL, 0.01, 0.6), *lost)
    assert v.code == "others-ahead"
    assert v.text == (
        f"every forecast of the EAE is lost, {CONTROL}, with an error of 0.01 in 0.6 s: take that "
        "one"
    )
    v = said((CONTROL, np.nan, 0.6), (OTHER, np.inf, 0.1), (OURS, 0.01, 250.0))
    assert v.code == "network-ahead"
    assert v.text.endswith("the forecasts of all other methods are lost")
    assert said((CONTROL, np.inf, 1.0), *lost) is None
    assert said((CONTROL, 0.1, 1.0), (OTHER, 0.2, 1.0)) is None  # nothing of ours
    assert "inf times less" in said((OTHER, 0.01, 0.1), (OURS, 0.0, 1.0)).text


def test_the_sentence_is_written_beside_the_numbers_and_printed(tmp_path):
    rows = [records.row(CONTROL, forecast=0.01), records.row(OURS, forecast=0.01)]
    found = Comparison(rows, 7.0, {})
    numbers, _ = files.write_comparison(found, tmp_path)
    (kept,) = json.loads(numbers.read_text())["verdicts"]
    (verdict,) = of_comparison(found)
    assert kept == verdict._asdict()
    assert text.sentences([verdict]) == [f" !  against the others: {verdict.text}"]
