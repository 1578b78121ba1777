"""The graph: a frozen dataflow of named tensors, the common language of frontends, quantization and lowering.

A `Graph` is a list of nodes in topological order over named values. Every value has a static shape and a numpy
dtype, so nothing behind a frontend ever meets a symbolic dimension. Operators carry ONNX names at one fixed
opset (`zkseal.frontends.onnx.OPSET`) or names of the domain `ai.onnx.ml` such as `Scaler`. A graph says nothing
about numbers being quantized: it is the float model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy.typing as npt


@dataclass(frozen=True)
class Value:
    """A named tensor: `shape` is static, `dtype` is a numpy dtype name such as `"float32"`."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Node:
    """One operator application; `""` in `inputs` or `outputs` stands for an omitted optional value.

    `attributes` holds int, float, str, tuples of these, and numpy arrays (tensor attributes).
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Graph:
    """A float model with static shapes.

    - `inputs`: what the caller supplies, in order.
    - `outputs`: names of the values that the model returns, in order.
    - `values`: every input, initializer and node output by name.
    - `initializers`: constant tensors by name.
    - `nodes`: topological order.
    - `notes`: sentences about what a frontend left out or changed, for people (for example a dropped output).
    """

    name: str
    inputs: tuple[Value, ...]
    outputs: tuple[str, ...]
    values: Mapping[str, Value]
    initializers: Mapping[str, npt.NDArray[Any]]
    nodes: tuple[Node, ...]
    notes: tuple[str, ...] = ()

    def producer(self, name: str) -> Node | None:
        """The node that computes value `name`; None for inputs and initializers."""
        return next((node for node in self.nodes if name in node.outputs), None)

    def consumers(self, name: str) -> tuple[Node, ...]:
        """The nodes that read value `name`, in topological order."""
        return tuple(node for node in self.nodes if name in node.inputs)

    def ops(self) -> dict[str, int]:
        """How often each operator occurs, by name in alphabetical order."""
        counts: dict[str, int] = {}
        for node in self.nodes:
            counts[node.op] = counts.get(node.op, 0) + 1
        return dict(sorted(counts.items()))
