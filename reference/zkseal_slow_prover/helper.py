"""Stage 5.1-H: the lanes, the helper column, its sumcheck (chapter 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from zkseal_reference import helper
from zkseal_reference.claims import KnownValues
from zkseal_reference.field import HALF, P, eq_vector, inverse
from zkseal_reference.layout import Layout
from zkseal_reference.lookups import LookupClaims
from zkseal_reference.proof import degree

from .channel import Channel, Vector
from .hooks import Values
from .lookups import in_range_entries
from .mercury import combine, interpolant


@dataclass
class Lanes:
    """Vectors over the domain 2^n: k_l, sel_l and m; the pads of k_0 .. k_{L-1}, h, m; and the alpha of the proof."""

    alpha: int
    keys: list[Vector]
    selectors: list[Vector]
    m: Vector
    pads: Vector = field(default_factory=list)

    def numerators(self, i: int) -> Vector:
        """n_0 .. n_{L-1} at index i."""
        first, *others = (selector[i] for selector in self.selectors)
        return [first - self.m[i], *others]


def lanes(layout: Layout, values: Values, beta: int, alpha: int, mu: Vector) -> Lanes:
    size, count = 1 << layout.n, layout.parameters.lanes
    found = Lanes(alpha, [[0] * size for _ in range(count)], [[0] * size for _ in range(count)], [0] * size)
    for placed, position, key, multiplicity in in_range_entries(layout, values, beta):
        found.keys[placed.lane][position] = key
        if multiplicity is None:
            found.selectors[placed.lane][position] = 1
        else:
            found.m[position] = multiplicity
    mask = layout.mask
    pads = [*(mask.key_pad(lane) for lane in range(count)), mask.helper_pad, mask.multiplicity_pad]
    found.pads = [mu[position] for position in pads]
    return found


def helper_column(layout: Layout, own: Lanes) -> Vector:
    """h(i) = sum_l n_l(i) / (alpha - k_l(i)), as long as the tensor."""
    (length,) = layout.tensors[layout.helper].axes
    column = [0] * length
    for i in range(length):
        for lane, numerator in enumerate(own.numerators(i)):
            column[i] = (column[i] + numerator * inverse(own.alpha - own.keys[lane][i])) % P
    return column


def prove_helper(
    channel: Channel, layout: Layout, own: Lanes, column: Vector, mu: Vector, known: KnownValues
) -> LookupClaims:
    """The rounds and the values; h is committed and absorbed."""
    n, count, D = layout.n, layout.parameters.lanes, degree(layout)
    tau, combiner = helper.draw(channel.transcript, layout)
    h = [*column, *[0] * ((1 << n) - len(column))]
    tables = [eq_vector(tau), *own.selectors, *own.keys, h, own.m]

    def summand(entries: Sequence[int], x0: int) -> int:
        eq, *rest = entries
        numerators, keys, (h_, m_) = rest[:count], rest[count : 2 * count], rest[2 * count :]
        numerators[0] -= m_
        relation = helper.fraction_relation(h_, [own.alpha - key for key in keys], numerators)
        return (1 - x0) * (combiner * h_ + eq * relation) % P

    point, claim, bound_mask = [0] * (n + 1), 0, 0
    for i in helper.round_order(n):
        if i == n:  # only keys, h and m have pads
            pads = [*(table[0] for table in tables[: 1 + count]), *own.pads]
            tables = [[table[0], pad] for table, pad in zip(tables, pads, strict=True)]
        polynomial = round_polynomial(tables, D, summand if i == n else lambda entries, _: summand(entries, 0))
        masks = [mu[layout.mask.g1(i, d)] for d in range(1, D + 1)]
        later = 1 if i == n else 1 << (i + 1)  # the number of points of the variables that are still free
        polynomial = combine((1, polynomial), (later, [bound_mask - HALF * sum(masks), *masks]))
        s_0, _, *higher = polynomial
        message = channel.scalars("helper round", s_0, *higher)
        x = channel.transcript.challenge("helper point")
        claim = helper.evaluate(helper.round_polynomial(claim, message), x)
        bound_mask = (bound_mask + sum(a * (pow(x, d, P) - HALF) for d, a in enumerate(masks, 1))) % P
        point[i] = x
        tables = [[(t[k] + x * (t[k + 1] - t[k])) % P for k in range(0, len(t), 2)] for t in tables]
    values = channel.scalars("helper values", *(table[0] for table in tables[1 + count :]))
    value = claim - helper.summand(layout, values, point, tau, combiner, own.alpha)
    return helper.claims(layout, values, point, value % P, known)


def round_polynomial(tables: Sequence[Vector], D: int, summand: Callable[[Sequence[int], int], int]) -> Vector:
    """The sum over the pairs, as a polynomial of degree D in the variable that is bound next."""
    sums = {}
    for x in range(D + 1):
        pairs = range(0, len(tables[0]), 2)
        sums[x] = sum(summand([t[k] + x * (t[k + 1] - t[k]) for t in tables], x) for k in pairs) % P
    found = interpolant(sums)
    return [*found, *[0] * (D + 1 - len(found))]
