"""The sparsest frame: exact changes of frame, planted systems found again, and what cannot be."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from eae_sindy.discovery import chosen_dynamics, framed, refits, selection, sparse_model
from eae_sindy.discovery.candidates import Candidate
from eae_sindy.dynamics import affine, sparse_frames
from eae_sindy.dynamics.affine import Frame
from eae_sindy.dynamics.least_squares import Triangle
from eae_sindy.dynamics.sparse_frames import Problem
from eae_sindy.errors import EaeSindyError
from eae_sindy.recipes import Criteria
from eae_sindy.snapshots.split import TEST, TRAIN, UNUSED
from tests import planted

QUICK = Criteria().but(
    degrees=(3, 2, 2), weights=(0.0,), scouts=2, judged=2, finalists=4, frame="sparse"
)


def lorenz(t, z):
    x, y, w = z
    return np.array([10 * (y - x), x * (28 - w) - y, x * y - 8 / 3 * w])


def rossler(t, z):
    x, y, w = z
    return np.array([-y - w, x + 0.2 * y, 0.2 + w * (x - 5.7)])


STARTS = {
    lorenz: [[1.0, 2.0, 20.0], [-8.0, -3.0, 30.0], [5.0, 9.0, 14.0]],
    rossler: [[1.0, 2.0, 0.0], [-8.0, 3.0, 1.0], [5.0, -5.0, 0.5]],
    planted.van_der_pol: [[0.5, 0.0], [3.0, 1.0], [-1.0, 3.0]],
    planted.hopf: [[0.3, 0.0], [1.5, 1.0], [0.0, -0.6]],
}


def flown(flow, end=20.0, step=0.05):
    """Trajectories z and ż [n, d] of a flow."""
    time = np.arange(0, end, step)
    parts = [planted.orbit(flow, start, time) for start in STARTS[flow]]
    return tuple(np.concatenate(a) for a in zip(*parts, strict=True))


def seen(flow, seed, degree):
    """The triangle of a flow seen through a random affine map."""
    rng = np.random.default_rng(seed)
    z, rate = flown(flow)
    d = z.shape[1]
    matrix = rng.normal(size=(d, d))
    z, rate = z @ matrix.T + 5 * rng.normal(size=d), rate @ matrix.T
    library = affine.polynomials(d, degree)
    return z, rate, Triangle.of(library(z), rate).split(len(library))


@pytest.mark.parametrize(("d", "degree"), [(1, 3), (2, 3), (2, 5), (3, 2), (3, 3), (4, 2)])
def test_equations_pass_from_frame_to_frame_and_back_exactly(d, degree):
    rng = np.random.default_rng(d + 10 * degree)
    library = affine.polynomials(d, degree)
    change = Frame(rng.normal(size=d), np.eye(d) + 0.3 * rng.normal(size=(d, d)))
    z = rng.normal(size=(30, d))
    y = (z - change.origin) @ change.matrix.T
    np.testing.assert_allclose(
        library(z) @ affine.monomials(change, degree), library(y), rtol=1e-10, atol=1e-10
    )
    xi = rng.normal(size=(len(library), d))
    in_latents = affine.back(xi, change, degree)
    np.testing.assert_allclose(
        library(z) @ in_latents @ change.matrix.T, library(y) @ xi, rtol=1e-9, atol=1e-9
    )
    undone = np.linalg.inv(change.matrix)
    inverse = Frame(-change.matrix @ change.origin, undone)
    np.testing.assert_allclose(affine.back(in_latents, inverse, degree), xi, atol=1e-10)


def test_slopes_of_polynomials_are_exact():
    rng = np.random.default_rng(0)
    library = affine.polynomials(3, 3)
    xi, z = rng.normal(size=(len(library), 3)), rng.normal(size=3)
    size = 1e-6
    expected = [(library(z + size * e) - library(z - size * e)) @ xi / 2 / size for e in np.eye(3)]
    np.testing.assert_allclose(affine.slope(xi, 3, z), np.transpose(expected), rtol=1e-7, atol=1e-7)
    z, rate = flown(lorenz)
    xi = np.linalg.lstsq(affine.polynomials(3, 2)(z), rate, rcond=None)[0]
    found = affine.fixed_point(xi, 2, np.array([7.0, 9.0, 25.0]))
    np.testing.assert_allclose(found, [72**0.5, 72**0.5, 27.0], atol=1e-6)


@pytest.mark.parametrize("degree", [2, 3])
def test_the_measure_has_its_gradient_and_knows_no_scale(degree):
    rng = np.random.default_rng(1)
    _, _, (theta, rate) = seen(lorenz, 0, degree)
    problem = Problem(theta, rate, degree)
    flat = rng.normal(size=12)
    value, slope = problem.measure(flat, 0.1)
    size = 1e-6
    expected = [
        (problem.measure(flat + size * e, 0.1)[0] - problem.measure(flat - size * e, 0.1)[0])
        / (2 * size)
        for e in np.eye(12)
    ]
    np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-4)
    scales = np.array([0.2, 5.0, -3.0])
    scaled = np.concatenate([(scales[:, None] * flat[:9].reshape(3, 3)).ravel(), scales * flat[9:]])
    assert problem.measure(scaled, 0.1)[0] == pytest.approx(value, rel=1e-9)


def test_the_error_of_a_fit_is_the_same_in_all_frames_and_for_the_triangle():
    z, rate, (theta, rates) = seen(planted.hopf, 0, 2)  # of degree 3: it does not fit
    rng = np.random.default_rng(2)
    library = affine.polynomials(2, 2)
    problem, whole = Problem(theta, rates, 2), Problem(library(z), rate, 2)
    errors = [problem.state(rng.normal(size=6)).residual for _ in range(3)]
    errors.append(whole.state(rng.normal(size=6)).residual)
    assert errors == pytest.approx([errors[0]] * 4, rel=1e-8)
    left = rate - library(z) @ np.linalg.lstsq(library(z), rate, rcond=None)[0]
    weight = np.linalg.inv(rate.T @ rate)
    assert errors[0] == pytest.approx(np.trace(left.T @ left @ weight) / 2, rel=1e-8)


@pytest.mark.parametrize(
    ("flow", "degree", "size", "seed"),
    [(lorenz, 2, 7, 0), (rossler, 2, 7, 1), (planted.van_der_pol, 3, 4, 2), (planted.hopf, 3, 8, 0),
     *[pytest.param(*case, seed, marks=pytest.mark.slow)
       for case in [(lorenz, 2, 7), (lorenz, 3, 7), (rossler, 2, 7)] for seed in (1, 2)]],
)  # fmt: skip
def test_planted_systems_are_found_through_random_affine_maps(flow, degree, size, seed):
    z, rate, (theta, rates) = seen(flow, seed, degree)
    found = {f.size: f for f in sparse_frames.search(theta, rates, degree, 8, seed)}
    assert min(k for k, f in found.items() if f.residual < 1e-12) == size
    best, library = found[size], affine.polynomials(z.shape[1], degree)
    assert np.array_equal(best.xi != 0, best.active)
    y = (z - best.frame.origin) @ best.frame.matrix.T
    np.testing.assert_allclose(y.std(axis=0), 1, rtol=1e-6)
    speed = np.abs(rate).max()
    np.testing.assert_allclose(
        library(z) @ affine.back(best.xi, best.frame, degree) / speed, rate / speed, atol=1e-6
    )
    if flow is lorenz:
        assert constants(best, degree) == pytest.approx([10, 28, 8 / 3], rel=1e-6)
    if flow is planted.van_der_pol:
        numbers = dict(zip(library.terms, best.xi.sum(axis=1), strict=True))
        linear = affine.slope(best.xi, degree, np.zeros(2))
        assert np.trace(linear) == pytest.approx(0.5, rel=1e-6)
        assert np.linalg.det(linear) == pytest.approx(1.0, rel=1e-6)
        assert numbers["1"] == 0


def constants(found, degree):
    """σ, ρ and β of Lorenz's seven terms, in whatever order, scale and sign y are."""
    terms = affine.polynomials(3, degree).terms
    of = {(terms[i], k): found.xi[i, k] for i, k in zip(*np.nonzero(found.active), strict=True)}
    for x, y, z in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]:
        own, one = [f"z{k + 1}" for k in (x, y, z)], "z{} z{}"
        with_z, with_y = (one.format(*sorted((x + 1, k + 1))) for k in (z, y))
        wanted = {(own[0], x), (own[1], x), (own[0], y), (own[1], y), (with_z, y), (with_y, z),
                  (own[2], z)}  # fmt: skip
        if wanted == set(of):
            sigma = -of[own[0], x]
            assert of[own[1], y] == pytest.approx(-1, rel=0.02)
            return [sigma, of[own[1], x] * of[own[0], y] / sigma, -of[own[2], z]]
    raise AssertionError(f"these are not Lorenz's terms: {sorted(of)}")


