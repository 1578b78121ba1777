"""RotaryEmbedding: pairs of features turned by an angle that depends on the position.

(a, b) -> (a cos - b sin, a sin + b cos); a and b are the halves of the rotated features, or every other one.
"""

from __future__ import annotations

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@decomposition("RotaryEmbedding")
def write_rotary_embedding(x: Expansion) -> None:
    """Writes a RotaryEmbedding."""
    value = x.input(0)
    shape = x.shape(value)
    if len(shape) == 3:
        heads = int(x.attribute("num_heads", 0))
        if heads < 1 or shape[2] % heads:
            raise x.unsupported("its num_heads does not fit an operand with three axes. Set num_heads")
        value = x.reshape(value, (shape[0], shape[1], heads, shape[2] // heads))
    else:
        value = x.transpose(value, (0, 2, 1, 3))
    turned = _turned(x, value)
    x.define(0, x.reshape(turned, shape) if len(shape) == 3 else x.transpose(turned, (0, 2, 1, 3)))


def _turned(x: Expansion, value: str) -> str:
    """The rotation of (batch, length, heads, size)."""
    batch, length, heads, size = x.shape(value)
    count = int(x.attribute("rotary_embedding_dim", 0)) or size
    pairs = count // 2
    cos, sin = (_angles(x, k, (batch, length, pairs)) for k in (1, 2))
    interleaved = bool(x.attribute("interleaved", 0))
    rotated = x.slice(value, 3, 0, count)
    if interleaved:
        split = x.reshape(rotated, (batch, length, heads, pairs, 2))
        a, b = (x.reshape(x.slice(split, 4, k, k + 1), (batch, length, heads, pairs)) for k in (0, 1))
    else:
        a, b = x.slice(rotated, 3, 0, pairs), x.slice(rotated, 3, pairs, count)
    real = x.apply("Sub", x.apply("Mul", a, cos), x.apply("Mul", b, sin))
    imaginary = x.apply("Add", x.apply("Mul", a, sin), x.apply("Mul", b, cos))
    if interleaved:
        columns = [x.reshape(part, (batch, length, heads, pairs, 1)) for part in (real, imaginary)]
        turned = x.reshape(x.concat(columns, 4), (batch, length, heads, count))
    else:
        turned = x.concat([real, imaginary], 3)
    return turned if count == size else x.concat([turned, x.slice(value, 3, count, size)], 3)


def _angles(x: Expansion, position: int, shape: tuple[int, int, int]) -> str:
    """A cache at the positions, (batch, length, 1, pairs): (positions, pairs) to gather from, or one row a position."""
    batch, length, pairs = shape
    cache = x.input(position)
    if x.has_input(3):
        cache = x.apply("Gather", cache, x.input(3), axis=0)
    return x.reshape(cache, (batch, length, 1, pairs))
