"""One result, one summary: numbers as they were measured, written first, printed as they are."""

import csv
import html
import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

from eae_sindy.comparison.comparison import Comparison
from eae_sindy.discovery import discover
from eae_sindy.discovery.sparse_model import SparseModel
from eae_sindy.dynamics import conversions
from eae_sindy.dynamics.affine import Frame
from eae_sindy.dynamics.least_squares import Sparse
from eae_sindy.errors import EaeSindyError
from eae_sindy.recipes import Criteria
from eae_sindy.report import figures, files, text
from eae_sindy.report.figures.style import page_slice
from eae_sindy.report.page import page
from eae_sindy.report.report import Report
from eae_sindy_cli.main import main
from tests import planted, records


@pytest.fixture(scope="module")
def found():
    return records.discovery()


@pytest.fixture(scope="module")
def report(found):
    return Report.of(found)


@pytest.fixture(scope="module")
def printed(report):
    return text.lines(report)


# The summary.


def test_the_summary_holds_what_was_measured(found, report):
    s, a = report.summary, found.answers
    assert s["terms"] == found.ensemble.library.terms
    assert s["chosen_terms"] == ["1", *s["terms"]]
    assert [c["mean"] for c in s["coefficients"]] == [c.mean for c in found.table]
    ninth = found.table[8]
    assert s["coefficients"][8] == {
        "equation": "z1'", "term": ninth.term, "mean": ninth.mean, "mode": ninth.mode,
        "interval": list(ninth.interval), "significant": True,
    }  # fmt: skip
    assert s["correlation"]["matrix"][0][1] == 0.5
    assert s["reconstruction"] == {"field": 0.0201, "rate": 0.0302, "latent_rate": 0.0403,
                                   "field_of_mean": 0.0104}  # fmt: skip
    assert [b["forecast"] for b in s["baselines"]] == [0.07, 0.5]
    assert s["verdicts"] == [v._asdict() for v in report.verdicts]
    assert list(s["verdicts"][0]) == ["code", "subject", "level", "text", "advice"]
    assert [m["weight"] for m in s["modes"]] == [0.6, 0.4]
    assert [m["member"] for m in s["modes"]] == [0, 48]
    for mode, made in enumerate(s["modes"]):
        np.testing.assert_array_equal(made["coefficients"], a.values[24 * mode])
        mine = a.spread.values[a.modes.label[a.spread.picked] == mode]
        np.testing.assert_array_equal(made["interval"], [mine.min(axis=0), mine.max(axis=0)])
        assert [t["trajectory_error"] for t in made["tried"]] == [0.01, 0.02]
        assert made["chosen"] == made["tried"][0]["candidate"] == "polynomial terms, train frames"
    (same,) = s["symmetry"]
    assert (same["modes"], same["residual"], same["p_value"]) == ([1, 2], 1e-4, 0.4)
    assert s["forecast"]["field"] == pytest.approx(0.024)
    assert s["forecast"]["over_reconstruction"] == pytest.approx(1.2)
    assert s["forecast"]["field_of_mean"] == pytest.approx(0.8 * 0.024)
    assert s["forecast"]["horizon"] == 10.0


def test_orbits_are_summed_up_over_those_that_hold_the_cycle(found, report):
    for key, of, count in (("plain_orbits", found.orbits, 30), ("orbits", found.answers.orbits, 36),
                           ("replicates", found.answers.spread.orbits, 40)):  # fmt: skip
        made = report.summary["orbits"][key] if key == "replicates" else report.summary[key]
        assert made["members"] == len(of.kind)
        assert made["integrable_fraction"] == count / len(of.kind)
        assert made["classes"]["cycle"] == count
        assert made["reference_period"] == 7.0
        assert made["spectral_period"] == pytest.approx(7.0, rel=0.01)
        for name in ("period", "amplitude", "growth"):
            held = getattr(of, name)[of.kind == 0]
            assert made[name]["median"] == np.median(held)
            ends = (
                [min(held), max(held)] if key == "replicates" else np.quantile(held, [0.05, 0.95])
            )
            assert made[name]["interval"] == pytest.approx(ends)
    assert report.summary["orbits"]["period"]["interval_with_frames"] == [6.95, 7.05]