def test_noise_in_the_rates_leaves_the_terms_as_they_are():
    z, rate, _ = seen(lorenz, 3, 2)
    noise = 0.002 * rate.std(axis=0) * np.random.default_rng(4).normal(size=rate.shape)
    theta, rates = Triangle.of(affine.polynomials(3, 2)(z), rate + noise).split(10)
    best = {f.size: f for f in sparse_frames.search(theta, rates, 2, 8)}[7]
    assert 1e-6 < best.residual < 1e-3
    assert constants(best, 2) == pytest.approx([10, 28, 8 / 3], rel=0.01)


def test_a_seed_gives_the_same_frames():
    _, _, (theta, rates) = seen(planted.van_der_pol, 0, 3)
    one, two = (sparse_frames.search(theta, rates, 3, 8, 5) for _ in range(2))
    assert [f.size for f in one] == [f.size for f in two]
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a.xi, b.xi)
        assert np.array_equal(a.frame.matrix, b.frame.matrix)


def test_another_member_is_fitted_from_a_frame_nearby():
    z, rate, (theta, rates) = seen(lorenz, 0, 2)
    like = {f.size: f for f in sparse_frames.search(theta, rates, 2, 8)}[7]
    rng = np.random.default_rng(6)
    turn, move = np.eye(3) + 0.05 * rng.normal(size=(3, 3)), 0.3 * rng.normal(size=3)
    moved = Triangle.of(affine.polynomials(3, 2)(z @ turn.T + move), rate @ turn.T)
    found = sparse_frames.fitted(*moved.split(10), 2, like)
    assert found.residual < 1e-20
    assert np.array_equal(found.active, like.active)
    assert constants(found, 2) == pytest.approx([10, 28, 8 / 3], rel=1e-6)
    # As they stand the old frame's equations are others.
    assert np.abs(found.frame.matrix - like.frame.matrix).max() > 0.01


