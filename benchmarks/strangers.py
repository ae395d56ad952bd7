"""What is found in data of every kind, beside POD, pysindy and the control: one table.

    python benchmarks/strangers.py FOLDER [--recipe NAME] [--only NAME ...]
        [--file NAME=PATH:LATENTS ...]

Each planted system is simulated, fitted and discovered by the commands, with no option but the
number of latents, and --order 2 for the pendulum (and --recipe, for a quicker look). Beside it
stand, on the same split, the best of POD with as many modes and pysindy, and the control: POD, a
polynomial decoder, and equations chosen as ours are. Errors are of the field, over its variance. A
row ends with what the tool says in short, and with the verdicts that say "ok" of what is worse than
both: there should be none.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from whole import command

from eae_sindy.discovery.polynomial_decoder import CONTROL
from eae_sindy.recipes import DEFAULT, PLANTED

LATENTS = {"lorenz": 3, "lorenz-cubic": 3, "torus": 4}
OPTIONS = {"pendulum-film": ("--order", "2")}  # for no function of one frame has an equation
WORSE = 1.5  # than the better of the two is not to be called good


def row(name: str, data: Path, latents: int, given: argparse.Namespace) -> str:
    fitted, out = given.folder / f"{name}-ensemble.h5", given.folder / name
    if not fitted.exists():
        more = OPTIONS.get(name, ())
        command("fit", data, "--recipe", given.recipe, "--latents", latents, *more, "-o", fitted)
    command("discover", fitted, "--plot", "--force", "-o", out)
    said = json.loads((out / "summary.json").read_text())
    levels = {v["code"]: v for v in said["verdicts"]}
    ours = said.get("forecast", {}).get("field", np.nan)
    pod, curved = (
        min(
            (b["forecast"] or np.inf for b in said["baselines"] if (CONTROL in b["name"]) == bent),
            default=np.inf,
        )
        for bent in (False, True)
    )
    lies = [
        code
        for code in ("headline", "forecast-vs-reconstruction", "against-pod")
        if levels.get(code, {}).get("level") == "good" and not ours <= WORSE * min(pod, curved)
    ]
    kind = said["kind"]
    return (
        f"{name:18} {latents} latents; field {said['reconstruction']['field']:.1e} (POD "
        f"{min(b['field'] for b in said['baselines']):.1e}); forecast {ours:.1e} (POD {pod:.1e}, "
        f"control {curved:.1e}); {kind['name']} ({kind['confidence']}); "
        + "".join(f"{shown['text']}; " for shown in [levels.get("kind-of-equations")] if shown)
        + f"{levels['headline']['level']}: {levels['headline']['text']}"
        + (f"; SAYS OK: {', '.join(lies)}" if lies else "")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipe", default=DEFAULT)
    parser.add_argument("--only", nargs="*", default=list(PLANTED))
    parser.add_argument("--file", action="append", default=[])
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for name in given.only:
        data = given.folder / f"{name}.h5"
        if not data.exists():
            command("simulate", "--system", name, "-o", data)
        print(row(name, data, LATENTS.get(name, 2), given), flush=True)
    for one in given.file:
        name, _, rest = one.partition("=")
        path, _, latents = rest.rpartition(":")
        print(row(name, Path(path), int(latents), given), flush=True)


if __name__ == "__main__":
    main()
