"""A slow prover in pure Python, built on the reference verifier's modules: dense, no cleverness, tiny relations.

It makes honest proofs for tests of verifiers, and dishonest ones through `Hooks`: each hook lies in one place, and all
that follows is consistent with the lie. All randomness comes from one callable, so that proofs can be repeated.
Values are flat row-major lists by tensor index; field elements are ints. The stages are in `zkseal_slow_prover`, beside
the reference; both packages must be on the path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from zkseal_reference import expansion, linear, tree, verifier
from zkseal_reference.claims import Claim, KnownValues, LinearForm, mask_coefficients
from zkseal_reference.curve import Point, encode_compressed
from zkseal_reference.field import HALF, P, encode_scalar
from zkseal_reference.key import VerifyingKey, model_statement
from zkseal_reference.layout import Layout, Parameters
from zkseal_reference.relation import (
    Column,
    Relation,
    encode_relation,
)
from zkseal_slow_prover.channel import Channel, prove_rounds
from zkseal_slow_prover.columns import CommittedColumn, commit, commit_column
from zkseal_slow_prover.hooks import Hooks, Randomness, Values, seeded_randomness, system_randomness
from zkseal_slow_prover.lookups import build_tree, leaves, prove_tree
from zkseal_slow_prover.products import mask_pairs, product_vectors, prove_linear_claim
from zkseal_slow_prover.values import add_multiplicities, derive_model_values

__all__ = [
    "CommittedColumn",
    "Hooks",
    "Proved",
    "Randomness",
    "Values",
    "prove",
    "seeded_randomness",
    "setup",
    "system_randomness",
]


@dataclass
class Proved:
    """What `verify` takes beside key, context and public values; the blindings open the commitments later."""

    proof: bytes
    input_commitments: list[bytes]
    output_commitments: list[bytes]
    input_blindings: bytes
    output_blindings: bytes


def prove_statement(
    statement_of: Callable[[dict[Column, tuple[Point, ...]]], verifier.Statement],
    layout: Layout,
    values: Values,
    fixed: dict[Column, CommittedColumn],
    randomness: Randomness,
    hooks: Hooks,
) -> tuple[bytes, dict[Column, CommittedColumn]]:
    """Stages 5.0 to 5.3 and the opening; `fixed` holds the columns model and table."""
    columns = dict(fixed)
    for column in (Column.INPUT, Column.OUTPUT, Column.WITNESS):
        blindings = randomness(column.name.lower(), layout.committed_row_count(column))
        columns[column] = commit_column(layout, column, values, blindings, hooks)
    mu, (mu_blinding,) = randomness("mu", layout.mask.length), randomness("mu blinding", 1)
    if hooks.mu is not None:
        hooks.mu(layout, mu)
    mask = commit(mu, mu_blinding)
    statement = statement_of({column: committed.points for column, committed in columns.items()})
    witness = columns[Column.WITNESS].points
    channel = Channel(verifier.start_transcript(statement, witness, mask), hooks)
    channel.sent += [encode_compressed(point) for point in (*witness, mask)]
    known = KnownValues(layout, statement.public)
    # 5.1
    beta, alpha = verifier.lookup_challenges(channel.transcript, layout)
    leaf, target, tree_claims, mask_claims = None, 0, list[Claim](), list[Claim]()
    if layout.has_lookups:
        levels = build_tree(layout, leaves(layout, values, beta, alpha))
        if hooks.tree_nodes is not None:
            hooks.tree_nodes(layout, levels)
        leaf, mask_claims = prove_tree(channel, layout, levels, mu)
        selected, inside = tree.in_range(layout, leaf.r)
        target = tree.key_value(leaf, inside, alpha)
        form = tree.multiplicity_form(layout, leaf, known)
        tree_claims = [Claim(form, tree.multiplicity_value(leaf, selected))]
    # 5.2
    challenges = verifier.draw_constraint_point(channel.transcript, layout, leaf, beta)
    expanded = expansion.expand(layout, challenges, known)
    u, v = product_vectors(layout, values, expanded, mu)
    masks = mask_pairs(mu, layout.mask.g2(0, 1), layout.n2)
    start = (target - expanded.linear.constant) % P
    labels = ("product round", "product point")
    rho, last, u_end, v_end = prove_rounds(channel, labels, start, u, v, masks)
    u_value, v_value = channel.scalars("product values", u_end[0], v_end[0])
    g2 = LinearForm(mu=mask_coefficients(layout.mask.g2(0, 1), rho, [HALF] * len(rho)))
    products = [
        Claim(expansion.left_form(layout, expanded, rho, known), u_value),
        Claim(expansion.right_form(layout, expanded, rho, known), v_value),
    ]
    g2_claim = Claim(g2, (last - u_value * v_value) % P)
    # 5.3
    claim = linear.combine(channel.transcript, (*tree_claims, *products, *mask_claims, g2_claim))
    prove_linear_claim(channel, layout, claim, columns, mu, mu_blinding, randomness)
    return b"".join(channel.sent), columns


def setup(
    relation: Relation, c: int, values: Mapping[int, Sequence[int]], randomness: Randomness, hooks: Hooks | None = None
) -> tuple[VerifyingKey, CommittedColumn]:
    """A verifying key with its model proof, and the model column. `values` holds the model and table tensors."""
    hooks = hooks or Hooks()
    parameters = Parameters(c)
    layout = Layout(relation, parameters)
    own = {tensor: list(entries) for tensor, entries in values.items()}
    blindings = randomness("model", layout.committed_row_count(Column.MODEL))
    model = commit_column(layout, Column.MODEL, own, blindings, hooks)
    zeros = [0] * layout.committed_row_count(Column.TABLE)
    table = commit_column(layout, Column.TABLE, own, zeros, hooks)
    key = VerifyingKey(parameters, encode_relation(relation), relation, layout, model.points, table.points, b"")
    statement = model_statement(key)
    if statement is not None:
        model_values = derive_model_values(relation, own)
        own_layout = statement.layout
        if hooks.tensors is not None:
            hooks.tensors(own_layout, model_values)
        add_multiplicities(own_layout, model_values, lenient=hooks != Hooks())
        fixed = {
            Column.MODEL: renumbered(own_layout, Column.MODEL, model),
            Column.TABLE: CommittedColumn({}, [], ()),
        }
        if hooks.multiplicities is not None:
            hooks.multiplicities(own_layout, model_values)
        proof, _ = prove_statement(lambda _: statement, own_layout, model_values, fixed, randomness, hooks)
        key = replace(key, model_proof=proof)
    return key, model


def renumbered(layout: Layout, column: Column, committed: CommittedColumn) -> CommittedColumn:
    """The same rows at their places in another row space."""
    rows = dict(zip(layout.committed_rows(column), committed.rows.values(), strict=True))
    return CommittedColumn(rows, committed.blindings, committed.points)


def prove(
    key: VerifyingKey,
    model: CommittedColumn,
    values: Mapping[int, Sequence[int]],
    context: bytes,
    randomness: Randomness,
    hooks: Hooks | None = None,
) -> Proved:
    """A proof of kind inference. `values` holds all tensors but progressions and multiplicities."""
    hooks = hooks or Hooks()
    layout = key.layout
    own = {tensor: list(entries) for tensor, entries in values.items()}
    if hooks.tensors is not None:
        hooks.tensors(layout, own)
    add_multiplicities(layout, own, lenient=hooks != Hooks())
    if hooks.multiplicities is not None:
        hooks.multiplicities(layout, own)
    zeros = [0] * layout.committed_row_count(Column.TABLE)
    fixed = {Column.MODEL: model, Column.TABLE: commit_column(layout, Column.TABLE, own, zeros, Hooks())}

    def statement_of(points: dict[Column, tuple[Point, ...]]) -> verifier.Statement:
        return verifier.Statement(
            kind=verifier.INFERENCE,
            layout=layout,
            relation_digest=key.relation_digest,
            model=key.model_commitments,
            table=key.table_commitments,
            context=context,
            public={tensor: own[tensor] for tensor in layout.relation.public_tensors},
            inputs=points[Column.INPUT],
            outputs=points[Column.OUTPUT],
        )

    proof, columns = prove_statement(statement_of, layout, own, fixed, randomness, hooks)
    inputs, outputs = columns[Column.INPUT], columns[Column.OUTPUT]
    return Proved(
        proof=proof,
        input_commitments=[encode_compressed(point) for point in inputs.points],
        output_commitments=[encode_compressed(point) for point in outputs.points],
        input_blindings=b"".join(encode_scalar(x) for x in inputs.blindings),
        output_blindings=b"".join(encode_scalar(x) for x in outputs.blindings),
    )
