"""Every sentence of a report: its code, and its level on both sides of every number.

The numbers stand here once more, as numbers: a criterion that moves is to be noticed.
"""

import inspect
import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from eae_sindy.discovery.kind_of_equations import KindOfEquations
from eae_sindy.discovery.mending import Flaws
from eae_sindy.dynamics.kind import Kind, Yardsticks
from eae_sindy.errors import EaeSindyError
from eae_sindy.recipes import Criteria
from eae_sindy.report import verdicts
from eae_sindy.report.verdicts import SUBJECTS, judge, of_chains, of_equations, of_input
from tests import records
from tests.records import (
    answers,
    diagnostics,
    ensemble,
    forecast,
    layer,
    mixing,
    row,
    spread,
    trial,
)

NOTHING = Flaws(0, 0, [])


def of_answers(a=None, baselines=records.BASELINES, **criteria):
    return {v.subject: v for v in of_equations(a or answers(), baselines, Criteria(**criteria))}


def of_sampler(found=None, members=None, **criteria):
    said = of_chains(found or diagnostics(), members or ensemble(), Criteria(**criteria))
    return {v.subject: v for v in said}


def is_said(verdict, code, level, *words):
    assert (verdict.code, verdict.level) == (code, level)
    assert SUBJECTS[code] == verdict.subject
    assert "\n" not in verdict.text
    for word in words:
        assert word in verdict.text, verdict.text


# What went in.


def test_nothing_is_said_of_input_without_flaws():
    assert of_input(NOTHING, 0, 2) == []


def test_what_is_left_out_of_the_input_is_named():
    frames, rates, terms, one = of_input(Flaws(1234, 56, ["exp(z1)", "z1^9"]), 0, 1)
    is_said(frames, "frames-left-out", "caution", "1,234 hold NaN and are left out")
    is_said(rates, "rates-differentiated", "caution", "those of 56 frames", "differences of the")
    is_said(terms, "terms-overflow", "bad", "exp(z1), z1^9")
    is_said(one, "one-member", "bad", "one member", "--draws")


@pytest.mark.parametrize(
    ("dropped", "level"), [(1, "good"), (50, "good"), (51, "caution"), (200, "caution"),
                           (201, "bad"), (999, "bad")],
)  # fmt: skip
def test_dropped_members_are_a_share_of_all(dropped, level):
    (said,) = of_input(NOTHING, dropped, 1000 - dropped)[:1]
    is_said(said, "members-dropped", level, f"{dropped:,} of 1,000 give no finite coefficients")


# The equations.


def test_answers_without_a_fault_are_good_in_all_respects():
    said = of_answers()
    assert [v.code for v in said.values()] == [
        *("members-run", "period-inside", "off-cycle-attracts", "forecast-vs-reconstruction"),
        *("against-pod", "answers-same"),
    ]
    levels = {v.code: v.level for v in said.values()}
    assert levels.pop("members-run") == "caution"  # 36 of 40
    assert set(levels.values()) == {"good"}


@pytest.mark.parametrize(
    ("cycles", "level"), [(1000, "good"), (951, "good"), (949, "caution"), (801, "caution"),
                          (799, "bad"), (1, "bad"), (0, "bad")],
)  # fmt: skip
def test_members_run_where_nearly_all_hold_the_cycle(cycles, level):
    found = answers(orbits=records.orbits(cycles, 1000 - cycles, 0, 0))
    is_said(of_answers(found)["do they run"], "members-run", level,
            f"{cycles / 10:.1f}% of 1,000 members", "80% of 50 replicates do")  # fmt: skip


def test_without_a_period_of_the_data_the_equations_own_is_said_with_caution():
    own = replace(records.orbits(900, 100, 0, 0), reference_period=np.nan)
    said = of_answers(answers(orbits=own))
    is_said(said["period"], "period-of-equations", "caution", "[6.9500, 7.0500]",
            "no trajectory is long enough")  # fmt: skip
    assert "3 cycles or more" in said["period"].advice
    assert "90.0% of 1,000 members come to a cycle that attracts" in said["do they run"].text
    assert "the data's" not in said["do they run"].text + said["period"].text