def test_what_has_no_frame_is_refused():
    z, rate, (theta, rates) = seen(lorenz, 0, 2)
    like = sparse_frames.search(theta, rates, 2, 8)[-1]
    library = affine.polynomials(3, 2)
    flat = z.copy()
    flat[:, 2] = flat[:, 0] - 2 * flat[:, 1]
    still = rate.copy()
    still[:, 2] = 0
    for bad in [(library(flat), rate), (library(z), still), (np.nan * library(z), rate),
                (np.zeros((9, 10)), np.zeros((9, 3)))]:  # fmt: skip
        with pytest.raises(ValueError, match=r"depend on each other|no numbers"):
            Problem(*bad, 2)
        assert sparse_frames.search(*bad, 2, 8) == []
        assert sparse_frames.fitted(*bad, 2, like) is None
    many = affine.polynomials(4, 2)
    more = np.random.default_rng(0).normal(size=(40, 4))
    assert sparse_frames.search(many(more), more, 2, 8) == []
    # A frame that is nearly singular is none.
    problem = Problem(theta, rates, 2)
    thin = np.eye(3)
    thin[2] = [1, 1e-3, 0]
    assert problem.state(np.concatenate([thin.ravel(), np.zeros(3)])) is None
    squashed = like._replace(frame=Frame(like.frame.origin, np.ones((3, 3))))
    assert sparse_frames.fitted(theta, rates, 2, squashed) is None