def test_diagnostics_are_weighted_by_weights_and_of_the_median_member(found, report):
    d = report.summary["diagnostics"]
    t = found.ensemble.settings.temperature
    assert d["temperature"] == t
    assert d["kinetic_temperature"] == pytest.approx((30 * 2 + 10) / 40 * t)
    assert d["condition_number"] == np.median(found.condition)
    assert d["dropped"] == 3
    assert d["r_hat"] == {"loss": 1.005, "field error": 1.002}
    assert d["ess"] == {"loss": {"bulk": 900.0, "tail": 800.0},
                        "field error": {"bulk": 900.0, "tail": 950.0}}  # fmt: skip
    assert d["between_decoders"] == {"loss": 0.3, "field error": 0.3}
    assert [la["ratio"] for la in d["per_layer"]] == [1.0, 1.004]
    assert (d["configurational_temperature"], d["step_of_stable"], d["drift_percent"]) == (
        1.05, 0.25, 1.5)  # fmt: skip


def test_the_summary_says_by_which_criteria_it_was_judged(found):
    criteria = Criteria(r_hat=(1.001, 1.002), period_width=0.5)
    made = Report.of(found, criteria)
    kept = made.summary["provenance"]["criteria"]
    assert kept["r_hat"] == [1.001, 1.002]
    assert kept["period_width"] == 0.5
    assert set(kept) == set(asdict(criteria))
    assert Report.of(found).summary["provenance"]["criteria"]["r_hat"] == [1.01, 1.05]
    levels = {v["code"]: v["level"] for v in made.summary["verdicts"]}
    assert levels["mixing"] == "bad"
    shown = page.page(made, {}, "")
    assert "should be at most 1.001" in shown
    assert "period width" in shown


def test_what_is_not_there_is_absent(found):
    made = Report.of(replace(found, answers=None, orbits=None)).summary
    for key in ("modes", "orbits", "plain_orbits", "forecast", "symmetry", "chosen_terms"):
        assert key not in made
    none = records.orbits(0, 40, 0, 0)
    few = records.answers(orbits=none, spread=records.spread(period=None))
    made = Report.of(replace(found, answers=few, orbits=none)).summary
    assert "period" not in made["plain_orbits"]
    assert "period" not in made["orbits"]
    assert made["orbits"]["integrable_fraction"] == 0.0


# What is printed.


def test_the_table_of_coefficients_marks_those_that_are_significant(found, printed):
    assert printed[4].split() == ["term", "mean", "mode", "90%", "interval"]
    assert len(found.table) == 18
    assert printed[13].split("  ")[-1] == " [-0.500, 8.500] *"
    assert printed[13].split()[:4] == ["z1'", "z2^3", "0.400", "0.650"]
    assert sum(line.endswith("*") for line in printed[:23]) == 4
    assert printed[23] == "  * significant: mean and mode both exceed 0.1"


def test_orbits_errors_and_the_sampler_are_printed_as_measured(found, report, printed):
    said = "\n".join(printed)
    assert (
        "Eq. 16 as it stands, on 'train' frames (trial members that held the cycle: train 90%, "
        "all 80%)\n  orbits of 40 members: 30 cycle, 6 fixed point, 3 divergent, 1 other; period "
    ) in said
    plain, chosen = (report.summary[k]["period"] for k in ("plain_orbits", "orbits"))
    low, high = plain["interval"]
    assert f"period {plain['median']:.4f} [{low:.4f}, {high:.4f}]; data 7.0000" in said
    low, high = chosen["interval"]
    assert (
        f"period {chosen['median']:.4f} [{low:.4f}, {high:.4f}], with resampled frames "
        "[6.9500, 7.0500]; data 7.0000"
    ) in said
    assert (
        "test errors, mean over members: field 0.0201, rate 0.0302, latent rate 0.0403; field of "
        "the mean 0.0104"
    ) in said
    t = found.ensemble.settings.temperature
    assert (
        f"sampler: kinetic temperature {1.75 * t:.3e} for {t:.3e} set; median condition number of "
        f"Θ {np.median(found.condition):.0f}; 3 members dropped"
    ) in said
    first = found.representatives()[0]
    assert f"most typical member ({found.members[first]}):\n  {found.equations(first)[0]}" in said
    assert "by stlsq" not in said
    assert "frames, by stlsq" in "\n".join(text.lines(Report.of(
        replace(found, sparse=Sparse("stlsq", 0.1)))))  # fmt: skip


