"""Kinds of dynamics are told from data whose kind is known, and not told where nothing can be."""

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eae_sindy.discovery.kind_of_frames import of_frames
from eae_sindy.dynamics import amplitudes, cycle_tracking, divergence, series, spectral_lines
from eae_sindy.dynamics.kind import KINDS
from eae_sindy.dynamics.kinds import tell
from eae_sindy.errors import EaeSindyError
from eae_sindy.recipes import (
    KIND_CRITERIA,
    PLANTED,
    DelayOscillator,
    KindCriteria,
    PendulumFilm,
    Torus,
)
from eae_sindy.snapshots import pod
from eae_sindy.snapshots.generators import runs
from eae_sindy.snapshots.generators.choice import make
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.split import TEST, split

T = np.arange(0, 120, 0.1)


def coefficients(made, count=6):
    """The leading POD coefficients of all frames, without the machinery of a fit."""
    x = made.field.reshape(len(made), -1).astype(float)
    x = x - x.mean(axis=0)
    _, axes = np.linalg.eigh(x.T @ x)
    return x @ axes[:, ::-1][:, :count] / np.sqrt(x.shape[1])


def noisy(z, share, seed=0):
    size = np.sqrt(z.var(axis=0).sum() / z.shape[1])
    return z + share * size * np.random.default_rng(seed).normal(size=z.shape)


@cache
def clean(name):
    return make(PLANTED[name](noise=0.0))


def made_of(name, noise=0.0, seed=0):
    """A planted system. What takes long to integrate is made once: its seed is of the noise."""
    if name not in ("lorenz", "van-der-pol", "pendulum-film", "hopf"):
        return make(PLANTED[name](noise=noise, seed=seed))
    once = clean(name)
    return replace(once, field=runs.noisy(once.field, noise, np.random.default_rng(seed)))


@cache
def planted(name, extra=0.0, noise=0.0, seed=0):
    """The kind of a planted system; noise in the field, and `extra` in the coefficients."""
    made = made_of(name, noise, seed)
    return made, tell(made.time, made.trajectory, noisy(coefficients(made), extra, seed))


def polar(starts, growth, end, turn=lambda r: 1.0, step=0.1):
    """Trajectories of ṙ = growth(r), φ̇ = turn(r): (time, labels, [n, 2])."""
    time, parts = np.arange(0, end, step), []
    for k, start in enumerate(starts):
        y = solve_ivp(lambda _, y: [growth(y[0]), turn(y[0])], (0, end), (start, k), t_eval=time,
                      rtol=1e-9, atol=1e-10).y  # fmt: skip
        parts.append(y[0][:, None] * np.stack([np.cos(y[1]), np.sin(y[1])], axis=1))
    labels = np.repeat(np.arange(len(starts)), len(time))
    return np.tile(time, len(starts)), labels, np.concatenate(parts)


def one(z, time=T):
    return time, np.zeros(len(time), int), z


def rotations(turns, sizes, time):
    parts = []
    for k, (turn, size) in enumerate(zip(turns, sizes, strict=True)):
        parts += [size * np.cos(turn * time + k), size * np.sin(turn * time + k)]
    return np.stack(parts, axis=1)


def diffusion(seed=0, n=4000, step=0.05, k=3):
    """Ornstein and Uhlenbeck's process of unit variance and time."""
    rng, x = np.random.default_rng(seed), np.zeros((n, k))
    for i in range(1, n):
        x[i] = (1 - step) * x[i - 1] + np.sqrt(2 * step) * rng.normal(size=k)
    return one(x, step * np.arange(n))


def roessler(n=4000, c=5.7, step=0.1):
    def flow(_, y):
        return [-y[1] - y[2], y[0] + 0.2 * y[1], 0.2 + y[2] * (y[0] - c)]

    time = step * np.arange(n)
    y = solve_ivp(flow, (-200, time[-1]), (1, 1, 1), "DOP853", t_eval=time, rtol=1e-8, atol=1e-8).y
    return one(y.T, time)


def fitzhugh_nagumo(seed=0, n=20000, step=0.05, size=0.06):
    rng, v, w, out = np.random.default_rng(seed), -1.2, -0.62, []
    for _ in range(n):
        out.append((v, w))
        slow = w + step * 0.08 * (v + 0.7 - 0.8 * w) + size * np.sqrt(step) * rng.normal()
        v, w = v + step * (v - v**3 / 3 - w), slow
    return one(np.array(out)[::4], step * np.arange(n)[::4])


