"""Chooses what a model returns and cuts off the rest."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from zkseal.errors import InvalidModel, UnsupportedDtype
from zkseal.frontends.onnx.read import subgraphs

_UNPROVABLE: dict[int, str] = {
    onnx.TensorProto.STRING: "string",
    onnx.TensorProto.COMPLEX64: "complex64",
    onnx.TensorProto.COMPLEX128: "complex128",
}


def select_outputs(model: onnx.ModelProto, outputs: Sequence[str] | None) -> list[str]:
    """Makes `outputs` (any value names; None: all numeric tensors) the outputs of `model` and removes dead nodes.

    Inputs that nothing reads then are removed too. Works in place and returns notes about what was left out. Raises
    InvalidModel for an unknown name and UnsupportedDtype for a requested output that is not a numeric tensor.
    """
    notes: list[str] = []
    if outputs is None:
        kept = []
        for value in model.graph.output:
            reason = _why_not(value)
            if reason is None:
                kept.append(value)
            else:
                notes.append(f"Output {value.name!r} is left out: it is {reason}.")
        if not kept:
            raise UnsupportedDtype(
                "No output of the model is a numeric tensor. Name values to prove with `select=` "
                "(zkseal compile: --select).",
                tensor=", ".join(value.name for value in model.graph.output),
                dtype="not numeric",
            )
    else:
        kept = _requested(model, outputs)
    chosen = [onnx.ValueInfoProto.FromString(value.SerializeToString()) for value in kept]
    del model.graph.output[:]
    model.graph.output.extend(chosen)
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    _cut(model.graph)
    return notes + _drop_inputs(model.graph, every=outputs is not None)


def _why_not(value: onnx.ValueInfoProto) -> str | None:
    if not value.type.HasField("tensor_type"):
        return "not a tensor"
    kind = _UNPROVABLE.get(value.type.tensor_type.elem_type)
    return None if kind is None else f"a tensor of type {kind}"


def _requested(model: onnx.ModelProto, outputs: Sequence[str]) -> list[onnx.ValueInfoProto]:
    if not outputs or len(set(outputs)) != len(outputs):
        raise InvalidModel("`outputs` has to name at least one value, each once.", outputs=list(outputs))
    inferred = onnx.shape_inference.infer_shapes(model).graph
    known = {value.name: value for value in (*inferred.input, *inferred.value_info, *inferred.output)}
    computed = {name for node in model.graph.node for name in node.output if name}
    chosen = []
    for name in outputs:
        if name not in known and name not in computed:
            shown = ", ".join(value.name for value in model.graph.output)
            raise InvalidModel(f"The model has no value {name!r}. Its outputs are: {shown}.", name=name)
        value = known.get(name) or onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        reason = _why_not(value)
        if reason is not None:
            raise UnsupportedDtype(f"Output {name!r} is {reason}. Choose another value.", tensor=name, dtype=reason)
        chosen.append(value)
    return chosen


def _cut(graph: onnx.GraphProto) -> None:
    """Keeps the nodes and initializers that the outputs need."""
    needed = {value.name for value in graph.output}
    alive: list[onnx.NodeProto] = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            alive.append(node)
            needed.update(_reads(node))
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in reversed(alive)]
    del graph.node[:]
    graph.node.extend(nodes)
    for index in range(len(graph.initializer) - 1, -1, -1):
        if graph.initializer[index].name not in needed:
            del graph.initializer[index]
    del graph.value_info[:]


def _drop_inputs(graph: onnx.GraphProto, *, every: bool) -> list[str]:
    """Removes inputs that nothing reads: every one, or those that cannot be proved only. Returns notes."""
    read = {value.name for value in graph.output}.union(*(_reads(node) for node in graph.node))
    notes = []
    for index in range(len(graph.input) - 1, -1, -1):
        value = graph.input[index]
        if value.name not in read and (every or _why_not(value)):
            notes.append(f"Input {value.name!r} is left out: nothing that is proved reads it.")
            del graph.input[index]
    return notes


def _reads(node: onnx.NodeProto) -> set[str]:
    """Names that `node` reads, those of its subgraphs included."""
    names = {name for name in node.input if name}
    for inner in subgraphs(node.attribute):
        names.update(value.name for value in inner.output)
        for child in inner.node:
            names |= _reads(child)
    return names
