"""What equations show, run along all the data: the data's kind, its numbers, and what is said."""

from dataclasses import replace

import numpy as np
import pytest

from eae_sindy.discovery import kind_of_frames
from eae_sindy.discovery.decoded_orbits import Forecast
from eae_sindy.discovery.equations import Equations
from eae_sindy.discovery.kind_of_equations import Compared, KindOfEquations, find
from eae_sindy.discovery.member_fits import reference_period
from eae_sindy.dynamics.amplitudes import Backbone
from eae_sindy.dynamics.kind import Kind, Yardsticks, unknown
from eae_sindy.dynamics.library import standard
from eae_sindy.recipes import CRITERIA
from eae_sindy.report.summary import summarise
from eae_sindy.report.verdicts import judge
from eae_sindy.report.verdicts.equations import of_equations, of_kind_of_equations
from eae_sindy.snapshots.split import TEST, TRAIN
from tests import planted, records

LIBRARY = standard(2, 3, sine=False, constant=True)
TIME = np.arange(0, 120, 0.1)


def field(mu=0.3, omega=0.9, cubic=1.0):
    """Ξ [p, 2] of a Hopf normal form; cubic 0 leaves a spiral."""
    xi = np.zeros((len(LIBRARY), 2))
    for column, terms in enumerate((
        {"z1": mu, "z2": -omega, "z1^3": -mu * cubic, "z1 z2^2": -mu * cubic},
        {"z1": omega, "z2": mu, "z1^2 z2": -mu * cubic, "z2^3": -mu * cubic},
    )):  # fmt: skip
        for name, value in terms.items():
            xi[LIBRARY.terms.index(name), column] = value
    return xi


def given(*fields, start=(0.03, 0.0), decay=False):
    """Data of a Hopf flow, or of a spiral that decays, and an ensemble with these equations."""

    def flow(t, z):
        if decay:
            return np.array([-0.02 * z[0] - 0.9 * z[1], 0.9 * z[0] - 0.02 * z[1]])
        return planted.hopf(t, z)

    e = planted.ensemble(TIME, *planted.orbit(flow, list(start), TIME), members=len(fields))
    n = len(fields)
    equations = Equations(LIBRARY, np.arange(n), np.zeros(n, int), np.array([0]), np.ones(1),
                          np.stack(fields), "")  # fmt: skip
    return planted.reading(e), equations, kind_of_frames.of_frames(e.frames)


def test_equations_of_the_flow_show_what_the_data_do():
    fits, equations, data = given(field(), field(omega=1.8), field(mu=-0.3, cubic=0.0))
    cycles = ("limit cycle", "transient to a cycle")  # which is at the edge of what is told
    assert data.name in cycles
    found = find(fits, equations, data)
    assert {k.name for k in found.kinds[:2]} <= set(cycles)
    assert found.kinds[2].name not in ("limit cycle", "transient to a cycle")
    assert len(found.alike) == 2
    assert found.share == pytest.approx(2 / 3)
    true, period = 2 * np.pi / 0.9, found.numbers["period"]
    assert period.data == pytest.approx(true, rel=1e-3)
    assert period.equations == pytest.approx(0.75 * true, rel=1e-3)  # the median of both
    assert period.off == pytest.approx(0.25, rel=1e-2)
    assert found.apart is None


def test_what_leaves_the_data_is_counted_as_lost():
    fits, equations, data = given(field(), field(mu=0.3, cubic=-1.0))
    found = find(fits, equations, data)
    assert (len(found.kinds), found.lost, found.share) == (1, 1, 0.5)


def test_the_curves_of_a_decay_are_compared_at_the_amplitudes_of_the_data():
    fits, equations, data = given(field(mu=-0.02, cubic=0.0), start=(0.9, 0.0), decay=True)
    assert data.name == "decay to a fixed point"
    numbers = find(fits, equations, data).numbers
    assert set(numbers) == {"frequency against amplitude", "damping against amplitude"}
    for name, truth in (("frequency", 0.9), ("damping", 0.02)):
        one = numbers[f"{name} against amplitude"]
        assert one.data == pytest.approx(truth, rel=0.02)
        assert one.equations == pytest.approx(truth, rel=0.02)
        assert one.off < 0.03


