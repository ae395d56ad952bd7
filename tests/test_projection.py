"""The start by variable projection: gradients, closed forms, what it finds, what it says."""

import time
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from eae_sindy.dynamics.library import Library, standard
from eae_sindy.ensemble.forward import ACTIVATIONS, forward
from eae_sindy.ensemble.segments import Segments, StartMemory
from eae_sindy.errors import EaeSindyError
from eae_sindy.neural.entropic import chains
from eae_sindy.neural.entropic.task import Task
from eae_sindy.neural.estimator import EntropicAutoencoder
from eae_sindy.neural.objectives.data import coordinates, seen
from eae_sindy.neural.starts import started
from eae_sindy.neural.starts.contract import Begun
from eae_sindy.neural.starts.projection import activation, embedding, network_stage, search
from eae_sindy.neural.starts.projection.clock import Clock
from eae_sindy.neural.starts.projection.curvature import CURVES
from eae_sindy.neural.starts.projection.descent import descend
from eae_sindy.neural.starts.projection.losses import NetworkLoss, PolynomialLoss, Setting
from eae_sindy.neural.starts.projection.monomials import Monomials, highest_degree
from eae_sindy.neural.starts.projection.origin import fixed_point
from eae_sindy.neural.starts.projection.outer import Weights
from eae_sindy.neural.starts.projection.polynomial_stage import linear_floor
from eae_sindy.neural.starts.projection.problem import pose
from eae_sindy.neural.starts.projection.terms import LibraryTerms, PolynomialTerms
from eae_sindy.neural.starts.projection.trail import Trail
from eae_sindy.neural.starts.projection.units import Rows, Units
from eae_sindy.progress import finish
from eae_sindy.recipes import Fit
from eae_sindy.report import data as words
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.split import TEST, TRAIN


def rows(n=60, k=5, seed=0):
    rng = np.random.default_rng(seed)
    sigma = 0.5 ** np.arange(k)
    return Rows(rng.normal(size=(n, k)) * sigma, rng.normal(size=(n, k)) * sigma)


def sigma_of(given):
    return Units.of(given.field, given.rate).sigma


def library(latents):
    import pysindy as ps

    functions = [lambda x: np.exp(-x) / (2 + np.cos(x)), lambda x, y: np.tanh(x * y) - x**3]
    made = ps.CustomLibrary(library_functions=functions) + ps.PolynomialLibrary(degree=2)
    return Library(made + ps.FourierLibrary(n_frequencies=1), latents)


TERMS = {
    "polynomials": lambda d: PolynomialTerms(d, 2),
    "custom": lambda d: LibraryTerms(library(d)),
}


