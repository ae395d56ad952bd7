"""Models of images: networks, losses, training to the bit, what is measured, and the commands."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from PIL import Image

from eae_sindy.ensemble.chain import Chain
from eae_sindy.ensemble.image_model import ImageModel
from eae_sindy.ensemble.segments import Segments
from eae_sindy.errors import EaeSindyError
from eae_sindy.images import comparison, measured
from eae_sindy.images.contract import Images, flat
from eae_sindy.images.generation import generate
from eae_sindy.images.sources import choice
from eae_sindy.images.sources.folder import jpegs
from eae_sindy.neural import image_models
from eae_sindy.neural.entropic.compiled import Loop
from eae_sindy.neural.entropic.problem import SCARCE, Problem, _drawn
from eae_sindy.neural.keys import key
from eae_sindy.neural.networks import convolutional
from eae_sindy.neural.objectives.data import Data, numbers, same
from eae_sindy.neural.objectives.plain import Plain
from eae_sindy.neural.objectives.variational import Variational
from eae_sindy.neural.samplers import choice as samplers
from eae_sindy.progress import finish
from eae_sindy.recipes import IMAGE_RECIPES, ImageFit, image_recipe
from eae_sindy.report import images as report
from eae_sindy_cli.images import _announced, _expected
from eae_sindy_cli.main import main

RNG = np.random.default_rng(0)
TINY = image_recipe("digits").but(
    latents=3, hidden=(8,), decoder_hidden=(8,), chain_length=3, updates=3, encoders=20, draws=20,
    every=5, vae_epochs=2, ae_epochs=3,
)  # fmt: skip
GIVEN = (
    *("--latents", "3", "--hidden", "8", "--decoder-hidden", "8", "--chain-length", "3"),
    *("--updates", "3", "--encoders", "20", "--draws", "20", "--every", "5"),
    *("--vae-epochs", "2", "--ae-epochs", "3"),
)


@pytest.fixture(scope="module")
def digits():
    return choice.read("digits", None, 0)


@pytest.fixture(scope="module")
def trained(digits):
    return {kind: finish(comparison.train(kind, digits, TINY)) for kind in ("eae", "vae", "ae")}


# ---- Networks and losses


def test_convolutions_have_the_shapes_of_the_paper():
    encoder, decoder = convolutional.encoder((64, 64, 3)), convolutional.decoder((64, 64, 3))
    weights = encoder.init((32, 64, 128, 256, 256), RNG), decoder.init(256, RNG)
    assert [w.shape for w in weights[0][::2]] == [
        *((4, 4, 3, 32), (4, 4, 32, 64), (4, 4, 64, 128), (4, 4, 128, 256), (4 * 4 * 256, 256))
    ]  # fmt: skip
    assert [w.shape for w in weights[1][::2]] == [
        *((256, 1024), (4, 4, 64, 64), (4, 4, 32, 64), (4, 4, 3, 32))
    ]  # fmt: skip
    x = RNG.random((2, 64 * 64 * 3), dtype=np.float32)
    z = encoder.apply(weights[0], tf.constant(x))
    assert z.shape == (2, 256)
    assert decoder.apply(weights[1], z).shape == x.shape
    with pytest.raises(EaeSindyError, match="64 x 64, not of 48 x 48"):
        convolutional.decoder((48, 48, 3))


def test_a_convolution_is_applied_to_images_and_not_to_rows():
    """A kernel that takes one corner of its window makes of an image its own pixels."""
    encoder = convolutional.encoder((4, 4, 1))
    kernel = np.zeros((4, 4, 1, 1), np.float32)
    kernel[1, 1] = 1  # "same" padding of one at the top and the left
    last = np.eye(4, dtype=np.float32)
    x = 1 + np.arange(16, dtype=np.float32)[None]
    zero = [np.zeros(n, np.float32) for n in (1, 4)]
    found = encoder.apply((kernel, zero[0], last, zero[1]), tf.constant(x))
    np.testing.assert_array_equal(found, [[1, 3, 9, 11]])
    x_rate = RNG.random((1, 16), dtype=np.float32)
    y, rate = encoder.tangent((kernel, zero[0], last, zero[1]), tf.constant(x), x_rate)
    np.testing.assert_array_equal(y, found)
    np.testing.assert_allclose(rate, x_rate[:, [0, 2, 8, 10]], rtol=1e-6)


def test_the_evidence_bound_of_pixels_is_their_cross_entropy():
    nets = image_models.Networks(TINY, (2, 2))
    loss = nets.objective("vae")
    assert isinstance(loss, Variational)
    encoder = (np.zeros((4, 6), np.float32), np.zeros(6, np.float32))  # the prior
    logits = np.array([0.5, -1.0, 2.0, 0.0], np.float32)
    decoder = (np.zeros((3, 4), np.float32), logits)
    x = np.array([[0.0, 0.25, 1.0, 0.5]], np.float32)
    data = same(tf.constant(x))
    p = 1 / (1 + np.exp(-logits))
    expected = -np.sum(x * np.log(p) + (1 - x) * np.log(1 - p))
    assert float(loss((encoder, decoder), data, key(0, 0))) == pytest.approx(expected, rel=1e-5)
    assert loss.nothing(data) == pytest.approx(4 * np.log(2), rel=1e-5)
    # One unit away from the prior costs its divergence.
    shifted = (encoder[0], np.array([2.0, 0, 0, 0, 0, 0], np.float32))
    assert float(loss((shifted, decoder), data, key(0, 0))) == pytest.approx(expected + 2, rel=1e-5)


def test_the_loss_of_pixels_is_a_mean_over_them():
    loss = image_models.Networks(TINY, (2, 2)).objective("ae")
    assert isinstance(loss, Plain)
    encoder = (np.zeros((4, 3), np.float32), np.zeros(3, np.float32))
    decoder = (np.zeros((3, 4), np.float32), np.ones(4, np.float32))
    data = same(tf.constant([[0.0, 1.0, 1.0, 0.5]]))
    assert float(loss((encoder, decoder), data, key(0, 0))) == pytest.approx(1.25 / 4)
    assert loss.nothing(data) == pytest.approx(2.25 / 4)


def test_bytes_are_pixels_over_255():
    data = numbers(
        Data(*(tf.constant([[0, 51, 255]], tf.uint8),) * 2, *(tf.constant([[0.5]]),) * 2)
    )
    np.testing.assert_allclose(data.inputs, [[0, 0.2, 1]])
    np.testing.assert_allclose(data.targets, [[0.5]])


def test_minibatches_of_very_many_images_are_drawn_without_sorting():
    for frames in (50, SCARCE * 8 + 1):
        drawn = [_drawn(frames, 8, key(k, 0)).numpy() for k in range(200)]
        counts = np.bincount(np.concatenate(drawn), minlength=frames)
        assert len(counts) == frames
        mean = 1600 / frames
        assert abs(counts[: frames // 2].mean() - mean) < 0.1 * mean
        assert not np.array_equal(drawn[0], drawn[1])
    few = np.stack([_drawn(50, 8, key(k, 0)).numpy() for k in range(100)])
    assert all(len(set(row)) == 8 for row in few)


# ---- Training


def test_a_record_has_the_square_of_the_whole_gradient(digits):
    networks, s = image_models.Networks(TINY, (8, 8)), TINY.sampled()
    first = networks.draw(np.random.default_rng(1))
    encoder, decoder = (tuple(map(tf.constant, net)) for net in first)
    thermostat, sampler = samplers.choose(s)
    problem = Problem(networks.objective("eae"), same(tf.constant(flat(digits.train[:50]))))
    loop = Loop(problem, sampler, thermostat)
    state = loop.init(encoder, decoder, 0, s.temperature)
    state, record, _ = loop.update(state, decoder, 0, s.temperature, 3)
    squares = [float(np.sum(g.numpy().astype(float) ** 2)) for g in state.gradient]
    assert min(squares) > 0
    assert float(record.gradient_square[-1]) == pytest.approx(sum(squares), rel=1e-5)


def test_a_chain_keeps_one_of_so_many_draws(trained):
    model = trained["eae"]
    (chain,) = model.chains
    assert len(model) == 4
    assert list(np.diff(chain.step)) == [5, 5, 5]
    assert chain.step[-1] == 3 * 20 + 20
    assert chain.encoder[0].shape == (4, 64, 8)
    for series in (chain.training, chain.training_spread, chain.validation):
        assert series.shape == (3,)
    assert (chain.training_spread > 0).all()
    assert chain.training[-1] < chain.training[0]
    assert chain.validation[-1] == pytest.approx(chain.training[-1], rel=0.3)


def test_a_training_that_was_interrupted_ends_with_the_same_bits(tmp_path, digits, trained):
    for stop in (2, 4):
        segments = Segments(tmp_path / f"{stop}.h5", every=0.0, spacing=TINY.every)
        steps = comparison.train("eae", digits, TINY, segments=segments)
        for _ in range(stop):
            next(steps)
        steps.close()
        again = finish(comparison.train("eae", digits, TINY, segments=segments))
        for a, b in zip(again.chains[0].encoder, trained["eae"].chains[0].encoder, strict=True):
            np.testing.assert_array_equal(a, b)
        for name in ("step", "training", "training_spread", "validation", "loss"):
            np.testing.assert_array_equal(
                getattr(again.chains[0], name), getattr(trained["eae"].chains[0], name)
            )
        assert np.isnan(again.attributes["seconds"])
    with pytest.raises(EaeSindyError, match="begun otherwise"):
        finish(comparison.train("eae", digits, TINY.but(seed=1), segments=segments))


def test_a_chain_can_begin_as_an_autoencoder(tmp_path, digits, trained):
    """What Adam finds in so many epochs is where encoders begin, and the decoder."""
    warm = TINY.but(start_epochs=10, updates=1)
    steps = comparison.train("eae", digits, warm)
    told = []
    try:
        while True:
            told.append(next(steps))
    except StopIteration as end:
        model = end.value
    assert [s.done for s in told if s.stage == "starting"] == [2, 4, 6, 8, 10]
    assert {s.total for s in told} == {10 + 2}
    assert told[-1].done == 12
    cold = trained["eae"].chains[0]
    ae = finish(comparison.train("ae", digits, TINY.but(ae_epochs=10)))
    assert model.chains[0].training[0] < 0.5 * cold.training[0]
    assert model.chains[0].training[0] == pytest.approx(ae.chains[0].loss[0], rel=0.2)
    segments = Segments(tmp_path / "a.h5", every=0.0, spacing=TINY.every)
    steps = comparison.train("eae", digits, warm, segments=segments)
    while next(steps).stage == "starting":
        pass
    steps.close()
    again = comparison.train("eae", digits, warm, segments=segments)
    assert next(again).stage != "starting"  # what is begun is not begun again
    for a, b in zip(finish(again).chains[0].encoder, model.chains[0].encoder, strict=True):
        np.testing.assert_array_equal(a, b)


def test_settings_that_cannot_be_leave_nothing_behind(tmp_path, digits):
    segments = Segments(tmp_path / "a.h5", every=0.0)
    for wrong in ({"activation": "foo"}, {"mass": (1.0, 1.0, 1.0)}):
        with pytest.raises(EaeSindyError):
            finish(comparison.train("eae", digits, TINY.but(**wrong), segments=segments))
        assert not segments.folder.exists()


def test_a_convolutional_model_is_trained_on_bytes_saved_and_measured(tmp_path):
    shape = (64, 64, 3)
    parts = [RNG.integers(0, 256, (n, *shape), dtype=np.uint8) for n in (40, 6, 6)]
    images = Images("noise", *parts)
    recipe = image_recipe("celeba").but(
        latents=3, filters=(2, 2, 2, 2), chain_length=2, updates=2, encoders=3, draws=4, every=2,
        batch=4, vae_epochs=1, ae_epochs=1,
    )  # fmt: skip
    for kind, members in (("eae", 2), ("vae", 1), ("ae", 1)):
        model = finish(comparison.train(kind, images, recipe))
        model.save(tmp_path / f"{kind}.h5")
        back = ImageModel.open(tmp_path / f"{kind}.h5")
        assert (len(back), back.recipe.filters) == (members, (2, 2, 2, 2))
        found = measure(back, images)
        assert found.shown.shape == (6, *shape)
        assert 0.05 < found.error < 1
        assert found.interpolation is None


def test_models_trained_by_adam_get_better(trained):
    for kind, epochs in (("vae", 2), ("ae", 3)):
        (chain,) = trained[kind].chains
        assert len(chain.training) == len(chain.validation) == epochs
        assert chain.training[-1] < chain.training[0]
    assert trained["vae"].chains[0].encoder[-1].shape == (1, 6)


def test_a_file_gives_back_the_model(tmp_path, trained):
    for kind, model in trained.items():
        model.save(tmp_path / f"{kind}.h5")
        back = ImageModel.open(tmp_path / f"{kind}.h5")
        assert (back.kind, back.recipe, back.shape) == (kind, model.recipe, (8, 8))
        np.testing.assert_array_equal(back.chains[0].encoder[0], model.chains[0].encoder[0])
        assert back.differences(model) == []
        other = replace(model, recipe=TINY.but(latents=4))
        assert model.differences(other) == ["latents 3 there, 4 asked for"]
    # What a kind has nothing to do with makes no other model.
    for kind, changes in (("eae", {"ae_epochs": 9}), ("ae", {"temperature": 1.0}),
                          ("vae", {"updates": 9, "ae_epochs": 9})):  # fmt: skip
        model = trained[kind]
        assert not model.differences(replace(model, recipe=TINY.but(**changes)))
    assert trained["vae"].differences(replace(trained["vae"], recipe=TINY.but(vae_epochs=9)))


# ---- What is measured


def planted(kind, encoders, decoder, **changes):
    """A model whose encoders [members] and decoder are given: linear networks of 4 pixels."""
    recipe = TINY.but(latents=2, **changes)
    chain = Chain(
        encoder=tuple(np.stack(w).astype(np.float32) for w in zip(*encoders, strict=True)),
        decoder=tuple(np.asarray(w, np.float32) for w in decoder),
        loss=RNG.random(len(encoders)),
        kinetic_temperature=np.full((len(encoders), 2), recipe.temperature),
        step=np.arange(len(encoders)),
        training=np.ones(3),
        largest_stable_step=1.0,
    )
    return ImageModel(kind, recipe, (2, 2), [chain])


def measure(model, images):
    return measured.measure(model, measured.Yardstick.of(images))


def pictures(n=300):
    """Images of two classes: the first pixel is the class, the second is noise, the rest is 0.5."""
    x = np.full((n, 2, 2), 0.5, np.float32)
    y = np.arange(n) % 2
    x[:, 0, 0], x[:, 0, 1] = y, RNG.random(n)
    parts = [slice(0, n // 3), slice(n // 3, 2 * n // 3), slice(2 * n // 3, n)]
    return Images("planted", *(x[p] for p in parts), classes=tuple(y[p] for p in parts))


PICK = np.eye(4)[:, :2]  # the first two pixels
BACK = (np.eye(4)[:2], [0, 0, 0.5, 0.5])


def test_what_is_measured_is_that_of_the_test_images():
    images = pictures()
    found = measure(planted("ae", [(PICK, np.zeros(2))], BACK), images)
    assert found.error == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(found.activity, images.test[:, 0].var(axis=0), rtol=1e-4)
    np.testing.assert_allclose(found.activity_of_mean, found.activity, rtol=1e-4)
    assert (found.active, found.telling) == (2, 2)
    assert (found.linear, found.near) == (1, 1)
    assert found.separation[0] == pytest.approx(1)
    assert found.separation[1] < 0.2
    assert found.modes[0] == 2
    # Half-way between two images variances are half as large; Fréchet's distance is (σ − σ')².
    spread = images.test[:, 0].std(axis=0)
    assert found.frechet == pytest.approx(np.sum((spread * (1 - np.sqrt(0.5))) ** 2), rel=0.3)
    assert found.diagnostics is None
    # Eq. 17 between the classes, the rest at its mean.
    np.testing.assert_allclose(found.interpolation[:, 0, 0], np.linspace(0, 1, 9), atol=1e-6)
    assert found.shown.shape == (8, 2, 2)
    dull = measure(planted("ae", [(0 * PICK, np.zeros(2))], BACK), images)
    expected = np.mean(flat(images.test)[:, :2] ** 2) / 2
    assert dull.error == pytest.approx(expected, rel=1e-5)
    assert dull.active == 0
    assert dull.frechet > found.frechet


def test_a_probe_learns_from_the_classes_of_its_own_images(monkeypatch):
    monkeypatch.setattr(measured, "PROBED", 40)
    found = measure(planted("ae", [(PICK, np.zeros(2))], BACK), pictures())
    assert (found.linear, found.near) == (1, 1)


def test_a_unit_that_varies_over_members_alone_is_active_and_tells_nothing():
    still = PICK * [1, 0]
    members = [(still, [0, +1.0]), (still, [0, -1.0])]
    images = pictures()
    found = measure(planted("eae", members, BACK), images)
    assert found.activity[1] == pytest.approx(1)
    assert found.activity_of_mean[1] == pytest.approx(0, abs=1e-9)
    assert (found.active, found.telling) == (2, 1)
    # Of the mean code, and the mean over members.
    second = flat(images.test)[:, 1]
    assert found.error == pytest.approx(np.mean(second**2) / 4, rel=1e-5)
    assert found.error_of_member == pytest.approx(
        np.mean((second - 1) ** 2 + (second + 1) ** 2) / 8, rel=1e-5
    )
    said = " ".join(report.of_training(found))
    assert "2 of 2 units active, 1 by their mean code" in said


def test_a_variational_model_is_measured_by_its_means():
    wide = np.hstack([PICK, 0 * PICK])
    logits = (np.eye(4)[:2], [0, 0, 0, 0])
    model = planted("vae", [(wide, [0, 0, np.log(0.5), 0])], logits)
    images = pictures()
    found = measure(model, images)
    mean_square = np.mean(images.test[:, 0] ** 2, axis=0)
    expected = 0.5 * (mean_square + np.array([0.5 - 1 - np.log(0.5), 0]))
    np.testing.assert_allclose(found.divergence, expected, rtol=1e-5)
    np.testing.assert_allclose(found.activity, images.test[:, 0].var(axis=0), rtol=1e-4)
    made = 1 / (1 + np.exp(-flat(images.test) * [1, 1, 0, 0]))
    assert found.error == pytest.approx(np.mean((made - flat(images.test)) ** 2), rel=1e-5)


def test_codes_are_drawn_from_members_or_from_the_posterior():
    members = [(PICK, [0.1 * k, 0]) for k in range(5)]
    x = flat(pictures().test[:3])
    made = generate(planted("eae", members, BACK), x, 3)
    assert made.shape == (3, 3, 4)
    np.testing.assert_allclose(made[:, :, 0], x[:, :1] + [[0, 0.2, 0.4]], atol=1e-6)
    wide = np.hstack([PICK, 0 * PICK])
    vae = planted("vae", [(wide, [0, 0, np.log(0.25), -20])], (np.eye(4)[:2], np.zeros(4)))
    drawn = generate(vae, x, 4000, 1)
    logit = np.log(drawn / (1 - drawn))
    np.testing.assert_allclose(logit[:, :, 0].std(axis=1), 0.5, rtol=0.05)
    np.testing.assert_allclose(logit[:, :, 0].mean(axis=1), x[:, 0], atol=0.05)
    np.testing.assert_allclose(logit[:, :, 1].std(axis=1), 0, atol=1e-3)
    with pytest.raises(EaeSindyError, match="5 members"):
        generate(planted("eae", members, BACK), x, 6)
    with pytest.raises(EaeSindyError, match="one code"):
        generate(planted("ae", members[:1], BACK), x, 1)


def test_a_table_has_the_mean_and_the_spread_over_seeds():
    images = pictures()
    kept = [planted("ae", [(PICK * s, np.zeros(2))], BACK, seed=i) for i, s in enumerate((1, 0))]
    found = comparison.compared(images, kept)
    (row,) = report.table(found)
    errors = [run.error for run in found.runs["ae"]]
    assert row["MSE"] == pytest.approx((np.mean(errors), np.std(errors, ddof=1)))
    assert row["active"][0] == 1
    assert 0 < found.floor < found.blended
    assert found.linear == 1
    said = "\n".join(report.lines(found))
    assert f"{np.mean(errors):.4f} ± {np.std(errors, ddof=1):.4f}" in said
    named = replace(found, images=replace(images, name="mnist"))
    assert "AE in the paper: MSE 0.01, 53 of 64 units active; here there are 2" in "\n".join(
        report.lines(named)
    )
    summary = report.summary(found, {"command": "a line"})
    assert [r["MSE"] for r in summary["models"]["ae"]["runs"]] == pytest.approx(errors)
    assert summary["data set"]["images"] == [100, 100, 100]


def test_the_sentences_name_the_best():
    images = pictures()
    models = [
        planted("eae", [(PICK * [1, 0], [0, 0.3]), (PICK * [1, 0], [0, -0.3])], BACK),
        planted("ae", [(PICK * [0, 1], [0, 0])], BACK),
    ]
    found = comparison.compared(images, models)
    said = report.sentences(found)
    assert "EAE: 2 of 2 units are active, 1 of them by their mean code" in said[0]
    best, next_ = sorted(("EAE", "AE"), key=lambda k: found.runs[k.lower()][0].error)
    alone = f" (of one training each; the {next_} is next)"
    assert f"the least error is that of the {best}{alone}" in said
    assert any("told best from codes of the EAE" in s and "no better than" in s for s in said)
    behind = report.sentences(replace(found, linear=0.9))
    assert any("of the EAE" in s and ", better than from pixels" in s for s in behind)


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        (([1.0, 1.2], [2.0, 2.2]), "is that of the EAE"),
        (([2.0, 2.2], [1.0, 1.2]), "is that of the AE"),
        (([1.0, 2.0], [1.2, 2.2]), "of the EAE, though from the AE it differs by no more than"),
    ],
)
def test_a_difference_that_seeds_make_too_is_said_to_be_one(errors, words):
    images = pictures()
    models = [
        planted(kind, [(PICK, np.zeros(2))], BACK, seed=k) for kind in ("eae", "ae") for k in (0, 1)
    ]
    found = comparison.compared(images, models)
    runs = {
        kind: [replace(run, error=error) for run, error in zip(found.runs[kind], own, strict=True)]
        for kind, own in zip(("eae", "ae"), errors, strict=True)
    }
    said = [s for s in report.sentences(replace(found, runs=runs)) if "least error" in s]
    assert said[0].startswith("the least error")
    assert words in said[0]
    assert ("though" in said[0]) == ("though" in words)


def test_a_chain_that_is_not_in_equilibrium_says_in_which_layer():
    model = planted("eae", [(PICK, np.zeros(2))] * 200, BACK)
    t = model.recipe.temperature
    right = t * np.stack([RNG.chisquare(8, 200) / 8, RNG.chisquare(2, 200) / 2], axis=1)
    for factors, words in (
        ((1, 1), ""),
        ((1, 3), "in bias 1: not"),
        ((0.3, 1), "in kernel 1: not"),
    ):
        chain = replace(model.chains[0], kinetic_temperature=right * factors)
        found = measure(replace(model, chains=[chain]), pictures(60))
        (said,) = report.chain(found)
        assert said.startswith("200 members at T = 1e-08; kinetic temperatures of layers are ")
        assert ("not in equilibrium" in said) == bool(words)
        assert words in said


def test_units_count_from_a_hundredth_on():
    few = (PICK * [0.5, 0.3], [0, 0])  # variances 0.0625, and 0.09 / 12
    found = measure(planted("ae", [few], BACK), pictures())
    assert found.activity[1] == pytest.approx(0.0075, rel=0.25)
    assert (found.active, found.telling) == (1, 1)
    wide = (PICK * [0.5, 0.45], [0, 0])
    assert measure(planted("ae", [wide], BACK), pictures()).active == 2


def test_modes_are_counted_over_all_members():
    """A unit that is Gaussian over members, and hardly varies over images, has one mode."""
    members = [(PICK * [0, 0.05], [0, x]) for x in RNG.normal(size=400)]
    found = measure(planted("eae", members, BACK), pictures())
    assert found.modes[1] == 1


def test_images_of_one_class_have_nothing_to_tell():
    images = pictures()
    same = replace(images, classes=tuple(0 * c for c in images.classes))
    found = measure(planted("ae", [(PICK, np.zeros(2))], BACK), same)
    assert np.isnan([found.linear, found.near]).all()


# ---- Sources


def faces(folder, n=12, bad=()):
    folder.mkdir()
    for i in range(n):
        pixels = np.zeros((100, 80, 3), np.uint8)
        pixels[..., 0] = 20 * i
        pixels[:10] = 255  # above the middle square
        Image.fromarray(pixels).save(folder / f"{i:03d}.jpg", quality=95)
    for name in bad:
        (folder / name).write_bytes(b"\xff\xd8 not a picture")


def test_a_folder_of_jpegs_is_cropped_and_split_by_its_partition(tmp_path):
    faces(tmp_path / "img", 12, bad=("999.jpg",))
    lines = [f"{i:03d}.jpg {(0, 0, 1, 2)[i % 4]}" for i in range(12)]
    (tmp_path / "list_eval_partition.txt").write_text("\n".join(lines))
    found = jpegs(tmp_path / "img", "celeba", 0)
    assert found.shape == (64, 64, 3)
    assert [len(p) for p in (found.train, found.validation, found.test)] == [6, 3, 3]
    assert found.train.dtype == np.uint8
    assert abs(int(found.test[0, 32, 32, 0]) - 60) <= 3
    assert found.train[..., 1:].max() < 60, "only the middle square"
    assert "1 file left out" in found.notes[0]
    assert "999.jpg" in found.notes[0]
    (tmp_path / "list_eval_partition.txt").unlink()
    assert len(jpegs(tmp_path / "img", "celeba", 0).train) == 6
    (tmp_path / "img" / "list_eval_partition.txt").write_text("000.jpg train")
    with pytest.raises(EaeSindyError, match="0, 1 or 2"):
        jpegs(tmp_path / "img", "celeba", 0)


def test_images_that_cannot_be_had_say_how(tmp_path, monkeypatch):
    for name, words in (("frey-faces", "frey_rawface.mat"), ("celeba", "img_align_celeba"),
                        ("mine", "an .npz file")):  # fmt: skip
        with pytest.raises(EaeSindyError, match=words):
            choice.read(name, None, 0)
    with pytest.raises(EaeSindyError, match="does not exist"):
        choice.read("mine", tmp_path / "a.npz", 0)
    (tmp_path / "few").mkdir()
    with pytest.raises(EaeSindyError, match="0 JPEG files"):
        choice.read("celeba", tmp_path / "few", 0)

    def fail():
        raise OSError("no network\nat all")

    monkeypatch.setattr(tf.keras.datasets.mnist, "load_data", fail)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    with pytest.raises(EaeSindyError, match=r"could not fetch mnist \(no network at all\): give"):
        choice.read("mnist", None, 0)


# ---- Settings


@pytest.mark.parametrize("name", list(IMAGE_RECIPES))
def test_every_recipe_of_images_makes_settings_of_the_sampler(name):
    recipe = image_recipe(name)
    fit = recipe.sampled()
    assert (fit.temperature, fit.updates, fit.encoders) == (
        recipe.temperature, recipe.updates, recipe.encoders,
    )  # fmt: skip
    assert len(fit.hidden) == len(recipe.filters or recipe.hidden)


def test_the_numbers_of_the_paper():
    mnist, frey, warm, cold = map(image_recipe, ("mnist", "frey-faces", "celeba", "celeba-cold"))
    assert (mnist.hidden, mnist.decoder_hidden, mnist.latents) == ((256, 128, 128), (64,), 64)
    assert (mnist.temperature, mnist.mass, mnist.step) == (1e-8, (1e-6,), 1e-5)
    assert (mnist.updates, mnist.encoders, mnist.batch) == (250, 3126, 32)
    assert (mnist.vae_epochs, mnist.ae_epochs, mnist.chain_length) == (70, 140, 30)
    assert (frey.temperature, frey.updates, frey.encoders, frey.batch) == (3e-8, 1500, 1000, 0)
    assert (frey.vae_epochs, frey.ae_epochs) == (100_000, 11_000)
    assert (warm.temperature, warm.mass, warm.latents) == (3e-8, (1e-6,), 256)
    assert (cold.temperature, cold.mass) == (1.5e-9, (1e-8,))
    assert (warm.updates, warm.encoders, warm.filters) == (700, 5087, (32, 64, 128, 256))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"updates": 0}, "--updates"),
        ({"every": 30, "draws": 20}, "no multiple of --every 30"),
        ({"every": 10, "draws": 25}, "no multiple of --every 10"),
        ({"hidden": (8, 0)}, "one unit"),
        ({"temperature": 0.0}, "--temperature"),
        ({"batch": -1}, "--batch"),
        ({"start_epochs": -1}, "--start-epochs"),
    ],
)
def test_settings_of_images_are_checked(changes, words):
    with pytest.raises(EaeSindyError, match=words):
        ImageFit().but(**changes)


# ---- Commands


def run(*arguments, code=0):
    result = CliRunner().invoke(main, ["images", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def test_the_commands_on_the_bundled_digits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = run("compare", *GIVEN, "--report")
    folder = tmp_path / "runs/images/digits"
    names = {p.name for p in folder.iterdir()}
    figures = {"training", "reconstructions", "interpolations", "distributions",
               "distributions_more"}  # fmt: skip
    assert {f"{f}.{s}" for f in figures for s in ("png", "pdf")} <= names
    assert {"eae-0.h5", "vae-0.h5", "ae-0.h5", "comparison.json", "comparison.csv",
            "report.html"} <= names  # fmt: skip
    assert "EAE: 4 members at T = 1e-08" in said
    assert "digits: 1,437 images of 8 x 8 to train on" in said
    page = (folder / "report.html").read_text()
    assert page.count("<figure>") == 5
    assert "Autoencoders of" in page
    before = (folder / "eae-0.h5").stat().st_mtime_ns
    assert "add --force" in run("compare", *GIVEN, code=1)
    run("compare", *GIVEN, "--resume")
    assert (folder / "eae-0.h5").stat().st_mtime_ns == before
    assert "made otherwise" in run("compare", *GIVEN, "--resume", "--step", "2e-5", code=1)
    kept = (folder / "ae-0.h5").stat().st_mtime_ns
    run("compare", *GIVEN, "--resume", "--force", "--step", "2e-5")
    assert (folder / "eae-0.h5").stat().st_mtime_ns != before
    assert (folder / "ae-0.h5").stat().st_mtime_ns == kept
    assert not (folder / "report.html").exists(), "it would pass for this one's"
    run("generate", folder / "eae-0.h5", "--samples", "3", "-o", "made")
    with np.load("made/generated.npz") as file:
        assert file["generated"].shape == (6, 3, 8, 8)
    assert "one code" in run("generate", folder / "ae-0.h5", "-o", "other", code=1)


def test_one_model_is_trained_and_an_interrupted_one_is_not_lost(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = run("train", *GIVEN, "-o", "a.h5")
    assert "units active" in said
    line = said.strip().splitlines()[-1].split("; now: eae-sindy images ")[1]
    run(*line.split())  # works as it stands
    assert "is finished" in run("train", *GIVEN, "-o", "a.h5", "--resume")
    left = Segments(tmp_path / "b.h5", every=0.0, spacing=TINY.every)
    digits = choice.read("digits", None, 0)
    steps = comparison.train("eae", digits, TINY, segments=left)
    next(steps)
    steps.close()
    assert "--resume" in run("train", *GIVEN, "-o", "b.h5", code=1)
    run("train", *GIVEN, "-o", "b.h5", "--resume")
    assert not left.folder.exists()
    a, b = (ImageModel.open(f"{name}.h5").chains[0].encoder[0] for name in "ab")
    np.testing.assert_array_equal(a, b)


def test_two_temperatures_make_one_figure(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = run("morphology", *GIVEN)
    assert "T = 1e-08: MSE" in said
    assert "T = 5e-10: MSE" in said
    assert (tmp_path / "runs/images/digits-morphology/morphology.png").is_file()
    hot, cold = (
        ImageModel.open(f"runs/images/digits-morphology/{n}.h5").recipe for n in ("hot", "cold")
    )
    assert hot.temperature == 20 * cold.temperature


def test_a_long_training_says_how_long_it_takes():
    assert _expected([(10.0, 1), (14.0, 2)], 98) == 392
    from eae_sindy.progress import Progress

    def work():
        yield Progress("training", 1, 10**6)
        yield Progress("training", 2, 10**6)

    said = []
    clock = iter([0.0, 0.036])
    import eae_sindy_cli.images as module

    original, module.time = module.time, type("Clock", (), {"monotonic": lambda: next(clock)})
    try:
        finish(_announced(work(), said.append))
    finally:
        module.time = original
    assert said == ["this takes about 10.0 hours more; see --recipe"]
