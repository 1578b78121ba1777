"""Four dense layers of 1024 x 1024 with ReLU between them: 4.2 million weights and 4096 biases.

Three layers are random features (He et al., 2015, scaling); the last is solved by ridge regression for two tasks at
once: entries 0..9 of `logits` are class scores, near 4 for the right digit and 0 for others, and the other 1014 entries
rebuild the first 1014 pixels of the image, which lie in [0, 1] and so never win the argmax.
"""

from __future__ import annotations

import functools

import numpy as np

from zkseal.zoo.images import upscaled_digits
from zkseal.zoo.layers import Dense, Layer, Relu
from zkseal.zoo.model import ZooModel
from zkseal.zoo.network import to_onnx

_SEED, _RIDGE, _WIDTH, _CLASS_SCORE = 3, 3e-1, 1024, 4.0


@functools.cache
def dense() -> ZooModel:
    """Digits enlarged to 32x32; input (n, 1024) in [0, 1], `logits` (n, 1024), of which ten are classes."""
    data = upscaled_digits(32)
    train, held_out = (images.reshape(len(images), _WIDTH) for images in (data.train, data.held_out))
    rng = np.random.default_rng(_SEED)
    layers: list[Layer] = []
    for _ in range(3):
        layer = Dense(rng, _WIDTH, _WIDTH)
        layer.weights[1] = rng.uniform(-0.1, 0.1, _WIDTH).astype(np.float32)
        layers += [layer, Relu()]
    features = train
    for hidden in layers:
        features = hidden.forward(features)
    last = Dense(rng, _WIDTH, _WIDTH)
    targets = np.concatenate([_CLASS_SCORE * np.eye(10)[data.train_labels], train[:, : _WIDTH - 10]], axis=1)
    mean, centre = targets.mean(axis=0), features.mean(axis=0, dtype=np.float64)
    x = features.astype(np.float64) - centre
    scale = _RIDGE * float(np.mean(x * x)) * len(x)
    weight = np.linalg.solve(x.T @ x + scale * np.eye(_WIDTH), x.T @ (targets - mean))
    last.weights = [weight.astype(np.float32), (mean - centre @ weight).astype(np.float32)]
    model = to_onnx("dense", [*layers, last], (_WIDTH,), _WIDTH)
    return ZooModel("dense", model, train[:256], held_out, data.labels)
