"""Linear baselines on planted data, and the table that sets methods side by side."""

import csv
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pydmd
import pytest

from eae_sindy.comparison import comparison, linear_methods
from eae_sindy.comparison.comparison import Comparison
from eae_sindy.discovery import (
    candidates,
    chosen_dynamics,
    measurement,
    member_fits,
    pod_baseline,
    refits,
)
from eae_sindy.discovery.measurement import Method, Row
from eae_sindy.dynamics.library import standard, with_constant
from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import finish
from eae_sindy.report import files, text
from eae_sindy.report.figures import of_comparison
from eae_sindy.snapshots.split import TEST, TRAIN
from tests import planted, records
from tests.conftest import FEW

TIME = np.arange(0, 150, 0.2)
PERIOD = 2 * np.pi / 0.9


@pytest.fixture(scope="module")
def spiral():
    return planted.ensemble(TIME, *planted.orbit(planted.hopf, [0.2, 0.0], TIME), members=3)


@pytest.fixture(scope="module")
def compared(spiral):
    return finish(comparison.iterate([("planted", spiral, "exact")], FEW))


def test_a_linear_ensemble_projects_onto_its_plane(spiral):
    rng = np.random.default_rng(0)
    inward, centre = rng.normal(size=(1, 2)), rng.normal(size=2)
    made = pod_baseline.linear(spiral, inward, centre)
    rows = np.arange(50)
    z, z_rate = made.encode(0, rows)
    x, rate = made.frames.coordinates[rows], made.frames.rate_coordinates[rows]
    np.testing.assert_allclose(z, (x - centre) @ inward.T, atol=1e-5)
    np.testing.assert_allclose(z_rate, rate @ inward.T, atol=1e-5)
    back, back_rate = made.decode(0, z, z_rate)
    along = inward.T @ inward / (inward @ inward.T)
    np.testing.assert_allclose(back, centre + (x - centre) @ along, atol=1e-5)
    np.testing.assert_allclose(back_rate, rate @ along, atol=1e-5)


def test_pod_latents_are_centred_on_the_training_frames_and_of_unit_amplitude(spiral):
    made = pod_baseline.pod(spiral)
    z = made.encode(0, made.frames.where(1))[0]
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-5)
    assert z[:, 0].std() == pytest.approx(1.0, rel=1e-4)
    assert abs(np.corrcoef(z.T)[0, 1]) < 1e-4
    assert z[:, 0].std() >= z[:, 1].std()


def modal(*modes, noise=0.0):
    """A sum of modes (λ, amplitude) of a linear flow: two latents for each that oscillates."""
    time, z, z_rate = np.arange(0, 60, 0.1), [], []
    for value, size in modes:
        w = size * np.exp(value * time)
        parts = (np.real, np.imag) if np.imag(value) else (np.real,)
        z += [part(w) for part in parts]
        z_rate += [part(value * w) for part in parts]
    z = np.stack(z, axis=1)
    z += noise * np.random.default_rng(3).normal(size=z.shape)
    return planted.ensemble(time, z, np.stack(z_rate, axis=1),
                            library=standard(z.shape[1], 1, sine=False))  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        [-0.05],
        [-0.02, -0.1],
        [-0.02 + 0.9j],
        [-0.02 + 0.9j, -0.05],
        [-0.02 + 0.9j, -0.02 + 1.8j, -0.05],
        [-0.02 + 0.9j, -0.05, -0.1, -0.3],
    ],
)
def test_bop_dmd_finds_the_eigenvalues_of_linear_flows(values):
    e = modal(*((v, 1.0) for v in values))
    made, xi, trials, period = linear_methods.bop_dmd(e)
    d = e.settings.latents
    assert made.library.terms == [f"z{i + 1}" for i in range(d)]
    assert trials.shape == (100, d)  # trials, as published
    expected = np.sort_complex([w for v in values for w in {v, np.conj(v)}])
    tolerance = 1e-6  # frames are in single precision
    for found in (trials[0], trials.mean(axis=0), np.linalg.eigvals(xi[0])):
        np.testing.assert_allclose(np.sort_complex(np.round(found, 9)), expected, atol=tolerance)
    latents, rates = made.encode(0, np.arange(len(e.frames.time)))
    np.testing.assert_allclose(latents @ xi[0], rates, atol=1e-4)
    if np.imag(values[0]):
        np.testing.assert_allclose(period, PERIOD, rtol=1e-6)
        assert np.ptp(period) < 1e-7  # no more than the trials scatter
    else:
        assert period is None


