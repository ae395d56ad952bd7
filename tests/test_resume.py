"""Interruption: what a kill leaves, and what --resume makes of it."""

import shutil
import subprocess
import sys
import time
from dataclasses import replace

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from eae_sindy import storage
from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.ensemble.segments import Segments
from eae_sindy.errors import EaeSindyError
from eae_sindy.neural.estimator import EntropicAutoencoder
from eae_sindy_cli.main import main
from tests.conftest import TINY_FIT

LONG = TINY_FIT.but(updates=30, draws=200, hidden=(8,), chain_length=2)
OPTIONS = [
    "--recipe",
    "paper-quick",
    "--hidden",
    "8",
    "--rank",
    "12",
    "--train",
    "0.5",
    "--updates",
    "30",
    "--encoders",
    "20",
    "--draws",
    "200",
    "--chain-length",
    "2",
]
KILLS = 20


def same(one, two):
    """Whether two ensembles agree to the last bit."""
    assert len(one.chains) == len(two.chains)
    for a, b in zip(one.chains, two.chains, strict=True):
        for name in ("loss", "kinetic_temperature", "step", "training", "gradient_square",
                     "laplacian", "largest_stable_step", "batch_noise", "outer_gradient",
                     "time_step", "temperature", "loss_of_all"):  # fmt: skip
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
        for p, q in zip((*a.encoder, *a.decoder), (*b.encoder, *b.decoder), strict=True):
            np.testing.assert_array_equal(p, q)
        assert a.state.keys() == b.state.keys()
        for name, value in a.state.items():
            np.testing.assert_array_equal(value, b.state[name], err_msg=name)
    return True


@pytest.fixture(scope="module")
def whole(small):
    return EntropicAutoencoder(LONG).fit(small)


def interrupted(settings, small, segments, *stops):
    """Run a fit, dropped after each of `stops` further steps, and then to its end."""
    for stop in stops:
        steps = EntropicAutoencoder(settings).iterate(small, segments)
        for _ in range(stop):
            next(steps)
        steps.close()
        assert segments
    return EntropicAutoencoder(settings).fit(small, segments)


@pytest.mark.slow
def test_a_fit_that_stops_twice_goes_on_to_the_same_bits(small, whole, tmp_path):
    segments = Segments(tmp_path / "e.h5", every=0.0)
    assert same(interrupted(LONG, small, segments, 17, 17), whole)


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 2, 30, 31, 39])
def test_a_fit_that_stops_anywhere_goes_on_to_the_same_bits(small, whole, tmp_path, after):
    assert same(interrupted(LONG, small, Segments(tmp_path / "e.h5", every=0.0), after), whole)


@pytest.mark.slow
@pytest.mark.parametrize("changes", [
    {"sampler": "langevin", "batch": 64},
    {"schedule": "geometric", "start_temperature": 1e-3, "chains": 2, "chains_per_decoder": 2},
    {"decoder_update": "exact", "step_share": 0.25, "dimensionless": True, "chains": 2,
     "chains_per_decoder": 2},
    {"decoder_update": "exact", "step_share": 0.15, "dimensionless": True, "confinement": 0.02,
     "directions": 8, "frames": 40, "temperature": 0.0, "activation": "silu", "rate_weight": 1.0},
])  # fmt: skip
def test_other_samplers_and_several_chains_go_on_to_the_same_bits(small, tmp_path, changes):
    settings = LONG.but(**changes)
    found = interrupted(settings, small, Segments(tmp_path / "e.h5", every=0.0), 12, 24)
    assert same(found, EntropicAutoencoder(settings).fit(small))


@pytest.mark.slow
def test_a_chain_that_stopped_by_tolerance_is_not_trained_again(small, tmp_path):
    segments = Segments(tmp_path / "e.h5", every=0.0)
    found = interrupted(LONG.but(tolerance=1e9), small, segments, 2)
    assert len(found.chains[0].training) == 1


@pytest.fixture
def begun(small, tmp_path):
    """Segments of a fit that has only begun."""
    segments = Segments(tmp_path / "e.h5", every=0.0)
    segments.begin(EntropicAutoencoder(LONG).begin(small)[0])
    return segments


@pytest.mark.parametrize("changes", [
    {"temperature": 2e-4}, {"updates": 31}, {"degree": 2}, {"seed": 7},
])  # fmt: skip
def test_segments_of_another_recipe_are_refused_with_the_difference(small, begun, changes):
    ((name, value),) = changes.items()
    with pytest.raises(EaeSindyError, match=f"{name} {getattr(LONG, name)} there, {value} asked"):
        EntropicAutoencoder(LONG.but(**changes)).fit(small, begun)