def test_linear_equations_are_said_to_be_rotations():
    one, both = [trial(terms="linear + constant")], [trial()]
    said = of_answers(answers(trials=[both, one]))["do they run"].text
    assert "the equations of mode 2 are linear: a rotation" in said
    assert "the equations are linear" in of_answers(answers(trials=[one, one]))["do they run"].text
    assert "rotation" not in of_answers()["do they run"].text


@pytest.mark.parametrize(
    ("ends", "code", "level"),
    [
        ((6.95, 7.05), "period-inside", "good"),
        ((6.90, 7.109), "period-inside", "good"),  # 3 % of 7 is .21
        ((6.90, 7.111), "period-wide", "caution"),
        ((1.0, 20.0), "period-wide", "caution"),
        ((7.001, 7.05), "period-outside", "caution"),
        ((6.95, 6.999), "period-outside", "caution"),
        ((7.1, 9.0), "period-outside", "caution"),
        (None, "period-unknown", "bad"),
    ],
)
def test_a_period_is_good_where_its_interval_is_narrow_and_holds_the_data_s(ends, code, level):
    said = of_answers(answers(spread=spread(period=ends)))["period"]
    is_said(said, code, level)
    if ends:
        where = "outside" if code == "period-outside" else "inside"
        width = f"{100 * (ends[1] - ends[0]) / 7:.2g}% wide"
        is_said(
            said, code, level, f"[{ends[0]:.4f}, {ends[1]:.4f}]", width, f"7.0000, lies {where}"
        )


@pytest.mark.parametrize(
    ("growth", "code", "level"),
    [
        (((-0.8, -0.4), (-0.7, -0.01)), "off-cycle-attracts", "good"),
        (((-0.8, -0.4), (-0.39, -0.01)), "off-cycle-attracts-somehow", "caution"),
        (((-0.8, 0.01), (-0.7, -0.01)), "off-cycle-unknown", "caution"),
        (((-0.8, -0.4), (-0.7, 0.2)), "off-cycle-unknown", "caution"),
        (((0.01, 0.2), (0.1, 0.3)), "off-cycle-repels", "caution"),
        (((-0.8, -0.4), (0.1, 0.3)), "off-cycle-disagree", "caution"),
        (((-0.8, -0.4), (-0.3, 0.3)), "off-cycle-disagree", "caution"),
    ],
)
def test_the_cycle_attracts_where_every_mode_says_so(growth, code, level):
    said = of_answers(answers(spread=spread(growth)))["off the cycle"]
    low, high = growth[1]
    is_said(said, code, level, f"[{low:.3f}, {high:.3f}] (mode 2)")
    assert (": it attracts" in said.text) == code.startswith("off-cycle-attracts")
    assert (": it repels" in said.text) == (code == "off-cycle-repels")


def test_neutral_modes_are_not_asked_whether_the_cycle_attracts():
    free, still = [trial()], [trial(terms="linear", neutral=(1, 2))]
    said = of_answers(answers(trials=[free, still]))["off the cycle"]
    is_said(said, "off-cycle-attracts", "caution", "[-0.800, -0.400]", "0 by choice (mode 2)")
    assert "(mode 1)" not in said.text
    said = of_answers(answers(trials=[still, still]))["off the cycle"]
    is_said(said, "off-cycle-neutral", "caution", "by choice", "do not tell")


@pytest.mark.parametrize(("each", "is_there"), [(10, True), (9, False)])
def test_growth_of_few_replicates_is_not_spoken_of(each, is_there):
    found = answers(spread=spread(each=each, lost=0))
    assert ("off the cycle" in of_answers(found)) == is_there


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ((0.01, 0.01), None),
        ((0.49, 0.49), None),
        ((0.5, 0.01), "(mode 1): what is chosen is the least bad"),
        ((0.01, 0.6), "(mode 2): what is chosen is the least bad"),
        ((1.0, 1.0), "(mode 1, 2): Eq. 16 stands as it is"),  # errors are capped at 1
        ((1.0, 0.6), "(mode 1, 2): what is chosen is the least bad"),
    ],
)
def test_a_choice_among_trajectories_that_are_lost_is_none(errors, said):
    # The chosen one stands first; the simplest of those that are nearly as good is not the best.
    tried = [[trial(min(1.0, e + 0.1)), trial(e), trial(min(1.0, e + 0.3))] for e in errors]
    found = of_answers(answers(trials=tried))
    assert ("choice" in found) == (said is not None)
    if said:
        is_said(found["choice"], "choice-lost", "bad", said)


