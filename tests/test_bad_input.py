"""Bad input to `discover`: said in one line, and the rest of the analysis still delivered."""

import io
import json
import warnings
from dataclasses import replace

import numpy as np
import pysindy as ps
import pytest

from eae_sindy.discovery import discover
from eae_sindy.dynamics import conversions, cycles, symmetry
from eae_sindy.dynamics.library import Library, standard, with_constant
from eae_sindy.dynamics.orbits import Loop
from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.errors import EaeSindyError
from eae_sindy.report import figures, files
from eae_sindy.report import text as printed
from eae_sindy.report.report import Report
from eae_sindy.snapshots.split import TEST, TRAIN
from tests import planted
from tests.conftest import FEW

TIME = np.arange(0, 100, 0.1)
SPIRAL = planted.orbit(planted.hopf, [0.2, 0.0], TIME)
DRAWN = (figures.overview, figures.correlations, figures.answers, figures.chains)


def deliver(ensemble, folder, library=None):
    """Save, open, discover, draw and write as the command does; return discovery, text, summary.

    Every figure is drawn, both files are there in the end, and nothing warned on the way.
    """
    ensemble.save(folder / "ensemble.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        found = discover.discover(
            Ensemble.open(folder / "ensemble.h5", library), "train", criteria=FEW
        )
        for draw in DRAWN:
            draw(found).savefig(io.BytesIO(), dpi=40)
        made = Report.of(found)
        files.write(made, folder)
        text = "\n".join(printed.lines(made))
    written = {"ensemble.h5", "summary.json", "coefficients.csv"}
    assert {p.name for p in folder.iterdir()} == written | (
        {"equations.h5"} if found.answers else set()
    )
    return found, text, json.loads((folder / "summary.json").read_text())


def said(text, subject):
    lines = [line for line in text.splitlines() if line[4:].startswith(f"{subject}: ")]
    assert len(lines) == 1
    return lines[0]


def plant(*args, **kwargs):
    """A planted ensemble whose file can be opened without naming its library."""
    e = planted.ensemble(*args, **kwargs)
    sine = any("sin" in t for t in e.library.terms)
    degree = 3 if "z1^3" in e.library.terms else 1
    return replace(e, settings=e.settings.but(sine=sine, degree=degree))


def spoilt(ensemble, chain, draws):
    """The ensemble with NaN in the weights, and so in the loss, of some draws of a chain."""
    chains = list(ensemble.chains)
    weights = [w.copy() for w in chains[chain].encoder]
    loss = chains[chain].loss.copy()
    for w in (*weights, loss):
        w[draws] = np.nan
    chains[chain] = replace(chains[chain], encoder=tuple(weights), loss=loss)
    return replace(ensemble, chains=chains)


def test_one_member(tmp_path):
    _, text, summary = deliver(plant(TIME, *SPIRAL, members=1), tmp_path)
    assert "one member" in said(text, "spread")
    assert "of one member" in said(text, "answers")
    assert summary["orbits"]["classes"]["cycle"] == 1
    assert summary["plain_orbits"]["period"]["median"] == pytest.approx(2 * np.pi / 0.9, rel=1e-4)


def test_all_members_divergent(tmp_path):
    """Rates that lead outward on a field that turns: no equations of these hold the cycle."""
    z, _ = SPIRAL
    found, text, summary = deliver(plant(TIME, z, 0.5 * z, members=6, noise=0.01), tmp_path)
    assert summary["plain_orbits"]["classes"]["divergent"] == 6
    assert summary["orbits"]["integrable_fraction"] == 0
    assert "0.0% of 6 members" in said(text, "do they run")
    assert "too few replicates" in said(text, "period")
    terms = [row["term"] for row in summary["coefficients"]]
    assert summary["coefficients"][terms.index("z1")]["mean"] == pytest.approx(0.5, abs=0.02)
    assert found.answers.forecast.field > 1


@pytest.mark.parametrize("draws", [[1, 4], slice(None)], ids=["two", "a whole chain"])
def test_members_whose_weights_are_nan(tmp_path, draws):
    e = spoilt(plant(TIME, *SPIRAL, members=8, noise=0.004, chains=2), 0, draws)
    found, text, summary = deliver(e, tmp_path)
    lost = len(np.arange(8)[draws])
    assert found.dropped == lost
    assert f"{lost} of 16 give no finite coefficients" in said(text, "members")
    assert summary["orbits"]["classes"]["cycle"] == 16 - lost


def test_nothing_but_nan_is_refused_in_one_line():
    with pytest.raises(EaeSindyError, match="no member gives finite coefficients") as refused:
        discover.discover(spoilt(plant(TIME, *SPIRAL, members=4), 0, slice(None)))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("part", [TRAIN, TEST, None], ids=["training", "test", "all"])
def test_rates_that_are_nan_are_taken_from_the_field(tmp_path, part):
    e = plant(TIME, *SPIRAL, members=6, noise=0.004)
    rows = slice(None) if part is None else e.frames.where(part)
    rates = e.frames.rate_coordinates.copy()
    rates[rows] = np.nan
    e = replace(e, frames=replace(e.frames, rate_coordinates=rates))
    _, text, summary = deliver(e, tmp_path)
    assert f"those of {len(rates[rows]):,} frames hold NaN" in said(text, "rates")
    assert summary["orbits"]["classes"]["cycle"] == 6
    assert summary["orbits"]["period"]["median"] == pytest.approx(2 * np.pi / 0.9, rel=2e-3)


