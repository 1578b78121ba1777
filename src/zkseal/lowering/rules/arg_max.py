"""ArgMax, ArgMin, Hardmax.

What it lowers
    ArgMax and ArgMin over one axis, keepdims 0 or 1, select_last_index 0 or 1: of equal extremes the first (or last)
    index, as ONNX. Hardmax over one axis: 1 at the first largest entry, else 0.
Constraints
    `blocks.extremum` with an index, which fixes its one-hot vector, extreme and index.
Range assumptions
    None beyond those of x: n * (hi - lo + 1) stays below 2^62.
Cost
    For each entry: one committed bit, one range check, two products.
Example
    x = (3, 7, 7), ArgMax: extreme 7, chosen (0, 1, 0), 3 (7 - x[j]) + j - 1 = 11, 0, 1; output 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from zkseal.graph import Node
from zkseal.lowering.blocks.extremum import Extremum, Ties
from zkseal.lowering.blocks.reshape import Move, Permute, Reshape, plan_moves
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Quantized


def plan_extremum(node: Node, plan: Plan, axes: Sequence[int], sign: int, ties: Ties) -> Extremum:
    """The extremes of the first input of `node` over `axes`, which become one last axis."""
    source, output = plan.committed(node.inputs[0]), node.outputs[0]
    rest = [k for k in range(len(source.shape)) if k not in axes]
    shape = (*(source.shape[k] for k in rest), prod(source.shape[k] for k in axes))
    if shape != source.shape or [*rest, *axes] != list(range(len(source.shape))):
        moves: list[Move] = [Permute((*rest, *axes)), Reshape(shape)]
        source = plan_moves(plan, node.name, source, f"{output}/rows", shape, moves)
    step = Extremum(node.name, source, output, sign, ties)
    plan.add(step, step.chosen, step.extreme, *([step.index] if ties != "any" else []))
    return step


def define_result(node: Node, plan: Plan, result: Quantized) -> None:
    """Defines the output of `node` as a result of an `Extremum`, in the shape of the output."""
    output = node.outputs[0]
    plan_moves(plan, node.name, result, output, plan.shape(output), [Reshape(plan.shape(output))])


@rule("ArgMax", "ArgMin")
def lower_arg_max(node: Node, plan: Plan) -> None:
    """Plans an ArgMax or ArgMin."""
    attributes = plan.attributes(node)
    axis = int(attributes.get("axis", 0)) % max(len(plan.shape(node.inputs[0])), 1)
    last = bool(attributes.get("select_last_index", 0))
    step = plan_extremum(node, plan, [axis], 1 if node.op == "ArgMax" else -1, "last" if last else "first")
    define_result(node, plan, step.index)


@rule("Hardmax")
def lower_hardmax(node: Node, plan: Plan) -> None:
    """Plans a Hardmax."""
    rank, output = len(plan.shape(node.inputs[0])), node.outputs[0]
    axis = int(plan.attributes(node).get("axis", -1)) % rank
    step = plan_extremum(node, plan, [axis], 1, "first")
    back = [*range(axis), rank - 1, *range(axis, rank - 1)]
    plan_moves(plan, node.name, step.chosen, output, plan.shape(output), [Permute(tuple(back))])
