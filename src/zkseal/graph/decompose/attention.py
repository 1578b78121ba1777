"""Attention: softmax(Q K^T scale + masks) V, with grouped heads, caches, soft caps, causal and window masks.

Masks that are known become one constant that is added, with `NEVER` where a key is not seen; those that are computed
put `NEVER` in the place of scores. Softmax takes both out again (`graph.masking`). A query that sees no key gives a
row of zeros.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition

__all__ = ["NEVER"]

NEVER = -10_000.0
"""What is added to the score of a key that is not seen; single and half precision hold it."""

_Floats = npt.NDArray[np.float64]


@dataclass
class _Masks:
    """`added`: a constant that is added to the scores; `floats`: computed addends; `seen`: computed booleans."""

    added: _Floats
    floats: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def hides(self) -> bool:
        """Whether some key may not be seen."""
        return bool((self.added <= NEVER).any() or self.seen)


@decomposition("Attention")
def write_attention(x: Expansion) -> None:
    """Writes an Attention."""
    query, key, value = (_heads(x, k, "q_num_heads" if k == 0 else "kv_num_heads") for k in (0, 1, 2))
    past = x.shape(x.input(4))[2] if x.has_input(4) else 0
    key, value = _with_past(x, key, 4), _with_past(x, value, 5)
    x.define(1, key)
    x.define(2, value)
    scores = _scores(x, query, key)
    stages = [scores]
    cap = float(x.attribute("softcap", 0.0))
    if cap:
        inner = x.apply("Tanh", x.apply("Mul", scores, x.number(1.0 / cap, scores)))
        scores = x.apply("Mul", inner, x.number(cap, scores))
    stages.append(scores)
    masks = _masks(x, x.shape(scores), past)
    scores = _masked(x, scores, masks)
    stages.append(scores)
    shares = x.apply("Softmax", scores, axis=-1)
    guard = _guard(x, shares, masks)
    mode = int(x.attribute("qk_matmul_output_mode", 0))
    if x.wants_output(3):
        if mode == 2 and masks.hides():
            raise x.unsupported("its qk_matmul_output holds minus infinity. Use another qk_matmul_output_mode")
        x.define(3, stages[mode] if mode < 3 else x.apply("Mul", shares, guard) if guard else shares)
    result = _grouped_product(x, shares, value)
    result = x.apply("Mul", result, guard) if guard else result
    if len(x.shape(x.input(0))) == 3:
        batch, heads, length, size = x.shape(result)
        result = x.reshape(x.transpose(result, (0, 2, 1, 3)), (batch, length, heads * size))
    x.define(0, result)


def _heads(x: Expansion, position: int, count: str) -> str:
    """An operand as (batch, heads, length, size)."""
    name = x.input(position)
    shape = x.shape(name)
    if len(shape) == 4:
        return name
    heads = int(x.attribute(count, 0))
    if heads < 1 or shape[2] % heads:
        raise x.unsupported(f"its {count} do not fit operands with three axes. Set q_num_heads and kv_num_heads")
    split = x.reshape(name, (shape[0], shape[1], heads, shape[2] // heads))
    return x.transpose(split, (0, 2, 1, 3))


def _with_past(x: Expansion, name: str, position: int) -> str:
    return x.concat([x.input(position), name], 2) if x.has_input(position) else name


def _grouped_product(x: Expansion, left: str, right: str) -> str:
    """The product of matrices for each head; a head on the right serves all of its group on the left."""
    batch, heads, rows, inner = x.shape(left)
    shared, columns = x.shape(right)[1], x.shape(right)[3]
    if shared == heads:
        return x.apply("MatMul", left, right)
    grouped = x.reshape(left, (batch, shared, heads // shared, rows, inner))
    product = x.apply("MatMul", grouped, x.reshape(right, (batch, shared, 1, inner, columns)))
    return x.reshape(product, (batch, heads, rows, columns))


def _scores(x: Expansion, query: str, key: str) -> str:
    scale = float(x.attribute("scale", 0.0)) or 1.0 / sqrt(x.shape(query)[-1])
    product = _grouped_product(x, query, x.transpose(key, (0, 1, 3, 2)))
    return product if scale == 1.0 else x.apply("Mul", product, x.number(scale, product))


# Masks ---------------------------------------------------------------------------------------------------------------


def _masks(x: Expansion, shape: tuple[int, ...], past: int) -> _Masks:
    """All masks of scores of `shape`: (batch, heads, queries, keys)."""
    batch, _, queries, keys = shape
    masks = _Masks(np.zeros((1, 1, 1, 1)))
    columns, rows = np.arange(keys), np.arange(queries)[:, np.newaxis]
    # Before the offset: j <= i + offset - distance is (j - i) <= offset - distance.
    lead = columns - rows
    left, right = (int(x.attribute(f"{side}_window_size", -1)) for side in ("left", "right"))
    if x.attribute("is_causal", 0):
        right = 0 if right < 0 else min(right, 0)
    lengths = x.array(x.input(6)) if x.has_input(6) else None
    if x.has_input(6) and lengths is None:
        _add_computed_lengths(x, masks, (batch, queries, keys), lead, (left, right))
    else:
        offset = np.full((batch, 1, 1, 1), past)
        seen = np.ones((1, 1, 1, keys), dtype=bool)
        if lengths is not None:
            counts = np.asarray(lengths).reshape(-1, 1, 1, 1)
            offset, seen = counts - queries, columns < counts
        if right >= 0:
            seen = seen & (lead <= offset + right)
        if left >= 0:
            seen = seen & (lead >= offset - left)
        masks.added = masks.added + np.where(seen, 0.0, NEVER)
    if x.has_input(3):
        _add_operand(x, masks, keys)
    return masks


def _add_computed_lengths(
    x: Expansion, masks: _Masks, sizes: tuple[int, int, int], lead: npt.NDArray[Any], window: tuple[int, int]
) -> None:
    batch, queries, keys = sizes
    lengths = x.reshape(x.cast(x.input(6), "int64"), (batch, 1, 1, 1))
    masks.seen.append(x.apply("Less", x.constant("keys", np.arange(keys)), lengths))
    offset = x.apply("Sub", lengths, x.constant("queries", queries))
    left, right = window
    if right >= 0:
        masks.seen.append(x.apply("LessOrEqual", x.constant("lead", lead - right), offset))
    if left >= 0:
        masks.seen.append(x.apply("GreaterOrEqual", x.constant("lead", lead + left), offset))


def _add_operand(x: Expansion, masks: _Masks, keys: int) -> None:
    """The mask that is given; keys beyond its end are not seen."""
    name = x.input(3)
    contents, boolean = x.array(name), x.dtype(name) == "bool"
    given = x.shape(name)[-1]
    missing = keys - given if given > 1 or keys == 1 else 0
    if contents is not None:
        added = np.where(contents, 0.0, NEVER) if boolean else contents.astype(np.float64)
        padding = [(0, 0)] * (added.ndim - 1) + [(0, missing)]
        masks.added = masks.added + np.maximum(np.pad(added, padding, constant_values=NEVER), NEVER)
        return
    if missing > 0:
        shape = (*x.shape(name)[:-1], missing)
        name = x.concat([name, x.constant("unseen", np.zeros(shape), x.dtype(name))], len(shape) - 1)
        masks.added = masks.added + np.where(np.arange(keys) < given, 0.0, NEVER)
    (masks.seen if boolean else masks.floats).append(name)


def _masked(x: Expansion, scores: str, masks: _Masks) -> str:
    for name in masks.floats:
        scores = x.apply("Add", scores, name)
    if masks.added.any():
        scores = x.apply("Add", scores, x.constant("mask", np.maximum(masks.added, NEVER), x.dtype(scores)))
    if masks.seen:
        scores = x.apply("Where", _all_seen(x, masks), scores, x.number(NEVER, scores), dtype=x.dtype(scores))
    return scores


def _all_seen(x: Expansion, masks: _Masks) -> str:
    seen = masks.seen[0]
    for name in masks.seen[1:]:
        seen = x.apply("And", seen, name)
    return seen


def _guard(x: Expansion, shares: str, masks: _Masks) -> str:
    """1 for queries that see a key, else 0, as a factor; "" if all do."""
    dtype, shape = x.dtype(shares), x.shape(shares)
    known = masks.added > NEVER
    if not masks.seen:
        sees = known.any(axis=-1, keepdims=True)
        return "" if sees.all() else x.constant("sees", sees.astype(np.float64), dtype)
    seen = _all_seen(x, masks)
    if not known.all():
        seen = x.apply("And", seen, x.constant("known", known, "bool"))
    if x.shape(seen)[-1] == 1 and shape[-1] > 1:
        return x.cast(seen, dtype)
    reduced = (*x.shape(seen)[:-1], 1)
    number = x.cast(seen, dtype)
    return x.apply("ReduceMax", number, x.constant("axes", [len(reduced) - 1]), shape=reduced, keepdims=1)
