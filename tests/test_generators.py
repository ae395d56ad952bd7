"""Planted systems are what they say: rates, truths, noise and seeds."""

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.integrate import solve_ivp

from eae_sindy.dynamics.kind import KINDS
from eae_sindy.errors import EaeSindyError
from eae_sindy.recipes import (
    PLANTED,
    DelayOscillator,
    Hopf,
    Lorenz,
    PendulumFilm,
    PureNoise,
    ShortCycles,
    Torus,
    TravellingWave,
    VanDerPol,
)
from eae_sindy.snapshots.generators import runs
from eae_sindy.snapshots.generators.choice import make
from eae_sindy.snapshots.generators.lift import cubic, lift
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy_cli.main import main

SHORT = {
    "lorenz": {"end": 0.5, "step": 0.002, "trajectories": 2, "settle": 1.0},
    "lorenz-cubic": {"end": 0.5, "step": 0.002, "trajectories": 2, "settle": 1.0},
    "van-der-pol": {"end": 2.0, "step": 0.002},  # from rest it starts with a jerk
    "pendulum-film": {"end": 2.0, "grid": 12},
}
NAMES = list(PLANTED)


def short(name, **changes):
    return PLANTED[name](**{"end": 4.0, "step": 0.01, "noise": 0.0, **SHORT.get(name, {}),
                            **changes})  # fmt: skip


@pytest.mark.parametrize("name", [n for n in NAMES if n != "noise"])
def test_rates_are_the_slopes_of_the_field_in_every_trajectory(name):
    made = make(short(name))
    h = made.time[1] - made.time[0]
    for label in np.unique(made.trajectory):
        x, v = (part[made.trajectory == label] for part in (made.field, made.rate))
        slope = (x[:-4] - 8 * x[1:-3] + 8 * x[3:-1] - x[4:]) / (12 * h)
        assert np.abs(slope - v[2:-2]).max() < 2e-5 * np.abs(v).max()


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_repeats_and_another_one_does_not(name):
    made, again, other = (make(short(name, noise=0.05, seed=s)) for s in (3, 3, 4))
    np.testing.assert_array_equal(made.field, again.field)
    assert not np.allclose(made.field, other.field)


@pytest.mark.parametrize("name", NAMES)
def test_attributes_say_what_is_planted(name):
    made = make(short(name, seed=2))
    assert made.attributes["system"] == name
    assert made.attributes["seed"] == 2
    assert made.attributes["kind"] in KINDS


@pytest.mark.parametrize("name", [n for n in NAMES if n != "noise"])
def test_noise_is_a_share_of_the_fluctuation_in_field_and_rate(name):
    clean, noisy = make(short(name)), make(short(name, noise=0.1))
    for before, after in ((clean.field, noisy.field), (clean.rate, noisy.rate)):
        size = np.sqrt(np.mean((before - before.mean(axis=0)) ** 2))
        assert np.std(after - before) == pytest.approx(0.1 * size, rel=0.1)


def test_a_cubic_lift_has_six_modes_and_a_linear_way_back():
    z = np.random.default_rng(0).normal(size=(50, 3))
    field, rate = cubic(z, np.ones_like(z), 40)
    s = np.linspace(-1, 1, 40)
    low = [np.ones(40), s, (3 * s**2 - 1) / 2, (5 * s**3 - 3 * s) / 2]
    high = [(35 * s**4 - 30 * s**2 + 3) / 8, (63 * s**5 - 70 * s**3 + 15 * s) / 8]
    u = np.stack(low + high)
    np.testing.assert_allclose(field, np.concatenate([z, z**3], axis=1) @ u, atol=1e-9)
    np.testing.assert_allclose(rate, np.concatenate([z**0, 3 * z**2], axis=1) @ u, atol=1e-9)


def test_trajectories_are_counted_and_as_long_as_asked_for():
    made = make(ShortCycles())
    assert made.field.shape == (3000, 64)
    np.testing.assert_array_equal(np.bincount(made.trajectory), np.full(30, 100))
    assert make(Lorenz(trajectories=3, end=1.0)).field.shape == (3 * 51, 128)
    assert make(VanDerPol(end=1.0)).trajectory.max() == 1


