"""The reconstruction, what rests on it, and the sentence that says it all in short."""

from dataclasses import replace

import numpy as np
import pytest

from eae_sindy.discovery import decoded_orbits
from eae_sindy.discovery.discover import _beyond
from eae_sindy.discovery.kind_of_equations import KindOfEquations
from eae_sindy.discovery.result import Reconstruction
from eae_sindy.dynamics.amplitudes import Growth
from eae_sindy.dynamics.kind import Kind, Yardsticks
from eae_sindy.report.report import Report
from eae_sindy.report.verdicts import judge, of_equations
from eae_sindy.report.verdicts.whole import RESTING, of_reconstruction
from eae_sindy.snapshots.split import TEST, TRAIN
from tests import planted, records
from tests.records import answers, forecast, orbits, row, trial


def discovery(field=0.004, pod=0.05, **changes):
    """A discovery with nothing wrong, unless a test says what."""
    held = orbits(39, 1, 0, 0)
    given = {"answers": answers(orbits=held, forecast=forecast(field, field)), "dropped": 0}
    given["reconstruction"] = Reconstruction(field, 0.03, 0.04, 0.5 * field)
    return records.discovery(**given | {"baselines": [row(field=pod, forecast=0.07)]} | changes)


def levels(found):
    return {v.code: v.level for v in judge(found)}


@pytest.mark.parametrize(
    ("field", "pod", "level", "words"),
    [
        (0.004, 0.05, "good", ""),
        (0.099, 0.2, "good", ""),
        (0.101, 0.2, "caution", "raise --latents"),
        (0.499, 0.9, "caution", "raise --latents"),
        (0.501, 0.9, "bad", "raise --latents"),
        (1.04, 0.9, "bad", "take POD-2, Eq. 16, or"),
        (0.0520, 0.05, "good", ""),  # within 5 %: as good
        (0.0530, 0.05, "caution", "no better than POD"),
        (np.nan, 0.05, "bad", "no better than POD"),
        (0.004, np.nan, "caution", "no better than POD"),
    ],
)
def test_a_reconstruction_is_judged_against_the_mean_and_against_pod(field, pod, level, words):
    said = of_reconstruction(discovery(field, pod))
    assert (said.code, said.level) == ("reconstruction", level)
    assert words in said.sentence
    assert "of the variance" in said.text


def test_the_best_baseline_is_what_it_is_held_against():
    rows = [row(field=0.3), row(field=0.02), row(field=np.nan)]
    assert of_reconstruction(discovery(0.03, baselines=rows)).level == "caution"
    assert of_reconstruction(discovery(0.015, baselines=rows)).level == "good"
    rows[1] = row("POD-2, polynomial decoder, Eq. 16", field=0.02, forecast=0.1)
    assert (
        "take POD-2, polynomial decoder"
        in of_reconstruction(discovery(0.03, baselines=rows)).advice
    )


def test_of_baselines_that_hold_the_field_alike_the_one_that_forecasts_best_is_named():
    rows = [
        row("far", field=0.3, forecast=0.001),
        row("lost", field=0.02, forecast=np.inf),
        row("worse", field=0.0205, forecast=0.2),
        row("better", field=0.02, forecast=0.1),
    ]
    for order in (rows, rows[::-1]):
        assert "take better" in of_reconstruction(discovery(0.03, baselines=order)).advice
    unknown = [row("one", field=np.nan)]
    assert "take one" in of_reconstruction(discovery(0.03, baselines=unknown)).advice


def test_nothing_is_better_than_the_reconstruction_that_it_rests_on():
    good = judge(discovery())
    assert {v.level for v in good if v.code in RESTING} == {"good"}
    for field, level in ((0.2, "caution"), (0.7, "bad")):
        said = [v for v in judge(discovery(field, 0.9)) if v.code in RESTING]
        assert {v.code for v in said} == {v.code for v in good if v.code in RESTING}
        order = ("good", "caution", "bad")
        assert all(order.index(v.level) >= order.index(level) for v in said)
        assert any("hold badly" in v.text for v in said)
    assert not any("hold badly" in v.text for v in good)
    # That POD is better still is no fault of the equations.
    exact = {v.code: v.level for v in judge(discovery(0.004, 1e-9))}
    assert exact["reconstruction"] == exact["headline"] == "caution"
    assert {exact[code] for code in RESTING if code in exact} == {"good"}


