"""VENI, VINDy, VICI (PyPI: vindy) on the frames of an ensemble file: one row for the table.

It pins another NumPy than pysindy, so it runs in an environment of its own (see README.md there):

    python benchmarks/peers/veni.py runs/compare/eae.h5

Networks, priors and the optimizer are those of the package's own example of a reduced model of a
field, the scaling its default. Loss weights are those of the SINDy autoencoder: with the example's,
which are for a second-order system, and with the package's defaults nothing was learned here (field
errors of 1.0 and 0.9). Frames, split and errors are those of eae-sindy: POD coordinates, the
training frames, squared errors on the test frames over the variance about the mean field.
"""

import sys
import time
from pathlib import Path

import h5py
import numpy as np
import tensorflow as tf
from scipy.integrate import solve_ivp
from vindy import VENI, AutoencoderSindy
from vindy.distributions import Laplace
from vindy.layers import SindyLayer, VindyLayer
from vindy.libraries import PolynomialLibrary
from vindy.libraries.base_library import BaseLibrary

sys.path.insert(0, str(Path(__file__).parents[2]))
from eae_sindy.dynamics.cycles import period

TRAIN, VALIDATION, TEST = 1, 2, 3
EPOCHS, BATCH, RATE = 1500, 256, 2e-3
LAYERS, ACTIVATION = [32, 32, 32], "elu"
RECONSTRUCTION, LATENT_RATE, FIELD_RATE = 1.0, 0.01, 0.5
BETA_VINDY, BETA_VAE, SPARSITY, PDF_THRESHOLD = 1e-8, 1e-8, 1e-8, 5
LATENTS = 2


def frames(path):
    """Return time, split, x, ẋ and what lies outside the basis."""
    with h5py.File(path) as file:
        group = file["frames"]
        names = ("time", "split", "coordinates", "rate_coordinates", "outside", "rate_outside")
        return [group[name][:] for name in names]


class Sines(BaseLibrary):
    """The sines among our terms; the package's own library adds cosines and sigmoids."""

    def __call__(self, x):
        return tf.sin(x)

    def get_names(self, x):
        return [f"sin({name})" for name in x]


def build(x, variational):
    """Return a model; terms: polynomials to degree 3 without the constant, and sines (chosen)."""
    shared = {
        "state_dim": LATENTS,
        "feature_libraries": [
            PolynomialLibrary(degree=3, x_dim=LATENTS, include_bias=False),
            Sines(),
        ],
        "second_order": False,
        "kernel_regularizer": tf.keras.regularizers.L1L2(l1=SPARSITY, l2=0),
    }
    network = {
        "reduced_order": LATENTS, "x": x, "second_order": False,
        "layer_sizes": LAYERS, "activation": ACTIVATION,
        "l_rec": RECONSTRUCTION, "l_dz": LATENT_RATE, "l_dx": FIELD_RATE,
    }  # fmt: skip
    if variational:
        layer = VindyLayer(beta=BETA_VINDY, priors=Laplace(0.0, 1.0), **shared)
        return VENI(sindy_layer=layer, beta=BETA_VAE * LATENTS / x.shape[1], **network)
    return AutoencoderSindy(sindy_layer=SindyLayer(**shared), **network)


def error(target, made, outside):
    beyond = outside.mean(dtype=float)
    variance = np.sum(np.var(target, axis=0, dtype=float)) + beyond
    return (np.mean(np.sum((target - made) ** 2, axis=1, dtype=float)) + beyond) / variance


def row(path, variational, seed):
    tf.keras.utils.set_random_seed(seed)
    t, split, x, x_rate, outside, rate_outside = frames(path)
    start = time.perf_counter()
    train, held, test = (np.flatnonzero(split == part) for part in (TRAIN, VALIDATION, TEST))
    model = build(x[train], variational)
    model.define_scaling(x[train])
    scaled, scaled_rate = model.scale(x).numpy(), model.scale(x_rate).numpy()
    given = [scaled[train], scaled_rate[train]]
    model.compile(optimizer=tf.keras.optimizers.AdamW(learning_rate=RATE), loss="mse")
    model.build(input_shape=([part.shape for part in given], None))
    model.fit(
        x=given, y=None, validation_data=([scaled[held], scaled_rate[held]], None),
        epochs=EPOCHS, batch_size=BATCH, verbose=0,
    )  # fmt: skip
    if variational:
        model.sindy_layer.pdf_thresholding(threshold=PDF_THRESHOLD)
    seconds = time.perf_counter() - start
    xi = np.asarray(model.sindy_layer.get_sindy_coeffs())  # [latents, terms]

    def flow(z):
        features = model.sindy_layer.features(tf.constant(np.atleast_2d(z), tf.float32))
        return np.asarray(features) @ xi.T

    def decode(z):
        z = tf.constant(z, tf.float32)
        return model.rescale(model.decode(z)).numpy()

    z = np.asarray(model.encode(scaled[test]))
    small = 1e-3  # decoder's slope along ż, by central differences
    rate = flow(z)
    made_rate = (decode(z + small * rate) - decode(z - small * rate)) / (2 * small)
    ahead = solve_ivp(
        lambda _, v: flow(v)[0], (t[test[0]], t[test[-1]]), z[0], t_eval=t[test], rtol=1e-6
    )
    whole = ahead.y.shape[1] == len(test)
    forecast = error(x[test], decode(ahead.y.T), outside[test]) if whole else np.inf
    found = period(t[test], ahead.y.T, flow(ahead.y.T)) if whole else np.nan
    name = "VENI + VINDy" if variational else "AE + SINDy layer"
    print(
        f"{name:18} seed {seed}  terms {np.count_nonzero(xi):3}  "
        f"field {error(x[test], decode(z), outside[test]):.4f}  "
        f"rate {error(x_rate[test], made_rate, rate_outside[test]):.4f}  "
        f"forecast {forecast:.4f}  period {found:.4f}  seconds {seconds:.0f}",
        flush=True,
    )


if __name__ == "__main__":
    for variational in (False, True):
        row(sys.argv[1], variational, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
