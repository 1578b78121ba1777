"""A small numpy network: convolution by im2col, max pooling, dense layers, ReLU, Adam. Enough to train the zoo.

Notation: arrays are float32 of shape (samples, channels, height, width) or (samples, features). `forward` keeps
what `backward` needs; `backward` takes the loss gradient of the output and returns that of the input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Layer(Protocol):
    weights: list[Array]
    gradients: list[Array]

    def forward(self, x: Array) -> Array: ...

    def backward(self, gradient: Array) -> Array: ...


class Dense:
    """x @ W + b."""

    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int) -> None:
        scale = np.sqrt(2.0 / inputs)
        self.weights = [
            (rng.standard_normal((inputs, outputs)) * scale).astype(np.float32),
            np.zeros(outputs, np.float32),
        ]
        self.gradients: list[Array] = []

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.asarray(x @ self.weights[0] + self.weights[1])

    def backward(self, gradient: Array) -> Array:
        self.gradients = [self.x.T @ gradient, gradient.sum(axis=0)]
        return np.asarray(gradient @ self.weights[0].T)


class Conv:
    """Convolution with stride 1 and zero padding; weights (outputs, inputs, size, size), bias (outputs,)."""

    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int, size: int, padding: int) -> None:
        scale = np.sqrt(2.0 / (inputs * size * size))
        shape = (outputs, inputs, size, size)
        self.weights = [(rng.standard_normal(shape) * scale).astype(np.float32), np.zeros(outputs, np.float32)]
        self.gradients: list[Array] = []
        self.size, self.padding = size, padding

    def forward(self, x: Array) -> Array:
        p, k = self.padding, self.size
        padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        self.padded_shape = padded.shape
        windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(2, 3))
        n, c, h, w = windows.shape[:4]
        self.columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * h * w, c * k * k)
        kernels = self.weights[0].reshape(len(self.weights[1]), -1)
        out = self.columns @ kernels.T + self.weights[1]
        return np.ascontiguousarray(out.reshape(n, h, w, -1).transpose(0, 3, 1, 2))

    def backward(self, gradient: Array) -> Array:
        n, outputs, h, w = gradient.shape
        p, k = self.padding, self.size
        rows = gradient.transpose(0, 2, 3, 1).reshape(-1, outputs)
        self.gradients = [(rows.T @ self.columns).reshape(self.weights[0].shape), rows.sum(axis=0)]
        columns = (rows @ self.weights[0].reshape(outputs, -1)).reshape(n, h, w, -1, k, k).transpose(0, 3, 4, 5, 1, 2)
        x: Array = np.zeros(self.padded_shape, np.float32)
        for i in range(k):
            for j in range(k):
                x[:, :, i : i + h, j : j + w] += columns[:, :, i, j]
        return x[:, :, p : x.shape[2] - p, p : x.shape[3] - p]


class MaxPool:
    """Largest of each 2x2 block; the gradient goes to the first largest."""

    def __init__(self) -> None:
        self.weights: list[Array] = []
        self.gradients: list[Array] = []

    def forward(self, x: Array) -> Array:
        n, c, h, w = x.shape
        blocks = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
        self.winner = blocks.argmax(axis=-1)[..., None]
        return np.take_along_axis(blocks, self.winner, axis=-1)[..., 0]

    def backward(self, gradient: Array) -> Array:
        n, c, h, w = gradient.shape
        blocks = np.zeros((n, c, h, w, 4), np.float32)
        np.put_along_axis(blocks, self.winner, gradient[..., None], axis=-1)
        return blocks.reshape(n, c, h, w, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h * 2, w * 2)


class Relu:
    def __init__(self) -> None:
        self.weights: list[Array] = []
        self.gradients: list[Array] = []

    def forward(self, x: Array) -> Array:
        self.positive = x > 0
        return np.where(self.positive, x, np.float32(0))

    def backward(self, gradient: Array) -> Array:
        return np.where(self.positive, gradient, np.float32(0))


class Flatten:
    def __init__(self) -> None:
        self.weights: list[Array] = []
        self.gradients: list[Array] = []

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, gradient: Array) -> Array:
        return gradient.reshape(self.shape)


def train(
    layers: Sequence[Layer], x: Array, classes: Array, *, epochs: int, batch: int, rate: float, rng: np.random.Generator
) -> None:
    """Trains `layers` in place: softmax cross-entropy, Adam with a rate that falls linearly to a tenth."""
    weights = [weight for layer in layers for weight in layer.weights]
    moments = [(np.zeros_like(weight), np.zeros_like(weight)) for weight in weights]
    steps, step = epochs * -(-len(x) // batch), 0
    for _ in range(epochs):
        for rows in _batches(rng.permutation(len(x)), batch):
            step += 1
            _backpropagate(layers, x[rows], classes[rows])
            gradients = [gradient for layer in layers for gradient in layer.gradients]
            _adam(weights, gradients, moments, rate * (1.0 - 0.9 * step / steps), step)


def _batches(order: Array, size: int) -> Iterator[Array]:
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _backpropagate(layers: Sequence[Layer], x: Array, classes: Array) -> None:
    for layer in layers:
        x = layer.forward(x)
    odds = np.exp(x - x.max(axis=1, keepdims=True))
    gradient = odds / odds.sum(axis=1, keepdims=True)
    gradient[np.arange(len(x)), classes] -= 1.0
    gradient = (gradient / len(x)).astype(np.float32)
    for layer in reversed(layers):
        gradient = layer.backward(gradient)


def _adam(
    weights: Sequence[Array], gradients: Sequence[Array], moments: Sequence[tuple[Array, Array]], rate: float, step: int
) -> None:
    """Kingma and Ba, 2015, with its usual constants."""
    correction = rate * np.sqrt(1.0 - 0.999**step) / (1.0 - 0.9**step)
    for weight, gradient, (mean, square) in zip(weights, gradients, moments, strict=True):
        mean += np.float32(0.1) * (gradient - mean)
        square += np.float32(0.001) * (gradient * gradient - square)
        weight -= np.float32(correction) * mean / (np.sqrt(square) + np.float32(1e-8))
