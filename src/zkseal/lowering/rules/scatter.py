"""ScatterElements and ScatterND with computed indices, without a reduction or with addition.

What it lowers
    Both, for indices that are computed; constant indices and the other reductions are written as other operators
    (`graph.decompose.scatter`). Without a reduction no place may be written twice, which ONNX leaves undefined.
Constraints
    `blocks.choice`: a one-hot vector of its place for each update, which fixes the vector and shows that the index
    exists; negative indices count from the end. With W[u, p] = 1 if update u falls on place p, the result is
    data + sum_u W[u, p] update[u] when added, else data - t data + sum_u W[u, p] update[u], where the hint
    t[p] = sum_u W[u, p], tied by a Zero, is a bit: no place is written twice.
Range assumptions
    Indices are integers of [-n, n) for an axis of n entries; others raise `RangeExceeded` while proving.
Cost
    One bit and one product for each pair of an update (of a slice) and a place along the axis; no lookup.
Example
    data (4,), index 2, update 7: W = (0, 0, 1, 0), t = W, result (d_0, d_1, 7, d_3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from zkseal.errors import WrongInput
from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Product, Scaled, Sum
from zkseal.lowering.blocks.choice import plan_choice
from zkseal.lowering.blocks.position import plan_position
from zkseal.lowering.blocks.rescale import plan_rescale
from zkseal.lowering.blocks.reshape import Move, Pad, Permute, Reshape, Take, plan_moves
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.rules.gather import operand, strides
from zkseal.lowering.values import Accumulator, Environment, Operand, Parameter, Quantized, Stored
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers
from zkseal.quantize.scales import model_bounds
from zkseal.relation import Expr


@dataclass(frozen=True)
class Placed(Accumulator):
    """The sum over updates u of `chosen`[u, place, row] * `updates`[u, row]; chosen may have one row for all."""

    chosen: Quantized
    updates: Quantized | Parameter

    @property
    def is_bounded(self) -> bool:
        return isinstance(self.updates, Quantized)

    def operands(self) -> tuple[Operand, ...]:
        found = [Operand(self.chosen.name, (1, 2 if self.chosen.shape[2] > 1 else None))]
        if isinstance(self.updates, Quantized):
            found.append(Operand(self.updates.name, (None, 1)))
        return tuple(found)

    def compute(self, environment: Environment) -> Integers:
        updates = environment[self.updates.name] if isinstance(self.updates, Quantized) else self.updates.integers
        total: Integers = (environment[self.chosen.name] * updates[:, np.newaxis]).sum(axis=0)
        return np.broadcast_to(total, self.shape)

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        along = [Operand(self.chosen.name, (0,))]
        if isinstance(self.updates, Quantized):
            along.append(Operand(self.updates.name, (0,)))
        (update,) = emitter.loops(emitter.refine(self.chosen.shape[:1], along))
        place, row = index
        bit = emitter.read(self.chosen.name, (update, place, row if self.chosen.shape[2] > 1 else ()))
        if isinstance(self.updates, Quantized):
            return (bit * emitter.read(self.updates.name, (update, row))).sum(update)
        return (bit * emitter.parameter(self.updates, (update, row))).sum(update)


@dataclass(frozen=True)
class Touched:
    """The step: `value` is 1 where an update falls, else 0; two on one place are refused."""

    node: str
    chosen: Quantized
    value: Quantized

    def execute(self, environment: Environment) -> None:
        touched = environment[self.chosen.name].sum(axis=0)
        self.require_distinct(touched)
        environment[self.value.name] = touched

    def require_distinct(self, touched: Integers) -> None:
        """Raises `WrongInput` if a place is written twice."""
        if touched.max(initial=0) > 1:
            raise WrongInput(
                f"Two updates of node '{self.node}' fall on one place; ONNX leaves open which of them counts. Give "
                "different indices, or use reduction='add'.",
                name=self.node,
                expected="different indices",
            )

    def constrain(self, emitter: Emitter) -> None:
        b, shape = emitter.builder, self.chosen.shape
        sizes = emitter.refine(shape, [Operand(self.chosen.name, (0, 1, 2))])
        update, *place = emitter.loops(sizes)
        loops = flat_loops(place)
        touched = emitter.hint(self.value, sizes[1:], self.node).at(b, place)
        b.zero(loops, emitter.read(self.chosen.name, (update, *place)).sum(update) - touched, origin=self.node)
        b.zero(loops, touched * touched - touched, origin=self.node)


@rule("ScatterElements")
def lower_scatter_elements(node: Node, plan: Plan) -> None:
    """Plans a ScatterElements with computed indices."""
    shape, own = plan.shape(node.inputs[0]), plan.shape(node.inputs[1])
    axis, output = int(plan.attributes(node).get("axis", 0)) % len(shape), node.outputs[0]
    order = (axis, *(k for k in range(len(shape)) if k != axis))
    rest = [shape[k] for k in order[1:]]
    n, m, rows = shape[axis], own[axis], prod(rest)
    position = plan_position(plan, node, plan.committed(node.inputs[1]), n, f"{output}/position", check=False)
    chosen = plan_choice(plan, position, f"{output}/chosen", n)
    # Rows of the other axes side by side; rows that the updates do not reach have none.
    reach: list[Move] = [Pad(k + 1, 0, shape[a] - own[a]) for k, a in enumerate(order[1:]) if shape[a] > own[a]]
    last = len(shape)
    moves: list[Move] = [Permute((*order, last)), *reach, Reshape((m, rows, n)), Permute((0, 2, 1))]
    chosen = plan_moves(plan, node.name, chosen, f"{output}/places", (m, n, rows), moves)
    updates = _matrix(node, plan, 2, [Permute(order), *reach, Reshape((m, rows))], (m, rows))
    data = _matrix(node, plan, 0, [Permute(order), Reshape((n, rows))], (n, rows))
    back = tuple(int(k) for k in np.argsort(order))
    _define(node, plan, data, chosen, updates, [Reshape((n, *rest)), Permute(back)])


@rule("ScatterND")
def lower_scatter_nd(node: Node, plan: Plan) -> None:
    """Plans a ScatterND with computed indices: places are counted row-major over the axes that are indexed."""
    shape, own, output = plan.shape(node.inputs[0]), plan.shape(node.inputs[1]), node.outputs[0]
    depth, m = own[-1], prod(own[:-1])
    lead, rows = shape[:depth], prod(shape[depth:])
    n, index = prod(lead), plan.committed(node.inputs[1])
    terms: list[tuple[Accumulator, int]] = []
    for k, step in enumerate(strides(lead)):
        moves: list[Move] = [Reshape((m, depth)), Take(1, (k,), 1), Reshape((m,))]
        part = plan_moves(plan, node.name, index, f"{output}/index_{k}", (m,), moves)
        position = plan_position(plan, node, part, lead[k], f"{output}/position_{k}", check=k > 0)
        terms.append((position, step))
    place = Sum.of(f"{output}/place", node.name, (m,), terms)
    one_hot = plan_choice(plan, place, f"{output}/chosen", n)
    chosen = plan_moves(plan, node.name, one_hot, f"{output}/places", (m, n, 1), [Reshape((m, n, 1))])
    updates = _matrix(node, plan, 2, [Reshape((m, rows))], (m, rows))
    data = _matrix(node, plan, 0, [Reshape((n, rows))], (n, rows))
    _define(node, plan, data, chosen, updates, [Reshape(shape)])


def _matrix(
    node: Node, plan: Plan, position: int, moves: Sequence[Move], shape: tuple[int, int]
) -> Quantized | Parameter:
    """An input of `node` after moves."""
    value = operand(node, plan, position)
    if isinstance(value, Quantized):
        return plan_moves(plan, node.name, value, f"{node.outputs[0]}/input_{position}", shape, moves)
    array = value.integers
    for move in moves:
        array = move.apply(array)
    return Parameter(value.name, array, value.exponent)


def _define(
    node: Node,
    plan: Plan,
    data: Quantized | Parameter,
    chosen: Quantized,
    updates: Quantized | Parameter,
    moves: Sequence[Move],
) -> None:
    """Defines the output of `node`: data (n, rows) with updates (m, rows) at `chosen` (m, n, rows or 1)."""
    output, shape = node.outputs[0], (data.shape[0], data.shape[1])
    added = plan.attributes(node).get("reduction", "none") in ("add", b"add")
    of_updates, of_data = _bounds(updates), _bounds(data)
    count = updates.shape[0] if added else 1
    lo, hi = min(of_updates[0], 0) * count, max(of_updates[1], 0) * count
    placed = Placed(f"{output}/placed", node.name, shape, updates.exponent, lo, hi, chosen, updates)
    terms: list[tuple[Accumulator, int]] = [(_entries(data, node.name), 1), (placed, 1)]
    if not added:
        touched = Quantized(f"{output}/touched", chosen.shape[1:], 0, 0, 1)
        plan.add(Touched(node.name, chosen, touched), touched)
        cleared: Accumulator
        if isinstance(data, Quantized):
            cleared = Product.of(f"{output}/cleared", node.name, shape, touched, data)
        else:
            cleared = Scaled.of(f"{output}/cleared", node.name, shape, touched, data)
        terms.append((cleared, -1))
    total = Sum.of(output, node.name, shape, terms)
    if not added:  # each entry is that of the data or that of one update
        up, down = (total.exponent - value.exponent for value in (updates, data))
        ends = [bound << shift for pair, shift in ((of_updates, up), (of_data, down)) for bound in pair]
        total = replace(total, lo=min(ends), hi=max(ends))
    step = plan_rescale(total, plan)
    value = replace(step.value, name=f"{output}/matrix")
    plan.add(replace(step, value=value))
    plan_moves(plan, node.name, value, output, plan.shape(output), moves)


def _bounds(value: Quantized | Parameter) -> tuple[int, int]:
    return (value.lo, value.hi) if isinstance(value, Quantized) else model_bounds(value.stored)


def _entries(value: Quantized | Parameter, node: str) -> Accumulator:
    return Stored.of(value, node) if isinstance(value, Quantized) else Constant.of(value, value.shape, node)
