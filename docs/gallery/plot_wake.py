"""
Your own field: a wake from NumPy
=================================

Any array of frames will do. We build the wake behind a bluff body as its low-order model describes
it: a Hopf bifurcation, two travelling modes that shed vortices, their second harmonic, and a shift
of the mean flow that grows with the square of the amplitude. We add noise, give no time
derivatives, and compare two latents with two POD modes.
"""

import matplotlib.pyplot as plt
import numpy as np
import pysindy as ps
from scipy.integrate import solve_ivp

from eae_sindy import EntropicAutoencoder, Library, Report, Snapshots, discover, recipe

# %%
# A field
# -------
# Two amplitudes follow the normal form of a Hopf bifurcation, from a small disturbance onto the
# limit cycle. The period on the cycle is 2π/1.1.

GROWTH, FREQUENCY = 0.25, 1.1


def hopf(_, a):
    """Normal form of a supercritical Hopf bifurcation, with a cycle of radius one."""
    gain = GROWTH * (1 - a @ a)
    return [gain * a[0] - FREQUENCY * a[1], FREQUENCY * a[0] + gain * a[1]]


time = np.arange(0, 100, 0.2)
truth = solve_ivp(hopf, (0, 100), [0.1, 0.0], t_eval=time, rtol=1e-9, atol=1e-11).y
a, b = truth[:, :, None, None]

x, y = np.meshgrid(np.linspace(0, 8, 48), np.linspace(-2, 2, 24))
shedding = 1.6 * np.exp(-(y**2)) * (1 - np.exp(-x / 2)) * np.exp(-x / 12)
harmonic = 0.5 * y * np.exp(-(y**2)) * (1 - np.exp(-x / 3))
shift = 0.8 * y**2 * np.exp(-(y**2))
clean = (
    shedding * (a * np.cos(2 * x) + b * np.sin(2 * x))
    + harmonic * ((a**2 - b**2) * np.cos(4 * x) + 2 * a * b * np.sin(4 * x))
    + shift * (a**2 + b**2)
)
noise = 0.05 * clean.std() * np.random.default_rng(0).standard_normal(clean.shape)
field = clean + noise

figure, axes = plt.subplots(1, 3, figsize=(9, 2.2), layout="constrained")
for axis, row in zip(axes, (0, 60, 400), strict=True):
    axis.imshow(
        field[row], cmap="RdBu_r", vmin=-1.5, vmax=1.5, origin="lower", extent=(0, 8, -2, 2)
    )
    axis.set(title=f"t = {time[row]:g}", xlabel="x", ylabel="y")

# %%
# How many POD modes does it take?
# --------------------------------
# Two amplitudes make this field, but POD is linear. It needs one mode for every shape: two for the
# shedding, two for its harmonic, one for the shift. What two modes leave over is not noise.

spread = field - field.mean(axis=0)
energy = np.linalg.svd(spread.reshape(len(time), -1), compute_uv=False) ** 2
for modes in range(1, 7):
    print(f"{modes} POD modes leave {1 - energy[:modes].sum() / energy.sum():.4f} of the variance")

# %%
# Two latents
# -----------
# Without rates, time derivatives are finite differences of the POD coordinates. The last quarter of
# the time is the test window. Any pysindy library can be the candidate terms: here polynomials up
# to cubes.

snapshots = Snapshots(time, field)
library = Library(ps.PolynomialLibrary(degree=3, include_bias=False), latents=2)
settings = recipe("paper-quick").but(
    hidden=(32,),
    rank=8,
    temperature=1e-5,
    chain_length=4,
    learning_rate=3e-3,
    updates=100,
    encoders=25,
    draws=300,
    train=0.6,
    test=0.25,
)
ensemble = EntropicAutoencoder(settings, library=library).fit(snapshots)
found = discover(ensemble)
print("\n".join(found.answers.equations.text(0)))

# %%
# Against POD and least squares
# -----------------------------
# The same frames, the same number of variables, the same terms. Errors are relative to the variance
# of the test frames, noise included. Two curved latents hold the harmonic and the shift, which two
# straight ones cannot; the price is a fit of many seconds instead of a hundredth of one.
#
# It is not a victory in everything. The period of POD's equations is at least as good, and five POD
# modes would hold this field as well: what is compared is the description by *two* variables.

true_period = 2 * np.pi / FREQUENCY
print(f"{'':17} field  forecast  period (true: {true_period:.4f})")
for row in found.baselines:
    print(f"{row.name:17} {row.field:.4f} {row.forecast:.4f}    {row.period:.4f}")
held = found.answers.orbits.period[found.answers.orbits.holds]
period = f"{np.median(held):.4f}" if len(held) else "no member holds the cycle"
ours = found.answers.forecast.field
print(f"{'this ensemble':17} {found.reconstruction.field:.4f} {ours:.4f}    {period}")

# %%
# The forecast at a point in the wake, by the first member whose equations we integrate from the
# first test frame. The clean field is what nobody has shown to either method.

rows = ensemble.frames.test_run()
equations = found.answers.equations
index = int(equations.chosen[0])
member = int(equations.members[index])
start = ensemble.encode(member, rows[:1])[0][0]
window = ensemble.frames.time[rows]
flow = equations.function(0)
orbit = solve_ivp(flow, window[[0, -1]], start, "LSODA", t_eval=window, rtol=1e-8, atol=1e-10).y.T
decoded = ensemble.field(ensemble.decode(member, orbit, np.zeros_like(orbit))[0])

probe = (12, 30)
figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3), width_ratios=(1, 2), layout="constrained"
)
latents = ensemble.encode(member, np.arange(len(time)))[0]
left.plot(*latents.T, ".", color="0.75", ms=2, label="all frames")
left.plot(*orbit.T, color="#7b3f98", lw=1.5, label="equations, test window")
left.set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
left.legend(fontsize=7, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.2))
right.plot(window, field[rows][:, *probe], ".", color="0.75", ms=4, label="measured, with noise")
right.plot(window, clean[rows][:, *probe], color="0.2", lw=1, label="clean")
right.plot(window, decoded[:, *probe], color="#7b3f98", lw=1.5, ls="--", label="forecast")
right.set(xlabel="time", ylabel="field behind the body")
right.legend(fontsize=7, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=3)

# %%
# What the ensemble does not know
# -------------------------------
# The planted cycle attracts: a neighbour of it comes back at the rate −2 × 0.25. Most frames lie on
# the cycle and the transient is short, so see whether the verdict off the cycle dares to say it.

for verdict in Report.of(found).verdicts:
    print(f"{verdict.level:>7}  {verdict.subject}: {verdict.text}")
