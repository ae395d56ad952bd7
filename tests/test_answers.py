"""From an ensemble to answers, on planted latents: selection, intervals, forecast, hand-over."""

import io
from dataclasses import replace

import numpy as np
import pytest

from eae_sindy.discovery import (
    candidates,
    chosen_dynamics,
    decoded_orbits,
    discover,
    resampling,
    selection,
    stretches,
)
from eae_sindy.dynamics import conversions, cycles, least_squares, symmetry
from eae_sindy.dynamics.library import standard, with_constant
from eae_sindy.dynamics.symmetry import Change
from eae_sindy.progress import finish
from eae_sindy.recipes import Criteria
from eae_sindy.report import figures
from eae_sindy.report.report import Report
from eae_sindy.report.verdicts import judge
from eae_sindy.snapshots.split import TEST, TRAIN
from tests import planted

TIME = np.arange(0, 150, 0.1)


@pytest.fixture(scope="module")
def spiral():
    """A Hopf flow from inside its cycle: the transient shows what is off it."""
    return planted.orbit(planted.hopf, [0.2, 0.0], TIME)


def test_stretches_are_contiguous_and_never_in_the_test_window(spiral):
    e = planted.ensemble(TIME, *spiral)
    found = stretches.stretches(e.frames, Criteria())
    assert len(found) == 3
    for rows in found:
        assert (np.diff(rows) == 1).all()
        assert not (e.frames.split[rows] == TEST).any()
    fit, late, _ = stretches.training(e.frames, Criteria()).values()
    assert (e.frames.split[fit] == TRAIN).all()
    time = e.frames.time[fit]
    np.testing.assert_array_equal(late, fit[time >= (time.min() + time.max()) / 2])


def test_stretches_enter_no_fit_that_they_judge(spiral):
    """Rates that are wrong on the stretches alone change nothing: trajectories have no rates."""
    e = planted.ensemble(TIME, *spiral)
    wrong = e.frames.rate_coordinates.copy()
    wrong[np.concatenate(stretches.stretches(e.frames, Criteria()))] *= -3
    other = replace(e, frames=replace(e.frames, rate_coordinates=wrong))
    first, second = (
        [(t.candidate.name, t.error) for t in
         selection.choose(planted.reading(x), np.arange(8), None, Criteria())]
        for x in (e, other))  # fmt: skip
    assert first == second


def test_the_candidate_that_runs_wins_over_one_that_only_fits():
    """Cubic dynamics in a long transient: linear terms cannot follow it, the cubic ones do."""

    def slow(t, z):
        return planted.hopf(t, z, growth=0.025)

    e = planted.ensemble(TIME, *planted.orbit(slow, [0.2, 0.0], TIME), noise=0.01)
    trials = selection.choose(planted.reading(e), np.arange(8), None, Criteria())
    assert trials[0].candidate.terms.startswith("radial")
    assert trials[0].error < 1e-4
    assert next(t for t in trials if t.candidate.terms == "polynomial").error < 1e-4
    linear = min(t.error for t in trials if t.candidate.terms.startswith("linear"))
    assert linear > 10 * trials[0].error


def test_of_equally_good_candidates_the_simplest_is_chosen():
    """A harmonic oscillator: cubic terms run as well, and are not needed."""

    def oscillator(t, z):
        return np.array([-0.9 * z[1], 0.9 * z[0]])

    e = planted.ensemble(TIME, *planted.orbit(oscillator, [1.0, 0.0], TIME), noise=0.02)
    trials = selection.choose(planted.reading(e), np.arange(8), None, Criteria())
    assert trials[0].candidate.terms.startswith("linear")


