"""Files of other programs: the same arrays come out of every format; what is wrong is one line."""

import pickle
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import xarray
from click.testing import CliRunner

from eae_sindy.errors import EaeSindyError
from eae_sindy.snapshots import channels, snapshots
from eae_sindy.snapshots.arrays import Divided, Permuted, Stacked
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.sources import recognise
from eae_sindy.snapshots.sources.choice import read
from eae_sindy.snapshots.stored import StoredArray
from eae_sindy_cli.main import main

N, NY, NX = 20, 4, 3  # all different: an axis taken for another one is seen
RNG = np.random.default_rng(0)
TIME = 2.0 + 0.25 * np.arange(N)
U, DU, V, DV = RNG.normal(size=(4, N, NY, NX)) * np.array([1, 3, 1e3, 5e3])[:, None, None, None]
V += 4e4
LABEL = np.repeat([3, 1], [8, 12])
FULL = {"u": U, "du": DU, "v": V, "dv": DV}
COORDINATES = {"x": np.arange(NX) * 0.5, "y": np.arange(NY) * 2.0}


def write_h5(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, value in arrays.items():
            file[name] = value


def write_mat73(path, **arrays):
    """As MATLAB does: a block of 512 bytes before, classes as attributes, axes the other way."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in arrays.items():
            file[name] = np.atleast_2d(value).T
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
    content = path.read_bytes()
    path.write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + content[512:])


def write_mat5(path, **arrays):
    scipy.io.savemat(path, arrays, oned_as="column")


def dataset(**arrays):
    names = {1: ("time",), 3: ("y", "time", "x")}  # time stands in the middle
    found = {k: (names[np.ndim(a)], np.moveaxis(a, 0, 1) if np.ndim(a) > 1 else a)
             for k, a in arrays.items() if k not in ("time", "t")}  # fmt: skip
    time = arrays.get("time", arrays.get("t"))
    return xarray.Dataset(found, coords={"time": ("time", time, {"units": "days since 1900-1-1"}),
                                         **COORDINATES})  # fmt: skip


def write_nc3(path, **arrays):
    dataset(**arrays).to_netcdf(path, engine="scipy")


def write_nc4(path, **arrays):
    dataset(**arrays).to_netcdf(path, engine="h5netcdf")


def write_zarr(version):
    def write(path, **arrays):
        pytest.importorskip("zarr")
        dataset(**arrays).to_zarr(path, zarr_format=version, consolidated=False)

    return write


def write_plain_zarr(path, **arrays):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(path, mode="w")
    for name, value in arrays.items():
        group.create_array(name, data=value)


def write_npz(path, **arrays):
    np.savez(path, **arrays)


WRITERS = {
    "a.h5": write_h5,
    "a.npz": write_npz,
    "5.mat": write_mat5,
    "73.mat": write_mat73,
    "3.nc": write_nc3,
    "4.nc": write_nc4,
    "2.zarr": write_zarr(2),
    "3.zarr": write_zarr(3),
    "plain.zarr": write_plain_zarr,
}
ALL = pytest.mark.parametrize("name", WRITERS)


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def refused(folder, *arguments):
    """Import what must not be: one line, exit 1, and nothing written. Return the line."""
    out = folder / "out"
    result = run("import", *arguments, "-o", out / "s.h5")
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.output.startswith("Error: ")
    assert len(result.output.strip().splitlines()) == 1
    assert not out.exists() or list(out.iterdir()) == []
    return result.output


# The same arrays out of every format.


@ALL
def test_every_format_gives_back_the_same_arrays(tmp_path, name):
    WRITERS[name](tmp_path / name, time=TIME, u=U, du=DU)
    with read(tmp_path / name) as found:
        np.testing.assert_array_equal(found.time, TIME)
        np.testing.assert_array_equal(np.asarray(found.field), U)
        np.testing.assert_array_equal(np.asarray(found.rate), DU)
        assert set(found.trajectory) == {0}
        assert found.field.dtype == float
        assert found.attributes["source"] == name
        for key in (slice(3, 7), -2, np.array([1, 5]), (slice(2, 4), 1), (4, 2, 0)):
            if not (name == "plain.zarr" and isinstance(key, np.ndarray)):
                np.testing.assert_array_equal(found.field[key], U[key])
    np.testing.assert_array_equal(found.field[4:6], U[4:6])  # reading opens a file again


@ALL
def test_names_are_heeded_and_rates_go_with_their_fields(tmp_path, name):
    WRITERS[name](tmp_path / name, time=TIME, **FULL)
    of_v = read(tmp_path / name, field="v")
    np.testing.assert_array_equal(np.asarray(of_v.field), V)
    np.testing.assert_array_equal(np.asarray(of_v.rate), DV)
    crossed = read(tmp_path / name, field="u", rate="dv", time="time")
    np.testing.assert_array_equal(np.asarray(crossed.rate), DV)
    assert read(tmp_path / name, field="u", rate="none").rate is None
    with pytest.raises(EaeSindyError, match="several arrays could be the field") as several:
        read(tmp_path / name)
    assert "--field" in str(several.value)
    with pytest.raises(EaeSindyError, match="no variable w: name one of") as missing:
        read(tmp_path / name, field="w")
    size = [NY, N, NX] if "3.nc" in name or "4.nc" in name or name[0] in "23" else [N, NY, NX]
    listed = str(missing.value)
    assert f"u {size}" in listed or f"u {[N, NY, NX]}" in listed
    assert f"time [{N}]" in listed or f"time [{N}, 1]" in listed or f"time [1, {N}]" in listed


@ALL
def test_import_writes_what_was_read_and_says_what_to_type(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    WRITERS[name](Path(name), time=TIME, u=U, du=DU)
    result = run("import", name, "-o", "my file.h5")
    assert result.exit_code == 0, result.output
    found = Snapshots.open("my file.h5")
    np.testing.assert_array_equal(found.field[:], U)
    np.testing.assert_array_equal(found.rate[:], DU)
    np.testing.assert_array_equal(found.time, TIME)
    lines = result.output.splitlines()
    assert lines[-1] == "now: eae-sindy fit 'my file.h5' -o 'runs/my file-ensemble.h5'"
    said = "\n".join(lines)
    assert f"{N} frames of {NY} x {NX} (float64) in 1 trajectory, t = 2 to 6.75" in said
    assert "time step: 0.25" in said
    assert "field: u; rate: du; time: time" in said
    assert name in said
    assert run("import", name, "-o", "my file.h5").exit_code == 1  # it exists


def test_our_own_file_is_opened_as_ever(tmp_path):
    Snapshots(TIME, U, DU, LABEL, space={"x": np.arange(3.0)}).save(tmp_path / "s.h5")
    found = read(tmp_path / "s.h5")
    assert isinstance(found.field, StoredArray)
    np.testing.assert_array_equal(found.trajectory, LABEL)
    assert "source" not in found.attributes
    with h5py.File(tmp_path / "s.h5", "a") as file:
        file["other"] = V
    np.testing.assert_array_equal(np.asarray(read(tmp_path / "s.h5", field="other").field), V)


@pytest.mark.parametrize("name", ["a.npz", "a.h5", "5.mat", "73.mat"])
def test_our_names_are_known_in_every_format(tmp_path, name):
    mask = np.ones((NY, NX))
    mask[0, 1] = 0
    more = {} if name == "73.mat" else {"mask": mask}
    WRITERS[name](tmp_path / name, t=TIME, field=U, rate=DU, v=V, trajectory=LABEL, **more)
    found = read(tmp_path / name)
    np.testing.assert_array_equal(np.asarray(found.field), U)
    np.testing.assert_array_equal(np.asarray(found.rate), DU)
    np.testing.assert_array_equal(found.trajectory, LABEL)
    assert found.size == (NY * NX if not more else NY * NX - 1)


def test_fields_stay_in_their_files(tmp_path):
    for name, kind in (("a.h5", StoredArray), ("73.mat", Permuted), ("4.nc", Permuted)):
        WRITERS[name](tmp_path / name, time=TIME, u=U)
        assert isinstance(read(tmp_path / name).field, kind)
    np.save(tmp_path / "a.npy", U)
    assert isinstance(read(tmp_path / "a.npy", time=0.1).field, np.memmap)


def test_a_field_in_a_file_can_be_sent_to_another_process(tmp_path):
    for name in ("a.h5", "73.mat", "3.nc", "4.nc"):
        WRITERS[name](tmp_path / name, time=TIME, u=U)
        sent = pickle.loads(pickle.dumps(read(tmp_path / name)))
        np.testing.assert_array_equal(np.asarray(sent.field), U)


def test_groups_of_hdf5_are_searched_and_parts_of_names_will_do(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["run/1/t"], file["run/1/u"], file["run/1/du"] = TIME, U, DU
        file["run/2/u"] = V
    for name in ("run/1/u", "/run/1/u"):
        found = read(path, field=name)
        np.testing.assert_array_equal(np.asarray(found.field), U)
        np.testing.assert_array_equal(np.asarray(found.rate), DU)
    assert read(path, field="run/2/u").rate is None
    with pytest.raises(EaeSindyError, match="several u: name one in full, run/1/u"):
        read(path, field="u")


def test_a_file_of_ours_gives_other_variables_by_name(tmp_path):
    Snapshots(TIME, U, DU, LABEL).save(tmp_path / "s.h5")
    with h5py.File(tmp_path / "s.h5", "a") as file:
        file["other"] = DV
    found = read(tmp_path / "s.h5", rate="other")
    np.testing.assert_array_equal(np.asarray(found.field), U)
    np.testing.assert_array_equal(np.asarray(found.rate), DV)
    np.testing.assert_array_equal(found.trajectory, LABEL)


def test_links_into_other_files_are_refused_not_followed(tmp_path):
    write_h5(tmp_path / "other.h5", secret=V)
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["time"] = TIME
        layout = h5py.VirtualLayout(V.shape, float)
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "secret", V.shape)
        file.create_virtual_dataset("u", layout)
        file["v"] = h5py.ExternalLink("other.h5", "secret")
    assert "keeps its values in another file" in refused(tmp_path, path, "--field", "u")
    assert "no variable v" in refused(tmp_path, path, "--field", "v")
    for name in ("4.nc", "73.mat"):
        WRITERS[name](tmp_path / name, time=TIME, u=U)
        with h5py.File(tmp_path / name, "a") as file:
            file["v"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "secret")
        said = refused(tmp_path, tmp_path / name, "--field", "v")
        assert "is a link to another file" in said or "struct" in said


# Champion et al. (2019).


@pytest.mark.parametrize("writer", [write_mat5, write_mat73])
@pytest.mark.parametrize("n", [N, NX])
def test_the_published_reaction_diffusion_data_are_known(tmp_path, writer, n):
    """[y, x, t], also where x or y are as long as t."""
    last = {k: np.moveaxis(a[:n], 0, -1) for k, a in (("uf", U), ("duf", DU), ("vf", V))}
    last |= {"dvf": np.moveaxis(DV[:n], 0, -1)}
    writer(tmp_path / "rd.mat", t=TIME[:n], x=COORDINATES["x"], y=COORDINATES["y"], **last)
    found = read(tmp_path / "rd.mat")
    np.testing.assert_array_equal(np.asarray(found.field), U[:n])
    np.testing.assert_array_equal(np.asarray(found.rate), DU[:n])
    np.testing.assert_array_equal(found.space["y"], COORDINATES["y"])
    v = read(tmp_path / "rd.mat", field="vf")
    np.testing.assert_array_equal(np.asarray(v.field), V[:n])
    np.testing.assert_array_equal(np.asarray(v.rate), DV[:n])
    stepped = read(tmp_path / "rd.mat", time=0.5)
    np.testing.assert_array_equal(np.asarray(stepped.field), U[:n])
    np.testing.assert_array_equal(stepped.time, 0.5 * np.arange(n))


@pytest.mark.parametrize("name", ["a.npz", "5.mat", "73.mat"])
def test_x_and_dx_of_many_trajectories_share_one_t(tmp_path, name):
    x, dx = U.reshape(N, -1), DU.reshape(N, -1)
    WRITERS[name](tmp_path / name, t=TIME[:5], x=x, dx=dx, z=x[:, :3], dz=dx[:, :3])
    found = read(tmp_path / name)
    np.testing.assert_array_equal(np.asarray(found.field), x)
    np.testing.assert_array_equal(np.asarray(found.rate), dx)
    np.testing.assert_array_equal(found.time, np.tile(TIME[:5], 4))
    np.testing.assert_array_equal(found.trajectory, np.repeat(np.arange(4), 5))
    assert "4 trajectories of the same 5 times" in found.attributes["source_notes"]
    WRITERS[name](tmp_path / f"b{name}", t=TIME[:5], x=x)
    assert "no array fits" in refused(tmp_path, tmp_path / f"b{name}")
    assert "as long as" in refused(tmp_path, tmp_path / f"b{name}", "--field", "x")


def test_a_grid_step_called_dx_is_no_rate(tmp_path):
    np.savez(tmp_path / "a.npz", t=TIME, x=np.arange(NX), dx=0.5, u=U, du=np.zeros((N, 2)))
    found = read(tmp_path / "a.npz")
    np.testing.assert_array_equal(found.field, U)
    assert found.rate is None
    np.testing.assert_array_equal(found.space["x"], np.arange(NX))
    np.savez(tmp_path / "a.npz", t=TIME, x=np.arange(NX), dx=np.ones(NX), u=U)
    np.testing.assert_array_equal(read(tmp_path / "a.npz").field, U)


# Times, axes and trajectories.


def test_the_axis_of_time_is_the_one_as_long_as_the_times_or_the_one_that_is_named(tmp_path):
    for axis in (0, 1, 2):
        np.savez(tmp_path / "a.npz", t=TIME, u=np.moveaxis(U, 0, axis))
        np.testing.assert_array_equal(np.asarray(read(tmp_path / "a.npz").field), U)
    square = U[:NY]
    np.savez(tmp_path / "a.npz", t=TIME[:NY], u=square)
    said = refused(tmp_path, tmp_path / "a.npz")
    assert "axes 0 and 1 of u [4, 4, 3] are both as long as the time t" in said
    assert "--time-axis" in said
    assert "transpose" in said
    for axis in (0, 1, -2):
        found = read(tmp_path / "a.npz", time_axis=axis)
        np.testing.assert_array_equal(found.field, np.moveaxis(square, axis, 0))
    assert "has no axis 3: --time-axis counts from 0 to 2" in refused(
        tmp_path, tmp_path / "a.npz", "--time-axis", 3
    )
    assert "axis 2 of u [4, 4, 3] is not as long as the time t [4]" in refused(
        tmp_path, tmp_path / "a.npz", "--time-axis", 2
    )


@pytest.mark.parametrize("shape", [(N,), (N, 1), (1, N)])
def test_times_may_be_a_row_or_a_column(tmp_path, shape):
    np.savez(tmp_path / "a.npz", t=TIME.reshape(shape), u=U)
    np.testing.assert_array_equal(read(tmp_path / "a.npz").time, TIME)


def test_a_step_may_stand_for_the_times(tmp_path):
    np.save(tmp_path / "a.npy", np.moveaxis(U, 0, 2))
    assert "give the step between frames, as in --time 0.1" in refused(tmp_path, tmp_path / "a.npy")
    for wrong in ("0", "-1", "nan", "inf"):
        assert "is not positive" in refused(tmp_path, tmp_path / "a.npy", "--time", wrong)
    result = run("import", tmp_path / "a.npy", "--time", 0.5, "--time-axis", 2, "-o",
                 tmp_path / "s.h5")  # fmt: skip
    assert result.exit_code == 0, result.output
    found = Snapshots.open(tmp_path / "s.h5")
    np.testing.assert_array_equal(found.field[:], U)
    np.testing.assert_array_equal(found.time, 0.5 * np.arange(N))
    # Where axes have names, time is the one that is called so.
    dataset(time=TIME, u=U).drop_vars("time").to_netcdf(tmp_path / "a.nc", engine="scipy")
    np.testing.assert_array_equal(np.asarray(read(tmp_path / "a.nc", time=0.5).field), U)


def test_of_time_and_t_the_first_is_the_time_and_another_can_be_named(tmp_path):
    np.savez(tmp_path / "a.npz", t=TIME + 1, time=TIME, clock=TIME + 2, u=U)
    np.testing.assert_array_equal(read(tmp_path / "a.npz").time, TIME)
    np.testing.assert_array_equal(read(tmp_path / "a.npz", time="clock").time, TIME + 2)
    np.savez(tmp_path / "b.npz", t=TIME, times=TIME, u=U)
    assert "several could be the times, t, times" in refused(tmp_path, tmp_path / "b.npz")


def test_named_trajectories_are_numbered_as_they_appear(tmp_path):
    runs = ["warm"] * 8 + ["cold"] * 12
    for value in (np.array(runs), np.array(runs, "S4")):
        np.savez(tmp_path / "a.npz", t=TIME, u=U, run=value)
        found = read(tmp_path / "a.npz", trajectory="run")
        np.testing.assert_array_equal(found.trajectory, np.repeat([0, 1], [8, 12]))
        assert found.attributes["trajectory_names"] == ["warm", "cold"]
    scipy.io.savemat(tmp_path / "a.mat", {"t": TIME, "u": U, "run": np.array(runs)})
    assert set(read(tmp_path / "a.mat", trajectory="run").trajectory) == {0, 1}
    result = run("import", tmp_path / "a.npz", "--trajectory", "run", "-o", tmp_path / "s.h5")
    assert "2 trajectories of 8, 12 frames" in result.output
    kept = Snapshots.open(tmp_path / "s.h5").attributes["trajectory_names"]
    assert list(kept) == ["warm", "cold"]


def test_trajectory_numbers_may_be_floats_that_are_whole_and_times_may_begin_anew(tmp_path):
    np.savez(tmp_path / "a.npz", t=np.r_[TIME[:8], TIME[:12]], u=U, trajectory=LABEL * 1.0)
    np.testing.assert_array_equal(read(tmp_path / "a.npz").trajectory, LABEL)


def test_gaps_are_allowed_and_told(tmp_path):
    time = np.where(np.arange(N) < 10, TIME, TIME + 5)
    np.savez(tmp_path / "a.npz", t=time, u=U)
    result = run("import", tmp_path / "a.npz", "-o", tmp_path / "s.h5")
    assert "time step: 0.25, 1 gap of up to 5.25" in result.output


def test_frames_that_repeat_are_named_and_kept(tmp_path, monkeypatch):
    twice = U.copy()
    twice[7], twice[13] = twice[6], twice[12]
    np.savez(tmp_path / "a.npz", t=TIME, u=twice)
    monkeypatch.setattr(snapshots, "BLOCK_BYTES", 8 * NY * NX * 7)  # frame 7 begins a block
    result = run("import", tmp_path / "a.npz", "-o", tmp_path / "s.h5")
    assert result.exit_code == 0
    assert "warning: frame 7 repeats the one before it" in result.output
    np.savez(tmp_path / "a.npz", t=TIME, u=U)
    assert "warning" not in run("import", tmp_path / "a.npz", "-o", tmp_path / "t.h5").output


# What cannot be right.


@pytest.mark.parametrize(
    ("arrays", "options", "says"),
    [
        ({"u": U}, (), "no time is in it: name it with --time"),
        ({"t": TIME, "u": U}, ("--field", "w"), "no variable w: name one of t [20], u [20, 4, 3]"),
        ({"t": TIME, "u": U}, ("--rate", "w"), "no variable w"),
        ({"t": TIME, "u": U}, ("--time", "w"), "no variable w"),
        ({"t": TIME, "u": U}, ("--trajectory", "w"), "no variable w"),
        ({"t": np.tile(TIME, (2, 1)), "u": U}, (), "the time t has shape [2, 20]: give one time"),
        ({"t": 3.0, "u": U}, (), "the time t is one number"),
        ({"t": TIME.astype(str), "u": U}, (), "the time t is no array of numbers"),
        ({"t": TIME[:19], "u": U}, (), "no array fits the time t [19]"),
        ({"t": TIME[:19], "u": U}, ("--field", "u"), "no axis of u [20, 4, 3] is as long as"),
        ({"t": TIME, "u": U[:, 0, 0]}, ("--field", "u"), "one value a frame, which is too few"),
        ({"t": TIME, "u": U[:, :1, 0]}, ("--field", "u"), "coordinates of it with --delays auto"),
        ({"t": TIME, "u": U[:, 0, 0]}, (), "name observables with --field"),
        ({"t": TIME, "u": U, "n": 1.0}, ("--field", "n"), "n is one number"),
        ({"t": TIME, "u": U, "v": V}, (), "several arrays could be the field, u [20, 4, 3], v"),
        ({"t": TIME, "u": U, "w": DU[:, :3]}, ("--rate", "w"), "has frames and points [20, 4, 3]"),
        ({"t": TIME, "u": U, "v": V[:, :2]}, ("--field", "u", "--field", "v"), "they must agree"),
        ({"t": TIME, **FULL}, ("--field", "u", "--field", "v", "--rate", "du"), "1 rates of 2"),
        ({"t": TIME, "u": U}, ("--field", "u", "--field", "u"), "names u twice"),
        ({"t": TIME, "u": U, "trajectory": LABEL + 0.5}, (), "number is not whole"),
        ({"t": TIME, "u": U, "trajectory": LABEL[:9]}, (), "20 times and 9 trajectory numbers"),
        ({"t": TIME, "u": U, "trajectory": LABEL[::-1] * 0 + np.arange(N) % 2}, (), "in one piece"),
        ({"t": np.r_[TIME[:9], TIME[8:19]], "u": U}, (), "frames 8 and 9 have the same time, 4:"),
        ({"t": np.r_[TIME[:9], TIME[7:18]], "u": U}, (), "time does not increase from frame 8"),
        ({"t": TIME, "u": U, "trajectory": np.repeat([0, 7], [16, 4])}, (), "trajectory 7 has 4"),
        ({"t": np.where(TIME < 3, TIME, np.nan), "u": U}, (), "a time is not a finite number"),
        ({"t": TIME, "u": U * 1j}, ("--field", "u"), "field holds complex numbers"),
        ({"t": TIME, "u": U.astype(str)}, ("--field", "u"), "field holds text"),
        ({"t": TIME, "u": np.where(U[11, 2, 1] == U, np.nan, U)}, (), "frame 11 of the field"),
        ({"t": TIME, "u": U, "du": np.where(DU[9, 2, 1] == DU, np.inf, DU)}, (), "9 of the rate"),
        ({"t": TIME, "u": np.full_like(U, np.nan)}, (), "frame 0 of the field holds NaN"),
        ({"t": TIME[:0], "u": U[:0]}, (), ""),
        ({"t": TIME, "u": U, "o": np.array([{}, 1])}, ("--field", "o"), "holds pickled objects"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_one_line(tmp_path, arrays, options, says):
    np.savez(tmp_path / "a.npz", **arrays)
    assert says in refused(tmp_path, tmp_path / "a.npz", *options)


def test_a_short_trajectory_will_do_if_rates_are_given(tmp_path):
    np.savez(tmp_path / "a.npz", t=TIME[:2], u=U[:2], du=DU[:2])
    assert run("import", tmp_path / "a.npz", "-o", tmp_path / "s.h5").exit_code == 0


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_objects_are_never_unpickled(tmp_path):
    mark = tmp_path / "ran"
    bomb = np.array([Bomb(mark)], object)
    np.save(tmp_path / "a.npy", bomb, allow_pickle=True)
    assert "holds pickled objects" in refused(tmp_path, tmp_path / "a.npy", "--time", 1)
    np.savez(tmp_path / "a.npz", t=TIME, u=bomb)
    assert "holds pickled objects" in refused(tmp_path, tmp_path / "a.npz", "--field", "u")
    assert run("info", tmp_path / "a.npz").exit_code == 1
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(Bomb(mark)))
    assert "is a pickle, which can run code" in refused(tmp_path, tmp_path / "a.pkl")
    (tmp_path / "b.npz").write_bytes(pickle.dumps(Bomb(mark)))
    assert "is a pickle" in refused(tmp_path, tmp_path / "b.npz")
    assert not mark.exists()


def test_cells_and_structs_of_matlab_are_refused(tmp_path):
    cell = np.empty((1, 2), object)
    cell[0, 0], cell[0, 1] = U, "text"
    scipy.io.savemat(tmp_path / "5.mat", {"t": TIME, "c": cell, "s": {"u": U}, "u": U})
    assert "c is of MATLAB's class cell" in refused(tmp_path, tmp_path / "5.mat", "--field", "c")
    assert "s is of MATLAB's class struct" in refused(tmp_path, tmp_path / "5.mat", "--field", "s")
    np.testing.assert_array_equal(np.asarray(read(tmp_path / "5.mat").field), U)
    write_mat73(tmp_path / "73.mat", t=TIME, c=np.zeros((N, 2)), u=U)
    with h5py.File(tmp_path / "73.mat", "a") as file:
        file["c"].attrs["MATLAB_class"] = np.bytes_("cell")
        file.create_group("s")["u"] = V
    assert "class cell" in refused(tmp_path, tmp_path / "73.mat", "--field", "c")
    assert "class struct" in refused(tmp_path, tmp_path / "73.mat", "--field", "s")
    np.testing.assert_array_equal(np.asarray(read(tmp_path / "73.mat").field), U)


# Bytes, not names, say what a file is.


@pytest.mark.parametrize("name", ["a.npz", "5.mat", "73.mat", "3.nc", "4.nc", "a.h5"])
@pytest.mark.parametrize("called", ["x.h5", "x.mat", "x.nc", "x.npz", "x.csv", "x"])
def test_a_file_under_another_name_is_read_by_what_it_is(tmp_path, name, called):
    made = tmp_path / "made"
    made.mkdir()
    WRITERS[name](made / name, time=TIME, u=U)
    path = (made / name).rename(tmp_path / called)
    found = read(path)
    np.testing.assert_array_equal(np.asarray(found.field), U)
    kind = recognise.kind(path)
    right = path.suffix in recognise.ENDINGS[kind] or not path.suffix
    assert ("whatever it is called" in found.attributes["source_format"]) is not right


@pytest.mark.parametrize(
    ("content", "called", "says"),
    [
        (b"\x1f\x8b\x08\0rest", "a.nc", "is compressed with gzip: unpack it first"),
        (b"CDF\x05\0\0\0\0", "a.nc", "64-bit-data"),
        (b"\x89PNG\r\n\x1a\n", "a.npz", "is a picture"),
        (b"\x89PNG\r\n\x1a\n", "a", "is a picture"),
        (b"nothing of the kind", "a.h5", "not a whole snapshots file"),
        (b"nothing of the kind", "a.foo", "is of no format that is read: give an HDF5"),
        (b"nothing of the kind", "a.npz", "cannot be read as a file of NumPy arrays"),
        (b"nothing of the kind", "a.mat", "cannot be read as a MATLAB file"),
        (b"nothing of the kind", "a.nc", "cannot be read as a NetCDF file"),
        (b"", "a.npz", "cannot be read as a file of NumPy arrays"),
        (b"", "a.mat", "cannot be read as a MATLAB file"),
        (b"", "a.csv", "there is nothing in it"),
        (b"", "a.h5", "not a whole snapshots file"),
        (b"\0\xff\xfe\0", "a.csv", "cannot be read as a table"),
        (b"\0\xff\xfe\0", "a.xlsx", "save the table as CSV"),
    ],
)
def test_what_is_nothing_that_can_be_read_says_so(tmp_path, content, called, says):
    (tmp_path / called).write_bytes(content)
    said = refused(tmp_path, tmp_path / called)
    assert says in said
    assert called in said


def test_folders_and_archives_of_other_things(tmp_path):
    (tmp_path / "a.zarr").mkdir()
    assert "is a folder, and no Zarr store" in refused(tmp_path, tmp_path / "a.zarr")
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<xml/>")
    assert "save a workbook as CSV" in refused(tmp_path, tmp_path / "a.xlsx")
    assert "does not exist" in refused(tmp_path, tmp_path / "none.csv")
    assert "what is read" in refused_over(tmp_path)


def refused_over(tmp_path):
    np.savez(tmp_path / "a.npz", t=TIME, u=U)
    before = (tmp_path / "a.npz").read_bytes()
    result = run("import", tmp_path / "a.npz", "-o", tmp_path / "a.npz", "--force")
    assert result.exit_code == 1
    assert (tmp_path / "a.npz").read_bytes() == before
    return result.output


def test_zarr_that_is_not_installed_is_a_hint(tmp_path, monkeypatch):
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "zarr.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "zarr", None)
    assert "type 'pip install zarr'" in refused(tmp_path, tmp_path / "a.zarr")


@pytest.mark.filterwarnings("ignore:Cannot close a netcdf_file")
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", ["a.h5", "a.npz", "5.mat", "73.mat", "3.nc", "4.nc"])
def test_a_file_that_was_cut_short_is_one_line(tmp_path, name, share):
    WRITERS[name](tmp_path / "whole", time=TIME, u=U, du=DU)
    path = tmp_path / "whole"
    path = path if path.exists() else tmp_path / "whole.npz"
    path = path if path.exists() else tmp_path / "whole.mat"
    content = path.read_bytes()
    (tmp_path / name).write_bytes(content[: int(share * len(content))])
    assert name in refused(tmp_path, tmp_path / name)


def test_an_archive_with_a_flipped_bit_is_one_line(tmp_path):
    np.savez(tmp_path / "a.npz", t=TIME, u=U)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    assert "cannot be read as a file of NumPy arrays" in refused(tmp_path, tmp_path / "a.npz")


# NetCDF's own.


@pytest.mark.parametrize("name", ["3.nc", "4.nc", "2.zarr", "3.zarr"])
def test_axes_that_have_names_need_no_lengths(tmp_path, name):
    """There are as many frames as points along y, and time stands in the middle."""
    WRITERS[name](tmp_path / name, time=TIME[:NY], u=U[:NY])
    np.testing.assert_array_equal(np.asarray(read(tmp_path / name).field), U[:NY])


@pytest.mark.parametrize("engine", ["scipy", "h5netcdf"])
def test_packed_numbers_are_unpacked_and_gaps_are_masked(tmp_path, engine):
    land = np.zeros((NY, NX), bool)
    land[1, 2] = True
    made = dataset(time=TIME, u=np.where(land, np.nan, np.round(U, 2)))
    packed = {"dtype": "int16", "scale_factor": 0.01, "add_offset": 0.0, "_FillValue": -32768}
    made.to_netcdf(tmp_path / "a.nc", engine=engine, encoding={"u": packed})
    found = read(tmp_path / "a.nc")
    np.testing.assert_array_equal(found.mask, ~land)
    np.testing.assert_allclose(found.rows("field", 0, N), np.round(U, 2)[:, ~land], atol=1e-6)
    assert "1 point of 12 without a value masked" in found.attributes["source_notes"]
    np.testing.assert_array_equal(found.time, TIME)  # in days, as it stands there
    np.testing.assert_array_equal(found.space["y"], COORDINATES["y"])
    result = run("import", tmp_path / "a.nc", "-o", tmp_path / "s.h5")
    assert "mask: 11 of 12 points of a frame count" in result.output
    assert "note: 1 point of 12 without a value masked" in result.output
    kept = Snapshots.open(tmp_path / "s.h5")
    np.testing.assert_array_equal(kept.rows("field", 0, N), found.rows("field", 0, N))


# Tables.


def table(path, text):
    path.write_text(text)
    return path


ROWS = [(t, *u[:2, 0]) for t, u in zip(TIME, U, strict=True)]


@pytest.mark.parametrize("mark", [",", ";", "\t", "  "])
@pytest.mark.parametrize(
    "header", ["time{0}a{0}b", "a{0}t{0}b", "# time{0}a{0}b", "\ufefft{0}a{0}b"]
)
def test_a_table_is_read_whatever_separates_its_columns(tmp_path, mark, header):
    first = header.index("a") < header.index("t")
    lines = [header.format(mark)]
    for t, a, b in ROWS:
        row = (a, t, b) if first else (t, a, b)
        lines.append(mark.join(f"{v!r}" if v is t else repr(float(v)) for v in map(float, row)))
    path = table(tmp_path / "a.csv", "\n".join(lines) + "\n\n")
    found = read(path, scale="none")
    np.testing.assert_array_equal(np.asarray(found.field), U[:, :2, 0])
    np.testing.assert_array_equal(found.time, TIME)
    assert found.attributes["channel_names"] == ["a", "b"]


def test_columns_are_channels_and_one_may_number_or_name_trajectories(tmp_path):
    lines = ["Time [s],trajectory,a,b,da,db"]
    lines += [f"{t},{'run 1' if k < 8 else 'run 0'},{u[0, 0]},{u[1, 0]},{d[0, 0]},{d[1, 0]}"
              for k, (t, u, d) in enumerate(zip(TIME, U, DU, strict=True))]  # fmt: skip
    path = table(tmp_path / "a.txt", "\n".join(lines))
    found = read(path, field=["b", "a"], scale="none")
    np.testing.assert_array_equal(np.asarray(found.field), U[:, 1::-1, 0])
    np.testing.assert_array_equal(np.asarray(found.rate), DU[:, 1::-1, 0])
    np.testing.assert_array_equal(found.trajectory, np.repeat([0, 1], [8, 12]))
    assert found.attributes["trajectory_names"] == ["run 1", "run 0"]
    assert read(path).shape == (4,)
    path.write_text(path.read_text().replace("trajectory", "run"))
    again = read(path, field=["b", "a"], trajectory="run", scale="none")
    np.testing.assert_array_equal(again.trajectory, found.trajectory)
    assert "run holds text: leave it out, name it with --trajectory" in refused(tmp_path, path)
    path.write_text(path.read_text().replace("run,", "trajectory,"))
    named = read(path, rate=["da", "db"], scale="none")
    np.testing.assert_array_equal(np.asarray(named.field), U[:, :2, 0])
    np.testing.assert_array_equal(np.asarray(named.rate), DU[:, :2, 0])


GOOD = "\n".join(f"{t},{t},{-t}" for t in range(9)) + "\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,2,3\n" + GOOD, "the first line holds numbers: name the columns"),
        ("time,a\n" + GOOD, "line 2 has 3 values, the header 2 names"),
        ("time,a,b\n" + GOOD + "9,1\n", "line 11 has 2 values, the header 3 names"),
        ("time,a,b\n" + GOOD + "9,1,high\n", "line 11: b is 'high', no number"),
        ("time,a,b\n" + GOOD + "9,1,\n", "line 11: b is empty"),
        ("time,a,b\n" + GOOD + "9,1,nan\n", "frame 9 of the field holds NaN"),
        ("time,a,a\n" + GOOD, "two columns are named a"),
        ("time,a,\n" + GOOD, "a column has no name"),
        ("time,a,b\n", "no rows below the header"),
        ("clock,a,b\n" + GOOD, "no time is in it: name it with --time"),
        ("time,a\n" + "\n".join(f"{t},{t}" for t in range(9)), "one value a frame"),
        ("time,trajectory\n" + "\n".join(f"{t},1" for t in range(9)), "nothing beside"),
        ("time,a,b\n" + GOOD + "8,1,1\n", "frames 8 and 9 have the same time, 8"),
        ("time,trajectory,a,b\n" + "\n".join(f"{t},{t % 2},1,{t}" for t in range(9)), "one piece"),
    ],
)
def test_a_table_that_cannot_be_right_is_one_line(tmp_path, text, says):
    said = refused(tmp_path, table(tmp_path / "a.csv", text))
    assert says in said
    assert "a.csv" in said


# Channels.


def test_many_columns_are_one_frame_and_told_in_short(tmp_path):
    """More names than an attribute of 64 KB holds."""
    many = 9000
    values = RNG.normal(size=(6, many))
    header = ",".join(["t", *(f"probe {k}" for k in range(many))])
    path = tmp_path / "a.csv"
    np.savetxt(path, np.c_[np.arange(6), values], "%.17g", ",", header=header, comments="")
    result = run("import", path, "--scale", "none", "-o", tmp_path / "s.h5")
    assert result.exit_code == 0, result.output
    assert "field: 9000 of them, probe 0 to probe 8999;" in result.output
    assert max(map(len, result.output.splitlines())) < 300
    found = Snapshots.open(tmp_path / "s.h5")
    np.testing.assert_array_equal(found.field[:], values)
    assert found.attributes["channel_names"][-1] == "probe 8999"


def deviation(values):
    return np.sqrt(np.mean((values - values.mean(axis=0)) ** 2))


@pytest.mark.parametrize("name", ["a.npz", "a.h5", "4.nc", "73.mat"])
def test_channels_are_measured_by_their_own_fluctuations_and_given_back(tmp_path, name):
    WRITERS[name](tmp_path / name, time=TIME, **FULL)
    found = read(tmp_path / name, field=["v", "u"])
    assert isinstance(found.field, Divided)
    assert isinstance(found.field.base, Stacked)
    assert found.shape == (2, NY, NX)
    scale = found.attributes["channel_scale"]
    np.testing.assert_allclose(scale, [deviation(V), deviation(U)], rtol=1e-9)
    np.testing.assert_allclose(found.field[:], np.stack([V, U], 1) / scale[:, None, None])
    np.testing.assert_allclose(found.rate[:], np.stack([DV, DU], 1) / scale[:, None, None])
    assert found.attributes["channel_axis"] == 0
    assert found.attributes["channel_names"] == ["v", "u"]
    options = ("--field", "v", "--field", "u", "-o", tmp_path / "s.h5")
    result = run("import", tmp_path / name, *options)
    assert f"channels: axis 0 of a frame, v / {scale[0]:.4g}, u / {scale[1]:.4g}" in result.output
    kept = Snapshots.open(tmp_path / "s.h5")
    for which, truth in (("field", np.stack([V, U], 1)), ("rate", np.stack([DV, DU], 1))):
        back = channels.restored(getattr(kept, which)[:], kept.attributes)
        np.testing.assert_allclose(back, truth, rtol=1e-12)
    plain = read(tmp_path / name, field=["v", "u"], rate=["dv", "du"], scale="none")
    np.testing.assert_array_equal(plain.rate[:], np.stack([DV, DU], 1))
    np.testing.assert_array_equal(plain.field[:], np.stack([V, U], 1))
    assert "channel_scale" not in plain.attributes


@pytest.mark.parametrize("name", ["a.npz", "a.h5", "73.mat"])
@pytest.mark.parametrize("axis", [1, -1])
def test_channels_of_one_array_are_measured_by_their_own_fluctuations(tmp_path, name, axis):
    """[n, c, y, x] and [n, y, x, c] are the same frames."""
    both, slopes = (np.moveaxis(np.stack(p, 1), 1, axis) for p in ((V, U), (DV, DU)))
    WRITERS[name](tmp_path / name, time=TIME, w=both, dw=slopes)
    found = read(tmp_path / name, field="w", channel_axis=axis)
    scale = found.attributes["channel_scale"]
    np.testing.assert_allclose(scale, [deviation(V), deviation(U)], rtol=1e-9)
    np.testing.assert_allclose(found.field[:], np.stack([V, U], 1) / scale[:, None, None])
    np.testing.assert_allclose(found.rate[:], np.stack([DV, DU], 1) / scale[:, None, None])
    assert (found.attributes["channel_axis"], found.attributes["channel_names"]) == (0, ["0", "1"])
    plain = read(tmp_path / name, field="w", channel_axis=axis, scale="none")
    np.testing.assert_array_equal(plain.field[:], np.stack([V, U], 1))
    options = ("--field", "w", "--channel-axis", axis, "-o", tmp_path / "s.h5")
    result = run("import", tmp_path / name, *options)
    assert f"channels: axis 0 of a frame, 0 / {scale[0]:.4g}, 1 / {scale[1]:.4g}" in result.output


@pytest.mark.parametrize("axis", [0, 2])
def test_channels_of_a_file_of_ours_are_divided_when_it_is_read(tmp_path, axis):
    path, names = tmp_path / "s.h5", ["u", "v"]
    field, rate = (np.moveaxis(np.stack(p, 1), 1, axis + 1) for p in ((U, V), (DU, DV)))
    own = {"channel_axis": axis, "channel_names": names}
    Snapshots(TIME, field, rate, attributes=own).save(path)
    found = read(path)
    scale = found.attributes["channel_scale"]
    np.testing.assert_allclose(scale, [deviation(U), deviation(V)], rtol=1e-9)
    over = np.moveaxis(scale[:, None, None], 0, axis)
    np.testing.assert_allclose(found.field[:], field / over)
    np.testing.assert_allclose(found.rate[2:5], rate[2:5] / over)
    np.testing.assert_allclose(channels.restored(found.field[:], found.attributes), field)
    np.testing.assert_array_equal(read(path, scale="none").field[:], field)
    found.save(tmp_path / "again.h5")
    np.testing.assert_allclose(read(tmp_path / "again.h5").field[:], found.field[:])
    Snapshots(TIME, field, rate, attributes=own | {"channel_names": ["u"]}).save(tmp_path / "x.h5")
    with pytest.raises(EaeSindyError, match="1 channel_names and 2 channels on axis"):
        read(tmp_path / "x.h5")


def test_an_axis_that_cannot_be_channels_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", t=TIME, **FULL)
    for axis in (0, 3, -4):
        with pytest.raises(EaeSindyError, match=f"axis {axis} of u .* cannot be its channels"):
            read(tmp_path / "a.npz", field="u", channel_axis=axis)
    with pytest.raises(EaeSindyError, match="leave out --channel-axis"):
        read(tmp_path / "a.npz", field=["u", "v"], channel_axis=1)


def test_a_mask_may_have_any_name(tmp_path):
    land = np.ones((NY, NX), np.int8)
    land[1, 2] = land[3, 0] = 0
    np.savez(tmp_path / "a.npz", t=TIME, land=land, wrong=land.T, **FULL)
    found = read(tmp_path / "a.npz", field="u", mask="land")
    np.testing.assert_array_equal(found.mask, land.astype(bool))
    both = read(tmp_path / "a.npz", field=["u", "v"], mask="land")
    np.testing.assert_array_equal(both.mask, np.stack([land, land]).astype(bool))
    with pytest.raises(EaeSindyError, match="mask wrong has shape"):
        read(tmp_path / "a.npz", field="u", mask="wrong")
    with pytest.raises(EaeSindyError, match="no variable sea"):
        read(tmp_path / "a.npz", field="u", mask="sea")
    result = run("import", tmp_path / "a.npz", "--field", "u", "--mask", "land",
                 "-o", tmp_path / "s.h5")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert Snapshots.open(tmp_path / "s.h5").size == NY * NX - 2


def test_new_frames_are_measured_as_those_of_a_fit_were(tmp_path):
    np.savez(tmp_path / "a.npz", t=TIME, **FULL)
    np.savez(tmp_path / "b.npz", t=TIME, **{k: 7 * a for k, a in FULL.items()})
    both = ("--field", "u", "--field", "v")
    assert run("import", tmp_path / "a.npz", *both, "-o", tmp_path / "a.h5").exit_code == 0
    scale = Snapshots.open(tmp_path / "a.h5").attributes["channel_scale"]
    found = read(tmp_path / "b.npz", field=["u", "v"], scale=tmp_path / "a.h5")
    np.testing.assert_array_equal(found.attributes["channel_scale"], scale)
    np.testing.assert_allclose(found.field[:, 1], 7 * V / scale[1])
    wrong = ("--field", "v", "--field", "u", "--scale", tmp_path / "a.h5")
    assert "has the channels u, v, these are v, u" in refused(tmp_path, tmp_path / "b.npz", *wrong)


def test_one_field_is_not_scaled_and_a_channel_that_never_changes_is_kept(tmp_path):
    np.savez(tmp_path / "a.npz", t=TIME, v=V, c=np.full_like(V, 0.1))
    assert "channel_scale" not in read(tmp_path / "a.npz", field="v").attributes
    found = read(tmp_path / "a.npz", field=["v", "c"])
    assert found.attributes["channel_scale"][1] == 1
    np.testing.assert_array_equal(found.field[:, 1], 0.1)


def test_series_become_observables_whatever_their_type(tmp_path):
    a, b = np.arange(N, dtype=np.int16), (U[:, 0, 0] > 0).astype(np.uint8)
    np.savez(tmp_path / "a.npz", t=TIME, a=a, b=b.reshape(1, N))
    found = read(tmp_path / "a.npz", field=["a", "b"])
    assert found.shape == (2,)
    np.testing.assert_allclose(found.field[:], np.stack([a / a.std(), b / b.std()], 1))
    single = np.savez(tmp_path / "f.npz", t=TIME, u=U.astype("f4"), v=V.astype("f4"))
    assert single is None
    assert read(tmp_path / "f.npz", field=["u", "v"]).field.dtype == np.float32


def test_a_mask_covers_every_channel(tmp_path):
    holes = U.copy()
    holes[:, 2, 1] = np.nan
    np.savez(tmp_path / "a.npz", t=TIME, u=holes, v=V)
    found = read(tmp_path / "a.npz", field=["u", "v"])
    assert found.size == 2 * NY * NX - 1
    known = np.delete(U.reshape(N, -1), 2 * NX + 1, axis=1)
    np.testing.assert_allclose(found.attributes["channel_scale"], [deviation(known), deviation(V)])


def test_fit_reads_what_import_reads(tmp_path):
    """The same frames, so the same fingerprint, directly or through a snapshots file."""
    write_mat5(tmp_path / "a.mat", t=TIME, **FULL)
    both = ("--field", "u", "--field", "v")
    assert run("import", tmp_path / "a.mat", *both, "-o", tmp_path / "s.h5").exit_code == 0
    direct = read(tmp_path / "a.mat", field=["u", "v"])
    assert direct.fingerprint() == Snapshots.open(tmp_path / "s.h5").fingerprint()
    for options, says in ((both, "are too few"), ((), "several arrays could be the field")):
        result = run("fit", tmp_path / "a.mat", *options, "-o", tmp_path / "e.h5")
        assert result.exit_code == 1
        assert says in result.output
        assert not (tmp_path / "e.h5").exists()
