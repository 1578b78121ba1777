"""LeNet-5 on 28x28 (LeCun et al., 1998, with max pooling and ReLU): 61,706 parameters."""

from __future__ import annotations

import functools

import numpy as np

from zkseal.zoo.cache import cached
from zkseal.zoo.images import upscaled_digits
from zkseal.zoo.layers import Conv, Dense, Flatten, Layer, MaxPool, Relu, train
from zkseal.zoo.model import ZooModel
from zkseal.zoo.network import to_onnx

_SEED, _EPOCHS, _BATCH, _RATE = 5, 10, 32, 2e-3


@functools.cache
def lenet() -> ZooModel:
    """Digits of 8x8 pixels enlarged to 28x28; input (n, 1, 28, 28) in [0, 1], `logits` (n, 10)."""
    data = upscaled_digits(28)
    rng = np.random.default_rng(_SEED)
    layers: list[Layer] = [
        Conv(rng, 1, 6, 5, padding=2),
        Relu(),
        MaxPool(),
        Conv(rng, 6, 16, 5, padding=0),
        Relu(),
        MaxPool(),
        Flatten(),
        Dense(rng, 400, 120),
        Relu(),
        Dense(rng, 120, 84),
        Relu(),
        Dense(rng, 84, 10),
    ]
    images = data.train[:, None]
    cached(
        "lenet",
        f"1 {_SEED} {_EPOCHS} {_BATCH} {_RATE}",
        [weight for layer in layers for weight in layer.weights],
        lambda: train(layers, images, data.train_labels, epochs=_EPOCHS, batch=_BATCH, rate=_RATE, rng=rng),
    )
    model = to_onnx("lenet", layers, (1, 28, 28), 10)
    return ZooModel("lenet", model, images[:256], data.held_out[:, None], data.labels)