def test_sparse_equations_are_printed_and_saved_with_a_forecast_of_their_own(found):
    frame = Frame(np.array([0.5, -0.25]), np.array([[1.0, -0.0], [0.0, 2.0]]))
    lines = ["y1' = 7 y2", "y2' = - 6 y1"]
    few = [SparseModel(records.trial(0.04, "radial"), 0.123, frame, lines), None]
    made = Report.of(replace(found, answers=records.answers(sparse=few)))
    said = text.lines(made)
    at = next(i for i, line in enumerate(said) if "with few coefficients" in line)
    assert said[at].strip() == (
        f"with few coefficients, 18: {few[0].trial.candidate.name}; forecast error 0.12, of those "
        "above 0.024"
    )
    assert said[at + 1].strip() == "in y = A (z - c), A = [1 0; 0 2], c = [0.5, -0.25]"
    assert [line.strip() for line in said[at + 2 : at + 4]] == lines
    assert "with few" not in "\n".join(said[at + 4 :])  # the second mode has none
    first, second = (mode["sparse"] for mode in made.summary["modes"])
    assert second is None
    assert (first["forecast"], first["trajectory_error"], first["coefficients"]) == (
        0.123,
        0.04,
        18,
    )
    assert first["frame"] == {"origin": [0.5, -0.25], "matrix": [[1, 0], [0, 2]]}
    assert first["equations"] == lines


def test_modes_are_printed_with_their_equations_and_what_was_tried(found, printed):
    a = found.answers
    at = printed.index("chosen by running on validation stretches:")
    assert printed[at - 1] == text.RULES["geometric"]
    whole = replace(found, criteria=found.criteria.but(average="mean"))
    assert text.RULES["mean"] in text.lines(Report.of(whole))
    assert printed[at + 1] == (
        "mode 1 (60% of members): polynomial terms, train frames; trajectory error 0.01, of 2 "
        "tried the least"
    )
    lines = conversions.equations(a.values[0], a.library.terms)
    assert printed[at + 2 : at + 4] == [f"  {line}" for line in lines]
    assert printed[at + 4].startswith("mode 2 (40% of members)")
    assert printed[at + 7] == a.equivalences[0].sentence()
    simpler = [records.trial(0.02), records.trial(0.01, "all")]
    other = replace(found, answers=records.answers(trials=[simpler, simpler]))
    said = text.lines(Report.of(other))
    assert any("trajectory error 0.02, of 2 tried the least 0.01" in line for line in said)


def test_chains_and_verdicts_come_last(report, printed):
    at = next(i for i, line in enumerate(printed) if "R-hat" in line and "ESS bulk" in line)
    row = printed[at + 1].split()
    assert row == ["loss", "1.005", "900", "800", "12.0", "0.30"]
    marks = {"good": "ok ", "caution": " ! ", "bad": "!!!"}
    said = [f"{marks[v.level]} {v.subject}: {v.sentence}" for v in report.verdicts]
    assert printed[:2] == [said[0], ""]
    assert "in short" in said[0]
    assert any(v.advice and v.advice in line for v, line in zip(report.verdicts, said, strict=True))
    assert printed[1 - len(said) :] == said[1:]


def test_a_row_of_a_comparison_in_print():
    rows = [
        records.row("a", period=6.98765, interval=(6.9, 7.1), runs=0.876, seconds=123.4),
        records.row("longer", forecast=10.0, period=np.nan, interval=None, runs=np.nan,
                    seconds=np.nan, field=9.9999),
    ]  # fmt: skip
    head, first, second = text.table(rows)
    assert head.split() == [*("latents", "terms", "field", "rate", "forecast", "period"),
                            *("interval", "run", "seconds")]  # fmt: skip
    assert first.split() == ["a", "2", "18", "0.0500", "0.0600", "0.0700", "6.9877", "[6.9000,",
                             "7.1000]", "88%", "123"]  # fmt: skip
    assert second.split() == ["longer", "2", "18", "9.9999", "0.0600", "lost", *"–––"]
    assert len({len(line) for line in (head, first, second)}) == 1
    assert text.table([records.row(seconds=0.123)])[1].split()[-1] == "0.12"


