"""Compress with a constant condition as Gather: onnx infers no shape for Compress, whose size is that of the data."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper


def write_compress_as_gather(model: onnx.ModelProto) -> bool:
    """Replaces, in place, every Compress whose condition is constant; whether there was one."""
    graph, found = model.graph, False
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type != "Compress" or node.domain != "" or node.input[1] not in constants:
            nodes.append(node)
            continue
        found = True
        chosen = np.flatnonzero(numpy_helper.to_array(constants[node.input[1]]))
        indices, flat, result = f"{node.output[0]}/chosen", f"{node.output[0]}/flat", node.output[0]
        graph.initializer.append(numpy_helper.from_array(chosen.astype(np.int64), indices))
        source, axis = node.input[0], next((a.i for a in node.attribute if a.name == "axis"), None)
        if axis is None:
            graph.initializer.append(numpy_helper.from_array(np.asarray([-1], dtype=np.int64), f"{flat}/shape"))
            nodes.append(helper.make_node("Reshape", [source, f"{flat}/shape"], [flat], name=flat))
            source, axis = flat, 0
        nodes.append(helper.make_node("Gather", [source, indices], [result], name=node.name or result, axis=axis))
    if found:
        del graph.node[:]
        graph.node.extend(nodes)
    return found
