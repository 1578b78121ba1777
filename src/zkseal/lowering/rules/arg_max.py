"""ArgMax.

What it lowers
    ArgMax over one axis, keepdims 0 or 1, select_last_index 0 or 1: of equal maxima the first (or last) index, as ONNX.
Constraints
    Hints: `chosen` (one-hot along the axis) and `maximum`. chosen^2 = chosen, sum chosen = 1, maximum = sum chosen * x,
    and maximum - x[j] - before[j] in [0, 2^b), where before[j] = sum of chosen[i] over i > j is 1 exactly when j stands
    before the chosen index: entries there must be smaller, the others not larger. So `chosen` marks the first maximum
    and all hints are fixed. The output is sum j * chosen[j].
Range assumptions
    None beyond those of x; b covers hi - lo + 1 of x.
Cost
    For each entry: one committed bit, one range check, two products.
Example
    x = (3, 7, 7): maximum 7, chosen (0, 1, 0), before (1, 0, 0), differences 7 - 3 - 1, 0, 0; output 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Environment, Operand, Quantized
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr


@dataclass(frozen=True)
class ArgMax:
    """The step. Hints have the shape of `source` (`chosen`) and of `source` without the axis (`maximum`)."""

    node: str
    source: Quantized
    value: Quantized
    axis: int
    last: bool

    @property
    def chosen(self) -> Quantized:
        """1 at the chosen index of the axis, else 0."""
        return Quantized(f"{self.value.name}/chosen", self.source.shape, 0, 0, 1)

    @property
    def maximum(self) -> Quantized:
        """The largest entry along the axis."""
        source = self.source
        shape = source.shape[: self.axis] + source.shape[self.axis + 1 :]
        return Quantized(f"{self.value.name}/maximum", shape, source.exponent, source.lo, source.hi)

    def execute(self, environment: Environment) -> None:
        x = environment[self.source.name]
        index: Integers = x.argmax(axis=self.axis)
        if self.last:
            index = x.shape[self.axis] - 1 - np.flip(x, self.axis).argmax(axis=self.axis)
        environment[self.maximum.name] = x.max(axis=self.axis)
        one_hot = np.zeros(x.shape, dtype=np.int64)
        np.put_along_axis(one_hot, np.expand_dims(index, self.axis), 1, axis=self.axis)
        environment[self.chosen.name] = one_hot
        environment[self.value.name] = np.asarray(index, dtype=np.int64).reshape(self.value.shape)

    def constrain(self, emitter: Emitter) -> None:
        b, axis, size = emitter.builder, self.axis, self.source.shape[self.axis]
        emitter.whole_axis(self.source.name, axis)
        rest = [k for k in range(len(self.source.shape)) if k != axis]
        sizes = emitter.refine([self.source.shape[k] for k in rest], [Operand(self.source.name, tuple(rest))])
        outer = emitter.loops(sizes)
        loops = flat_loops(outer)
        entry, later = b.loop(size), b.loop(max(size - 1, 1))
        width = (size,) if size > 1 else ()
        chosen = emitter.hint(self.chosen, (*sizes[:axis], width, *sizes[axis:]), self.node)

        def along(index: AxisIndex) -> tuple[AxisIndex, ...]:
            return (*outer[:axis], index, *outer[axis:])

        def read(index: AxisIndex) -> Expr:
            return chosen.at(b, along(index))

        maximum = emitter.hint(self.maximum, sizes, self.node).at(b, outer)
        bit = read((entry,))
        x = emitter.read(self.source.name, along((entry,)))
        before = read(entry - later - 1 if self.last else entry + later + 1).sum([later]) if size > 1 else Expr()
        b.zero([*loops, entry], bit * bit - bit, origin=self.node)
        b.zero(loops, bit.sum([entry]) - 1, origin=self.node)
        b.zero(loops, (bit * x).sum([entry]) - maximum, origin=self.node)
        bits = (self.source.hi - self.source.lo).bit_length()
        b.range([*loops, entry], maximum - x - before, bits=bits, origin=self.node)
        output = emitter.declare(self.value, self._output_sizes(sizes), self.node).at(b, self._output_index(outer))
        b.zero(loops, (bit * b.progression(size)[entry]).sum([entry]) - output, origin=self.node)

    def _output_sizes(self, sizes: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
        keep = len(self.value.shape) == len(self.source.shape)
        return (*sizes[: self.axis], (), *sizes[self.axis :]) if keep else sizes

    def _output_index(self, outer: tuple[AxisIndex, ...]) -> tuple[AxisIndex, ...]:
        keep = len(self.value.shape) == len(self.source.shape)
        return (*outer[: self.axis], (), *outer[self.axis :]) if keep else outer


@rule("ArgMax")
def lower_arg_max(node: Node, plan: Plan) -> None:
    """Plans an ArgMax."""
    source = plan.committed(node.inputs[0])
    attributes = plan.attributes(node)
    axis = int(attributes.get("axis", 0)) % len(source.shape)
    output = node.outputs[0]
    value = Quantized(output, plan.shape(output), 0, 0, source.shape[axis] - 1)
    plan.add(ArgMax(node.name, source, value, axis, bool(attributes.get("select_last_index", 0))), value)