def test_the_lift_is_smooth_and_no_two_latents_share_a_frame():
    rng = np.random.default_rng(0)
    z, v = rng.normal(size=(2, 40, 3))
    x, rate = lift(z, v, 64)
    ahead, behind = (lift(z + s * 1e-5 * v, v, 64)[0] for s in (1, -1))
    np.testing.assert_allclose(rate, (ahead - behind) / 2e-5, atol=1e-8)
    apart = np.linalg.norm(x[:, None] - x, axis=2) + 9 * np.eye(40)
    assert apart.min() > 0.5
    # No plane holds it: more than three singular values count.
    assert np.linalg.svd(x - x.mean(axis=0))[1][5] > 0.5


def test_flows_are_integrated_to_ten_digits_after_they_have_settled():
    time = np.linspace(0, 7, 20)
    z, rate = runs.integrate(lambda z: np.stack([-z[1], z[0]]), [(1, 0), (0, 2)], time, settle=1.0)
    np.testing.assert_allclose(z[0], np.stack([np.cos(time + 1), np.sin(time + 1)], 1), atol=1e-9)
    np.testing.assert_allclose(z[1, :, 0], -2 * np.sin(time + 1), atol=1e-9)
    np.testing.assert_allclose(rate[0, :, 0], -z[0, :, 1], atol=1e-12)


def test_a_flow_that_leaves_is_refused():
    with pytest.raises(EaeSindyError, match="nearer to the defaults"), np.errstate(all="ignore"):
        runs.integrate(lambda z: z**2, [(1.0,)], np.linspace(0, 5, 10))


def test_the_oscillator_obeys_its_damping_and_frequency_in_every_delay():
    s = DelayOscillator(end=20.0, delays=4, starts=(1.3,))
    made = make(s)
    phase = np.random.default_rng([0, 0]).uniform(0, 2 * np.pi)
    found = solve_ivp(
        lambda _, y: [-s.damping_at(y[0]) * y[0], s.frequency_at(y[0])], (0, 21), (1.3, phase),
        t_eval=made.time, rtol=1e-10, atol=1e-12)  # fmt: skip
    np.testing.assert_allclose(made.field[:, 0], found.y[0] * np.cos(found.y[1]), atol=1e-8)
    np.testing.assert_allclose(made.field[2:, 0], made.field[:-2, 1], atol=1e-12)
    assert s.damping_at(2.0) == pytest.approx(0.03 + 0.02 * 4)
    assert s.frequency_at(2.0) == pytest.approx(2.0 - 0.15 * 4)


def test_noise_of_an_observable_is_the_same_in_all_its_delays():
    made = make(DelayOscillator(end=5.0, noise=0.2))
    one = made.trajectory == 0
    np.testing.assert_array_equal(made.field[one][2:, :-1], made.field[one][:-2, 1:])


def test_the_pendulum_keeps_its_energy_and_its_periods():
    settings = PendulumFilm(grid=40, end=40.0, step=0.04)
    made = make(settings)
    axis = made.space["x"]
    for label, period in enumerate(made.attributes["periods"]):
        frames = made.field[made.trajectory == label]
        weight = frames.sum(axis=(1, 2))
        x = (frames.sum(axis=1) @ axis) / weight
        y = (frames.sum(axis=2) @ axis) / weight
        angle = np.arctan2(x, -y)
        assert np.abs(angle).max() == pytest.approx(settings.starts[label], abs=0.02)
        energy = np.gradient(angle, 0.04) ** 2 / 2 - np.cos(angle)
        assert np.ptp(energy[5:-5]) < 0.05
        down = np.flatnonzero((angle[:-1] > 0) & (angle[1:] <= 0))
        assert np.diff(down).mean() * 0.04 == pytest.approx(period, rel=2e-3)
    assert made.attributes["periods"][0] == pytest.approx(2 * np.pi * (1 + 0.6**2 / 16), rel=1e-3)


def test_the_wave_moves_on_by_a_point():
    step = 2 * np.pi / 64
    made = make(TravellingWave(step=step, end=20 * step))
    np.testing.assert_allclose(made.field[1:], np.roll(made.field[:-1], 1, axis=1), atol=1e-12)
    assert made.field.max() == pytest.approx(1.0)
    assert np.mean(made.field[0] > 0.5) == pytest.approx(0.15, abs=0.03)  # it is localised