def check(loss, x, rtol=1e-5, directions=8):
    """The gradient along random directions against central differences of the fourth order."""
    rng = np.random.default_rng(5)
    _, slope = loss(x)
    for _ in range(directions):
        along = rng.normal(size=x.shape)
        h = 1e-4 / np.linalg.norm(along) * np.linalg.norm(x)
        f = {k: loss(x + k * h * along)[0] for k in (-2, -1, 1, 2)}
        expected = (8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (12 * h)
        assert slope @ along == pytest.approx(expected, rel=rtol, abs=1e-9)


@pytest.mark.parametrize("kind", TERMS)
@pytest.mark.parametrize(("latents", "degree"), [(1, 4), (2, 3), (3, 2)])
def test_the_gradient_under_a_polynomial_decoder_is_that_of_differences(latents, degree, kind):
    given = rows()
    # A ridge that can be seen: its part of the gradient is exact as well.
    setting = Setting(given, Weights(0.7, 0.3), TERMS[kind](latents), 1e-3)
    loss = PolynomialLoss(setting, degree, latents, sigma_of(given))
    x = np.random.default_rng(1).normal(size=latents * given.field.shape[1])
    check(loss, x)


@pytest.mark.parametrize("kind", TERMS)
@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if a != "relu"])
@pytest.mark.parametrize("latents", [1, 3])
def test_the_gradient_under_the_network_is_that_of_differences(latents, activation, kind):
    given = rows()
    setting = Setting(given, Weights(0.4, 0.6), TERMS[kind](latents), 1e-3)
    loss = NetworkLoss(setting, activation, latents, 7, sigma_of(given))
    rng = np.random.default_rng(2)
    parts = [rng.normal(size=s) * (0.3 if len(s) == 2 else 1.0) for s in loss.shapes]
    # The second slope of elu jumps: differences see it a little.
    check(loss, loss.variables(*parts), rtol=2e-3 if activation == "elu" else 1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_value_and_slope_are_those_of_the_forward_pass(activation):
    x = np.linspace(-9, 9, 101)
    value, slope, bend = CURVES[activation](x)
    expected = ACTIVATIONS[activation](x, np)
    np.testing.assert_allclose(value, expected[0], atol=1e-12)
    np.testing.assert_allclose(slope, expected[1], atol=1e-12)
    away = np.abs(x) > 0.01
    h = 1e-5
    numeric = (CURVES[activation](x + h)[1] - CURVES[activation](x - h)[1]) / (2 * h)
    np.testing.assert_allclose(bend[away], numeric[away], atol=1e-8)


def hopf(z):
    x, y = z.T
    r = x * x + y * y
    return np.stack([0.3 * x - y - 0.3 * r * x, x + 0.3 * y - 0.3 * r * y], axis=1)


def planted(trajectories=6, steps=60, size=12, cubic=0.3):
    """Frames on a curved surface: latents and monomials of them, mixed; the encoder is linear."""
    rng = np.random.default_rng(3)
    z, runs = rng.uniform(-1.4, 1.4, (trajectories, 2)), []
    for _ in range(steps):
        runs.append(z)
        for _ in range(10):
            half = z + 0.01 * hopf(z)
            z = z + 0.02 * hopf(half)
    z = np.stack(runs, axis=1).reshape(-1, 2)
    monomials = Monomials(2, 3)
    mixed = np.linalg.qr(rng.normal(size=(size, size)))[0]
    weights = (
        mixed[: len(monomials)] * np.where(monomials._times.sum(axis=0) > 1, cubic, 1)[:, None]
    )
    f = monomials.values(z)
    rate = sum(monomials.slope(f, k) * hopf(z)[:, k : k + 1] for k in range(2))
    labels = np.repeat(np.arange(trajectories), steps)
    t = np.tile(0.2 * np.arange(steps), trajectories)
    return Snapshots(t, f @ weights, rate @ weights, labels), mixed


FIT = Fit(start="projection", activation="silu", hidden=(24,), rank=12, train=0.6, validation=0.3,
          dimensionless=True, rate_weight=1.0, start_seconds=60.0, updates=2, encoders=5, draws=10,
          chain_length=2, temperature=1e-8, step=1e-6)  # fmt: skip


def begin(snapshots, settings=FIT, rngs=1, custom=None):
    begun, _ = EntropicAutoencoder(settings, library=custom).begin(snapshots)
    seeds = [np.random.default_rng(k) for k in range(rngs)]
    return begun, (settings, begun.frames, begun.pod, begun.library, seeds)


@pytest.fixture(scope="module")
def curved():
    return planted()[0]


@pytest.fixture(scope="module")
def found(curved):
    begun, given = begin(curved, rngs=2)
    return begun, finish(search.start(*given))


# Closed forms


def test_a_planted_polynomial_decoder_is_found_in_closed_form():
    snapshots, mixed = planted()
    units = Units.of(snapshots.field, snapshots.rate)
    given = units.rows(snapshots.field, snapshots.rate)
    # Monomials 1 and 2 are the latents themselves.
    matrix = mixed[1:3] @ units.axes * units.unit
    setting = Setting(given, Weights(0.5, 0.5), PolynomialTerms(2, 3), 1e-14)
    loss = PolynomialLoss(setting, 3, 2, units.sigma)
    assert np.exp(loss(loss.variables(matrix))[0]) < 1e-10
    reduction = loss.reduction(loss.variables(matrix))
    assert setting.error(reduction, given) < 1e-10


def test_the_loss_does_not_change_with_the_frame_of_the_latents():
    given = rows()
    for degree in (1, 3):
        setting = Setting(given, Weights(0.5, 0.5), PolynomialTerms(2, 2), 1e-13)
        loss = PolynomialLoss(setting, degree, 2, sigma_of(given))
        rng = np.random.default_rng(0)
        matrix = rng.normal(size=(2, 5))
        moved = rng.normal(size=(2, 2)) @ matrix
        first, second = (loss(loss.variables(m))[0] for m in (matrix, moved))
        assert first == pytest.approx(second, rel=1e-9)


def test_fields_in_other_units_are_the_same_frames():
    x, rate = rows()
    one = Units.of(x, rate)
    two = Units.of(1e3 * x + 5, 1e2 * rate)
    np.testing.assert_allclose(two.time, 10 * one.time)
    for a, b in zip(one.rows(x, rate), two.rows(1e3 * x + 5, 1e2 * rate), strict=True):
        np.testing.assert_allclose(np.abs(a), np.abs(b), atol=1e-9)
    assert np.mean(np.sum(one.rows(x, rate).field ** 2, axis=1)) == pytest.approx(1)


def test_the_fixed_point_nearest_the_mean_is_found():
    z = np.random.default_rng(0).normal(size=(400, 2))
    np.testing.assert_allclose(fixed_point(z, hopf(z - [0.4, -0.3])), [0.4, -0.3], atol=1e-8)
    assert fixed_point(z, np.ones_like(z)) is None


@pytest.mark.parametrize(("latents", "most", "degree"), [(2, 130, 7), (3, 100, 6), (40, 5, 1)])
def test_the_highest_degree_is_what_frames_allow(latents, most, degree):
    assert highest_degree(latents, most, 7) == degree


# L-BFGS


def rosenbrock(x):
    a, b = 1 - x[:-1], x[1:] - x[:-1] ** 2
    slope = np.zeros_like(x)
    slope[:-1] = -2 * a - 400 * x[:-1] * b
    slope[1:] += 200 * b
    return float(np.sum(a**2 + 100 * b**2)) - 1e6, slope


def run(steps):
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return seen, end.value


def test_descents_come_down_every_time_and_settle():
    seen, ended = run(descend(rosenbrock, np.full(8, -1.0), iterations=500))
    values = [rosenbrock(x)[0] for x in seen]
    assert ended in ("settled", "stalled")
    assert all(b <= a for a, b in pairwise(values))
    np.testing.assert_allclose(seen[-1], 1.0, atol=1e-2)


def test_descents_say_why_they_end():
    assert run(descend(rosenbrock, np.zeros(4), iterations=3))[1] == "iterations"
    assert run(descend(rosenbrock, np.zeros(4), iterations=9, over=lambda: True)) == ([], "time")
    assert run(descend(lambda x: (0.0, x), np.ones(3), iterations=9))[1] == "stalled"
    assert run(descend(lambda x: (np.inf, x), np.ones(3), iterations=9)) == ([], "stalled")


# What the start finds


def test_a_curved_surface_is_found_far_below_the_linear_floor(found):
    begun, made = found
    numbers = made.numbers
    assert numbers["floor"] > 1e-3
    assert numbers["embedded"] < 1e-3 * numbers["floor"]
    x, x_rate, y, _ = seen(begun.frames, begun.pod, begun.frames.where(TEST))
    for encoder in made.encoders:
        z, _ = forward(encoder, "silu", x, x_rate)
        guess, _ = forward(made.decoder, "silu", z, z)
        assert np.sum((guess - y) ** 2) < 1e-2 * numbers["floor"] * np.sum((y - y.mean(0)) ** 2)


def test_chains_that_share_a_decoder_get_different_encoders_of_the_same_latents(found):
    begun, made = found
    one, two = made.encoders
    assert all(w.dtype == np.float32 for w in (*one, *two, *made.decoder))
    assert not np.allclose(one[0], two[0])
    x, x_rate, *_ = seen(begun.frames, begun.pod, begun.frames.where(TRAIN))
    (z, _), (same, _) = (forward(e, "silu", x, x_rate) for e in (one, two))
    np.testing.assert_allclose(z, same, atol=2e-2)
    # Whitened, with the fixed point as the origin: the planted one is 0.
    assert np.std(z) == pytest.approx(1, rel=0.2)


@pytest.mark.slow
def test_neither_the_test_frames_nor_other_randomness_matter(curved):
    _, (settings, frames, *rest, _) = begin(curved, FIT.but(hidden=(12,)))
    spoilt = frames.coordinates.copy()
    spoilt[frames.where(TEST)] = np.nan
    both = []
    for its in (frames.coordinates, spoilt):
        given = replace(frames, coordinates=its)
        both.append(finish(search.start(settings, given, *rest, [np.random.default_rng(0)])))
    for a, b in zip(both[0].encoders[0], both[1].encoders[0], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0), (0.5, 2.0)])