def test_pairs_are_kept_to_double_precision_and_one_of_an_odd_number_is_real():
    value = -0.01 + 0.9j
    exact = np.array([value, np.conj(value)])
    np.testing.assert_array_equal(linear_methods._paired(exact), exact)
    off = np.array([1j, 2.0 + 1e-3j, -1.2j])
    np.testing.assert_allclose(linear_methods._paired(off), [1.1j, 2.0, -1.1j], rtol=1e-15)
    two = np.array([-0.2 + 1j, -0.1 - 1.0001j, -0.1 + 1j, -0.2 - 1.0001j])
    found = linear_methods._paired(two)
    np.testing.assert_allclose(found.real, two.real)
    np.testing.assert_array_equal(found[[0, 2]], found[[3, 1]].conj())


def test_the_period_of_bop_dmd_is_that_of_the_strongest_mode():
    """Not of the fastest; and not of the slowest either."""
    for strong, weak in ((0.9, 1.8), (1.8, 0.9)):
        *_, period = linear_methods.bop_dmd(
            modal((-0.02 + 1j * weak, 0.1), (-0.01 + 1j * strong, 1.0))
        )
        np.testing.assert_allclose(period, 2 * np.pi / strong, rtol=1e-6)
    # Nor of one that is the largest for a moment: what counts is the energy over all the time.
    *_, period = linear_methods.bop_dmd(modal((-0.5 + 1.8j, 1.5), (-0.001 + 0.9j, 1.0)))
    np.testing.assert_allclose(period, PERIOD, rtol=1e-6)


def test_the_interval_of_bop_dmd_is_as_wide_as_its_trials_scatter():
    """Least squares of a frequency from white noise: Rife & Boorstyn's bound, of 60 % subsets."""
    noise, time = 0.05, np.arange(0, 60, 0.1)
    e = modal((0.9j, 1.0), noise=noise)
    _, xi, trials, (low, high) = linear_methods.bop_dmd(e)
    mean = np.sort_complex(trials.mean(axis=0))
    np.testing.assert_allclose(np.sort_complex(np.linalg.eigvals(xi[0])), mean, rtol=1e-9)
    periods = 2 * np.pi / np.abs(trials[:, 0].imag)
    assert low == pytest.approx(np.quantile(periods, 0.05), rel=1e-6)
    assert high == pytest.approx(np.quantile(periods, 0.95), rel=1e-6)
    count = 0.4 * len(time)  # training frames, in the first 90 % of the time
    about = np.var(time[: int(0.9 * len(time))])
    bound = noise / np.sqrt(count * about)  # two latents of amplitude 1, each with this noise
    # A subset of 60 % drawn without replacement scatters by √(0.4/0.6) of what all frames do.
    expected = 2 * 1.645 * np.sqrt(0.4 / 0.6) * bound * PERIOD / 0.9
    assert high - low == pytest.approx(expected, rel=0.35)
    assert low < PERIOD * (1 + 3 * bound)
    assert high > PERIOD * (1 - 3 * bound)


def test_bop_dmd_gives_the_same_twice_and_leaves_the_global_state_alone(spiral):
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (linear_methods.bop_dmd(spiral)[2] for _ in range(2))  # of trials
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(np.random.get_state()[1], expected)  # noqa: NPY002


