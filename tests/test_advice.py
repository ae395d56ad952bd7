"""What a verdict advises is done, and the verdict is better for it."""

import numpy as np
import pytest

from eae_sindy.discovery.discover import discover
from eae_sindy.report.verdicts import judge, of_preparation
from eae_sindy.report.verdicts.verdict import LEVELS
from eae_sindy.snapshots.frames import Frames
from eae_sindy.snapshots.preparation import prepared
from eae_sindy.snapshots.split import TRAIN
from tests import planted
from tests.conftest import FEW


def noisy(step):
    """Frames of a rotation with a tenth of noise."""
    time = np.arange(0, 60, step)
    x = np.stack([np.cos(time), np.sin(time)], axis=1)
    x = (x + 0.07 * np.random.default_rng(0).normal(size=x.shape)).astype(np.float32)
    none = np.zeros(len(time), np.float32)
    return Frames(time, np.zeros(len(time), int), np.full(len(time), TRAIN), x,
                  np.gradient(x, step, axis=0).astype(np.float32), none, none)  # fmt: skip


def rates(step, smooth):
    told = prepared(noisy(step), rates_given=False, smooth=smooth, method="auto")[1]
    return next(v for v in of_preparation(told) if v.code == "rates-made")


def test_rates_are_better_of_frames_that_are_measured_more_often():
    said, better = rates(0.5, True), rates(0.05, True)
    assert "measure more often" in said.advice
    assert LEVELS.index(better.level) < LEVELS.index(said.level)
    assert (better.level, better.advice) == ("good", "")


def verdicts(time, members=8, chains=1):
    e = planted.ensemble(time, *planted.orbit(planted.hopf, [0.2, 0.0], time), members=members,
                         chains=chains, noise=0.01)  # fmt: skip
    return {v.code: v for v in judge(discover(e, "train", criteria=FEW))}


SHORT = np.arange(0, 40, 0.1)


def test_longer_trajectories_have_equations():
    said = verdicts(np.arange(0, 6, 0.1))
    assert said["no-equations"].level == "bad"
    assert "longer trajectories" in said["no-equations"].advice
    assert "no-equations" not in verdicts(SHORT)


def test_more_draws_are_more_than_one_member():
    said = verdicts(SHORT, members=1)
    assert "raise --draws" in said["one-member"].text
    assert "one-member" not in verdicts(SHORT, members=8)


def test_more_chains_are_more_than_one_decoder():
    said = verdicts(SHORT)
    assert "ask for more --chains" in said["one-decoder"].text
    assert "one-decoder" not in verdicts(SHORT, chains=2)


@pytest.mark.parametrize("more", [{"members": 200}, {"members": 100, "chains": 2}])
def test_more_draws_and_more_chains_are_worth_more(more):
    said = verdicts(SHORT, members=60)["independent-draws"]
    assert said.level == "bad"
    assert "raise --draws or --chains" in said.text
    better = verdicts(SHORT, **more)["independent-draws"]
    assert LEVELS.index(better.level) < LEVELS.index(said.level)
