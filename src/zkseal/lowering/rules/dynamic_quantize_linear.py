"""DynamicQuantizeLinear.

What it lowers
    DynamicQuantizeLinear: integers of 0 .. 255, scale and zero point from the extremes of the operand and zero.
Constraints
    `blocks.extremum` gives the largest and smallest entry, `blocks.split` their parts a >= 0 above and b >= 0 below
    zero. Width w = a + b, or that of scale 1 if that is 0: w = a + b + W e, e a bit, e (a + b) = 0. Zero point z and
    steps d[j] are b and x[j], divided by the scale and rounded as in single precision (`blocks.dynamic_steps`). Both
    may be rounded up: y = d + z - over in [0, 2^8), over a bit, over (y - 255) = 0. All hints are fixed. The output of
    the scale is w / 255, to 2^-31 of w.
Range assumptions
    Those of the operand, which gets 23 bits.
Cost
    For each entry five ranges, one lookup, eight committed integers.
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
from zkseal.lowering.blocks.dynamic_steps import TOP, DynamicScale
from zkseal.lowering.blocks.extremum import Extremum
from zkseal.lowering.blocks.reshape import MoveStep, Reshape
from zkseal.lowering.blocks.split import plan_split
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import precision, rule
from zkseal.lowering.values import Environment, Operand, Quantized, Stored

SCALE_BITS = 31
EXTRA_BITS = 7
"""With the 16 bits of an activation the operand has 23, its width 24: single precision holds both."""

MAX_WIDTH_BITS = 32


@dataclass(frozen=True)
class DynamicQuantization:
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
        most = max(self.above.hi + self.below.hi, self._width_of_one)
        return replace(self._hint("width", (), 1, most), exponent=self.source.exponent)

    @property
    def _width_of_one(self) -> int:
        """The width of scale 1, which tensors of zeros have; 1 where integers cannot say it."""
        exponent = self.source.exponent
        return TOP << exponent if 0 <= exponent < MAX_WIDTH_BITS - 8 else 1

    @property
    def _scale(self) -> DynamicScale:
        return DynamicScale(self.node, self.value.name, self.width)

    def execute(self, environment: Environment) -> None:
        x, above, below = (environment[v.name] for v in (self.source, self.above, self.below))
        span = above + below
        environment[f"{self.value.name}/empty"] = (span == 0).astype(np.int64)
        wide = span + environment[f"{self.value.name}/empty"] * self._width_of_one
        environment[self.width.name] = self.width.check(wide)
        self._scale.execute_scale(environment)
        environment[self.zero_point.name] = self._scale.quantize(environment, below, "zero")
        environment[f"{self.value.name}/step"] = self._scale.quantize(environment, x, "step")
        total = environment[f"{self.value.name}/step"] + environment[self.zero_point.name]
        environment[f"{self.value.name}/over"] = total - np.clip(total, 0, TOP)
        environment[self.value.name] = total - environment[f"{self.value.name}/over"]

    def constrain(self, emitter: Emitter) -> None:
        b, node = emitter.builder, self.node
        above, below = (emitter.read(v.name, ()) for v in (self.above, self.below))
        width = emitter.declare(self.width, (), node).at(b, ())
        empty = emitter.hint(self._hint("empty", (), 0, 1), (), node).at(b, ())
        zero = emitter.declare(self.zero_point, (), node).at(b, ())
        b.zero([], above + below + empty * self._width_of_one - width, origin=node)
        b.zero([], empty * empty - empty, origin=node)
        b.zero([], empty * above + empty * below, origin=node)
        scale = self._scale.constrain_scale(emitter)
        self._scale.constrain_steps(emitter, scale, below, zero, "zero", (), (), ())
        sizes = emitter.refine(self.source.shape, [Operand(self.source.name, tuple(range(len(self.source.shape))))])
        index = emitter.loops(sizes)
        loops, shape = flat_loops(index), self.value.shape
        steps = emitter.hint(self._hint("step", shape, -TOP, TOP), sizes, node).at(b, index)
        over = emitter.hint(self._hint("over", shape, 0, 1), sizes, node).at(b, index)
        y = emitter.declare(self.value, sizes, node).at(b, index)
        x = emitter.read(self.source.name, index)
        self._scale.constrain_steps(emitter, scale, x, steps, "step", shape, sizes, index)
        b.zero(loops, steps + zero - over - y, origin=node)
        b.zero(loops, over * over - over, origin=node)
        b.zero(loops, over * y - over * TOP, origin=node)
        if not emitter.is_public(self.value.name):
            emitter.bound(loops, y, 0, TOP, origin=node)


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
    step = DynamicQuantization(node.name, source, parts[0], parts[1], value, zero)
    if step.width.hi >> MAX_WIDTH_BITS:
        raise plan.unsupported(node, "its operand has more than 30 bits. Use fewer bits for activations")
    plan.add(step, value, zero, step.width)
    factor = ((1 << SCALE_BITS) + TOP // 2) // TOP
    scale = Offset.of(names[1], node.name, Stored.of(step.width, node.name), factor, 0)
    plan.define(replace(scale, exponent=source.exponent + SCALE_BITS))
