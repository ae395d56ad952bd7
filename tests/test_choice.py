"""Chosen by running: what each kind of candidate is for, what judges it, and the data's period."""

from dataclasses import replace

import numpy as np
import pytest

from eae_sindy.discovery import (
    arena,
    candidates,
    chosen_dynamics,
    decoded_orbits,
    discover,
    member_fits,
    refits,
    selection,
    sparse_model,
    stretches,
    thinning,
)
from eae_sindy.discovery.arena import Arena, Run
from eae_sindy.discovery.candidates import Candidate
from eae_sindy.discovery.equations import Equations
from eae_sindy.dynamics import affine, canonical, cycles, least_squares, orbits
from eae_sindy.dynamics.affine import Frame
from eae_sindy.dynamics.kind import Kind, Yardsticks
from eae_sindy.dynamics.least_squares import Triangle
from eae_sindy.dynamics.library import Library, standard, with_constant, with_polynomials
from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import finish
from eae_sindy.recipes import Criteria
from eae_sindy.snapshots.split import TEST, TRAIN, UNUSED
from tests import planted

OMEGA = 0.9
PERIOD = 2 * np.pi / OMEGA
QUICK = Criteria().but(degrees=(5, 4, 3), weights=(0.0, 0.1), scouts=2, judged=2, finalists=5)
TIME = np.arange(0, 100, 0.1)


def bent(t, z):
    """A cycle of degree 5, not of degree 3: growth stops by |z|⁴."""
    r4 = (z[0] ** 2 + z[1] ** 2) ** 2
    return np.array([0.05 * z[0] - OMEGA * z[1] - 0.05 * z[0] * r4,
                     OMEGA * z[0] + 0.05 * z[1] - 0.05 * z[1] * r4])  # fmt: skip


def framed(flow, matrix, shift):
    """A flow in other coordinates: z = matrix y + shift."""
    back = np.linalg.inv(matrix)
    return lambda t, z: matrix @ flow(t, back @ (z - shift))


def several(flow, starts, time, library=None, members=3):
    """An ensemble of whole trajectories, the last of them the test."""
    z, rate = (np.concatenate(a) for a in zip(*(planted.orbit(flow, s, time) for s in starts),
                                              strict=True))  # fmt: skip
    n, count = len(time), len(starts)
    parts = np.where(np.arange(n * count) % 3 == 0, UNUSED, TRAIN)
    parts[-n:] = TEST
    e = planted.ensemble(np.tile(time, count), z, rate, frames=parts, members=members,
                         library=library)  # fmt: skip
    return replace(e, frames=replace(e.frames, trajectory=np.repeat(np.arange(count), n)))


# ---- Candidates


def test_a_flow_of_degree_5_wins_with_polynomials_of_its_own_library(tmp_path):
    """The ensemble's terms are of degree 1: Eq. 16 cannot do it, and one library holds both."""
    e = planted.ensemble(TIME, *planted.orbit(bent, [0.3, 0.0], TIME), members=4,
                         library=standard(2, 1))  # fmt: skip
    fits = planted.reading(e)
    trials = selection.choose(fits, np.arange(4), None, QUICK)
    way = trials[0].candidate
    assert way.terms.startswith("degree 5")
    assert trials[0].error < 1e-5
    cubic = min(t.error for t in trials if t.candidate.terms in ("degree 3", "degree 4"))
    assert cubic > 30 * trials[0].error
    library = refits.union(fits, [way])
    assert library.terms == standard(2, 5, constant=True).terms
    xi = refits.refit(fits, np.arange(4), way, library)
    points = np.random.default_rng(0).uniform(-0.7, 0.7, (50, 2))
    truth = np.array([bent(0, p) for p in points])
    np.testing.assert_allclose(library(points) @ xi[1], truth, atol=2e-3)
    saved = Equations(library, np.arange(4), np.zeros(4, int), np.zeros(1, int), np.ones(1), xi, "")
    saved.save(tmp_path / "e.h5")
    for own in (None, e.library, library):
        again = Equations.open(tmp_path / "e.h5", own)
        assert again.library.terms == library.terms
        np.testing.assert_array_equal(again.values, xi)