@pytest.mark.parametrize("latents", [1, 3])
def test_any_number_of_latents_and_any_weights_are_served(curved, latents, weights):
    changes = dict(zip(("field_weight", "rate_weight"), weights, strict=True))
    _, given = begin(curved, FIT.but(latents=latents, degree=2, start_seconds=0.3, **changes))
    made = finish(search.start(*given))
    assert made.encoders[0][-1].shape == (latents,)
    assert made.numbers["network"] < made.numbers["floor"]


def test_terms_of_the_users_own_are_taken_as_they_are(curved):
    import pysindy as ps

    functions = [lambda x: x, lambda x: x**3, lambda x, y: x * y * y, lambda x, y: x * x * y]
    custom = Library(ps.CustomLibrary(library_functions=functions), 2)
    _, given = begin(curved, FIT.but(start_seconds=5.0), custom=custom)
    made = finish(search.start(*given))
    assert made.numbers["embedded"] < 0.1 * made.numbers["floor"]


# Time, progress, interruption


def test_the_time_is_kept_and_progress_says_how_much_is_left(small):
    settings = FIT.but(start_seconds=1.5, hidden=(64,))
    _, given = begin(small, settings)
    began = time.thread_time()
    steps, last = search.start(*given), -1
    for step in steps:
        assert last <= step.done < step.total == search.UNITS
        assert step.stage.startswith("start: ")
        assert set(step.values) == {"validation error", "seconds left at most"}
        last = step.done
    assert time.thread_time() - began < 4  # its own: other work does not count