@pytest.mark.parametrize(
    ("field", "level"), [(0.0258, "good"), (0.0262, "caution"), (0.0598, "caution"),
                         (0.0998, "caution"), (0.1002, "bad")],
)  # fmt: skip
def test_a_forecast_is_held_to_its_reconstruction(field, level):
    said = of_answers(answers(forecast=forecast(field, 0.020)))["forecast"]
    is_said(said, "forecast-vs-reconstruction", level, "over 10 units of time", f"{field:.4f}",
            f"{field / 0.02:.2f} of the reconstruction's")  # fmt: skip


def test_growth_is_that_of_the_chosen_equations():
    """Replicates of other candidates enter the interval of the period, and not that of growth."""
    made = spread(growth=((-0.8, -0.4), (-0.7, -0.5)))
    object.__setattr__(made, "own", made.orbits.growth < -0.6)
    text = of_answers(answers(spread=made))["off the cycle"].text
    assert "[-0.800, -0.800] (mode 1), [-0.700, -0.700] (mode 2)" in text


@pytest.mark.parametrize(("field", "level"), [(0.00099, "good"), (0.00101, "caution")])
def test_a_small_forecast_error_is_good_whatever_the_reconstruction_does(field, level):
    said = of_answers(answers(forecast=forecast(field, 1e-6)))["forecast"]
    assert said.level == level


@pytest.mark.parametrize(("field", "level"), [(0.0734, "good"), (0.0736, "caution")])
def test_a_forecast_is_held_to_the_best_baseline(field, level):
    """Of .07 and .5 the first, whichever stands first; 1.05 times that is as good."""
    for baselines in (records.BASELINES, records.BASELINES[::-1]):
        said = of_answers(answers(forecast=forecast(field, field)), baselines)["against POD"]
        is_said(said, "against-pod", level, "POD-2, Eq. 16, forecasts with an error of 0.0700 in "
                "0.5 s", f"this ensemble with {field:.4f}")  # fmt: skip


def test_no_forecast_is_good_that_pod_does_better():
    said = of_answers(answers(forecast=forecast(5e-4, 1e-6)), [row(forecast=4e-4)])
    assert said["against POD"].level == said["forecast"].level == "caution"
    assert "POD does better" in said["forecast"].text
    assert said["forecast"].advice == said["against POD"].advice == "take the former"
    said = of_answers(answers(forecast=forecast(5e-4, 1e-6)), [row(forecast=5e-4)])
    assert said["against POD"].level == said["forecast"].level == "good"


def test_baselines_that_are_lost_are_not_the_best():
    for lost in (np.inf, np.nan):
        rows = [row("lost", forecast=lost), row("found", forecast=0.07)]
        said = of_answers(answers(forecast=forecast(0.5, 0.5)), rows)["against POD"]
        is_said(said, "against-pod", "caution", "found, forecasts")
    exact = of_answers(answers(), [row(forecast=0.0)])["against POD"]
    assert exact.level == "caution"


