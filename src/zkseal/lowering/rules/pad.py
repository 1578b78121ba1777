"""Pad.

What it lowers
    Pad with constant pads (negative ones cut entries off), axes, and modes constant (of any value, computed ones
    included), reflect, edge and wrap.
Constraints
    None: zeros are read where an index leaves the tensor, the other modes read through a public list for each axis.
    A constant value c adds the public tensor that is c outside and 0 inside, a computed one c times a public mask.
Range assumptions
    None.
Cost
    Nothing; with c other than zero one public entry for each entry of the result.
Example
    x (1, 4) with pads 0, 2, 0, 1: y[0, i] reads x[0, i - 2]; reflected, x[0, (2, 1, 0, 1, 2, 3, 2)[i]].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Scaled, Sum
from zkseal.lowering.blocks.reshape import Move, Pad, Take, define_move, plan_moves
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Accumulator, Parameter, Stored
from zkseal.quantize.scales import quantize

_LIST_MODES = {"reflect": "reflect", "edge": "edge", "wrap": "wrap"}
"""Modes of ONNX and of numpy that name entries of the source."""


@rule("Pad")
def lower_pad(node: Node, plan: Plan) -> None:
    """Plans a Pad."""
    shape, mode = plan.shape(node.inputs[0]), plan.attributes(node).get("mode", "constant")
    mode = mode.decode() if isinstance(mode, bytes) else str(mode)
    widths = _widths(node, plan, len(shape))
    if mode in _LIST_MODES:
        define_move(node, plan, [_listed(k, size, widths[k], mode) for k, size in enumerate(shape) if any(widths[k])])
        return
    if mode != "constant":
        raise plan.unsupported(node, f"mode {mode!r} is unknown. Use constant, reflect, edge or wrap")
    moves = _zero_padding(shape, widths)
    constant = plan.constant(node.inputs[2]) if plan.has_input(node, 2) else np.zeros(1)
    if constant is not None and float(constant.reshape(-1)[0]) == 0:
        define_move(node, plan, moves)
    else:
        _define_filled(node, plan, moves, constant, widths)


def _widths(node: Node, plan: Plan, rank: int) -> list[tuple[int, int]]:
    """(before, after) for each axis."""
    pads = [int(v) for v in plan.required_constant(node, 1, "list of pads").reshape(-1)]
    axes = list(range(rank))
    if plan.has_input(node, 3):
        axes = [int(v) % rank for v in plan.required_constant(node, 3, "list of axes").reshape(-1)]
    widths = [(0, 0)] * rank
    for k, axis in enumerate(axes):
        widths[axis] = (pads[k], pads[k + len(axes)])
    return widths


def _listed(axis: int, size: int, width: tuple[int, int], mode: str) -> Move:
    before, after = (max(w, 0) for w in width)
    padded = np.pad(np.arange(size), (before, after), mode=mode)  # type: ignore[call-overload]
    start, stop = max(-width[0], 0), len(padded) - max(-width[1], 0)
    return Take(axis, tuple(int(entry) for entry in padded[start:stop]))


def _zero_padding(shape: Sequence[int], widths: Sequence[tuple[int, int]]) -> list[Move]:
    moves: list[Move] = []
    for axis, (size, (before, after)) in enumerate(zip(shape, widths, strict=True)):
        start, stop = max(-before, 0), size - max(-after, 0)
        if stop - start < size:
            moves.append(Take(axis, tuple(range(start, stop)), 1))
        if before > 0 or after > 0:
            moves.append(Pad(axis, max(before, 0), max(after, 0)))
    return moves


def _define_filled(
    node: Node,
    plan: Plan,
    moves: Sequence[Move],
    constant: npt.NDArray[Any] | None,
    widths: Sequence[tuple[int, int]],
) -> None:
    """`constant`: the value outside; None if it is computed, the third input of `node`."""
    output = node.outputs[0]
    shape = plan.shape(output)
    padded = plan_moves(plan, node.name, plan.committed(node.inputs[0]), f"{output}/padded", shape, moves)
    outside = np.ones(shape, dtype=np.int64)
    outside[tuple(slice(max(b, 0), size - max(a, 0)) for size, (b, a) in zip(shape, widths, strict=True))] = 0
    name = f"{output}/filling"
    filling: Accumulator
    if constant is None:
        mask = Parameter(f"{name}/mask", outside, 0)
        filling = Scaled.of(name, node.name, shape, plan.committed(node.inputs[2]), mask, public=True)
    else:
        exponent = max(padded.exponent, plan.target_exponent(output))
        fill = int(quantize(node.inputs[2], constant, exponent).reshape(-1)[0])
        filling = Constant.of(Parameter(name, outside * fill, exponent), shape, node.name, public=True)
    plan.define(Sum.of(output, node.name, shape, [(Stored.of(padded, node.name), 1), (filling, 1)]))