def test_time_in_which_it_does_not_compute_is_not_counted():
    clock = Clock(1.0)
    time.sleep(0.3)
    assert clock.spent < 0.1
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        pass
    assert 0.05 < clock.spent < 0.5
    assert not clock.over(1.0)
    assert clock.over(0.01)


@pytest.mark.parametrize("degree", [1, 3, 4])
def test_the_terms_inside_the_loss_have_the_degree_of_the_fit(curved, degree):
    settings = FIT.but(degree=degree)
    begun, _ = EntropicAutoencoder(settings).begin(curved)
    problem = pose(settings, begun.frames, begun.pod, begun.library, np.random.default_rng(0))
    assert problem.terms.monomials.degree == degree


def test_what_a_start_found_goes_into_the_session(curved, monkeypatch):
    class Still:  # in place of a sampler, which would be compiled
        problem = SimpleNamespace(nothing=1.0)

        def init(self, encoder, *_):
            return encoder

    settings = FIT.but(start_seconds=0.5, chains=2, chains_per_decoder=2)
    begun, _ = begin(curved, settings)
    task = Task(settings=settings, custom=None, pod=begun.pod, frames=begun.frames,
                data=coordinates(begun))  # fmt: skip
    monkeypatch.setattr(Task, "loop", lambda *given: Still())
    steps = chains.begin(task, 0)
    first = next(steps)
    assert first.done < search.UNITS < first.total == chains.units(settings)
    session = finish(steps)
    assert len(session.states) == 2
    assert "start/0/floor" in started.unpack(session.said, "0")