def test_a_cycle_attracts_no_better_than_members_hold_it():
    code = "off-cycle-attracts"
    for cycles, level in ((39, "good"), (36, "caution"), (20, "bad")):
        a = answers(orbits=orbits(cycles, 40 - cycles, 0, 0), forecast=forecast(0.004, 0.004))
        said = {v.code: v for v in judge(discovery(answers=a))}
        assert said[code].level == level
        assert ("members that hold the cycle" in said[code].text) == (level != "good")


@pytest.mark.parametrize(("part", "size", "share"), [(TEST, 1.0, 0.0), (TEST, 3.0, 1.0)])
def test_test_frames_are_held_against_those_that_were_trained_on(part, size, share):
    time = 0.1 * np.arange(600)
    turn = np.stack([np.cos(time), np.sin(time)], axis=1)
    made = planted.ensemble(time, turn, turn[:, ::-1] * [-1, 1], members=1)
    made.frames.coordinates[made.frames.where(part)] *= size
    assert _beyond(made) == share


def test_a_bad_field_of_frames_unlike_any_that_were_trained_on_is_said_to_be_that():
    for field, beyond, said in ((0.3, 0.11, True), (0.8, 1.0, True), (0.3, 0.09, False),
                                (0.004, 1.0, False)):  # fmt: skip
        verdict = of_reconstruction(discovery(field, beyond=beyond))
        assert ("unlike any that were trained on" in verdict.text) == said
        assert ("--test-trajectories" in verdict.advice) == said
        assert (f"{beyond:.0%} of these frames" in verdict.text) == said


@pytest.mark.parametrize(
    ("field", "level"), [(0.09, "good"), (0.11, "caution"), (0.49, "caution"), (0.51, "bad")]
)
def test_a_forecast_as_bad_as_its_reconstruction_is_not_good(field, level):
    said = of_equations(answers(forecast=forecast(field, field)), [row(forecast=0.9)])
    (found,) = [v for v in said if v.code == "forecast-vs-reconstruction"]
    assert found.level == level
    assert bool(found.advice) == (level != "good")


def test_to_beat_equations_of_pod_that_diverge_or_keep_no_term_is_nothing():
    for useless in ({"forecast": 301.0}, {"forecast": np.inf}, {"forecast": 0.5, "terms": 0.0}):
        for field, level in ((0.01, "good"), (0.3, "caution"), (0.8, "bad")):
            said = of_equations(answers(forecast=forecast(field, field)), [row(**useless)])
            (found,) = [v for v in said if v.code == "against-pod"]
            assert (found.level, "says nothing" in found.text) == (level, True)
        rows = [row(**useless), row("other", forecast=0.6)]
        said = of_equations(answers(forecast=forecast(0.01, 0.01)), rows)
        assert any("other, forecasts" in v.text for v in said)


def test_the_headline_says_what_how_good_and_whether_to_use_it():
    said = judge(discovery())[0]
    assert (said.code, said.level) == ("headline", "good")
    for words in ("2 latents hold the field to 0.0040", "10 units of time with 0.0040",
                  "the best of POD with 0.0700", "use it where the data are"):  # fmt: skip
        assert words in said.text
    assert "first of all" not in said.text


