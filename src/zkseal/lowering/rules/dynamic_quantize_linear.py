"""DynamicQuantizeLinear.

What it lowers
    DynamicQuantizeLinear: integers of 0 .. 255, scale and zero point from the extremes of the operand and zero.
Constraints
    `blocks.extremum` gives the largest and smallest entry, `blocks.split` their parts a >= 0 above and b >= 0 below
    zero. Width w = a + b, or 1 if that is 0: w = a + b + e, e a bit, e (a + b) = 0, w - 1 in [0, 2^k). Zero point
    z = 255 b / w and steps d[j] = 255 x[j] / w, rounded half to even: (d, odd) is a row of the table of parities, and
    w + r - odd >= 0, w - r - odd >= 0 for r = 510 x - 2 w d; so d is the nearest integer, and even if two are. Both
    roundings may go up together: y = d + z - over in [0, 2^8), over a bit, over (y - 255) = 0. All hints are fixed.
    The scale is w / 255, to 2^-31 of w.
Range assumptions
    Those of the operand, which gets 8 bits more than an activation.
Cost
    For each entry six ranges, one lookup, seven committed integers.
Example
    x = (0, 2, -3): a = 2, b = 3, w = 5, z = 153, d = (0, 102, -153), y = (153, 255, 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Offset
from zkseal.lowering.blocks.extremum import Extremum
from zkseal.lowering.blocks.reshape import MoveStep, Reshape
from zkseal.lowering.blocks.split import plan_split
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import precision, rule
from zkseal.lowering.values import Environment, Operand, Quantized, Stored
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr, Loop

TOP = 255
SCALE_BITS = 31
EXTRA_BITS = 8


def _nearest(numerators: Integers, width: Integers) -> Integers:
    """numerators / width, to the nearest integer, ties to even."""
    floor = (2 * numerators + width) // (2 * width)
    tie = (2 * numerators + width) % (2 * width) == 0
    even: Integers = floor - (tie & (floor % 2 == 1))
    return even


@dataclass(frozen=True)
class DynamicSteps:
    """The step behind the extremes. `above`, `below` have no axes, `value` has the shape of `source`."""

    node: str
    source: Quantized
    above: Quantized
    below: Quantized
    value: Quantized
    zero_point: Quantized

    def _hint(self, name: str, shape: tuple[int, ...], lo: int, hi: int) -> Quantized:
        return Quantized(f"{self.value.name}/{name}", shape, 0, lo, hi)

    @property
    def width(self) -> Quantized:
        """w, with the exponent of the source."""
        return replace(self._hint("width", (), 1, self.above.hi + self.below.hi), exponent=self.source.exponent)

    def execute(self, environment: Environment) -> None:
        x, above, below = (environment[v.name] for v in (self.source, self.above, self.below))
        span = above + below
        width = np.maximum(span, 1)
        zero = _nearest(TOP * below, width)
        steps = _nearest(TOP * x, width)
        over = steps + zero - np.clip(steps + zero, 0, TOP)
        environment[self.width.name] = width
        environment[f"{self.value.name}/empty"] = width - span
        environment[self.zero_point.name] = zero
        environment[f"{self.value.name}/zero_odd"] = zero & 1
        environment[f"{self.value.name}/steps"] = steps
        environment[f"{self.value.name}/odd"] = steps & 1
        environment[f"{self.value.name}/over"] = over
        environment[self.value.name] = steps + zero - over

    def constrain(self, emitter: Emitter) -> None:
        b, node = emitter.builder, self.node
        above, below = (emitter.read(v.name, ()) for v in (self.above, self.below))
        width = emitter.declare(self.width, (), node).at(b, ())
        empty = emitter.hint(self._hint("empty", (), 0, 1), (), node).at(b, ())
        zero = emitter.declare(self.zero_point, (), node).at(b, ())
        zero_odd = emitter.hint(self._hint("zero_odd", (), 0, 1), (), node).at(b, ())
        b.zero([], above + below + empty - width, origin=node)
        b.zero([], empty * empty - empty, origin=node)
        b.zero([], empty * above + empty * below, origin=node)
        b.range([], width - 1, bits=self.width.hi.bit_length(), origin=node)
        self._round(emitter, [], below, zero, zero_odd, width)
        sizes = emitter.refine(self.source.shape, [Operand(self.source.name, tuple(range(len(self.source.shape))))])
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        shape = self.value.shape
        steps = emitter.hint(self._hint("steps", shape, -TOP, TOP), sizes, node).at(b, index)
        odd, over = (emitter.hint(self._hint(name, shape, 0, 1), sizes, node).at(b, index) for name in ("odd", "over"))
        y = emitter.declare(self.value, sizes, node).at(b, index)
        self._round(emitter, loops, emitter.read(self.source.name, index), steps, odd, width)
        b.zero(loops, steps + zero - over - y, origin=node)
        b.zero(loops, over * over - over, origin=node)
        b.zero(loops, over * y - over * TOP, origin=node)
        if not emitter.is_public(self.value.name):
            emitter.bound(loops, y, 0, TOP, origin=node)

    def _round(self, emitter: Emitter, loops: list[Loop], x: Expr, steps: Expr, odd: Expr, width: Expr) -> None:
        """steps = TOP x / width, half to even."""
        b = emitter.builder
        rows = np.arange(-TOP, TOP + 1, dtype=np.int64)
        b.lookup(b.table("parity_of_9_bits", [rows, rows & 1]), loops, [steps, odd], origin=self.node)
        remainder = x * (2 * TOP) - width * steps * 2
        bits = (2 * self.width.hi).bit_length()
        b.range(loops, width + remainder - odd, bits=bits, origin=self.node)
        b.range(loops, width - remainder - odd, bits=bits, origin=self.node)


@precision("DynamicQuantizeLinear")
def dynamic_precision(node: Node, plan: Plan) -> Mapping[str, int]:
    """Rounding the operand must be much finer than its steps."""
    name = node.inputs[0]
    return {} if plan.constant(name) is not None else {name: plan.target_exponent(name) + EXTRA_BITS}


@rule("DynamicQuantizeLinear")
def lower_dynamic_quantize_linear(node: Node, plan: Plan) -> None:
    """Plans a DynamicQuantizeLinear."""
    names = [name or f"{node.name}/{what}" for name, what in zip(node.outputs, ("y", "scale", "zero"), strict=True)]
    source, output = plan.committed(node.inputs[0]), names[0]
    entries = (prod(source.shape),)
    flat = plan.rename(source, f"{output}/entries", entries)
    plan.add(MoveStep(node.name, source.name, flat, (Reshape(entries),)), flat)
    parts: list[Quantized] = []
    for what, sign in (("above", 1), ("below", -1)):
        extremum = Extremum(node.name, flat, f"{output}/{what}", sign, "any")
        plan.add(extremum, extremum.extreme)
        signed = Offset.of(f"{output}/{what}", node.name, Stored.of(extremum.extreme, node.name), sign, 0)
        split = plan_split(signed, f"{output}/{what}", source.exponent, source.magnitude * 2 + 1)
        plan.add(split, split.positive)
        parts.append(split.positive)
    value, zero = Quantized(output, source.shape, 0, 0, TOP), Quantized(names[2], (), 0, 0, TOP)
    step = DynamicSteps(node.name, source, parts[0], parts[1], value, zero)
    plan.add(step, value, zero, step.width)
    factor = ((1 << SCALE_BITS) + TOP // 2) // TOP
    scale = Offset.of(names[1], node.name, Stored.of(step.width, node.name), factor, 0)
    plan.define(replace(scale, exponent=source.exponent + SCALE_BITS))