def test_equations_of_the_ensembles_own_library_still_open(tmp_path):
    library = with_constant(standard(2))
    xi = np.random.default_rng(0).normal(size=(1, len(library), 2))
    one = np.zeros(1, int)
    Equations(library, one, one, one, np.ones(1), xi, "").save(tmp_path / "e.h5")
    assert Equations.open(tmp_path / "e.h5").library.terms == library.terms
    assert Equations.open(tmp_path / "e.h5", library).library is library


def test_weights_save_a_transient_that_grows():
    """Rates off by a tenth of themselves: on the cycle that drowns what the focus says."""
    rng = np.random.default_rng(0)
    time = np.arange(0, 140, 0.1)
    z, rate = planted.orbit(planted.hopf, [2e-3, 0.0], time)
    rate = rate * (1 + 0.1 * rng.normal(size=rate.shape))  # errors as large as the rates
    e = planted.ensemble(time, z, rate, members=2)
    fits = planted.reading(e)
    errors = {}
    for weight in (0.0, 0.01):
        ways = candidates.polynomials(2, Criteria())
        way = next(
            c for c in ways if (c.terms, c.frames, c.weight) == ("degree 3", "train", weight)
        )
        xi = refits.refit(fits, np.arange(2), way)
        seen = z[:600:4]
        errors[weight] = arena.trajectory_error(
            fits.library, xi, np.stack([seen, seen], axis=1), time[:600:4]
        ).mean()
    assert errors[0.01] < errors[0.0] / 3


def test_weights_are_those_that_are_named():
    rate = np.array([[3.0, 4.0], [0.0, 0.0], [0.0, 1.0]])
    speed, rms = np.array([5.0, 0.0, 1.0]), np.sqrt(26 / 3)
    found = refits.weights(rate, 0.1)
    np.testing.assert_allclose(found * (speed + 0.1 * rms), found[0] * (speed[0] + 0.1 * rms))
    assert found.mean() == pytest.approx(1)
    np.testing.assert_array_equal(refits.weights(rate, 0.0), 1)
    np.testing.assert_array_equal(refits.weights(0 * rate, 0.1), 1)
    theta = Library(standard(2, 2, sine=False).features, 2)
    z = np.random.default_rng(1).normal(size=(3, 2))
    whole = Triangle.of(found[:, None] * theta(z), found[:, None] * rate)
    np.testing.assert_allclose(np.abs(refits.factor(theta, z, rate, 0.1).rows),
                               np.abs(whole.rows), atol=1e-12)  # fmt: skip


def test_patterns_give_the_normal_form_in_a_turned_and_shifted_frame():
    """A noisy Hopf flow, sheared and moved: linear part and saturation to 1 %, origin found."""
    matrix, shift = np.array([[1.4, 0.5], [-0.3, 0.8]]), np.array([3.0, -2.0])
    time = np.arange(0, 60, 0.02)
    rng = np.random.default_rng(0)
    y = np.concatenate([planted.orbit(planted.hopf, s, time)[0][:1500]
                        for s in ([0.05, 0.0], [2.0, 0.0], [0.0, 0.3])])  # fmt: skip
    y_rate = np.array([planted.hopf(0, v) for v in y])
    z, rate = y @ matrix.T + shift, y_rate @ matrix.T
    rate = rate + 0.015 * rng.normal(size=rate.shape)
    library = canonical.cubics()
    triangle = Triangle.of(library(z), rate)
    for pattern in canonical.patterns()[2:]:
        xi = canonical.solve(*triangle.split(10), pattern)
        back = np.linalg.inv(matrix)
        points = rng.uniform(-1, 1, (80, 2))
        found = library(points @ matrix.T + shift) @ xi @ back.T
        own = np.linalg.lstsq(library(points), found, rcond=None)[0]
        truth = np.zeros((10, 2))
        row = library.terms.index
        truth[row("z1"), 0] = truth[row("z2"), 1] = 0.3
        truth[row("z2"), 0], truth[row("z1"), 1] = -0.9, 0.9
        for k, names in enumerate((("z1^3", "z1 z2^2"), ("z1^2 z2", "z2^3"))):
            for name in names:
                truth[row(name), k] = -0.3
        assert np.abs(own - truth).max() < 0.009, pattern.name
    rotation, linear = canonical.patterns()[:2]
    xi = canonical.solve(*triangle.split(10), rotation)
    values = np.linalg.eigvals(xi[1:3].T)
    np.testing.assert_allclose(values.real, 0, atol=1e-9)
    assert canonical.solve(*triangle.split(10), linear)[3:] == pytest.approx(0, abs=1e-9)


