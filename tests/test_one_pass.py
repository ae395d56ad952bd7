"""Each member is read once, and what is kept of it says what its frames would have said."""

from collections import Counter
from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eae_sindy.discovery import (
    arena,
    candidates,
    chosen_dynamics,
    decoded_orbits,
    discover,
    member_fits,
    refits,
    resampling,
    selection,
    stretches,
)
from eae_sindy.discovery.candidates import Candidate
from eae_sindy.discovery.relative_error import Target
from eae_sindy.dynamics import least_squares, orbits
from eae_sindy.dynamics.least_squares import Triangle
from eae_sindy.ensemble import diagnostics
from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.ensemble.stored import Stored
from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import finish
from eae_sindy.recipes import Criteria
from eae_sindy.snapshots.split import TEST, TRAIN, VALIDATION
from tests import planted

TIME = np.arange(0, 120, 0.1)
FEW = Criteria().but(replicates=30, witnesses=12, trial_members=5, judged=4, decoded=6)


@pytest.fixture(scope="module")
def noisy():
    """Forty members, each a little turned, of a Hopf flow whose rates are noisy."""
    z, rate = planted.orbit(planted.hopf, [0.2, 0.0], TIME)
    rate = rate + 0.05 * np.random.default_rng(3).normal(size=rate.shape)
    return planted.ensemble(TIME, z, rate, members=40, noise=0.05)


@pytest.fixture(scope="module")
def fits(noisy):
    return finish(member_fits.read(noisy, np.arange(40), "train", criteria=FEW))


