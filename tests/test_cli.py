"""The commands as a user types them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import click
import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from eae_sindy.discovery import discover
from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.snapshots import lambda_omega
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.split import TEST, TRAIN
from eae_sindy_cli.main import main
from tests.conftest import FEW

FIT = [
    *("--recipe", "paper-quick", "--hidden", "16", "--rank", "12", "--train", "0.5"),
    *("--chain-length", "4", "--updates", "4", "--encoders", "20", "--draws", "40"),
    "--resume",  # where there is nothing to resume a fit begins
]


@pytest.fixture(scope="module", autouse=True)
def few_replicates():
    """What is found is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        whole = discover.iterate

        def few(*given, criteria, **more):
            small = FEW.but(average=criteria.average, frame=criteria.frame)
            return whole(*given, criteria=small, **more)

        patch.setattr(discover, "iterate", few)
        yield


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def refused(*arguments, code=1):
    """Run what must fail: one line on what is wrong, no traceback. Return the line."""
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    if code == 1:
        assert result.output.startswith("Error: ")
        assert len(result.output.strip().splitlines()) == 1
    return result.output


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """The three commands one after the other, without arguments for their files."""
    folder = tmp_path_factory.mktemp("work")
    before = os.getcwd()
    os.chdir(folder)
    try:
        results = [
            run("simulate", "--grid", 16, "--end", 240, "--step", 0.1),
            run("fit", *FIT),
            run("discover", "--plot"),
        ]
    finally:
        os.chdir(before)
    for result in results:
        assert result.exit_code == 0, result.output
    return folder, results


def test_the_three_commands_hand_their_files_on(workspace):
    folder, (_, fit, _) = workspace
    frames = Ensemble.open(folder / "runs/ensemble.h5").frames
    trained, tested = (len(frames.where(part)) for part in (TRAIN, TEST))
    assert f"split: {trained:,} frames to train on" in fit.output
    assert f" {tested:,} to test" in fit.output
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert found == {
        "data/reaction_diffusion.h5", "runs/ensemble.h5", "runs/discovery/summary.json",
        "runs/discovery/coefficients.csv", "runs/discovery/equations.h5",
        "runs/discovery/figure1.png",
        "runs/discovery/figure1.pdf", "runs/discovery/figure4.png", "runs/discovery/figure4.pdf",
        "runs/discovery/diagnostics.png", "runs/discovery/diagnostics.pdf",
        "runs/discovery/answers.png", "runs/discovery/answers.pdf",
        "runs/discovery/normal_form.png", "runs/discovery/normal_form.pdf",
    }  # fmt: skip


def test_summary_has_the_keys_that_scripts_rely_on(workspace):
    folder, _ = workspace
    summary = json.loads((folder / "runs/discovery/summary.json").read_text())
    assert len(summary["terms"]) == 11
    assert len(summary["coefficients"]) == 22
    assert set(summary["coefficients"][0]) == {
        "equation", "term", "mean", "mode", "interval", "significant"}  # fmt: skip
    assert set(summary["reconstruction"]) == {"field", "rate", "latent_rate", "field_of_mean"}
    assert summary["baselines"][0]["name"] == "POD-2, Eq. 16"
    assert summary["orbits"]["members"] == 40
    assert summary["provenance"]["recipe"] == "paper-quick"
    assert summary["provenance"]["command"].startswith("eae-sindy")
    assert {"temperature", "kinetic_temperature", "condition_number", "dropped"} <= set(
        summary["diagnostics"])  # fmt: skip


def test_figures_are_pictures_and_not_blank(workspace):
    from matplotlib.image import imread

    folder, _ = workspace
    for name in ("figure1", "figure4"):
        image = imread(folder / f"runs/discovery/{name}.png")
        assert image.shape[0] > 500
        assert image[..., :3].std() > 0.02
        assert (folder / f"runs/discovery/{name}.pdf").read_bytes().startswith(b"%PDF")