def test_modes_are_one_answer_where_all_are_the_first_in_other_coordinates():
    swap = answers().equivalences[0]
    other, alike = swap._replace(residual=0.5, p_value=0.0), swap._replace(p_value=0.0)
    says = "2 answers, of weights 60%, 40%; "
    said = of_answers()["answers"]
    is_said(said, "answers-same", "good", says + "1 of the 1 others are the first")
    assert "nearly" not in said.text
    said = of_answers(answers(equivalences=[other]))["answers"]
    is_said(said, "answers-differ", "caution", says + "0 of the 1 others")
    said = of_answers(answers(equivalences=[alike]))["answers"]
    is_said(said, "answers-differ", "caution", "0 of the 1", "1 nearly, where the data are")
    # Tried twice, the same mode is the same mode; and a pair without the first does not count.
    twice = [swap, swap._replace(level="affine"), alike, swap._replace(modes=(1, 2))]
    three = answers(modes=records.modes((20, 12, 8)), equivalences=twice)
    is_said(of_answers(three)["answers"], "answers-differ", "caution", "1 of the 2 others")
    for sizes, words in (((40,), "all members agree"), ((1,), "of one member")):
        one = answers(modes=records.modes(sizes), spread=spread(growth=((-0.8, -0.4),), member=1))
        is_said(of_answers(one)["answers"], "one-answer", "good", words)


def test_groups_of_collinear_terms_are_named_up_to_four():
    groups = [[f"a{i}", f"b{i}"] for i in range(6)]
    assert "single coefficients" not in of_answers()
    for count, more in ((1, ""), (4, ""), (5, "; and 1 more"), (6, "; and 2 more")):
        said = of_answers(answers(collinear=groups[:count]))["single coefficients"]
        named = "; ".join(f"a{i}, b{i}" for i in range(min(count, 4)))
        is_said(said, "collinear-terms", "caution", f"apart: {named}{more}; only")


def test_without_a_period_nothing_is_said_of_orbits():
    said = of_answers(answers(orbits=None, spread=None))
    assert set(said) == {"forecast", "against POD", "answers"}


# The chains.


def test_a_sampler_without_a_fault_is_good_in_all_respects():
    said = of_sampler()
    assert [v.code for v in said.values()] == [
        *("settling-before", "mixing", "independent-draws", "kinetic-temperature"),
        *("configurational-temperature", "time-step", "stationarity", "between-decoders"),
    ]
    assert {v.level for v in said.values()} == {"good"}


@pytest.mark.parametrize(
    ("draws", "settled", "code", "level"),
    [
        ((500, 500), (0, 0), "settling-before", "good"),
        ((100, 100), (0, 0), "settling-before", "good"),
        ((500, 500), (0, 25), "settling-left-out", "caution"),
        ((500, 500), (20, 25), "settling-left-out", "caution"),
        ((500, 500), (249, 0), "settling-left-out", "caution"),
        ((500, 500), (250, 0), "settling-never", "bad"),
        ((60, 60), (0, 0), "settling-unknown", "caution"),
        ((500, 99), (0, 0), "settling-unknown", "caution"),
        ((500, 60), (25, 0), "settling-unknown", "caution"),
        ((500, 60), (250, 0), "settling-never", "bad"),
        ((1, 1), (0, 0), "settling-unknown", "caution"),
    ],
)
def test_settling(draws, settled, code, level):
    said = of_sampler(diagnostics(settled_from=settled), ensemble(draws))["settling"]
    is_said(said, code, level)
    lost = f"{sum(settled)} of {sum(draws):,} members were drawn before the loss had settled"
    assert (lost in said.text) == (sum(settled) > 0)
    assert ("--updates or --draws" in said.text) == (level == "bad")
    if code == "settling-unknown":
        is_said(said, code, level, f"{min(draws)} draws of a chain are too few", "100 or more")


@pytest.mark.parametrize(
    ("r_hat", "level"), [(1.0, "good"), (1.0099, "good"), (1.0101, "caution"), (1.0499, "caution"),
                         (1.0501, "bad"), (3.1, "bad"), (np.nan, "bad")],
)  # fmt: skip
def test_mixing_is_judged_by_the_worst_quantity(r_hat, level):
    found = diagnostics(mixing=(mixing("period", r_hat=r_hat), mixing(r_hat=0.9)))
    said = of_sampler(found)["mixing"]
    is_said(said, "mixing", level, f"at most {r_hat:.3f} (period)", "within each chain")
    assert ("raise --draws" in said.text) == (level != "good")
    shared = of_sampler(found, ensemble(decoders=(0, 0), chains_per_decoder=2))["mixing"]
    assert "over chains that share a decoder" in shared.text