@settings(deadline=None, max_examples=50)
@given(
    frames=st.integers(3, 60),
    terms=st.integers(1, 8),
    latents=st.integers(1, 3),
    seed=st.integers(0, 2**16),
)
def test_a_triangle_says_what_its_frames_say(frames, terms, latents, seed):
    """Residuals, and solutions where there is but one; also in two parts, put together."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=(frames, terms)) * 10.0 ** rng.integers(-3, 3, terms)
    rate = rng.normal(size=(frames, latents))
    cut = frames // 2
    whole = Triangle.of(theta, rate)
    joined = Triangle.join(
        Triangle.of(theta[:cut], rate[:cut]), Triangle.of(theta[cut:], rate[cut:])
    )
    xi = rng.normal(size=(terms, latents)) / np.abs(theta).max(axis=0)[:, None]
    for triangle in (whole, joined):
        assert triangle.frames == frames
        a, b = triangle.split(terms)
        assert a.shape == (terms + latents, terms)
        np.testing.assert_allclose(
            np.linalg.norm(b - a @ xi, axis=0), np.linalg.norm(rate - theta @ xi, axis=0), rtol=1e-9
        )
        if frames > terms + 1:
            expected, condition = least_squares.solve(theta, rate)
            found, same = least_squares.solve(a, b, frames=triangle.frames)
            np.testing.assert_allclose(theta @ found, theta @ expected, atol=1e-8)
            assert same == pytest.approx(condition, rel=1e-6)


@settings(deadline=None, max_examples=60)
@given(
    lengths=st.lists(st.integers(1, 80), min_size=1, max_size=4),
    length=st.floats(0.1, 20.0),
    step=st.floats(0.01, 2.0),
    seed=st.integers(0, 2**16),
)
def test_blocks_are_stretches_of_single_trajectories(lengths, length, step, seed):
    """As many frames as there were, in pieces that are contiguous and no longer than a block."""
    label = np.repeat(np.arange(len(lengths)), lengths)
    time = np.concatenate([step * np.arange(n) for n in lengths])
    chosen = resampling.blocks(time, label, length, np.random.default_rng(seed))
    assert len(chosen) == len(time)
    assert chosen.min() >= 0
    assert chosen.max() < len(time)
    following = np.diff(chosen) == 1
    same = np.diff(label[chosen]) == 0
    # Where one frame follows the other within a trajectory a block goes on; it may also be that a
    # block happens to begin there, so only the longest run is bounded, by chance times two.
    runs = np.diff(np.flatnonzero(np.concatenate([[True], ~(following & same), [True]])))
    whole = min(length, resampling.duration(time, label) or length)
    assert runs.max() <= 4 * (whole / step + 2) or runs.max() <= max(lengths)


@pytest.mark.parametrize("optimizer", ["stlsq", "sr3", "ssr"])
def test_sparse_optimizers_find_the_same_terms_in_a_triangle(optimizer):
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(300, 8))
    xi = np.zeros((8, 2))
    xi[1, 0], xi[4, 1], xi[6, 1] = 1.0, -0.7, 0.4
    rate = theta @ xi + 0.05 * rng.normal(size=(300, 2))
    sparse = least_squares.sparse(optimizer, 0.1)
    found = sparse.solve(*Triangle.of(theta, rate).split(8))
    expected = sparse.solve(theta, rate)
    np.testing.assert_allclose(found, expected, atol=1e-7)
    np.testing.assert_array_equal(found != 0, expected != 0)
    assert (found[xi != 0] != 0).all()


def test_kept_latents_are_those_of_their_member_where_one_before_was_dropped(noisy):
    weights = [w.copy() for w in noisy.chains[0].encoder]
    weights[0][[2, 5]] = np.nan
    first = replace(noisy.chains[0], encoder=tuple(weights))
    broken = replace(noisy, chains=[first, *noisy.chains[1:]])
    fits = finish(member_fits.read(broken, np.arange(12), "train", criteria=FEW))
    assert fits.dropped == 2
    assert fits.encoded is not None
    rows = noisy.frames.where(TRAIN)
    for index in (0, 3, 9):
        z, rate = fits.encoded.at(index, rows)
        expected = noisy.encode(int(fits.members[index]), rows)
        np.testing.assert_array_equal(z, expected[0])
        np.testing.assert_array_equal(rate, expected[1])


@pytest.mark.slow
def test_no_member_is_encoded_twice(noisy, monkeypatch):
    counted, rows = Counter(), Counter()
    plain = Ensemble.encode

    def encode(self, member, frames):
        if len(self) == len(noisy):  # not the one member of POD
            counted[int(member)] += 1
            rows[int(member)] += len(frames)
        return plain(self, member, frames)

    monkeypatch.setattr(Ensemble, "encode", encode)
    found = discover.discover(noisy, members=20, criteria=FEW)
    assert found.answers is not None
    assert len(found.members) == 20
    assert set(counted) == set(found.members)
    assert max(counted.values()) == 1
    assert max(rows.values()) <= len(noisy.frames.time)


def test_equations_and_errors_of_a_member_are_those_of_its_frames(noisy, fits):
    train, test = noisy.frames.where(TRAIN), noisy.frames.where(TEST)
    witness, other = fits.witnessed[1], np.setdiff1d(np.arange(40), fits.witnessed)[3]
    for m in (witness, other):
        z, rate = (a.astype(float) for a in noisy.encode(m, train))
        expected = np.linalg.lstsq(noisy.library(z), rate, rcond=None)[0]
        np.testing.assert_allclose(fits.values[m], expected, atol=1e-8)
        z, rate = (a.astype(float) for a in noisy.encode(m, test))
        modelled = noisy.library(z) @ expected
        x, x_rate = noisy.decode(m, z, modelled)
        f = noisy.frames
        for k, (guess, truth) in enumerate(
            ((x, f.coordinates[test]), (x_rate, f.rate_coordinates[test]), (modelled, rate))
        ):
            miss = np.mean(np.sum((truth - guess) ** 2, axis=1))
            spread = np.mean(np.sum((truth - truth.mean(axis=0)) ** 2, axis=1))
            assert fits.errors[m, k] == pytest.approx(miss / spread, rel=1e-4, abs=1e-12)
        latents, rates = fits.latents(m, test)
        np.testing.assert_allclose(latents, z, atol=1e-6)
        np.testing.assert_allclose(rates, rate, atol=1e-6)
        loop = orbits.loop(z)
        np.testing.assert_allclose(fits.data.start[m], loop.start[0], atol=1e-6)
        np.testing.assert_allclose(fits.data.amplitude[m], loop.amplitude[0], rtol=1e-5)
    mean = np.mean([noisy.decode(m, noisy.encode(m, test)[0], 0 * rate)[0] for m in range(40)], 0)
    assert fits.field_of_mean == pytest.approx(
        Target.of(noisy, test, "field").error(mean), rel=1e-3
    )


def test_members_that_are_no_numbers_are_counted_and_enter_no_mean(noisy):
    (chain,) = noisy.chains
    last = chain.encoder[2].copy()
    last[[4, 9]] = np.nan
    broken = replace(noisy, chains=[replace(chain, encoder=(*chain.encoder[:2], last,
                                                            chain.encoder[3]))])  # fmt: skip
    found = finish(member_fits.read(broken, np.arange(12), "train", criteria=FEW))
    np.testing.assert_array_equal(found.members, np.setdiff1d(np.arange(12), [4, 9]))
    assert found.dropped == 2
    whole = finish(member_fits.read(noisy, found.members, "train", criteria=FEW))
    np.testing.assert_allclose(found.values, whole.values, rtol=1e-6, atol=1e-9)
    assert found.field_of_mean == pytest.approx(whole.field_of_mean, rel=1e-6)


def test_what_lies_outside_the_basis_is_error(noisy):
    rows = noisy.frames.where(TEST)
    f = replace(noisy.frames, outside=np.full(len(TIME), 0.5, np.float32))
    target = Target.of(replace(noisy, frames=f), rows, "field")
    x = f.coordinates[rows].astype(float)
    variance = np.sum(np.var(x, axis=0)) + 0.5
    assert target.error(x) == pytest.approx(0.5 / variance, rel=1e-5)
    beyond = np.hstack([x, np.full((len(x), 1), 2.0)])
    assert target.error(beyond) == pytest.approx(4.5 / variance, rel=1e-5)


@pytest.mark.parametrize("frames", ["train", "all", "test"])
def test_the_frames_that_are_named_enter_eq_16(noisy, frames):
    """Rates that are wrong elsewhere change nothing; wrong ones among them do."""
    parts = {"train": (TRAIN,), "all": (TRAIN, VALIDATION), "test": (TEST,)}[frames]
    own = noisy.frames.where(*parts)

    def values(rows):
        rates = noisy.frames.rate_coordinates.copy()
        rates[rows] *= -2
        e = replace(noisy, frames=replace(noisy.frames, rate_coordinates=rates))
        return finish(member_fits.read(e, np.arange(3), frames, criteria=FEW)).values

    right = values(own[:0])
    np.testing.assert_allclose(values(np.setdiff1d(np.arange(len(TIME)), own)), right, rtol=1e-12)
    assert np.abs(values(own) - right).max() > 1


def test_frames_are_chosen_with_which_more_members_hold_the_cycle(noisy):
    """Validation frames with wrong rates spoil the fit that takes them in."""
    rates = noisy.frames.rate_coordinates.copy()
    rates[noisy.frames.where(VALIDATION)] *= -20
    e = replace(noisy, frames=replace(noisy.frames, rate_coordinates=rates))
    found = finish(member_fits.read(e, np.arange(6), "auto", criteria=FEW))
    assert found.trials["train"] > found.trials["all"]
    assert found.frames == "train"
    unchanged = finish(member_fits.read(noisy, np.arange(6), "auto", criteria=FEW))
    assert set(unchanged.trials) == {"train", "all"}
    assert unchanged.trials[unchanged.frames] == max(unchanged.trials.values())


def test_late_candidates_are_fitted_to_the_later_half_of_the_training_time(noisy, fits):
    library = fits.library
    late = next(c for c in candidates.candidates(library) if c.frames == "late" and not c.neutral)
    rows = noisy.frames.where(TRAIN)
    time = noisy.frames.time[rows]
    rows = rows[time >= (time.min() + time.max()) / 2]
    found = refits.refit(fits, np.array([7]), late)[0]
    z, rate = fits.latents(7, rows)
    expected = np.linalg.lstsq(library(z)[:, late.chosen], rate, rcond=None)[0]
    np.testing.assert_allclose(found[late.chosen], expected, atol=1e-9)
    assert not found[~late.chosen].any()


def test_half_of_the_replicates_are_fitted_as_they_might_have_been(fits):
    """Candidates that are as good widen the period; coefficients are of the chosen one alone."""
    own, other = (
        candidates.candidates(fits.library)[0],
        candidates.plain(fits.ensemble, fits.library),
    )
    assert own.terms == "linear"
    alone = resampling.replicate(fits, [[own]] * len(fits.members), FEW)
    assert alone.own.all()
    both = resampling.replicate(fits, [[own, other]] * len(fits.members), FEW)
    assert 0.3 < both.own.mean() < 0.7
    assert len(both.orbits.period) == FEW.replicates
    assert len(both.values) == np.count_nonzero(both.own)
    cubic = fits.library.terms.index("z1^3")
    assert not both.values[:, cubic].any()
    again = resampling.replicate(fits, [[own, other]] * len(fits.members), FEW)
    np.testing.assert_array_equal(again.own, both.own)


def test_decoders_are_a_sample_too():
    """Four medians 0, 1, 2, 3: one more lies within t · s · √(1 + 1/4) of their mean, at 90 %."""
    decoder = np.repeat(np.arange(4), 50)
    values = decoder + np.tile(np.linspace(-1e-6, 1e-6, 50), 4)
    every = np.ones(200, bool)
    spread = resampling.Spread(every, every, decoder, values, None, 1e6)
    reach = 2.35336 * np.std([0, 1, 2, 3], ddof=1) * np.sqrt(1.25)
    np.testing.assert_allclose(
        spread.interval(values, every), [1.5 - reach, 1.5 + reach], rtol=1e-4
    )
    # Of one decoder only what its members say.
    first = decoder == 2
    np.testing.assert_allclose(spread.interval(values[first], first), [2, 2], atol=1e-5)
    # A wide scatter within a decoder adds to that, as independent errors do.
    wide = decoder + np.tile(np.linspace(-10, 10, 50), 4)
    half = np.diff(spread.interval(wide, every)) / 2
    np.testing.assert_allclose(half, np.hypot(9, reach), rtol=0.02)


def test_replicates_draw_other_frames_and_other_members(fits):
    way = candidates.plain(fits.ensemble, fits.library)
    found = resampling.replicate(fits, [[way]] * len(fits.members), FEW)
    assert len(found.values) == FEW.replicates
    assert set(found.picked) <= set(fits.witnessed)
    assert len(set(found.picked)) > 5
    plain = refits.refit(fits, found.picked, way)
    points = np.random.default_rng(0).normal(size=(50, 2))
    fields = fits.library(points) @ (found.values - plain)
    size = np.linalg.norm(fields, axis=(1, 2))
    assert (size > 1e-6).all(), "each has frames of its own"
    first = found.picked[0]
    again = [k for k in range(len(size)) if found.picked[k] == first]
    assert len({round(float(size[k]), 9) for k in again}) == len(again)


@pytest.mark.parametrize(
    ("errors", "terms", "chosen"),
    [
        # Within four times the least error the fewest terms win; beyond it they do not.
        ([[0.10, 0.14], [0.47, 0.47], [0.9, 0.9]], [5, 2, 1], 1),
        ([[0.10, 0.14], [0.49, 0.49], [0.9, 0.9]], [5, 2, 1], 0),
        # Where every trajectory is lost Eq. 16 stands, here the last.
        ([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]], [5, 2, 11], 2),
    ],
)
def test_the_rule_of_choice(fits, errors, terms, chosen):
    plain = candidates.plain(fits.ensemble, fits.library)
    own = plain.chosen
    ways, xi = [], np.zeros((3, 2, len(fits.library), 2))
    for k, count in enumerate(terms):
        mask = own if count == 11 else np.arange(len(fits.library)) < count
        ways.append(Candidate(f"way {k}", "train", 0.0, mask))
        xi[k, :, :count] = 1.0
    runs = [arena.Run(*r) for r in zip(ways, xi, np.array(errors), strict=True)]
    found = selection._ranked(runs, lambda some: np.ones(len(some)), plain, Criteria())
    assert found[0].candidate.terms == f"way {chosen}"
    assert [t.error for t in found[1:]] == sorted(t.error for t in found[1:])


def test_a_forecast_is_held_to_the_frames_it_names(noisy, fits):
    """The error is that of the decoded orbit at the same time, and what no basis holds counts."""
    run = noisy.frames.test_run()
    exact = np.zeros((2, len(fits.library), 2))
    row = fits.library.terms.index
    exact[:, row("z1")], exact[:, row("z2")] = (0.3, 0.9), (-0.9, 0.3)
    for name, column in (("z1^3", 0), ("z1 z2^2", 0), ("z1^2 z2", 1), ("z2^3", 1)):
        exact[:, row(name), column] = -0.3
    plain = planted.ensemble(TIME, *planted.orbit(planted.hopf, [0.2, 0.0], TIME), members=2)
    found = decoded_orbits.forecast(plain, np.arange(2), fits.library, exact)
    assert found.error.max() < 1e-6
    late = replace(plain.frames, coordinates=np.roll(plain.frames.coordinates, 1, axis=0))
    shifted = decoded_orbits.judge(
        replace(plain, frames=late), np.arange(2), run,
        decoded_orbits.encoded(plain, np.arange(2), run),
        decoded_orbits.encoded(plain, np.arange(2), run), np.ones(2, bool),
    )  # fmt: skip
    assert shifted.error.mean() == pytest.approx(0.09**2, rel=0.1), "a frame late: (ω Δt)²"
    outside = np.full(len(TIME), 0.1, np.float32)
    beyond = replace(plain, frames=replace(plain.frames, outside=outside))
    found = decoded_orbits.forecast(beyond, np.arange(2), fits.library, exact)
    variance = np.sum(np.var(plain.frames.coordinates[run].astype(float), axis=0)) + 0.1
    np.testing.assert_allclose(found.error, 0.1 / variance, rtol=1e-3)
    np.testing.assert_allclose(found.of_mean, 0.1 / variance, rtol=1e-3)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_linear_orbits_are_those_of_an_integrator(d):
    from scipy.integrate import solve_ivp

    from eae_sindy.dynamics.library import standard

    library, rng = standard(d, 2, sine=False, constant=True), np.random.default_rng(d)
    xi = np.zeros((4, len(library), d))
    rows = [library.terms.index(f"z{k + 1}") for k in range(d)]
    xi[:, rows] = 0.4 * rng.normal(size=(4, d, d))
    xi[:, library.terms.index("1")] = 0.1 * rng.normal(size=(4, d))
    xi[2, rows] = 0.0  # constant speed: A is singular
    xi[3, rows] = np.eye(d, k=1) - 0.5 * np.eye(d)  # a Jordan block: A has too few eigenvectors
    start = rng.normal(size=(4, d))
    data = orbits.Loop(start, np.zeros((4, d)), np.ones(4), np.full(4, 1e9))
    time = np.concatenate([np.arange(0, 3, 0.1), 3 + np.arange(0, 2, 0.25)])  # two step lengths
    found = orbits.integrate(library, xi, data, time)
    for m in range(4):
        truth = solve_ivp(lambda _, z, m=m: library(z) @ xi[m], (0, time[-1]), start[m], "DOP853",
                          time, rtol=1e-12, atol=1e-12).y.T  # fmt: skip
        np.testing.assert_allclose(found[:, m], truth, atol=1e-9)
    many = np.sort(rng.uniform(0, 5, 30))
    close = orbits.integrate(library, xi, data, many)  # no two steps alike: by LSODA
    for m in range(4):
        truth = solve_ivp(lambda _, z, m=m: library(z) @ xi[m], (many[0], many[-1]), start[m],
                          "DOP853", many, rtol=1e-12, atol=1e-12).y.T  # fmt: skip
        np.testing.assert_allclose(close[:, m], truth, atol=1e-4)


def test_a_linear_orbit_that_leaves_is_halted_at_the_edge_however_fast():
    from eae_sindy.dynamics.library import standard

    library = standard(2, 1, sine=False)
    xi = np.zeros((3, 2, 2))
    xi[0] = 0.5 * np.eye(2)
    xi[1] = 1e5 * np.eye(2)  # overflows within a step
    xi[2] = [[0.0, 1.0], [-1.0, 0.0]]
    start = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    data = orbits.Loop(start, np.zeros((3, 2)), np.ones(3), np.ones(3))
    z = orbits.integrate(library, xi, data, np.arange(0, 20, 0.1))
    np.testing.assert_array_equal(orbits.lost(z[-1], data), [True, True, False])
    assert np.linalg.norm(z, axis=2).max() <= 3 + 1e-9
    assert np.isfinite(z).all()
    astray = data._replace(start=np.where([[True], [False], [False]], np.nan, start))
    z = orbits.integrate(library, xi, astray, np.arange(0, 2, 0.1))
    assert np.isnan(z[:, 0]).all()
    assert np.isfinite(z[:, 2]).all()


def test_as_many_members_are_read_as_say_something_new():
    rng = np.random.default_rng(0)
    z, rate = planted.orbit(planted.hopf, [0.2, 0.0], np.arange(0, 20, 0.1))
    e = planted.ensemble(np.arange(0, 20, 0.1), z, rate, members=2000)

    def read(loss, **changes):
        chain = replace(e.chains[0], loss=loss)
        one = replace(e, chains=[chain])
        starts = [0]
        criteria = Criteria().but(least_members=100, **changes)
        return discover._how_many(one, starts, 2000, None, criteria)

    def walk(memory):
        keep, noise = np.exp(-1 / memory), rng.normal(size=2000)
        found = noise / np.sqrt(1 - keep**2)
        for i in range(1, 2000):
            found[i] = keep * found[i - 1] + noise[i]
        return 1 + 0.01 * found

    assert read(walk(0.1)) > 1500, "independent draws: nearly all of them"
    # ESS of a memory of 10 draws is n / 20: two to each are n / 10.
    assert 130 < read(walk(10.0)) < 400
    assert read(walk(40.0)) < 0.6 * read(walk(10.0))
    assert read(walk(50.0), members_per_memory=0.01) == 100, "but the least"
    assert read(np.full(2000, 1.0)) == 2000, "of constant losses nothing is known"
    assert discover._how_many(e, [0], 2000, "all", Criteria()) == 2000
    assert discover._how_many(e, [0], 2000, 7, Criteria()) == 7
    assert discover._how_many(e, [0], 2000, 9999, Criteria()) == 2000
    for wrong in (0, -3, "most"):
        with pytest.raises(EaeSindyError, match="at least 1, or all"):
            discover._how_many(e, [0], 2000, wrong, Criteria())


def test_thinned_members_have_the_autocorrelation_time_of_all(noisy):
    """A memory of 20 draws, looked at in every draw and in every fifth."""
    rng, keep = np.random.default_rng(1), np.exp(-1 / 20)
    series = np.zeros(8000)
    for i in range(1, 8000):
        series[i] = keep * series[i - 1] + rng.normal()
    full = diagnostics.mixing("x", [series], [0])
    thin = diagnostics.mixing("x", [series[::5]], [0], spacing=5.0)
    assert full.time == pytest.approx(40, rel=0.3)
    assert thin.time == pytest.approx(full.time, rel=0.2)


def test_encoders_stay_in_their_file_until_they_are_needed(noisy, tmp_path, monkeypatch):
    path = tmp_path / "e.h5"
    noisy.save(path)
    opened = Ensemble.open(path, noisy.library)
    kept = opened.chains[0].encoder
    assert all(isinstance(w, Stored) for w in kept)
    rows = np.arange(5)
    for one, two in zip(opened.encode(11, rows), noisy.encode(11, rows), strict=True):
        np.testing.assert_array_equal(one, two)
    read = []
    plain = Stored.__getitem__
    monkeypatch.setattr(Stored, "__getitem__", lambda self, r: (read.append(r), plain(self, r))[1])
    opened.encode(3, rows)
    assert read == [3] * len(kept)
    np.testing.assert_array_equal(np.asarray(kept[0]), noisy.chains[0].encoder[0])
    np.testing.assert_array_equal(kept[0][[0, -1]], noisy.chains[0].encoder[0][[0, -1]])
    opened.save(path, force=True)  # over the file it is read from
    np.testing.assert_array_equal(
        Ensemble.open(path, noisy.library).encode(11, rows)[0], noisy.encode(11, rows)[0]
    )


def test_a_file_that_is_damaged_where_an_encoder_stood_is_said_to_be(noisy, tmp_path):
    path = tmp_path / "e.h5"
    noisy.save(path)
    opened = Ensemble.open(path, noisy.library)
    weights = opened.chains[0].encoder[0]
    weights._dataset = _Broken(path)
    with pytest.raises(EaeSindyError, match=r"e\.h5 cannot be read .*damaged"):
        opened.encode(0, np.arange(3))


class _Broken:
    name = "/chains/0/encoder/kernel_0"

    def __init__(self, path):
        self.file = h5py.File(path)

    def __getitem__(self, rows):
        raise OSError("checksum")


@pytest.mark.slow
def test_criteria_reach_what_they_judge(noisy):
    strict = FEW.but(amplitude_tolerance=1e-9)
    assert discover.discover(noisy, "train", members=5, criteria=FEW).orbits.holds.any()
    assert not discover.discover(noisy, "train", members=5, criteria=strict).orbits.holds.any()
    found = chosen_dynamics.find(
        finish(member_fits.read(noisy, np.arange(5), "train", criteria=FEW)), None, None, FEW
    )
    assert len(finish(found).spread.picked) == FEW.replicates
    assert stretches.stretches(noisy.frames, FEW.but(shortest_stretch=10**6)) == []


@pytest.mark.parametrize("given", ["some", "0", "1.5", "-3", ""])
def test_members_that_are_no_number_are_refused_in_one_line(given, tmp_path):
    from click.testing import CliRunner

    from eae_sindy_cli.main import main

    result = CliRunner().invoke(main, ["discover", str(tmp_path / "e.h5"), f"--members={given}"])
    assert result.exit_code == 2
    assert "neither a whole number of at least 1 nor the word all" in result.output