def test_noise_is_white_and_has_no_rates():
    made = make(PureNoise())
    assert made.rate is None
    assert np.std(made.field) == pytest.approx(1, rel=0.02)
    assert abs(np.mean(made.field[1:] * made.field[:-1])) < 0.02


def test_frequencies_of_the_torus_are_in_its_spectrum():
    made = make(Torus(end=600.0))
    x = (made.field - made.field.mean(axis=0)) * np.hanning(len(made))[:, None]
    power = np.sum(np.abs(np.fft.rfft(x, axis=0)) ** 2, axis=1)
    axis = 2 * np.pi * np.fft.rfftfreq(len(made), 0.1)
    for frequency in made.attributes["frequencies"]:
        near = np.abs(axis - frequency) < 0.05
        assert abs(axis[near][np.argmax(power[near])] - frequency) < 0.011
        assert power[near].max() > 0.1 * power.max()


def test_amplitudes_of_the_hopf_transient_grow_to_the_cycle():
    """Frames of one phase come to one: their distance shrinks at twice the rate of growth."""
    s = Hopf(end=80.0, step=2 * np.pi / 50)
    x = make(s).field
    away = np.linalg.norm(x[50:] - x[:-50], axis=1)[200:]
    time = s.step * np.arange(len(away))
    assert np.polyfit(time[150:], np.log(away[150:]), 1)[0] == pytest.approx(-0.2, rel=0.1)


def test_settings_that_cannot_be_meant_are_refused():
    for kind, changes, says in (
        (Torus, {"noise": -0.1}, "--noise must not be negative"),
        (Torus, {"seed": -1}, "--seed must not be negative"),
        (Torus, {"step": 0.0}, "--step must be positive"),
        (Torus, {"end": 0.5}, "ten times --step"),
        (Torus, {"step": 1e-9}, "longer --step"),
        (Torus, {"points": 0}, "--points must be between"),
        (Lorenz, {"trajectories": 10**6}, "--trajectories must be between"),
        (DelayOscillator, {"damping": 0.0}, "--damping must be positive"),
    ):
        with pytest.raises(EaeSindyError, match=says):
            kind(**changes)


def run(*arguments):
    return CliRunner().invoke(main, ["simulate", *(str(a) for a in arguments)])


def test_simulate_writes_a_planted_system(tmp_path):
    out = tmp_path / "t.h5"
    done = run("--system", "van-der-pol", "--end", 3, "--noise", 0.1, "--seed", 5, "-o", out)
    assert done.exit_code == 0, done.output
    assert "122 frames of 64 in 2 trajectories, limit cycle" in done.output
    made, same = Snapshots.open(out), make(VanDerPol(end=3.0, noise=0.1, seed=5))
    np.testing.assert_array_equal(made.rows("field", 0, 122), same.field.astype(np.float32))
    np.testing.assert_array_equal(made.rows("rate", 0, 122), same.rate.astype(np.float32))
    np.testing.assert_array_equal(made.trajectory, same.trajectory)
    assert made.attributes["kind"] == "limit cycle"
    assert made.attributes["mu"] == 3.0


def test_simulate_names_the_file_after_the_system_and_minds_a_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.toml").write_text("[simulate]\nsystem = 'noise'\nend = 2\ndtype = 'float64'\n")
    assert run("--config", "c.toml").exit_code == 0
    made = Snapshots.open("data/noise.h5")
    assert made.field.shape == (21, 64)
    assert made.field.dtype == np.float64
    assert made.rate is None
    assert run("--system", "noise", "--end", 2).exit_code == 1  # it exists


@pytest.mark.parametrize("option", ["--grid", "--beta", "--window", "--arms", "--diffusivity"])
def test_simulate_refuses_options_of_another_system(option, tmp_path):
    done = run("--system", "torus", option, 1, "-o", tmp_path / "t.h5")
    assert done.exit_code == 1
    assert f"{option} is no setting of torus: leave it out" in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
