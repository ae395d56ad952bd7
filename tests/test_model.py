"""One estimator in the manner of scikit-learn: what it takes, gives, and refuses."""

from functools import partial

import numpy as np
import pytest
import xarray as xr

from eae_sindy import EntropicSINDy, Snapshots, discover
from eae_sindy import model as whole
from eae_sindy.errors import EaeSindyError
from eae_sindy.model import as_snapshots
from eae_sindy.report.verdicts import judge
from tests.conftest import FEW

TIME = np.arange(0, 60, 0.1)
TINY = {
    "recipe": "paper-quick", "hidden": (8,), "rank": 6, "train": 0.6, "updates": 3, "encoders": 20,
    "draws": 20, "chain_length": 3, "jobs": 1, "device": "cpu",
}  # fmt: skip


def wave(time, phase=0.0):
    """A standing and a travelling part on 12 points, and its rate."""
    points = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    field = np.cos(points[None] - time[:, None] - phase)
    return field.reshape(-1, 3, 4), np.sin(points[None] - time[:, None] - phase).reshape(-1, 3, 4)


@pytest.fixture(scope="module")
def model():
    x, x_dot = wave(TIME)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole, "discover", partial(discover, criteria=FEW))
        return EntropicSINDy(latents=2, **TINY).fit(x, t=0.1, x_dot=x_dot)


def test_parameters_go_in_and_come_out():
    made = EntropicSINDy(3, recipe="quick", draws=7)
    assert made.get_params() == {
        "latents": 3, "recipe": "quick", "library": None, "device": "auto", "jobs": None,
        "draws": 7,
    }  # fmt: skip
    same = EntropicSINDy(**made.get_params())
    assert same.get_params() == made.get_params()
    assert made.set_params(draws=9, latents=2).get_params()["draws"] == 9
    assert made.latents == 2
    with pytest.raises(EaeSindyError, match="unknown setting 'drawz'"):
        made.set_params(drawz=1)
    with pytest.raises(EaeSindyError, match="unknown setting"):
        EntropicSINDy(drawz=1)
    with pytest.raises(EaeSindyError, match="--draws must be at least 1"):
        EntropicSINDy(draws=0)


def test_nothing_is_asked_of_what_was_not_fitted():
    for ask in ("print", "score", "transform"):
        with pytest.raises(EaeSindyError, match="call fit first"):
            getattr(EntropicSINDy(), ask)(*([] if ask == "print" else [np.zeros((5, 3))]))


def test_it_is_what_the_parts_are(model, capsys):
    assert model.ensemble_.settings.draws == 20
    assert model.report_.verdicts == judge(model.discovery_, FEW)
    model.print()
    assert "in short" in capsys.readouterr().out


def test_latents_are_those_of_a_typical_member_and_lead_back(model):
    x, _ = wave(TIME)
    z = model.transform(x)
    own = model.equations_
    member = int(own.members[own.chosen[0]])
    np.testing.assert_allclose(z, model.ensemble_.encode(member, np.arange(len(x)))[0], atol=1e-5)
    back = model.inverse_transform(z)
    assert back.shape == x.shape
    made = model.ensemble_.decode(member, z, np.zeros_like(z))[0]
    np.testing.assert_allclose(back, model.ensemble_.field(made))
    first, second = model.transform([x[:10], x[10:30]])
    np.testing.assert_allclose(np.concatenate([first, second]), z[:30], atol=1e-6)


def test_a_forecast_has_the_times_that_were_asked_for(model):
    x, _ = wave(TIME)
    t = 5.0 + np.array([0.0, 0.1, 0.2, 0.4])
    mean, low, high = model.predict(x, t, interval=True)
    assert mean.shape == (4, 3, 4)
    assert (low <= high).all()
    np.testing.assert_array_equal(model.predict(x[0], t), mean)
    assert not np.allclose(model.predict(x[7], t), mean)


def test_the_score_is_one_less_the_error_of_the_forecast(model):
    x, _ = wave(TIME[:80])
    with_times = model.score(x, TIME[:80])
    assert model.score(x, 0.1) == pytest.approx(with_times)
    assert with_times < 1
    assert model.score(-x, 0.1) != pytest.approx(with_times, abs=1e-9)
    with pytest.raises(EaeSindyError, match="no forecast"):
        model.score(x[:1])


def test_snapshots_are_made_of_what_is_at_hand():
    x, x_dot = wave(TIME[:9])
    made = as_snapshots(x, 0.5, x_dot)
    np.testing.assert_allclose(made.time, 0.5 * np.arange(9))
    np.testing.assert_array_equal(made.rate, x_dot)
    assert as_snapshots(made) is made
    table = xr.DataArray(x, dims=("when", "y", "x"), coords={"when": TIME[:9] + 3})
    np.testing.assert_allclose(as_snapshots(table).time, TIME[:9] + 3)
    with pytest.raises(EaeSindyError, match="no coordinate 'when'"):
        as_snapshots(xr.DataArray(x, dims=("when", "y", "x")))
    several = as_snapshots([x[:4], x[4:]], [TIME[:4], TIME[2:7]], [x_dot[:4], x_dot[4:]])
    assert several.trajectory.tolist() == [0] * 4 + [1] * 5
    np.testing.assert_allclose(several.time, [*TIME[:4], *TIME[2:7]])
    np.testing.assert_array_equal(several.rate, x_dot)
    assert as_snapshots([x[:4], x[4:]], 0.5).time.tolist() == [0, 0.5, 1, 1.5, 0, 0.5, 1, 1.5, 2]
    for wrong in ({"t": [TIME[:4]]}, {"x_dot": [x_dot]}):
        with pytest.raises(EaeSindyError, match="2 trajectories: give as many"):
            as_snapshots([x[:4], x[4:]], **wrong)


def test_snapshots_of_the_class_are_taken_as_they_are(model):
    x, x_dot = wave(TIME)
    z = model.transform(Snapshots(TIME, x, x_dot))
    np.testing.assert_allclose(z, model.transform(x), atol=1e-5)