def test_monomials_of_a_frame_are_exact_and_the_frame_is_in_block_form():
    rng = np.random.default_rng(0)
    change = Frame(rng.normal(size=2), rng.normal(size=(2, 2)))
    z = rng.normal(size=(40, 2))
    library = canonical.cubics()
    y = (z - change.origin) @ change.matrix.T
    np.testing.assert_allclose(library(z) @ affine.monomials(change, 3), library(y), atol=1e-10)
    xi = np.zeros((10, 2))
    a = np.array([[0.4, -2.0], [0.7, 0.1]])
    c = np.array([0.3, -0.2])
    xi[1:3], xi[0] = a.T, -a @ c
    found = canonical.frame(xi, np.zeros(2), np.ones(2))
    np.testing.assert_allclose(found.origin, c, atol=1e-10)
    block = found.matrix @ a @ np.linalg.inv(found.matrix)
    assert block[0, 0] == pytest.approx(block[1, 1])
    assert block[0, 1] == pytest.approx(-block[1, 0])
    assert canonical.frame(xi, c + 2.6, np.ones(2)) is None, "too far away"
    xi[1:3] = np.diag([1.0, -1.0])
    assert canonical.frame(xi, np.zeros(2), np.ones(2)) is None, "it does not turn"


def test_a_member_without_a_frame_is_fitted_without_the_pattern():
    z = np.random.default_rng(0).normal(size=(200, 2))
    triangle = Triangle.of(canonical.cubics()(z), z * [1.0, -1.0])
    way = next(c for c in candidates.symmetric(2) if c.pattern.name == "radial")
    assert np.isnan(way.solve(triangle)).all()
    np.testing.assert_allclose(refits.without_nan(way, triangle)[1:3], np.diag([1.0, -1.0]),
                               atol=1e-9)  # fmt: skip
    assert candidates.symmetric(3) == []
    assert {c.library.latents for c in candidates.polynomials(4, Criteria())} == {4}
    most = [max(c.degree for c in candidates.polynomials(d, Criteria()))
            for d in (1, 2, 3, 4)]  # fmt: skip
    assert most == [9, 9, 5, 3]


def test_terms_are_left_out_that_cost_nothing():
    """Only the coefficients that make the data stay, in both equations by themselves."""
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(100, 5))
    xi = np.zeros((5, 2))
    xi[1, 0], xi[3, 1], xi[4, 0] = 2.0, -1.0, 0.1
    rate = theta @ xi
    full = np.ones((5, 2), bool)
    cost = least_squares.costs(theta, rate, full)
    assert set(np.flatnonzero(cost.ravel() > 1e-9)) == set(np.flatnonzero(xi.ravel()))
    without = full.copy()
    without[4, 0] = False
    left = rate - theta @ least_squares.masked(theta, rate, without)
    expected = np.sum(left[:, 0] ** 2) / np.sum(rate[:, 0] ** 2)
    assert cost[4, 0] == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(least_squares.masked(theta, rate, xi != 0), xi, atol=1e-12)