def test_what_is_read_is_never_written_over(workspace, tmp_path):
    """Not even with --force, nor by another name of the same file."""
    folder, _ = workspace
    data, made = folder / "data/reaction_diffusion.h5", folder / "runs/discovery"
    ensemble, other = folder / "runs/ensemble.h5", tmp_path / "other"
    for name in ("forecast.h5", "report.html", "eae.h5", "vae.h5", "comparison.json"):
        (other / name).parent.mkdir(exist_ok=True)
        (other / name).symlink_to(ensemble if name in ("report.html", "vae.h5") else data)
    link = tmp_path / "link.h5"
    link.hardlink_to(data)
    before = data.read_bytes(), ensemble.read_bytes()
    for arguments in (
        ("fit", data, "-o", data),
        ("fit", data, "-o", link),
        ("encode", ensemble, data, "-o", ensemble),
        ("encode", ensemble, data, "-o", data),
        ("encode", ensemble, data, "--discovery", made, "-o", made / "equations.h5"),
        ("export", ensemble, "-o", ensemble),
        ("forecast", ensemble, other / "forecast.h5", "--discovery", made, "-o", other),
        ("discover", ensemble, "--report", "-o", other),
        ("compare", data, "-o", other),
        ("compare", data, "-o", other, "--resume"),
        ("compare", folder / "x.h5", "--ensemble", ensemble, "-o", other),
    ):
        assert "is what is read: name another" in refused(*arguments, "--force")
    assert (data.read_bytes(), ensemble.read_bytes()) == before


def test_what_exists_is_kept_unless_forced(workspace):
    folder, _ = workspace
    data, ensemble = folder / "data/reaction_diffusion.h5", folder / "runs/ensemble.h5"
    before = data.read_bytes()
    assert "exists" in refused("simulate", "--grid", 16, "--end", 1, "-o", data)
    assert "exists" in refused("fit", data, "-o", ensemble)
    assert "exists" in refused("discover", ensemble, "-o", folder / "runs/discovery")
    assert data.read_bytes() == before
    copy = folder / "copy.h5"
    copy.write_bytes(before)
    assert run("simulate", "--grid", 8, "--end", 1, "-o", copy, "--force").exit_code == 0
    assert Snapshots.open(copy).shape == (8, 8)


@pytest.fixture(scope="module")
def reported(workspace, tmp_path_factory):
    """A discovery with a report, where the snapshots of the ensemble are gone."""
    folder, _ = workspace
    out, data = tmp_path_factory.mktemp("reported"), folder / "data/reaction_diffusion.h5"
    data.rename(folder / "away.h5")
    result = run(
        "discover", folder / "runs/ensemble.h5", "--frames", "train", "--report", "-o", out
    )
    (folder / "away.h5").rename(data)
    assert result.exit_code == 0, result.output
    return out, result


def test_a_report_is_one_page_and_nothing_is_drawn_beside_it(workspace, reported):
    out, _ = reported
    assert {p.name for p in out.iterdir()} == {
        "summary.json", "coefficients.csv", "equations.h5", "report.html"}  # fmt: skip
    assert (out / "report.html").read_text("utf-8").count("<img") == 5
    (out / "summary.json").unlink()
    (out / "coefficients.csv").unlink()
    (out / "equations.h5").unlink()
    started = refused("discover", workspace[0] / "runs/ensemble.h5", "--report", "-o", out)
    assert "report.html exists" in started


def later(folder, path, change=lambda file: None):
    """Write the last 60 frames of the workspace's data as new ones."""
    with h5py.File(folder / "data/reaction_diffusion.h5") as data, h5py.File(path, "w") as file:
        for name in ("time", "field"):
            file[name] = data[name][-60:]
        change(file)
    return path


def test_new_snapshots_are_encoded(workspace, tmp_path):
    folder, _ = workspace
    ensemble, data = folder / "runs/ensemble.h5", later(folder, tmp_path / "new.h5")
    config = tmp_path / "c.toml"
    config.write_text("[encode]\nmembers = 7\n")
    result = run("encode", ensemble, data, "--config", config, "-o", tmp_path / "z.h5",
                 "--discovery", folder / "runs/discovery")  # fmt: skip
    assert result.exit_code == 0, result.output
    fitted = Ensemble.open(ensemble)
    rows = np.arange(len(fitted.frames.time) - 60, len(fitted.frames.time))
    with h5py.File(tmp_path / "z.h5") as file:
        assert file["latents"].shape == file["rates"].shape == (7, 60, 2)
        for k, member in enumerate(file["members"][:]):
            z, _ = fitted.encode(int(member), rows)
            np.testing.assert_allclose(file["latents"][k], z, atol=1e-4 * np.abs(z).max())
    assert "exists" in refused("encode", ensemble, data, "-o", tmp_path / "z.h5")


