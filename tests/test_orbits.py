import numpy as np
import pysindy as ps
import pytest

from eae_sindy.dynamics import cycles, orbits
from eae_sindy.dynamics.library import Library, standard
from eae_sindy.dynamics.orbits import Loop

CUBIC = Library(ps.PolynomialLibrary(3, include_bias=False), 2)


def hopf(growth=0.2, omega=0.9, pull=1.0, shear=0.3):
    """Ξ of ż = (μ + iω) z − (a + ib)|z|²z: a cycle at |z|² = μ/a of period 2π/(ω − bμ/a)."""
    xi = np.zeros((len(CUBIC), 2))
    row = CUBIC.terms.index
    xi[row("z1")] = growth, omega
    xi[row("z2")] = -omega, growth
    for term, sign in (("z1^3", 1), ("z1 z2^2", 1)):
        xi[row(term)] = -pull * sign, -shear * sign
    for term in ("z1^2 z2", "z2^3"):
        xi[row(term)] = shear, -pull
    return xi, np.sqrt(max(growth, 0) / pull), 2 * np.pi / (omega - shear * growth / pull)


def round_loop(start, amplitude):
    start = np.array(start, float)
    size = np.full(len(start), float(amplitude))
    return Loop(start, np.zeros_like(start), size, size)


def test_period_of_a_hopf_normal_form():
    xi, radius, period = hopf()
    found = cycles.settle(CUBIC, xi[None], round_loop([[1.2 * radius, 0.0]], radius), 1.05 * period)
    assert found.holds.all()
    assert abs(found.period[0] - period) < 1e-4


@pytest.mark.parametrize("samples", [20, 40])
def test_the_section_is_crossed_to_fourth_order(samples):
    time = np.arange(0, 30, 2 * np.pi / samples)
    z = np.stack([np.cos(time), 0.5 * np.sin(time)], 1)
    rate = np.stack([-np.sin(time), 0.5 * np.cos(time)], 1)
    assert abs(cycles.period(time, z, rate) - 2 * np.pi) < 2 * (2 * np.pi / samples) ** 4 / 384


def test_whole_cycles_are_counted_on_an_orbit_that_is_no_circle():
    """A relaxation oscillation: Van der Pol at μ = 2, whose period is known to many digits."""
    xi = np.zeros((len(CUBIC), 2))
    row = CUBIC.terms.index
    xi[row("z2"), 0] = 1.0
    xi[row("z1"), 1], xi[row("z2"), 1], xi[row("z1^2 z2"), 1] = -1.0, 2.0, -2.0
    found = cycles.settle(CUBIC, xi[None], round_loop([[2.0, 0.0]], 2.2), 7.6)
    assert found.period[0] == pytest.approx(7.62987448, abs=1e-4)


def test_members_that_decay_escape_or_blow_up_do_not_hold_and_do_not_harm_the_others():
    good, radius, period = hopf()
    decay, explode = hopf(growth=-0.2)[0], -hopf(growth=-0.2)[0]
    doubled = hopf(growth=0.8)[0]  # holds a cycle of twice the size
    xi = np.stack([explode, good, decay, doubled, explode, good])
    start = np.tile([radius, 0.0], (6, 1)) * 1.3
    found = cycles.settle(CUBIC, xi, round_loop(start, radius), period)
    np.testing.assert_array_equal(found.holds, [False, True, False, False, False, True])
    assert abs(found.period[[1, 5]] - period).max() < 1e-4
    assert np.isnan(found.period[~found.holds]).all()
    assert found.integrable_fraction == pytest.approx(1 / 3)