@pytest.mark.parametrize(
    ("size", "level"), [(401.0, "good"), (399.0, "caution"), (101.0, "caution"), (99.0, "bad")]
)
@pytest.mark.parametrize("name", ["ess_bulk", "ess_tail"])
def test_independent_draws_are_those_of_the_worst_quantity(size, level, name):
    worst = mixing("rate error", time=33.0, **{name: size})
    said = of_sampler(diagnostics(mixing=(mixing(), worst)))["independent draws"]
    is_said(said, "independent-draws", level, f"1,000 members are worth {size:.0f} independent",
            "rate error; autocorrelation time 33 draws")  # fmt: skip
    assert ("raise --draws or --chains" in said.text) == (level != "good")


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("off", "level"), [(0.0199, "good"), (0.0201, "caution"), (0.0999, "caution"), (0.1001, "bad")]
)
def test_the_kinetic_temperature_is_that_of_the_worst_layer_beyond_chance(off, level, sign):
    odd = layer("bias 2", 1 + sign * off, (0.999, 1.001))
    allowed = layer("kernel 2", 1.5, (0.4, 1.6))
    less = layer("bias 1", 1 + 0.9 * sign * off, (0.999, 1.001))
    said = of_sampler(diagnostics(layers=(layer(), less, odd, allowed)))["kinetic temperature"]
    is_said(said, "kinetic-temperature-off", level, f"bias 2 is {sign * off:+.2%} off")
    assert "minibatches" in said.text
    cold = of_sampler(diagnostics(layers=(odd,)), ensemble(sampler="langevin"))
    assert ("BAOAB" in cold["kinetic temperature"].text) == (sign < 0)
    chance = of_sampler(diagnostics(layers=(layer(), allowed)))["kinetic temperature"]
    is_said(chance, "kinetic-temperature", "good", "as far as χ² can tell")


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("off", "level"), [(0.149, "good"), (0.151, "caution"), (0.499, "caution"), (0.501, "bad")]
)
def test_configurational_temperature(off, level, sign):
    found = diagnostics(configurational_temperature=1 + sign * off)
    said = of_sampler(found)["configurational temperature"]
    is_said(said, "configurational-temperature", level, f"drawn at {1 + sign * off:.2f} of the set")
    assert ("shorten --step" in said.text) == (level != "good")


@pytest.mark.parametrize(
    ("step", "level"), [(0.499, "good"), (0.501, "caution"), (0.799, "caution"), (0.801, "bad")]
)
def test_time_step(step, level):
    said = of_sampler(diagnostics(step=step))["time step"]
    is_said(said, "time-step", level, f"{step:.2f} of the largest stable one")
    assert ("shorten --step" in said.text) == (level != "good")
    measured = ensemble(step_share=0.15)
    said = of_sampler(diagnostics(step=step), measured)["time step"]
    assert ("lower --step-share" in said.text) == (level != "good")


@pytest.mark.parametrize(
    ("noise", "level"), [(0.049, "good"), (0.051, "caution"), (0.499, "caution"), (0.501, "bad")]
)
def test_batch_noise(noise, level):
    said = of_sampler(diagnostics(batch_noise=noise))["batch noise"]
    is_said(said, "batch-noise", level, f"{noise:.2g} of T hotter")
    assert ("raise --batch" in said.text) == (level != "good")


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("drift", "level"), [(0.0, "good"), (4.99, "good"), (5.01, "caution"), (500.0, "caution")]
)
def test_stationarity(drift, level, sign):
    said = of_sampler(diagnostics(drift=sign * drift))["stationarity"]
    is_said(said, "stationarity", level, f"by up to {sign * drift:+.1f} %")


@pytest.mark.parametrize(("between", "level"), [(0.99, "good"), (1.01, "caution")])
def test_decoders_agree_where_their_means_are_within_the_spread_of_one(between, level):
    apart = mixing("rate error", between_decoders=between)
    alone = mixing("period", between_decoders=None)
    said = of_sampler(diagnostics(mixing=(mixing(), apart, alone)))["decoders"]
    is_said(said, "between-decoders", level, f"2 decoders: their means differ by up to "
            f"{between:.1f} of the spread within one (rate error)")  # fmt: skip