def test_coefficients_go_whose_loss_costs_least_and_what_does_not_last_is_not_chosen(monkeypatch):
    """Of a Hopf flow six of the radial eight are left: the normal form in the frame."""
    e = planted.ensemble(TIME, *planted.orbit(planted.hopf, [0.2, 0.0], TIME), members=2)
    fits = planted.reading(e)
    way = next(c for c in candidates.symmetric(2) if c.pattern.name == "radial")
    place = Arena(fits, [], fits.training, QUICK, 0.0)
    thinner = thinning.eliminated(place, way, way.pattern.active, np.arange(2))
    assert [c.pattern.size for c in thinner][:3] == [7, 6, 5]
    np.testing.assert_array_equal(thinner[1].pattern.active, [[1, 1], [1, 1], [1, 0], [0, 1]])
    assert "thinned to 6" in thinner[1].name
    few = QUICK.but(degrees=(3, 3, 3))
    first = selection.choose(fits, np.arange(2), None, few)[0]
    assert first.candidate.terms == "radial, thinned to 6"
    assert first.terms == 3
    monkeypatch.setattr(Arena, "lasting", lambda self, runs, members: [
        r for r in runs if r.candidate.pattern is None])  # fmt: skip
    assert selection.choose(fits, np.arange(2), None, few)[0].candidate.pattern is None


# ---- What judges them


def test_whole_trajectories_are_held_out_and_short_ones_are_used():
    starts = [[0.1 + 0.15 * k, 0.0] for k in range(12)]
    e = several(planted.hopf, starts, np.arange(0, 10, 0.1))
    judged = stretches.stretches(e.frames, Criteria())
    label = [set(e.frames.trajectory[rows]) for rows in judged]
    assert [len(rows) for rows in judged] == [100, 100]
    assert all(len(own) == 1 for own in label)
    assert not set.union(*label) & {0, 11}, "neither all at one end, nor the test"
    fits = planted.reading(e)
    wrong = e.frames.rate_coordinates.copy()
    wrong[np.concatenate(judged)] *= -3
    spoilt = planted.reading(replace(e, frames=replace(e.frames, rate_coordinates=wrong)))
    first, second = ([(t.candidate.name, t.error) for t in
                      selection.choose(f, np.arange(3), None, QUICK)]
                     for f in (fits, spoilt))  # fmt: skip
    assert first == second
    assert first[0][1] < 1e-4


def test_two_trajectories_give_stretches_of_both():
    e = several(planted.hopf, [[0.1, 0.0], [1.5, 0.0], [0.5, 0.0]], TIME)
    found = stretches.stretches(e.frames, Criteria())
    assert [set(e.frames.trajectory[r]) for r in found] == [{0}] * 3 + [{1}] * 3


