"""
Hand the equations over
=======================

A discovery ends in a small file, ``equations.h5``. It needs no TensorFlow and no ensemble to be
opened, and gives its equations to the tools that you know: pysindy, SciPy, SymPy and LaTeX. Here
they come from a vibrating string that a Van der Pol oscillator drives.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pysindy as ps
import sympy
from scipy.integrate import solve_ivp

from eae_sindy import EntropicAutoencoder, Equations, Library, Report, Snapshots, discover, recipe

# %%
# Make them
# ---------
# The state of the oscillator moves two shapes of the string, and its square moves a third. Rates
# are known here, because we know the oscillator. It is started six times, inside the cycle and
# outside: only transients tell what happens off the cycle. The last trajectory is the test set.

MU = 0.5
time = np.arange(0, 20, 0.1)


def van_der_pol(_, q):
    """Return the rate of the oscillator q″ = μ (1 − q²) q′ − q."""
    return np.array([q[1], MU * (1 - q[0] ** 2) * q[1] - q[0]])


runs = [
    solve_ivp(van_der_pol, (0, 20), start, t_eval=time, rtol=1e-9, atol=1e-11).y
    for start in ([0.2, 0.0], [3.0, 0.0], [0.0, -0.5], [-1.0, 3.0], [1.0, 1.0], [-3.0, -1.0])
]
q = np.concatenate(runs, axis=1)
q_rate = van_der_pol(0.0, q)
trajectory = np.repeat(np.arange(len(runs)), len(time))
along = np.linspace(0, np.pi, 64)
shapes = np.sin(np.outer([1, 2, 3], along))
field = np.stack([q[0], q[1], 0.2 * q[0] ** 2]).T @ shapes
rate = np.stack([q_rate[0], q_rate[1], 0.4 * q[0] * q_rate[0]]).T @ shapes

snapshots = Snapshots(np.tile(time, len(runs)), field, rate, trajectory)

library = Library(ps.PolynomialLibrary(degree=3, include_bias=False), latents=2)
settings = recipe("paper-quick").but(
    hidden=(32,),
    rank=3,
    temperature=1e-5,
    chain_length=4,
    learning_rate=3e-3,
    updates=100,
    encoders=25,
    draws=200,
    train=0.5,
    test=0.25,
)
ensemble = EntropicAutoencoder(settings, library=library).fit(snapshots)
found = discover(ensemble)

# %%
# A short fit of a small network is no good model, and the verdicts say in what. They say more on
# the flow off the cycle than those of the wake example, which has but one transient.

for verdict in Report.of(found).verdicts:
    if verdict.subject in ("do they run", "period", "off the cycle", "forecast", "against POD"):
        print(f"{verdict.level:>7}  {verdict.subject}: {verdict.text}")

# %%
# Keep them
# ---------
# ``eae-sindy discover`` writes the same file on the command line.

with TemporaryDirectory() as folder:
    path = Path(folder) / "equations.h5"
    found.answers.equations.save(path)
    equations = Equations.open(path)
print("\n".join(equations.text(0)))

# %%
# pysindy
# -------
# ``model`` returns a fitted ``pysindy.SINDy``. It prints, predicts and simulates.

model = equations.model(0)
model.print(precision=3)

# %%
# SymPy and LaTeX
# ---------------
# Expressions can be differentiated and solved. The eigenvalues at the fixed point inside the cycle
# say how the oscillation starts. The planted oscillator has 0.25 ± 0.97i there, whatever smooth
# coordinates it is written in, so these are numbers to compare with.

symbols = sympy.symbols("z1 z2")
flow = sympy.Matrix(equations.symbolic(0))
print(equations.latex(0)[0])
rest = sympy.nsolve(flow, symbols, (0.0, 0.0))
jacobian = flow.jacobian(symbols).subs(dict(zip(symbols, rest, strict=True)))
for value in np.linalg.eigvals(np.array(jacobian, float)):
    print(f"eigenvalue at the fixed point: {value:.3f}")

# %%
# SciPy
# -----
# ``function`` returns f(t, z) for ``solve_ivp``. We integrate from the first frames of two
# trajectories, one inside the cycle and one outside, and draw the phase portrait with the lines on
# which one of the rates vanishes.

index = int(equations.chosen[0])
z = ensemble.encode(int(equations.members[index]), np.arange(len(trajectory)))[0]
middle, reach = (z.max(axis=0) + z.min(axis=0)) / 2, 0.8 * np.ptp(z, axis=0)
z1, z2 = np.meshgrid(*(np.linspace(m - r, m + r, 60) for m, r in zip(middle, reach, strict=True)))
rates = equations.function(0)(0.0, np.stack([z1, z2], axis=-1))

figure, axis = plt.subplots(figsize=(6, 5), layout="constrained")
axis.streamplot(z1, z2, rates[..., 0], rates[..., 1], color="0.85", density=1.3, linewidth=0.7)
for component, colour in enumerate(("#1b8a8f", "#c8721d")):
    axis.contour(z1, z2, rates[..., component], [0], colors=colour, linewidths=1, linestyles="--")
axis.plot(*z.T, ".", color="0.6", ms=2, label="encoded frames")
for start in z[[0, len(time)]]:  # of the first two trajectories
    orbit = solve_ivp(equations.function(0), (0, 40), start, "LSODA", rtol=1e-8, max_step=0.1)
    axis.plot(*orbit.y, color="#7b3f98", lw=1)
axis.plot(*np.array(rest, float).ravel(), "o", mfc="white", mec="#222222", label="fixed point")
axis.plot([], [], color="#7b3f98", label="integrated")
axis.plot([], [], "--", color="#1b8a8f", label="$\\dot z_1 = 0$")
axis.plot([], [], "--", color="#c8721d", label="$\\dot z_2 = 0$")
axis.set(
    xlim=(middle[0] - reach[0], middle[0] + reach[0]),
    ylim=(middle[1] - reach[1], middle[1] + reach[1]),
    xlabel="$z_1$",
    ylabel="$z_2$",
)
axis.legend(fontsize=7, loc="upper right", framealpha=1, edgecolor="none")

# %%
# pysindy integrates the same equations to the same orbit.

later = np.arange(0, 20, 0.1)
theirs = model.simulate(z[0].astype(float), later)
ours = solve_ivp(
    equations.function(0), (0, 20), z[0].astype(float), "LSODA", t_eval=later, rtol=1e-9, atol=1e-11
).y.T
print(f"largest difference over 20 units of time: {np.abs(theirs - ours).max():.1e}")
