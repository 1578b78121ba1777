"""Stages 5.2 and 5.3 (chapter 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from zkseal_reference import expansion, linear
from zkseal_reference.claims import Claim, Part
from zkseal_reference.field import P, bits, eq_index, inverse
from zkseal_reference.layout import Layout
from zkseal_reference.relation import (
    Access,
    Column,
)

from .channel import Channel, Vector, dot, prove_rounds
from .columns import CommittedColumn, commit
from .hooks import Randomness, Values
from .openings import prove_opening
from .values import Evaluator


def fold(evaluator: Evaluator, access: Access, at: Mapping[int, int], weights: Mapping[int, Sequence[int]]) -> int:
    """An access at fixed shared loops, summed over its other loops with their weights."""
    total = 0
    for others in evaluator.indices([loop for loop in access.loops if loop not in at]):
        value = evaluator.access(access, {**at, **others})
        for loop, i in others.items():
            value = value * weights[loop][i] % P
        total += value
    return total % P


def product_vectors(
    layout: Layout, values: Values, expanded: expansion.Expansion, mu: Vector
) -> tuple[list[Vector], list[Vector]]:
    evaluator = Evaluator(layout, values)
    u, v = [[0] for _ in range(1 << layout.n2)], [[0] for _ in range(1 << layout.n2)]
    for merged in expanded.products.values():
        for at in evaluator.indices(merged.slot.shared):
            offset, weight = 0, merged.coefficient
            for loop, i in at.items():
                offset = offset << bits(layout.relation.loops[loop]) | i
                weight = weight * merged.weights[loop][i] % P
            position = merged.slot.block.base + offset
            u[position] = [weight * fold(evaluator, merged.slot.key[0], at, merged.weights) % P]
            v[position] = [fold(evaluator, merged.slot.key[1], at, merged.weights)]
    lin = sum(evaluator.part(part) for part in expanded.linear.parts)
    lin += sum(coefficient * mu[position] for position, coefficient in expanded.linear.mu.items())
    u[layout.lin_slot], v[layout.lin_slot] = [lin % P], [1]
    u[layout.pad_u_slot] = [mu[layout.mask.u]]
    v[layout.pad_v_slot] = [mu[layout.mask.v]]
    return u, v


def mask_pairs(mu: Vector, position: int, variables: int) -> list[tuple[int, int]]:
    return [(mu[position + 2 * i], mu[position + 2 * i + 1]) for i in range(variables)]


def dense_coefficients(layout: Layout, parts: Sequence[Part]) -> list[Vector]:
    """A: the coefficients of all rows of the row space."""
    length = layout.parameters.row_length
    rows = [[0] * length for _ in range(1 << layout.row_variables)]
    for part in parts:
        sizes, base = layout.tensors[part.tensor].axes, layout.addresses[part.tensor].base
        for indices in product(*(axis.items() for axis in part.axes)):
            offset, weight = 0, part.coefficient
            for (index, factor), size in zip(indices, sizes, strict=True):
                offset = offset << bits(size) | index
                weight = weight * factor % P
            row, at = divmod(base + offset, length)
            rows[row][at] = (rows[row][at] + weight) % P
    return rows


def prove_linear_claim(
    channel: Channel,
    layout: Layout,
    claim: Claim,
    columns: dict[Column, CommittedColumn],
    mu: Vector,
    mu_blinding: int,
    randomness: Randomness,
) -> None:
    """Steps (a) to (d) of chapter 5.3."""
    length, opening = layout.parameters.row_length, layout.parameters.opening
    data = [[0] * length for _ in range(1 << layout.row_variables)]
    for committed in columns.values():
        for row, vector in committed.rows.items():
            data[row] = [x % P for x in vector]
    share = sum(x * mu[i] for i, x in claim.form.mu.items()) * inverse(1 << layout.row_variables) % P
    masks = mask_pairs(mu, layout.mask.g3(0, 1), layout.row_variables)
    labels = ("row round", "row point")
    coefficients = dense_coefficients(layout, claim.form.parts)
    r_hi, row_claim, f, a = prove_rounds(channel, labels, claim.value, data, coefficients, masks, share)
    b = [0] * length
    for i, x in linear.row_form(layout, claim, r_hi).items():
        b[i] = x
    # (b)
    q, q_prime = randomness("q", length), randomness("q'", len(mu))
    if channel.hooks.q is not None:
        channel.hooks.q(layout, q, q_prime)
    blindings = randomness("q blindings", 2)
    channel.points("blinding", commit(q, blindings[0], opening), commit(q_prime, blindings[1], opening))
    (t_q,) = channel.scalars("blinding value", dot(q, a) + dot(q_prime, b[: len(mu)]))
    chi = channel.transcript.challenge("chi")
    z = [(x + chi * y) % P for x, y in zip(q, f, strict=True)]
    z_prime = [(x + chi * y) % P for x, y in zip(q_prime, mu, strict=True)] + [0] * (length - len(mu))
    # (c)
    labels = ("column round", "column point")
    left, right = [[x] for x in z + z_prime], [[x] for x in a + b]
    point, _, y, _ = prove_rounds(channel, labels, t_q + chi * row_claim, left, right)
    r_s, r_lo = point[0], point[1:]
    row_blinding = 0
    for committed in columns.values():
        for row, rho in zip(committed.rows, committed.blindings, strict=True):
            row_blinding += eq_index(row, r_hi) * rho
    combined = (1 - r_s) * (blindings[0] + chi * row_blinding) + r_s * (blindings[1] + chi * mu_blinding)
    y_sent, _ = channel.scalars("combined", y[0], combined)
    # (d)
    vector = [((1 - r_s) * x + r_s * y) % P for x, y in zip(z, z_prime, strict=True)]
    prove_opening(channel, opening, vector, r_lo, y_sent)