def test_bagged_models_scatter_about_the_one_on_all_frames(spiral):
    library = with_constant(spiral.library)
    way = candidates.plain(spiral, library, measurement.STLSQ)
    bag = linear_methods.bagged(spiral, way, library)
    assert bag.shape == (20, len(library), 2)  # models, as published
    one = refits.refit(planted.reading(spiral), np.arange(1), way)[0]
    np.testing.assert_allclose(bag.mean(axis=0), one, atol=0.02)
    assert not bag[:, ~way.chosen].any()
    with pytest.raises(EaeSindyError, match="optimizers"):
        linear_methods.bagged(spiral, candidates.plain(spiral, library), library)


def test_methods_that_know_the_flow_find_its_period_and_run(compared):
    rows = {row.name: row for row in compared.rows}
    assert list(rows) == [
        *("POD-2, Eq. 16", "POD-2, STLSQ(0.1)", "POD-2, ensemble STLSQ(0.1)"),
        *("POD-2, chosen by running", "POD-2, polynomial decoder, Eq. 16"),
        "POD-2, polynomial decoder, chosen by running",
        "POD-2 of late frames, polynomial decoder, Eq. 16",
        *("POD-4", "operator inference, POD-2", "operator inference, POD-4", "BOP-DMD"),
        *("planted, Eq. 16", "planted, chosen by running"),
    ]
    for name in ("POD-2, Eq. 16", "POD-2, chosen by running", "planted, chosen by running"):
        row = rows[name]
        assert row.period == pytest.approx(PERIOD, rel=5e-3)
        assert row.runs == 1.0
        assert max(row.field, row.rate, row.forecast) < 1e-3
        low, high = row.interval
        assert low - 1e-6 <= row.period <= high + 1e-6
    assert rows["POD-2, STLSQ(0.1)"].terms < rows["POD-2, Eq. 16"].terms
    assert rows["planted, Eq. 16"].members == 3
    for name in ("POD-4", "operator inference, POD-4"):  # the plane has two modes, and no four
        assert (rows[name].latents, rows[name].members) == (4, 0)
        assert "span 2 modes" in rows[name].note
    # Linear dynamics cannot hold a cycle that attracts from within.
    assert rows["BOP-DMD"].rate > 10 * rows["POD-2, Eq. 16"].rate


def test_equations_that_are_wrong_are_seen_to_be(spiral):
    members = np.arange(3)
    library = with_constant(spiral.library)
    way = candidates.plain(spiral, library)
    right = refits.refit(planted.reading(spiral), members, way)
    method = Method("m", spiral, members, library, right, 1.0, "")
    good = measurement.measure(method, PERIOD)
    bad = measurement.measure(method._replace(values=3 * right), PERIOD)
    assert bad.field == good.field
    assert bad.rate > 1
    assert bad.forecast > 0.1 > 1e-3 > good.forecast
    away = right.copy()
    away[:, library.terms.index("z1"), 0] += 5.0
    away[:, library.terms.index("z1^3"), 0] += 5.0
    lost = measurement.measure(method._replace(values=away), PERIOD)
    assert lost.runs == 0.0
    assert np.isnan(lost.period)
    assert not lost.forecast < 1


@pytest.mark.slow
def test_own_coefficients_are_taken_and_a_method_that_fails_says_so(spiral, monkeypatch):
    def fail(*_):
        raise np.linalg.LinAlgError("no luck")

    monkeypatch.setattr(pydmd.BOPDMD, "fit", fail)
    xi = np.zeros((len(spiral.library), 2))
    xi[spiral.library.terms.index("z2"), 0], xi[spiral.library.terms.index("z1"), 1] = -0.9, 0.9
    own = replace(spiral, attributes={"xi": xi, "seconds": 7.0})
    rows = {r.name: r for r in finish(comparison.iterate([("own", own, "")], FEW)).rows}
    assert rows["own"].terms == 2
    assert rows["own"].seconds == 7.0
    assert rows["own"].period == pytest.approx(PERIOD, rel=1e-4)
    assert rows["own"].interval is None
    assert "no luck" in rows["BOP-DMD"].note
    assert "–" in text.table([rows["BOP-DMD"]])[1]