def test_new_snapshots_are_forecast(workspace, tmp_path):
    folder, _ = workspace
    data = later(folder, tmp_path / "new.h5")
    result = run("forecast", folder / "runs/ensemble.h5", data, "-o", tmp_path / "f", "--plot",
                 "--discovery", folder / "runs/discovery", "--horizon", 8)  # fmt: skip
    assert result.exit_code == 0, result.output
    assert {p.name for p in (tmp_path / "f").iterdir()} == {
        "forecast.h5", "summary.json", "forecast.png", "forecast.pdf"}  # fmt: skip
    made = Snapshots.open(tmp_path / "f/forecast.h5")
    assert made.field.shape == (81, 16, 16)
    assert np.isfinite(made.field[:]).all()
    (row,) = json.loads((tmp_path / "f/summary.json").read_text())["trajectories"]
    assert row["frames"] == 60
    assert row["errors"][-1]["horizon"] == pytest.approx(5.9)
    first = row["start"]
    assert (f"t = {first:g} to {first + 8:g}: relative field error {row['field']:.4f} over "
            f"t = {first:g} to {first + 5.9:g}, where the data end, ") in result.output  # fmt: skip
    # A forecast is a snapshots file: it can be encoded as any other.
    again = run("encode", folder / "runs/ensemble.h5", tmp_path / "f/forecast.h5",
                "--members", 3, "-o", tmp_path / "z.h5")  # fmt: skip
    assert again.exit_code == 0, again.output


def add_noise(file):
    file["field"][:] += np.random.default_rng(0).normal(size=file["field"].shape)


def test_what_lies_outside_the_training_span_is_warned_of(workspace, tmp_path):
    folder, _ = workspace
    for name, change, said in (("same", lambda f: None, False), ("other", add_noise, True)):
        data = later(folder, tmp_path / f"{name}.h5", change)
        result = run("encode", folder / "runs/ensemble.h5", data, "--members", 2,
                     "-o", tmp_path / f"{name}_z.h5")  # fmt: skip
        assert result.exit_code == 0
        assert ("warning: 60 of 60 frames (100%)" in result.stderr) == said
        assert said or "warning" not in result.stderr


def test_new_data_that_cannot_be_used(workspace, tmp_path):
    folder, _ = workspace
    ensemble, data = folder / "runs/ensemble.h5", later(folder, tmp_path / "new.h5")
    out = ("-o", tmp_path / "out")
    said = refused("forecast", ensemble, data, *out, "--discovery", tmp_path / "none")
    assert "run 'eae-sindy discover' first" in said
    own = ("--discovery", folder / "runs/discovery")
    assert "does not exist" in refused("forecast", ensemble, tmp_path / "none.h5", *out, *own)
    assert "at least 0.1" in refused("forecast", ensemble, data, *out, *own, "--horizon", 0.01)
    assert " fits" in refused("forecast", ensemble, data, *out, *own, "--horizon", 1e12)
    assert "no frame 60" in refused("forecast", ensemble, data, *out, *own, "--start", 60)
    bad = later(folder, tmp_path / "bad.h5", set_nan)
    assert "holds NaN" in refused("forecast", ensemble, bad, *out, *own)
    assert "holds NaN" in refused("encode", ensemble, bad, "-o", tmp_path / "z.h5")
    assert not (tmp_path / "z.h5").exists()
    small = later(folder, tmp_path / "small.h5", shrink)
    assert "a new frame has shape (8, 16)" in refused("forecast", ensemble, small, *out, *own)
    assert not list((tmp_path / "out").glob("*"))


def shrink(file):
    values = file["field"][:, ::2]
    del file["field"]
    file["field"] = values


def test_frames_can_be_chosen(workspace, reported, tmp_path):
    folder, _ = workspace
    results = {"train": reported[1]}
    results["test"] = run(
        "discover", folder / "runs/ensemble.h5", "--frames", "test", "-o", tmp_path
    )
    for frames, result in results.items():
        assert result.exit_code == 0
        assert f"Eq. 16 as it stands, on '{frames}'" in result.output


def spoil(source, target, change):
    target.write_bytes(source.read_bytes())
    with h5py.File(target, "r+") as file:
        change(file)
    return target


def set_nan(file):
    file["field"][5, 0, 0] = np.nan


def set_flat(file):
    file["field"][:] = 1.0


def set_time_back(file):
    file["time"][7] = file["time"][3]


def drop_field(file):
    del file["field"]


def keep_five(file):
    for name in ("time", "field", "rate"):
        values = file[name][:5]
        del file[name]
        file[name] = values


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (set_nan, "frame 5 of the field holds NaN"),
        (set_flat, "never change"),
        (set_time_back, "time does not increase"),
        (drop_field, "no /field"),
        (keep_five, "too few"),
    ],
)
def test_bad_data_is_refused_in_one_line_and_nothing_is_written(small_file, tmp_path, change, says):
    bad = spoil(small_file, tmp_path / "bad.h5", change)
    assert says in refused("fit", bad, "-o", tmp_path / "out" / "e.h5")
    assert list((tmp_path / "out").iterdir()) == []


