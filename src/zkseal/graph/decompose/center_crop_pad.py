"""CenterCropPad: slices and zero padding around the centre, which are views."""

from __future__ import annotations

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@decomposition("CenterCropPad")
def center_crop_pad(x: Expansion) -> None:
    """Sizes are those of the result. The odd entry is cut off, or put, behind."""
    value = x.input(0)
    result = x.shape(x.node.outputs[0])
    rank = len(result)
    before, after = [0] * rank, [0] * rank
    for axis in range(rank):
        size, wanted = x.shape(value)[axis], result[axis]
        if size > wanted:
            start = (size - wanted) // 2
            value = x.slice(value, axis, start, start + wanted)
        else:
            before[axis] = (wanted - size) // 2
            after[axis] = wanted - size - before[axis]
    if any(before) or any(after):
        value = x.apply("Pad", value, x.constant("pads", [*before, *after]), shape=result)
    x.define(0, value)
