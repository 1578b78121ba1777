"""Values of which few entries are large are scaled to the others, and clamped: what a calibration percentile asks for.

With `QuantizationOptions.percentile` below 100, a computed value whose typical magnitude (of that percentile) would get
a finer scale than its largest magnitude is followed by `SATURATE`, an operator that exists in lowering only. Its
producer writes `<value>/unbounded`, which is never rounded by itself. A Relu of a single use is taken into it. Inputs
are not touched: what a proof says about an input is never about a clamped one.
"""

from __future__ import annotations

from dataclasses import replace

from zkseal.graph import Graph, Node
from zkseal.graph.edit import Editor
from zkseal.lowering.folding import LINEAR
from zkseal.quantize.calibration import Calibration, ValueStatistics
from zkseal.quantize.options import QuantizationOptions
from zkseal.quantize.scales import activation_exponent

__all__ = ["SATURATE", "saturate"]

SATURATE = "zkseal.Saturate"
"""Clamps its input to the integers of its output. Attribute `relu`: 1 if negative values become zero."""

_ACCUMULATED = frozenset(
    {"Add", "AveragePool", "Conv", "ConvTranspose", "Gemm", "GlobalAveragePool", LINEAR, "MatMul", "Mul", "ReduceMean"}
    | {"ReduceSum", "Sub", "Sum"}
)
"""Operators whose results are sums that wait for their rounding."""

_ROUNDING = frozenset(
    _ACCUMULATED
    | {"Concat", "Expand", "Flatten", "Gather", "Identity", "MaxPool", "Pad", "Relu", "Reshape", "Slice", "Split"}
    | {"Squeeze", "Tile", "Transpose", "Unsqueeze"}
)
"""Operators that read values at their calibrated scale; functions take values at a scale of their own."""


def saturate(
    graph: Graph, calibration: Calibration, options: QuantizationOptions
) -> tuple[Graph, Calibration, QuantizationOptions]:
    """The graph with `SATURATE` where the calibration asks for it, and what belongs to the names that are new."""
    if not options.saturates:
        return graph, calibration, options
    edit = Editor(graph)
    values, bits = dict(calibration.values), dict(options.tensor_bits)
    for node in graph.nodes:
        narrowed = _narrowed(graph, node, values, options)
        if narrowed is None:
            continue
        output = node.outputs[0]
        shape, dtype = graph.values[output].shape, graph.values[output].dtype
        values[output] = narrowed
        if node.op == "Relu":
            attributes, source = {"relu": 1}, node.inputs[0]
            edit.substitute(node, replace(node, op=SATURATE, attributes=attributes))
            values[source] = _within(values[source], narrowed.magnitude)
            if output in bits:
                bits.setdefault(source, bits[output])
            continue
        source = edit.add_value(f"{output}/unbounded", shape, dtype)
        producer = replace(node, outputs=(source, *node.outputs[1:]))
        edit.substitute(node, producer, edit.make_node(node.name, SATURATE, (source,), (output,), {"relu": 0}))
        values[source] = narrowed
        if output in bits:
            bits[source] = bits[output]
    return edit.build(), Calibration(values), replace(options, tensor_bits=bits)


def _narrowed(
    graph: Graph, node: Node, values: dict[str, ValueStatistics], options: QuantizationOptions
) -> ValueStatistics | None:
    """The statistics of the output of `node` without its largest entries, if its scale gets finer by that."""
    output = node.outputs[0]
    consumers = graph.consumers(output)
    fused = node.op == "Relu" and _is_single_sum(graph, node.inputs[0])
    if not (fused or node.op in _ACCUMULATED) or not graph.values[output].dtype.startswith("float"):
        return None
    if len(consumers) == 1 and consumers[0].op == "Relu" and node.op != "Relu" and output not in graph.outputs:
        return None  # that Relu saturates
    if output not in graph.outputs and not any(reader.op in _ROUNDING for reader in consumers):
        return None
    seen = values.get(output)
    if seen is None or seen.typical is None or seen.typical <= 0.0:
        return None
    limit = options.limit_of(output)
    usual, finer = (activation_exponent(m, options.headroom, limit) for m in (seen.magnitude, seen.typical))
    return _within(seen, seen.typical) if finer > usual else None


def _is_single_sum(graph: Graph, name: str) -> bool:
    """Whether a value is a sum that only one node reads."""
    made = any(node.op in _ACCUMULATED and name == node.outputs[0] for node in graph.nodes)
    return made and len(graph.consumers(name)) == 1 and name not in graph.outputs


def _within(seen: ValueStatistics, magnitude: float) -> ValueStatistics:
    """The statistics of the same entries, clamped."""
    features = tuple(min(feature, magnitude) for feature in seen.feature_magnitude)
    return replace(
        seen, minimum=max(seen.minimum, -magnitude), maximum=min(seen.maximum, magnitude), feature_magnitude=features
    )
