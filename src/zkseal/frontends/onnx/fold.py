"""Evaluates what depends on constants only, so that parameters that exporters compute become constants.

onnxscript folds first and simplifies on the way; it leaves out operators such as ConstantOfShape. What is left over is
evaluated here by onnxruntime, one node at a time, or by onnx's reference evaluator for types that it lacks. A result
may not have more than `LIMIT` entries: a small file must not unfold into much memory.

QuantizeLinear and DequantizeLinear stay: models that are quantized already keep their own integers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from zkseal.frontends.onnx.read import subgraphs

Array = npt.NDArray[Any]

LIMIT = 1 << 24

_OPTIONAL = onnx.defs.OpSchema.FormalParameterOption.Optional

_KEPT = frozenset({"Constant", "DequantizeLinear", "QuantizeLinear"})

RANDOM = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
)

_NEVER_LARGER = frozenset({"Compress", "NonZero", "Reshape", "Slice", "Split", "Squeeze", "TopK", "Trilu", "Unsqueeze"})
"""Their results are no larger than their inputs, even where shape inference does not know how large."""


def fold_constants(model: onnx.ModelProto) -> bool:
    """Replaces nodes on constants by initializers, in place; says whether there were any. Shapes must be inferred."""
    graph = model.graph
    folder = _Folder(model)
    kept = []
    for node in graph.node:
        _drop_empty_operands(node, folder)
        results = folder.evaluate(node)
        if results is None:
            kept.append(onnx.NodeProto.FromString(node.SerializeToString()))
        else:
            folder.constants.update(results)
    if len(kept) == len(graph.node):
        return False
    made = set(folder.constants) - folder.given
    del graph.node[:]
    graph.node.extend(kept)
    used = _used(graph)
    graph.initializer.extend(numpy_helper.from_array(folder.array(name), name) for name in sorted(made & used))
    drop_unused_constants(graph)
    return True


def _drop_empty_operands(node: onnx.NodeProto, folder: _Folder) -> None:
    """Concat of and Split into tensors without entries, and reductions over an empty list of axes, which means all."""

    def is_empty(name: str) -> bool:
        return name in folder.constants and folder.size(name) == 0

    if node.op_type == "Concat":
        kept = [name for name in node.input if not is_empty(name)]
        if 0 < len(kept) < len(node.input):
            del node.input[:]
            node.input.extend(kept)
    elif node.op_type == "Split":
        full = [name for name in node.output if 0 not in (folder.shapes.get(name) or (0,))]
        if len(full) == 1 < len(node.output) and all(folder.shapes.get(name) for name in node.output):
            folder.constants.update({name: folder.empty(name) for name in node.output if name not in full})
            source = node.input[0]
            node.Clear()
            node.CopyFrom(helper.make_node("Identity", [source], full, name=f"{full[0]}_whole"))
    elif node.op_type.startswith("Reduce") and len(node.input) == 2 and is_empty(node.input[1]):
        del node.input[1]


def drop_unused_constants(graph: onnx.GraphProto) -> None:
    """Removes initializers that nothing reads, in place."""
    used = _used(graph)
    for index in range(len(graph.initializer) - 1, -1, -1):
        if graph.initializer[index].name not in used:
            del graph.initializer[index]


def omit_unread_outputs(graph: onnx.GraphProto) -> None:
    """Takes the names of optional results that nothing reads, in place: onnxscript gives names to omitted ones."""
    used = _used(graph)
    for node in graph.node:
        if len(node.output) < 2 or not onnx.defs.has(node.op_type, node.domain):
            continue
        formal = onnx.defs.get_schema(node.op_type, domain=node.domain).outputs
        for position, name in enumerate(node.output):
            optional = position < len(formal) and formal[position].option == _OPTIONAL
            if optional and name and name not in used:
                node.output[position] = ""


def _used(graph: onnx.GraphProto) -> set[str]:
    return {name for node in graph.node for name in reads(node)} | {value.name for value in graph.output}


def reads(node: onnx.NodeProto) -> set[str]:
    """Names that a node reads, those that its bodies capture included."""
    names = set(node.input)
    for inner in subgraphs(node.attribute):
        names.update(value.name for value in inner.output)
        for child in inner.node:
            names |= reads(child)
    return names - {""}


class _Folder:
    """Constants of a model by name, and how large other values are."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.opsets = list(model.opset_import)
        self.ir_version = model.ir_version
        self.constants: dict[str, Array | TensorProto] = {t.name: t for t in model.graph.initializer}
        for node in model.graph.node:
            if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
                self.constants[node.output[0]] = node.attribute[0].t
        self.given = set(self.constants)
        infos = (*model.graph.input, *model.graph.value_info, *model.graph.output)
        self.shapes = {value.name: _shape(value) for value in infos}
        self.types = {value.name: value.type.tensor_type.elem_type for value in infos}

    def array(self, name: str) -> Array:
        constant = self.constants[name]
        return constant if isinstance(constant, np.ndarray) else numpy_helper.to_array(constant)

    def size(self, name: str) -> int:
        """How many entries a constant has."""
        constant = self.constants[name]
        return constant.size if isinstance(constant, np.ndarray) else math.prod(constant.dims)

    def evaluate(self, node: onnx.NodeProto) -> dict[str, Array | TensorProto] | None:
        """The results of a node by name; None if it has to stay."""
        if node.op_type in ("Shape", "Size") and node.input[0] not in self.constants:
            return self._measure(node)
        empty = self._nothing(node)
        if empty is not None:
            return empty
        inputs = [name for name in node.input if name]
        if node.op_type in _KEPT | RANDOM or any(name not in self.constants for name in inputs):
            return None
        if node.domain not in ("", "ai.onnx") or any(True for _ in subgraphs(node.attribute)):
            return None
        if not self._is_small(node):
            return None
        feeds = {name: self.array(name) for name in inputs}
        found = _by_onnxruntime(node, feeds, self.opsets, self.ir_version)
        if found is None:
            found = _by_reference(node, feeds, self.opsets)
        return found

    def _nothing(self, node: onnx.NodeProto) -> dict[str, Array | TensorProto] | None:
        """Results without entries, which are the same whatever goes in."""
        names = [name for name in node.output if name]
        if not all(0 in (self.shapes.get(name) or ()) for name in names):
            return None
        return {name: self.empty(name) for name in names}

    def empty(self, name: str) -> Array:
        """The only value of a tensor without entries."""
        return np.zeros(self.shapes[name] or (), helper.tensor_dtype_to_np_dtype(self.types[name]))

    def _measure(self, node: onnx.NodeProto) -> dict[str, Array | TensorProto] | None:
        shape = self.shapes.get(node.input[0])
        if shape is None:
            return None
        if node.op_type == "Size":
            return {node.output[0]: np.array(math.prod(shape), np.int64)}
        bounds = {attribute.name: attribute.i for attribute in node.attribute}
        return {node.output[0]: np.array(shape[bounds.get("start", 0) : bounds.get("end")], np.int64)}

    def _is_small(self, node: onnx.NodeProto) -> bool:
        shapes = [self.shapes.get(name) for name in node.output if name]
        if all(shape is not None for shape in shapes):
            return sum(math.prod(shape) for shape in shapes if shape is not None) <= LIMIT
        sizes = [math.prod(self.array(name).shape) for name in node.input if name]
        if node.op_type in _NEVER_LARGER:
            return sum(sizes) <= LIMIT
        operand = [self.array(name) for name in node.input]
        match node.op_type:
            case "ConstantOfShape":
                return math.prod(int(size) for size in operand[0]) <= LIMIT
            case "Expand":
                return math.prod(max(int(size), 1) for size in operand[1]) * sizes[0] <= LIMIT
            case "Tile":
                return sizes[0] * math.prod(int(count) for count in operand[1]) <= LIMIT
            case "Range":
                start, limit, step = (float(x) for x in operand)
                return step != 0 and (limit - start) / step <= LIMIT
        return False


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...] | None:
    if not value.type.HasField("tensor_type") or not value.type.tensor_type.HasField("shape"):
        return None
    dims = value.type.tensor_type.shape.dim
    return tuple(d.dim_value for d in dims) if all(d.HasField("dim_value") for d in dims) else None