def test_stretches_are_cut_into_pieces_that_are_short_enough():
    e = several(planted.hopf, [[0.1, 0.0], [1.5, 0.0], [0.5, 0.0]], TIME)
    whole = stretches.stretches(e.frames, Criteria())
    longest = np.ptp(TIME) * 0.15
    cut = Criteria().but(longest_piece=longest / 2.5)
    found = stretches.stretches(e.frames, cut)
    assert len(found) == 3 * len(whole)
    np.testing.assert_array_equal(np.concatenate(found), np.concatenate(whole))
    for piece in found:
        assert len(set(e.frames.trajectory[piece])) == 1
        assert np.ptp(e.frames.time[piece]) <= longest / 2.5
    many = stretches.stretches(e.frames, cut.but(longest_piece=longest / 9.5))
    assert len(many) == 4 * len(whole)
    few = stretches.stretches(e.frames, cut.but(shortest_stretch=len(whole[0]) // 2))
    assert len(few) == 2 * len(whole)
    begun = stretches.beginnings(e.frames, cut)
    assert [e.frames.time[rows[0]] for rows in begun] == [TIME[0]] * 2
    assert all(np.ptp(e.frames.time[rows]) <= longest / 2.5 for rows in begun)


def test_what_is_chaotic_is_judged_over_three_lyapunov_times():
    chaotic = Kind("chaotic", "", "clear", Yardsticks(exponent=0.5))
    assert discover._for_the_kind(Criteria(), chaotic).longest_piece == 6
    for other in (replace(chaotic, name="quasi-periodic"), Kind("chaotic", "", "likely")):
        assert discover._for_the_kind(Criteria(), other) == Criteria()


def test_the_two_averages():
    errors = np.array([[0.04, 0.04, 5.0], [0.25, 0.25, 0.25]])
    mean = arena.averaged(errors, "mean", (0.01, 1.0))
    np.testing.assert_allclose(mean, [(0.08 + 1) / 3, 0.25])
    forgiving = arena.averaged(errors, "geometric", (0.01, 1.0))
    np.testing.assert_allclose(forgiving, [0.04 ** (2 / 3), 0.25])
    assert np.argmin(mean) == 1
    assert np.argmin(forgiving) == 0
    with pytest.raises(EaeSindyError, match="mean, geometric"):
        Criteria().but(average="median")


@pytest.mark.parametrize("trajectories", [1, 2, 4])
def test_the_average_is_geometric_over_stretches_and_not_over_whole_trajectories(trajectories):
    starts = [[0.5 + 0.3 * k, 0.0] for k in range(trajectories + 1)]  # the last one is tested
    e = several(planted.hopf, starts, TIME)
    expected = "mean" if trajectories > 2 else "geometric"
    assert stretches.average(e.frames, Criteria()) == expected
    for asked in ("mean", "geometric"):
        assert stretches.average(e.frames, Criteria().but(average=asked)) == asked


@pytest.mark.parametrize(("growth", "out"), [(0.06, True), (0.0, False)])
def test_what_is_lost_within_five_test_lengths_is_out(growth, out):
    """A slow growth follows a stretch, and has left the data five test windows later."""
    z, rate = planted.orbit(lambda t, z: OMEGA * np.array([-z[1], z[0]]), [1.0, 0.0], TIME)
    fits = planted.reading(planted.ensemble(TIME, z, rate, members=2))
    judged = stretches.stretches(fits.ensemble.frames, Criteria())
    place = Arena(fits, judged, {}, Criteria(), 0.0)
    xi = np.zeros((2, len(fits.library), 2))
    xi[:, 1:3] = growth * np.eye(2) + OMEGA * np.array([[0, 1], [-1, 0]])
    way = candidates.plain(fits.ensemble, fits.library)
    run = Run(way, xi, np.zeros(2))
    assert place.lasting([run, run], np.arange(2)) == ([] if out else [run, run])
    sooner = replace(place, criteria=Criteria().but(test_lengths=1.0))
    assert sooner.lasting([run], np.arange(2)) == [run]


def test_fewer_terms_are_worth_a_factor_but_not_the_beginning_of_the_data():
    z, rate = planted.orbit(planted.hopf, [1.0, 0.0], TIME)
    fits = planted.reading(planted.ensemble(TIME, z, rate, members=2))
    xi = np.zeros((3, 2, len(fits.library), 2))
    xi[0, :, :5], xi[1, :, :2], xi[2, :, :1] = 1.0, 1.0, 1.0
    ways = [Candidate(str(k), "train", 0.0, np.ones(len(fits.library), bool)) for k in range(3)]
    runs = [
        Run(*r) for r in zip(ways, xi, np.array([[0.1] * 2, [0.14] * 2, [0.6] * 2]), strict=True)
    ]
    own = candidates.plain(fits.ensemble, fits.library)

    def found(factor, early=(1.0, 1.0, 1.0)):
        criteria = Criteria().but(as_good=factor)
        return selection._ranked(
            runs, lambda some: np.array(early)[[runs.index(r) for r in some]], own, criteria
        )

    for factor, first in ((1.1, "0"), (2.0, "1"), (7.0, "2")):
        assert found(factor)[0].candidate.terms == first
    assert [t.as_good for t in found(2.0)] == [True, True, False]
    # The one with fewer terms loses the beginning, which the other keeps.
    assert found(2.0, (0.1, 0.5, 0.5))[0].candidate.terms == "0"
    # What does worse than Eq. 16 as it stands is not taken for having fewer terms.
    for plainly, first in ((0.13, "0"), (0.15, "1")):
        runs.append(Run(own, runs[0].values, np.array([plainly] * 2)))
        assert found(7.0, (1.0,) * 4)[0].candidate.terms == first
        runs.pop()
    assert found(2.0, (0.1, 0.15, 0.5))[0].candidate.terms == "1"
    # What is no candidate for the choice does not say how well the beginning can be followed.
    assert found(2.0, (0.4, 0.5, 1e-6))[0].candidate.terms == "1"


def test_sparse_equations_are_given_in_their_frame_with_what_they_forecast():
    """A Hopf flow seen in latents of an oblique frame: eight coefficients there, eighteen here."""
    z, rate = planted.orbit(planted.hopf, [0.3, 0.0], TIME)
    oblique = np.array([[1.0, 0.4], [0.0, 0.8]])
    fits = planted.reading(planted.ensemble(TIME, z @ oblique, rate @ oblique, members=2))
    modes = chosen_dynamics._modes(fits, None, QUICK)
    trials = selection.choose(fits, np.arange(2), None, QUICK)
    found = sparse_model.find(fits, modes, [trials], QUICK)[0]
    assert found.trial.candidate.pattern is not None
    assert [line[:6] for line in found.lines] == ["y1' = ", "y2' = "]
    assert all("y1 |y|^2" in line or "y2 |y|^2" in line for line in found.lines)
    xi = refits.refit(fits, np.arange(2), found.trial.candidate)
    ahead = decoded_orbits.forecast(fits.ensemble, fits.members, fits.library, xi)
    assert found.forecast == pytest.approx(ahead.field, rel=1e-6)
    assert found.forecast != pytest.approx(found.trial.error, rel=0.1)
    # Brought to the frame, the latents turn at the planted frequency.
    y = (z @ oblique - found.frame.origin) @ found.frame.matrix.T
    assert np.std(np.linalg.norm(y[-200:], axis=1)) < 0.02 * np.mean(np.linalg.norm(y, axis=1))


def test_errors_below_a_tenth_of_the_reconstruction_are_all_alike():
    z, rate = planted.orbit(planted.hopf, [0.3, 0.0], TIME)
    e = planted.ensemble(TIME, z, rate, members=2)
    off = [replace(c, decoder=(1.05 * c.decoder[0], *c.decoder[1:])) for c in e.chains]
    fits = planted.reading(replace(e, chains=off))
    judged = stretches.stretches(e.frames, Criteria())
    rows = np.unique(np.concatenate(judged))
    x = e.frames.coordinates[rows].astype(float)
    errors = []
    for member in range(2):
        made = fits.ensemble.decode(member, *fits.latents(member, rows))[0]
        errors.append(np.sum((made - x) ** 2) / np.sum((x - x.mean(axis=0)) ** 2))
    found = arena.resolution(fits, judged, np.arange(2), Criteria())
    assert found == pytest.approx(0.1 * np.mean(errors), rel=1e-3)
    assert found > 1e-5
    assert arena.resolution(fits, judged, np.arange(2), Criteria().but(exact=0.5)) == 0.5


def test_the_beginning_of_the_data_decides_what_the_cycle_leaves_open():
    """A Hopf flow whose stretches are on the cycle: a rotation runs as well, but not from 0.3."""
    z, rate = planted.orbit(planted.hopf, [0.3, 0.0], np.arange(0, 200, 0.2))
    e = planted.ensemble(np.arange(0, 200, 0.2), z, rate, members=2)
    chosen = selection.choose(planted.reading(e), np.arange(2), None, QUICK)[0]
    assert chosen.candidate.terms.startswith("radial")
    assert not chosen.candidate.neutral


def test_sparse_equations_are_the_best_of_those_with_few_coefficients():
    def trial(error, coefficients, judged=True):
        way = Candidate(f"{error:g}", "train", 0.0, np.ones(1, bool))
        return selection.Trial(way, error, 1.0, coefficients, judged)

    rule = Criteria().but(sparse_terms=8)
    trials = [trial(1e-6, 9.0), trial(1e-4, 8.0), trial(3e-4, 5.0), trial(1e-4, 7.0),
              trial(1e-5, 4.0, judged=False)]  # fmt: skip
    assert selection.sparsest(trials, rule) is trials[3]
    assert selection.sparsest(trials, rule.but(sparse_terms=5)) is trials[2]
    assert selection.sparsest(trials[:1], rule) is None
    assert selection.sparsest([trial(1.0, 2.0)], rule) is None  # it stays with nothing


def test_a_first_look_sees_what_the_integrator_sees():
    library = standard(2, 3, sine=False)
    xi = np.zeros((3, len(library), 2))
    xi[:, :2] = 0.3 * np.eye(2) + OMEGA * np.array([[0, 1], [-1, 0]])
    for name, k in (("z1^3", 0), ("z1 z2^2", 0), ("z1^2 z2", 1), ("z2^3", 1)):
        xi[:, library.terms.index(name), k] = [-0.3, -0.2, 30.0]  # the last one leaves
    data = orbits.Loop(np.full((3, 2), 0.5), np.zeros((3, 2)), np.ones(3), np.full(3, 2.0))
    time = np.arange(0, 30, 0.5)
    found, exact = (f(library, xi, data, time) for f in (orbits.coarse, orbits.integrate))
    np.testing.assert_allclose(found[:, :2], exact[:, :2], atol=1e-4)
    assert np.isnan(found[-1, 2]).all()


def test_monomials_made_from_each_other_are_the_same_to_the_bit():
    library = with_polynomials(standard(2), 9)
    assert library.features is not None
    z = np.random.default_rng(0).normal(size=(50, 2))
    np.testing.assert_array_equal(library(z), library.features.transform(z))
    few = standard(2).without(["z1^2"])
    assert set(with_polynomials(few, 4).terms) >= {"z1^2", "z2^4", "sin(z2)", "1"}


# ---- The data's own period


def test_the_period_is_that_of_the_cycle_after_a_long_transient():
    """The frequency falls by a fifth as the amplitude grows: the transient would bias it."""

    def flow(t, z):
        r2 = z[0] ** 2 + z[1] ** 2
        w = OMEGA * (1.2 - 0.2 * r2)
        return np.array([0.05 * z[0] * (1 - r2) - w * z[1], w * z[0] + 0.05 * z[1] * (1 - r2)])

    time = np.arange(0, 260, 0.1)
    z, rate = planted.orbit(flow, [1e-3, 0.0], time)
    assert cycles.sustained_period(time, z, rate) == pytest.approx(PERIOD, rel=1e-3)
    assert abs(cycles.period(time, z, rate) / PERIOD - 1) > 0.02


def test_a_decaying_spiral_and_noise_have_no_period():
    time = np.arange(0, 200, 0.1)
    for growth in (-0.05, -0.004):
        z, rate = planted.orbit(lambda t, z, g=growth: np.array(
            [g * z[0] - OMEGA * z[1], OMEGA * z[0] + g * z[1]]), [1.0, 0.0], time)  # fmt: skip
        assert np.isnan(cycles.sustained_period(time, z, rate))
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2000, 2))
    assert np.isnan(cycles.sustained_period(time, z, np.gradient(z, 0.1, axis=0)))


