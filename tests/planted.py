"""Ensembles whose latents are known: a flow, lifted into a field, and encoders that undo it."""

import numpy as np
from scipy.integrate import solve_ivp

from eae_sindy.discovery import member_fits
from eae_sindy.dynamics.library import standard
from eae_sindy.ensemble.chain import Chain
from eae_sindy.ensemble.ensemble import Ensemble
from eae_sindy.progress import finish
from eae_sindy.recipes import Criteria, recipe
from eae_sindy.snapshots.frames import Frames
from eae_sindy.snapshots.pod import Pod, decompose, project, training_frames
from eae_sindy.snapshots.snapshots import Snapshots
from eae_sindy.snapshots.split import TEST, TRAIN, UNUSED, VALIDATION


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
    settings = recipe("paper-quick").but(hidden=(2 * d,), rank=d, latents=d, activation="relu",
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


def reading(e, **changes):
    """All members of an ensemble, read on its training frames."""
    criteria = Criteria().but(**changes)
    return finish(member_fits.read(e, np.arange(len(e)), "train", criteria=criteria))


def lift(z, z_rate, points=64, seed=0):
    """A plane put into `points` dimensions by a fixed nonlinear map; the field and its rate [n, ·].

    x = C z + D tanh(A z + b): smooth, one to one for these C, and in no plane.
    """
    rng = np.random.default_rng([seed, 64])
    linear = rng.normal(size=(2, points))
    inner, shift = rng.normal(size=(2, points)), rng.uniform(-1, 1, points)
    mixed = rng.normal(size=(points, points)) / np.sqrt(points)
    t = np.tanh(z @ inner + shift)
    return (z @ linear + t @ mixed,
            z_rate @ linear + ((1 - t**2) * (z_rate @ inner)) @ mixed)  # fmt: skip


def lifted(time, z, z_rate, *, members=8, turn=0.05, hidden=160, rank=8, library=None, seed=0):
    """An ensemble on the lifted flow, and the frames of its members: ζ = z Bᵀ of each member's B.

    POD by the code of `fit`. Encoders and the decoder have random tanh units, and outer layers by
    least squares, on values and rates: nothing is trained, and nothing told to `discover`.
    """
    rng = np.random.default_rng([seed, 1])
    field, rate = lift(z, z_rate, seed=seed)
    snapshots = Snapshots(time, field, rate)
    parts = split(len(time), rng)
    pod = decompose(training_frames(snapshots, parts), rank)
    settings = recipe("paper-quick").but(hidden=(hidden,), rank=pod.rank, latents=2,
                                         activation="tanh", sine=False, draws=members)  # fmt: skip
    frames = project(snapshots, pod, parts)
    root = np.sqrt(pod.size)
    x, x_rate = root * frames.coordinates, root * frames.rate_coordinates
    inner, outer = _regress(x, x_rate, z, z_rate, hidden, rng)
    turns = [np.eye(2) + turn * rng.normal(size=(2, 2)) for _ in range(members)]
    encoder = (*(np.repeat(w[None], members, 0) for w in inner),
               np.stack([outer[0] @ b.T for b in turns]),
               np.stack([outer[1] @ b.T for b in turns]))  # fmt: skip
    first, last = _regress(z, z_rate, frames.coordinates, frames.rate_coordinates, hidden, rng)
    chain = Chain(tuple(w.astype(np.float32) for w in encoder),
                  tuple(w.astype(np.float32) for w in (*first, *last)),
                  1 + 0.01 * rng.normal(size=members), np.full((members, 4), 1e-4),
                  np.arange(members), np.zeros(0))  # fmt: skip
    made = Ensemble(settings, library or standard(2, 3, sine=False), pod, frames, [chain], (64,))
    return made, np.stack(turns)


def _regress(x, x_rate, y, y_rate, hidden, rng):
    """A network of one hidden layer from x to y: random inside, least squares outside."""
    spread = x.std(axis=0).max()
    inner = rng.normal(size=(x.shape[1], hidden)) / spread / 2
    shift = rng.uniform(-1.5, 1.5, hidden)
    t = np.tanh(x @ inner + shift)
    slope = (1 - t**2) * (x_rate @ inner)
    design = np.vstack([np.hstack([t, np.ones((len(t), 1))]),
                        np.hstack([slope, np.zeros((len(t), 1))])])  # fmt: skip
    # Small weights, for encoders are kept in single precision.
    found = np.linalg.lstsq(design, np.vstack([y, y_rate]), rcond=1e-7)[0]
    return (inner, shift), (found[:-1], found[-1])
