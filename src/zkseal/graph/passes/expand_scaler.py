"""Writes Scaler as a difference and a product, for consumers that know plain operators only."""

from __future__ import annotations

import numpy as np

from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph


def expand_scaler(graph: Graph) -> Graph:
    """`graph` with (x - offset) * scale for each Scaler; not part of `DEFAULT`, which keeps Scaler as one node."""
    edit = Editor(graph)
    for node in graph.nodes:
        if node.op != "Scaler":
            continue
        value = edit.values[node.outputs[0]]
        offset, scale = (
            edit.add_initializer(f"{node.name}_{name}", np.asarray(node.attributes[name], np.float32))
            for name in ("offset", "scale")
        )
        centred = edit.add_value(f"{node.name}_centred", value.shape, value.dtype)
        edit.substitute(
            node,
            edit.make_node(f"{node.name}_sub", "Sub", (node.inputs[0], offset), (centred,), {}),
            edit.make_node(f"{node.name}_mul", "Mul", (centred, scale), node.outputs, {}),
        )
    return edit.build()
