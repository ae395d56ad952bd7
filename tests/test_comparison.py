"""Linear baselines on planted data, and the table that sets methods side by side."""

import csv
import json
from dataclasses import replace

import numpy as np
import pydmd
import pytest

from eae_sindy import baselines, comparison, figure_comparison, report, selection
from eae_sindy.comparison import Comparison, Method, Row
from eae_sindy.errors import EaeSindyError
from eae_sindy.library import standard, with_constant
from eae_sindy.progress import finish
from tests import planted

TIME = np.arange(0, 150, 0.2)
PERIOD = 2 * np.pi / 0.9


@pytest.fixture(scope="module")
def spiral():
    return planted.ensemble(TIME, *planted.orbit(planted.hopf, [0.2, 0.0], TIME), members=3)


@pytest.fixture(scope="module")
def compared(spiral):
    return finish(comparison.iterate([("planted", spiral, "exact")]))


def test_a_linear_ensemble_projects_onto_its_plane(spiral):
    rng = np.random.default_rng(0)
    inward, centre = rng.normal(size=(1, 2)), rng.normal(size=2)
    made = baselines.linear(spiral, inward, centre)
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
    made = baselines.pod(spiral)
    z = made.encode(0, made.frames.where(1))[0]
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-5)
    assert z[:, 0].std() == pytest.approx(1.0, rel=1e-4)
    assert abs(np.corrcoef(z.T)[0, 1]) < 1e-4
    assert z[:, 0].std() >= z[:, 1].std()


def test_bop_dmd_finds_a_decaying_oscillation():
    growth, omega = -0.02, 0.9
    time = np.arange(0, 60, 0.1)
    w = np.exp((growth + 1j * omega) * time)
    z = np.stack([w.real, 0.5 * w.imag], axis=1)
    w_rate = (growth + 1j * omega) * w
    z_rate = np.stack([w_rate.real, 0.5 * w_rate.imag], axis=1)
    e = planted.ensemble(time, z, z_rate)
    made, xi, (mean, spread) = baselines.bop_dmd(e)
    assert made.library.terms == ["z1", "z2"]
    np.testing.assert_allclose(sorted(mean.imag), [-omega, omega], rtol=1e-5)
    np.testing.assert_allclose(mean.real, growth, rtol=1e-3)
    assert np.abs(spread).max() < 1e-4
    found = np.linalg.eigvals(xi[0])
    np.testing.assert_allclose(sorted(found.imag), [-omega, omega], rtol=1e-5)
    latents, rates = made.encode(0, np.arange(len(time)))
    np.testing.assert_allclose(latents @ xi[0], rates, atol=1e-4)


