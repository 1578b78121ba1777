"""Merges chains of reshapes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph

_RESHAPES = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze"})


def merge_reshapes(graph: Graph) -> Graph:
    """`graph` with a reshape of a reshape as one Reshape of the first input to the last shape."""
    edit = Editor(graph)
    for index, node in enumerate(edit.nodes):
        if node.op not in _RESHAPES:
            continue
        maker = edit.producer(node.inputs[0])
        if maker is not None and maker.op in _RESHAPES:
            shape = np.array(edit.values[node.outputs[0]].shape, np.int64)
            target = edit.add_initializer(f"{node.name}_shape", shape)
            inputs = (maker.inputs[0], target)
            edit.nodes[index] = replace(node, op="Reshape", inputs=inputs, attributes={})
    return edit.build()