# Two frequencies and chaos take seconds each to tell, and at the edge of what noise allows.
HARD = ("torus", "lorenz", "lorenz-cubic")


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("name", list(PLANTED))
def test_planted_kinds_are_told(name, noise):
    made, found = planted(name, noise=noise)
    assert found.name == made.attributes["kind"], found.reason
    assert found.confidence != "none"


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", [n for n in PLANTED if n not in HARD])
def test_planted_kinds_are_told_with_noise_in_the_coefficients(name, seed):
    made, found = planted(name, 0.05, noise=0.05, seed=seed)
    assert found.name == made.attributes["kind"], found.reason


@pytest.mark.parametrize("name", HARD)
def test_tori_and_chaos_are_told_with_noise_in_the_coefficients(name):
    made, found = planted(name, 0.05, noise=0.05, seed=1)
    assert found.name == made.attributes["kind"], found.reason


@pytest.mark.parametrize("name", [n for n in PLANTED if n not in HARD])
def test_noise_of_a_fifth_makes_nothing_wrong(name):
    made, found = planted(name, 0.2, seed=2)
    assert found.name in (made.attributes["kind"], "cannot tell"), found.reason


def test_yardsticks_of_a_decay_are_its_backbone():
    s = DelayOscillator()
    _, found = planted("delay-oscillator", noise=0.05)
    y = found.yardsticks
    assert y.decay_rate == pytest.approx(s.damping, rel=0.05)
    assert y.frequency == pytest.approx(s.frequency, rel=0.005)
    # r.m.s. amplitudes of POD coefficients are of r.m.s. √(32 r²/2)/√32 = r/√2.
    b = y.backbone
    assert np.all(np.diff(b.amplitude) > 0)
    r = b.amplitude * np.sqrt(2)
    np.testing.assert_allclose(b.frequency, s.frequency_at(r), rtol=0.01)
    np.testing.assert_allclose(b.damping[3:], s.damping_at(r[3:]), rtol=0.1)
    assert y.growth.rate == pytest.approx(-s.damping, rel=0.05)


def test_yardsticks_of_cycles_tori_and_conservative_motion():
    _, found = planted("van-der-pol", noise=0.0)
    assert found.yardsticks.period == pytest.approx(8.8591, rel=5e-4)
    assert found.yardsticks.period_spread < 0.005
    made, found = planted("hopf", noise=0.05)
    assert found.yardsticks.period == pytest.approx(made.attributes["period"], rel=2e-3)
    _, found = planted("short-cycles", noise=0.0)
    assert found.yardsticks.period == pytest.approx(2 * np.pi, rel=2e-3)
    assert found.yardsticks.growth.rate > 0 > found.yardsticks.growth.bend
    made, found = planted("pendulum-film", noise=0.05)
    # By the amplitude of the picture, which is not that of the swing.
    told = np.sort(2 * np.pi / found.yardsticks.backbone.frequency)
    np.testing.assert_allclose(told, np.sort(made.attributes["periods"]), rtol=0.01)
    _, found = planted("torus", noise=0.05)
    np.testing.assert_allclose(found.yardsticks.frequencies, (1, (1 + 5**0.5) / 2), rtol=1e-4)


def test_the_exponent_of_lorenz_is_in_its_interval():
    _, found = planted("lorenz", noise=0.0)
    low, high = found.yardsticks.exponent_interval
    assert 0.6 < low < 0.906 < high < 1.2
    assert low < found.yardsticks.exponent < high


def test_a_decay_that_passes_the_window_of_a_cycle_is_none():
    """Its amplitude lies within 30 % of another one for twelve periods."""
    for rate in (0.02, 0.05):
        found = tell(*polar([1.0], lambda r, rate=rate: -rate * r, 120))
        assert found.name == "decay to a fixed point"
        assert found.yardsticks.decay_rate == pytest.approx(rate, rel=0.02)
        assert found.confidence == "clear"
    # Friction that grows with the square of the speed slackens, as a decay to a small cycle would.
    square = tell(*polar([1.0], lambda r: -0.1 * r * r, 150))
    assert (square.name, square.confidence) == ("decay to a fixed point", "likely")
    slow = tell(*polar([1.0], lambda r: -0.002 * r, 100))  # to four fifths
    assert slow.name == "cannot tell"
    assert slow.confidence == "none"


