"""Frames an ensemble has not seen: encoded, forecast with bands, and warned of."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from eae_sindy.discovery import discover, equations
from eae_sindy.discovery.equations import Equations
from eae_sindy.dynamics import cycles, orbits, vector_fields
from eae_sindy.dynamics.library import with_constant
from eae_sindy.ensemble.novelty import Novelty
from eae_sindy.ensemble.novelty import novelty as measured
from eae_sindy.errors import EaeSindyError
from eae_sindy.new_data import forecast, frames, latents_file
from eae_sindy.progress import finish
from eae_sindy.report import figures, files, forecast_report
from eae_sindy.report.report import Report
from eae_sindy.snapshots.frames import Frames
from eae_sindy.snapshots.pod import Pod
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.split import TEST, TRAIN
from eae_sindy_cli.main import main
from tests import planted

TIME = np.arange(0, 150, 0.1)
POINTS = (8, 8)
OMEGA = 0.9


def in_a_field(ensemble, modes):
    """The same ensemble where the field is Σ z_k modes_k on 64 points, not z itself."""
    shrink = np.float32(np.sqrt(ensemble.pod.size / modes.shape[1]))
    f = ensemble.frames
    pod = Pod(np.zeros(modes.shape[1], np.float32), modes, ensemble.pod.sigma)
    frames = replace(f, coordinates=shrink * f.coordinates,
                     rate_coordinates=shrink * f.rate_coordinates)  # fmt: skip
    chains = [replace(c, decoder=(*c.decoder[:2], shrink * c.decoder[2], c.decoder[3]))
              for c in ensemble.chains]  # fmt: skip
    return replace(ensemble, pod=pod, frames=frames, chains=chains, shape=POINTS)


@pytest.fixture(scope="module")
def modes():
    drawn = np.random.default_rng(4).normal(size=(64, 2))
    return np.linalg.qr(drawn)[0].T.astype(np.float32)


@pytest.fixture(scope="module")
def spiral():
    return planted.orbit(planted.hopf, [0.2, 0.0], TIME)


@pytest.fixture(scope="module")
def fitted(spiral, modes):
    """A Hopf spiral in a field of 8 × 8 points; two chains that differ by z1 <-> z2."""
    return in_a_field(planted.ensemble(TIME, *spiral, noise=0.01, chains=2, members=20), modes)


@pytest.fixture(scope="module")
def found(fitted):
    return discover.discover(fitted, "train")


@pytest.fixture(scope="module")
def chosen(found):
    return found.answers.equations


def snapshots_of(z, modes, time=TIME, **more):
    return Snapshots(time[: len(z)], (z @ modes).reshape(-1, *POINTS), **more)


@pytest.fixture(scope="module")
def other():
    """The same flow from another start, between the arms of the spiral that was trained on."""
    return planted.orbit(planted.hopf, [0.0, 0.3], TIME[:400])


def predicted(fitted, chosen, data, **options):
    return forecast.predict(fitted, frames.on(fitted, data), chosen, **options)


def test_snapshots_that_were_seen_come_out_as_they_went_in(fitted, spiral, modes):
    z, z_rate = spiral
    rate = (z_rate @ modes).reshape(-1, *POINTS)
    seen = frames.on(fitted, snapshots_of(z, modes, rate=rate))
    rows = np.arange(0, 1500, 7)
    for member in (0, 25):
        for ours, theirs in zip(
            seen.encode(member, rows), fitted.encode(member, rows), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert len(seen) == len(fitted)
    novelty = measured(fitted, seen.frames)
    assert not novelty.beyond.any()
    assert novelty.sentence() is None


def test_rates_of_new_frames_are_made_as_those_of_the_fit_were(fitted, spiral, modes):
    z, z_rate = spiral
    noisy = z + 0.05 * np.random.default_rng(0).normal(size=z.shape)
    rows, off = np.arange(50, 1450), {}
    for method in ("auto", "finite-difference", "savitzky-golay", "smoothing-spline"):
        own = replace(fitted, settings=fitted.settings.but(differentiate=method))
        seen = frames.on(own, snapshots_of(noisy, modes)).frames
        off[method] = np.abs(seen.rate_coordinates - fitted.frames.rate_coordinates)[rows].mean()
        np.testing.assert_allclose(seen.coordinates @ modes * 8, noisy @ modes, atol=1e-4)
        given = snapshots_of(noisy, modes, rate=(z_rate @ modes).reshape(-1, *POINTS))
        kept = frames.on(own, given).frames.rate_coordinates
        np.testing.assert_allclose(kept, fitted.frames.rate_coordinates, atol=1e-5)
    assert off["auto"] == off["finite-difference"]
    assert off["smoothing-spline"] < off["savitzky-golay"] < 0.5 * off["finite-difference"]


def test_frames_too_few_to_differentiate_still_have_latents(fitted, spiral, modes, tmp_path):
    alone = frames.on(fitted, snapshots_of(spiral[0][:1], modes))
    z, z_rate = alone.encode(0, np.arange(1))
    np.testing.assert_allclose(z, fitted.encode(0, np.arange(1))[0], atol=1e-5)
    assert np.isnan(z_rate).all()
    novelty = measured(fitted, alone.frames)
    finish(latents_file.write(tmp_path / "z.h5", alone, np.arange(3), novelty))
    with h5py.File(tmp_path / "z.h5") as file:
        assert file["latents"].shape == (3, 1, 2)
        assert "rates" not in file


def test_the_file_of_latents_holds_what_encode_says(fitted, other, modes, tmp_path):
    seen = frames.on(fitted, snapshots_of(other[0], modes))
    members, rows = np.array([1, 5, 19, 22, 30, 39]), np.arange(400)
    finish(latents_file.write(tmp_path / "z.h5", seen, members, measured(fitted, seen.frames)))
    with h5py.File(tmp_path / "z.h5") as file:
        for k, member in enumerate(members):
            z, rate = seen.encode(member, rows)
            np.testing.assert_array_equal(file["latents"][k], z)
            np.testing.assert_array_equal(file["rates"][k], rate)
        np.testing.assert_array_equal(file["chain"][:], [0, 0, 0, 1, 1, 1])
        for c in range(2):  # chains have their own latents, and bands of their own
            mine = file["latents"][3 * c : 3 * c + 3]
            np.testing.assert_allclose(file["band"][c], np.quantile(mine, [0.05, 0.95], axis=0),
                                       atol=1e-6)  # fmt: skip
    with pytest.raises(EaeSindyError, match="exists"):
        finish(latents_file.write(tmp_path / "z.h5", seen, members, measured(fitted, seen.frames)))


def test_an_unseen_orbit_is_forecast_and_the_bands_hold_it(fitted, chosen, other, modes, tmp_path):
    data = snapshots_of(other[0], modes)
    p = predicted(fitted, chosen, data)
    (run,) = p.runs
    assert run.stayed.all()
    assert run.error.field < 5e-3
    np.testing.assert_allclose(run.error.time, TIME[:400])
    assert not forecast_report.warnings(p)
    finish(p.write(tmp_path / "forecast.h5", data))
    made = Snapshots.open(tmp_path / "forecast.h5")
    np.testing.assert_array_equal(made.time, data.time)
    variance = np.mean((data.field - data.field.mean(axis=0)) ** 2)
    miss = np.mean((made.field[:] - data.field) ** 2, axis=(1, 2)) / variance
    np.testing.assert_allclose(miss, run.error.of_mean, rtol=1e-3, atol=1e-7)
    with h5py.File(tmp_path / "forecast.h5") as file:
        low, high, spread = file["band/low"][:], file["band/high"][:], file["spread"][:]
    held = np.mean((low <= data.field) & (data.field <= high))
    assert held > 0.8
    row = forecast_report.summarise(p, data)["trajectories"][0]
    assert row["field"] == run.error.field
    shown = np.searchsorted(run.error.time, [e["horizon"] for e in row["errors"]])
    for k, e in zip(shown, row["errors"], strict=True):
        inside = (low[k] <= data.field[k]) & (data.field[k] <= high[k])
        assert e["band_holds"] == pytest.approx(inside.mean(), abs=0.02)
    # Fields of a few members by hand: what the bands and the mean are of.
    at = 100
    fields = np.stack([
        fitted.field(fitted.decode(m, run.orbit[[at], k], 0 * run.orbit[[at], k])[0])[0]
        for k, m in enumerate(p.members)])  # fmt: skip
    np.testing.assert_allclose(made.field[at], fields.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(spread[at], fields.std(axis=0), atol=1e-5)
    np.testing.assert_allclose([low[at], high[at]], np.quantile(fields, [0.05, 0.95], axis=0),
                               atol=1e-5)  # fmt: skip


def test_bands_do_not_depend_on_how_they_are_cut(fitted, chosen, other, modes, monkeypatch):
    p = predicted(fitted, chosen, snapshots_of(other[0][:60], modes))
    whole = [np.concatenate(part) for part in zip(*([b[0], *b[2:]] for b in p.blocks()),
                                                  strict=True)]  # fmt: skip
    wide = 2 * len(p.members)  # four points of a frame at a time
    monkeypatch.setattr(forecast, "BLOCK_BYTES", 16 * wide)
    cut = list(p.blocks())
    assert len(cut) == 60
    for a, b in zip(whole, zip(*([b[0], *b[2:]] for b in cut), strict=True), strict=True):
        np.testing.assert_allclose(a, np.concatenate(b), atol=1e-6)


def test_a_single_frame_is_forecast_for_as_long_as_asked(fitted, chosen, other, modes):
    start, time = other[0][:1], np.arange(0, 20.05, 0.1)
    p = predicted(fitted, chosen, snapshots_of(start, modes), horizon=20.0)
    (run,) = p.runs
    np.testing.assert_allclose(run.time, time)
    truth, _ = planted.orbit(planted.hopf, start[0], time)
    mean = p.fields(run, slice(None))[0]
    assert np.mean((mean - (truth @ modes).reshape(-1, *POINTS)) ** 2) < 5e-3 * np.mean(truth**2)
    assert run.error is None
    assert (
        "field" not in forecast_report.summarise(p, snapshots_of(start, modes))["trajectories"][0]
    )
    assert (
        "no later frames"
        in forecast_report.lines(forecast_report.summarise(p, snapshots_of(start, modes)))[0]
    )
    unasked = predicted(fitted, chosen, snapshots_of(start, modes)).runs[0]
    test = fitted.frames.time[fitted.frames.test_run()]
    assert np.ptp(unasked.time) == pytest.approx(np.ptp(test))


def test_trajectories_are_forecast_one_by_one_from_the_frame_asked_for(fitted, chosen, modes):
    z = [planted.orbit(planted.hopf, s, TIME[:80])[0] for s in ([0.3, 0], [0, -0.5])]
    time, label = np.tile(TIME[:80], 2), np.repeat([4, 2], 80)
    data = Snapshots(time, (np.vstack(z) @ modes).reshape(-1, *POINTS), trajectory=label)
    p = predicted(fitted, chosen, data, start=30, horizon=3.0)
    assert [r.trajectory for r in p.runs] == [4, 2]
    for k, run in enumerate(p.runs):
        np.testing.assert_array_equal(run.rows, 80 * k + 30 + np.arange(31))
        np.testing.assert_allclose(run.time, time[30:61])
        assert run.error.of_mean.max() < 0.02
    with pytest.raises(EaeSindyError, match="no frame 80"):
        predicted(fitted, chosen, data, start=80)


@pytest.mark.parametrize(
    ("new", "horizon", "expected"),
    [
        ([0.0, 1.0, 2.0], None, [0, 1, 2]),
        ([0.0, 1.0, 2.0], 1.0, [0, 1]),
        ([0.0, 1.0, 2.0], 4.5, [0, 1, 2, 3, 4]),
        ([5.0], None, [5, 5.5, 6]),
        ([5.0], 1.5, [5, 5.5, 6, 6.5]),
        ([0.0, 1.0, 2.0], 1.0 - 1e-12, [0, 1]),
    ],
)
def test_times_of_a_forecast(new, horizon, expected):
    found = forecast.times(np.array(new), np.array([7.0, 7.5, 8.0]), horizon, 5)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("new", "horizon", "says"),
    [
        ([0.0, 1.0, 2.0], 0.2, "at least 1"),
        ([0.0, 1.0, 2.0], -1.0, "at least 1"),
        ([0.0, 1.0, 2.0], np.nan, "at least 1"),
        ([5.0], 0.2, "at least 0.5"),
        ([0.0, 1.0, 2.0], 5.0, "3.96 fits"),
        ([0.0, 1.0, 2.0], np.inf, "3.96 fits"),
        (np.arange(9.0), None, "3.96 fits"),
    ],
)
def test_times_that_cannot_be_forecast(new, horizon, says):
    with pytest.raises(EaeSindyError, match=says):
        forecast.times(np.array(new), np.array([7.0, 7.5, 8.0]), horizon, 5)


def test_the_horizon_that_is_said_to_fit_does():
    """Whatever rounding does to the number: it is told as text."""
    for most in (2, 37, 312500):
        for step in (0.1, 1 / 3, 7.0):
            new = step * np.arange(3)
            with pytest.raises(EaeSindyError) as said:
                forecast.times(new, new, 1e9, most)
            fits = float(str(said.value).split()[-2])
            if most > 2:
                assert 0.9 * most * step < fits
                assert len(forecast.times(new, new, fits, most)) <= most


def test_orbits_that_memory_does_not_hold_are_refused_before_they_are_integrated(
    fitted, chosen, monkeypatch
):
    few, wide = len(chosen.members), fitted.settings.latents
    monkeypatch.setattr(forecast, "MOST_BYTES", 8 * few * wide * len(TIME))
    monkeypatch.setattr(orbits, "integrate", None)
    with pytest.raises(EaeSindyError, match="--horizon of 148 fits"):
        (forecast.predict(fitted, fitted, chosen, horizon=150.0))


def test_frames_outside_the_training_span_are_warned_of(fitted, spiral, modes):
    z, _ = spiral
    rng = np.random.default_rng(0)
    stray = rng.normal(size=(1, 64)) @ (np.eye(64) - modes.T @ modes)
    field = (z @ modes).astype(float)
    field[300:400] += 0.3 * stray / np.linalg.norm(stray)  # nothing that any encoder sees
    seen = frames.on(fitted, Snapshots(TIME, field.reshape(-1, *POINTS)))
    novelty = measured(fitted, seen.frames)
    assert novelty.beyond[300:400].all()
    assert novelty.beyond.sum() == 100
    expected = 0.09 / (0.09 + np.sum(z[300:400] ** 2, axis=1))
    np.testing.assert_allclose(novelty.outside[300:400], expected, rtol=1e-3)
    assert "100 of 1,500 frames (7%)" in novelty.sentence()


def test_frames_off_the_attractor_are_warned_of_though_the_basis_holds_them(fitted, modes):
    """Inside the least box about the training frames, or far out: what counts is the nearest."""
    settled = planted.ensemble(TIME, *planted.orbit(planted.hopf, [1.0, 0.0], TIME))
    cycle = in_a_field(settled, modes)
    inner = np.array([[0.3, 0.0], [0.0, 0.0], [2.0, 0.0], [1.0, 0.0]])
    novelty = measured(cycle, frames.on(cycle, snapshots_of(inner, modes)).frames)
    np.testing.assert_array_equal(novelty.beyond, [True, True, True, False])
    np.testing.assert_allclose(novelty.distance[:3], [0.49, 1, 1], rtol=0.01)  # the variance is 1
    assert novelty.outside.max() < 1e-5


def test_training_frames_are_no_measure_of_their_own_distance(fitted, spiral, modes):
    """Nothing was held out: the usual distance is that to the next training frame, and not 0."""
    f = fitted.frames
    alone = replace(fitted, frames=replace(f, split=np.where(f.split == TEST, TEST, TRAIN)))
    seen = frames.on(alone, snapshots_of(spiral[0], modes))
    novelty = measured(alone, seen.frames)
    z = spiral[0][f.split != TEST]
    apart = np.linalg.norm(z[:, None] - z, axis=2)
    np.fill_diagonal(apart, np.inf)
    expected = np.max(apart.min(axis=0)) ** 2 / np.sum(np.var(z, axis=0))
    assert novelty.usual[1] == pytest.approx(expected, rel=1e-3)
    assert expected > 0


@pytest.mark.parametrize("part", [TRAIN, TEST])
def test_frames_of_the_ensemble_that_are_nan_do_not_count(fitted, chosen, other, modes, part):
    f = fitted.frames
    coordinates, outside = f.coordinates.copy(), f.outside.copy()
    hurt = f.where(part)[[0, 5]]
    coordinates[hurt] = outside[hurt] = np.nan
    broken = replace(fitted, frames=replace(f, coordinates=coordinates, outside=outside))
    kept = ~np.isin(np.arange(len(TIME)), hurt)
    without = replace(fitted, frames=Frames(*(part[kept] for part in vars(f).values())))
    data = snapshots_of(other[0], modes)
    ours, theirs = (predicted(e, chosen, data) for e in (broken, without))
    np.testing.assert_array_equal(ours.runs[0].orbit, theirs.runs[0].orbit)
    assert ours.runs[0].stayed.all()
    assert ours.novelty.usual == theirs.novelty.usual
    np.testing.assert_array_equal(ours.novelty.distance, theirs.novelty.distance)
    assert not forecast_report.warnings(ours)


def test_members_that_leave_are_counted_and_do_not_enter(fitted, chosen, other, modes):
    values = chosen.values.copy()
    values[::4] = 0.0  # z' = z: an orbit that leaves within a few units of time
    for k in range(2):
        values[::4, chosen.library.terms.index(f"z{k + 1}"), k] = 1.0
    data = snapshots_of(other[0], modes)
    p = predicted(fitted, replace(chosen, values=values), data)
    (run,) = p.runs
    np.testing.assert_array_equal(np.flatnonzero(~run.stayed), np.arange(0, len(values), 4))
    assert run.error.of_mean.max() < 0.02
    truth = (other[0][-1] @ modes).reshape(POINTS)
    mean, low, high, _ = (part[0] for part in p.fields(run, [-1]))
    assert np.mean((mean - truth) ** 2) < 0.02 * np.mean(truth**2)
    assert np.abs(high - low).max() < 0.2 * np.abs(truth).max()  # one in four would widen it
    assert f"{len(values[::4])} of {len(values)} members leave" in forecast_report.warnings(p)[0]
    values[:] = values[0]
    with pytest.raises(EaeSindyError, match="no member's orbit stays"):
        predicted(fitted, replace(chosen, values=values), data)


def test_what_does_not_fit_is_refused_in_one_line(fitted, chosen, spiral, modes):
    z = spiral[0][:20]
    wide = Snapshots(TIME[:20], np.ones((20, 8, 9)))
    with pytest.raises(EaeSindyError, match=r"shape \(8, 9\), those of the ensemble \(8, 8\)"):
        frames.on(fitted, wide)
    mask = np.ones(POINTS, bool)
    frames.on(fitted, snapshots_of(z, modes, mask=mask))  # a mask that leaves nothing out is none
    mask[3, 3] = False
    with pytest.raises(EaeSindyError, match="63 points in their mask, the ensemble 64"):
        frames.on(fitted, snapshots_of(z, modes, mask=mask))
    broken = snapshots_of(z, modes)
    broken.field[7, 2, 2] = np.nan
    with pytest.raises(EaeSindyError, match="frame 7 of the field holds NaN"):
        frames.on(fitted, broken)
    stranger = in_a_field(planted.ensemble(TIME, *spiral, noise=0.01, seed=1), modes)
    data = snapshots_of(z, modes)
    with pytest.raises(EaeSindyError, match="those of another ensemble"):
        predicted(stranger, chosen, data)


def test_a_mask_is_kept_in_forecasts(fitted, chosen, other, modes):
    """64 points of a 9 × 8 frame: the rest is NaN, and nothing else changes."""
    mask = np.ones((9, 8), bool)
    mask[4] = False
    field = np.full((400, 9, 8), np.nan)
    field[:, mask] = other[0] @ modes
    masked = replace(fitted, shape=(9, 8), mask=mask)
    plain, found = (predicted(e, chosen, d) for e, d in (
        (fitted, snapshots_of(other[0], modes)),
        (masked, Snapshots(TIME[:400], field, mask=mask))))  # fmt: skip
    for a, b in zip(plain.fields(plain.runs[0], [50]), found.fields(found.runs[0], [50]),
                    strict=True):  # fmt: skip
        np.testing.assert_allclose(b[:, mask].ravel(), a.ravel(), atol=1e-6)
        assert np.isnan(b[:, ~mask]).all()


def test_equations_come_back_as_they_were_saved(found, fitted, tmp_path):
    files.write(Report.of(found), tmp_path)
    live, path = found.answers.equations, tmp_path / equations.FILE
    back = Equations.open(path)
    back.check(fitted)
    for name in equations.ARRAYS:
        np.testing.assert_array_equal(getattr(back, name), getattr(live, name))
    assert back.library.terms == with_constant(fitted.library).terms
    points = np.random.default_rng(0).normal(size=(6, 2))
    for mode in range(2):
        xi = found.answers.representative(mode)
        assert back.text(mode) == live.text(mode)
        assert back.latex(mode) == live.latex(mode)
        assert back.symbolic(mode) == live.symbolic(mode)
        expected = live.library(points) @ xi
        np.testing.assert_allclose(back.function(mode)(0.0, points), expected)
        np.testing.assert_allclose(
            back.model(mode).predict(points), expected, rtol=1e-8, atol=1e-10
        )
    orbit = back.model(0).simulate([0.9, 0.0], np.arange(0, 60, 0.05))
    rate = vector_fields.flow(back.library, back.representative(0)[None], orbit[:, None])[:, 0]
    period = cycles.period(np.arange(0, 60, 0.05)[400:], orbit[400:], rate[400:])
    assert period == pytest.approx(2 * np.pi / OMEGA, rel=5e-3)


def test_files_that_are_no_equations(chosen, tmp_path):
    with pytest.raises(EaeSindyError, match="run 'eae-sindy discover' first"):
        Equations.open(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("not HDF5")
    with pytest.raises(EaeSindyError, match="not a whole file of equations"):
        Equations.open(tmp_path / "text.h5")
    chosen.save(tmp_path / "e.h5")
    with h5py.File(tmp_path / "e.h5", "r+") as file:
        terms = list(file.attrs["library"])
        file.attrs["library"] = [*terms[:-1], "cosh(z2)"]
    with pytest.raises(EaeSindyError, match="pass that library from Python"):
        Equations.open(tmp_path / "e.h5")
    with h5py.File(tmp_path / "e.h5", "r+") as file:
        file.attrs["library"] = terms
        file.attrs["format_version"] = 99
    with pytest.raises(EaeSindyError, match="upgrade"):
        Equations.open(tmp_path / "e.h5")


def test_a_fingerprint_is_of_the_encoders_and_not_of_the_frames(fitted, spiral, modes):
    own = equations.fingerprint(fitted)
    assert equations.fingerprint(frames.on(fitted, snapshots_of(spiral[0][:9], modes))) == own
    assert equations.fingerprint(replace(fitted, chains=fitted.chains[:1])) != own
    last = fitted.chains[0].encoder[2].copy()
    last[-1, 0, 0] += 1e-6
    encoder = (*fitted.chains[0].encoder[:2], last, fitted.chains[0].encoder[3])
    moved = [replace(fitted.chains[0], encoder=encoder), *fitted.chains[1:]]
    assert equations.fingerprint(replace(fitted, chains=moved)) != own


@pytest.mark.parametrize("shape", [(8, 8), (64,)])
def test_the_figure_of_a_forecast_is_drawn(fitted, chosen, other, modes, shape, tmp_path):
    e = replace(fitted, shape=shape)
    for count in (400, 1):
        z = other[0][:count]
        data = Snapshots(TIME[:count], (z @ modes).reshape(-1, *shape))
        p = predicted(e, chosen, data, horizon=30.0)
        figure = figures.forecast(p, data)
        figure.savefig(tmp_path / "f.png")
        left, right = figure.subfigs
        assert len(left.axes) == (2 if count > 1 else 1)
        assert len(right.axes) == (11 if len(shape) == 2 else 3)  # nine fields, two colour bars


def test_shares_are_told_in_percent_without_an_exponent():
    far = Novelty(np.array([0.0, 0.5]), np.array([0.0, 1.2345]), (0.0, 1.2e-6))
    assert "up to 50% of a frame" in far.sentence()
    assert "differs by up to 120% of the variance (in training time: 0.00012%)" in far.sentence()


@pytest.mark.parametrize("mode", [-1, 99])
def test_a_mode_that_is_not_there_is_refused(chosen, mode):
    for ask in (chosen.text, chosen.model, chosen.symbolic, chosen.latex, chosen.function):
        with pytest.raises(EaeSindyError, match=f"no mode {mode}: these equations have .*mode"):
            ask(mode)


def test_channels_of_new_frames_are_those_of_the_fit_in_the_same_units(fitted, other, modes):
    own = {"channel_axis": 0, "channel_names": ["u", "v"], "channel_scale": np.array([2.0, 5.0])}
    made = replace(fitted, attributes={**fitted.attributes, **own})
    frames.on(made, snapshots_of(other[0], modes, attributes=own))
    halved = {**own, "channel_scale": np.array([1.0, 5.0])}
    plain = {k: v for k, v in own.items() if k != "channel_scale"}
    for attributes in (halved, plain, {}):
        with pytest.raises(EaeSindyError, match=r"divided by other scales.*--scale"):
            frames.on(made, snapshots_of(other[0], modes, attributes=attributes))
    with pytest.raises(EaeSindyError, match=r"divided by other scales"):
        frames.on(fitted, snapshots_of(other[0], modes, attributes=own))
    swapped = {**own, "channel_names": ["v", "u"]}
    with pytest.raises(EaeSindyError, match=r"the channels v, u, those of the ensemble u, v"):
        frames.on(made, snapshots_of(other[0], modes, attributes=swapped))


def test_channels_in_another_format_are_divided_as_those_of_the_fit(fitted, other, modes, tmp_path):
    """Each row of a frame is a channel, in a unit of its own; the latents are the same."""
    scale = 10.0 ** np.arange(-4, 4)
    names = [f"c{k}" for k in range(8)]
    own = {"channel_axis": 0, "channel_names": names, "channel_scale": scale}
    settings = fitted.settings.but(sine=False)  # as the terms of these members are
    attributes = {**fitted.attributes, **own}
    replace(fitted, settings=settings, attributes=attributes).save(tmp_path / "e.h5")
    measured = snapshots_of(other[0][:100], modes, attributes=own)
    measured.save(tmp_path / "s.h5")
    raw = {name: scale[k] * measured.field[:, k] for k, name in enumerate(names)}
    np.savez(tmp_path / "a.npz", t=measured.time, **raw)
    options = [x for name in names for x in ("--field", name)]
    found = []
    for data, more in (("s.h5", []), ("a.npz", options)):
        given = ["encode", tmp_path / "e.h5", tmp_path / data, *more, "-o", tmp_path / f"l{data}"]
        result = CliRunner().invoke(main, [str(a) for a in given])
        assert result.exit_code == 0, result.output
        with h5py.File(tmp_path / f"l{data}") as file:
            found.append(file["latents"][:])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=1e-5)
    given = ["encode", "e.h5", "a.npz", *options, "--scale", "own", "-o", "l.h5"]
    given = [str(tmp_path / a) if a.endswith((".h5", ".npz")) else a for a in given]
    result = CliRunner().invoke(main, given)
    assert result.exit_code == 1
    assert "divided by other scales than those of the ensemble" in result.output
    assert not (tmp_path / "l.h5").exists()
