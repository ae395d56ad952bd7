"""eae-sindy compare, as a user types it."""

import csv
import json
import time
from dataclasses import replace

import numpy as np
import pytest

from eae_sindy.comparison import comparison
from eae_sindy.comparison.comparison import Comparison
from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.ensemble.segments import Segments
from eae_sindy.errors import EaeSindyError
from eae_sindy.report import figures
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy_cli import compare
from tests import planted, records
from tests.test_cli import FIT, refused, run


@pytest.mark.slow
def test_compare_trains_what_is_missing_and_keeps_what_is_there(tmp_path):
    data, ensemble, out = tmp_path / "rd.h5", tmp_path / "e.h5", tmp_path / "compare"
    assert run("simulate", "--grid", 16, "--end", 240, "--step", 0.1, "-o", data).exit_code == 0
    assert run("fit", data, *FIT, "-o", ensemble).exit_code == 0
    line = ("compare", data, "--ensemble", ensemble, "--recipe", "paper-quick", "-o", out)
    result = run(*line)
    assert result.exit_code == 0, result.output
    with (out / "comparison.csv").open(newline="") as file:
        rows = {r["name"]: r for r in csv.DictReader(file)}
    assert len(rows) == 22
    assert 0 < float(rows["POD-2, Eq. 16"]["forecast"]) < 0.2
    assert "a tenth of the epochs" in rows["SINDy autoencoder"]["note"]
    kept = json.loads((out / "comparison.json").read_text())
    assert kept["reference_period"] > 6
    assert [v["subject"] for v in kept["verdicts"]] == ["against the others"]
    assert kept["verdicts"][0]["text"] in result.output
    assert (out / "comparison.png").stat().st_size > 20_000
    trained = ["autoencoder", "autoencoder-eq14", "sindy-autoencoder", "vae"]
    assert sorted(p.stem for p in out.glob("*.h5")) == trained
    assert Ensemble.open(out / "vae.h5").attributes["seconds"] > 0

    assert "comparison.json" in refused(*line)
    before = {p: p.stat().st_mtime_ns for p in out.glob("*.h5")}
    (out / "vae.h5").unlink()
    again = run(*line, "--resume")
    assert again.exit_code == 0, again.output
    assert (out / "vae.h5").is_file()
    kept = {p: p.stat().st_mtime_ns for p in out.glob("*.h5") if p.stem != "vae"}
    assert kept == {p: t for p, t in before.items() if p.stem != "vae"}


def planted_ensemble():
    """Any ensemble whose file can be opened: no training."""
    z, z_rate = planted.orbit(planted.hopf, [1.0, 0.0], records.TIME)
    e = planted.ensemble(records.TIME, z, z_rate, members=2)
    return replace(e, settings=e.settings.but(sine=False))


def test_compare_refuses_what_does_not_belong_together(tmp_path):
    stranger, data = tmp_path / "e.h5", tmp_path / "d.h5"
    planted_ensemble().save(stranger)
    Snapshots(np.arange(30.0), np.ones((30, 4))).save(data)
    line = refused("compare", data, "--ensemble", stranger, "-o", tmp_path / "c")
    assert "was not fitted to" in line
    assert "does not exist" in refused("compare", tmp_path / "none.h5", "-o", tmp_path / "c")
    blocked = tmp_path / "file"
    blocked.write_text("x")
    assert "is a file" in refused("compare", data, "-o", blocked)


def trained(e, calls):
    """A training that takes a moment, and is counted."""
    calls.append(1)
    time.sleep(0.02)
    yield from ()
    return e


def test_what_is_trained_is_kept_with_its_time_and_taken_up_again(tmp_path):
    path, calls = tmp_path / "vae.h5", []
    e = replace(planted_ensemble(), attributes={"data": "rd.h5"})
    first = compare._Kept(resume=False, force=False)
    made = first.take(path, trained(e, calls), lambda _: True, "beside it")
    kept = Ensemble.open(path).attributes
    assert made.attributes == {"data": "rd.h5", "seconds": kept["seconds"], "beside": "beside it"}
    assert 0.02 <= kept["seconds"] < 10
    again = compare._Kept(resume=True, force=False)
    taken = again.take(path, trained(e, calls), lambda e: e.attributes["beside"] == "beside it")
    assert taken.attributes["seconds"] == kept["seconds"]
    assert len(calls) == 1
    with pytest.raises(EaeSindyError, match="was made otherwise: use another folder"):
        again.take(path, trained(e, calls), lambda _: False)
    with pytest.raises(EaeSindyError, match="exists"):
        first.take(path, trained(e, calls), lambda _: True)
    anew = compare._Kept(resume=True, force=True).take(path, trained(e, []), lambda _: False)
    assert anew.attributes["beside"] == ""


def test_the_time_of_a_fit_that_was_interrupted_is_not_known(tmp_path, monkeypatch):
    path = tmp_path / "eae.h5"
    monkeypatch.setattr(Segments, "__bool__", lambda _: True)
    steps = trained(planted_ensemble(), [])
    made = compare._Kept(resume=True, force=False).take(path, steps, lambda _: True)
    assert np.isnan(made.attributes["seconds"])
    path.unlink()
    steps = trained(planted_ensemble(), [])
    made = compare._Kept(resume=False, force=False).take(path, steps, lambda _: True)
    assert made.attributes["seconds"] > 0  # begun anew, whatever lies there


def test_numbers_of_a_comparison_are_there_when_the_figure_fails(tmp_path, monkeypatch):
    e = planted_ensemble()
    data, stored = tmp_path / "d.h5", tmp_path / "e.h5"
    snapshots = Snapshots(np.arange(30.0), np.random.default_rng(0).normal(size=(30, 4)))
    snapshots.save(data)
    replace(e, attributes={"data fingerprint": Snapshots.open(data).fingerprint()}).save(stored)
    seen = []

    def compared(reductions):
        seen.extend(reductions)
        yield from ()
        ours = records.row("EAE", field=0.0123, forecast=0.035, seconds=12.0)
        return Comparison([records.row(), ours], 7.0, {"seed": 0})

    def fail(_):
        raise EaeSindyError("no figure today")

    monkeypatch.setattr(compare, "_rivals", lambda *_: [("VAE", e, "a rival")])
    monkeypatch.setattr(comparison, "iterate", compared)
    monkeypatch.setattr(figures, "comparison", fail)
    out = tmp_path / "c"
    result = run("compare", data, "--ensemble", stored, "-o", out)
    assert result.exit_code == 1
    assert [name for name, *_ in seen] == ["VAE", "EAE"]
    assert seen[1][2] == "1 chain, T = 0.0001"
    assert json.loads((out / "comparison.json").read_text())["methods"][1]["field"] == 0.0123
    assert (out / "comparison.csv").is_file()
    assert "0.0123" in result.output
    assert "EAE: a note" in result.output
    assert "data's own period 7.0000" in result.output
    assert (
        "ok  against the others: EAE, with an error of 0.035 in 12 s, 2 times less than POD-2, "
        "Eq. 16, with an error of 0.07 in 0.5 s\n"
    ) in result.output
    assert result.output.splitlines()[-1].startswith("Error: no figure today")