def test_a_decay_without_cycles_comes_to_rest_and_a_straight_line_does_not():
    assert tell(*one(np.exp(-T / 10)[:, None] * [[1, 0.3]])).name == "decay to a fixed point"
    quick = polar([1.0], lambda r: -0.3 * r, 60)
    assert tell(*quick).name == "decay to a fixed point"
    for slope in (1.0, -3.0):
        assert tell(*one(slope * T[:, None] * [[1, 0.5]])).name == "cannot tell"
    rng = np.random.default_rng(0)
    assert tell(*one(T[:, None] * [[1, 0.5]] + rng.normal(size=(len(T), 2)))).name == "cannot tell"


def test_a_way_that_is_cut_off_is_not_told():
    for starts, growth, end in (
        ([3.0], lambda r: 0.003 * r * (1 - r * r), 60),  # from outside
        ([0.05], lambda r: 0.02 * r * (1 - r * r), 100),  # from inside
        ([1.0], lambda r: -0.02 * (r - 0.2), 60),  # to a small cycle: it looks like a decay
        ([6.0], lambda r: -0.001 * r**3, 200),  # no damping at amplitude zero
    ):
        assert tell(*polar(starts, growth, end)).name == "cannot tell"
    whole = tell(*polar([3.0], lambda r: 0.05 * r * (1 - r * r), 150))
    assert whole.name == "transient to a cycle"


def test_one_amplitude_does_not_tell_whether_it_attracts():
    made = make(PendulumFilm(starts=(1.2,)))
    found = tell(made.time, made.trajectory, coefficients(made))
    assert found.name == "limit cycle or conservative"
    assert "one trajectory of one amplitude" in found.reason
    many = polar([1.0, 1.0, 1.0, 1.0], lambda r: 0.0, 60)
    assert tell(*many).name == "limit cycle or conservative"
    wheel = polar([1.0], lambda r: 0.0, 150)
    for share in (0.05, 0.2):
        assert tell(*wheel[:2], noisy(wheel[2], share)).name == "limit cycle or conservative"
    loud = tell(*wheel[:2], noisy(wheel[2], 0.35))
    assert loud.name in ("limit cycle or conservative", "cannot tell")
    assert "neighbours" not in loud.reason  # it is not taken for noise


def test_a_family_of_orbits_has_more_than_two_members():
    def still(r):
        return 0.0

    assert tell(*polar([1.0, 1.3, 1.6, 2.0], still, 100)).name == "conservative oscillation"
    for starts in ([1.0, 2.0], [1.0, 2.0, 1.0, 2.0, 1.0]):  # it may be two cycles
        found = tell(*polar(starts, still, 100))
        assert found.name == "cannot tell"
        assert "2 distinct orbits" in found.reason
    near = tell(*polar([1.0, 1.06, 1.12], still, 100))  # or one, and what drifts between records
    assert near.name == "cannot tell"
    # Or two that attract.
    found = tell(
        *polar([0.5, 1.2, 2.6, 3.5], lambda r: -0.02 * r * (r - 1) * (r - 2) * (r - 3), 200)
    )
    assert found.name == "cannot tell"
    assert "differ by a factor 3.0" in found.reason


def test_periods_tell_a_family_too():
    """Amplitudes are the same, for these coordinates see the angle alone; periods are not."""
    found = tell(*polar([1.0, 1.3, 1.6], lambda r: 0.0, 100, lambda r: r))
    assert found.name == "conservative oscillation"


def test_an_oscillation_that_slows_down_is_neither_a_cycle_nor_chaos():
    for bend in (300, 1500):
        phase = T + T**2 / bend
        found = tell(*one(np.stack([np.cos(phase), np.sin(phase)], axis=1)))
        assert found.name == "cannot tell"


def test_an_amplitude_that_comes_and_goes_is_no_cycle():
    time = np.arange(0, 300, 0.1)
    size = 1 + 0.3 * np.cos(0.0837 * time)
    found = tell(*one(size[:, None] * np.stack([np.cos(time), np.sin(time)], axis=1), time))
    assert found.name in ("quasi-periodic", "cannot tell")