def test_the_whole_of_discovery_on_a_lifted_hopf_flow(spiral):
    """Two chains that differ by z1 <-> z2, one Hopf cycle: found, equivalent, and forecast."""
    e = planted.ensemble(TIME, *spiral, noise=0.004, chains=2, members=40)
    found = discover.discover(e, "train")
    a = found.answers
    assert a.orbits.integrable_fraction == 1.0
    np.testing.assert_allclose(a.orbits.period, 2 * np.pi / 0.9, rtol=5e-3)
    np.testing.assert_allclose(a.orbits.growth, -0.6, rtol=0.05)
    low, high = a.spread.period
    assert low < 2 * np.pi / 0.9 * 1.001
    assert high > 2 * np.pi / 0.9 * 0.999
    assert high - low < 0.03 * 7
    assert a.forecast.field < 1e-3
    assert len(a.modes) == 2
    permuted = a.equivalences[0]
    assert permuted.level == "permutation"
    assert "z1 <-> z2" in permuted.operation
    assert permuted.residual < 1e-2
    said = {v.subject: v for v in judge(found)}
    assert said["do they run"].level == "good"
    assert said["off the cycle"].level == "good"
    assert "attracts" in said["off the cycle"].text
    summary = Report.of(found).summary
    assert summary["orbits"]["classes"]["cycle"] == 80
    assert [m["weight"] for m in summary["modes"]] == pytest.approx([0.5, 0.5])
    assert summary["symmetry"][0]["operation"] == permuted.operation
    chosen = np.array(summary["modes"][0]["coefficients"])
    terms = summary["chosen_terms"]
    assert abs(chosen[terms.index("z1"), 1]) == pytest.approx(0.9, rel=0.05)
    assert chosen[terms.index("z1^3"), 0] == pytest.approx(-0.3, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flow", "planted_terms", "exponent"),
    [
        (planted.hopf, {("z1", 0): 0.3, ("z2", 0): -0.9, ("z1^3", 0): -0.3, ("z1 z2^2", 0): -0.3,
                        ("z1", 1): 0.9, ("z2", 1): 0.3, ("z1^2 z2", 1): -0.3, ("z2^3", 1): -0.3},
         -0.6),
        (planted.van_der_pol,
         {("z2", 0): 1.0, ("z1", 1): -1.0, ("z2", 1): 0.5, ("z1^2 z2", 1): -0.5}, None),
    ],
    ids=["Hopf", "Van der Pol"],
)  # fmt: skip
def test_a_flow_lifted_into_64_dimensions_by_a_nonlinear_map(flow, planted_terms, exponent):
    """POD, and encoders each in a frame of its own: cycle, terms up to it, forecast, figures."""
    time = np.arange(0, 200, 0.1)
    z, z_rate = planted.orbit(flow, [0.3, 0.0], time)
    e, frames = planted.lifted(time, z, z_rate)
    assert e.pod.size == 64
    assert e.pod.sigma[5] > 0.01 * e.pod.sigma[0]  # the map is not a linear one
    found = discover.discover(e, "train")
    a = found.answers
    truth = cycles.period(time[-500:], z[-500:], z_rate[-500:])
    assert found.orbits.holds.all()
    np.testing.assert_allclose(found.orbits.period, truth, rtol=5e-3)
    np.testing.assert_allclose(a.orbits.period, truth, rtol=5e-3)
    # Theta, Xi: with every member brought back to the planted frame, the planted equations.
    expected = np.zeros((len(e.library), 2))
    for (term, k), value in planted_terms.items():
        expected[e.library.terms.index(term), k] = value
    for m, xi in zip(found.members, found.values, strict=True):
        back = Change("back", np.linalg.inv(frames[m]), np.zeros(2))
        own = symmetry.transform(e.library, xi, back, z[::7] @ frames[m].T)
        np.testing.assert_allclose(own, expected, atol=0.01)
        assert np.abs(xi - expected).max() > 0.01  # its own frame is another
    if exponent is not None:
        np.testing.assert_allclose(a.orbits.growth, exponent, rtol=0.01)
    assert (a.orbits.growth < -0.1).all()
    assert a.forecast.field < 0.02
    assert a.forecast.ratio < 1.3
    for draw in (figures.overview, figures.correlations, figures.answers, figures.chains):
        draw(found).savefig(io.BytesIO(), dpi=40)
    shown = figures.overview(found).axes[-2:]
    title = [axis.get_title(loc="left") for axis in shown]
    assert all(f"{truth:.2f}" in t for t in title), title


