"""A step of the entropic autoencoder of images over one of Adam and one of Keras, alike networks.

    python benchmarks/images.py [--recipe celeba] [--steps 40] [--images 512]

A step of ours moves the encoder by the sampler, and adds the decoder's gradient to its mean; those
of our compiled loop of Adam and of Keras train both networks. Images are noise: what is in them
takes no time. One line: milliseconds of each, the median over repetitions that take turns, and
their ratios.
"""

import argparse
import time

import numpy as np
import tensorflow as tf

from eae_sindy.neural.entropic.session import Session
from eae_sindy.neural.image_models import ImageTask, Networks
from eae_sindy.neural.objectives.data import same
from eae_sindy.neural.trained import adam
from eae_sindy.recipes import IMAGE_RECIPES

SHAPES = {"celeba": (64, 64, 3), "mnist": (28, 28)}
REPETITIONS = 5


def ours(recipe, shape, images, steps):
    task = ImageTask(
        settings=recipe.sampled().but(encoders=steps),
        data=(images,),
        recipe=recipe,
        shape=shape,
        held=images[:8].astype(np.float32),
    )
    encoder, decoder = Networks(recipe, shape).draw(np.random.default_rng(0))
    session = Session(task.loop(), task.settings, encoders=[encoder], decoder=decoder, seeds=[0])

    def run():
        session.update(recipe.temperature)
        return steps

    return run


def adams(recipe, shape, images, steps):
    networks = Networks(recipe, shape)
    data, xla = same(tf.constant(images)), networks.xla(None)
    loop = adam.Loop(networks.objective("ae"), data, recipe.batch, recipe.learning_rate, xla=xla)
    state = adam.init(networks.draw(np.random.default_rng(0)))
    epochs = max(1, steps // loop.batches)

    def run():
        nonlocal state
        for begun in range(0, epochs, loop.block):
            state, _ = loop.run(state, 0, min(loop.block, epochs - begun))
        return epochs * loop.batches

    return run


def theirs(recipe, shape, images, steps):
    layers = tf.keras.layers
    full = (*shape, 1)[:3]
    if recipe.filters:
        model = tf.keras.Sequential(
            [
                layers.Input(full),
                *(layers.Conv2D(f, 4, 2, "same", activation="relu") for f in recipe.filters),
                layers.Flatten(),
                layers.Dense(recipe.latents),
                layers.Dense(1024, activation="relu"),
                layers.Reshape((4, 4, 64)),
                layers.Conv2DTranspose(64, 4, 4, "same", activation="relu"),
                layers.Conv2DTranspose(32, 4, 4, "same", activation="relu"),
                layers.Conv2DTranspose(full[2], 4, 1, "same"),
            ]
        )
    else:
        widths = (*recipe.hidden, recipe.latents, *recipe.decoder_hidden)
        bare = len(recipe.hidden)  # the code has no activation
        inner = [
            layers.Dense(w, activation=None if i == bare else "relu") for i, w in enumerate(widths)
        ]
        model = tf.keras.Sequential(
            [layers.Input((int(np.prod(full)),)), *inner, layers.Dense(int(np.prod(full)))]
        )
    model.compile("adam", "mse")
    x = images.reshape(-1, *model.input_shape[1:]).astype(np.float32) / 255
    data = tf.data.Dataset.from_tensor_slices((x, x)).shuffle(len(x)).repeat()
    batches = data.batch(recipe.batch).prefetch(2)

    def run():
        model.fit(batches, steps_per_epoch=steps, epochs=1, verbose=0)
        return steps

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--recipe", default="celeba", choices=list(IMAGE_RECIPES))
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--images", type=int, default=512)
    given = parser.parse_args()
    recipe = IMAGE_RECIPES[given.recipe]
    shape = SHAPES["celeba" if recipe.filters else "mnist"]
    pixels = int(np.prod(shape))
    images = np.random.default_rng(0).integers(0, 256, (given.images, pixels), dtype=np.uint8)
    work = [make(recipe, shape, images, given.steps) for make in (ours, adams, theirs)]
    for run in work:
        run()
    times = np.empty((REPETITIONS, len(work)))
    for row in times:
        for k, run in enumerate(work):
            begun = time.perf_counter()
            taken = run()
            row[k] = (time.perf_counter() - begun) / taken
    a, b, c = 1000 * np.median(times, axis=0)
    print(
        f"{given.recipe}: ours {a:.2f} ms a step, Adam {b:.2f} ms, ratio {a / b:.2f}; "
        f"Keras {c:.2f} ms, ratio {a / c:.2f}"
    )


if __name__ == "__main__":
    main()