def test_chaos_and_cycles_of_roessler_s_system():
    time, labels, z = roessler()
    found = tell(time, labels, z)
    assert found.name == "chaotic"
    low, high = found.yardsticks.exponent_interval
    assert 0.03 < low < high < 0.12  # it is 0.071, and few points make it too small
    assert tell(*roessler(1500, c=2.5)).name == "limit cycle or conservative"
    doubled = tell(*roessler(1500, c=3.5))
    assert doubled.name == "limit cycle or conservative"
    assert doubled.yardsticks.period == pytest.approx(11.55, abs=0.05)


def test_one_observable_is_enough_for_chaos_and_few_frames_are_not():
    made = clean("lorenz")
    x = made.field[:, :1]
    assert tell(made.time, made.trajectory, x).name == "chaotic"
    assert tell(made.time[:300], made.trajectory[:300], x[:300]).name == "cannot tell"


def test_correlated_noise_is_no_chaos_and_no_cycle():
    for seed in range(2):
        found = tell(*diffusion(seed))
        assert found.name == "noise"
        assert found.confidence == "likely"
    assert tell(*diffusion(2, n=300)).name in ("noise", "cannot tell")
    rng = np.random.default_rng(3)  # smooth: many lines about one frequency
    turns, phases = 1 + 0.2 * rng.normal(size=60), rng.uniform(0, 6.28, 60)
    waves = np.outer(np.arange(0, 300, 0.1), turns) + phases
    smooth = np.stack([np.cos(waves).sum(axis=1), np.sin(waves).sum(axis=1)], axis=1)
    assert tell(*one(smooth, np.arange(0, 300, 0.1))).name == "cannot tell"
    walk = np.cumsum(rng.normal(size=(3000, 2)), axis=0)
    assert tell(*one(walk, np.arange(3000.0))).name == "cannot tell"


def test_a_cycle_driven_by_noise_is_no_noise():
    rng, w, out = np.random.default_rng(0), 0.2 + 0j, []
    for _ in range(4000):
        out.append(w)
        kick = 0.2 * np.sqrt(0.05) * (rng.normal() + 1j * rng.normal())
        w = w + 0.05 * ((0.5 + 1j) * w - 0.5 * abs(w) ** 2 * w) + kick
    z = np.stack([np.real(out), np.imag(out)], axis=1)
    assert tell(*one(z, 0.05 * np.arange(4000))).name == "cannot tell"


def test_a_map_seen_step_by_step_is_not_taken_for_noise():
    x = [0.3]
    for _ in range(2000):
        x.append(3.9 * x[-1] * (1 - x[-1]))
    found = tell(*one(np.array(x)[:, None], np.arange(2001.0)))
    assert found.name == "cannot tell"
    assert "closer in time" in found.reason
    shuffled = np.random.default_rng(0).permutation(x)
    assert tell(*one(shuffled[:, None], np.arange(2001.0))).name == "noise"


def test_excitable_systems_rest_and_fire_irregularly():
    found = tell(*fitzhugh_nagumo())
    assert found.name == "excitable"
    assert found.yardsticks.excursions >= 5
    # The same pulses at even waits are a cycle, and pulses of all sizes are not all or none.
    pulse = np.exp(-((T % 20 - 10) ** 2))
    even = tell(*one(np.stack([pulse, np.roll(pulse, 5)], axis=1)))
    assert even.name == "limit cycle or conservative"
    for seed in (1, 3):
        rng = np.random.default_rng(seed)
        shots = (rng.uniform(size=3000) < 0.01) * rng.exponential(size=3000)
        shot = np.convolve(shots, np.exp(-np.arange(60) / 10))[:3000]
        found = tell(*one(np.stack([shot, np.roll(shot, 3)], axis=1), np.arange(3000.0)))
        assert found.name == "cannot tell"


