"""Small data that many tests share."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "PYTEST_XDIST_WORKER" in os.environ:  # workers have a core each
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ.setdefault(name, "1")

from pathlib import Path

import numpy as np
import pytest

from eae_sindy import recipes
from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.ensemble.segments import Segments
from eae_sindy.progress import finish
from eae_sindy.recipes import Criteria, ReactionDiffusion
from eae_sindy.snapshots import snapshots
from eae_sindy.snapshots.lambda_omega import LambdaOmega
from eae_sindy.snapshots.snapshots import Snapshots

SMALL = ReactionDiffusion(grid=16, end=60.0, step=0.1)
TINY_FIT = recipes.recipe("paper-quick").but(
    hidden=(16,), rank=12, train=0.5, updates=6, encoders=20, draws=50, chain_length=4
)

# A discovery in a fifth of the time, for tests of what is made of it: replicates enough for an
# interval, and few candidates.
FEW = Criteria().but(
    replicates=40, trial_members=5, judged=6, finalists=3, decoded=10, degrees=(3, 3, 3),
    weights=(0.0,),
)  # fmt: skip


def gather(system: LambdaOmega) -> tuple[np.ndarray, np.ndarray]:
    blocks = list(system.frames())
    return np.concatenate([b[0] for b in blocks]), np.concatenate([b[1] for b in blocks])


@pytest.fixture(scope="session")
def small() -> Snapshots:
    """601 frames of the λ–ω system on 16 × 16 points."""
    system = LambdaOmega(SMALL)
    field, rate = gather(system)
    return Snapshots(system.time, field, rate, attributes={"system": "lambda-omega"})


@pytest.fixture(scope="session")
def small_file(small: Snapshots, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "small.h5"
    finish(snapshots.write(path, small.time, [(small.field, small.rate)]))
    return path


@pytest.fixture(scope="session")
def fitted(small: Snapshots, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ensemble, Path]:
    """A tiny ensemble, and the folder of all segments that its fit left on its way."""
    from eae_sindy.neural.estimator import EntropicAutoencoder

    segments = Segments(tmp_path_factory.mktemp("fit") / "e.h5", every=0.0)
    return EntropicAutoencoder(TINY_FIT).fit(small, segments), segments.folder


@pytest.fixture(scope="session")
def ensemble(fitted: tuple[Ensemble, Path]) -> Ensemble:
    """A tiny ensemble: nothing about it is good, everything about it is there."""
    return fitted[0]