def test_one_decoder_does_not_know_what_another_would_find():
    said = of_sampler(members=ensemble(decoders=(3, 3)))["decoders"]
    is_said(said, "one-decoder", "caution", "one decoder", "ask for more --chains")
    assert "--chains-per-decoder" not in said.text
    shared = ensemble(decoders=(3, 3), chains_per_decoder=2)
    assert "than --chains-per-decoder" in of_sampler(members=shared)["decoders"].text


def test_what_was_not_measured_is_not_judged():
    nothing = diagnostics(mixing=(), configurational_temperature=np.nan, step=np.nan)
    assert set(of_sampler(nothing)) == {"settling", "kinetic temperature", "stationarity"}


# All together.


def test_judge_says_all_in_order_by_the_criteria_given():
    found = records.discovery()
    said = judge(found)
    assert [v.code for v in said[:3]] == ["headline", "kind-of-dynamics", "reconstruction"]
    equations = of_equations(found.answers, found.baselines)
    assert [v._replace(level="", text="") for v in said[3:]] == [
        v._replace(level="", text="")
        for v in (*of_input(found.flaws, 3, 40), *equations,
                  *of_chains(found.diagnostics, found.ensemble))
    ]  # fmt: skip
    without = judge(replace(found, answers=None))
    assert {v.code for v in without}.isdisjoint({"members-run", "forecast-vs-reconstruction"})
    assert "no-equations" in {v.code for v in without}
    strict = judge(found, Criteria(members_dropped=(1e-3, 2e-3), r_hat=(1.001, 1.002)))
    levels = {v.code: v.level for v in strict}
    assert levels["members-dropped"] == levels["mixing"] == "bad"


def test_every_criterion_moves_a_verdict():
    """None is there for show: a tenth of it, or ten or a hundred times, and something changes."""
    folder = Path(verdicts.__file__).parent
    used = re.findall(r"criteria\.(\w+)", "".join(p.read_text() for p in folder.glob("*.py")))
    assert set(used) <= {f.name for f in fields(Criteria)}
    made = records.discovery()
    made.ensemble.attributes |= {"rates_by": "spectral", "rates_error": 0.1}
    found = replace(
        made,
        answers=answers(
            collinear=[["a"]] * 5, trials=[[trial(0.6)], [trial(0.6)]],
            spread=spread(each=12), forecast=forecast(0.0735, 0.05), normal=records.normal_form(),
        ),
        diagnostics=diagnostics(
            mixing=(mixing(r_hat=1.02, ess_tail=150.0, between_decoders=0.9),), step=0.6,
            layers=(layer(ratio=1.05),), configurational_temperature=1.3, batch_noise=0.1,
            loss_of_all=1.5,
        ),
    )  # fmt: skip

    def both(criteria):
        own = replace(found.answers.orbits, reference_period=np.nan)
        without = replace(found, answers=replace(found.answers, orbits=own))
        bad = replace(found.reconstruction, field=0.6)
        beyond = replace(found, answers=None, beyond=0.15, reconstruction=bad)
        kind, other = (Kind(name, "", "clear", Yardsticks(exponent=0.25, period=1.0))
                       for name in ("chaotic", "noise"))  # fmt: skip
        off = replace(kind, yardsticks=replace(kind.yardsticks, period=1.1))
        shown = (KindOfEquations(kind, (off,), 0), KindOfEquations(kind, (kind, other), 0))
        chaos = (replace(found, kind=kind, kind_of_equations=one) for one in shown)
        return [judge(each, criteria) for each in (found, without, beyond, *chaos)]

    usual = both(Criteria())

    def scaled(value, factor):
        if isinstance(value, tuple):
            return tuple(factor * v for v in value)
        return max(1, round(factor * value)) if isinstance(value, int) else factor * value

    for name in sorted(set(used)):
        value = getattr(Criteria(), name)
        others = [Criteria().but(**{name: scaled(value, factor)}) for factor in (0.1, 10, 100)]
        assert any(both(c) != usual for c in others), name


