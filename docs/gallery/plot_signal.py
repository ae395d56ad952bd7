"""
One noisy signal: delays
========================

One sensor and nothing else: a table with a column of times and one of values. Its values at several
times are a field, two latents of it turn and decay, and their equations say how fast, at what
amplitude. What is planted here is known, so we can look whether they are right.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_ivp

from eae_sindy import EntropicAutoencoder, Report, discover, read, recipe

# %%
# A signal
# --------
# The amplitude r of an oscillation decays with 0.02 r + 0.02 r³, and its phase turns with
# 2 − 0.15 r²: the larger it is the slower. We measure r cos φ with 5 % of noise, and write a table.

time = np.arange(0, 60, 0.1)
rate, more = 0.02, 0.02
square = rate / ((rate / 1.5**2 + more) * np.exp(2 * rate * time) - more)
amplitude = np.sqrt(square)
phase = np.concatenate([[0], np.cumsum(0.1 * (2 - 0.15 * square))[:-1]])
clean = amplitude * np.cos(phase)
signal = clean + 0.05 * clean.std() * np.random.default_rng(0).standard_normal(len(time))

table = Path(tempfile.mkdtemp()) / "signal.csv"
np.savetxt(table, np.stack([time, signal], axis=1), delimiter=",", header="t,x", comments="")

# %%
# Delays
# ------
# A frame is the last 32 values, so far apart that it reaches back by about a period.

snapshots = read(table, delays="auto")
print(f"{snapshots.field.shape[0]} frames of {snapshots.shape[0]} values, "
      f"{snapshots.attributes['delay_step']} steps apart")  # fmt: skip

# %%
# Equations
# ---------
# Noise is smoothed along the trajectory and rates are those of the splines: the verdicts say so.
# They also say that the signal decays, how fast, and that POD would have done as well here: delay
# coordinates of one oscillation are nearly a plane. The fit is a small one, so that this page is
# made in a minute.

settings = recipe("quick").but(train=4 / 9, start_seconds=8.0, hidden=(32,), rank=8, draws=200)
ensemble = EntropicAutoencoder(settings).fit(snapshots)
found = discover(ensemble)
report = Report.of(found)
for verdict in report.verdicts[:5]:
    print(f"{verdict.level}: {verdict.subject}: {verdict.sentence}")

# %%
# The forecast
# ------------
# The last tenth of the time was not seen. The first value of a frame is the signal at its time.

forecast = found.answers.forecast
run = ensemble.frames.test_run()
first = int(found.answers.modes.representative[0])
z, _ = ensemble.encode(int(found.members[first]), run)
orbit = found.answers.equations.function(0)

at = ensemble.frames.time[run]
states = solve_ivp(orbit, (at[0], at[-1]), z[0].astype(float), t_eval=at, rtol=1e-8).y.T
made = ensemble.field(ensemble.decode(int(found.members[first]), states, 0 * states)[0])

figure, axis = plt.subplots(figsize=(8, 2.6), layout="constrained")
axis.plot(time, signal, ".", color="0.7", ms=3, label="measured")
axis.plot(at, made[:, 0], color="#7b3294", lw=1.5, label="forecast")
axis.axvline(at[0], color="k", lw=0.8)
axis.set(xlabel="t", ylabel="x")
axis.legend(frameon=False, ncols=2)
plt.show()
