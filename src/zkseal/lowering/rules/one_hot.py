"""OneHot.

What it lowers
    OneHot of computed indices with a constant depth, any axis, values (off, on) constant or computed.
Constraints
    `blocks.choice`: a one-hot vector over the whole range of the index, which fixes it. Entry d of the result is its
    entry d plus its entry d - depth, so that negative indices count from the end and an index out of range chooses
    none. The result is off + (on - off) * chosen, an accumulator.
Range assumptions
    Indices are integers whose range, from bounds that are proven, has at most 2^16 numbers.
Cost
    One committed bit and one product for each index and each number of its range.
Example
    Index 2 of 0 .. 7, depth 3: chosen (0, 0, 1, 0, ..), result (off, off, on).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Product, Sum
from zkseal.lowering.blocks.choice import plan_choice
from zkseal.lowering.blocks.reshape import Move, Permute, Reshape, Take, plan_moves
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Accumulator, Parameter, Quantized, Stored
from zkseal.quantize.scales import fitting_exponent, quantize

MAX_RANGE = 1 << 16


@rule("OneHot")
def lower_one_hot(node: Node, plan: Plan) -> None:
    """Plans a OneHot."""
    output = node.outputs[0]
    result = plan.shape(output)
    axis = int(plan.attributes(node).get("axis", -1)) % len(result)
    bits = [Stored.of(value, node.name) for value in _indicators(node, plan, axis, result)]
    terms: list[tuple[Accumulator, int]]
    values = plan.constant(node.inputs[2])
    if values is None:
        on, off = (_value(node, plan, k, len(result)) for k in (1, 0))
        terms = [(Stored.of(off, node.name), 1)]
        for k, indicator in enumerate(bits):
            chosen = Quantized(indicator.name, result, 0, 0, 1)
            terms.append((Product.of(f"{output}/on_{k}", node.name, result, chosen, on), 1))
            terms.append((Product.of(f"{output}/off_{k}", node.name, result, chosen, off), -1))
        # At most one of the indicators is 1: the result is on or off.
        total = Sum.of(output, node.name, result, terms)
        plan.define(replace(total, lo=min(on.lo, off.lo), hi=max(on.hi, off.hi)))
        return
    off_on = np.asarray(values, dtype=np.float64).reshape(-1)
    whole = bool((off_on == np.floor(off_on)).all()) or plan.is_integer(output)
    exponent = 0 if whole else fitting_exponent(float(np.abs(off_on).max()), plan.options.limit)
    low, high = (int(v) for v in quantize(node.inputs[2], off_on, exponent))
    unchosen = Parameter(f"{output}/off", np.full((1,) * len(result), low), 0)
    base = Constant.of(unchosen, unchosen.shape, node.name, public=True)
    terms = [(base, 1), *((indicator, high - low) for indicator in bits)]
    total = Sum.of(output, node.name, result, terms)
    plan.define(replace(total, lo=min(low, high), hi=max(low, high)).divided(exponent))


def _value(node: Node, plan: Plan, position: int, rank: int) -> Quantized:
    """Off (0) or on (1) of computed values, with as many axes as the result."""
    source, shape = plan.committed(node.inputs[2]), (1,) * rank
    moves: list[Move] = [Take(0, (position,), 1), Reshape(shape)]
    return plan_moves(plan, node.name, source, f"{node.outputs[0]}/value_{position}", shape, moves)


def _indicators(node: Node, plan: Plan, axis: int, result: tuple[int, ...]) -> list[Quantized]:
    """Committed values of the shape of the result whose sum is 1 where the index points to, else 0."""
    index, output = plan.committed(node.inputs[0]), node.outputs[0]
    if index.exponent != 0:
        raise plan.unsupported(node, f"its indices '{index.name}' are no integers. Cast them to int64")
    depth, count = result[axis], index.hi - index.lo + 1
    if count > MAX_RANGE:
        raise plan.unsupported(
            node, f"its indices may be any of {count} numbers, more than {MAX_RANGE}. Clip them to the depth"
        )
    position = Stored.of(index, node.name)
    chosen = plan_choice(plan, position, f"{output}/chosen", count, index.lo)
    order = (*range(axis), len(result) - 1, *range(axis, len(result) - 1))
    found = []
    for name, first in (("position", 0), ("from_end", -depth)):
        entries = tuple(d - index.lo if 0 <= d - index.lo < count else -1 for d in range(first, first + depth))
        if max(entries) >= 0:
            moves: list[Move] = [Take(len(result) - 1, entries), Permute(order)]
            found.append(plan_moves(plan, node.name, chosen, f"{output}/{name}", result, moves))
    return found
