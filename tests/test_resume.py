"""Interruption: what a kill leaves, and what --resume makes of it."""

import subprocess
import sys
import time
from dataclasses import replace

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from eae_sindy_cli.main import main

from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.ensemble.segments import Segments
from eae_sindy.errors import EaeSindyError
from eae_sindy.neural.estimator import EntropicAutoencoder
from tests.conftest import TINY_FIT

LONG = TINY_FIT.but(updates=30, draws=200, hidden=(8,), chain_length=2)
OPTIONS = ["--recipe", "quick", "--hidden", "8", "--rank", "12", "--train", "0.5", "--updates",
           "30", "--encoders", "20", "--draws", "200", "--chain-length", "2"]  # fmt: skip
KILLS = 20


def same(one, two):
    """Whether two ensembles agree to the last bit."""
    assert len(one.chains) == len(two.chains)
    for a, b in zip(one.chains, two.chains, strict=True):
        for name in ("loss", "kinetic_temperature", "step", "training", "gradient_square",
                     "laplacian", "largest_stable_step", "batch_noise"):  # fmt: skip
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


def test_resume_starts_goes_on_and_says_when_there_is_nothing_to_do(small, small_file, tmp_path):
    target = tmp_path / "e.h5"
    segments = Segments(target, every=0.0)
    settings = TINY_FIT.but(updates=2, draws=10)
    options = ["--recipe", "quick", "--hidden", "16", "--rank", "12", "--train", "0.5", "--updates",
               "2", "--encoders", "20", "--draws", "10", "--chain-length", "4"]  # fmt: skip
    command = ["fit", small_file, "-o", target, *options]
    from eae_sindy.snapshots.snapshots import Snapshots

    steps = EntropicAutoencoder(settings).iterate(Snapshots.open(small_file), segments)
    next(steps)
    steps.close()
    refused = invoke(*command)
    assert refused.exit_code == 1
    assert "--resume" in refused.output
    for bad in (["--device", "gpu"], ["--activation", "step"]):
        assert invoke(*command, "--force", *bad).exit_code == 1
    assert segments.read(0), "what was there is still there"
    done = invoke(*command, "--resume")
    assert done.exit_code == 0, done.output
    assert not segments.folder.exists()
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
    fresh = invoke("fit", small_file, "-o", tmp_path / "new.h5", *options, "--resume")
    assert fresh.exit_code == 0, fresh.output
    assert same(Ensemble.open(tmp_path / "new.h5"), Ensemble.open(target))


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