def test_missing_and_truncated_files(small_file, tmp_path):
    assert "does not exist" in refused("fit", tmp_path / "none.h5", "-o", tmp_path / "e.h5")
    assert "does not exist" in refused("discover", tmp_path / "none.h5", "-o", tmp_path / "d")
    assert not (tmp_path / "d").exists()
    whole = small_file.read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 3])
    assert "not a whole snapshots file" in refused(
        "fit", tmp_path / "cut.h5", "-o", tmp_path / "e.h5"
    )
    assert "not a whole ensemble" in refused("discover", small_file, "-o", tmp_path / "d2")
    (tmp_path / "text.h5").write_text("not HDF5")
    assert "not a whole snapshots file" in refused(
        "fit", tmp_path / "text.h5", "-o", tmp_path / "e.h5"
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--mass", "0"], "--mass must be positive"),
        (["--recipe", "fast"], "unknown recipe 'fast'"),
        (["--activation", "step"], "unknown activation"),
        (["--rate-weight", "inf"], "--rate-weight must be a finite number"),
        (["--step", "nan"], "--step: NaN"),
        (["--degree", "500"], "makes more than 10,000 terms"),
        (["--hidden", "1" + "0" * 15], "--hidden must be less than"),
        (["--latents", "13", "--rank", "12", "--degree", "1"], "--latents 13 exceeds the rank"),
        (["--device", "gpu"], "no GPU"),
    ],
)
def test_settings_that_cannot_be_right(small_file, tmp_path, arguments, says):
    output = tmp_path / "e.h5"
    assert says in refused("fit", small_file, "-o", output, *arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["0", "-1e-4", "nan", "warm"])
def test_a_temperature_is_a_positive_number_or_auto(small_file, tmp_path, value):
    said = refused("fit", small_file, "-o", tmp_path / "e.h5", "--temperature", value, code=2)
    assert "'--temperature'" in said
    needs = refused("fit", small_file, "-o", tmp_path / "e.h5", "--temperature", "auto",
                    "--recipe", "paper-quick")  # fmt: skip
    assert "auto needs a --confinement" in needs


def test_a_simulation_that_cannot_be_right(tmp_path):
    output = tmp_path / "d.h5"
    assert "finite" in refused("simulate", "--end", "inf", "-o", output)
    assert "NaN" in refused("simulate", "--beta", "nan", "-o", output)
    assert "diverged" in refused("simulate", "--step", 50, "-o", output)
    small = ("simulate", "--grid", 8, "--end", 1, "-o", output)
    assert "of the field is infinite" in refused(*small, "--noise", "1e308")
    assert "at most 16,384" in refused(*small, "--grid", 2**31 - 1)
    assert "too short for so late" in refused(*small, "--end", 1e300, "--step", 1e-300)
    assert "20 digits" in refused(*small, "--seed", "9" * 20)
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage_exits_with_2(tmp_path):
    refused("fit", "--no-such-option", code=2)
    refused("discover", "--frames", "some", code=2)
    refused("simulate", "--grid", "many", code=2)
    refused("simulate", "--diffusivity", 1, "--diffusivity", 1, "--diffusivity", 1, code=2)


def test_a_config_file_that_cannot_be_meant(tmp_path):
    """All that is wrong with such files is in test_config; here, that the commands mind it."""
    config = tmp_path / "c.toml"
    for text, key in (("[simulate]\ngird = 3", "simulate.gird"), ("[fti]\nseed = 3", "fti"),
                      ("step = 0.1", "step"), ("[fit]\nupdates = 1.5", "fit.updates")):  # fmt: skip
        config.write_text(text)
        command = "fit" if "fit]" in text else "simulate"
        said = refused(command, "--config", config, "-o", tmp_path / "d.h5")
        assert said.startswith(f"Error: {key!r} in {config}: ")
    assert list(tmp_path.iterdir()) == [config]


def test_every_option_has_its_own_name_in_a_config_file():
    for name, command in main.commands.items():
        for option in command.params:
            if isinstance(option, click.Option):
                long = [o[2:] for o in (*option.opts, *option.secondary_opts) if o[:2] == "--"]
                assert option.name in [o.replace("-", "_") for o in long], f"{name}: {long}"


def test_a_config_file_that_does_not_exist(tmp_path):
    refused("simulate", "--config", tmp_path / "none.toml")