def test_too_short_a_time_leaves_plain_equations_only():
    time = np.arange(0, 8, 0.2)
    e = planted.ensemble(time, *planted.orbit(planted.hopf, [0.9, 0.0], time))
    found = discover.discover(e, "train")
    assert found.answers is None
    assert "modes" not in Report.of(found).summary


@pytest.mark.slow
def test_one_member_and_more_latents_than_a_page_shows(spiral):
    one = discover.discover(planted.ensemble(TIME, *spiral, members=1), "train")
    assert len(one.answers.modes) == 1
    assert one.answers.orbits.integrable_fraction == 1.0
    z, z_rate = (np.hstack([a, 0.5 * a]) for a in spiral)
    four = planted.ensemble(TIME, z + np.array([0, 0, 0.1, 0.2]), z_rate, members=3,
                            library=standard(4, 1, sine=False))  # fmt: skip
    found = discover.discover(four, "train")
    assert Report.of(found).summary["modes"]


def test_blocks_keep_neighbours_together_and_frames_equally_likely():
    time = np.arange(0, 100, 0.5)
    counts, runs = np.zeros(200), []
    for k in range(400):
        chosen = resampling.blocks(time, 0 * time, 10.0, np.random.default_rng(k))
        assert len(chosen) == 200
        counts += np.bincount(chosen, minlength=200)
        runs.append(np.mean(np.diff(chosen) == 1))
    assert np.mean(runs) > 0.9
    assert counts.std() / counts.mean() < 0.15
    assert counts[:10].mean() == pytest.approx(counts[90:110].mean(), rel=0.15)


def test_blocks_stay_within_trajectories_and_gaps_between_them_do_not_count():
    """Also where one is but a third as long; their times may lie far apart, or be the same."""
    one = np.arange(0, 50, 0.5)
    for second in (one, one[:34]):
        label = np.repeat([0, 1], [len(one), len(second)])
        drawn = []
        for offset in (0, 1000):
            time, n = np.concatenate([one, second + offset]), len(label)
            assert resampling.duration(time, label) == np.ptp(one) + np.ptp(second)
            counts, pieces, crossings = np.zeros(n), [], 0
            for k in range(600):
                chosen = resampling.blocks(time, label, 10.0, np.random.default_rng(k))
                assert len(chosen) == n
                counts += np.bincount(chosen, minlength=n)
                breaks = (np.diff(chosen) != 1) | (np.diff(label[chosen]) != 0)
                pieces.append(1 + np.count_nonzero(breaks))
                crossings += np.count_nonzero(
                    (np.diff(chosen) == 1) & (np.diff(label[chosen]) != 0)
                )
            assert n / np.mean(pieces) > 12  # frames to a block of 20, less what hangs over ends
            assert crossings < 0.03 * np.sum(pieces)  # two blocks that meet by chance
            assert counts.std() / counts.mean() < 0.15
            np.testing.assert_allclose(
                [counts[label == j].mean() for j in (0, 1)], counts.mean(), rtol=0.06
            )
            drawn.append(counts)
        np.testing.assert_array_equal(*drawn)
    single = resampling.blocks(np.zeros(9), np.arange(9), 10.0, np.random.default_rng(0))
    assert len(single) == 9  # trajectories of a frame each


def test_replicates_count_the_blocks_of_trajectories_and_not_the_gaps(spiral):
    e = planted.ensemble(TIME, *spiral, members=2)
    f, half = e.frames, len(TIME) // 2
    label = np.where(np.arange(len(TIME)) < half, 0, 1)
    apart = replace(f, time=f.time + 1000 * label, trajectory=label)
    ways = [[candidates.candidates(with_constant(e.library))[0]]] * 2
    plain, split = (
        resampling.replicate(replace(planted.reading(replace(e, frames=frames)),
                                     reference_period=2 * np.pi / 0.9), ways,
                             Criteria().but(replicates=12))
        for frames in (f, apart))  # fmt: skip
    assert split.blocks == pytest.approx(plain.blocks, rel=0.02)


