"""Proving keys in files: the tiny model, for one input and for four at once; a small decoder. A Ray cluster."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tests.cluster.decoders import Decoder
from tests.cluster.ray_cluster import LocalCluster

from zkseal import files, pipeline
from zkseal.conftest import tiny_graph
from zkseal.executors import KeyFile
from zkseal.graph import Graph
from zkseal.proving import VerifyingKey

Array = npt.NDArray[np.float32]
BATCH = 4


@pytest.fixture(scope="session")
def inputs() -> Array:
    """Forty inputs of the tiny model."""
    return np.random.default_rng(8).normal(size=(40, 4)).astype(np.float32)


@pytest.fixture(scope="session")
def key_file(inputs: Array, tmp_path_factory: pytest.TempPathFactory) -> tuple[KeyFile, VerifyingKey]:
    """Of the tiny model: input and weights private, output public."""
    return saved(tiny_graph(), inputs, tmp_path_factory.mktemp("single"))


@pytest.fixture(scope="session")
def batch_key_file(inputs: Array, tmp_path_factory: pytest.TempPathFactory) -> tuple[KeyFile, VerifyingKey]:
    """Of the tiny model for four inputs at once."""
    return saved(batched(tiny_graph()), inputs, tmp_path_factory.mktemp("batch"))


def batched(graph: Graph) -> Graph:
    """The graph with a first axis of `BATCH` for everything that it computes."""
    values = {
        name: value if name in graph.initializers else dataclasses.replace(value, shape=(BATCH, *value.shape[1:]))
        for name, value in graph.values.items()
    }
    given = tuple(values[value.name] for value in graph.inputs)
    return dataclasses.replace(graph, inputs=given, values=values)


def saved(graph: Graph, samples: Array, folder: Path) -> tuple[KeyFile, VerifyingKey]:
    """The keys of a model; the proving key in a file."""
    proving_key, verifying_key = pipeline.setup(pipeline.compile(graph, samples))
    files.save_proving_key(folder / "model.zkp", proving_key)
    return KeyFile.of(folder / "model.zkp"), verifying_key


@pytest.fixture(scope="session")
def decoder_keys(tmp_path_factory: pytest.TempPathFactory) -> Decoder:
    """A decoder of the shape of GPT-2, small: 4 layers, 64 wide, 8 tokens; in one piece and in 4 segments."""
    return Decoder.made(tmp_path_factory.mktemp("decoder"), segments=4, layers=4, width=64, heads=4, tokens=8)


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    """A Ray cluster of a head and three nodes."""
    made = LocalCluster(nodes=3)
    yield made
    made.close()
