"""An ensemble for other programs: netCDF groups as ArviZ and xarray know them."""

from pathlib import Path
from typing import Any

import numpy as np

from ..dynamics import least_squares
from ..errors import EaeSindyError
from ..progress import Progress, Steps
from ..snapshots.split import TRAIN
from ..storage import whole_file
from .chain import layer_name
from .diagnostics import settled_from
from .ensemble import Ensemble
from .members import each


def netcdf(ensemble: Ensemble, path: str | Path, *, force: bool = False) -> Steps[Path]:
    """Write an ensemble as netCDF, in ArviZ's groups.

    ``posterior``: `xi` (chain, draw, equation, term), Ξ of Eq. 16 on the training frames, and the
    encoder's weights in POD coordinates. ``sample_stats``: `lp` = −L/T, `loss`, `step`, and
    `kinetic_temperature` (…, tensor), and for each chain its `decoder` (chains with different ones
    have different targets) and `settled_from`, the first draw that counts.
    ``constant_data``: the frames the members were drawn with.

    Raises
    ------
    EaeSindyError
        If the file exists and `force` is false.
    """
    import xarray

    lengths = {len(c) for c in ensemble.chains}
    if len(lengths) != 1:
        raise EaeSindyError(
            f"chains have {sorted(lengths)} draws, netCDF wants the same of each: fit them together"
        )
    rows = ensemble.frames.where(TRAIN)

    def solve(member: int) -> np.ndarray:
        z, z_rate = (a.astype(float) for a in ensemble.encode(member, rows))
        return least_squares.solve(ensemble.library(z), z_rate)[0].T

    found = []
    for xi in each(range(len(ensemble)), solve):
        found.append(xi)
        yield Progress("coefficients", len(found), len(ensemble))
    tree = xarray.DataTree.from_dict(
        {
            "posterior": _posterior(ensemble, np.stack(found)),
            "sample_stats": _statistics(ensemble),
            "constant_data": _frames(ensemble),
        }
    )
    version = str(ensemble.attributes.get("version", ""))
    for group in tree.children.values():
        group.attrs |= {"inference_library": "eae-sindy", "inference_library_version": version}
    with whole_file(path, force) as part:
        tree.to_netcdf(part, engine="h5netcdf")
    return Path(path)


def _counts(ensemble: Ensemble) -> dict[str, np.ndarray]:
    chains = ensemble.chains
    return {"chain": np.arange(len(chains)), "draw": np.arange(len(chains[0]))}


def _posterior(ensemble: Ensemble, xi: np.ndarray) -> Any:
    """Return Ξ [members, d, p] and the encoders' weights, by chain and draw."""
    import xarray

    chains, d = ensemble.chains, ensemble.settings.latents
    axes = ("chain", "draw", "equation", "term")
    found: dict[str, Any] = {"xi": (axes, xi.reshape(len(chains), -1, *xi.shape[1:]))}
    for i in range(len(chains[0].encoder)):
        weights = np.stack([c.encoder[i] for c in chains])
        name = f"encoder_{layer_name(i)}"
        found[name] = (
            ("chain", "draw", *(f"{name}_dim_{k}" for k in range(weights.ndim - 2))),
            weights,
        )
    names = {"equation": [f"z{k + 1}'" for k in range(d)], "term": ensemble.library.terms}
    return xarray.Dataset(found, _counts(ensemble) | names)


def _statistics(ensemble: Ensemble) -> Any:
    """Return what every draw and every chain says of itself."""
    import xarray

    chains, two = ensemble.chains, ("chain", "draw")

    def stacked(name: str) -> np.ndarray:
        return np.stack([getattr(c, name) for c in chains])

    loss = stacked("loss")
    temperatures = ensemble.temperatures[:, None]
    found = {
        "lp": (two, -loss.astype(float) / temperatures),
        "loss": (two, loss),
        "step": (two, stacked("step")),
        "kinetic_temperature": ((*two, "tensor"), stacked("kinetic_temperature")),
        "decoder": (("chain",), np.array([c.decoder_index for c in chains])),
        "settled_from": (("chain",), np.array([settled_from(c.loss) for c in chains])),
    }
    return xarray.Dataset(found, _counts(ensemble))


def _frames(ensemble: Ensemble) -> Any:
    """Return the frames the members were drawn with."""
    import xarray

    frames, rows = ensemble.frames, ensemble.frames.where(TRAIN)
    found = {
        "coordinates": (("time", "mode"), frames.coordinates[rows]),
        "rate_coordinates": (("time", "mode"), frames.rate_coordinates[rows]),
    }
    return xarray.Dataset(found, {"time": frames.time[rows]})
