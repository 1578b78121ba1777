"""DepthToSpace and SpaceToDepth: a reshape, a transpose and a reshape, which are views."""

from __future__ import annotations

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@decomposition("DepthToSpace")
def depth_to_space(x: Expansion) -> None:
    """Channels to blocks of pixels; mode DCR (blocks outermost in the channels) or CRD (innermost)."""
    value = x.input(0)
    (n, c, h, w), s = x.shape(value), int(x.attribute("blocksize", 1))
    rest = c // (s * s)
    if str(x.attribute("mode", "DCR")) == "DCR":
        cut = x.transpose(x.reshape(value, (n, s, s, rest, h, w)), (0, 3, 4, 1, 5, 2))
    else:
        cut = x.transpose(x.reshape(value, (n, rest, s, s, h, w)), (0, 1, 4, 2, 5, 3))
    x.define(0, x.reshape(cut, (n, rest, h * s, w * s)))


@decomposition("SpaceToDepth")
def space_to_depth(x: Expansion) -> None:
    """Blocks of pixels to channels; mode DCR (blocks outermost in the channels) or CRD (innermost)."""
    value = x.input(0)
    (n, c, h, w), s = x.shape(value), int(x.attribute("blocksize", 1))
    order = (0, 3, 5, 1, 2, 4) if str(x.attribute("mode", "DCR")) == "DCR" else (0, 1, 3, 5, 2, 4)
    cut = x.transpose(x.reshape(value, (n, c, h // s, s, w // s, s)), order)
    x.define(0, x.reshape(cut, (n, c * s * s, h // s, w // s)))