def test_segments_of_another_version_or_other_data_are_refused(small, begun):
    other = replace(small, field=small.field + 1e-3)
    with pytest.raises(EaeSindyError, match="data fingerprint"):
        EntropicAutoencoder(LONG).fit(other, begun)
    with h5py.File(begun.folder / "start.h5", "r+") as file:
        file.attrs["version"] = "0.0.1"
    with pytest.raises(EaeSindyError, match=r"version 0\.0\.1 there"):
        EntropicAutoencoder(LONG).fit(small, begun)


def test_a_damaged_segment_is_named(ensemble, begun):
    whole = ensemble.chains[0]
    later = replace(whole, step=whole.step + len(whole))
    begun.write(0, 0, [whole])
    begun.write(0, 1, [later])
    assert [len(part) for part in begun.read(0)] == [1, 1]
    last = max(begun.folder.glob("decoder-*.h5"))
    last.write_bytes(last.read_bytes()[:300])
    with pytest.raises(EaeSindyError, match=f"{last.name} cannot be read"):
        begun.read(0)


def test_what_a_removal_left_is_not_taken_for_part_of_a_later_fit(small, ensemble, begun):
    begun.write(0, 0, ensemble.chains)
    (begun.folder / "start.h5").unlink()
    assert not begun
    begun.begin(EntropicAutoencoder(LONG).begin(small)[0])
    assert begun.read(0) == []
    begun.remove()
    assert list(begun.folder.parent.iterdir()) == []


def test_segments_that_do_not_go_on_from_each_other_are_refused(ensemble, begun):
    for index in range(2):  # the same draws twice
        begun.write(0, index, ensemble.chains)
    with pytest.raises(EaeSindyError, match="does not go on from"):
        begun.read(0)


@pytest.mark.slow
def test_chains_on_two_processes_are_those_of_one(small, tmp_path):
    """Seeds, decoders and order do not depend on who does the work."""
    settings = LONG.but(chains=4, chains_per_decoder=2, updates=3, draws=20)
    segments = Segments(tmp_path / "e.h5", every=0.0)
    two = EntropicAutoencoder(settings, jobs=2).fit(small, segments)
    one = EntropicAutoencoder(settings).fit(small)
    assert [c.decoder_index for c in two.chains] == [0, 0, 1, 1]
    for a, b in zip(one.chains, two.chains, strict=True):
        # Threads differ, so the last bits may.
        np.testing.assert_allclose(a.training, b.training, rtol=1e-3)
        assert len(a) == len(b) == 20
    for a, b in ((0, 1), (0, 2), (1, 3)):
        assert not np.allclose(two.chains[a].encoder[0], two.chains[b].encoder[0])
    np.testing.assert_array_equal(two.chains[0].decoder[0], two.chains[1].decoder[0])
    assert not np.allclose(two.chains[0].decoder[0], two.chains[2].decoder[0])


