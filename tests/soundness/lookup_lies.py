"""Lies about lookups: multiplicities, rows, and the nodes of the fraction tree that adds them up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reference.tests.relations import WITNESS
from tests.conformance import slow_prover as slow

from zkseal_reference import expansion, tree, verifier, weights
from zkseal_reference.field import P, eq_index
from zkseal_reference.transcript import Transcript

from .native import Attempt, Lies
from .protocol_provers import LINEAR, Patch, ProtocolLie, block_of, by_slow_prover, layout_of, lookups, rust

Levels = list[tuple[list[int], list[int]]]

# Lookups


def another_table(patch: Patch, attempt: Attempt) -> Attempt:
    patch.setattr(expansion, "id_coefficient", lambda *_: 0)

    def counted(layout: verifier.Layout, values: slow.Values) -> None:
        values[layout.multiplicity(1)][0] += 1

    return by_slow_prover(lookups(2, 7), attempt.key, slow.Hooks(multiplicities=counted))


def integer(attempt: Attempt, name: str) -> int:
    return int.from_bytes(attempt.extra[name], "big")


def any_root(patch: Patch, attempt: Attempt) -> Attempt:
    patch.setattr(tree, "ROOT", tree.NodeClaim((), 0, integer(attempt, "root"), 0, {}, {}))
    return attempt


def value_in_padding() -> Attempt:
    """The table has 5 rows in a block of 8: the sixth position holds the 6 that is looked up."""
    sketch = lookups(2, 6)
    layout, leaf = layout_of(sketch), block_of(sketch, 0) + 5
    address = layout.addresses[layout.multiplicity(0)].base + 5
    looked_up = block_of(sketch, None) + 1
    return rust(sketch, Lies(padding=[(address, 1)], leaves=[(leaf, -1, looked_up)]))


def untruncated_table(patch: Patch, attempt: Attempt) -> Attempt:
    patch.setattr(weights, "truncated", lambda vector, size: vector if size == 5 else vector[:size])
    sketch = lookups(2, 6)
    layout, leaf = layout_of(sketch), block_of(sketch, 0) + 5
    address = layout.addresses[layout.multiplicity(0)].base + 5

    def rows(_layout: object, column: int, dense: dict[int, list[int]]) -> None:
        if column == WITNESS:
            dense[address >> layout.c][address % layout.parameters.row_length] = 1

    def nodes(_layout: object, levels: Levels) -> None:
        p, q = levels[-1]
        p[leaf] = P - 1
        for k in range(3):  # alpha - 6, alpha - 7, alpha - 8: the table goes on through its padding
            q[leaf + k] = (q[block_of(sketch, None) + 1] - k) % P
        rebuild(levels)

    return by_slow_prover(sketch, attempt.key, slow.Hooks(rows=rows, tree_nodes=nodes))


def rebuild(levels: Levels) -> None:
    for j in reversed(range(len(levels) - 1)):
        p, q = levels[j + 1]
        for i in range(len(p) // 2):
            levels[j][0][i] = (p[2 * i] * q[2 * i + 1] + p[2 * i + 1] * q[2 * i]) % P
            levels[j][1][i] = q[2 * i] * q[2 * i + 1] % P


def missing_row() -> Attempt:
    """The third of three lookups is false and left out of the tree: its leaf is that of a padding position, 0/1."""
    base = block_of(lookups(1, 2, 9), None)
    return rust(lookups(1, 2, 9), Lies(leaves=[(base + 2, 0, base + 3)]))


def two_rows(patch: Patch, attempt: Attempt) -> Attempt:
    patch.setattr(weights, "truncated", lambda vector, size: vector[: 2 if size == 3 else size])
    leaf = block_of(lookups(1, 2, 9), None) + 2

    def nodes(_layout: object, levels: Levels) -> None:
        levels[-1][0][leaf], levels[-1][1][leaf] = 0, 1
        rebuild(levels)

    return by_slow_prover(lookups(1, 2, 9), attempt.key, slow.Hooks(tree_nodes=nodes))


def extra_row() -> Attempt:
    """A fourth row of the lookup, in its padding, takes away what the false third one adds."""
    base = block_of(lookups(1, 2, 9), None)
    return rust(lookups(1, 2, 9), Lies(leaves=[(base + 3, -1, base + 2)]))


def counted_extra_row(patch: Patch, attempt: Attempt) -> Attempt:
    leaf, in_range, key_value = block_of(lookups(1, 2, 9), None) + 3, tree.in_range, tree.key_value

    def with_extra(layout: verifier.Layout, r: tuple[int, ...]) -> tuple[int, int]:
        selected, inside = in_range(layout, r)
        return (selected - eq_index(leaf, r)) % P, (inside + eq_index(leaf, r)) % P

    def with_its_key(claim: tree.NodeClaim, inside: int, alpha: int) -> int:
        return (key_value(claim, inside, alpha) - (1 - claim.r0) * eq_index(leaf, claim.r) * 9) % P

    patch.setattr(tree, "in_range", with_extra)
    patch.setattr(tree, "key_value", with_its_key)
    return attempt


# The fraction tree. Masks are zero here, so that the true value of every mask claim G_j is known: 0.


def false_node(layer: int, node: int) -> Callable[[], Attempt]:
    return lambda: rust(lookups(1, 2, 9), Lies(balance=(layer, node), naked=True))


def unchecked_layers(*layers: int) -> Callable[[Patch, Attempt], Attempt]:
    """The rounds of these layers prove nothing: their claims G_j are taken to hold."""

    def patched(patch: Patch, attempt: Attempt) -> Attempt:
        honest = tree.verify_layer

        def verify_layer(transcript: Transcript, layout: object, j: int, *rest: object) -> tuple[object, object]:
            claim, mask = honest(transcript, layout, j, *rest)  # type: ignore[arg-type]
            return claim, replace(mask, value=0) if j in layers else mask

        patch.setattr(tree, "verify_layer", verify_layer)
        return attempt

    return patched


def any_numerator(leaf: int) -> Callable[[Patch, Attempt], Attempt]:
    """The multiplicities are not what is left of the numerators of the leaves."""

    def patched(patch: Patch, attempt: Attempt) -> Attempt:
        honest, added = tree.multiplicity_value, integer(attempt, "balanced")

        def value(claim: tree.NodeClaim, selected: int) -> int:
            return (honest(claim, selected) + (1 - claim.r0) * eq_index(leaf, claim.r) * added) % P

        patch.setattr(tree, "multiplicity_value", value)
        return attempt

    return patched


LOOKUP_LIES = (
    ProtocolLie(
        "value that only another table has",
        "table id in the key",
        LINEAR,
        lambda: rust(lookups(2, 7), Lies(multiplicities=[(1, 0, 1)])),
        another_table,
    ),
    ProtocolLie(
        "multiplicity one too high",
        "the root is zero",
        LINEAR,
        lambda: rust(lookups(2, 4), Lies(multiplicities=[(0, 1, 1)])),
        any_root,
    ),
    ProtocolLie(
        "negative multiplicity of an unused row",
        "the root is zero",
        LINEAR,
        lambda: rust(lookups(2, 4), Lies(multiplicities=[(0, 0, -1)])),
        any_root,
    ),
    ProtocolLie(
        "multiplicity of a row in a table that nothing looks up",
        "the root is zero",
        LINEAR,
        lambda: rust(lookups(2, 4), Lies(multiplicities=[(1, 1, 1)])),
        any_root,
    ),
    ProtocolLie("value in no table", "the root is zero", LINEAR, lambda: rust(lookups(2, 9), Lies()), any_root),
    ProtocolLie(
        "value only in a padding position of its table",
        "m(x), k(x), in(x) are truncated",
        LINEAR,
        value_in_padding,
        untruncated_table,
    ),
    ProtocolLie("missing row", "number of rows in sel(x), in(x)", LINEAR, missing_row, two_rows),
    ProtocolLie("extra row", "sel(x), in(x) are truncated", LINEAR, extra_row, counted_extra_row),
    *(
        ProtocolLie(
            f"node {node} of layer {layer} makes the root zero",
            f"rounds of layer {layer} (claim G_{layer})",
            LINEAR,
            false_node(layer, node),
            unchecked_layers(layer),
        )
        for layer, node in ((1, 0), (2, 3), (3, 5))
    ),
    *(
        ProtocolLie(
            f"{where} makes the root zero",
            "numerators of the leaves (claim M)",
            LINEAR,
            false_node(4, leaf),
            any_numerator(leaf),
        )
        for where, leaf in (
            ("in-range leaf", block_of(lookups(1, 2, 9), None)),
            ("out-of-range leaf", block_of(lookups(1, 2, 9), None) + 3),
        )
    ),
    ProtocolLie(
        "values of a layer that were not evaluated",
        "claims G_1, G_2",
        LINEAR,
        lambda: rust(lookups(1, 2, 4), Lies(tree_values=[(1, 0, 1)], naked=True)),
        unchecked_layers(1, 2),
    ),
)
