"""
Chaos: Lorenz's seven terms
===========================

Lorenz's three variables are put into a field of six spatial modes, as Champion et al. (2019) do.
Latents are found in some frame of their own, where equations have thirty terms. There is one frame
in which they have seven, and we ask for it.
"""

import matplotlib.pyplot as plt
import numpy as np

from eae_sindy import EntropicAutoencoder, Report, discover, recipe
from eae_sindy.recipes import CRITERIA, CubicLorenz
from eae_sindy.snapshots.generators import choice

# %%
# A field
# -------
# Ten trajectories on the attractor, of twenty units of time. Every mode of the field is a Legendre
# polynomial, times a variable or its cube.

snapshots = choice.make(CubicLorenz())
figure, axis = plt.subplots(figsize=(8, 2.4), layout="constrained")
picture = axis.imshow(snapshots.field[:1001].T, aspect="auto", cmap="RdBu_r", extent=(0, 20, -1, 1))
axis.set(xlabel="t", ylabel="s", title="one trajectory")
figure.colorbar(picture)

# %%
# The sparsest frame
# ------------------
# Equations of degree two, and the frame in which they have the fewest coefficients. A small fit.

settings = recipe("lorenz").but(
    frames=200, updates=1, encoders=20, draws=40, chains=1, start_seconds=30.0, temperature=1e-10
)  # fmt: skip
ensemble = EntropicAutoencoder(settings).fit(snapshots)
criteria = CRITERIA.but(frame="sparse", replicates=40, least_members=10)
found = discover(ensemble, criteria=criteria)
print("\n".join(found.answers.sparse[0].lines))

# %%
# Scales of the three variables are free. What they leave are the three rates of decay, which are
# 10, 8/3 and 1, and the product of the two linear couplings, which is 10 times 28.

report = Report.of(found)
for verdict in report.verdicts[:6]:
    print(f"{verdict.level}: {verdict.subject}: {verdict.sentence}")

# %%
# A trajectory
# ------------
# From the first frame of a trajectory that was held out. Neighbours part by a factor of e in a unit
# of time, so what is left of the error grows.

run = ensemble.frames.test_run()
forecast = found.answers.forecast
figure, axis = plt.subplots(figsize=(6, 2.6), layout="constrained")
axis.semilogy(forecast.time, np.median(forecast.error, axis=0), color="#7b3294")
axis.set(xlabel="time since the first test frame", ylabel="field error over its variance")
plt.show()
