"""A CIFAR-shaped network: 3x3 convolutions 32, 32, 64, 64 on 32x32x3, then 4096-48-10: 262,714 parameters."""

from __future__ import annotations

import functools

import numpy as np

from zkseal.zoo.cache import cached
from zkseal.zoo.images import textures
from zkseal.zoo.layers import Conv, Dense, Flatten, Layer, MaxPool, Relu, train
from zkseal.zoo.model import ZooModel
from zkseal.zoo.network import to_onnx

_SEED, _TRAIN, _HELD_OUT, _EPOCHS, _BATCH, _RATE = 11, 1600, 500, 4, 32, 1e-3


@functools.cache
def cifar() -> ZooModel:
    """Synthetic textures of ten classes; input (n, 3, 32, 32) in [-1, 1], `logits` (n, 10)."""
    rng = np.random.default_rng(_SEED)
    images, classes = textures(rng, _TRAIN)
    held_out, labels = textures(rng, _HELD_OUT)
    layers: list[Layer] = [
        Conv(rng, 3, 32, 3, padding=1),
        Relu(),
        MaxPool(),
        Conv(rng, 32, 32, 3, padding=1),
        Relu(),
        Conv(rng, 32, 64, 3, padding=1),
        Relu(),
        MaxPool(),
        Conv(rng, 64, 64, 3, padding=1),
        Relu(),
        Flatten(),
        Dense(rng, 4096, 48),
        Relu(),
        Dense(rng, 48, 10),
    ]
    cached(
        "cifar",
        f"1 {_SEED} {_TRAIN} {_HELD_OUT} {_EPOCHS} {_BATCH} {_RATE}",
        [weight for layer in layers for weight in layer.weights],
        lambda: train(layers, images, classes, epochs=_EPOCHS, batch=_BATCH, rate=_RATE, rng=rng),
    )
    return ZooModel("cifar", to_onnx("cifar", layers, (3, 32, 32), 10), images[:128], held_out, labels)