def test_stacked_members_follow_the_same_orbits_as_alone():
    rng = np.random.default_rng(0)
    base, radius, _ = hopf()
    xi = base + 0.02 * rng.normal(size=(7, *base.shape))
    data, time = round_loop(rng.normal(size=(7, 2)) * radius, radius), np.arange(0, 40, 0.1)
    together = orbits.integrate(CUBIC, xi, data, time)
    for m in range(7):
        alone = orbits.integrate(CUBIC, xi[[m]], data.take(slice(m, m + 1)), time)
        np.testing.assert_allclose(together[:, m], alone[:, 0], atol=1e-4 * radius)


def test_any_number_of_latents():
    library = standard(3, degree=1, sine=False)
    xi = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])  # a circle, and a decay
    found = cycles.settle(library, xi[None], round_loop([[1.0, 0.0, 0.3]], 1.0), 2 * np.pi)
    assert found.period[0] == pytest.approx(2 * np.pi, abs=1e-4)
    assert np.isnan(cycles.period(np.arange(9.0), np.arange(9.0)[:, None], np.ones((9, 1))))


def test_a_cycle_far_from_the_origin_is_not_taken_for_an_escape():
    """A latent's origin is where the encoder's bias puts it: it must not matter."""
    library = standard(2, degree=1, sine=False, constant=True)
    xi = np.array([[0.0, -30.0], [0.0, 1.0], [-1.0, 0.0]])  # a circle about (30, 0)
    data = Loop(np.array([[31.0, 0.0]]), np.array([[30.0, 0.0]]), np.ones(1), np.ones(1))
    found = cycles.settle(library, xi[None], data, 2 * np.pi)
    assert found.period[0] == pytest.approx(2 * np.pi, abs=1e-4)


def test_noise_does_not_make_several_returns_of_one():
    rng = np.random.default_rng(0)
    time = np.arange(0, 50, 0.05)
    z = np.stack([np.cos(0.9 * time), np.sin(0.9 * time)], 1)
    rate = 0.9 * np.stack([-np.sin(0.9 * time), np.cos(0.9 * time)], 1)
    noisy = z + 0.1 * rng.normal(size=z.shape)
    assert cycles.period(time, noisy, rate) == pytest.approx(2 * np.pi / 0.9, rel=0.01)


def normal_form(mu, d=2):
    """ż = (μ − |z|²) z + rotation, as Ξ of the cubic library: cycle of radius √μ, exponent −2μ."""
    library = standard(d, 3, sine=False)
    xi = np.zeros((len(library), d))
    for name, k, value in (
        ("z1", 0, mu), ("z2", 0, -1.0), ("z1^3", 0, -1.0), ("z1 z2^2", 0, -1.0),
        ("z1", 1, 1.0), ("z2", 1, mu), ("z1^2 z2", 1, -1.0), ("z2^3", 1, -1.0),
    ):  # fmt: skip
        xi[library.terms.index(name), k] = value
    for k in range(2, d):
        xi[library.terms.index(f"z{k + 1}"), k] = -0.5
    return library, xi


def around(radius, members, d=2):
    centre = np.zeros((members, d))
    start = np.tile(np.r_[radius, np.zeros(d - 1)], (members, 1))
    return Loop(start, centre, np.full(members, radius), np.full(members, radius))


@pytest.mark.parametrize("d", [2, 3])
def test_classes_and_growth_rates_of_known_flows(d):
    """A Hopf cycle attracts at 2μ; below onset the origin does at μ; the rest leaves or turns."""
    library, cycle = normal_form(0.16, d)
    _, sink = normal_form(-0.3, d)
    escape = -cycle
    escape[library.terms.index("z1"), 0] = 0.5
    centre = np.zeros_like(cycle)
    centre[library.terms.index("z2"), 0], centre[library.terms.index("z1"), 1] = -1.0, 1.0
    slow = centre.copy()
    slow[library.terms.index("z1"), 0] = slow[library.terms.index("z2"), 1] = -0.006
    xi = np.stack([cycle, sink, escape, centre, slow])
    found = cycles.settle(library, xi, around(0.4, 5, d), 2 * np.pi)
    assert [cycles.CLASSES[k] for k in found.kind] == [
        "cycle", "fixed_point", "divergent", "cycle", "other"]  # fmt: skip
    assert sum(found.classes().values()) == 5
    np.testing.assert_allclose(found.period[[0, 3]], 2 * np.pi, rtol=1e-5)
    slowest = max(-0.32, -0.5) if d == 3 else -0.32
    assert found.growth[0] == pytest.approx(slowest, rel=0.02)
    assert found.growth[1] == pytest.approx(-0.3, abs=1e-3)
    if d == 2:
        assert found.growth[3] == pytest.approx(0.0, abs=1e-5)
    assert np.isnan(found.growth[[2, 4]]).all()


