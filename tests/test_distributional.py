"""Distributional autoencoders: the score, the networks, the training, and how many latents."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from eae_sindy.distributional import choice, closure, dimension, neighbours, planted, samples
from eae_sindy.dynamics.kind import Kind
from eae_sindy.ensemble.distributional_model import DistributionalModel
from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.ensemble.segments import Segments
from eae_sindy.errors import EaeSindyError
from eae_sindy.neural import distributional_models as models
from eae_sindy.neural.keys import key
from eae_sindy.neural.networks import dense, noisy
from eae_sindy.neural.objectives.data import same
from eae_sindy.neural.objectives.energy_score import EnergyScore, distance, score
from eae_sindy.neural.trained import adam
from eae_sindy.progress import finish
from eae_sindy.recipes import CURVES, KNEE, DpaFit, Knee, recipe
from eae_sindy.report import distributional as report
from eae_sindy.report.figures import of_distributional
from eae_sindy.snapshots import split
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy_cli.fit import _chosen
from eae_sindy_cli.main import main

TINY = DpaFit(latents=3, hidden=(16, 16), noise=2, steps=60, batch=32)
FEW = Knee(replicates=20, rows=40, draws=4, permutations=19)


def rng(seed=0):
    return np.random.default_rng([seed, 0xD9A])


@pytest.fixture(scope="module")
def small():
    """A parabola of few rows, and a model that has hardly been trained on it."""
    found = samples.of_set("parabola", 400, TINY)
    return found, finish(models.iterate(found.train, found.begin(TINY)))


# ---- The energy score


@pytest.mark.parametrize("beta", [0.5, 1.0, 1.7, 2.0])
def test_powers_of_distances_have_gradients_that_are_finite_at_zero(beta):
    d = tf.constant([[0.0, 0.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(d)
        value = distance(d, beta)
    slope = tape.gradient(value, d).numpy()
    np.testing.assert_allclose(value, [0, 5**beta], rtol=1e-6)
    np.testing.assert_allclose(slope[1], beta * 5 ** (beta - 2) * np.array([3, 4]), rtol=1e-5)
    np.testing.assert_array_equal(slope[0], 0)


def test_the_score_of_normal_draws_is_the_closed_form():
    """E|Y − x| − ½E|Y − Y′| of N(0, 1) at x is x(2Φ(x) − 1) + 2φ(x) − 1/√π (CRPS)."""
    from scipy.stats import norm

    x = np.array([-1.5, 0.0, 0.7])
    y = rng(1).normal(size=(2, 400_000, 1, 1)).astype(np.float32)
    found = score(tf.constant(x[:, None], tf.float32), y[0], y[1], 1.0).numpy().mean(axis=0)
    exact = x * (2 * norm.cdf(x) - 1) + 2 * norm.pdf(x) - 1 / np.sqrt(np.pi)
    np.testing.assert_allclose(found, exact, atol=0.004)


def test_the_score_in_the_plane_is_the_closed_form():
    """At its own law, E|Y − X| − ½E|Y − Y′| = ½E|Y − Y′|, which is √π/2 for N(0, I) in 2-D."""
    x, y, other = rng(2).normal(size=(3, 400_000, 2)).astype(np.float32)
    assert float(tf.reduce_mean(score(x, y, other, 1.0))) == pytest.approx(
        np.sqrt(np.pi) / 2, abs=0.004
    )
    # Another spread scores worse, and so does another mean; by the power √2 as well.
    for beta in (1.0, 1.5):
        least = tf.reduce_mean(score(x, y, other, beta))
        assert tf.reduce_mean(score(x, 1.4 * y, 1.4 * other, beta)) > least + 0.01
        assert tf.reduce_mean(score(x, 0.6 * y, 0.6 * other, beta)) > least + 0.01
        assert tf.reduce_mean(score(x, y + 0.5, other + 0.5, beta)) > least + 0.01


def test_at_two_the_spread_cancels_and_the_score_is_the_error_of_the_mean():
    x = rng(3).normal(size=(5, 3)).astype(np.float32)
    y, other = rng(4).normal(size=(2, 200_000, 5, 3)).astype(np.float32)
    found = score(tf.constant(x), 2 * y + 1, 2 * other + 1, 2.0).numpy().mean(axis=0)
    np.testing.assert_allclose(found, ((x - 1) ** 2).sum(axis=1), rtol=0.02, atol=0.05)
    # To the last bit, for any two draws: (y − x)(y′ − x).
    one = score(tf.constant(x), y[0], other[0], 2.0)
    np.testing.assert_allclose(one, ((y[0] - x) * (other[0] - x)).sum(axis=1), atol=1e-5)


def linear(latents, size, width=1, beta=2.0):
    """The objective of networks without hidden layers."""
    return EnergyScore(
        encoder=dense.network("silu"), decoder=noisy.network("silu", width),
        sizes=(latents, size), width=width, beta=beta,
    )  # fmt: skip


def test_at_two_the_objective_is_that_of_nested_autoencoders():
    """A linear decoder of noise and two codes: Σₖ E|x − E(y | first k codes)|²."""
    loss = linear(2, 2)
    x = rng(5).normal(size=(64, 2)).astype(np.float32)
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]], np.float32)
    encoder = (turn, np.zeros(2, np.float32))
    decoder = (np.vstack([turn.T, [[0.5, -0.3]]]).astype(np.float32), np.zeros(2, np.float32))
    many = tf.constant(np.tile(x, (2000, 1)))
    each = loss.each((encoder, decoder), many, key(0, 7)).numpy()
    nested = np.stack([(x**2).sum(axis=1), (x @ turn)[:, 1] ** 2, np.zeros(64)]).mean(axis=1)
    error = each.std(axis=1) / np.sqrt(each.shape[1])
    assert (np.abs(each.mean(axis=1) - nested) < 4 * error).all()
    assert error.max() < 0.02 * nested[1]
    whole = float(loss((encoder, decoder), same(many), key(0, 7)))
    assert whole == pytest.approx(each.mean(axis=1).sum(), rel=1e-4)


def test_codes_beyond_a_prefix_are_fresh_noise_for_each_of_the_two_draws():
    loss = linear(2, 2)
    decoder = (np.array([[1, 0], [0, 1], [0, 0]], np.float32), np.zeros(2, np.float32))
    codes = np.full((50_000, 2), [3.0, 5.0], np.float32)
    y = loss.draws(decoder, tf.constant(codes), key(0, 3)).numpy()
    assert y.shape == (2, 3, 50_000, 2)
    np.testing.assert_array_equal(y[:, 2], np.broadcast_to(codes, (2, 50_000, 2)))
    np.testing.assert_array_equal(y[:, 1, :, 0], 3)
    for noise in (y[:, 0, :, 0], y[:, 0, :, 1], y[:, 1, :, 1]):
        assert np.abs(noise.mean(axis=1)).max() < 0.02
        np.testing.assert_allclose(noise.std(axis=1), 1, atol=0.02)
        assert abs(np.corrcoef(noise)[0, 1]) < 0.02
    assert abs(np.corrcoef(y[0, 0, :, 0], y[0, 0, :, 1])[0, 1]) < 0.02


def test_every_layer_of_a_stochastic_decoder_sees_noise_of_its_own():
    network, sizes = noisy.network("silu", 2), (1, 4, 4, 3)
    weights = network.init(sizes, rng(6))
    assert [w.shape for w in weights] == [(3, 4), (4,), (6, 4), (4,), (6, 3), (3,)]
    assert noisy.noises(sizes, 2) == 6
    x = rng(7).normal(size=(5, 7)).astype(np.float32)
    y = network.apply(weights, tf.constant(x)).numpy()
    for column in range(7):
        moved = x.copy()
        moved[:, column] += 0.5
        assert np.abs(network.apply(weights, tf.constant(moved)) - y).min(axis=0).max() > 1e-4
    rate = rng(8).normal(size=x.shape).astype(np.float32)
    same_y, along = network.tangent(weights, tf.constant(x), tf.constant(rate))
    step = 1e-2
    ends = [network.apply(weights, tf.constant(x + s * rate)).numpy() for s in (step, -step)]
    np.testing.assert_array_equal(same_y, y)
    np.testing.assert_allclose(along, (ends[0] - ends[1]) / (2 * step), atol=2e-3)


# ---- Training


def test_the_learning_rate_falls_along_half_a_cosine():
    rate = adam.falling(0.2, 100)
    found = [float(rate(tf.constant(step))) for step in (0, 25, 50, 100, 150)]
    expected = [0.2, 0.1 * (1 + np.sqrt(0.5)), 0.1, 0, 0]
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_training_lowers_the_score_and_a_seed_repeats_it(small):
    found, model = small
    assert model.chains[0].training[-1] < 0.7 * model.chains[0].training[0]
    again = finish(models.train_on(found.train, TINY))
    for one, other in zip(model.weights[0], again.weights[0], strict=True):
        np.testing.assert_array_equal(one, other)
    other = finish(models.train_on(found.train, TINY.but(seed=1)))
    assert np.abs(other.weights[0][0] - model.weights[0][0]).max() > 0.01


def test_an_interrupted_training_goes_on_to_the_same_bits(small, tmp_path):
    found, longer = small[0], TINY.but(steps=300)
    model = finish(models.iterate(found.train, found.begin(longer)))
    segments = Segments(tmp_path / "model.h5", every=0.0)
    steps = models.iterate(found.train, found.begin(longer), segments=segments)
    for _ in range(2):
        next(steps)
    steps.close()
    assert 0 < segments.read(0)[-1][0].step[0] < 300
    resumed = finish(models.iterate(found.train, found.begin(longer), segments=segments))
    for one, other in zip((*model.weights[0], *model.weights[1]),
                          (*resumed.weights[0], *resumed.weights[1]), strict=True):  # fmt: skip
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(resumed.chains[0].training, model.chains[0].training)
    with pytest.raises(EaeSindyError, match=r"begun otherwise .*beta 1.0 there, 1.5 asked"):
        finish(models.iterate(found.train, found.begin(longer.but(beta=1.5)), segments=segments))


def test_a_file_gives_the_model_back(small, tmp_path):
    found, model = small
    path = tmp_path / "model.h5"
    model.save(path)
    back = DistributionalModel.open(path)
    assert not model.differences(back)
    assert back.settings == TINY
    np.testing.assert_array_equal(models.codes(back, found.test), models.codes(model, found.test))
    with pytest.raises(EaeSindyError, match="add --force"):
        model.save(path)
    with pytest.raises(EaeSindyError, match="make it with 'eae-sindy dpa fit'"):
        DistributionalModel.open(tmp_path / "none.h5")


def test_units_and_origin_of_the_rows_do_not_matter(small):
    found, model = small
    moved = finish(models.train_on(1000 * found.train - 7e3, TINY))
    z = models.codes(model, found.test)
    np.testing.assert_allclose(models.codes(moved, 1000 * found.test - 7e3), z, atol=0.02)
    assert moved.unit == pytest.approx(1000 * model.unit)
    ratio = models.scores(moved, 1000 * found.test - 7e3) / models.scores(model, found.test)
    assert np.median(ratio) == pytest.approx(1000, rel=0.01)


def test_slopes_of_codes_are_those_of_differences(small):
    found, model = small
    x, step = found.test[:20], 1e-2
    slopes = models.jacobians(model, x)
    code = models.FittedCode(model)
    np.testing.assert_array_equal(code.jacobians(x), slopes)
    assert slopes.shape == (20, 3, 2)
    for column, move in enumerate(step * np.eye(2)):
        along = (code.codes(x + move) - code.codes(x - move)) / (2 * step)
        np.testing.assert_allclose(slopes[:, :, column], along, atol=2e-3)


def test_draws_follow_the_codes_that_are_known(small):
    found, model = small
    z = models.codes(model, found.test)
    drawn = models.sample(model, z, 2, 5, seed=1)
    assert drawn.shape == (5, len(z), 2)
    np.testing.assert_array_equal(drawn, models.sample(model, z, 2, 5, seed=1))
    changed = np.concatenate([z[:, :2], 9 + z[:, 2:]], axis=1)
    np.testing.assert_array_equal(drawn, models.sample(model, changed, 2, 5, seed=1))
    assert np.abs(drawn[0] - drawn[1]).max() > 0.01
    assert np.abs(drawn - models.sample(model, z, 2, 5, seed=2)).max() > 0.01
    np.testing.assert_allclose(
        models.decoded(model, z, 2, draws=5, seed=1), drawn.mean(axis=0), atol=1e-12
    )
    with pytest.raises(EaeSindyError, match="k = 4 of 3 codes"):
        models.sample(model, z, 4, 1)
    with pytest.raises(EaeSindyError, match=r"shape \(3, 5\), the model is of \[n, 2\]"):
        models.codes(model, np.zeros((3, 5)))


def test_scores_are_distances_less_half_the_spread(small):
    found, model = small
    near, apart = models.distances(model, found.test, 1.0, pairs=4)
    np.testing.assert_array_equal(
        models.scores(model, found.test, 1.0, pairs=4), near - 0.5 * apart
    )
    z = models.codes(model, found.test)
    drawn = models.sample(model, z, 1, 200, seed=5)
    expected = np.linalg.norm(drawn - found.test, axis=2).mean()
    assert near[1].mean() == pytest.approx(expected, rel=0.03)
    expected = np.linalg.norm(drawn[:100] - drawn[100:], axis=2).mean()
    assert apart[1].mean() == pytest.approx(expected, rel=0.03)


def test_a_training_that_diverges_says_so():
    x = rng(9).normal(size=(200, 2))
    with pytest.raises(EaeSindyError, match=r"diverged before epoch .* --learning-rate"):
        finish(models.train_on(x, TINY.but(learning_rate=1e30, steps=200)))


# ---- Rows


@pytest.mark.parametrize("name", CURVES)
def test_planted_sets_lie_on_surfaces_of_their_dimension(name):
    rows, latents = planted.make(name, 2000, 3)
    np.testing.assert_array_equal(rows, planted.make(name, 2000, 3).rows)
    assert np.abs(rows - planted.make(name, 2000, 4).rows).max() > 0.1
    surface = latents - (name == "circle")
    near = np.argsort(np.linalg.norm(rows - rows[0], axis=1))[: 12 * surface]
    sizes = np.linalg.svd(rows[near] - rows[near].mean(0), compute_uv=False)
    assert sizes[surface] < 0.25 * sizes[surface - 1]
    assert closure.closed(rows, surface) == (name == "circle")


def test_an_unknown_set_is_refused():
    with pytest.raises(EaeSindyError, match="unknown set 'ball': choose from parabola, circle"):
        planted.make("ball", 10)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (lambda x: np.where(np.arange(300)[:, None] == 5, np.nan, x), "1 row of 300 hold NaN"),
        (lambda x: np.hstack([x, np.full((300, 1), 4.0)]), "column 4 never changes"),
        (lambda x: np.concatenate([x[:150], x[:150]]), "150 of 300 rows .* leave out the dupl"),
        (lambda x: x[:4], "2 rows to train on are too few for 3 columns"),
        (lambda x: x[:, 0], "give an array"),
        (lambda x: np.ones((300, 3)), "all rows are the same"),
    ],
)
def test_rows_of_which_no_law_can_be_learnt_are_refused(rows, said):
    with pytest.raises(EaeSindyError, match=said) as caught:
        samples.of_rows(rows(rng(10).normal(size=(300, 3))), DpaFit())
    assert "\n" not in str(caught.value)


def test_heavy_tails_ask_for_a_smaller_power():
    cauchy = rng(11).standard_cauchy((3000, 2))
    with pytest.raises(EaeSindyError, match=r"heavy tails \(index 1.*take --beta 0\.[45] or less"):
        samples.of_rows(cauchy, DpaFit())
    assert len(samples.of_rows(cauchy, DpaFit(beta=0.5)).train) == 2400
    for seed in range(5):
        for light in (rng(seed).normal(size=(2000, 4)), rng(seed).exponential(size=(2000, 2))):
            samples.of_rows(light, DpaFit(beta=2.0))


def test_the_tail_index_is_that_of_the_law():
    for index in (0.8, 1.5, 3.0):
        far = sphere(20_000, 3) * rng(12).random((20_000, 1)) ** (-1 / index)
        assert samples.tail_index(far) == pytest.approx(index, rel=0.12)


def test_rows_are_split_once_and_none_is_lost():
    x = rng(13).normal(size=(500, 2))
    found = samples.of_rows(x, DpaFit(test=0.3))
    assert found.train.shape == (350, 2)
    both = np.concatenate([found.train, found.test])
    np.testing.assert_array_equal(both[np.lexsort(both.T)], x[np.lexsort(x.T)])
    assert found.digest() != samples.of_rows(x, DpaFit(test=0.3, seed=1)).digest()


def frames(n=200, mask=None, end=20.0):
    """A wave on 6 × 8 points, which has two POD modes."""
    time = np.linspace(0, end, n)
    x = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    field = (3 + np.cos(x - time[:, None])).reshape(n, 6, 8)
    return Snapshots(time, field.astype(np.float32), mask=mask)


def test_frames_are_seen_in_their_pod_coordinates_and_come_back():
    mask = np.ones((6, 8), bool)
    mask[0, 0] = False
    found = samples.of_snapshots(frames(mask=mask), TINY)
    assert found.train.shape[1] == found.pod.rank == 2
    model = found.begin(TINY)
    back = model.frames(found.test)
    assert np.isnan(back[:, 0, 0]).all()
    assert np.nanmin(back) == pytest.approx(2, abs=0.01)
    assert np.nanmax(back) == pytest.approx(4, abs=0.01)
    late = samples.of_snapshots(frames(), TINY, after=15.0)
    assert len(late.train) + len(late.test) == 50
    with pytest.raises(EaeSindyError, match="no frame is later than 30: the last one is at 20"):
        samples.of_snapshots(frames(), TINY, after=30.0)


def test_a_model_of_frames_keeps_their_basis_in_its_file(tmp_path):
    known = replace(frames(), attributes={"system": "wave", "channel_axis": 0, "grid": 8})
    found = samples.of_snapshots(known, TINY)
    assert found.attributes == {"system": "wave", "channel_axis": 0}
    model = found.begin(TINY)
    model.save(tmp_path / "m.h5")
    back = DistributionalModel.open(tmp_path / "m.h5")
    np.testing.assert_array_equal(back.frames(found.test), model.frames(found.test))
    assert back.shape == (6, 8)


# ---- Neighbours, permutations, closed surfaces


def test_planes_through_neighbours_predict_what_is_linear_exactly():
    z, wanted = rng(14).normal(size=(200, 2)), 0.5 * rng(15).normal(size=(50, 2))
    slope = np.array([[1.0, -2], [30, 4]])
    made = neighbours.predict(z * [1, 100], z @ slope + 1, wanted * [1, 100], 10)
    np.testing.assert_allclose(made, wanted @ slope + 1, atol=1e-4)
    noise = neighbours.predict(z, rng(16).normal(size=(200, 1)), wanted, 10)
    assert noise.std() < 1.0


def test_permutations_stay_in_groups_of_rows_that_are_near():
    z = rng(17).normal(size=(230, 2))
    labels = neighbours.groups(z, 10)
    sizes = np.bincount(labels)
    assert sizes.min() >= 10
    assert sizes.max() < 20
    within = np.mean([z[labels == g].var(axis=0).sum() for g in range(len(sizes))])
    assert within < 0.2 * z.var(axis=0).sum()
    order = neighbours.permuted(labels, rng(18))
    assert sorted(order) == list(range(230))
    np.testing.assert_array_equal(labels[order], labels)
    assert np.mean(order == np.arange(230)) < 0.2


def test_a_test_of_independence_holds_its_level_and_sees_dependence():
    few, draw = Knee(permutations=19, rows=60), rng(19)
    p, dependent = [], []
    for _ in range(100):
        given = draw.normal(size=(60, 1))
        labels = neighbours.groups(given, 10)
        rest, latent = draw.normal(size=(60, 2)), draw.normal(size=(60, 1))
        p.append(dimension.independence(rest, latent, labels, few, draw))
        linked = latent**2 + 0.3 * rest
        dependent.append(dimension.independence(linked, latent, labels, few, draw))
    assert 0.4 < np.mean(p) < 0.65
    assert np.mean(np.array(p) <= 0.1) < 0.2
    assert np.mean(dependent) < 0.1


def test_the_energy_distance_is_unbiased_and_that_of_its_definition():
    draw = rng(20)
    a, b = draw.normal(size=(2, 300, 8, 2))
    both = np.concatenate([a, b + 0.0], axis=1)
    apart = np.linalg.norm(both[:, :, None] - both[:, None], axis=3)
    signs = np.broadcast_to(np.repeat([1.0, -1.0], 8), (300, 16))
    cross = apart[:, :8, 8:].mean()
    own = (apart[:, :8, :8].sum() + apart[:, 8:, 8:].sum()) / (300 * 8 * 7)
    assert dimension.energy(apart, signs) == pytest.approx(2 * cross - own)
    assert abs(dimension.energy(apart, signs)) < 0.03
    moved = np.concatenate([a, b + 1.0], axis=1)
    far = np.linalg.norm(moved[:, :, None] - moved[:, None], axis=3)
    assert dimension.energy(far, signs) > 0.3


def sphere(n, size, seed=0):
    x = rng(seed).normal(size=(n, size))
    return x / np.linalg.norm(x, axis=1)[:, None]


def test_closed_curves_and_surfaces_are_told_from_those_with_an_edge():
    a, b = rng(21).uniform(0, 2 * np.pi, (2, 2000))
    torus = np.stack([np.cos(a), np.sin(a), 0.7 * np.cos(b), 0.7 * np.sin(b)], axis=1)
    assert closure.closed(torus, 2)
    assert closure.closed(sphere(2000, 3), 2)
    cap = sphere(4000, 3)
    assert not closure.closed(cap[cap[:, 2] > -0.6], 2)
    arc = planted.circle(2000, rng(22))
    assert closure.closed(arc, 1)
    assert not closure.closed(arc[arc[:, 0] > -0.98], 1)
    # A circle that lies in space is no surface, and noise is neither.
    assert not closure.closed(np.hstack([arc, 0.5 * arc[:, :1] ** 2]), 2)
    assert not closure.closed(rng(23).normal(size=(2000, 4)), 2)


def test_noise_about_a_curve_opens_and_closes_nothing():
    for seed in range(3):
        noise = 0.01 * rng(seed).normal(size=(4000, 2))
        assert closure.closed(planted.circle(4000, rng(seed)) + noise, 1)
        assert not closure.closed(planted.parabola(4000, rng(seed)) + noise, 1)


def test_a_half_space_is_known_on_average():
    x = sphere(400_000, 3)
    assert np.abs(x[:, 0]).mean() == pytest.approx(closure.half_space(3), abs=0.002)
    assert closure.half_space(1) == pytest.approx(1)
    assert closure.half_space(2) == pytest.approx(2 / np.pi)


# ---- The knee


def curve_of(ratios, spread=0.0):
    """A curve of scores with these means over a thousand rows."""
    noise = spread * rng(24).normal(size=(len(ratios), 1000))
    return dimension.curve(np.array(ratios)[:, None] + noise - noise.mean(1, keepdims=True), KNEE)


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ((1, 0.004, 0.003, 0.003), 1),
        ((1, 0.479, 0.007, 0.006), 2),
        ((1, 0.302, 0.020, 0.007), 2),
        ((1, 0.102, 0.028, 0.028), 2),
        ((1, 0.507, 0.196, 0.014, 0.014), 3),
    ],
)
def test_a_knee_is_where_further_latents_add_nothing(ratios, expected):
    found = curve_of(ratios)
    assert found.clean
    assert found.dimension == expected
    np.testing.assert_allclose(found.ratios, ratios, atol=1e-12)


@pytest.mark.parametrize(
    ("ratios", "doubt"),
    [
        ((1, 0.9, 0.8, 0.7), "each of the 3 latents still lowers the score"),
        ((1, 0.99, 0.98, 0.98), "no latent lowers the score"),
        ((1, 0.6, 0.6, 0.6), "1 latents leave 0.60"),
        ((1, 0.3, 0.2, 0.12, 0.08), "falls gradually"),
    ],
)
def test_without_a_knee_it_is_said_why(ratios, doubt):
    found = curve_of(ratios)
    assert not found.clean
    assert doubt in found.doubt


def test_a_knee_that_hangs_on_the_rows_is_none():
    found = curve_of((1, 0.3, 0.052, 0.004), spread=1.0)
    assert "of the bootstrap replicates" in found.doubt
    assert found.band[1, 2] - found.band[0, 2] > 0.05
    np.testing.assert_array_equal(found.band[:, 0], 1)


# ---- Judging, words, figures and commands


def made_up(**changes):
    """A dimension of which every number is known."""
    c = curve_of((1, 0.3, 0.01, 0.008))
    model = SimpleNamespace(settings=DpaFit(latents=3), attributes={"version": "1"})
    surplus = [dimension.Surplus(3, 0.97, 2e-4, 0.4, 3e-4, 0.3)]
    found = dimension.Dimension(
        model, KNEE, c, False, None, surplus, np.array([1.01, 0.98, 0.9, 0.8]),
        np.array([1, 0.4, 0.01, 0.01]), curve_of((1, 0.7, 0.5, 0.0)), np.ones(4), [0.2],
    )  # fmt: skip
    return replace(found, **changes)


def levels(found):
    return {v.code: v.level for v in report.verdicts(found)}


def test_verdicts_turn_with_the_numbers():
    found = made_up()
    assert set(levels(found).values()) == {"good"}
    assert found.recommended == 2
    assert report.choice(found).startswith("2: with 2 the energy score is 0.010")
    (one,) = found.surplus
    for code, changed in (
        ("surplus-explained", {"explained": 0.94}),
        ("surplus-independent", {"independent": 0.04}),
        ("surplus-laws", {"same": 0.04}),
    ):
        bad = levels(made_up(surplus=[replace(one, **changed)]))
        assert [c for c, level in bad.items() if level != "good"] == [code]
    for code, name in (("surplus-independent", "gained"), ("surplus-laws", "moved")):
        assert levels(made_up(surplus=[replace(one, **{name: 0.06})]))[code] == "bad"
    off = made_up(calibration=np.array([1.0, 1.06, 0.9, 0.8]))
    assert levels(off)["calibration"] == "caution"
    assert "1.060 with 1 latent" in report.calibration(off).text
    assert "no clean knee (each of the 3 latents" in report.verdicts(found)[-1].text
    easy = made_up(control=curve_of((1, 0.5, 0.01, 0.0)))
    assert report.verdicts(easy)[-1].text.endswith("they need 2")


def test_a_closed_surface_needs_one_more_and_says_so():
    found = made_up(closed=True, surplus=[])
    assert found.recommended == 3
    assert "a code of 2 must jump somewhere, and a continuous one needs 3" in report.choice(found)
    none = made_up(curve=curve_of((1, 0.3, 0.2, 0.12)))
    assert none.recommended is None
    assert report.choice(none).startswith("no clean knee: ")
    assert report.summary(none)["recommended"] is None
    assert set(levels(none)) == {"dimension", "calibration", "linear-control"}


def test_a_kind_of_dynamics_asks_for_so_many_continuous_latents():
    for name, latents in (("chaotic", 3), ("quasi-periodic", 3), ("limit cycle", 2), ("noise", 2)):
        found = made_up(kind=Kind(name, "made up"))
        assert found.recommended == latents
        assert ("must jump" in report.choice(found)) == (latents == 3)
    one = made_up(curve=curve_of((1, 0.01, 0.01, 0.01)), kind=Kind("limit cycle", "made up"))
    assert one.recommended == 2
    assert "of the kind 'limit cycle', which takes a flow of at least 2" in report.choice(one)
    # Where rows close up that is reason enough, and is not said twice.
    assert "of the kind" not in report.choice(replace(one, closed=True))
    none = made_up(curve=curve_of((1, 0.3, 0.2, 0.12)), kind=Kind("chaotic", "made up"))
    assert none.recommended is None


@pytest.mark.parametrize(
    ("columns", "latents", "said"),
    [(5, 3, ""), (5, 2, "the model has 2: raise --latents"), (2, 4, "2 columns: make --delays")],
)
def test_dynamics_that_take_more_latents_than_there_are_have_no_clean_knee(
    small, monkeypatch, columns, latents, said
):
    found, model = small
    x = rng(40).normal(size=(500, columns))
    one = samples.of_rows(x, TINY, kind=Kind("chaotic", "made up"))
    model = SimpleNamespace(settings=TINY.but(latents=latents))
    assert dimension._lack(3, model, one).endswith(said)
    assert bool(said) == bool(dimension._lack(3, model, one))
    # All the way through: a knee at one of two latents, and chaos that takes three.
    found, model = (
        samples.of_rows(x[:, :2], TINY),
        finish(models.train_on(x[:, :2], TINY.but(latents=2))),
    )
    knee = curve_of((1, 0.01, 0.01))
    monkeypatch.setattr(dimension, "curve", lambda *_: knee)
    result = finish(dimension.judge(model, replace(found, kind=Kind("chaotic", "made up")), FEW))
    assert result.recommended is None
    assert "3 continuous latents, and the rows have 2 columns" in report.choice(result)
    assert report.summary(result)["recommended"] is None
    assert report.lines(result)


def test_a_decay_has_no_heavy_tails_and_draws_in_a_file_may_have_them():
    t = np.linspace(0, 20, 3000)
    spiral = np.exp(-3 * t)[:, None] * np.stack([np.cos(3 * t), np.sin(3 * t)], axis=1)
    label = np.zeros(3000, int)
    assert samples.tail_index(spiral) < 1
    assert samples.follow(spiral, label)
    assert len(samples.of_snapshots(Snapshots(t, spiral, None), TINY).train) == 2400
    cauchy = rng(41).standard_cauchy((3000, 2))
    assert not samples.follow(cauchy, label)
    with pytest.raises(EaeSindyError, match="heavy tails"):
        samples.of_snapshots(Snapshots(t, cauchy, None), TINY)
    # Frames of different trajectories do not follow from each other.
    assert not samples.follow(spiral, np.arange(3000))


def test_frames_say_what_kind_of_dynamics_they_show():
    assert (
        samples.of_snapshots(frames(800, end=80.0), TINY).kind.name == "limit cycle or conservative"
    )
    assert samples.of_set("parabola", 400, TINY).kind is None


def test_a_dimension_is_judged_written_and_drawn(small, tmp_path):
    found, model = small
    result = finish(dimension.judge(model, found, FEW))
    assert len(result.surplus) == 3 - result.latents
    path = report.write(result, tmp_path)
    assert path.name == "dimension.json"
    text = "\n".join(report.lines(result))
    assert "control: principal components" in text
    assert "untrained" in text
    figure = of_distributional.dimension(result)
    assert len(figure.axes) == 3
    assert len(of_distributional.dimension(made_up(surplus=[])).axes) == 3


def test_how_far_laws_move_does_not_depend_on_what_a_test_resolves(small):
    found, model = small
    codes = models.codes(model, found.test[:50])
    moved, same = zip(
        *(
            dimension.laws(model, codes, (0, 3), FEW.but(resolution=by), rng(43))
            for by in (0.001, 1.0)
        ),
        strict=True,
    )
    assert moved[0] == moved[1] > 0
    assert same[0] <= same[1]


def test_networks_that_learnt_nothing_recommend_nothing(small):
    found, model = small
    result = finish(dimension.judge(models.untrained(model), found, FEW))
    assert result.latents == 0
    assert result.recommended is None
    assert "no latent lowers the score" in report.choice(result)
    assert [s.explained for s in result.surplus] == [0, 0, 0]
    assert max(s.gained for s in result.surplus) > 0.5  # each says of a row where it is


def test_the_commands_hand_their_files_on(tmp_path):
    run, few = CliRunner(), ["--steps", "40", "--hidden", "8", "--latents", "2", "--rows", "200"]
    folder = tmp_path / "d"
    done = run.invoke(main, ["dpa", "dimension", "parabola", *few, "--plot", "-o", str(folder)])
    assert done.exit_code == 0, done.output
    assert sorted(p.name for p in folder.iterdir()) == [
        "dimension.json", "dimension.pdf", "dimension.png", "model.h5"
    ]  # fmt: skip
    again = run.invoke(main, ["dpa", "dimension", "parabola", *few, "-o", str(folder)])
    assert again.exit_code == 1
    assert "add --force" in again.output
    kept = run.invoke(main, ["dpa", "dimension", "parabola", *few, "-o", str(folder), "--resume"])
    assert "model.h5 is finished, and is kept" in kept.output
    model = tmp_path / "m.h5"
    done = run.invoke(main, ["dpa", "fit", "parabola", *few, "-o", str(model)])
    assert done.exit_code == 0, done.output
    drawn = tmp_path / "s"
    done = run.invoke(
        main, ["dpa", "sample", str(model), "parabola", "-k", "1", "--plot", "-o", str(drawn)]
    )
    assert done.exit_code == 0, done.output
    with np.load(drawn / "sample.npz") as held:
        assert held["draws"].shape == (100, 4, 2)
        np.testing.assert_allclose(held["mean"], held["draws"].mean(axis=0))
    bad = run.invoke(main, ["dpa", "fit", "nothing.h5", "-o", str(tmp_path / "x.h5")])
    assert bad.exit_code == 1
    assert bad.output.count("\n") == 1


def test_frames_are_sampled_as_frames(tmp_path):
    run, path = CliRunner(), tmp_path / "wave.h5"
    frames().save(path)
    few = ["--steps", "40", "--hidden", "8", "--latents", "2"]
    model, drawn = tmp_path / "m.h5", tmp_path / "s"
    done = run.invoke(main, ["dpa", "fit", str(path), *few, "-o", str(model)])
    assert done.exit_code == 0, done.output
    done = run.invoke(main, ["dpa", "sample", str(model), str(path), "--plot", "-o", str(drawn)])
    assert done.exit_code == 0, done.output
    with np.load(drawn / "sample.npz") as held:
        assert held["draws"].shape == (100, 4, 6, 8)
        np.testing.assert_array_equal(held["given"][0], frames().field[0])
    assert "its laws are not theirs" not in done.output
    other = tmp_path / "other.h5"
    Snapshots(np.arange(20.0), np.ones((20, 6, 8)) + rng(42).random((20, 1, 1)), None).save(other)
    done = run.invoke(main, ["dpa", "sample", str(model), str(other), "-o", str(tmp_path / "o")])
    assert done.exit_code == 0, done.output
    assert "its laws are not theirs" in done.output


def test_settings_that_mean_nothing_are_refused():
    for name, value in (("beta", 2.5), ("test", 1.0), ("hidden", (0,)), ("latents", 0)):
        with pytest.raises(EaeSindyError, match=f"--{name}"):
            DpaFit().but(**{name: value})
    with pytest.raises(EaeSindyError, match="gain is a share"):
        Knee(gain=1.5)


# ---- A fit that asks how many latents it needs


def test_the_number_of_latents_is_that_of_the_training_frames_or_of_the_settings():
    fit = recipe("paper-quick").but(rank=4, train=0.8, latents=3)
    chosen = finish(choice.latents_of(frames(), fit, TINY, FEW))
    rows = round(0.8 * np.count_nonzero(split.of_fit(frames(), fit) != split.TEST))
    assert len(chosen.found.model.origin) == 2  # modes of the wave
    assert chosen.found.model.attributes["data fingerprint"] == samples.of_fit(
        frames(), split.of_fit(frames(), fit), TINY
    ).digest()  # fmt: skip
    assert rows == np.count_nonzero(split.of_fit(frames(), fit) == split.TRAIN)
    assert chosen.clean == chosen.found.curve.clean
    assert chosen.latents == (chosen.found.latents if chosen.clean else 3)


def choosing(monkeypatch, ratios):
    """Let a fit find this curve."""
    found = made_up(curve=curve_of(ratios))

    def chosen(snapshots, settings, **_):
        yield from ()
        return choice.Choice(found.recommended or settings.latents, found)

    monkeypatch.setattr(choice, "latents_of", chosen)


def test_a_fit_says_how_many_latents_it_took_and_why(tmp_path, monkeypatch):
    choosing(monkeypatch, (1, 0.01, 0.01, 0.01))
    path, output = tmp_path / "wave.h5", tmp_path / "e.h5"
    frames().save(path)
    few = ["--recipe", "paper-quick", "--updates", "2", "--encoders", "5", "--draws", "5",
           "--hidden", "4", "--degree", "1", "--latents", "auto", "-o", str(output)]  # fmt: skip
    done = CliRunner().invoke(main, ["fit", str(path), *few])
    assert done.exit_code == 0, done.output
    assert Ensemble.open(output).settings.latents == 1
    assert ", 1 latents in" in done.output
    assert "latents: 1: with 1 the energy score is 0.010 of that of none" in done.output
    again = CliRunner().invoke(main, ["fit", str(path), *few, "--resume"])
    assert "latents: 1, as this fit was begun" in again.output
    assert "nothing to resume" in again.output


def test_without_a_knee_a_fit_takes_what_its_recipe_has_and_says_so(tmp_path, monkeypatch, capsys):
    choosing(monkeypatch, (1, 0.3, 0.2, 0.12, 0.08))
    fit = recipe("paper-quick").but(latents=3)
    where = tmp_path / "e.h5"
    found = _chosen(frames(), fit, "auto", where, Segments(where), False)
    assert found == 3
    said = capsys.readouterr().out
    assert "latents: no clean knee: the score falls gradually" in said
    assert ": 3 are taken, as the recipe has it" in said


def test_frames_that_cannot_tell_leave_the_recipes_number(tmp_path, capsys):
    fit, where = recipe("paper-quick").but(latents=3), tmp_path / "e.h5"
    where.write_text("an old file, which --force replaces")
    t = np.linspace(0, 40, 800)
    twice = np.round(np.stack([np.cos(t), np.sin(t)], axis=1), 1)
    found = _chosen(Snapshots(t, twice, None), fit, "auto", where, Segments(where), False)
    assert found == 3
    said = capsys.readouterr().out
    assert "rows repeat another" in said
    assert said.endswith("): 3 are taken, as the recipe has it\n")


# ---- Planted dimensions, in full


@pytest.mark.slow  # each a whole training, more than a minute
@pytest.mark.parametrize("name", ["circle", "s-curve", "surface"])
def test_planted_dimensions_are_found_and_surplus_latents_are_functions(name):
    found = samples.of_set(name, 20_000, DpaFit())
    result = finish(dimension.estimate(found, DpaFit()))
    assert result.recommended == planted.make(name, 10).dimension
    assert min(s.explained for s in result.surplus) >= 0.95
    shown = result.spread > 0.1
    np.testing.assert_allclose(result.calibration[shown], 1, atol=0.05)