@pytest.mark.parametrize("linear", [[[-1, 0], [0, -1]], [[-1, 1], [0, -1]], [[-1, 0], [0, -3]]])
def test_nothing_is_assumed_of_the_linear_part(linear):
    """Repeated, defective and real eigenvalues."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(200, 2))
    rate = y @ np.transpose(linear) + np.stack([0 * y[:, 0], y[:, 0] ** 2], axis=1)
    count = np.count_nonzero(linear) + 1
    matrix = rng.normal(size=(2, 2))
    theta, rates = affine.polynomials(2, 2)(y @ matrix.T + 1), rate @ matrix.T
    found = sparse_frames.search(theta, rates, 2, 8)
    assert min(f.size for f in found if f.residual < 1e-12) <= count


def ensemble(flow, end, step, members=2):
    """Members that see a flow through an oblique frame: five trajectories, the last the test."""
    time = np.arange(0, end, step)
    starts = [*STARTS[flow], *(0.8 * np.array(STARTS[flow])[:2])]
    parts = [planted.orbit(flow, start, time) for start in starts]
    z, rate = (np.concatenate(a) for a in zip(*parts, strict=True))
    d, n = z.shape[1], len(time)
    rng = np.random.default_rng(1)
    scale = z.std(axis=0)
    matrix = (np.eye(d) + 0.4 * rng.normal(size=(d, d))) / scale
    z, rate = (z - z.mean(axis=0)) @ matrix.T, rate @ matrix.T
    split = np.full(len(z), TRAIN)
    split[1::3] = UNUSED
    split[-n:] = TEST
    e = planted.ensemble(np.tile(time, 5), z, rate, frames=split, members=members, noise=0.01)
    return replace(e, frames=replace(e.frames, trajectory=np.repeat(np.arange(5), n)))


@pytest.mark.slow
def test_lorenz_is_found_in_its_frame_by_running():
    fits = planted.reading(ensemble(lorenz, 4.0, 0.01))
    trials = selection.choose(fits, np.arange(2), None, QUICK)
    framed_ones = [t for t in trials if t.candidate.inside]
    assert framed_ones
    best = selection.sparsest(trials, QUICK)
    assert best.candidate.inside.size == best.coefficients == 7
    assert best.terms == pytest.approx(7 / 3)
    assert "degree 2 in a sparse frame, 7 terms" in best.candidate.name
    modes = chosen_dynamics._modes(fits, None, QUICK)
    found = sparse_model.find(fits, modes, [trials], QUICK)[0]
    assert found.frame is not None
    assert found.forecast < 0.01
    assert sum(line.count("y") for line in found.lines) == 3 + 5 + 4  # left sides, terms, products
    assert not any("z" in line for line in found.lines)
    assert sparse_model.unframed(3, found, QUICK) is None
    for index in range(2):
        mine = best.candidate.in_frame(refits.factor_of(fits, index, best.candidate))
        assert constants(mine, 2) == pytest.approx([10, 28, 8 / 3], rel=0.01)
    xi = refits.refit(fits, np.arange(2), best.candidate, best.candidate.library)
    z, rate = fits.latents(0, fits.rows("train"))
    miss = best.candidate.library(z) @ xi[0] - rate
    assert np.sum(miss**2) < 1e-6 * np.sum(rate**2)


@pytest.mark.slow
def test_van_der_pol_has_four_terms_and_raw_has_none_of_it():
    fits = planted.reading(ensemble(planted.van_der_pol, 20.0, 0.05))
    trials = selection.choose(fits, np.arange(2), None, QUICK)
    best = selection.sparsest(trials, QUICK)
    assert best.coefficients == 4
    assert best.candidate.inside is not None
    raw = selection.choose(fits, np.arange(2), None, QUICK.but(frame="raw"))
    assert not any(t.candidate.inside for t in raw)
    found = selection.sparsest(raw, QUICK.but(frame="raw"))
    assert found is None or found.error > 10 * best.error


def test_a_member_without_the_frame_is_fitted_densely():
    fits = planted.reading(ensemble(planted.van_der_pol, 20.0, 0.05))
    trials = selection.choose(fits, np.arange(2), None, QUICK)
    way = selection.sparsest(trials, QUICK).candidate
    thin = way.inside._replace(frame=Frame(np.zeros(2), np.ones((2, 2))))
    lost = way._replace(inside=thin)
    triangle = refits.factor_of(fits, 0, lost)
    assert np.isnan(lost.solve(triangle)).all()
    dense = refits.without_nan(lost, triangle)
    assert np.isfinite(dense).all()
    np.testing.assert_allclose(dense, lost._replace(inside=None).solve(triangle))


def test_the_sparsest_of_those_as_good_is_shown():
    def trial(error, coefficients, as_good):
        way = Candidate(f"{error:g}", "train", 0.0, np.ones(1, bool))
        return selection.Trial(way, error, 1.0, coefficients, True, as_good)

    trials = [trial(1e-4, 8.0, True), trial(3e-4, 6.0, True), trial(2e-3, 4.0, False)]
    assert selection.sparsest(trials, QUICK) is trials[1]
    assert selection.sparsest(trials, QUICK.but(frame="raw")) is trials[0]
    assert selection.sparsest(trials[2:], QUICK) is trials[2]


def test_why_there_is_no_sparse_frame_is_said_in_a_sentence():
    assert "not in 4" in sparse_model.unframed(4, None, QUICK)
    assert "not in 1" in sparse_model.unframed(1, None, QUICK)
    assert "no frame was found" in sparse_model.unframed(3, None, QUICK)
    assert sparse_model.unframed(4, None, Criteria()) is None
    with pytest.raises(EaeSindyError, match="criterion frame must be one of raw, sparse"):
        Criteria().but(frame="oblique")


def test_more_latents_than_three_are_not_searched():
    """Neither frames nor members are asked for."""
    settings = SimpleNamespace(latents=4)
    fits = SimpleNamespace(ensemble=SimpleNamespace(settings=settings))
    assert framed.framed(SimpleNamespace(fits=fits, criteria=QUICK), np.arange(1)) == []


def test_of_as_many_coefficients_the_better_fit_comes_first_and_then_the_simpler():
    library = affine.polynomials(2, 2)

    def model(residual, terms):
        active = np.isin(library.terms, terms)[:, None] & np.array([True, False])
        return sparse_frames.SparseFrame(
            Frame(np.zeros(2), np.eye(2)), 1.0 * active, active, residual
        )

    linear, constant = model(1e-3, ["z1", "z2"]), model(1e-3, ["1", "z1"])
    product, better = model(1e-3, ["z1", "z1 z2"]), model(1e-4, ["z1", "z1 z2"])
    for first, second in [(better, linear), (linear, constant), (constant, product)]:
        assert sparse_frames._before(first, second, library)
        assert not sparse_frames._before(second, first, library)