def test_the_spectrum_gives_the_period_of_a_signal_with_harmonics():
    time = np.arange(0, 50, 0.05)
    phase = 2 * np.pi * time / 6.9187
    z = np.stack([np.cos(phase) + 0.2 * np.cos(3 * phase), np.sin(phase)], axis=1)
    assert cycles.spectral_period(time, z + 0.3) == pytest.approx(6.9187, rel=2e-3)
    assert np.isnan(cycles.spectral_period(time, np.stack([time], axis=1)))
    assert np.isnan(cycles.spectral_period(time**1.5, z))


def test_orbits_that_leave_among_others_are_divergent_and_not_at_rest():
    """They share steps with the others, and are halted before they are quite at the edge."""
    library = standard(2, 3, sine=False)
    xi = np.zeros((12, len(library), 2))
    for k in range(2):
        xi[:, library.terms.index(f"z{k + 1}"), k] = np.linspace(0.05, 2.0, 12)
    data = Loop(np.full((12, 2), 0.3), np.zeros((12, 2)), np.ones(12), np.ones(12))
    found = cycles.settle(library, xi, data, 2 * np.pi)
    assert found.classes()["divergent"] == 12
    z = orbits.integrate(library, xi, data, cycles.horizon(2 * np.pi))
    distance = np.linalg.norm(z, axis=-1)
    assert distance.max() <= 1.01 * orbits.ESCAPE
    assert orbits.lost(z[-1], data).all()


@pytest.mark.parametrize("radius", [0.3, 1.0, 3.0])
def test_without_a_period_of_the_data_a_cycle_is_a_closed_orbit_that_attracts(radius):
    attracts, _, period = hopf(0.3, 1.0, 0.3, 0.0)
    rotation = hopf(0.0, 1.0, 1e-12, 0.0)[0]
    members = np.stack([attracts, -attracts, rotation])
    found = cycles.settle(
        CUBIC, members, round_loop([[0.5, 0.0]] * 3, radius), 1.1 * period, period_known=False
    )
    assert np.isnan(found.reference_period)
    assert list(found.holds) == [True, False, False]
    assert found.period[0] == pytest.approx(period, rel=1e-6)
    assert found.growth[0] == pytest.approx(-0.6, rel=1e-3)
    assert np.isnan(found.period[1:]).all()


def test_the_time_of_a_turn_is_that_of_the_fastest_pair_of_a_linear_fit():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(200, 2)) + 5
    for slopes, turn in (
        ([[0.1, 2.0], [-2.0, 0.1]], np.pi),
        ([[-3.0, 2.0], [-2.0, -3.0]], np.nan),  # it has decayed before it has turned
        ([[-1.0, 0.0], [0.0, -2.0]], np.nan),
    ):
        found = cycles.turning_time(z, (z - 5) @ np.array(slopes) + 0.3)
        assert found == pytest.approx(turn, rel=1e-6, nan_ok=True)
    both = np.zeros((4, 4))
    both[:2, :2], both[2:, 2:] = [[0, 1], [-1, 0]], [[0, 3], [-3, 0]]
    z = rng.normal(size=(200, 4))
    assert cycles.turning_time(z, z @ both) == pytest.approx(2 * np.pi / 3)