@pytest.mark.slow
def test_intervals_of_the_period_cover_the_truth():
    """Rates with noise that lasts: a 90 % interval holds the true period in 85–95 % of trials."""
    time = np.arange(0, 150, 0.15)
    z, z_rate = planted.orbit(planted.hopf, [1.0, 0.0], time)
    truth, hits, trials = 2 * np.pi / 0.9, 0, 200
    memory = np.exp(-0.15 / 1.5)
    for k in range(trials):
        rng = np.random.default_rng([7, k])
        noise = np.zeros_like(z)
        for i in range(1, len(z)):
            noise[i] = memory * noise[i - 1] + np.sqrt(1 - memory**2) * rng.normal(size=2)
        e = planted.ensemble(time, z, z_rate + 0.05 * noise, seed=k, members=1,
                             library=standard(2, 1, sine=False))  # fmt: skip
        library = with_constant(e.library)
        candidate = candidates.candidates(library)[0]
        fits = replace(planted.reading(e), reference_period=truth)
        few = Criteria().but(replicates=80)
        found = resampling.replicate(fits, [[candidate]], few, seed=k)
        low, high = found.interval(_periods(found.values, library), found.own)
        hits += low <= truth <= high
    assert 0.85 <= hits / trials <= 0.95


def _periods(values, library):
    """Periods of the linear flows, from their eigenvalues."""
    rows = [library.terms.index("z1"), library.terms.index("z2")]
    rates = np.linalg.eigvals(values[:, rows].transpose(0, 2, 1)).imag.max(axis=1)
    return 2 * np.pi / rates


def test_a_forecast_that_runs_away_is_lost_and_the_others_are_not(spiral):
    e = planted.ensemble(TIME, *spiral, members=4)
    library = e.library
    xi = np.stack([finish(chosen_dynamics.find(planted.reading(e), None)).values[0]] * 4)
    xi[2] *= 3
    found = decoded_orbits.forecast(e, np.arange(4), with_constant(library), xi)
    assert found.error.shape == (4, len(e.frames.test_run()))
    assert found.error[[0, 1, 3]].max() < 1e-3
    assert found.error[2].mean() > 0.1
    assert found.field < 1e-3


def test_equations_hand_over_to_sympy_latex_scipy_and_pysindy():
    import sympy
    from scipy.integrate import solve_ivp

    library = with_constant(standard(2))
    rng = np.random.default_rng(0)
    xi = rng.normal(size=(len(library), 2))
    points = rng.normal(size=(20, 2))
    expected = library(points) @ xi
    symbols = sympy.symbols("z1 z2")
    for k, expression in enumerate(conversions.symbolic(library, xi)):
        values = sympy.lambdify(symbols, expression, "numpy")(*points.T)
        np.testing.assert_allclose(values, expected[:, k], rtol=1e-12)
    assert conversions.latex(library, xi)[0].startswith(r"\dot{z}_{1} = ")
    np.testing.assert_allclose(conversions.function(library, xi)(0.0, points), expected)
    model = conversions.model(library, xi)
    np.testing.assert_allclose(model.predict(points), expected, rtol=1e-8)
    calm = np.zeros_like(xi)
    calm[library.terms.index("z2"), 0], calm[library.terms.index("z1"), 1] = -1.0, 1.0
    time = np.linspace(0, 3, 31)
    ours = solve_ivp(conversions.function(library, calm), (0, 3), [1.0, 0.0], t_eval=time,
                     rtol=1e-9, atol=1e-9).y.T  # fmt: skip
    np.testing.assert_allclose(conversions.model(library, calm).simulate([1.0, 0.0], time), ours,
                               atol=1e-4)  # fmt: skip