def test_curves_are_compared_point_by_point_though_their_means_agree():
    def kind(*frequency):
        curve = Backbone(np.array([1.0, 2.0]), np.array(frequency), np.zeros(2))
        return Kind("conservative oscillation", "", "clear", Yardsticks(period=9.0, backbone=curve))

    found = KindOfEquations(kind(1.0, 2.0), (kind(2.0, 1.0),), 0)
    (name,) = found.numbers
    assert name == "frequency against amplitude"
    assert found.numbers[name] == Compared(1.5, 1.5, pytest.approx(np.sqrt(2 / 5)))


def test_kinds_that_are_not_told_are_not_compared():
    fits, equations, _ = given(field())
    assert find(fits, equations, unknown("too few")) is None
    assert find(fits, equations, Kind("noise", "")) is None


def test_invariant_measures_are_compared_where_orbits_part():
    fits, equations, data = given(field(), field(mu=0.3, cubic=4.0), start=(0.9, 0.0))
    found = find(fits, equations, replace(data, name="chaotic"))
    # One member is right, the other has an amplitude of a half: the median is between.
    assert found.apart[0] == pytest.approx(0.5 * 0.5 * 2 * np.sqrt(2) / np.pi, rel=0.1)
    assert found.apart[1] < 0.05


def member(name="limit cycle", **measured):
    return Kind(name, "", "clear", Yardsticks(**measured))


def said(found):
    (verdict,) = of_kind_of_equations(found)
    return verdict


def test_the_sentence_says_how_many_show_it_and_how_far_numbers_are_off():
    data = member(period=7.0)
    good = said(KindOfEquations(data, (member(period=7.1),) * 3 + (member("chaotic"),) * 0, 0))
    assert (good.code, good.level, good.advice) == ("kind-of-equations", "good", "")
    assert "equations of 3 of 3 members show what the data do, limit cycle" in good.text
    assert "period 7.1 (data 7)" in good.text
    for period, level in ((7.34, "good"), (7.36, "caution"), (20.0, "caution")):
        assert said(KindOfEquations(data, (member(period=period),), 0)).level == level
    for others, level in ((1, "good"), (2, "caution"), (7, "caution"), (8, "bad")):
        kinds = (member(period=7.0),) * (8 if others < 3 else 14 - others)
        kinds += (member("chaotic"),) * others
        assert said(KindOfEquations(data, kinds, 0)).level == level
    some = said(KindOfEquations(data, (member(period=7.0), member("chaotic")), 2))
    assert "1 of 4" in some.text
    assert "1 member chaotic" in some.text
    assert "2 orbits lost" in some.text
    assert (some.level, bool(some.advice)) == ("bad", True)
    # What cannot be told is no other kind, and does not count for one.
    for told, level in ((2, "good"), (1, "caution"), (0, "caution")):
        kinds = (member(period=7.0),) * told + (unknown("too few"),) * (2 - told)
        found = KindOfEquations(data, kinds, 0)
        assert (found.otherwise, said(found).level) == (0, level)
    assert KindOfEquations(data, (unknown(""), member("chaotic")), 2).otherwise == 0.75
    # The worst number counts.
    two = member(period=7.0, exponent=1.0)
    for measured in ({"period": 7.0, "exponent": 1.1}, {"period": 7.7, "exponent": 1.0}):
        assert said(KindOfEquations(two, (member(**measured),), 0)).level == "caution"
    # A cycle is a cycle, whether or not its transient is seen.
    same = KindOfEquations(data, (member("transient to a cycle"),), 0)
    assert same.share == 1
    apart = said(KindOfEquations(member("chaotic", exponent=0.9), (member("chaotic"),), 0,
                                 (0.12, 0.05), np.array([0.8, np.nan, 1.0])))  # fmt: skip
    assert "by their tangents the largest exponent is 0.9 ± 0.07" in apart.text
    assert "0.12 of a standard deviation apart" in apart.text
    assert "the later halves of the data 0.05" in apart.text
    assert of_kind_of_equations(None) == []