def invoke(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


@pytest.fixture
def stopped(fitted, small, tmp_path):
    """A fit that was interrupted after its first 20 draws: its command, target and segments."""
    made, left = fitted
    small.save(tmp_path / "data.h5")
    segments = Segments(tmp_path / "e.h5")
    segments.folder.mkdir()
    for name in ("start.h5", *(f"decoder-000-{i:06d}.h5" for i in range(3))):
        shutil.copy(left / name, segments.folder / name)
    assert sum(len(part[0]) for part in segments.read(0)) == 20 < len(made)
    options = [
        "--recipe",
        "paper-quick",
        "--hidden",
        "16",
        "--rank",
        "12",
        "--train",
        "0.5",
        "--updates",
        "6",
        "--encoders",
        "20",
        "--draws",
        "50",
        "--chain-length",
        "4",
    ]
    return ["fit", tmp_path / "data.h5", "-o", tmp_path / "e.h5", *options], segments


def test_resume_goes_on_and_says_when_there_is_nothing_to_do(stopped, ensemble, tmp_path):
    command, segments = stopped
    target = tmp_path / "e.h5"
    refused = invoke(*command)
    assert refused.exit_code == 1
    assert "--resume" in refused.output
    for bad in (["--device", "gpu"], ["--activation", "step"]):
        assert invoke(*command, "--force", *bad).exit_code == 1
    assert len(segments.read(0)) == 3, "what was there is still there"
    done = invoke(*command, "--resume")
    assert done.exit_code == 0, done.output
    assert {p.name for p in tmp_path.iterdir()} == {"data.h5", "e.h5"}
    assert same(Ensemble.open(target), ensemble), "to the bits of a fit that was not interrupted"
    before = target.read_bytes()
    again = invoke(*command, "--resume")
    assert again.exit_code == 0
    assert "finished: nothing to resume" in again.output
    assert target.read_bytes() == before
    other = invoke(*command, "--resume", "--seed", "3")
    assert other.exit_code == 1
    assert "seed 0 there, 3 asked" in other.output
    assert "--force" in other.output
    assert target.read_bytes() == before


def test_a_second_fit_of_the_same_name_is_refused_before_it_touches_anything(stopped, tmp_path):
    command, segments = stopped
    with storage.alone(tmp_path / "e.h5"):
        for more in ([], ["--resume"], ["--force"]):
            second = invoke(*command, *more)
            assert second.exit_code == 1
            assert "is being made by another process" in second.output
            assert len(second.output.strip().splitlines()) == 1
    assert len(segments.read(0)) == 3


@pytest.mark.slow
def test_a_fit_that_is_told_to_end_says_so_and_can_be_resumed(small_file, tmp_path):
    """SIGTERM, as a queueing system sends it; and a second fit while the first still runs."""
    target = tmp_path / "e.h5"
    command = ["fit", str(small_file), "-o", str(target), *OPTIONS, "--checkpoint-every", "0.2",
               "--draws", "20000"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "eae_sindy_cli.main", *command], stderr=subprocess.PIPE, text=True
    )
    segments = Segments(target)
    while not list(segments.folder.glob("decoder-000-000002.h5")):
        assert process.poll() is None
        time.sleep(0.05)
    second = invoke(*command, "--resume")
    assert second.exit_code == 1
    assert "is being made by another process" in second.output
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143, said
    last = said.strip().splitlines()[-1]
    assert last == "Error: ended by SIGTERM: add --resume to the same command to go on"
    assert [p.name for p in tmp_path.iterdir()] == [segments.folder.name]
    assert not [p for p in segments.folder.iterdir() if p.name.startswith(".")]
    assert invoke(*command, "--resume").exit_code == 0
    assert [p.name for p in tmp_path.iterdir()] == [target.name]


@pytest.mark.slow
def test_twenty_kills_at_random_moments(small_file, tmp_path):
    """A real SIGKILL, half of them anywhere, half while segments are being written."""
    rng = np.random.default_rng()
    target = tmp_path / "e.h5"
    segments = Segments(target)
    command = [sys.executable, "-m", "eae_sindy_cli.main", "fit", str(small_file), "-o",
               str(target), *OPTIONS, "--checkpoint-every", "0", "--resume"]  # fmt: skip

    def start():
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    began = time.monotonic()
    first = start()
    assert first.wait() == 0, first.stderr.read().decode()
    takes = time.monotonic() - began
    reference = Ensemble.open(target)
    target.unlink()

    kills = finished = progressed = 0
    while kills < KILLS or not target.exists():
        process = start()
        if kills < KILLS:
            if kills % 2:  # once there is a new segment
                seen = set(segments.folder.glob("decoder-*.h5"))
                stamp = {p: p.stat().st_mtime_ns for p in seen}
                while process.poll() is None and not any(
                    stamp.get(p) != p.stat().st_mtime_ns
                    for p in list(segments.folder.glob("decoder-*.h5")) if p.exists()
                ):  # fmt: skip
                    time.sleep(0.005)
                time.sleep(rng.uniform(0, 0.7))
            else:
                time.sleep(rng.uniform(0, takes))
            if process.poll() is None:
                process.kill()
                kills += 1
        process.wait()
        if target.exists():
            assert same(Ensemble.open(target), reference)
            if process.returncode == 0:
                finished += 1
                assert not segments.folder.exists()
                target.unlink()
                if kills >= KILLS:
                    break
        elif segments.folder.exists():
            for path in segments.folder.glob("*.h5"):  # whole, whatever was being written
                with h5py.File(path, "r") as file:
                    assert len(file)
            progressed += len(list(segments.folder.glob("decoder-*.h5"))) > 0
    assert kills == KILLS
    assert progressed > 3
    assert finished >= 1
