"""Chapter 4: keys of lookups and table rows; the fraction tree (stage 5.1-G)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from zkseal_reference import expansion, tree
from zkseal_reference.claims import Claim
from zkseal_reference.field import HALF, P, bits, eq_vector
from zkseal_reference.layout import Layout, LookupBlock

from .channel import Channel, Vector
from .hooks import Values
from .values import Evaluator


def in_range_entries(layout: Layout, values: Values, beta: int) -> Iterator[tuple[LookupBlock, int, int, int | None]]:
    """Block, position, key and (of a table row) multiplicity of every in-range index."""
    evaluator = Evaluator(layout, values)
    for placed in layout.lookup_blocks:
        constant = expansion.id_coefficient(layout, beta, placed.table)
        for index in product(*(range(size) for size in placed.sizes)):
            position = placed.block.base
            offset = 0
            for i, size in zip(index, placed.sizes, strict=True):
                offset = offset << bits(size) | i
            position += offset
            if placed.lookup is not None:
                at = dict(zip(placed.lookup.loops, index, strict=True))
                entries = [evaluator.expression(e, at) for e in placed.lookup.expressions]
                multiplicity = None
            else:
                columns = layout.relation.tables[placed.table].columns
                entries = [evaluator.entry(column, index[0]) for column in columns]
                multiplicity = values[layout.multiplicity(placed.table)][index[0]]
            key = sum(expansion.key_coefficient(beta, t) * e for t, e in enumerate(entries, 1)) + constant
            yield placed, position, key % P, multiplicity


def leaves(layout: Layout, values: Values, beta: int, alpha: int) -> tuple[Vector, Vector]:
    p, q = [0] * (1 << layout.n), [1] * (1 << layout.n)
    for _, position, key, multiplicity in in_range_entries(layout, values, beta):
        p[position] = 1 if multiplicity is None else -multiplicity % P
        q[position] = (alpha - key) % P
    return p, q


def build_tree(layout: Layout, lowest: tuple[Vector, Vector]) -> list[tuple[Vector, Vector]]:
    """levels[j] = (p_j, q_j)."""
    levels = [lowest]
    for _ in range(layout.n):
        p, q = levels[0]
        pairs = range(0, len(p), 2)
        above = ([(p[i] * q[i + 1] + p[i + 1] * q[i]) % P for i in pairs], [q[i] * q[i + 1] % P for i in pairs])
        levels.insert(0, above)
    return levels


def quadratic(tables: Sequence[tuple[int, int]], combiner: int) -> tuple[int, int]:
    """The coefficients of X and X^2 of the node value, for linear functions given by their values at 0 and 1."""
    at = [tree.node_value([a + x * (b - a) for a, b in tables], combiner) for x in (0, 1, 2)]
    second = (at[2] - 2 * at[1] + at[0]) * HALF % P
    return (at[1] - at[0] - second) % P, second


def prove_tree(
    channel: Channel, layout: Layout, levels: list[tuple[Vector, Vector]], mu: Vector
) -> tuple[tree.NodeClaim, list[Claim]]:
    claim, claims = tree.ROOT, []
    for j in range(layout.n):
        combiner = tree.layer_combiner(channel.transcript, j)
        p, q = levels[j + 1]
        tables = [p[0::2], p[1::2], q[0::2], q[1::2]]
        pads = [mu[layout.mask.pad(kind, j + 1, b)] for kind in "pq" for b in (0, 1)]
        centres = (*claim.r, 0)
        point, total = [0] * (j + 1), (claim.p + combiner * claim.q) % P
        for i in tree.round_order(j + 1):
            h_1 = h_2 = 0
            if i == j:
                tables = [[table[0], pad] for table, pad in zip(tables, pads, strict=True)]
                prefix = [1]
            else:
                prefix = eq_vector(claim.r[:i])
            for y, weight in enumerate(prefix):
                first, second = quadratic([(table[2 * y], table[2 * y + 1]) for table in tables], combiner)
                h_1, h_2 = h_1 + weight * first, h_2 + weight * second
            h_1 = (1 - claim.r0) * h_1 + mu[layout.mask.tree(j, i, 1)]
            h_2 = (1 - claim.r0) * h_2 + mu[layout.mask.tree(j, i, 2)]
            h_1, h_2 = channel.scalars("tree round", h_1, h_2)
            x = channel.transcript.challenge("tree point")
            total = (total - centres[i] * (h_1 + h_2) + h_1 * x + h_2 * x * x) % P
            point[i] = x
            tables = [[(t[k] + x * (t[k + 1] - t[k])) % P for k in range(0, len(t), 2)] for t in tables]
        values: tuple[int, ...] = tuple(table[0] for table in tables)
        if channel.hooks.tree_values is not None:
            values = channel.hooks.tree_values(j, values)
        values = channel.scalars("tree values", *values)
        form = tree.layer_form(layout, j, claim, combiner, point)
        claims.append(Claim(form, (total - (1 - claim.r0) * tree.node_value(values, combiner)) % P))
        claim = tree.next_claim(channel.transcript, layout, j, point, values)
    return claim, claims