def _by_onnxruntime(
    node: onnx.NodeProto, feeds: Mapping[str, Array], opsets: Sequence[Any], ir_version: int
) -> dict[str, Array | TensorProto] | None:
    names = [name for name in node.output if name]
    try:
        inputs = [
            helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
            for n, a in feeds.items()
        ]
        graph = helper.make_graph([node], "constant", inputs, [onnx.ValueInfoProto(name=name) for name in names])
        model = helper.make_model(graph, opset_imports=opsets, ir_version=ir_version)
        session = onnxruntime.InferenceSession(
            onnx.shape_inference.infer_shapes(model).SerializeToString(),
            _options(),
            providers=["CPUExecutionProvider"],
        )
        found = session.run(names, dict(feeds))
    except Exception:  # No kernel for this type, most often.
        return None
    return dict(zip(names, found, strict=True)) if all(isinstance(array, np.ndarray) for array in found) else None


def _options() -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return options


def _by_reference(
    node: onnx.NodeProto, feeds: Mapping[str, Array], opsets: Sequence[Any]
) -> dict[str, Array | TensorProto] | None:
    from onnx.reference import ReferenceEvaluator

    names = [name for name in node.output if name]
    try:
        inputs = [onnx.ValueInfoProto(name=name) for name in feeds]
        graph = helper.make_graph([node], "constant", inputs, [onnx.ValueInfoProto(name=name) for name in names])
        found = ReferenceEvaluator(helper.make_model(graph, opset_imports=opsets)).run(names, dict(feeds))
    except Exception:  # The node stays; what cannot be evaluated is refused by its rule, if it comes to that.
        return None
    arrays = {name: np.asarray(value) for name, value in zip(names, found, strict=True)}
    return arrays if all(array.dtype.kind in "biuf" for array in arrays.values()) else None
