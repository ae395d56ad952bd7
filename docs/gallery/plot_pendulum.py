"""
A pendulum on film: second order
================================

A picture of a pendulum shows its angle and not its rate, so that no function of one picture has an
equation. A frame and its rate together do: they are the state of a mechanical system. Two latents
of it are found, and their equations know the period of every swing.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import ellipk

from eae_sindy import EntropicAutoencoder, Report, discover, recipe, states
from eae_sindy.recipes import CRITERIA, PendulumFilm
from eae_sindy.snapshots.generators import choice

# %%
# A film
# ------
# A grey bob on black, let go at five angles, without friction. Its periods are known: they are four
# complete elliptic integrals.

film = PendulumFilm(bob=0.5)
frames = choice.make(film)
print(f"{len(frames)} frames of {frames.shape[0]} x {frames.shape[1]} in {len(film.starts)} swings")

figure, axes = plt.subplots(1, 4, figsize=(8, 2.2), layout="constrained")
for axis, row in zip(axes, (1202, 1210, 1218, 1226), strict=True):
    axis.imshow(frames.field[row], cmap="gray", origin="lower", extent=(-1.5, 1.5, -1.5, 1.5))
    axis.set(title=f"t = {frames.time[row]:.1f}", xticks=[], yticks=[])

# %%
# States
# ------
# ``states`` puts the frame and its rate into two channels, each divided by its own fluctuation.
# From the command line it is ``--order 2``.

snapshots = states(frames)
print(snapshots.shape, *snapshots.attributes["channel_names"])

# %%
# Equations
# ---------
# The last swing is held out. A small fit, with one decoder and few draws, so that this page is made
# in two minutes: what it says of the chains is worth little.

settings = recipe("standard").but(
    frames=200, updates=1, encoders=20, draws=40, chains=1, start_seconds=60.0, temperature=1e-8
)  # fmt: skip
ensemble = EntropicAutoencoder(settings).fit(snapshots)
criteria = CRITERIA.but(frame="sparse", degrees=(3, 3, 3), replicates=40, least_members=10)
found = discover(ensemble, criteria=criteria)
for verdict in Report.of(found).verdicts[:4]:
    print(f"{verdict.level}: {verdict.subject}: {verdict.sentence}")

# %%
# Frequency against amplitude
# ---------------------------
# The equations are run from the first frame of every swing that they were fitted to, and decoded.
# The larger a swing, the slower it is; the line is the pendulum's own law.

curves = [("data", found.kind), *(("equations", k) for k in found.kind_of_equations.alike[:1])]
angles = np.array(film.starts[:-1])
order = np.argsort(angles)
law = np.linspace(0.1, 2.4)

figure, axis = plt.subplots(figsize=(5, 3), layout="constrained")
axis.plot(law, np.pi / 2 / ellipk(np.sin(law / 2) ** 2), color="0.7", label="pendulum")
for (name, kind), mark in zip(curves, "ox", strict=False):
    curve = kind.yardsticks.backbone
    frequency = np.sort(curve.frequency)[::-1]
    axis.plot(angles[order], frequency, mark, label=name, ms=8, mfc="none")
axis.set(xlabel="angle at which it is let go", ylabel="frequency")
axis.legend(frameon=False)
plt.show()