def test_frames_that_are_nan_are_left_out(tmp_path):
    e = plant(TIME, *SPIRAL, members=6, noise=0.004)
    field = e.frames.coordinates.copy()
    field[[3, 700, 950]] = np.nan  # before the test window, and in it
    e = replace(e, frames=replace(e.frames, coordinates=field))
    found, text, summary = deliver(e, tmp_path)
    assert "3 hold NaN and are left out" in said(text, "frames")
    assert len(found.ensemble.frames.time) == len(TIME) - 3
    assert summary["orbits"]["period"]["median"] == pytest.approx(2 * np.pi / 0.9, rel=1e-3)


def test_no_test_frame_left_is_refused_in_one_line():
    e = plant(TIME, *SPIRAL, members=2)
    field = e.frames.coordinates.copy()
    field[e.frames.where(TEST)] = np.nan
    with pytest.raises(EaeSindyError, match="every test frame holds NaN: mend"):
        discover.discover(replace(e, frames=replace(e.frames, coordinates=field)))


def with_exponential(rate):
    power = ps.CustomLibrary([lambda x: np.exp(rate * x)], [lambda x: f"exp({rate} {x})"])
    return Library(ps.PolynomialLibrary(3, include_bias=False) + power, 2)


@pytest.mark.filterwarnings("ignore:overflow")  # pysindy's own, when the library is made
@pytest.mark.parametrize("rate", [300, 900], ids=["1e130", "inf"])
def test_a_term_that_overflows_is_named_and_left_out(tmp_path, rate):
    library = with_exponential(rate)
    e = planted.ensemble(TIME, *SPIRAL, members=6, noise=0.004, library=library)
    found, text, summary = deliver(e, tmp_path, library)
    assert f"exp({rate} z1), exp({rate} z2)" in said(text, "library")
    assert summary["terms"] == library.terms[:9]
    assert found.dropped == 0
    assert summary["orbits"]["classes"]["cycle"] == 6
    with pytest.raises(EaeSindyError, match="overflow"):
        conversions.model(found.answers.library, found.answers.representative(0))


def test_a_term_that_overflows_in_few_members_costs_those_members(tmp_path):
    library = with_exponential(100)
    e = planted.ensemble(TIME, *SPIRAL, members=6, noise=0.004, library=library)
    e.chains[0].encoder[2][2] *= 20  # one member with wide latents
    _, text, summary = deliver(e, tmp_path, library)
    assert "1 of 6 give no finite coefficients" in said(text, "members")
    assert summary["terms"] == library.terms


def test_a_library_without_some_terms_is_the_rest_of_it():
    whole = standard(2)
    z = np.random.default_rng(0).normal(size=(5, 2))
    rest = whole.without(["z1^2", "sin(z2)"])
    kept = [i for i, t in enumerate(whole.terms) if t not in ("z1^2", "sin(z2)")]
    np.testing.assert_array_equal(rest(z), whole(z)[:, kept])
    assert with_constant(rest).terms == ["1", *rest.terms]
    np.testing.assert_array_equal(with_constant(rest)(z)[:, 1:], rest(z))
    assert len(whole.terms) == 11


@pytest.mark.parametrize("d", [4, 8])
def test_more_latents_than_figures_show(tmp_path, d):
    """A Hopf cycle and decaying latents beside it; the second chain has them in reverse order."""
    z, z_rate = SPIRAL
    decay = 0.2 + 0.05 * np.arange(d - 2)
    more = np.exp(-0.1 * decay * TIME[:, None]) + 0.1
    # The decay goes on for as long as the data do, so that all latents move in the test window.
    e = plant(TIME, np.hstack([z, more]), np.hstack([z_rate, -0.1 * decay * (more - 0.1)]),
              members=4, noise=0.002, chains=2, library=standard(d, 1, sine=True))  # fmt: skip
    found, text, summary = deliver(e, tmp_path)
    assert len(summary["coefficients"]) == 2 * d * d
    named = [a.get_xlabel() for a in figures.overview(found).axes]
    assert sum(f"2 of {d} latents" in t for t in named) == 2
    assert max(figures.correlations(found).get_size_inches()) < 18
    assert "answers" in text


def test_many_latents_are_matched_without_trying_all_orders():
    rng = np.random.default_rng(0)
    d = 10
    order, signs = rng.permutation(d), rng.choice([-1.0, 1.0], d)
    z = rng.normal(size=(200, d))
    change = symmetry.matched(z, signs * z[:, order] + 0.05 * rng.normal(size=(200, d)))
    np.testing.assert_array_equal(change(z), signs * z[:, order])
    small = symmetry.matched(z[:, :2], -z[:, [1, 0]])
    assert small.name == "z1 <-> z2, z1 -> -z1, z2 -> -z2"


def test_a_member_that_leaves_is_divergent_wherever_the_others_are():
    """Halted where it left and not before: an orbit at rest inside would be a fixed point."""
    library = standard(2, 1, sine=False)
    turn = np.array([[0.0, 0.9], [-0.9, 0.0]])
    xi = np.stack([turn + g * np.eye(2) for g in (0.0, 0.3, 3.0, 30.0, 300.0, -3.0, -300.0)])
    start = np.tile([1.0, 0.0], (7, 1))
    found = cycles.settle(
        library, xi, Loop(start, np.zeros((7, 2)), np.ones(7), np.ones(7)), 2 * np.pi / 0.9
    )
    assert [cycles.CLASSES[k] for k in found.kind] == [
        "cycle", *["divergent"] * 4, "fixed_point", "fixed_point"]  # fmt: skip