def test_a_noisy_cycle_has_the_period_and_two_trajectories_have_that_of_the_settled_one():
    e = several(planted.hopf, [[1.0, 0.0], [0.2, 0.0]], TIME)
    f = e.frames
    noisy = f.coordinates + 0.05 * np.random.default_rng(0).normal(size=f.coordinates.shape)
    e = replace(e, frames=replace(f, coordinates=noisy))
    assert member_fits.reference_period(e) == pytest.approx(PERIOD, rel=3e-3)
    # The longer one decays: it has no cycle, the other has.
    long = np.arange(0, 160, 0.1)
    z, rate = planted.orbit(
        lambda t, z: np.array([-0.03 * z[0] - z[1], z[0] - 0.03 * z[1]]), [1.0, 0.0], long
    )
    other, other_rate = planted.orbit(planted.hopf, [1.0, 0.0], TIME)
    both = planted.ensemble(np.concatenate([long, TIME]), np.vstack([z, other]),
                            np.vstack([rate, other_rate]), members=1)  # fmt: skip
    label = np.repeat([0, 1], [len(long), len(TIME)])
    both = replace(both, frames=replace(both.frames, trajectory=label))
    assert member_fits.reference_period(both) == pytest.approx(PERIOD, rel=1e-3)


def test_whatever_is_chosen_no_member_is_encoded_twice_where_memory_allows(monkeypatch):
    e = planted.ensemble(TIME, *planted.orbit(bent, [0.3, 0.0], TIME), members=12,
                         library=standard(2, 1))  # fmt: skip
    criteria = QUICK.but(witnesses=4, replicates=12, decoded=4)
    fits = finish(member_fits.read(e, np.arange(12), "train", criteria=criteria))
    assert len(fits.witnessed) < 12
    rows = fits.rows("early")
    expected = e.encode(5, rows)
    monkeypatch.setattr(type(e), "encode", lambda *_: pytest.fail("encoded again"))
    for one, two in zip(fits.latents(5, rows), expected, strict=True):
        np.testing.assert_array_equal(one, two.astype(float))
    found = finish(chosen_dynamics.find(fits, None, None, criteria))
    assert found.trials[0][0].candidate.terms.startswith("degree 5")
    assert found.library.terms == standard(2, 5, constant=True).terms
    assert found.orbits.integrable_fraction == 1.0
    assert found.spread.values.shape[1:] == (len(found.library), 2)