def test_a_folder_that_takes_no_files(tmp_path):
    """Root may write anywhere, so the folder that is no folder stands for the read-only one."""
    (tmp_path / "file").write_text("")
    assert "cannot write in" in refused("simulate", "-o", tmp_path / "file" / "data.h5")
    if os.geteuid() != 0:
        (tmp_path / "locked").mkdir(mode=0o500)
        assert "cannot write in" in refused("simulate", "-o", tmp_path / "locked" / "data.h5")


def test_a_config_file_gives_defaults_and_the_command_line_has_the_last_word(tmp_path):
    config = tmp_path / "c.toml"
    config.write_text(
        "seed = 3\n[fit]\ntemperature = 1e-5\nhidden = 16\n"
        "[simulate]\ngrid = 8\nend = 2\nstep = 0.5\ndiffusivity = 0.2\n"
    )
    for extra, grid in (([], 8), (["--grid", 12], 12)):
        out = tmp_path / f"{grid}.h5"
        assert run("simulate", "--config", config, "-o", out, *extra).exit_code == 0
        made = Snapshots.open(out)
        assert made.field.shape == (5, grid, grid)
        assert made.attributes["seed"] == 3
        np.testing.assert_array_equal(made.attributes["diffusivity"], [0.2, 0.2])


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [(signal.SIGINT, 1, "interrupted"), (signal.SIGTERM, 143, "ended by SIGTERM")],
    ids=["Ctrl-C", "SIGTERM"],
)
def test_interrupted_work_says_so_and_leaves_nothing(tmp_path, number, code, says):
    """In the middle of a simulation that was told to replace a file."""
    target = tmp_path / "data.h5"
    target.write_bytes(b"precious")
    process = subprocess.Popen(
        [sys.executable, "-m", "eae_sindy_cli.main", "simulate", "-o", str(target), "--force"],
        stderr=subprocess.PIPE, text=True,
        # A shell that runs the tests in the background has them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )  # fmt: skip
    # The frames are being written once the hidden file beside the target has grown.
    deadline = time.monotonic() + 60
    while not any(p.stat().st_size > 2**20 for p in tmp_path.iterdir()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert said.strip().splitlines()[-1] == f"Error: {says}: no half-written file is left"
    assert "Traceback" not in said
    assert target.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_and_a_folder_that_vanishes(tmp_path):
    """The commands themselves: one line, and nothing half written."""
    code = (
        "import resource, sys; from eae_sindy_cli.main import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, resource.RLIM_INFINITY))\n"
        "main(sys.argv[1:])"
    )
    full = [sys.executable, "-c", code, "simulate", "--end", "10", "-o", str(tmp_path / "d.h5")]
    done = subprocess.run(full, capture_output=True, text=True)
    assert done.returncode == 1
    (line,) = [k for k in done.stderr.splitlines() if not k.startswith("frames ")]
    assert line.startswith("Error: cannot write")
    assert "free some space" in line
    assert list(tmp_path.iterdir()) == []

    def vanish(self):
        yield np.zeros((1, 8, 8)), np.zeros((1, 8, 8))
        shutil.rmtree(tmp_path / "out")
        yield np.zeros((1, 8, 8)), np.zeros((1, 8, 8))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lambda_omega.LambdaOmega, "frames", vanish)
        result = run("simulate", "--grid", 8, "--end", 1, "--step", 1,
                     "-o", tmp_path / "out" / "d.h5")  # fmt: skip
    assert result.exit_code == 1
    assert result.output.splitlines()[-1].startswith("Error: cannot write")
    assert "its folder is gone" in result.output
    assert list(tmp_path.iterdir()) == []


def test_an_output_without_a_name_or_with_too_long_a_one(tmp_path):
    for command in ("simulate", "fit", "discover", "encode", "forecast", "export", "compare"):
        files = ("a", "b") if command in ("encode", "forecast") else ()
        assert "the output has no name" in refused(command, *files, "-o", "")
    assert "File name too long" in refused("simulate", "-o", tmp_path / ("a" * 300))
    assert "File name too long" in refused("fit", "a", "-o", tmp_path / ("a" * 300))
    assert "does not exist" in refused("fit", tmp_path / ("a" * 300), "-o", tmp_path / "e.h5")
    assert list(tmp_path.iterdir()) == []


def test_version_and_help():
    assert run("--version").output.startswith("eae-sindy, version ")
    for command in ("simulate", "fit", "discover", "encode", "forecast"):
        result = run(command, "--help")
        assert result.exit_code == 0
        assert "--config" in result.output