def test_a_second_frequency_must_be_there_and_have_no_common_measure():
    time = np.arange(0, 300, 0.1)
    root = 2**0.5
    assert tell(*one(rotations((1, root), (1, 0.7), time), time)).name == "quasi-periodic"
    one_observable = rotations((1, root), (1, 0.7), time)[:, [0, 2]].sum(axis=1, keepdims=True)
    assert tell(*one(one_observable, time)).name == "quasi-periodic"
    locked = tell(*one(rotations((1, 1.5), (1, 0.7), time), time))
    assert locked.name == "limit cycle or conservative"
    assert locked.yardsticks.period == pytest.approx(4 * np.pi, rel=0.01)
    short = time < 30
    brief = tell(*one(rotations((1, root), (1, 0.7), time[short]), time[short]))
    assert brief.name == "cannot tell"
    three = rotations((1, root, 3**0.5), (1, 0.7, 0.6), time)
    assert tell(*one(three, time)).name == "cannot tell"
    # What lines fit of noise is no second frequency.
    wheel = polar([1.0], lambda r: 0.0, 150)
    for share in (0.3, 0.5):
        for seed in range(5):
            found = tell(*wheel[:2], noisy(wheel[2], share, seed))
            assert found.name in ("cannot tell", "limit cycle or conservative")
    # A weak second one bends the cycles, and is no way to one.
    weak = tell(*one(rotations((1, root), (1, 0.15), time), time))
    assert weak.name in ("cannot tell", "quasi-periodic")


def test_what_is_too_little_says_what_is_missing():
    z = np.stack([np.cos(T), np.sin(T)], axis=1)
    for rows, says in ((slice(40), "at least 60"), (slice(130), "time scales")):
        found = tell(*one(z[rows], T[rows]))
        assert (found.name, found.confidence) == ("cannot tell", "none")
        assert says in found.reason
    assert tell(*one(np.ones((len(T), 2)))).reason == "the coordinates never change"
    assert tell(*one(1e6 + np.zeros((len(T), 2)))).name == "cannot tell"
    sparse = slice(None, None, 25)  # of a fast rotation with a slow one, five frames in two turns
    found = tell(T[:1200:25], np.zeros(48, int), z[sparse])
    assert found.name == "cannot tell"


def test_frames_may_be_missing_and_in_any_order():
    rng = np.random.default_rng(9)
    for name, share in (("torus", 0.4), ("hopf", 0.3), ("pendulum-film", 0.55), ("noise", 0.3),
                        ("delay-oscillator", 0.4), ("short-cycles", 0.55)):  # fmt: skip
        made = made_of(name, 0.05)
        kept = rng.permutation(np.flatnonzero(rng.uniform(size=len(made)) < share))
        found = tell(made.time[kept], made.trajectory[kept], coefficients(made)[kept])
        assert found.name == made.attributes["kind"], found.reason
    made = clean("lorenz")
    kept = np.flatnonzero(rng.uniform(size=len(made)) < 0.2)
    found = tell(made.time[kept], made.trajectory[kept], coefficients(made)[kept])
    assert found.name == "cannot tell"
    assert "gaps" in found.reason


def test_units_and_rotations_of_the_coordinates_change_nothing():
    made = made_of("hopf", 0.05)
    z = coefficients(made)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0]
    first = tell(made.time, made.trajectory, z)
    other = tell(1e-3 * made.time, made.trajectory + 7, 1e6 * z @ turn + 3)
    assert first.name == other.name
    assert other.yardsticks.period == pytest.approx(1e-3 * first.yardsticks.period, rel=1e-3)


def test_the_reaction_diffusion_system_comes_to_its_cycle(small):
    found = tell(small.time, small.trajectory, coefficients(small))
    assert found.name in ("transient to a cycle", "cannot tell")


def test_of_frames_sees_no_test_frames():
    made = made_of("van-der-pol", 0.02)
    long = Snapshots(made.time, made.field, made.rate, made.trajectory)
    parts = split(long, train=0.5, validation=0.2, test=0.3, seed=0)
    basis = pod.decompose(pod.training_frames(long, parts), 8)
    frames = pod.project(long, basis, parts)
    found = of_frames(frames)
    frames.coordinates[frames.split == TEST] = 1e9
    assert of_frames(frames).reason == found.reason
    assert found.name in KINDS
    assert found.yardsticks.period == pytest.approx(8.86, rel=0.01)


def test_what_cannot_be_told_of_is_refused():
    z = np.ones((10, 2))
    for time, labels, x, says in (
        (np.arange(9.0), np.zeros(10), z, "give \\[n, k\\]"),
        (np.arange(10.0), np.zeros(10), z[:, 0], "give \\[n, k\\]"),
        (np.arange(10.0), np.zeros(10), z * np.nan, "not finite"),
        (np.zeros(10), np.zeros(10), z, "a time twice"),
    ):
        with pytest.raises(EaeSindyError, match=says):
            tell(time, labels, x)
    with pytest.raises(EaeSindyError, match="criterion alike must be positive"):
        KindCriteria(alike=0.0)


