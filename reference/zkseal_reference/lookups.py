"""Chapter 4: the lookup domain at a point, and what either argument leaves for stages 5.2 and 5.3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import weights
from .claims import Claim, KnownValues, LinearForm, Part
from .field import P, eq_index
from .layout import Layout, LookupBlock

Form = dict[int, int]
"""A linear form in mu: coefficients by position."""


@dataclass(frozen=True)
class KeyClaim:
    """(1 - r0) k_l(r) + form(mu) = value, for the keys of lane l."""

    form: Form
    value: int


@dataclass(frozen=True)
class LookupClaims:
    """The claims at (r, r0): K of each lane, M, and those that go to 5.3 as they are (G_j, or H and g1)."""

    r: tuple[int, ...]
    r0: int
    keys: tuple[KeyClaim, ...]
    multiplicities: Claim
    rest: tuple[Claim, ...]


def block_weight(placed: LookupBlock, n: int, r: Sequence[int]) -> int:
    """eq(base >> nu, r_hi)."""
    return eq_index(placed.block.number, r[: n - placed.block.log_size])


def block_vectors(placed: LookupBlock, n: int, r: Sequence[int]) -> list[list[int]]:
    """The truncated eq vectors of the loops of a block, from the last nu coordinates."""
    return weights.deal(placed.sizes, r[n - placed.block.log_size :])


def block_indicator(placed: LookupBlock, n: int, r: Sequence[int]) -> int:
    """1 at the in-range indices of a block, 0 elsewhere, at r."""
    value = block_weight(placed, n, r)
    for vector in block_vectors(placed, n, r):
        value = value * sum(vector) % P
    return value


def multiplicity_form(layout: Layout, r: Sequence[int], r0: int, pads: Form, known: KnownValues) -> LinearForm:
    """(1 - r0) m(r) + pads(mu); m is read in range only."""
    form = LinearForm(mu=dict(pads))
    for placed in layout.lookup_blocks:
        if placed.lookup is None:
            (rows,) = block_vectors(placed, layout.n, r)
            coefficient = (1 - r0) * block_weight(placed, layout.n, r) % P
            form.add_part(Part(coefficient, layout.multiplicity(placed.table), (dict(enumerate(rows)),)), known)
    return form