@pytest.mark.parametrize(
    ("name", "value"),
    [("r_hat", (1.05, 1.01)), ("effective_draws", (100.0, 400.0)), ("period_width", 0.0),
     ("period_width", np.nan), ("step_of_stable", (0.5, np.inf)), ("drift_percent", -5.0)],
)  # fmt: skip
def test_criteria_that_make_no_sense_are_refused_in_one_line(name, value):
    with pytest.raises(EaeSindyError, match=f"criterion {name} ") as said:
        Criteria(**{name: value})
    assert "\n" not in str(said.value)


def test_codes_are_documented_with_their_subjects_one_by_one():
    page = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text("utf-8")
    section = page[page.index("## summary.json") : page.index("## equations.h5")]
    rows = dict(re.findall(r"^\| `([\w-]+)` \| ([^|]+?) \|", section, flags=re.M))
    assert rows == dict(SUBJECTS)


def test_every_code_has_a_sentence_and_every_sentence_a_code():
    folder = Path(inspect.getfile(verdicts)).parent
    source = "".join(p.read_text() for p in folder.glob("*.py") if p.stem != "verdict")
    assert {c for c in SUBJECTS if f'"{c}"' in source} == set(SUBJECTS)


def test_a_chosen_temperature_says_what_it_cost():
    names = ("validation", "validation_allowed", "validation_of_members")

    def said(*decoders):
        attributes = {f"start/{d}/{name}": value for d, three in enumerate(decoders)
                      for name, value in zip(names, three, strict=True)}  # fmt: skip
        found = diagnostics(temperatures=(1e-7, 3e-7))
        return of_sampler(found, ensemble(attributes=attributes))["temperature"]

    is_said(said((1e-5, 2e-5, 1.2e-5), (2e-5, 4e-5, 4e-5)), "temperature-chosen", "good",
            "T = 1e-07 to 3e-07", "4.0e-05, stays within 2 times", "2.0e-05")  # fmt: skip
    is_said(said((1e-5, 2e-5, 2.1e-5), (2e-5, 4e-5, 4e-5)), "temperature-too-hot", "caution",
            "2.1e-05, is more than 2 times", "1.0e-05: give a lower --temperature")  # fmt: skip
    is_said(said((1e-9, 2e-7, 9e-8), (1e-9, 2e-7, 1e-8)), "temperature-chosen", "good",
            "9.0e-08, stays within 2.0e-07, about what single precision", "1.0e-09")  # fmt: skip
    assert "temperature" not in of_sampler()


def test_a_chosen_temperature_says_up_to_which_members_would_be_good():
    said = {"validation": 1e-5, "validation_allowed": 2e-5, "validation_of_members": 1.1e-5}
    attributes = {f"start/0/{name}": value for name, value in said.items()}
    attributes |= {"start/0/temperature_allowed": 3e-6}
    found = diagnostics(temperatures=(3e-7,))
    sentence = of_sampler(found, ensemble(attributes=attributes))["temperature"].text
    assert sentence.endswith("; up to T = 3e-06 it would")


@pytest.mark.parametrize(("ratio", "level"), [(1.25, "good"), (0.76, "good"), (1.26, "caution"),
                                              (0.74, "caution")])  # fmt: skip
def test_some_frames_stand_for_all_or_do_not(ratio, level):
    found = of_sampler(diagnostics(loss_of_all=ratio))["frames sampled"]
    is_said(found, "some-frames", level, f"{ratio:.2f} of that")
    assert ("raise --frames" in found.text) == (level == "caution")
    assert "frames sampled" not in of_sampler()


def test_what_holds_flat_directions_is_said():
    def said(drift, **settings):
        return of_sampler(diagnostics(drift=drift), ensemble(**settings))["stationarity"]

    held = {"confinement": 0.02, "dimensionless": True, "step_share": 0.15}
    is_said(said(1.0, **held), "stationarity", "good", "confined about the first ones, by 0.02")
    assert said(-6.0, **held).text.endswith("raise --draws")
    is_said(said(6.0), "stationarity", "caution", "--confinement holds them")
