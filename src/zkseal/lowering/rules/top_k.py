"""TopK.

What it lowers
    TopK along one axis with a constant k, largest or smallest; always sorted. Of equal entries the one with the lower
    index comes first, as ONNX.
Constraints
    For rows x of n entries and s = 1 (largest) or -1 let key(v, i) = n s v - i: the keys of a row differ, and their
    order is that of the results. Hints: one bit `picked` for each entry. For the results (v_0, i_0), (v_1, i_1) ..:
    (place of i_r in the row, v_r) is a row of the table of all entries, and i_r is in [0, n); the keys fall,
    key_r - key_(r+1) - 1 in [0, 2^b); picked is a bit, k of a row are 1, and
    (2 picked_j - 1) (key(x_j, j) - key_(k-1)) - (1 - picked_j) in [0, 2^b): exactly the picked entries have a key of at
    least the last result's. So k keys are that large, and the results are k different ones of them: all of them.
    For k = n no entry is left out, and `picked` is not needed.
Range assumptions
    n * (hi - lo + 1) stays below 2^62.
Cost
    For each entry of x: one table row, one bit, one wide range check; for each result a lookup and two range checks.
Example
    x = (3, 7, 7), k = 2: results (7, 1), (7, 2), keys 20, 19; picked (0, 1, 1); key of entry 0 is 9.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.blocks.extremum import entry_number
from zkseal.lowering.blocks.reshape import Move, Permute, Reshape, plan_moves
from zkseal.lowering.emitter import Emitter
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Environment, Quantized, Stored
from zkseal.lowering.view import View
from zkseal.relation import Expr


@dataclass(frozen=True)
class TopK:
    """The step: `source` (rows, n) to `values` and `indices` (rows, k)."""

    node: str
    source: Quantized
    values: Quantized
    indices: Quantized
    sign: int

    @property
    def count(self) -> int:
        """n."""
        return self.source.shape[1]

    @property
    def kept(self) -> int:
        """k."""
        return self.values.shape[1]

    @property
    def picked(self) -> Quantized:
        """1 for the entries that are among the results."""
        return Quantized(f"{self.values.name}/picked", self.source.shape, 0, 0, 1)

    @property
    def _key_bits(self) -> int:
        """Bits of differences of keys."""
        return ((self.source.hi - self.source.lo + 1) * self.count - 1).bit_length()

    def execute(self, environment: Environment) -> None:
        x = environment[self.source.name]
        order = np.argsort(-self.sign * x, axis=1, kind="stable")[:, : self.kept].astype(np.int64)
        environment[self.indices.name] = order
        environment[self.values.name] = np.take_along_axis(x, order, axis=1)
        if self.kept < self.count:
            picked = np.zeros(x.shape, dtype=np.int64)
            np.put_along_axis(picked, order, 1, axis=1)
            environment[self.picked.name] = picked

    def constrain(self, emitter: Emitter) -> None:
        b, node, n, k = emitter.builder, self.node, self.count, self.kept
        column = emitter.flat(self.source.name)
        table = b.table(f"{self.values.name}/entries", [range(column.shape[0]), column])
        sizes = emitter.plain(self.values.shape)
        values = emitter.declare(self.values, sizes, node)
        indices = emitter.declare(self.indices, sizes, node)
        rows, ranks = emitter.loops(sizes)
        v, i = values.at(b, (rows, ranks)), indices.at(b, (rows, ranks))
        b.lookup(table, [*rows, *ranks], [entry_number(b, rows) * n + i, v], origin=node)
        if rows:  # of a single row the table has no other places
            emitter.bound([*rows, *ranks], i, 0, n - 1, origin=node)

        if k > 1:
            step = b.loop(k - 1)
            keys = [self._key(values.at(b, (rows, step + c)), indices.at(b, (rows, step + c))) for c in (0, 1)]
            b.range([*rows, step], keys[0] - keys[1] - 1, bits=self._key_bits, origin=node)
        if k < n:
            self._constrain_picked(emitter, values, indices)

    def _key(self, value: Expr, index: Expr) -> Expr:
        return value * (self.sign * self.count) - index

    def _constrain_picked(self, emitter: Emitter, values: View, indices: View) -> None:
        b, node, last = emitter.builder, self.node, self.kept - 1
        sizes = emitter.sizes_for(Stored.of(self.source, node))
        rows, along = emitter.loops(sizes)
        bit = emitter.hint(self.picked, sizes, node).at(b, (rows, along))
        b.zero([*rows, *along], bit * bit - bit, origin=node)
        b.zero(rows, bit.sum(along) - self.kept, origin=node)
        own = self._key(emitter.read(self.source.name, (rows, along)), entry_number(b, along))
        above = own - self._key(values.at(b, (rows, last)), indices.at(b, (rows, last)))
        b.range([*rows, *along], (bit * 2 - 1) * above + bit - 1, bits=self._key_bits, origin=node)


@rule("TopK")
def lower_top_k(node: Node, plan: Plan) -> None:
    """Plans a TopK. How many results there are follows from their shape."""
    attributes, output = plan.attributes(node), next(name for name in node.outputs if name)
    source, result = plan.committed(node.inputs[0]), plan.shape(output)
    axis = int(attributes.get("axis", -1)) % len(result)
    front = [k for k in range(len(result)) if k != axis]
    rows, n, k = prod(source.shape[a] for a in front), source.shape[axis], result[axis]
    moves: list[Move] = [Permute((*front, axis)), Reshape((rows, n))]
    source = plan_moves(plan, node.name, source, f"{output}/rows", (rows, n), moves)
    values = replace(source, name=f"{output}/values", shape=(rows, k), feature_exponents=None)
    indices = Quantized(f"{output}/indices", (rows, k), 0, 0, n - 1)
    step = TopK(node.name, source, values, indices, 1 if attributes.get("largest", 1) else -1)
    plan.add(step, values, indices)
    back = [*range(axis), len(front), *range(axis, len(front))]
    moved: list[Move] = [Reshape((*(result[a] for a in front), k)), Permute(tuple(back))]
    for name, value in zip(node.outputs, (values, indices), strict=False):
        if name:
            plan_moves(plan, node.name, value, name, result, moved)