# Polynomials again and again would be caught: there is no more to descend with them.
def never(*_, **__):
    raise AssertionError


def interrupted(given, memory, after):
    """Run a search until something was kept `after` times."""
    for _ in search.start(*given, memory):
        if memory.writes >= after:
            return
    raise AssertionError


class Kept(StartMemory):
    writes = 0

    def write(self, found):
        super().write(found)
        self.writes += 1


@pytest.mark.parametrize("after", [2, 7, 12])
def test_an_interrupted_search_goes_on_from_what_it_has_found(curved, tmp_path, monkeypatch, after):
    settings = FIT.but(start_seconds=6.0, hidden=(8,))
    _, given = begin(curved, settings)
    memory = Kept(tmp_path / "start.h5", 0.0)
    interrupted(given, memory, after)
    trail = Trail(memory)
    assert 0 < trail.spent < settings.start_seconds
    _, (*given, _) = begin(curved, settings)
    done, best = trail.at("network")
    if done or best:
        monkeypatch.setattr("eae_sindy.neural.starts.projection.polynomial_stage.descend", never)
        monkeypatch.setattr(network_stage, "draw", never)
    went_on = search.start(*given, [np.random.default_rng(0)], memory)
    assert next(went_on).done >= int(search.UNITS * trail.spent / settings.start_seconds)
    made = finish(went_on)
    assert made.numbers["seconds"] >= trail.spent
    if best:
        assert made.numbers["network"] <= best["error"]
        assert made.numbers["polynomial"] == trail.at("polynomials")[1]["error"]


# Four polynomial starts; then a descent with the network on some frames, and two on all.
@pytest.mark.parametrize(("after", "left"), [(4, 3), (5, 2), (6, 1), (7, 0)])
def test_a_search_that_was_interrupted_between_two_parts_finds_the_same(
    curved, tmp_path, monkeypatch, after, left
):
    monkeypatch.setattr("eae_sindy.neural.starts.projection.problem.FEW", 40)
    descended, descent = [], network_stage._descend
    monkeypatch.setattr(
        network_stage, "_descend", lambda *given: descended.append(given) or descent(*given)
    )
    settings = FIT.but(start_seconds=1e6, hidden=(4,), train=0.2)
    _, given = begin(curved, settings)
    whole = finish(search.start(*given))
    assert len(descended) == 3
    _, given = begin(curved, settings)
    memory = Kept(tmp_path / "start.h5", 1e9)  # at the end of a part, not within
    interrupted(given, memory, after)
    _, given = begin(curved, settings)
    descended.clear()
    again = finish(search.start(*given, memory))
    assert len(descended) == left
    assert {**whole.numbers, "seconds": 0} == {**again.numbers, "seconds": 0}
    for a, b in zip((*whole.encoders[0], *whole.decoder), (*again.encoders[0], *again.decoder),
                    strict=True):  # fmt: skip
        np.testing.assert_array_equal(a, b)


def test_what_is_kept_is_the_best_and_not_the_last(curved, tmp_path):
    _, given = begin(curved, FIT.but(hidden=(8,)))
    problem = pose(*given[:-1], np.random.default_rng(0))
    # Judges that are unlike the frames to learn from: better on these is worse on them.
    turned = Rows(*(part[:, ::-1] for part in problem.judges))
    problem = replace(problem, judges=turned)
    first = network_stage.draw(
        problem, *network_stage.framed(problem, linear_floor(problem)[0]),
        np.random.default_rng(0), Clock(9.0),
    )  # fmt: skip
    memory = Kept(tmp_path / "start.h5", 0.0)
    trail = Trail(memory)
    last = None
    for _ in network_stage._descend(
        problem, problem.few, first, Clock(9.0), 1.0, "network", trail, 0
    ):
        number, best = trail.at("network")
        parts = [best[name] for name in ("matrix", "shift", "kernel", "bias")]
        found = network_stage._error(problem, parts, float(best["ridge"]), problem.few)
        assert (number, found) == (0, pytest.approx(float(best["error"]), rel=1e-6))
        last = found
    assert last <= first.error
    assert memory.writes > 2


