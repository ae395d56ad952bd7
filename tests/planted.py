"""Ensembles whose latents are known: a flow, lifted into a field, and encoders that undo it."""

import numpy as np
from scipy.integrate import solve_ivp

from eae_sindy.ensemble import Chain, Ensemble
from eae_sindy.library import standard
from eae_sindy.pod import Frames, Pod
from eae_sindy.recipes import recipe
from eae_sindy.snapshots import TEST, TRAIN, UNUSED, VALIDATION


def orbit(flow, start, time, settle=0.0):
    """z and ż [n, 2] of a planar flow along `time`, after `settle`."""
    found = solve_ivp(flow, (time[0] - settle, time[-1]), start, "DOP853", t_eval=time,
                      rtol=1e-10, atol=1e-12)  # fmt: skip
    z = found.y.T
    return z, np.array([flow(0.0, v) for v in z])


def hopf(t, z, growth=0.3, omega=0.9):
    r2 = z[0] ** 2 + z[1] ** 2
    return np.array([growth * z[0] - omega * z[1] - z[0] * r2 * growth,
                     omega * z[0] + growth * z[1] - z[1] * r2 * growth])  # fmt: skip


def van_der_pol(t, z, mu=0.5):
    return np.array([z[1], mu * (1 - z[0] ** 2) * z[1] - z[0]])


def split(n, rng):
    """Test: the last tenth. Before it 4/9 training and 1/9 validation frames, drawn at random."""
    parts = np.full(n, UNUSED)
    parts[int(0.9 * n) :] = TEST
    before = rng.permutation(int(0.9 * n))
    parts[before[: int(0.4 * n)]] = TRAIN
    parts[before[int(0.4 * n) : int(0.5 * n)]] = VALIDATION
    return parts


def ensemble(time, z, z_rate, *, frames=None, members=8, noise=0.0, chains=1, library=None, seed=0):
    """An ensemble whose members are linear encoders of z, each a little turned (`noise`).

    The field is z itself, in two points; chains beyond the first exchange the latents.
    """
    rng = np.random.default_rng(seed)
    n, d = z.shape
    parts = split(n, rng) if frames is None else frames
    settings = recipe("quick").but(hidden=(2 * d,), rank=d, latents=d, activation="relu",
                                   draws=members, chains=chains)  # fmt: skip
    scale = 1 / np.sqrt(d)
    pod = Pod(np.zeros(d, np.float32), np.eye(d, dtype=np.float32), np.ones(d))
    coordinates, rates = (scale * z).astype(np.float32), (scale * z_rate).astype(np.float32)
    zero = np.zeros(n, np.float32)
    made = []
    for c in range(chains):
        order = np.eye(d)[::-1] if c % 2 else np.eye(d)
        turns = [order @ (np.eye(d) + noise * rng.normal(size=(d, d))) for _ in range(members)]
        # relu(a) − relu(−a) = a: an exact identity in 2 d hidden units.
        first = np.hstack([np.eye(d), -np.eye(d)]).astype(np.float32)
        last = np.stack([np.vstack([t.T, -t.T]) for t in turns]).astype(np.float32)
        encoder = (np.repeat(first[None], members, 0), np.zeros((members, 2 * d), np.float32),
                   last, np.zeros((members, d), np.float32))  # fmt: skip
        inward = np.hstack([order, -order]).astype(np.float32)
        outward = scale * np.vstack([np.eye(d), -np.eye(d)]).astype(np.float32)
        decoder = (inward, np.zeros(2 * d, np.float32), outward.astype(np.float32),
                   np.zeros(d, np.float32))  # fmt: skip
        made.append(Chain(encoder, decoder, 1 + 0.01 * rng.normal(size=members),
                          np.full((members, 4), settings.temperature), np.arange(members),
                          np.zeros(0), decoder_index=c))  # fmt: skip
    library = library or standard(d, 3, sine=False)
    return Ensemble(settings, library, pod,
                    Frames(time, np.zeros(n, int), parts, coordinates, rates, zero, zero),
                    made, (d,))  # fmt: skip
