"""`Writer`: the nodes of a graph that is written anew, with what is known of its values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from zkseal.errors import UnsupportedOp
from zkseal.frontends.onnx.fold import RANDOM, reads
from zkseal.graph.names import fresh_name

__all__ = ["Writer"]

Array = npt.NDArray[Any]

SMALL = 4096
"""Constants of at most so many entries are computed on: numbers of iterations, conditions, positions."""

AXES_AS_INPUT = 13
"""The first opset in which Squeeze, Unsqueeze and Split take axes and sizes as operands."""


class Writer:
    """Collects nodes in the opset of the model; `finish` puts those that are needed into the graph."""

    def __init__(self, model: onnx.ModelProto, limit: int) -> None:
        self._model = model
        self._limit = limit
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, Array] = {}
        self._made: list[onnx.TensorProto] = []
        self._opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)
        graph = model.graph
        infos = (*graph.input, *graph.value_info, *graph.output)
        self._shapes = {value.name: _shape(value) for value in infos}
        self._tensors = {tensor.name: tensor for tensor in graph.initializer}
        self._taken = {name for node in graph.node for name in node.output} | set(self._shapes) | set(self._tensors)

    def fresh(self, stem: str) -> str:
        """A name that is not in use."""
        name = fresh_name(stem, self._taken)
        self._taken.add(name)
        return name

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of a tensor of the model or a constant; None if it is not known (yet)."""
        if name in self._tensors:
            return tuple(self._tensors[name].dims)
        return self._constants[name].shape if name in self._constants else self._shapes.get(name)

    def known(self, name: str) -> Array | None:
        """The contents of a value that is constant and small; None for anything else."""
        if name not in self._constants and name in self._tensors:
            tensor = self._tensors[name]
            if np.prod(tensor.dims, initial=1) <= SMALL and tensor.data_type != onnx.TensorProto.STRING:
                self._constants[name] = numpy_helper.to_array(tensor)
        return self._constants.get(name)

    def constant(self, stem: str, array: Array) -> str:
        """A new constant."""
        name = self.fresh(stem)
        self._made.append(numpy_helper.from_array(np.asarray(array), name))
        if array.size <= SMALL:
            self._constants[name] = np.asarray(array)
        return name

    def add(self, node: onnx.NodeProto) -> None:
        """Adds a node. Raises UnsupportedOp when there are too many."""
        if len(self._nodes) >= self._limit:
            raise UnsupportedOp(
                f"The model becomes more than {self._limit} nodes when loops are written out. Use fewer iterations.",
                op=node.op_type,
                node=node.name,
            )
        self._nodes.append(node)
        self._evaluate(node)

    def unsqueeze(self, name: str, axis: int) -> str:
        """A value with a new axis of size 1."""
        return self._reshaped("Unsqueeze", name, axis)

    def squeeze(self, name: str, axis: int) -> str:
        """A value without an axis of size 1."""
        return self._reshaped("Squeeze", name, axis)

    def entry(self, name: str, axis: int, index: int, prefix: str) -> str:
        """Entry `index` of an axis, which goes."""
        position = self.constant(f"{prefix}{name}/index", np.array(index, np.int64))
        result = self.fresh(f"{prefix}{name}/entry")
        self.add(helper.make_node("Gather", [name, position], [result], result, axis=axis))
        return result

    def split(self, name: str, axis: int, sizes: Sequence[int]) -> list[str]:
        """Consecutive parts of an axis."""
        parts = [self.fresh(f"{name}/part_{k}") for k in range(len(sizes))]
        if self._opset >= AXES_AS_INPUT:
            lengths = self.constant(f"{name}/sizes", np.array(sizes, np.int64))
            self.add(helper.make_node("Split", [name, lengths], parts, parts[0], axis=axis))
        else:
            self.add(helper.make_node("Split", [name], parts, parts[0], axis=axis, split=list(sizes)))
        return parts

    def finish(self) -> None:
        """Replaces the nodes of the graph. Inferred shapes are dropped, as values have come and gone."""
        graph = self._model.graph
        alive: list[onnx.NodeProto] = []
        needed = {value.name for value in graph.output}
        for node in reversed(self._nodes):
            if needed.intersection(node.output):
                alive.append(node)
                needed |= reads(node)
        del graph.node[:]
        graph.node.extend(reversed(alive))
        graph.initializer.extend(self._made)
        del graph.value_info[:]

    def _reshaped(self, op: str, name: str, axis: int) -> str:
        result = self.fresh(f"{name}/{op.lower()}")
        if self._opset >= AXES_AS_INPUT:
            axes = self.constant(f"{name}/axis", np.array([axis], np.int64))
            self.add(helper.make_node(op, [name, axes], [result], result))
        else:
            self.add(helper.make_node(op, [name], [result], result, axes=[axis]))
        return result

    def _evaluate(self, node: onnx.NodeProto) -> None:
        """Notes the results of a node whose operands are known and small."""
        feeds = {name: self.known(name) for name in node.input if name}
        if any(array is None for array in feeds.values()) or node.domain not in ("", "ai.onnx"):
            return
        if (not feeds and node.op_type != "Constant") or node.op_type in RANDOM or not _is_small(node):
            return
        try:
            names = [name for name in node.output if name]
            graph = helper.make_graph(
                [node],
                "constant",
                [helper.make_tensor_value_info(name, 0, None) for name in feeds],
                [onnx.ValueInfoProto(name=name) for name in names],
            )
            model = helper.make_model(graph, opset_imports=list(self._model.opset_import))
            found = ReferenceEvaluator(model).run(names, feeds)
        except Exception:  # No evaluation in the reference, or operands that do not fit: it is not known then.
            return
        arrays = {name: np.asarray(value) for name, value in zip(names, found, strict=True)}
        self._constants |= {name: array for name, array in arrays.items() if array.size <= SMALL}


def _is_small(node: onnx.NodeProto) -> bool:
    return all(np.prod(attribute.t.dims, initial=1) <= SMALL for attribute in node.attribute if attribute.HasField("t"))


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...] | None:
    if not value.type.HasField("tensor_type") or not value.type.tensor_type.HasField("shape"):
        return None
    dims = value.type.tensor_type.shape.dim
    return tuple(d.dim_value for d in dims) if all(d.HasField("dim_value") for d in dims) else None