def test_what_a_damaged_file_kept_is_refused_with_its_name(tmp_path):
    memory = StartMemory(tmp_path / "start.h5", 0.0)
    assert memory.read() == {}
    memory.write({"spent": np.array(2.0)})
    assert Trail(memory).spent == 2.0
    (tmp_path / "start.h5").write_bytes(b"nothing")
    with pytest.raises(EaeSindyError, match="remove it to begin that start anew"):
        memory.read()


def test_the_activation_is_that_of_the_least_validation_error(curved, monkeypatch):
    settings = FIT.but(activation="auto", hidden=(16,))
    begun, _ = EntropicAutoencoder(settings).begin(curved)
    errors = {k: begun.attributes[f"activation/{k}"] for k in activation.CANDIDATES}
    assert begun.settings.activation in errors
    assert errors[begun.settings.activation] <= activation.NEAR * min(errors.values())
    assert all(0 < e < 1 for e in errors.values())
    # What frames chose is no difference from a fit that lets them choose.
    assert EntropicAutoencoder(settings).differences(begun, curved) == []
    assert EntropicAutoencoder(settings.but(activation="relu")).differences(begun, curved)
    # Whatever is far better than the others is taken, wherever it stands in the list.
    given = begun.frames, begun.pod, begun.library
    for best in activation.CANDIDATES:

        def drawn(problem, *_, best=best):
            return SimpleNamespace(error=0.1 if problem.activation == best else 0.3)

        monkeypatch.setattr(activation, "draw", drawn)
        assert activation.choose(settings, *given)[0] == best
    # Differences that descents undo change nothing.
    errors = dict.fromkeys(activation.CANDIDATES, 0.1) | {"silu": 0.18}
    monkeypatch.setattr(
        activation, "draw", lambda p, *_: SimpleNamespace(error=errors[p.activation])
    )
    assert activation.choose(settings, *given)[0] == "silu"


def test_the_activation_is_said_with_the_errors_that_chose_it():
    known = {"activation/silu": 0.125, "activation/elu": 0.25, "start/0/floor": 1.0}
    assert words.activation("silu", known) == [
        "activation silu: validation error 0.12 of a layer drawn at random (elu 0.25)"
    ]
    assert words.activation("relu", known) == words.activation("silu", {}) == []


@pytest.mark.slow
def test_a_fit_that_goes_on_does_not_start_again(curved, tmp_path, monkeypatch):
    segments = Segments(tmp_path / "e.h5", every=0.0)
    settings = FIT.but(start_seconds=2.0, updates=4)
    steps = EntropicAutoencoder(settings).iterate(curved, segments)
    next(steps)
    steps.close()  # in the midst of the start
    assert segments
    steps = EntropicAutoencoder(settings).iterate(curved, segments)
    stages = []
    for step in steps:
        stages.append(step.stage)
        if step.stage == "training":
            break
    steps.close()
    assert stages[0].startswith("start: ")

    def again(*_):
        raise AssertionError

    monkeypatch.setattr("eae_sindy.neural.starts.choice.choose", again)
    made = EntropicAutoencoder(settings).fit(curved, segments)
    assert made.attributes["start/0/embedded"] < made.attributes["start/0/floor"]
    assert isinstance(made.attributes["start/0/notes"], str)
    assert len(made.chains[0]) == settings.draws


def test_what_a_start_says_goes_through_a_state_and_back():
    begun = Begun([], (), {"floor": 0.5, "seconds": 2.0}, ["Größe 1", "two"])
    state = started.pack(begun)
    assert started.unpack(state, "3") == {
        "start/3/floor": 0.5, "start/3/seconds": 2.0, "start/3/notes": "Größe 1\ntwo",
    }  # fmt: skip
    assert started.pack(Begun([], ())) == started.unpack({}, "3") == {}


# Bad input