def test_a_sparse_optimizer_fits_every_member_and_stands_among_the_candidates(spiral):
    e = planted.ensemble(TIME, *spiral, members=4)
    sparse = least_squares.sparse("stlsq", 0.1)
    found = discover.discover(e, "train", sparse)
    absent = [e.library.terms.index(t) for t in ("z1^2", "z1 z2", "z2^2")]
    assert not found.values[:, absent].any()
    assert discover.discover(e, "train").values[:, absent].any()
    thin = [t for t in found.answers.trials[0] if t.candidate.sparse]
    assert thin
    assert thin[0].terms < thin[0].candidate.chosen.sum()
    assert Report.of(found).summary["provenance"]["optimizer"]["threshold"] == 0.1


def test_collinear_groups_name_what_belongs_together():
    """Sines of small latents are nearly the latents, each its own: groups must not mix them."""
    time = np.arange(0, 100, 0.1)
    z, z_rate = planted.orbit(planted.hopf, [0.3, 0.0], time)
    e = planted.ensemble(time, 0.4 * z, 0.4 * z_rate, members=1, library=standard(2, 1))
    groups = chosen_dynamics._collinear(planted.reading(e), 0, Criteria())
    assert sorted(sorted(g) for g in groups) == [["sin(z1)", "z1"], ["sin(z2)", "z2"]]
    far = planted.ensemble(time, 3 * z, 3 * z_rate, members=1, library=standard(2, 1, sine=False))
    assert chosen_dynamics._collinear(planted.reading(far), 0, Criteria()) == []


@pytest.mark.parametrize("d", [2, 3])
def test_neutral_equations_turn_as_fast_about_the_same_point_and_neither_grow_nor_decay(d):
    rng = np.random.default_rng(d)
    frame = np.eye(d) + 0.3 * rng.normal(size=(d, d))
    flow = np.zeros((d, d))
    flow[:2, :2] = [[0.05, -0.9], [0.9, 0.05]]
    flow[2:, 2:] = -0.4
    matrix = frame @ flow @ np.linalg.inv(frame)
    point = rng.normal(size=d)
    library = with_constant(standard(d, 2, sine=False))
    linear = [library.terms.index(f"z{k + 1}") for k in range(d)]
    xi = np.zeros((len(library), d))
    xi[linear], xi[library.terms.index("1")] = matrix.T, -matrix @ point
    found = candidates.neutralised(xi, linear)
    values = np.linalg.eigvals(found[linear].T)
    np.testing.assert_allclose(sorted(values.imag), [-0.9, *[0.0] * (d - 2), 0.9], atol=1e-9)
    np.testing.assert_allclose(sorted(values.real), [-0.4] * (d - 2) + [0.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(library(point[None]) @ found, 0, atol=1e-9)
    decay = np.where(np.isin(np.arange(len(xi)), linear)[:, None], xi, 0)
    decay[linear] = np.diag(-np.arange(1.0, d + 1))
    np.testing.assert_array_equal(candidates.neutralised(decay, linear), decay)


def test_growth_that_noise_makes_is_taken_out_where_that_forecasts_better():
    """Latents of a circle, rates with a little growth in them: what holds is what was planted."""
    time = np.arange(0, 200, 0.2)
    z, z_rate = planted.orbit(lambda t, z: 0.9 * np.array([-z[1], z[0]]), [1.0, 0.0], time)
    e = planted.ensemble(time, z, z_rate + 0.01 * z, members=4,
                         library=standard(2, 1, sine=False))  # fmt: skip
    found = discover.discover(e, "train")
    assert found.orbits.integrable_fraction == 0.0
    assert found.answers.trials[0][0].candidate.neutral
    assert found.answers.orbits.integrable_fraction == 1.0
    said = {v.subject: v for v in judge(found)}
    assert said["off the cycle"].level == "caution"
    assert "by choice" in said["off the cycle"].text
    assert "rotation" in said["do they run"].text
