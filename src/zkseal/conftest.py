"""A model small enough to be compiled in every test, and keys that are made once for a test run."""

from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pytest

from zkseal import pipeline
from zkseal.graph import Graph, Node, Value
from zkseal.pipeline import CompiledModel, ProvingKey
from zkseal.proving import VerifyingKey


def tiny_graph(scale: float = 1.0) -> Graph:
    """Gemm 4 -> 3, Relu, Gemm 3 -> 2 with seeded weights times `scale`."""
    random = np.random.default_rng(7)
    shapes = {"w1": (4, 3), "b1": (3,), "w2": (3, 2), "b2": (2,)}
    constants = {name: (random.normal(size=shape) * scale).astype(np.float32) for name, shape in shapes.items()}
    computed = {"x": (1, 4), "h": (1, 3), "r": (1, 3), "y": (1, 2)}
    values = {name: Value(name, shape, "float32") for name, shape in {**computed, **shapes}.items()}
    return Graph(
        name="tiny",
        inputs=(values["x"],),
        outputs=("y",),
        values=MappingProxyType(values),
        initializers=MappingProxyType(constants),
        nodes=(
            Node("first", "Gemm", ("x", "w1", "b1"), ("h",)),
            Node("relu", "Relu", ("h",), ("r",)),
            Node("second", "Gemm", ("r", "w2", "b2"), ("y",)),
        ),
    )


@pytest.fixture(scope="session")
def samples() -> npt.NDArray[np.float32]:
    """Forty inputs of the tiny model."""
    return np.random.default_rng(8).normal(size=(40, 4)).astype(np.float32)


@pytest.fixture(scope="session")
def tiny(samples: npt.NDArray[np.float32]) -> CompiledModel:
    """The tiny model: input and weights private, output public."""
    return pipeline.compile(tiny_graph(), samples)


@pytest.fixture(scope="session")
def keys(tiny: CompiledModel) -> tuple[ProvingKey, VerifyingKey]:
    """Keys of the tiny model."""
    return pipeline.setup(tiny)