def test_more_layers_and_pixels_are_refused():
    for wrong in ({"hidden": (8, 8)}, {"full_space": True}):
        with pytest.raises(EaeSindyError, match="needs one hidden layer in POD coordinates"):
            FIT.but(**wrong)


def said(snapshots, **changes):
    _, given = begin(snapshots, FIT.but(**changes))
    made = finish(search.start(*given))
    assert all(np.isfinite(w).all() for w in (*made.encoders[0], *made.decoder))
    return made, " | ".join(made.notes)


def test_data_that_pod_modes_explain_get_a_linear_start():
    made, notes = said(planted(cubic=0.0)[0])
    assert "rounding" in notes
    assert "polynomial" not in made.numbers


def test_fewer_frames_than_units_and_no_validation_are_said(curved):
    _, notes = said(curved, train=0.05, validation=0.0, hidden=(64,), start_seconds=2.0, degree=2)
    assert "fewer than the 64 hidden units" in notes
    assert "validation frames are too few" in notes


def test_without_time_the_start_is_that_of_pod_modes(curved):
    made, notes = said(curved, start_seconds=1e-9)
    assert "over before the first iteration" in notes
    assert made.numbers["network"] <= made.numbers["floor"]


def test_a_stalled_descent_and_a_ridge_that_hides_the_data_are_said(curved):
    _, given = begin(curved)
    problem = pose(*given[:-1], np.random.default_rng(0))
    matrix, _ = linear_floor(problem)
    shift, rng = np.zeros(2), np.random.default_rng(0)
    drawn = network_stage.draw(problem, matrix, shift, rng, Clock(9.0))
    count, notes = network_stage._said(problem, drawn, "settled")
    assert 3 < count <= 25
    assert notes == []
    count, (first, second) = network_stage._said(problem, drawn._replace(ridge=10.0), "stalled")
    assert count < 3
    assert "no further way down" in first
    assert "the ridge 10 hides that" in second


def test_too_few_directions_for_the_latents_are_an_error(curved):
    _, given = begin(curved, FIT.but(rank=2))
    settings, frames, *rest = given
    flat = frames.coordinates * [1, 0]
    with pytest.raises(EaeSindyError, match="vary in 1 directions"):
        finish(search.start(settings, replace(frames, coordinates=flat), *rest))


def test_collapsed_latents_are_no_number_to_descend():
    given = rows()
    setting = Setting(given, Weights(0.5, 0.5), PolynomialTerms(2, 2), 1e-10)
    loss = PolynomialLoss(setting, 3, 2, sigma_of(given))
    assert loss(loss.variables(np.ones((2, 5))))[0] == np.inf


def test_an_unknown_function_in_a_term_is_named():
    import pysindy as ps

    made = Library(ps.CustomLibrary(library_functions=[lambda x: np.cbrt(x)]), 2)
    terms, z = LibraryTerms(made), np.ones((3, 2))
    with pytest.raises(EaeSindyError, match="cbrt"):
        terms.pull(z, terms(z), np.ones((3, 2)))


def test_a_term_without_latents_has_no_slope():
    terms, same = LibraryTerms(standard(2, 2, False, True)), PolynomialTerms(2, 2)
    z, bar = np.random.default_rng(0).normal(size=(9, 2)), np.ones((9, 6))
    np.testing.assert_allclose(terms.pull(z, terms(z), bar), same.pull(z, same(z), bar))


def test_an_encoder_network_makes_latents_and_rates_of_its_inputs():
    rng = np.random.default_rng(0)
    x, rate = rng.normal(size=(2, 300, 6)) * 0.3 ** np.arange(6)
    mix = rng.normal(size=(6, 3))
    known = embedding.Latents(x + 4, rate, x @ mix + 1, rate @ mix)
    made = embedding.made_by(embedding.encoder(known, 64, "silu", 1e-10, rng), "silu", known)
    assert np.mean((made.values - known.values) ** 2) < 1e-4 * np.var(known.values)
    assert np.mean((made.rates - known.rates) ** 2) < 1e-3 * np.var(known.rates)