def test_what_is_written_holds_every_row_and_no_nan(compared, tmp_path):
    hurt = compared.rows[0]._replace(forecast=np.inf, period=np.nan, interval=None, runs=np.nan)
    found = Comparison([hurt, *compared.rows[1:]], PERIOD, {})
    numbers, rows = files.write_comparison(found, tmp_path)
    kept = json.loads(numbers.read_text())["methods"]
    assert kept[0]["forecast"] is None
    assert kept[1]["interval"] == pytest.approx(compared.rows[1].interval)
    with rows.open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [r["name"] for r in table] == [r.name for r in compared.rows]
    assert float(table[1]["low"]) == pytest.approx(compared.rows[1].interval[0])
    lines = text.table(found.rows)
    assert "lost" in lines[1]
    assert len({len(line) for line in lines}) == 1
    drawn = of_comparison.comparison(found)
    assert len(drawn.axes) == 4
    drawn.savefig(tmp_path / "drawn.png")


def spoiled(e, part, factor=1.5):
    """The ensemble with the frames of one part of the split larger, and in reverse order."""
    rows, f = e.frames.where(part), e.frames
    coordinates, rates = f.coordinates.copy(), f.rate_coordinates.copy()
    coordinates[rows], rates[rows] = factor * coordinates[rows][::-1], factor * rates[rows][::-1]
    return replace(e, frames=replace(f, coordinates=coordinates, rate_coordinates=rates))


@pytest.mark.slow
def test_what_the_test_frames_hold_enters_no_equations(spiral):
    """Other fields and rates there: not a digit of any method's coefficients changes."""

    def methods(e):
        pod = pod_baseline.pod(e)
        steps = (comparison._network("planted", e, 1.0, "", FEW), comparison._pod(pod, 1.0, FEW),
                 comparison._bop_dmd(e))  # fmt: skip
        return [m for s in steps for m in finish(s)]

    usual, tested, trained = (methods(e) for e in (
        spiral, spoiled(spiral, TEST), spoiled(spiral, TRAIN)))  # fmt: skip
    assert [m.name for m in usual] == [
        *("planted, Eq. 16", "planted, chosen by running", "POD-2, Eq. 16", "POD-2, STLSQ(0.1)"),
        *("POD-2, ensemble STLSQ(0.1)", "POD-2, chosen by running"),
        "BOP-DMD",
    ]
    for a, b, c in zip(usual, tested, trained, strict=True):
        np.testing.assert_array_equal(a.values, b.values, err_msg=a.name)
        assert not np.allclose(a.values, c.values), a.name


def test_methods_that_do_not_share_a_split_are_refused(spiral):
    f = spiral.frames
    other = replace(spiral, frames=replace(f, split=np.roll(f.split, 1)))
    with pytest.raises(EaeSindyError, match="the stranger was trained on another split"):
        finish(comparison.iterate([("mine", spiral, ""), ("the stranger", other, "")]))


def scaled(e, factors):
    """The ensemble with members whose latents are so many times as large; one decoder for all."""
    (chain,) = e.chains
    last = chain.encoder[2][:1] * np.asarray(factors, np.float32)[:, None, None]
    repeated = (np.repeat(w[:1], len(factors), 0) for w in chain.encoder)
    encoder = [last if i == 2 else w for i, w in enumerate(repeated)]
    few = replace(chain, encoder=tuple(encoder), loss=np.ones(len(factors)),
                  step=np.arange(len(factors)),
                  kinetic_temperature=np.ones((len(factors), 4)))  # fmt: skip
    return replace(e, chains=[few])