def test_without_a_period_or_choice_it_is_said(found):
    said = "\n".join(text.lines(Report.of(replace(found, answers=None, orbits=None, trials={}))))
    assert "the data show no period" in said
    assert "trial members" not in said
    assert "chosen by running" not in said


# The page: what differs from summary and text.


def test_the_page_compares_orbits_in_columns(report):
    shown = page.page(report, {}, "")
    cells = [html.unescape(c) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", shown)]
    at = cells.index("hold the data's cycle")
    assert cells[at : at + 4] == ["hold the data's cycle", "75.0%", "90.0%", "80.0%"]
    at = cells.index("this ensemble")
    mine = cells[at : at + 10]
    assert "0.02010" in mine or "0.0201" in mine
    assert "90%" in mine
    assert "[6.9500, 7.0500]" in mine or "[6.95, 7.05]" in mine


# The files.


def test_numbers_are_written_first(report, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(csv, "writer", fail)
    with pytest.raises(EaeSindyError, match="cannot write"):
        files.write(report, tmp_path)
    kept = json.loads((tmp_path / "summary.json").read_text())
    assert kept == json.loads(json.dumps(report.summary))
    assert [p.name for p in tmp_path.iterdir()] == ["summary.json"]


def test_the_files_of_a_report(found, report, tmp_path):
    paths = files.write(report, tmp_path)
    assert [p.name for p in paths] == ["summary.json", "coefficients.csv", "equations.h5"]
    with paths[1].open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, c in zip(rows, found.table, strict=True):
        assert (row["equation"], row["term"], row["significant"]) == (
            c.equation, c.term, str(c.significant))  # fmt: skip
        numbers = [float(row[k]) for k in ("mean", "mode", "low", "high")]
        assert numbers == [c.mean, c.mode, *c.interval]
    without = Report.of(replace(found, answers=None))
    assert [p.name for p in files.write(without, tmp_path, force=True)] == [
        "summary.json", "coefficients.csv"]  # fmt: skip
    assert not (tmp_path / "equations.h5").exists()  # it would pass for this one's


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is no comparison"),
        ("[1]", "is no comparison"),
        ('{"rows": []}', "is no comparison"),
        ('{"methods": []}', "lists no methods"),
        ('{"methods": 7}', "lists no methods"),
        ('{"methods": {"name": "x"}}', "lists no methods"),
        ('{"methods": [1]}', "lists no methods"),
        ('{"methods": [{}]}', r"method 1 lacks name, latents, .*, note"),
        (None, r"method 2 lacks forecast, runs\): make one with 'eae-sindy compare'"),
    ],
)
def test_a_comparison_that_is_none_is_refused_in_one_line(content, says, tmp_path):
    if content is None:
        one, two = records.row()._asdict(), records.row()._asdict()
        del two["forecast"], two["runs"]
        content = json.dumps({"methods": [one, two]})
    path = tmp_path / "comparison.json"
    path.write_text(content)
    with pytest.raises(EaeSindyError, match=says) as said:
        files.read_comparison(path)
    assert "\n" not in str(said.value)


def test_a_comparison_comes_back_as_it_was_written(tmp_path):
    rows = [records.row(), records.row("lost", forecast=np.inf, interval=None, runs=np.nan)]
    made = Comparison(rows, 7.0, {"seed": 0})
    numbers, _ = files.write_comparison(made, tmp_path)
    first, second = files.read_comparison(numbers)
    assert first == records.row()._asdict() | {"interval": [6.9, 7.1]}
    assert [second[k] for k in ("forecast", "interval", "runs")] == [None, None, None]
    assert "Other methods, on the same data" in page.page(
        Report.of(records.discovery()), {}, "", [first, second])  # fmt: skip


# The command.


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """An ensemble on disk, and what a discovery of it would be."""
    path = tmp_path_factory.mktemp("ensemble") / "e.h5"
    time = records.TIME
    z, z_rate = planted.orbit(planted.hopf, [1.0, 0.0], time)
    e = planted.ensemble(time, z, z_rate, members=2)
    replace(e, settings=e.settings.but(sine=False)).save(path)
    return path


