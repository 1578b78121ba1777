"""A model whose proof takes some tenths of a second: long enough to be struck, short enough for hundreds of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnx import helper
from tests.e2e.small_models import model

import zkseal
from zkseal.files import save_proving_key

FEATURES, HIDDEN, RESULTS = 32, 16384, 8

SAMPLES: npt.NDArray[np.float32] = np.random.default_rng(31).normal(size=(60, FEATURES)).astype(np.float32)


def save_keys(folder: Path) -> Path:
    """The file of its proving key."""
    random = np.random.default_rng(32)
    shapes = {"w1": (FEATURES, HIDDEN), "b1": (HIDDEN,), "w2": (HIDDEN, RESULTS), "b2": (RESULTS,)}
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"], name="first"),
        helper.make_node("Relu", ["h"], ["r"], name="middle"),
        helper.make_node("Gemm", ["r", "w2", "b2"], ["y"], name="second"),
    ]
    proving_key, _ = zkseal.setup(zkseal.compile(model(nodes, weights, ("batch", FEATURES)), SAMPLES))
    save_proving_key(folder / "wide.zkp", proving_key)
    return folder / "wide.zkp"
