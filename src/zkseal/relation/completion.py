"""Derived witness: the limbs of ranges, which follow from everything else.

The top limb of a range is the lookup of `(e - sum limb_t 2^(wt)) >> w(L-1)`. Its terms without the limbs, multiplied by
2^(w(L-1)), are e again; the limbs are the low bits of e.
"""

from __future__ import annotations

import numpy as np

from zkseal.relation.evaluation import Evaluator
from zkseal.relation.relation import Relation, Values

__all__ = ["complete"]


def complete(relation: Relation, values: Values) -> dict[str, np.ndarray]:
    """See `Relation.complete`. Limbs are int32 arrays."""
    evaluator = Evaluator(relation, values)
    completed = dict(values)
    for part in relation.derived:
        lookup, own = relation.lookups[part.lookup], set(part.limbs)
        rest = tuple(t for t in lookup.expressions[0] if not any(access.tensor in own for access in t.accesses))
        divided_bits = part.limb_bits * len(part.limbs)
        scaled, shift = evaluator.scaled(rest, lookup.loops, least_shift=divided_bits)
        # The value e, rounded down: where e is no integer the top limb is none either, and `check` says so.
        value = np.asarray(scaled >> (shift - divided_bits), dtype=scaled.dtype)
        for t, index in enumerate(part.limbs):
            limb = (value >> (part.limb_bits * t)) & ((1 << part.limb_bits) - 1)
            completed[relation.names.tensors[index]] = np.asarray(limb, dtype=np.int32).reshape(
                relation.tensors[index].shape
            )
    return completed