def test_the_headline_of_chaos_says_for_how_long_equations_follow():
    kind = Kind("chaotic", "", "clear", Yardsticks(exponent=0.6))
    # Errors along time are 0.5, 1 and 1.5 of it, at 0, 5 and 10: above 0.1 from 5 on.
    far = answers(orbits=orbits(39, 1, 0, 0), forecast=forecast(0.15, 0.001))
    said = judge(discovery(kind=kind, answers=far))[0]
    assert "their equations follow the data for 5 units of time, 3 Lyapunov times" in said.text
    assert "forecast 10 units" not in said.text


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"field": 0.2, "pod": 0.9}, "caution", "reconstruction, raise --latents"),
        ({"field": 0.7, "pod": 0.9}, "bad", "reconstruction, raise --latents"),
        ({"answers": None}, "bad", "equations, give longer trajectories"),
        ({"answers": answers(orbits=orbits(20, 20, 0, 0))}, "bad", "do they run, lower"),
        ({"answers": answers(orbits=orbits(39, 1, 0, 0), forecast=forecast(0.08, 0.06))},
         "caution", "forecast, "),
        ({"answers": answers(trials=[[trial(0.6)]] * 2)}, "bad", "choice, "),
    ],
)  # fmt: skip
def test_the_headline_is_as_bad_as_the_worst_that_decides(changes, level, words):
    said = judge(discovery(**changes))[0]
    assert said.level == level
    assert {"caution": "use it with care", "bad": "do not use it"}[level] in said.text
    assert f"first of all: {words}" in said.text


def test_every_sentence_on_equations_that_is_bad_says_what_to_do():
    a = answers(orbits=orbits(10, 30, 0, 0), trials=[[trial(2.0)]] * 2,
                forecast=forecast(2.0, 0.01), spread=records.spread(period=None))  # fmt: skip
    own = {"reconstruction", "no-equations", "choice-lost", "members-run", "period-unknown",
           "forecast-vs-reconstruction"}  # fmt: skip
    said = [*judge(discovery(0.9, 0.95, answers=a)), *judge(discovery(answers=None))]
    bad = {v.code: v for v in said if v.level == "bad"}
    assert own <= set(bad)
    assert all(bad[code].advice for code in own)


def test_one_latent_is_one():
    found = discovery()
    found = replace(found, ensemble=records.ensemble(draws=(20, 20), latents=1))
    assert judge(found)[0].text.startswith("limit cycle; 1 latent holds the field")


def test_a_forecast_of_several_trajectories_is_their_median_and_the_worst_is_named():
    one = forecast(0.02, 0.01)
    several = replace(one, others=(forecast(0.04, 0.02), forecast(0.7, 0.05)))
    np.testing.assert_allclose(several.each, [0.02, 0.04, 0.7], rtol=1e-9)
    assert (several.field, several.worst) == pytest.approx((0.04, 0.7))
    assert several.ratio == pytest.approx(2.0)
    said = {v.code: v for v in of_equations(answers(forecast=several), [row()])}
    found = said["forecast-vs-reconstruction"]
    assert found.level == "caution"
    assert "0.0400, 2.00 of the" in found.text
    assert "the median of 3 test trajectories, of which the worst has 0.7000" in found.text
    alone = {v.code: v for v in of_equations(answers(forecast=one), [row()])}
    assert "median of" not in alone["forecast-vs-reconstruction"].text
    for worst, level in ((0.49, "good"), (0.51, "caution")):
        others = (forecast(0.02, 0.02), forecast(worst, 0.5))
        mild = replace(forecast(0.02, 0.02), others=others)
        said = {v.code: v for v in of_equations(answers(forecast=mild), [row()])}
        assert said["forecast-vs-reconstruction"].level == level


