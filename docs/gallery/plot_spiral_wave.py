"""
From a spiral wave to equations
===============================

The built-in λ–ω system makes spiral waves. We simulate a small one, let an entropic autoencoder
find two latent variables, and ask what equations they obey.

The example is much smaller than the default recipe: 32 × 32 points for 100 × 100, 64 hidden
units for 256, and 300 encoders for 4,000. The reproduction page has the numbers of the full recipe.
"""

import numpy as np

from eae_sindy import (
    EntropicAutoencoder,
    LambdaOmega,
    ReactionDiffusion,
    Report,
    Snapshots,
    discover,
    recipe,
)
from eae_sindy.report import figures

# %%
# Snapshots
# ---------
# The simulation yields blocks of the field and of its time derivative. We leave out the first 20
# units of time, in which the spiral winds itself up.

system = LambdaOmega(ReactionDiffusion(grid=32, end=100.0, step=0.2))
blocks = list(system.frames())
field = np.concatenate([block[0] for block in blocks])
rate = np.concatenate([block[1] for block in blocks])
late = system.time >= 20
snapshots = Snapshots(system.time[late], field[late], rate[late])
print(len(snapshots), "frames of", snapshots.shape, "points")

# %%
# An ensemble
# -----------
# The weights begin where a search leaves them, which takes ten seconds here. The encoder is not
# trained from there on: its weights are sampled at the temperature *T* by a Nosé–Hoover thermostat,
# and every draw is a member of the ensemble. The decoder is solved for under the encoders that are
# drawn. The last 30 % of the time are kept as a test window, which holds three and a half periods.

settings = recipe("quick").but(
    hidden=(64,),
    rank=16,
    start_seconds=10.0,
    updates=2,
    encoders=50,
    draws=300,
    train=0.5,
    test=0.3,
)
ensemble = EntropicAutoencoder(settings).fit(snapshots)
print(len(ensemble), "encoders and", len(ensemble.chains), "decoder")

# %%
# What it says
# ------------
# Each member has latents of its own, and by least squares its own equations. Panel d has one point
# for each member that is used, in the plane of two coefficients: at this low temperature they are
# the steps of a walk. The grey dots in panels e and f are the test frames in the latents of two
# members. The curves are these members' equations, integrated from the first test frame; the titles
# say whether they hold the cycle.

found = discover(ensemble)
overview = figures.overview(found)

# %%
# Equations as they come out of least squares often leave the cycle when they are integrated. So
# the equations that count are chosen by running: candidates are integrated over stretches of time
# that they were not fitted to, and the simplest of the best is taken.

answers = figures.answers(found)
print("\n".join(found.answers.equations.text(0)))

# %%
# How good is it?
# ---------------
# The verdicts say so in sentences. Two POD modes and least squares, which take a moment, are the
# yardstick: the verdict "against POD" says who forecasts better. The verdicts on the chain are bad,
# as they must be: a few hundred consecutive draws are worth very few independent ones. Read the
# spread of this ensemble as a lower bound of what is uncertain.

for verdict in Report.of(found).verdicts:
    print(f"{verdict.level:>7}  {verdict.subject}: {verdict.text}")

print()
for row in found.baselines:
    print(f"{row.name}: forecast error {row.forecast:.2g}")
print(f"this ensemble: forecast error {found.answers.forecast.field:.2g}")