def test_noise_is_measured_and_smooth_motion_is_none():
    z = np.stack([np.cos(T), np.sin(T)], axis=1)
    for share in (0.0, 0.05, 0.3):
        parts = series.pieces(*one(noisy(z, share)))
        found = series.unexplained(parts)
        np.testing.assert_allclose(found, share**2 * 0.5, rtol=0.15, atol=1e-6)
    kept = np.random.default_rng(1).uniform(size=len(T)) < 0.5
    uneven = series.unexplained(series.pieces(*one(noisy(z, 0.2)[kept], T[kept])))
    np.testing.assert_allclose(uneven, 0.02, rtol=0.25)


def test_means_over_samples_have_the_noise_that_is_left():
    made = series.Series(0.5, (np.arange(10.0)[:, None],), np.array([6.0]))
    coarse = made.coarser(3)
    assert coarse.step == 1.5
    np.testing.assert_allclose(coarse.runs[0][:, 0], [1, 4, 7])
    np.testing.assert_allclose(coarse.noise, [2])


def test_cycles_have_the_lengths_and_amplitudes_of_a_chirped_decay():
    amplitude, phase = np.exp(-0.01 * T), T + T**2 / 1000
    x = amplitude[:, None] * np.stack([np.cos(phase), np.sin(phase)], axis=1)
    made = series.Series(0.1, (x,), np.zeros(2))
    t = cycle_tracking.track(made, 0)
    middle = t.start + t.length / 2
    np.testing.assert_allclose(t.length[:-1], 2 * np.pi / (1 + middle / 500)[:-1], rtol=0.01)
    np.testing.assert_allclose(t.amplitude[:-1], np.exp(-0.01 * middle[:-1]), rtol=0.01)
    np.testing.assert_allclose(t.start[1:], t.start[:-1] + t.length[:-1], atol=1e-9)
    assert t.alike.min() > 0.99
    assert t.unevenness() < 1e-3


def test_growth_of_amplitudes_is_landau_s():
    _, _, z = polar([0.1, 1.8], lambda r: r * (0.1 - 0.05 * r**2), 100)
    made = series.Series(0.1, tuple(np.split(z, 2)), np.zeros(2))
    found = amplitudes.growth([cycle_tracking.track(made, k) for k in (0, 1)])
    assert found.rate == pytest.approx(0.1, rel=0.1)
    assert found.limit == pytest.approx(np.sqrt(2), rel=0.02)
    assert found.rate_error < 0.01


def test_surrogates_keep_spectra_and_cross_spectra_and_nothing_else():
    made = make(Torus(end=60.0))
    z = coefficients(made, 3)
    first = series.Series(0.1, (z,), np.zeros(3))
    other = divergence.surrogate(first, np.random.default_rng(0)).runs[0]
    a, b = np.fft.rfft(z, axis=0), np.fft.rfft(other, axis=0)
    np.testing.assert_allclose(np.abs(b), np.abs(a), atol=1e-8)
    np.testing.assert_allclose(b[:, 0] * b[:, 1].conj(), a[:, 0] * a[:, 1].conj(), atol=1e-6)
    assert np.abs(other - z).max() > 0.1


def test_lines_explain_a_torus_and_foretell_it():
    time = np.arange(0, 300, 0.1)
    x = rotations((1, 2**0.5), (1, 0.7), time)
    found = spectral_lines.find(noisy(x, 0.2), 0.1, 0.04 * x.var(axis=0).sum())
    assert found.explained > 0.99
    assert found.foretold > 0.99
    assert 0.2 < found.gained < 0.5
    pair = np.array(found.frequencies) * 2 * np.pi
    best = min(abs(a * pair[0] + b * pair[1] - 1) for a in range(-3, 4) for b in range(-3, 4))
    assert best < 1e-3


def test_every_kind_is_told_somewhere():
    told = {planted(name)[1].name for name in PLANTED}
    assert told | {"excitable", "cannot tell"} == set(KINDS)


