"""Chapter 5.2, "Expansion": constraints at a random point, as a constant, linear parts and merged products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from . import lookups
from .claims import KnownValues, LinearForm, Part
from .field import P, eq_index
from .layout import Layout, MergeKey, ProductSlot, index_bits, merge_key
from .relation import Constraint, Expression
from .weights import Weights, access_part, outer_weights, term_weights


@dataclass
class Product:
    """A merged product term: c_t and the weights of its loops."""

    slot: ProductSlot
    coefficient: int
    weights: Weights


@dataclass
class Expansion:
    """const + Lin(columns, mu) + the merged products; linear.constant is `const`."""

    linear: LinearForm = field(default_factory=LinearForm)
    products: dict[MergeKey, Product] = field(default_factory=dict)


@dataclass(frozen=True)
class Challenges:
    """What the constraints are evaluated at; without lookups there are no claims of theirs, and beta is 0."""

    lookups: lookups.LookupClaims | None
    beta: int
    eta: int
    zeta: tuple[int, ...]


def lane_coefficient(eta: int, lane: int) -> int:
    """The keys of lane l have eta^l; the tree has one lane."""
    return pow(eta, lane, P)


def zero_coefficient(eta: int, lanes: int, j: int) -> int:
    """Zero constraint j has eta^(L + j): the lower powers belong to the lanes."""
    return pow(eta, lanes + j, P)


def key_coefficient(beta: int, t: int) -> int:
    """Expression (or table column) t = 1 .. T of a key."""
    return pow(beta, t - 1, P)


def id_coefficient(layout: Layout, beta: int, table: int) -> int:
    """beta^T_max * id: the id has a power of beta to itself, the same for all tables."""
    return pow(beta, layout.t_max, P) * layout.relation.tables[table].id % P


def expand(layout: Layout, challenges: Challenges, known: KnownValues) -> Expansion:
    """The expansion of all constraints of scope 0."""
    result = Expansion()
    if challenges.lookups is not None:
        expand_keys(result, layout, challenges.lookups, challenges, known)
    for j, zero in enumerate(layout.relation.scope0_zeros):
        point = challenges.zeta[len(challenges.zeta) - index_bits(layout.loop_sizes(zero.loops)) :]
        outer = outer_weights(layout, zero.loops, point)
        coefficient = zero_coefficient(challenges.eta, layout.parameters.lanes, j)
        add_expression(result, layout, zero, zero.expression, coefficient, outer, known)
    return result


def expand_keys(
    result: Expansion, layout: Layout, claims: lookups.LookupClaims, challenges: Challenges, known: KnownValues
) -> None:
    """(1 - r0) k_l(r) and its form in mu, with the coefficient eta^l, for each lane."""
    beta, eta = challenges.beta, challenges.eta
    for placed in layout.lookup_blocks:
        vectors = lookups.block_vectors(placed, layout.n, claims.r)
        coefficient = (1 - claims.r0) * lookups.block_weight(placed, layout.n, claims.r) % P
        coefficient = coefficient * lane_coefficient(eta, placed.lane) % P
        if placed.lookup is not None:
            outer = dict(zip(placed.lookup.loops, vectors, strict=True))
            for t, expression in enumerate(placed.lookup.expressions, 1):
                weight = coefficient * key_coefficient(beta, t) % P
                add_expression(result, layout, placed.lookup, expression, weight, outer, known)
        else:
            for t, tensor in enumerate(layout.relation.tables[placed.table].columns, 1):
                weight = coefficient * key_coefficient(beta, t) % P
                result.linear.add_part(Part(weight, tensor, (dict(enumerate(vectors[0])),)), known)
        constant = coefficient * id_coefficient(layout, beta, placed.table) % P
        for vector in vectors:
            constant = constant * sum(vector) % P
        result.linear.constant = (result.linear.constant + constant) % P
    for lane, key in enumerate(claims.keys):
        for position, factor in key.form.items():
            result.linear.add_mu(position, lane_coefficient(eta, lane) * factor)


def key_target(claims: lookups.LookupClaims, eta: int) -> int:
    """sum_l eta^l K_l."""
    return sum(lane_coefficient(eta, lane) * key.value for lane, key in enumerate(claims.keys)) % P


def add_expression(
    result: Expansion,
    layout: Layout,
    constraint: Constraint,
    expression: Expression,
    coefficient: int,
    outer: Weights,
    known: KnownValues,
) -> None:
    """Adds coefficient * (the sum of the expression over its outer loops with their weights)."""
    for term in expression:
        weights = term_weights(layout, outer, term.sum_loops)
        factor = coefficient * term.num * pow(2, -term.shift, P) % P
        used = {loop for access in term.accesses for loop in access.loops}
        for loop in (*constraint.loops, *term.sum_loops):
            if loop not in used:
                factor = factor * sum(weights[loop]) % P
        if len(term.accesses) == 0:
            result.linear.constant = (result.linear.constant + factor) % P
        elif len(term.accesses) == 1:
            part = access_part(layout, term.accesses[0], factor, weights, known.public)
            result.linear.add_part(part, known)
        else:
            key = merge_key(constraint, term.sum_loops, term.accesses)
            merged = result.products.setdefault(key, Product(layout.slots[key], 0, weights))
            merged.coefficient = (merged.coefficient + factor) % P


# The claims U and V


def shared_weights(layout: Layout, merged: Product, rho: Sequence[int]) -> dict[int, Sequence[int]]:
    """Each shared loop with its part of the last coordinates of rho."""
    point = rho[layout.n2 - merged.slot.block.log_size :]
    return outer_weights(layout, merged.slot.shared, point)


def left_form(layout: Layout, expansion: Expansion, rho: Sequence[int], known: KnownValues) -> LinearForm:
    """U: the products' first accesses at rho, Lin and mu[u]."""
    form = LinearForm()
    for merged in expansion.products.values():
        at_rho = shared_weights(layout, merged, rho)
        weights = dict(merged.weights)
        for loop, vector in at_rho.items():
            weights[loop] = [a * b % P for a, b in zip(merged.weights[loop], vector, strict=True)]
        coefficient = slot_weight(layout, merged, rho) * merged.coefficient
        form.add_part(access_part(layout, merged.slot.key[0], coefficient, weights, known.public), known)
    lin = LinearForm(expansion.linear.parts, expansion.linear.mu)
    form.add_scaled(lin, eq_index(layout.lin_slot, rho))
    form.add_mu(layout.mask.u, eq_index(layout.pad_u_slot, rho))
    return form


def right_form(layout: Layout, expansion: Expansion, rho: Sequence[int], known: KnownValues) -> LinearForm:
    """V: the products' second accesses at rho, the 1 of the slot Lin and mu[v]."""
    form = LinearForm(constant=eq_index(layout.lin_slot, rho))
    for merged in expansion.products.values():
        weights = {**merged.weights, **shared_weights(layout, merged, rho)}
        part = access_part(layout, merged.slot.key[1], slot_weight(layout, merged, rho), weights, known.public)
        form.add_part(part, known)
    form.add_mu(layout.mask.v, eq_index(layout.pad_v_slot, rho))
    return form


def slot_weight(layout: Layout, merged: Product, rho: Sequence[int]) -> int:
    """eq(slot >> nu, rho_hi)."""
    block = merged.slot.block
    return eq_index(block.number, rho[: layout.n2 - block.log_size])