def test_a_forecast_of_chaos_is_judged_by_lyapunov_times():
    def verdict(error, exponent):
        a = records.answers(forecast=records.forecast(error, 0.001))
        found = of_equations(a, [records.row(forecast=0.9)], CRITERIA, exponent=exponent)
        return next(v for v in found if v.code == "forecast-vs-reconstruction")

    # Errors along time are 0.5, 1, 1.5 of these, at 0, 5 and 10.
    assert verdict(0.099, 0.6).level == "good"  # over 0.1 at 10: six times
    assert "below 0.1 for 10 units of time, 6 times the Lyapunov time" in verdict(0.099, 0.6).text
    assert verdict(0.15, 0.5).level == "caution"  # over it at 5: 2.5 times
    assert verdict(0.15, 0.19).level == "bad"
    assert verdict(0.3, 0.9).level == "bad"  # at once
    assert "Lyapunov" not in verdict(0.15, None).text
    assert "Lyapunov" not in verdict(1e-6, 0.9).text


def test_a_horizon_is_a_median_over_members_and_over_trajectories():
    time = np.arange(5.0)

    def one(*reached, others=()):
        """Members whose errors reach one at these times."""
        error = np.stack([np.where(time >= t, 1.0, 0.01) for t in reached])
        return Forecast(time, error, error[0], error, others)

    assert one(1, 2, 4).horizon(0.1) == 2
    assert one(9, 9, 1).horizon(0.1) == 4  # to the end
    several = one(0, 0, 0, others=(one(1, 3, 4), one(4, 4, 4)))
    assert several.horizon(0.1) == 3
    assert several.horizon(2.0) == 4


def test_the_period_of_reference_is_that_of_the_trajectory_that_orbits_start_on():
    """Periods of a conservative system depend on where one begins."""
    label, frequency = np.repeat([0, 1], [1200, 800]), np.repeat([1.0, 0.8], [1200, 800])
    time = 0.1 * np.concatenate([np.arange(1200), np.arange(800)])
    turn = time * frequency
    z = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    rate = frequency[:, None] * np.stack([-np.sin(turn), np.cos(turn)], axis=1)
    e = planted.ensemble(time, z, rate, frames=np.where(label == 1, TEST, TRAIN))
    e = replace(e, frames=replace(e.frames, trajectory=label))
    assert reference_period(e) == pytest.approx(2 * np.pi / 0.8, rel=1e-3)
    first = replace(e, frames=replace(e.frames, split=np.where(label == 0, TEST, TRAIN)))
    assert reference_period(first) == pytest.approx(2 * np.pi, rel=1e-3)


def test_a_report_says_it_and_the_summary_holds_it():
    kinds = KindOfEquations(member(period=7.0), (member(period=7.1), member("chaotic")), 1)
    found = records.discovery(kind_of_equations=kinds)
    verdicts = judge(found)
    assert [v.code for v in verdicts].count("kind-of-equations") == 1
    told = summarise(found, verdicts)["kind_of_equations"]
    assert told["members"] == 3
    assert (told["alike"], told["lost"]) == (1, 1)
    assert told["kinds"] == ["limit cycle", "chaotic"]
    assert told["numbers"]["period"] == {"data": 7.0, "equations": 7.1,
                                         "off": pytest.approx(0.1 / 7)}  # fmt: skip
    assert told["measures_apart"] is None
    bare = records.discovery()
    assert "kind_of_equations" not in summarise(bare, judge(bare))
    lost = replace(found, answers=None)
    assert "kind-of-equations" not in [v.code for v in judge(lost)]
