"""Rewrites of float graphs, one file each. A pass takes a graph and returns a graph with the same outputs.

| pass | what it does |
| --- | --- |
| `recognize_log_sum_exp` | Log of ReduceSum of Exp becomes ReduceLogSumExp, which subtracts the maximum |
| `recognize_normalization` | normalizations that were written out become one operator again |
| `recognize_activation` | Gelu and Swish that were written out become one operator again |
| `recognize_dynamic_quantize` | finds DynamicQuantizeLinear in its function body |
| `decompose` | writes composite operators as simpler ones (`graph.decompose`) |
| `fuse_quantized` | DequantizeLinear, operator, QuantizeLinear become one operator on integers |
| `fold_constants` | evaluates small operators whose inputs are all constant |
| `explicit_padding` | turns `auto_pad` of windows into numbers, and ONNX's infinite Clip bounds into omitted ones |
| `split_sum` | Sum of several tensors becomes a chain of Add |
| `unfold_batch_norm` | writes BatchNormalization as a product and a sum per channel |
| `fuse_linear` | MatMul + Add becomes Gemm; alpha, beta and transposes of Gemm go into its constants |
| `fold_affine` | products and sums by constants behind Conv or Gemm go into its weights and bias |
| `fold_scale` | numbers that multiply products of two values go into constants before them |
| `merge_affine` | chains of Scaler, Add, Sub, Mul, Div by constants become one Scaler, or one Mul and one Add |
| `argmax_of_monotone` | ArgMax reads the scores instead of their Softmax, LogSoftmax or Sigmoid |
| `merge_reshapes` | a Reshape, Flatten, Squeeze or Unsqueeze of another becomes one Reshape |
| `drop_identities` | removes Identity, Dropout, and Cast, Reshape, Transpose, Gather ... that change nothing |
| `eliminate_dead` | removes what no output needs |
| `expand_scaler` | writes Scaler as Sub and Mul; not run by `normalize`, which keeps Scaler as one node |

Floats are not associative: folding changes results in the last bits only, because folded constants are computed
in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from zkseal.graph.decompose import decompose
from zkseal.graph.passes.argmax_of_monotone import argmax_of_monotone
from zkseal.graph.passes.drop_identities import drop_identities
from zkseal.graph.passes.eliminate_dead import eliminate_dead
from zkseal.graph.passes.expand_scaler import expand_scaler
from zkseal.graph.passes.explicit_padding import explicit_padding
from zkseal.graph.passes.fold_affine import fold_affine
from zkseal.graph.passes.fold_constants import fold_constants
from zkseal.graph.passes.fold_scale import fold_scale
from zkseal.graph.passes.fuse_linear import fuse_linear
from zkseal.graph.passes.fuse_quantized import fuse_quantized
from zkseal.graph.passes.merge_affine import merge_affine
from zkseal.graph.passes.merge_reshapes import merge_reshapes
from zkseal.graph.passes.recognize_activation import recognize_activation
from zkseal.graph.passes.recognize_dynamic_quantize import recognize_dynamic_quantize
from zkseal.graph.passes.recognize_log_sum_exp import recognize_log_sum_exp
from zkseal.graph.passes.recognize_normalization import recognize_normalization
from zkseal.graph.passes.split_sum import split_sum
from zkseal.graph.passes.unfold_batch_norm import unfold_batch_norm
from zkseal.graph.types import Graph

__all__ = [
    "DEFAULT",
    "argmax_of_monotone",
    "decompose",
    "drop_identities",
    "eliminate_dead",
    "expand_scaler",
    "explicit_padding",
    "fold_affine",
    "fold_constants",
    "fold_scale",
    "fuse_linear",
    "fuse_quantized",
    "merge_affine",
    "merge_reshapes",
    "normalize",
    "recognize_activation",
    "recognize_log_sum_exp",
    "recognize_normalization",
    "split_sum",
    "unfold_batch_norm",
]

Pass: TypeAlias = Callable[[Graph], Graph]

DEFAULT: tuple[Pass, ...] = (
    eliminate_dead,
    recognize_log_sum_exp,
    recognize_normalization,
    recognize_activation,
    recognize_dynamic_quantize,
    decompose,
    fuse_quantized,
    fold_constants,
    explicit_padding,
    merge_reshapes,
    drop_identities,
    argmax_of_monotone,
    split_sum,
    unfold_batch_norm,
    fold_scale,
    fuse_linear,
    fold_affine,
    merge_affine,
)

# Each round removes a node or rewrites one into its normal form, so real models settle in two or three rounds.
_MAX_ROUNDS = 20


def normalize(graph: Graph, passes: tuple[Pass, ...] = DEFAULT) -> Graph:
    """Runs `passes` in order until none of them changes the nodes."""
    for _ in range(_MAX_ROUNDS):
        before = graph
        for apply in passes:
            graph = apply(graph)
        if _same_nodes(graph, before):
            break
    return graph


def _same_nodes(left: Graph, right: Graph) -> bool:
    """Whether both graphs apply the same operators to the same names; attributes are never edited in place."""
    return [(n.op, n.inputs, n.outputs) for n in left.nodes] == [(n.op, n.inputs, n.outputs) for n in right.nodes]