def test_bop_dmd_gives_the_same_twice_and_leaves_the_global_state_alone(spiral):
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (baselines.bop_dmd(spiral)[2] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(np.random.get_state()[1], expected)  # noqa: NPY002


def test_bagged_models_scatter_about_the_one_on_all_frames(spiral):
    library = with_constant(spiral.library)
    way = selection.plain(spiral, library, comparison.STLSQ)
    bag = baselines.bagged(spiral, way, library)
    assert bag.shape == (baselines.MODELS, len(library), 2)
    one = selection.refit(spiral, np.arange(1), library, way)[0]
    np.testing.assert_allclose(bag.mean(axis=0), one, atol=0.02)
    assert not bag[:, ~way.chosen].any()
    with pytest.raises(EaeSindyError, match="optimizers"):
        baselines.bagged(spiral, selection.plain(spiral, library), library)


def test_methods_that_know_the_flow_find_its_period_and_run(compared):
    rows = {row.name: row for row in compared.rows}
    assert list(rows) == [
        *("POD, Eq. 16", "POD, STLSQ(0.1)", "POD, ensemble STLSQ(0.1)", "POD, chosen by running"),
        *("BOP-DMD", "planted, Eq. 16", "planted, chosen by running"),
    ]
    for name in ("POD, Eq. 16", "POD, chosen by running", "planted, chosen by running"):
        row = rows[name]
        assert row.period == pytest.approx(PERIOD, rel=5e-3)
        assert row.runs == 1.0
        assert max(row.field, row.rate, row.forecast) < 1e-3
        low, high = row.interval
        assert low - 1e-6 <= row.period <= high + 1e-6
    assert rows["POD, STLSQ(0.1)"].terms < rows["POD, Eq. 16"].terms
    assert rows["planted, Eq. 16"].members == 3
    # Linear dynamics cannot hold a cycle that attracts from within.
    assert rows["BOP-DMD"].rate > 10 * rows["POD, Eq. 16"].rate


def test_equations_that_are_wrong_are_seen_to_be(spiral):
    members = np.arange(3)
    library = with_constant(spiral.library)
    right = selection.refit(spiral, members, library, selection.plain(spiral, library))
    method = Method("m", spiral, members, library, right, 1.0, "")
    good = comparison.measure(method, PERIOD)
    bad = comparison.measure(method._replace(values=3 * right), PERIOD)
    assert bad.field == good.field
    assert bad.rate > 1
    assert bad.forecast > 0.1 > 1e-3 > good.forecast
    away = right.copy()
    away[:, library.terms.index("z1"), 0] += 5.0
    away[:, library.terms.index("z1^3"), 0] += 5.0
    lost = comparison.measure(method._replace(values=away), PERIOD)
    assert lost.runs == 0.0
    assert np.isnan(lost.period)
    assert not lost.forecast < 1


def test_own_coefficients_are_taken_and_a_method_that_fails_says_so(spiral, monkeypatch):
    def fail(*_):
        raise np.linalg.LinAlgError("no luck")

    monkeypatch.setattr(pydmd.BOPDMD, "fit", fail)
    xi = np.zeros((len(spiral.library), 2))
    xi[spiral.library.terms.index("z2"), 0], xi[spiral.library.terms.index("z1"), 1] = -0.9, 0.9
    own = replace(spiral, attributes={"xi": xi, "seconds": 7.0})
    rows = {r.name: r for r in finish(comparison.iterate([("own", own, "")])).rows}
    assert rows["own"].terms == 2
    assert rows["own"].seconds == 7.0
    assert rows["own"].period == pytest.approx(PERIOD, rel=1e-4)
    assert rows["own"].interval is None
    assert "no luck" in rows["BOP-DMD"].note
    assert "–" in report.table([rows["BOP-DMD"]])[1]


def test_what_is_written_holds_every_row_and_no_nan(compared, tmp_path):
    hurt = compared.rows[0]._replace(forecast=np.inf, period=np.nan, interval=None, runs=np.nan)
    found = comparison.Comparison([hurt, *compared.rows[1:]], PERIOD, {})
    numbers, rows = report.write_comparison(found, tmp_path)
    kept = json.loads(numbers.read_text())["methods"]
    assert kept[0]["forecast"] is None
    assert kept[1]["interval"] == pytest.approx(compared.rows[1].interval)
    with rows.open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [r["name"] for r in table] == [r.name for r in compared.rows]
    assert float(table[1]["low"]) == pytest.approx(compared.rows[1].interval[0])
    lines = report.table(found.rows)
    assert "lost" in lines[1]
    assert len({len(line) for line in lines}) == 1
    drawn = figure_comparison.comparison(found)
    assert len(drawn.axes) == 4
    drawn.savefig(tmp_path / "drawn.png")


def test_data_without_a_period_are_compared_all_the_same():
    time = np.arange(0, 100, 0.2)
    decay = np.exp(-0.03 * time)[:, None] * np.array([1.0, -0.5])
    e = planted.ensemble(time, decay + np.array([0.2, 0.1]), -0.03 * decay, members=2,
                         library=standard(2, 1, sine=False, constant=True))  # fmt: skip
    found = finish(comparison.iterate([("decay", e, "")]))
    row = next(r for r in found.rows if r.name == "decay, Eq. 16")
    assert np.isnan(row.runs)
    assert row.interval is None
    assert row.forecast < 0.1
    assert json.dumps(report._clean(found.summary()), allow_nan=False)


def test_what_lies_off_an_axis_is_drawn_as_an_arrow_at_its_edge():
    def marks(**changes):
        row = Row("m", 2, 1, 4.0, 0.1, 0.2, 0.3, 7.0, (6.95, 7.05), 1.0, 1.0, "")._replace(
            **changes
        )
        figure = figure_comparison.comparison(Comparison([row], 7.0, {}))
        return {
            (line.get_marker(), round(float(x), 6))
            for axis in figure.axes[:2]
            for line in axis.get_lines()
            for x in line.get_xdata()
            if line.get_marker() in ("<", ">", "o", "D")
        }

    worst, low, high = figure_comparison.WORST, 6.79, 7.21  # 7 ± 3 %
    assert {m for m, _ in marks()} == {"o", "D"}
    assert marks(forecast=np.inf) - marks() >= {(">", worst)}
    assert ("D", worst) not in marks(forecast=5.0)
    assert marks(forecast=np.nan, field=0.1).isdisjoint({(">", worst)})
    assert {m for m in marks(period=6.0) if m[0] in "<>"} == {("<", low)}
    assert {m for m in marks(interval=(6.9, 9.0)) if m[0] in "<>"} == {(">", high)}
