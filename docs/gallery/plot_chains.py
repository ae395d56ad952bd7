"""
How sure? Ask the chains
========================

The members of an ensemble are consecutive draws of a sampler, so they resemble their neighbours. A
thousand members may be worth a dozen independent ones. This example trains two decoders, draws a
chain under each, and looks at how far to trust the spread of the members.
"""

import matplotlib.pyplot as plt
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
# Two decoders, a chain for each
# ------------------------------
# Each decoder is trained with a chain of its own, and then kept fixed while the chain draws
# members. Two decoders are two answers that had no part in each other. The terms are linear, so
# that there are few coefficients to follow.

system = LambdaOmega(ReactionDiffusion(grid=16, end=100.0, step=0.2))
blocks = list(system.frames())
field, rate = (np.concatenate(part) for part in zip(*blocks, strict=True))
late = system.time >= 20
snapshots = Snapshots(system.time[late], field[late], rate[late])

settings = recipe("paper-quick").but(
    hidden=(16,),
    rank=6,
    degree=1,
    sine=False,
    constant=True,
    temperature=1e-4,
    chain_length=4,
    learning_rate=1e-2,
    updates=80,
    encoders=20,
    draws=1000,
    chains=2,
    train=0.5,
    test=0.3,
)
ensemble = EntropicAutoencoder(settings).fit(snapshots)
found = discover(ensemble)

# %%
# What the chains say of themselves
# ---------------------------------
# The upper row shows the losses: during training, draw by draw, and as a density for each chain.
# Draws before the loss had settled are grey and are left out. The lower row shows the kinetic
# temperature of every layer, which tells whether the sampler keeps its temperature; how many
# independent draws the members are worth; and the free energy of the field error.

chains = figures.chains(found)

# %%
# The sampler may well be right while the draws are too few. Kinetic temperature and time step judge
# the sampler; mixing, settling and independent draws judge the number of draws.

for verdict in Report.of(found).verdicts:
    print(f"{verdict.level:>7}  {verdict.subject}: {verdict.text}")

# %%
# What an average over members is worth
# -------------------------------------
# We follow one coefficient along each chain. On the left it wanders, far more slowly than from one
# member to the next. The two chains wander in different places, because each decoder has latents of
# its own. On the right is the mean over the members so far, in standard deviations from the mean of
# the whole chain. The pale bands are 90 % intervals that would hold if members were independent.
# They are far too narrow for what the mean still has before it.

chain_of = ensemble.chain_of[found.members]
term = ensemble.library.terms.index("z2")
figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
for chain, colour in enumerate(("#7b3f98", "#1b8a8f")):
    values = found.values[chain_of == chain, term, 0]
    draw = np.arange(1, len(values) + 1)
    axes[0].plot(draw, values, color=colour, lw=0.6)
    scaled = (values - values.mean()) / values.std()
    running = np.cumsum(scaled) / draw
    naive = 1.645 / np.sqrt(draw)
    axes[1].fill_between(draw, running - naive, running + naive, color=colour, alpha=0.2, lw=0)
    axes[1].plot(draw, running, color=colour, lw=1.2, label=f"chain {chain + 1}")
axes[0].set(xlabel="member", ylabel="coefficient of $z_2$ in $\\dot z_1$", title="member by member")
axes[1].axhline(0, color="0.5", lw=0.6)
axes[1].set(
    xlabel="members so far", ylabel="standard deviations", title="running mean", ylim=(-2, 2)
)
axes[1].legend(frameon=False, fontsize=8)
