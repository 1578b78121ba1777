"""Image sets: enlarged scikit-learn digits, and synthetic coloured textures of ten classes."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zkseal.zoo.model import sklearn_module


@dataclass(frozen=True)
class Images:
    """float32 images for training and held out, and their classes (int64)."""

    train: npt.NDArray[np.float32]
    train_labels: npt.NDArray[np.int64]
    held_out: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]


@functools.cache
def upscaled_digits(size: int) -> Images:
    """The 1797 digits of 8x8 pixels, enlarged bilinearly to (size, size), in [0, 1]; a quarter held out."""
    data = sklearn_module("datasets").load_digits()
    small = np.asarray(data.images, np.float64) / 16.0
    matrix = _interpolation(8, size)
    images = np.einsum("ia,nab,jb->nij", matrix, small, matrix).astype(np.float32)
    train, held_out, train_labels, labels = sklearn_module("model_selection").train_test_split(
        images, np.asarray(data.target, np.int64), test_size=0.25, random_state=0, stratify=data.target
    )
    return Images(train, train_labels, held_out, labels)


def _interpolation(source: int, target: int) -> npt.NDArray[np.float64]:
    """The (target, source) matrix of linear interpolation with pixel centres at half integers."""
    position = np.clip((np.arange(target) + 0.5) * source / target - 0.5, 0, source - 1)
    low = np.minimum(position.astype(int), source - 2)
    matrix = np.zeros((target, source))
    matrix[np.arange(target), low] = 1.0 - (position - low)
    matrix[np.arange(target), low + 1] = position - low
    return matrix


def textures(rng: np.random.Generator, count: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """`count` images (count, 3, 32, 32) in [-1, 1] and classes 0..9, balanced.

    A class is a wave direction (five) and a wavelength (two). Phase, colours, a blob and noise vary by image, so
    neither mean colour nor any single pixel tells the class.
    """
    labels = np.arange(count) % 10
    rows, columns = np.mgrid[0:32, 0:32].astype(np.float64)
    angle = (labels % 5) * np.pi / 5 + rng.normal(0, 0.07, count)
    wavelength = np.where(labels < 5, 5.0, 10.0) * rng.uniform(0.9, 1.1, count)
    along = np.cos(angle)[:, None, None] * columns + np.sin(angle)[:, None, None] * rows
    wave = np.sin(2 * np.pi * (along / wavelength[:, None, None] + rng.uniform(0, 1, count)[:, None, None]))
    colour = rng.uniform(0.3, 0.8, (count, 3, 1, 1)) * rng.choice([-1.0, 1.0], (count, 3, 1, 1))
    centre = rng.uniform(4, 28, (count, 2))
    distance = (rows - centre[:, 0, None, None]) ** 2 + (columns - centre[:, 1, None, None]) ** 2
    blob = rng.uniform(-0.8, 0.8, (count, 3, 1, 1)) * np.exp(-distance / 40.0)[:, None]
    images = colour * wave[:, None] + blob + rng.normal(0, 0.25, (count, 3, 32, 32))
    order = rng.permutation(count)
    return np.clip(images, -1, 1).astype(np.float32)[order], labels[order].astype(np.int64)
