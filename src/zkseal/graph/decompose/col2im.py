"""Col2Im: columns added up where their blocks overlap, through constant lists."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition
from zkseal.graph.decompose.scatter import layers


@decomposition("Col2Im")
def col2im(x: Expansion) -> None:
    """(batch, channels * block, blocks) to (batch, channels, *image)."""
    value, result = x.input(0), x.shape(x.node.outputs[0])
    block = x.array(x.input(2))
    if block is None:
        raise x.unsupported("its block shape is not constant. Make it an initializer")
    (batch, channels), image = result[:2], result[2:]
    places = _places(x, image, [int(size) for size in block.reshape(-1)])
    inside, rows = places >= 0, batch * channels
    flat = x.reshape(value, [rows, places.size])
    total = ""
    for layer in layers(places[inside]):
        # Pixels without a column in this layer read the zero behind all columns.
        entries = np.full(prod(image), places.size)
        entries[places[inside][layer]] = np.flatnonzero(inside)[layer]
        padded = x.apply("Pad", flat, x.constant("pads", [0, 0, 0, 1]), shape=[rows, places.size + 1])
        gathered = x.apply("Gather", padded, x.constant("entries", entries), axis=1)
        total = x.apply("Add", total, gathered) if total else gathered
    x.define(0, x.reshape(total, result))


def _places(x: Expansion, image: tuple[int, ...], block: list[int]) -> npt.NDArray[np.int64]:
    """The row-major pixel of each entry of the columns (position in the block, then block); -1 in the padding."""
    rank = len(image)
    strides, dilations = ([int(v) for v in x.attribute(name, [1] * rank)] for name in ("strides", "dilations"))
    pads = [int(v) for v in x.attribute("pads", [0] * (2 * rank))]
    counts = [
        (image[k] + pads[k] + pads[k + rank] - dilations[k] * (block[k] - 1) - 1) // strides[k] + 1 for k in range(rank)
    ]
    found = []
    for offset in product(*map(range, block)):
        for start in product(*map(range, counts)):
            pixel = [
                s * strides[k] + o * dilations[k] - pads[k] for k, (s, o) in enumerate(zip(start, offset, strict=True))
            ]
            inside = all(0 <= p < size for p, size in zip(pixel, image, strict=True))
            found.append(int(np.ravel_multi_index(pixel, image)) if inside else -1)
    return np.asarray(found, dtype=np.int64)