def test_latents_that_are_kept_are_those_of_the_frames_that_are_named():
    """Of several trajectories early and late frames alternate."""
    e = several(planted.hopf, [[0.2, 0.0], [1.5, 0.0], [0.5, 0.0]], TIME[:300], members=6)
    few = Criteria().but(witnesses=2)
    fits = finish(member_fits.read(e, np.arange(6), "train", criteria=few))
    index = next(i for i in range(6) if i not in fits.witnessed)
    for name in ("train", "late", "early"):
        rows = fits.rows(name)
        assert fits.encoded.holds(rows)
        for one, two in zip(fits.latents(index, rows), e.encode(index, rows), strict=True):
            np.testing.assert_allclose(one, two, atol=1e-6)
    f = e.frames
    assert (f.time[fits.rows("early")] < 15.1).all()
    assert (f.time[fits.rows("late")] > 14.8).all()


def test_the_longest_settled_trajectory_gives_the_period():
    """Both have settled, with different periods."""
    short, long = TIME[:500], TIME
    parts = [planted.orbit(lambda t, z, w=w: w * np.array([-z[1], z[0]]), [1.0, 0.0], time)
             for w, time in ((1.3, short), (OMEGA, long))]  # fmt: skip
    z, rate = (np.vstack(a) for a in zip(*parts, strict=True))
    e = planted.ensemble(np.concatenate([short, long]), z, rate, members=1)
    label = np.repeat([0, 1], [len(short), len(long)])
    e = replace(e, frames=replace(e.frames, trajectory=label))
    assert member_fits.reference_period(e) == pytest.approx(PERIOD, rel=1e-3)
