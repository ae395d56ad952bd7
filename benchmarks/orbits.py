"""Every member integrated at once, against a plain loop of solve_ivp over a few of them.

    python benchmarks/orbits.py runs/ensemble.h5 [members]

Prints seconds for all members over 50 units of time, the ratio to the loop, member for member, how
far the two end apart in amplitudes, and what `orbits.settle` then says. Members beyond those of the
file are the same ones again.
"""

import sys
import time

import numpy as np
from scipy.integrate import solve_ivp

from eae_sindy import Ensemble
from eae_sindy.discovery import member_fits
from eae_sindy.dynamics import cycles, orbits, vector_fields
from eae_sindy.ensemble.members import evenly
from eae_sindy.progress import finish

READ, ALONE = 1000, 20  # members whose Ξ are solved; of these, done one by one
HORIZON = 50.0


def main() -> None:
    ensemble = Ensemble.open(sys.argv[1])
    members = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    picked = evenly(np.arange(len(ensemble)), READ)
    fits = finish(member_fits.read(ensemble, picked, "train"))
    again = np.resize(np.arange(len(fits.members)), members)
    xi, data, reference = fits.values[again], fits.data.take(again), fits.reference_period
    times = np.linspace(0, HORIZON, round(HORIZON / reference * cycles.SAMPLES) + 1)

    started = time.perf_counter()
    together = orbits.integrate(ensemble.library, xi, data, times)
    seconds = time.perf_counter() - started

    started = time.perf_counter()
    settled = cycles.settle(ensemble.library, xi, data, reference)
    judged = time.perf_counter() - started

    # Of orbits that stay: one that leaves is halted here, and not there.
    alone, apart, compared = 0.0, [], evenly(np.flatnonzero(settled.holds), ALONE)
    for m in compared:
        started = time.perf_counter()
        found = solve_ivp(
            lambda _, z, m=m: vector_fields.flow(ensemble.library, xi[[m]], z[None])[0],
            (0, HORIZON), data.start[m], "LSODA", times, rtol=1e-7, atol=1e-9,
        )  # fmt: skip
        alone += time.perf_counter() - started
        apart.append(np.abs(found.y.T - together[:, m]).max() / data.amplitude[m])
    print(f"{members} members over {HORIZON:g} units of time: {seconds:.1f} s")
    print(f"a loop of solve_ivp takes {alone / len(compared) / (seconds / members):.0f} times as "
          f"long, member for member ({len(compared)} that hold the cycle); largest distance "
          f"{max(apart):.1e} amplitudes")  # fmt: skip
    print(f"settled, classed, periods and growth rates, over {cycles.CYCLES} periods: "
          f"{judged:.1f} s; {settled.classes()}")  # fmt: skip


if __name__ == "__main__":
    main()
