"""Inputs that determine shapes become constants of the model, as they are in models that are exported to be run."""

from __future__ import annotations

import onnx
from onnx import numpy_helper
from tests.backend.cases import Array, Case

_SHAPE_OPERANDS: dict[str, tuple[int, ...]] = {
    "AffineGrid": (1,),
    "BlackmanWindow": (0,),
    "CenterCropPad": (1,),
    "Col2Im": (1, 2),
    "Compress": (1,),
    "ConstantOfShape": (0,),
    "DFT": (1, 2),
    "Expand": (1,),
    "HammingWindow": (0,),
    "HannWindow": (0,),
    "If": (0,),
    "Loop": (0, 1),
    "MaxUnpool": (2,),
    "MelWeightMatrix": (0, 1, 2, 3, 4),
    "OneHot": (1,),
    "Pad": (1, 3),
    "Range": (0, 1, 2),
    "Reshape": (1,),
    "Resize": (1, 2, 3),
    "STFT": (1, 3),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "SplitToSequence": (1,),
    "Squeeze": (1,),
    "Tile": (1,),
    "TopK": (1,),
    "Trilu": (1,),
    "Unsqueeze": (1,),
    "Upsample": (1,),
    **dict.fromkeys(
        (
            *("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin"),
            *("ReduceProd", "ReduceSum", "ReduceSumSquare", "CumSum", "CumProd"),
        ),
        (1,),
    ),
}
"""Positions of the operands that say shapes, axes, sizes or branches (operator documents of ONNX)."""

_SHAPE_ONLY = frozenset({"Shape", "Size"})


def frozen(case: Case) -> tuple[onnx.ModelProto, dict[str, Array]]:
    """The model of a case with its shape-determining inputs as constants, and the inputs that are left."""
    needed = shape_names(case.model.graph)
    constants = [value.name for value in case.model.graph.input if value.name in needed]
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    kept = [value for value in model.graph.input if value.name not in constants]
    declared = [onnx.ValueInfoProto.FromString(value.SerializeToString()) for value in kept]
    del model.graph.input[:]
    model.graph.input.extend(declared)
    model.graph.initializer.extend(numpy_helper.from_array(case.inputs[name], name) for name in constants)
    return model, {name: array for name, array in case.inputs.items() if name not in constants}


def shape_names(graph: onnx.GraphProto) -> set[str]:
    """Names of all values from which a shape of `graph` is computed, found from the last node to the first."""
    needed: set[str] = set()
    for node in reversed(graph.node):
        if needed.intersection(node.output) and node.op_type not in _SHAPE_ONLY:
            needed.update(node.input)
        positions = _SHAPE_OPERANDS.get(node.op_type, ())
        needed.update(node.input[position] for position in positions if position < len(node.input))
        for attribute in node.attribute:
            if attribute.HasField("g"):
                needed |= shape_names(attribute.g)
    return needed - {""}
