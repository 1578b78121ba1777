"""How ranges become lookups: one limb width for the whole relation, chosen by a cost model.

A range of k bits over N indices is either N lookups in the table of k bits (k <= w), or L = ceil(k / w) limbs: L - 1
committed tensors of w bits and a virtual top limb. Every distinct width needs a progression table of 2^width rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

__all__ = ["MAX_LIMB_BITS", "MIN_LIMB_BITS", "RangeShape", "choose_limb_bits", "limb_widths", "range_cost"]

MIN_LIMB_BITS = 4
MAX_LIMB_BITS = 17

# In units of one leaf of the lookup tree. Kernel measurements put a leaf at 45-70 ns, a committed value of one byte at
# 53 ns and of two bytes at 77 ns; scalar code is slower by nearly one factor in all. Wider values need a second window.
_COMMIT_BY_BITS = ((8, 0.8), (16, 1.4), (MAX_LIMB_BITS, 2.0))


@dataclass(frozen=True, slots=True)
class RangeShape:
    """A range as the cost model sees it: its width in bits and at how many indices it holds."""

    bits: int
    count: int


def limb_widths(bits: int, limb_bits: int) -> tuple[int, ...]:
    """Widths of the limbs of a value of `bits` bits, lowest first; the last one is the top, which stays virtual."""
    if bits <= limb_bits:
        return (bits,)
    low = -(-bits // limb_bits) - 1
    return (limb_bits,) * low + (bits - limb_bits * low,)


def _commit_cost(bits: int) -> float:
    return next(cost for limit, cost in _COMMIT_BY_BITS if bits <= limit)


def range_cost(ranges: Iterable[RangeShape], limb_bits: int, existing: Collection[int]) -> float:
    """Cost of all `ranges` with limbs of `limb_bits` bits, in leaves of the lookup tree.

    `existing` holds the widths of progression tables that the relation has anyway (they cost nothing more). A table row
    is a leaf, and its multiplicity a committed byte, unless it is zero, as most are in a table with few lookups.
    """
    lookups, commits = 0, 0.0
    widths: set[int] = set()
    for shape in ranges:
        limbs = limb_widths(shape.bits, limb_bits)
        lookups += shape.count * len(limbs)
        commits += shape.count * (len(limbs) - 1) * _commit_cost(limb_bits)
        widths.update(limbs)
    rows = sum(1 << width for width in widths - set(existing))
    return lookups + rows + commits + min(rows, lookups) * _commit_cost(8)


def choose_limb_bits(ranges: Sequence[RangeShape], existing: Collection[int]) -> int:
    """The limb width of least cost; of several the smallest. 0 without ranges.

    The explicit tables of the relation cost the same whatever the width, so they matter only through `existing`.
    """
    if not ranges:
        return 0
    return min(
        range(MIN_LIMB_BITS, MAX_LIMB_BITS + 1),
        key=lambda limb_bits: (range_cost(ranges, limb_bits, existing), limb_bits),
    )