def test_errors_are_those_of_the_median_member(spiral):
    """Latents that are too large by 0, 10, 20, 50 and 80 %: errors by hand, and skewed ones."""
    factors = np.array([1.0, 1.1, 1.2, 1.5, 1.8])
    e = scaled(spiral, factors)
    library = with_constant(e.library)
    members, xi = np.arange(5), np.zeros((5, len(library), 2))
    xi[:, library.terms.index("z2"), 0], xi[:, library.terms.index("z1"), 1] = -0.9, 0.9
    xi[:2, library.terms.index("1")] = 1e-3  # more terms in two of them
    row = measurement.measure(Method("m", e, members, library, xi, 3.0, "note"), PERIOD)
    x = e.frames.coordinates[e.frames.where(TEST)].astype(float)
    share = np.mean(np.sum(x**2, axis=1)) / np.sum(np.var(x, axis=0))
    assert row.field == pytest.approx(0.2**2 * share, rel=1e-3)
    assert row.rate == pytest.approx(0.2**2, rel=0.05)
    assert row.forecast == pytest.approx(0.2**2 * share, rel=0.05)
    assert (row.latents, row.members, row.terms) == (2, 5, 2.0)
    assert (row.seconds, row.note, row.interval) == (3.0, "note", None)


def test_runs_is_the_share_of_members_that_do_and_the_period_theirs(spiral):
    library = with_constant(spiral.library)
    way = candidates.plain(spiral, library)
    right = refits.refit(planted.reading(spiral), np.arange(3), way)
    method = Method("m", spiral, np.arange(3), library, right, 1.0, "", (6.9, 7.1))
    one = right.copy()
    one[1:] = 0
    row = measurement.measure(method._replace(values=one), PERIOD)
    assert row.runs == pytest.approx(1 / 3)
    assert row.period == pytest.approx(PERIOD, rel=1e-3)
    assert row.interval == (6.9, 7.1)
    faster = right * np.array([1.0, 1.01, 1.05])[:, None, None]
    median = measurement.measure(method._replace(values=faster), PERIOD)
    assert median.runs == 1.0
    assert median.period == pytest.approx(PERIOD / 1.01, rel=1e-3)
    none = measurement.measure(method._replace(values=0 * right), PERIOD)
    assert none.runs == 0
    assert none.interval is None  # of the few replicates that do run, it would mislead


def test_each_way_of_reading_has_its_own_interval_its_own_values_and_its_time(spiral, monkeypatch):
    values = np.ones((3, len(with_constant(spiral.library)), 2))
    trials = [[records.trial(terms="linear")], [records.trial(terms="all")]]

    def find(*_, **__):
        yield from ()
        spread = SimpleNamespace(period=np.array([1.0, 2.0]))
        return SimpleNamespace(library=with_constant(spiral.library), values=values,
                               seconds=100.0, trials=trials, spread=spread)  # fmt: skip

    monkeypatch.setattr(chosen_dynamics, "find", find)
    replicate = SimpleNamespace(period=np.array([3.0, 4.0]))
    monkeypatch.setattr(comparison.resampling, "replicate", lambda *_, **__: replicate)
    plain, chosen = finish(comparison._network("m", spiral, 10.0, "a note", FEW))
    assert (plain.name, chosen.name) == ("m, Eq. 16", "m, chosen by running")
    assert (plain.interval, chosen.interval) == ((3.0, 4.0), (1.0, 2.0))
    assert (plain.note, chosen.note) == ("a note", "linear, train | all, train")
    np.testing.assert_array_equal(chosen.values, values)
    assert not plain.values[:, 0].any()  # Eq. 16 has no constant
    assert 10.0 < plain.seconds < 40.0
    assert chosen.seconds == plain.seconds + 100.0
    monkeypatch.setattr(member_fits, "reference_period", lambda *_: np.nan)
    without = finish(comparison._network("m", spiral, 10.0, "", FEW))
    assert without[0].interval is None


