"""eae-sindy sweep: what changes with the temperature, from one start."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from conftest import TINY_FIT

from eae_sindy.discovery import discover
from eae_sindy.discovery import sweep as discovered
from eae_sindy.discovery.sweep import Row, Sweep
from eae_sindy.ensemble.ladder import Ladder, Rung
from eae_sindy.errors import EaeSindyError
from eae_sindy.neural.entropic import chains, workers
from eae_sindy.neural.entropic import sweep as neural
from eae_sindy.neural.entropic.divergence import DivergedError
from eae_sindy.neural.estimator import EntropicAutoencoder
from eae_sindy.neural.starts import choice as starts
from eae_sindy.neural.starts.contract import Begun
from eae_sindy.progress import Progress, finish
from eae_sindy.recipes import CRITERIA
from eae_sindy.report import figures
from eae_sindy.report import sweep as report
from eae_sindy_cli import sweep as command
from tests import records
from tests.test_cli import refused, run

SETTINGS = TINY_FIT.but(
    confinement=0.02, step_share=0.15, dimensionless=True, temperature=0.0, updates=2, draws=30
)
COLD, WARM, HOT = 1e-6, 1e-5, 1e-4


def drawn(*losses, decoders=None):
    """An ensemble of chains with these losses; records have no more of it than a sweep asks."""
    decoders = decoders or range(len(losses))
    made = [
        records.Draws(loss=np.array(x, np.float32), decoder_index=d,
                      kinetic_temperature=np.ones((len(x), 2)))
        for x, d in zip(losses, decoders, strict=True)
    ]  # fmt: skip
    return replace_chains(records.ensemble(), made)


def replace_chains(ensemble, made):
    ensemble.chains = made
    return ensemble


# The formulas.


def test_degrees_of_freedom_and_heat_capacity_by_hand():
    losses = [np.array([1.0, 2.0, 3.0]), np.array([5.0, 5.0, 11.0])]
    assert discovered.freedom(losses, [1.0, 4.0], 0.5) == pytest.approx(2 * (1 + 3) / 2 / 0.5)
    assert discovered.heat_capacity(losses, 0.5) == pytest.approx((2 / 3 + 8) / 2 / 0.25)


def test_of_quadratic_degrees_of_freedom_both_count_them():
    """L = L_min + T chi²(N)/2, by which <L> is N T / 2 and the variance N T² / 2 above it."""
    n, t = 40, 1e-3
    loss = 0.3 + t / 2 * np.random.default_rng(0).chisquare(n, 200_000)
    assert discovered.freedom([loss], [0.3], t) == pytest.approx(n, rel=0.01)
    assert discovered.heat_capacity([loss], t) == pytest.approx(n / 2, rel=0.02)


def test_the_least_loss_is_that_of_all_rungs_for_each_decoder():
    first, last = drawn([3.0, 2.0], [9.0, 8.0]), drawn([4.0, 2.5], [7.0, 9.5])
    rungs = [Rung(COLD, first), Rung(WARM, None, "lost"), Rung(HOT, last)]
    assert discovered.least_losses(rungs) == {0: 2.0, 1: 7.0}
    assert discovered.least_losses(rungs[::-1]) == {0: 2.0, 1: 7.0}
    shared = Rung(COLD, drawn([3.0], [2.0], decoders=[4, 4]))
    assert discovered.least_losses([shared]) == {4: 2.0}


def test_a_row_has_what_the_discovery_says():
    found = records.discovery(
        ensemble=drawn([100.0, 2.0, 4.0, 6.0], [90.0, 95.0, 5.0, 7.0]),
        diagnostics=records.diagnostics(
            settled_from=(1, 2), drift=-3.0, mixing=(records.mixing("period", ess_bulk=7.0),
                                                      records.mixing(ess_bulk=70.0))),
    )  # fmt: skip
    row = discovered.row(0.5, found, {0: 1.0, 1: 3.0})
    assert (row.temperature, row.members, row.note) == (0.5, 40, "")
    assert (row.field, row.rate) == (0.0201, 0.0302)
    assert row.forecast == pytest.approx(0.024)
    held = found.answers.orbits.period[found.answers.orbits.holds]
    assert row.period == pytest.approx(np.median(held))
    assert (row.low, row.high) == (6.95, 7.05)
    assert row.width == pytest.approx(0.1 / 7.0)
    assert row.holds == found.answers.orbits.integrable_fraction
    assert row.loss == pytest.approx((4 + 6) / 2)
    assert row.freedom == pytest.approx(2 * (3 + 3) / 2 / 0.5)
    assert row.heat_capacity == pytest.approx((8 / 3 + 1) / 2 / 0.25)
    assert (row.ess, row.drift) == (70.0, -3.0)


@pytest.mark.parametrize(
    ("answers", "forecast", "says"),
    [
        (None, math.nan, "no forecast: the time before the test window is too short"),
        (records.answers(orbits=None, spread=None), 0.024, "no period: neither data nor equations"),
        (records.answers(spread=records.spread(period=None)), 0.024, "no interval of the period"),
    ],
)
def test_what_is_not_known_has_no_number_and_a_note(answers, forecast, says):
    found = records.discovery(
        ensemble=drawn([2.0, 3.0]), answers=answers,
        diagnostics=records.diagnostics(settled_from=(0,), mixing=()),
    )  # fmt: skip
    row = discovered.row(0.5, found, {0: 1.0})
    assert row.forecast == pytest.approx(forecast, nan_ok=True)
    assert np.isnan([row.width, row.low, row.ess]).all()
    assert says in row.note
    assert row.freedom == pytest.approx(6.0)


# The ladder.


def test_ten_rungs_lie_half_decades_apart_about_the_one_chosen():
    rungs = neural.ladder(3e-5)
    assert len(rungs) == 10
    assert np.diff(np.log10(rungs)) == pytest.approx(np.full(9, 0.5))
    assert rungs[5] == pytest.approx(3e-5)


@pytest.fixture(scope="module")
def grown(small):
    """A real sweep from one start, and how often there was one."""
    calls, whole = [], starts.STARTS["random"]

    def counted(*given):
        calls.append(1)
        return whole(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starts, "STARTS", {"random": counted})
        steps = EntropicAutoencoder(SETTINGS).sweep(small, [WARM, COLD])
        seen, result = list[Progress](), None
        while result is None:
            try:
                seen.append(next(steps))
            except StopIteration as end:
                result = end.value
    return result, seen, len(calls)


@pytest.mark.slow
def test_every_rung_is_the_fit_at_its_temperature_from_one_start(small, grown):
    ladder, seen, calls = grown
    assert calls == 1
    assert [r.temperature for r in ladder.rungs] == [COLD, WARM]
    cold, warm = (r.ensemble for r in ladder.rungs)
    assert cold.frames is warm.frames
    assert cold.pod is warm.pod
    assert (cold.settings.temperature, warm.settings.temperature) == (COLD, WARM)
    for rung in ladder.rungs:
        alone = EntropicAutoencoder(SETTINGS.but(temperature=rung.temperature)).fit(small)
        assert np.array_equal(alone.chains[0].loss, rung.ensemble.chains[0].loss)
        assert rung.ensemble.chains[0].temperature == rung.temperature
    steps = [s for s in seen if s.stage == "sweep"]
    assert [s.done for s in steps] == sorted(s.done for s in steps)
    assert steps[-1].done == steps[-1].total
    assert {s.values["T"] for s in steps} == {COLD, WARM}


@pytest.mark.slow
def test_the_temperature_chosen_is_that_of_a_fit(small, grown):
    alone = EntropicAutoencoder(SETTINGS.but(updates=0, draws=1)).fit(small)
    assert grown[0].chosen == pytest.approx(alone.chains[0].temperature)


def climbed(monkeypatch, settings, temperatures=(), lost=math.inf, chosen=()):
    """Climb a ladder on which nothing is sampled, and what is hotter than `lost` diverges."""

    def start(task, decoder):
        yield Progress("start", 1, 1)
        return Begun([(np.full(1, decoder),)], (np.full(1, decoder),))

    def begin(task, decoder, begun):
        yield from ()
        return type("Session", (), {"temperature": chosen[decoder]})

    def grow(task, decoder, begun):
        assert begun.decoder[0][0] == decoder
        yield Progress("training", 1, 1)
        if task.settings.temperature > lost:
            raise DivergedError("the sampler diverged while training")
        return [(task.settings.temperature, decoder)]

    for name, function in {"start": start, "begin": begin, "grow": grow}.items():
        monkeypatch.setattr(chains, name, function)
    task = neural.chains.Task(settings=settings, custom=None, pod=None, frames=None, data=())
    here = workers.local(1, 1)
    return finish(neural.climb(task, temperatures, here, here))


def test_divergence_at_the_hottest_rung_is_reported_and_the_sweep_goes_on(monkeypatch):
    settings = SETTINGS.but(chains=2, temperature=WARM)
    chosen, rungs = climbed(monkeypatch, settings, [HOT, COLD, WARM], lost=WARM)
    assert chosen == pytest.approx(WARM)
    assert [t for t, _ in rungs] == [COLD, WARM, HOT]
    assert rungs[1][1] == [[(WARM, 0)], [(WARM, 1)]]
    assert rungs[2][1] == ["the sampler diverged while training"] * 2


def test_the_ladder_is_about_the_mean_of_what_decoders_choose(monkeypatch):
    chosen, rungs = climbed(monkeypatch, SETTINGS.but(chains=2), chosen=(1e-6, 1e-4))
    assert chosen == pytest.approx(1e-5)
    assert [t for t, _ in rungs] == pytest.approx(neural.ladder(1e-5))


@pytest.mark.parametrize(
    ("temperatures", "says"),
    [
        ([COLD, 0.0], "must be positive"),
        ([-1.0, COLD], "must be positive"),
        ([COLD, math.inf], "must be positive and finite"),
        ([COLD, math.nan], "must be positive"),
        ([COLD], "is no sweep"),
        ([COLD, COLD], "twice"),
    ],
)
def test_temperatures_that_are_no_ladder(small, temperatures, says):
    with pytest.raises(EaeSindyError, match=says):
        finish(EntropicAutoencoder(SETTINGS).sweep(small, temperatures))


# A discovery at every rung.


def discoveries(monkeypatch, ladder, fails=()):
    """Sweep a ladder; a discovery at a temperature of `fails` finds nothing."""

    def iterate(ensemble, sparse=None, criteria=CRITERIA):
        yield Progress("reading", 1, 2)
        if ensemble.temperature in fails:
            raise EaeSindyError("no member gives finite coefficients")
        return records.discovery(
            ensemble=ensemble, diagnostics=records.diagnostics(settled_from=(0,))
        )

    monkeypatch.setattr(discover, "iterate", iterate)
    for rung in ladder.rungs:
        if rung.ensemble is not None:
            rung.ensemble.temperature = rung.temperature
    return finish(discovered.iterate(ladder))


def test_rows_come_in_the_order_of_the_rungs_and_say_what_was_lost(monkeypatch):
    rungs = [
        Rung(COLD, drawn([2.0, 2.2])), Rung(WARM, drawn([1.5, 3.5])),
        Rung(HOT, None, "the sampler diverged"),
    ]  # fmt: skip
    found = discoveries(monkeypatch, Ladder(WARM, rungs), fails=(WARM,))
    assert [r.temperature for r in found.rows] == [COLD, WARM, HOT]
    assert found.rows[0].freedom == pytest.approx(2 * (2.1 - 1.5) / COLD)
    assert found.rows[1].note == "nothing was discovered: no member gives finite coefficients"
    assert found.rows[2].note == "the sampler diverged"
    assert math.isnan(found.rows[2].field)
    assert found.least == {0: 1.5}
    assert found.reference_period == 7.0
    assert found.nearest.temperature == WARM
    assert found.on_the_ladder


# Words, files and the figure.


def swept(chosen=WARM, forecasts=(0.04, 0.03, 0.02), notes=("", "", "")):
    """Three rows, of which the hottest forecasts best."""
    rows = [
        Row(t, 40, 0.01 * (k + 1), 0.02, f, 7.0, 6.9, 7.1, 0.2 / 7, 1.0, 0.5, 30.0 + k, 16.0,
            200.0, -1.5, note)
        for k, (t, f, note) in enumerate(zip((COLD, WARM, HOT), forecasts, notes, strict=True))
    ]  # fmt: skip
    return Sweep(chosen, rows, {0: 0.25}, 7.0)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (swept(), "auto chose T = 1e-05; its forecast, with an error of 0.0300, is within a factor "
                  "1.5 of the best, 0.0200 at T = 0.0001."),
        (swept(HOT), "auto chose T = 0.0001; its forecast is the best of the ladder, with an error "
                     "of 0.0200."),
        (swept(1.2e-6), "auto chose T = 1.2e-06; the forecast of the rung nearest to it, "
                        "T = 1e-06, with an error of 0.0400, is within a factor 2 of the best, "
                        "0.0200 at T = 0.0001."),
        (swept(forecasts=(0.04, math.nan, math.inf)),
         "auto chose T = 1e-05; its forecast is not known; the best of the ladder has an error of "
         "0.0400, at T = 1e-06."),
        (swept(forecasts=[math.nan] * 3), "auto chose T = 1e-05; no rung has a forecast."),
    ],
)  # fmt: skip
def test_one_sentence_compares_the_temperature_chosen_with_the_best(found, says):
    assert report.sentence(found) == says
    assert report.sentence(found, automatic=False).startswith("the fit has T")


def test_one_line_for_each_temperature_and_the_one_chosen_is_marked():
    said = report.lines(swept(forecasts=(0.02, 0.03, math.inf), notes=("", "", "no period")))
    rows = said[1:4]
    assert [line[0] for line in rows] == [" ", "*", " "]
    assert rows[1].split()[1:] == [
        "1.00e-05", "0.0200", "0.0300", "7.0000", "2.86%", "31", "16", "200", "-1.5",
    ]  # fmt: skip
    assert "lost" in rows[2]
    assert rows[2].endswith("no period")
    unmarked = report.lines(swept(1.2e-6))[1:4]
    assert {line[0] for line in unmarked} == {" "}


def test_files_hold_every_row(tmp_path):
    found = swept(forecasts=(0.04, math.nan, 0.02))
    report.write(found, tmp_path, {"seed": 3})
    kept = json.loads((tmp_path / "sweep.json").read_text())
    assert set(kept) == {
        "chosen", "best", "rows", "least_loss", "reference_period", "provenance"}  # fmt: skip
    assert kept["chosen"] == {"temperature": WARM, "nearest": WARM, "forecast": None}
    assert kept["best"] == {"temperature": HOT, "forecast": 0.02}
    assert kept["least_loss"] == {"0": 0.25}
    assert [r["temperature"] for r in kept["rows"]] == [COLD, WARM, HOT]
    assert kept["rows"][0]["interval"] == [6.9, 7.1]
    assert kept["provenance"] == {"seed": 3}
    with (tmp_path / "sweep.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(r["freedom"]) for r in rows] == [30.0, 31.0, 32.0]
    with pytest.raises(EaeSindyError, match="exists"):
        report.write(found, tmp_path)


def test_the_figure_marks_the_temperature_chosen_and_what_was_lost():
    found = swept()
    lost = replace(found, rows=[*found.rows[:2], Row(HOT, note="the sampler diverged")])
    figure = figures.sweep(lost)
    panels = [axis for axis in figure.axes if axis.get_xlabel()]
    assert len(panels) == 6
    for axis in panels:
        assert axis.get_xscale() == "log"
        lines = {line.get_label(): line for line in axis.get_lines()}
        assert list(lines["_chosen"].get_xdata()) == [WARM, WARM]
        assert list(lines["_lost"].get_xdata()) == [HOT]
    heat = {line.get_label(): line for line in panels[4].get_lines()}
    assert heat["half of d"].get_ydata()[:2] == pytest.approx([15.0, 15.5])
    assert panels[2].get_lines()[0].get_ydata()[0] == pytest.approx(20 / 7)
    figures.sweep(swept(forecasts=[math.nan] * 3))
    figures.sweep(swept(forecasts=[9.0, math.inf, 0.1]))


# The command.


@pytest.fixture
def planted(monkeypatch):
    """The command, with a sweep that takes no time; what it was asked for."""
    asked = []

    def grown(data, names, settings, temperatures, device, jobs):
        asked.append((settings, temperatures))
        return Ladder(WARM, []), {}

    def iterate(ladder):
        yield Progress("discovering", 1, 1)
        return swept()

    monkeypatch.setattr("eae_sindy_cli.sweep._grown", grown)
    monkeypatch.setattr(discovered, "iterate", iterate)
    return asked


def test_the_command_writes_numbers_and_one_figure(planted, tmp_path, monkeypatch):
    out = tmp_path / "sweep"
    result = run("sweep", "any.h5", "-o", out, "--temperatures", "1e-5,1e-6")
    assert result.exit_code == 0, result.output
    assert {p.name for p in out.iterdir()} == {
        "sweep.json", "sweep.csv", "sweep.png", "sweep.pdf"}  # fmt: skip
    assert "within a factor 1.5 of the best" in result.output
    settings, temperatures = planted[0]
    assert temperatures == [1e-5, 1e-6]
    assert settings.chains == 1
    kept = json.loads((out / "sweep.json").read_text())["provenance"]
    assert kept["recipe"] == "standard"
    assert kept["settings"]["chains"] == 1
    before = (out / "sweep.json").stat().st_mtime_ns
    assert "exists" in refused("sweep", "any.h5", "-o", out)
    assert (out / "sweep.json").stat().st_mtime_ns == before
    assert len(planted) == 1
    monkeypatch.setattr(figures, "save", lambda *_: [])
    forced = run("sweep", "any.h5", "-o", out, "--force", "--chains", 4, "--temperature", "1e-5")
    assert forced.exit_code == 0, forced.output
    assert "the fit has T" in forced.output
    assert planted[1][0].chains == 4
    assert run("sweep", "any.h5", "-o", out, "--force", "--chains-per-decoder", 3).exit_code == 0
    assert planted[2][0].chains == 3


def test_numbers_are_there_when_the_figure_fails(planted, tmp_path, monkeypatch):
    def fail(_):
        raise EaeSindyError("no figure today")

    monkeypatch.setattr(figures, "sweep", fail)
    result = run("sweep", "any.h5", "-o", tmp_path)
    assert result.exit_code == 1
    assert {p.name for p in tmp_path.iterdir()} == {"sweep.json", "sweep.csv"}
    assert "within a factor" in result.output


def test_what_is_interrupted_leaves_what_was_there(planted, tmp_path, monkeypatch):
    def interrupted(ladder):
        yield Progress("discovering", 1, 2)
        raise KeyboardInterrupt

    monkeypatch.setattr(discovered, "iterate", interrupted)
    (tmp_path / "sweep.json").write_text("precious")
    line = refused("sweep", "any.h5", "-o", tmp_path, "--force")
    assert line == "Error: interrupted: no half-written file is left\n"
    assert [p.name for p in tmp_path.iterdir()] == ["sweep.json"]
    assert (tmp_path / "sweep.json").read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--temperatures", "1e-5,0"), "must be positive"),
        (("--temperatures", "1e-5,-1"), "must be positive"),
        (("--temperatures", "1e-5"), "is no sweep"),
        (("--temperatures", ""), "is no list of numbers"),
        (("--temperatures", "warm,hot"), "is no list of numbers"),
        (("--recipe", "none"), "unknown recipe"),
        (("--confinement", "0"), "needs a --confinement"),
    ],
)
def test_bad_input_is_one_line(small_file, tmp_path, arguments, says):
    assert says in refused("sweep", small_file, "-o", tmp_path / "s", *arguments)


def test_files_that_cannot_be_read_or_written(small_file, tmp_path):
    assert "does not exist" in refused("sweep", tmp_path / "none.h5", "-o", tmp_path / "s")
    (tmp_path / "file").write_text("x")
    assert "is a file" in refused("sweep", small_file, "-o", tmp_path / "file")


@pytest.mark.slow
def test_a_real_sweep_as_a_user_types_it(small_file, tmp_path, monkeypatch):
    """Sixty time units have too short a test window for a period: that is said, and null."""
    whole = discover.iterate

    def few(*given, criteria=CRITERIA, **more):
        return whole(*given, criteria=criteria.but(replicates=20), **more)

    monkeypatch.setattr(discover, "iterate", few)
    options = (
        "--recipe", "quick", "--start", "random", "--hidden", 16, "--rank", 12, "--train", 0.5,
        "--updates", 2, "--encoders", 20, "--draws", 40, "--directions", 4, "--jobs", 1,
    )  # fmt: skip
    out = tmp_path / "s"
    line = ("sweep", small_file, "-o", out, *options, "--temperatures", "1e-5,1e-6")
    result = run(*line)
    assert result.exit_code == 0, result.output
    kept = json.loads((out / "sweep.json").read_text())
    cold, warm = kept["rows"]
    assert (cold["temperature"], warm["temperature"]) == (COLD, WARM)
    assert cold["field"] > 0
    assert cold["loss"] >= kept["least_loss"]["0"]
    assert cold["width"] is None
    assert "no period" in cold["note"] or "no forecast" in cold["note"]
    assert "auto chose T" in result.output
    assert command.sweep.name == "sweep"
