"""MaxPool.

What it lowers
    MaxPool in one, two or three spatial dimensions with strides, dilations, padding and ceil_mode, and its output of
    indices where it is used.
Constraints
    `blocks.maximum` over the taps of each window, which fixes its hints `up` and `down`. Windows of more than four
    taps are pooled axis by axis. Padding counts as the smallest integer of the source: zero, if it is never negative,
    else by subtracting that integer inside the source only, with a public tensor of ones. With indices:
    `blocks.window_maximum`.
Range assumptions
    None beyond those of the source.
Cost
    For each window of K taps: K - 1 range checks, K - 1 products, 2 K - 1 committed integers.
Example
    2 x 2: y = x00 + up1 + up2 + up3, three comparisons.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.blocks.maximum import MaximumChain
from zkseal.lowering.blocks.window_maximum import WindowMaximum
from zkseal.lowering.emitter import Emitter
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Environment, Operand, Quantized
from zkseal.lowering.windows import Windows, plan_windows
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr, Loop, TensorRef

MAX_JOINT_TAPS = 4


@dataclass(frozen=True)
class MaxPool:
    """The step: `value` has shape (batch, channels, *outputs). If `source` can be negative, one axis may be padded."""

    node: str
    source: Quantized
    value: Quantized
    windows: Windows

    @property
    def _chain(self) -> MaximumChain:
        return MaximumChain(self.node, self.value, self.windows.kernel)

    def execute(self, environment: Environment) -> None:
        entries: list[Integers] = []
        for taps in itertools.product(*map(range, self.windows.kernel)):
            array = environment[self.source.name]
            for axis, k in enumerate(taps):
                array = self.windows.gather(array, axis, k, self.source.lo)
            entries.append(array)
        self._chain.execute(environment, entries)

    def constrain(self, emitter: Emitter) -> None:
        windows, source = self.windows, self.source
        view = emitter.view(source.name)
        if not all(view.reads_zero_outside(axis + 2) for axis in range(windows.rank)):
            emitter.copy(source.name)
        own = (0, 1, *([None] * windows.rank))
        sizes = emitter.refine(self.value.shape, [Operand(source.name, own)])
        outer = emitter.loops(sizes)
        padded = [axis for axis in range(windows.rank) if windows.padded(axis) and source.lo < 0]
        ones = {axis: self._ones(emitter, axis) for axis in padded}

        def entry(taps: Sequence[Loop | int]) -> Expr:
            spatial = [windows.index(axis, outer[axis + 2], taps[axis]) for axis in range(windows.rank)]
            x = emitter.read(source.name, (outer[0], outer[1], *spatial))
            for axis in padded:
                x = x - ones[axis][spatial[axis]] * source.lo + source.lo
            return x

        self._chain.constrain(emitter, sizes, outer, entry)

    def _ones(self, emitter: Emitter, axis: int) -> TensorRef:
        """Reads 1 inside the spatial axis and, as everything, 0 outside."""
        size = self.windows.sizes[axis]
        return emitter.constant(f"{self.value.name}/inside_{axis}", np.ones(size, dtype=np.int64))


def _alone(windows: Windows, axis: int, before: tuple[int, ...]) -> Windows:
    """The windows along one axis only; earlier axes (`before`: their output sizes) are pooled already."""
    sizes = (*before, *windows.sizes[axis:])
    outputs = (*before, windows.outputs[axis], *windows.sizes[axis + 1 :])

    def only(values: tuple[int, ...], neutral: int) -> tuple[int, ...]:
        return tuple(v if k == axis else neutral for k, v in enumerate(values))

    return Windows(
        sizes,
        outputs,
        only(windows.kernel, 1),
        only(windows.strides, 1),
        only(windows.dilations, 1),
        only(windows.before, 0),
    )


@rule("MaxPool")
def lower_max_pool(node: Node, plan: Plan) -> None:
    """Plans a MaxPool."""
    kernel = tuple(int(v) for v in plan.attributes(node)["kernel_shape"])
    source, output = plan.committed(node.inputs[0]), node.outputs[0]
    windows = plan_windows(node, plan, kernel)
    if len(node.outputs) > 1 and node.outputs[1]:
        _lower_indexed(node, plan, source, windows)
        return
    padded = source.lo < 0 and any(windows.padded(axis) for axis in range(windows.rank))
    if windows.rank == 1 or (prod(kernel) <= MAX_JOINT_TAPS and not padded):
        value = replace(source, name=output, shape=plan.shape(output))
        plan.add(MaxPool(node.name, source, value, windows), value)
        return
    axes = [k for k in range(windows.rank) if kernel[k] > 1 or windows.strides[k] > 1 or windows.padded(k)]
    done: list[int] = list(windows.sizes)
    for position, axis in enumerate(axes):
        alone = _alone(windows, axis, tuple(done[:axis]))
        done[axis] = windows.outputs[axis]
        last = position == len(axes) - 1
        name = output if last else f"{output}/axis_{axis}"
        value = replace(source, name=name, shape=(*source.shape[:2], *alone.outputs))
        plan.add(MaxPool(node.name, source, value, alone), value)
        source = value


def _lower_indexed(node: Node, plan: Plan, source: Quantized, windows: Windows) -> None:
    """Values and indices, which count through the source row-major, or its spatial axes the other way round."""
    value = replace(source, name=node.outputs[0], shape=plan.shape(node.outputs[0]))
    place = Quantized(node.outputs[1], value.shape, 0, 0, prod(source.shape) - 1)
    order = list(range(windows.rank))
    if int(plan.attributes(node).get("storage_order", 0)) == 0:
        order.reverse()
    spatial, stride = [0] * windows.rank, 1
    for axis in order:
        spatial[axis], stride = stride, stride * windows.sizes[axis]
    strides = (stride * source.shape[1], stride, *spatial)
    plan.add(WindowMaximum(node.name, source, value, place, windows, strides), value, place)