def test_criteria_are_numbers_that_decide():
    assert {f.name for f in fields(KindCriteria)} >= {"alike", "steady", "better"}
    decay, phase = polar([1.0], lambda r: -0.02 * r, 120), T + T**2 / 1500
    chirp = one(np.stack([np.cos(phase), np.sin(phase)], axis=1))
    cases = {
        "falls": (decay, 0.1), "steady": (chirp, 10),
        "least_frames": (decay, 100), "differs": (polar([1, 1.3, 1.6], lambda r: 0.0, 60), 10),
        "least_orbits": (polar([1, 1.3, 1.6], lambda r: 0.0, 60), 2),
        "least_cycles": (polar([3.0], lambda r: 0.05 * r * (1 - r * r), 150), 10),
        "off_cycle": (polar([3.0], lambda r: 0.05 * r * (1 - r * r), 150), 10),
    }  # fmt: skip
    for name, (data, factor) in cases.items():
        value = getattr(KIND_CRITERIA, name)
        changed = KIND_CRITERIA.but(**{name: type(value)(factor * value)})
        assert tell(*data, changed).name != tell(*data).name, name


def test_rare_jumps_are_no_noise():
    square = np.tanh(20 * np.sin(T / 3))[:, None]
    assert series.unexplained(series.pieces(*one(square)))[0] < 1e-5


def test_the_time_scale_of_a_rotation_is_its_period_with_and_without_noise():
    z = np.stack([np.cos(2 * T), np.sin(2 * T)], axis=1)
    for share in (0.0, 0.3):
        parts = series.pieces(*one(noisy(z, share)))
        made = series.even(parts, series.unexplained(parts), np.array([True, True]))
        assert series.clock(made) == pytest.approx(np.pi, rel=0.03)
        assert cycle_tracking.period(made.runs[0], made.step) == pytest.approx(np.pi, rel=0.01)
        assert made.noise_share == pytest.approx(share**2 / (1 + share**2), abs=0.01)


def test_uneven_times_are_brought_to_even_ones():
    kept = np.sort(np.random.default_rng(0).permutation(len(T))[:700])
    parts = series.pieces(*one(np.sin(T)[kept, None], T[kept]))
    made = series.even(parts, np.zeros(1), np.array([True]))
    time = T[kept][0] + made.step * np.arange(len(made.runs[0]))
    wave = np.sin(time) - np.sin(T[kept]).mean()
    np.testing.assert_allclose(made.runs[0][:, 0], wave, atol=0.02)


def test_frequencies_that_nearly_lock_are_not_taken_for_a_cycle():
    """After five turns of one and eight of the other frames nearly come back, and then do not."""
    x = coefficients(clean("torus"))
    made = series.Series(0.1, (x,), np.zeros(6))
    t = cycle_tracking.track(made, 0)
    assert np.median(t.alike) > KIND_CRITERIA.alike
    assert t.late_likeness() < KIND_CRITERIA.alike_late


def test_cycles_below_the_noise_are_not_followed():
    x = np.exp(-0.05 * T)[:, None] * np.stack([np.cos(T), np.sin(T)], axis=1)
    x = x + 0.05 * np.random.default_rng(0).normal(size=x.shape)
    t = cycle_tracking.track(series.Series(0.1, (x,), np.full(2, 0.05**2)), 0)
    assert t.quiet_after
    assert not t.quiet_before
    assert np.exp(-0.05 * t.start[-1]) > 0.03
    np.testing.assert_allclose(t.amplitude[:6], np.exp(-0.05 * (t.start + t.length / 2))[:6],
                               rtol=0.05)  # fmt: skip


def test_neighbours_of_a_rotation_do_not_part_and_its_future_is_known():
    z = np.stack([np.cos(T), np.sin(T), np.cos(2 * T)], axis=1)
    made = divergence.states(series.Series(0.1, (z,), np.zeros(3)), 2 * np.pi)
    assert divergence.unforeseen(made, 32) < 1e-3
    found = divergence.parting(made)
    assert abs(found.exponent) < 1e-2
    white = np.random.default_rng(0).normal(size=(1200, 3))
    noise = divergence.states(series.Series(0.1, (white,), np.zeros(3)), 0.3)
    # The mean of four others errs by 1 + 1/4.
    assert divergence.unforeseen(noise, 1) == pytest.approx(1.25, abs=0.1)