def discovering(monkeypatch, found, saved, *arguments):
    def steps(*_, **__):
        yield from ()
        return found

    monkeypatch.setattr(discover, "iterate", steps)
    drawn = {"overview", "correlations", "answers", "normal_form", "chains"}
    for name in drawn:
        monkeypatch.setattr(figures, name, lambda _: Figure(figsize=(1, 1)))
    return lambda: CliRunner().invoke(main, ["discover", str(saved), *map(str, arguments)])


def test_a_figure_that_fails_loses_neither_numbers_nor_page(found, saved, tmp_path, monkeypatch):
    out = tmp_path / "d"
    go = discovering(monkeypatch, found, saved, "-o", out, "--plot", "--report")

    def fail(_):
        assert (out / "summary.json").is_file()
        raise ValueError("no such\naxis")

    monkeypatch.setattr(figures, "overview", fail)
    result = go()
    assert result.exit_code == 1
    last = result.output.splitlines()[-1]
    assert last == (
        f"Error: {out / 'summary.json'} has all numbers, but not all could be shown: figure1 "
        "(ValueError: no such axis)"
    )
    assert "Traceback" not in result.output
    kept = json.loads((out / "summary.json").read_text())
    assert len(kept["verdicts"]) == len(Report.of(found).verdicts)
    assert "ok  settling" in result.output or " !  settling" in result.output
    names = {p.name for p in out.iterdir()}
    assert names == {"summary.json", "coefficients.csv", "equations.h5", "report.html",
                     *(f"{n}.{s}" for n in ("figure4", "answers", "normal_form", "diagnostics")
                       for s in ("png", "pdf"))}  # fmt: skip
    assert (out / "report.html").read_text("utf-8").count("<img") == 4


def test_a_page_or_a_disk_that_fails_loses_no_numbers(found, saved, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    out = tmp_path / "d"
    go = discovering(monkeypatch, found, saved, "-o", out, "--plot", "--report")
    monkeypatch.setattr(Figure, "savefig", fail)
    monkeypatch.setattr(page, "page", fail)
    result = go()
    assert result.exit_code == 1
    last = result.output.splitlines()[-1]
    assert "report.html (OSError: " in last
    assert "No space left" in last
    assert {p.name for p in out.iterdir()} == {"summary.json", "coefficients.csv", "equations.h5"}


def test_what_is_written_is_listed(found, saved, tmp_path, monkeypatch):
    out = tmp_path / "d"
    result = discovering(monkeypatch, found, saved, "-o", out)()
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == (
        f"{out}: summary.json, coefficients.csv, equations.h5"
    )
    assert [*result.output.splitlines()[:-2]] == text.lines(Report.of(found))
    again = discovering(monkeypatch, found, saved, "-o", out)()
    assert again.exit_code == 1
    assert again.output.startswith("Error: ")
    assert "summary.json exists" in again.output


@pytest.mark.parametrize("axis", ["x", 3, -4, 1.0, None, True, np.nan, np.array([0, 1])])
def test_a_channel_axis_that_is_none_leaves_the_frame_as_it_is(axis):
    field = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(page_slice(field, axis), field[1])
    np.testing.assert_array_equal(page_slice(field[0, 0], axis), field[0, 0])


def test_the_first_channel_is_shown():
    field = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(page_slice(field, 0), field[0])
    np.testing.assert_array_equal(page_slice(field, np.int64(-1)), field[..., 0])
    np.testing.assert_array_equal(page_slice(field[0, 0], 0), field[0, 0])  # no axis to spare


def test_how_many_members_were_read_is_said(found):
    """Forty usable ones and three dropped, of 86 that had settled; or all that had."""
    first = text.lines(Report.of(found))[2]
    assert first == "read 43 of 86 settled members, spread evenly"
    made = Report.of(found).summary["provenance"]["members"]
    assert made == {"settled": 86, "read": 43}
    assert text.lines(Report.of(replace(found, settled=43)))[2] == "read all of 43 settled members"


def test_errors_are_printed_with_digits_that_say_something():
    from eae_sindy.report.numbers import error

    assert [error(x) for x in (0.0156, 0.001, 9.94e-4, 2.13e-5, 0.0, 3.0)] == [
        "0.0156", "0.0010", "9.9e-04", "2.1e-05", "0.0000", "3.0000"]  # fmt: skip
