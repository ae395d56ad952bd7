"""eae-sindy compare, as a user types it."""

import csv
import json

import pytest

from eae_sindy.ensemble.ensemble import Ensemble
from tests.test_cli import FIT, refused, run


@pytest.mark.slow
def test_compare_trains_what_is_missing_and_keeps_what_is_there(tmp_path):
    data, ensemble, out = tmp_path / "rd.h5", tmp_path / "e.h5", tmp_path / "compare"
    assert run("simulate", "--grid", 16, "--end", 240, "--step", 0.1, "-o", data).exit_code == 0
    assert run("fit", data, *FIT, "-o", ensemble).exit_code == 0
    line = ("compare", data, "--ensemble", ensemble, "--recipe", "quick", "-o", out)
    result = run(*line)
    assert result.exit_code == 0, result.output
    with (out / "comparison.csv").open(newline="") as file:
        rows = {r["name"]: r for r in csv.DictReader(file)}
    assert len(rows) == 14
    assert 0 < float(rows["POD, Eq. 16"]["forecast"]) < 0.2
    assert "a tenth of the epochs" in rows["SINDy autoencoder"]["note"]
    assert json.loads((out / "comparison.json").read_text())["reference_period"] > 6
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


def test_compare_refuses_what_does_not_belong_together(tmp_path, small_file, ensemble):
    stranger = tmp_path / "e.h5"
    ensemble.save(stranger)
    other = tmp_path / "other.h5"
    assert run("simulate", "--grid", 16, "--end", 30, "--step", 0.1, "-o", other).exit_code == 0
    line = refused("compare", other, "--ensemble", stranger, "-o", tmp_path / "c")
    assert "was not fitted to" in line
    assert "does not exist" in refused("compare", tmp_path / "none.h5", "-o", tmp_path / "c")
    blocked = tmp_path / "file"
    blocked.write_text("x")
    assert "is a file" in refused("compare", small_file, "-o", blocked)