def test_every_test_trajectory_is_forecast_from_its_own_start():
    """Of one planted flow: three are forecast well; a fourth, of another flow, is not."""
    time = np.arange(0, 40, 0.1)
    runs = [planted.orbit(planted.hopf, [0.4 + 0.2 * k, 0.0], time) for k in range(4)]
    runs.append(planted.orbit(lambda t, z: -planted.hopf(t, z), [0.5, 0.0], time[:50]))
    z, rate = (np.concatenate([r[k] for r in runs]) for k in (0, 1))
    label = np.repeat(np.arange(5), [len(r[0]) for r in runs])
    parts = np.where(label < 2, TRAIN, TEST)
    every = np.concatenate([time] * 4 + [time[:50]])
    e = planted.ensemble(every, z, rate, members=2, frames=parts)
    e = replace(e, frames=replace(e.frames, trajectory=label))
    # The terms fit exactly.
    theta, seen = e.library(z[label < 2]), rate[label < 2]
    xi = np.stack([np.linalg.lstsq(theta, seen, rcond=None)[0]] * 2)
    found = decoded_orbits.forecast(e, np.arange(2), e.library, xi)
    assert len(found.each) == 3
    assert (found.each[:2] < 1e-6).all()
    assert found.each[2] > 0.5
    assert len(found.others[1].time) == 50


@pytest.mark.parametrize(
    ("name", "confidence", "level", "cycle"),
    [
        ("limit cycle", "clear", "good", "good"),
        ("transient to a cycle", "likely", "caution", "good"),
        ("limit cycle or conservative", "clear", "good", "good"),
        ("cannot tell", "none", "caution", "good"),
        ("decay to a fixed point", "clear", "good", "caution"),
        ("conservative oscillation", "likely", "caution", "caution"),
        ("quasi-periodic", "clear", "good", "caution"),
        ("chaotic", "clear", "good", "caution"),
        ("excitable", "clear", "good", "caution"),
        ("noise", "clear", "bad", "caution"),
    ],
)
def test_no_cycle_is_claimed_of_data_that_show_none(name, confidence, level, cycle):
    kind = Kind(name, "a reason", confidence)
    said = {v.code: v for v in judge(discovery(kind=kind))}
    assert said["kind-of-dynamics"].level == level
    assert "a reason" in said["kind-of-dynamics"].text
    for code in ("members-run", "period-inside", "off-cycle-attracts"):
        assert said[code].level == cycle
        assert ("show no limit cycle" in said[code].text) == (cycle == "caution")
    headline = said["headline"]
    assert headline.level == ("bad" if name == "noise" else "good")
    assert headline.text.startswith("2 latents" if name == "cannot tell" else f"{name}; 2 latents")


def test_whether_equations_run_is_told_by_a_cycle_or_by_what_they_show():
    def judged(name, share_on_cycle, alike):
        own = Kind(name, "", "clear")
        kinds = (own,) * alike + (Kind("excitable", "", "clear"),) * (10 - alike)
        held = orbits(share_on_cycle, 100 - share_on_cycle, 0, 0)
        a = answers(orbits=held, forecast=forecast(0.004, 0.004))
        shown = KindOfEquations(own, kinds, 0)
        return {v.code: v for v in judge(discovery(kind=own, kind_of_equations=shown, answers=a))}

    said = judged("quasi-periodic", 10, 10)
    assert (said["members-run"].level, said["members-run"].advice) == ("caution", "")
    assert said["headline"].level == "good"
    said = judged("quasi-periodic", 100, 0)
    assert said["headline"].level == said["kind-of-equations"].level == "bad"
    assert "first of all: kind of equations" in said["headline"].text
    said = judged("limit cycle", 10, 10)
    assert said["headline"].level == said["members-run"].level == "bad"
    assert judged("limit cycle", 100, 0)["headline"].level == "good"


def test_the_kind_stands_in_the_summary_with_what_was_measured():
    growth = Growth(0.1, 0.01, -0.2, 0.02, 0.5, 1.5)
    found = discovery(
        kind=Kind("limit cycle", "why", "clear", Yardsticks(0.01, 7.0, growth=growth))
    )
    made = Report.of(found).summary["kind"]
    assert (made["name"], made["confidence"], made["reason"]) == ("limit cycle", "clear", "why")
    assert (made["noise"], made["period"], made["exponent"]) == (0.01, 7.0, None)
    assert made["growth"]["bend"] == -0.2