def test_bagged_models_give_an_interval_over_those_that_run(spiral, monkeypatch):
    pod = pod_baseline.pod(spiral)
    library = with_constant(spiral.library)
    way = candidates.plain(pod, library)
    right = refits.refit(planted.reading(pod), np.zeros(1, int), way)
    bag = np.concatenate([right, 1.02 * right, 1.04 * right, 0 * right])
    monkeypatch.setattr(linear_methods, "bagged", lambda *_: bag)
    monkeypatch.setattr(comparison, "_with_interval", lambda method, *_: method)
    bagged = next(m for m in finish(comparison._pod(pod, 1.0, FEW)) if "ensemble" in m.name)
    np.testing.assert_array_equal(bagged.values, bag)
    periods = PERIOD / np.array([1.0, 1.02, 1.04])
    assert bagged.interval == pytest.approx(np.quantile(periods, [0.05, 0.95]), rel=2e-3)


def test_seconds_are_those_that_were_spent(compared):
    rows = {row.name: row.seconds for row in compared.rows}
    assert np.isnan(rows["planted, Eq. 16"])  # nobody knows how long its training took
    known = [s for name, s in rows.items() if "planted" not in name and "POD-4" not in name]
    assert len(known) == 9
    assert all(0 < s < 600 for s in known)
    assert rows["POD-2, chosen by running"] > rows["POD-2, Eq. 16"]


def test_members_that_had_not_settled_are_not_compared_nor_more_than_there_is_time_for(
    spiral, monkeypatch
):
    def members(criteria):
        return finish(comparison._network("m", spiral, 1.0, "", criteria))[0].members.tolist()

    assert members(FEW) == [0, 1, 2]
    assert members(FEW.but(compared=2)) == [0, 2]
    monkeypatch.setattr(comparison.diagnostics, "settled_from", lambda _: 1)
    assert members(FEW.but(compared=2)) == [1, 2]


def test_a_comparison_says_what_it_was_of(spiral, compared):
    assert compared.reference_period == pytest.approx(PERIOD, rel=5e-3)
    assert compared.summary()["reference_period"] == compared.reference_period
    assert compared.summary()["provenance"] == {"seed": spiral.settings.seed}


def test_data_without_a_period_are_compared_all_the_same():
    time = np.arange(0, 100, 0.2)
    decay = np.exp(-0.03 * time)[:, None] * np.array([1.0, -0.5])
    e = planted.ensemble(time, decay + np.array([0.2, 0.1]), -0.03 * decay, members=2,
                         library=standard(2, 1, sine=False, constant=True))  # fmt: skip
    found = finish(comparison.iterate([("decay", e, "")], FEW))
    row = next(r for r in found.rows if r.name == "decay, Eq. 16")
    assert np.isnan(row.runs)
    assert row.interval is None
    assert row.forecast < 0.1
    assert json.dumps(files._clean(found.summary()), allow_nan=False)


def test_what_lies_off_an_axis_is_drawn_as_an_arrow_at_its_edge():
    def marks(**changes):
        row = Row("m", 2, 1, 4.0, 0.1, 0.2, 0.3, 7.0, (6.95, 7.05), 1.0, 1.0, "")._replace(
            **changes
        )
        figure = of_comparison.comparison(Comparison([row], 7.0, {}))
        return {
            (line.get_marker(), round(float(x), 6))
            for axis in figure.axes[:2]
            for line in axis.get_lines()
            for x in line.get_xdata()
            if line.get_marker() in ("<", ">", "o", "D")
        }

    worst, low, high = of_comparison.WORST, 6.79, 7.21  # 7 ± 3 %
    assert {m for m, _ in marks()} == {"o", "D"}
    assert marks(forecast=np.inf) - marks() >= {(">", worst)}
    assert ("D", worst) not in marks(forecast=5.0)
    assert marks(forecast=np.nan, field=0.1).isdisjoint({(">", worst)})
    assert {m for m in marks(period=6.0) if m[0] in "<>"} == {("<", low)}
    assert {m for m in marks(interval=(6.9, 9.0)) if m[0] in "<>"} == {(">", high)}


def test_members_that_run_are_drawn_in_percent():
    rows = [records.row("a", runs=0.25), records.row("b", runs=np.nan, seconds=np.nan)]
    axis = of_comparison.comparison(Comparison(rows, 7.0, {})).axes[2]
    assert [bar.get_width() for bar in axis.patches] == [25.0, 0.0]
