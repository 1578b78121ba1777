"""A slow prover in pure Python, built on the reference verifier's modules: dense, no cleverness, tiny relations.

It makes honest proofs for tests of verifiers, and dishonest ones through `Hooks`: each hook lies in one place, and all
that follows is consistent with the lie. All randomness comes from one callable, so that proofs can be repeated.
Values are flat row-major lists by tensor index; field elements are ints. The stages are in `zkseal_slow_prover`, beside
the reference; both packages must be on the path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from zkseal_reference import expansion, kzg, linear, tree, verifier
from zkseal_reference.claims import Claim, KnownValues, LinearForm, mask_coefficients
from zkseal_reference.curve import Point, encode_compressed
from zkseal_reference.field import HALF, P, encode_scalar
from zkseal_reference.key import VerifyingKey, model_statement
from zkseal_reference.layout import Layout
from zkseal_reference.lookups import LookupClaims
from zkseal_reference.pairing import G2, Twisted, multiply_twisted
from zkseal_reference.parameters import LookupArgument, Opening, Parameters
from zkseal_reference.relation import (
    Column,
    Relation,
    encode_relation,
)
from zkseal_slow_prover.channel import Channel, prove_rounds
from zkseal_slow_prover.columns import TAU, CommittedColumn, commit, commit_column
from zkseal_slow_prover.helper import helper_column, lanes, prove_helper
from zkseal_slow_prover.hooks import Hooks, Randomness, Values, seeded_randomness, system_randomness
from zkseal_slow_prover.lookups import build_tree, leaves, prove_tree
from zkseal_slow_prover.products import mask_pairs, product_vectors, prove_linear_claim
from zkseal_slow_prover.values import add_multiplicities, derive_model_values

__all__ = [
    "TRANSPARENT",
    "CommittedColumn",
    "Hooks",
    "Parameters",
    "Proved",
    "Randomness",
    "Scheme",
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
    mask = commit(mu, mu_blinding, layout.parameters.opening)
    statement = statement_of({column: committed.points for column, committed in columns.items()})
    witness = columns[Column.WITNESS].points
    channel = Channel(verifier.start_transcript(statement, witness, mask), hooks)
    channel.sent += [encode_compressed(point) for point in (*witness, mask)]
    known = KnownValues(layout, statement.public)
    # 5.1
    beta, alpha = verifier.lookup_challenges(channel.transcript, layout)
    lookups = None
    if layout.has_helper:
        own = lanes(layout, values, beta, alpha, mu)
        if hooks.lanes is not None:
            hooks.lanes(layout, own)
        h = values[layout.helper] = helper_column(layout, own)
        if hooks.helper is not None:
            hooks.helper(layout, own, h)
        blindings = randomness("helper", layout.committed_row_count(Column.HELPER))
        columns[Column.HELPER] = commit_column(layout, Column.HELPER, values, blindings, hooks)
        channel.points("helper", *columns[Column.HELPER].points)
        lookups = prove_helper(channel, layout, own, h, mu, known)
    elif layout.has_lookups:
        lookups = prove_by_tree(channel, layout, values, beta, alpha, mu, known)
    # 5.2
    challenges = verifier.draw_constraint_point(channel.transcript, layout, lookups, beta)
    expanded = expansion.expand(layout, challenges, known)
    u, v = product_vectors(layout, values, expanded, mu)
    masks = mask_pairs(mu, layout.mask.g2(0, 1), layout.n2)
    target = 0 if lookups is None else expansion.key_target(lookups, challenges.eta)
    start = (target - expanded.linear.constant) % P
    labels = ("product round", "product point")
    rho, last, u_end, v_end = prove_rounds(channel, labels, start, u, v, masks)
    u_value, v_value = channel.scalars("product values", u_end[0], v_end[0])
    g2 = LinearForm(mu=mask_coefficients(layout.mask.g2(0, 1), rho, [HALF] * len(rho)))
    products = (
        Claim(expansion.left_form(layout, expanded, rho, known), u_value),
        Claim(expansion.right_form(layout, expanded, rho, known), v_value),
        Claim(g2, (last - u_value * v_value) % P),
    )
    # 5.3
    claim = linear.combine(channel.transcript, verifier.order_claims(lookups, products))
    prove_linear_claim(channel, layout, claim, columns, mu, mu_blinding, randomness)
    return b"".join(channel.sent), columns


def prove_by_tree(
    channel: Channel, layout: Layout, values: Values, beta: int, alpha: int, mu: list[int], known: KnownValues
) -> LookupClaims:
    """Stage 5.1-G."""
    levels = build_tree(layout, leaves(layout, values, beta, alpha))
    if channel.hooks.tree_nodes is not None:
        channel.hooks.tree_nodes(layout, levels)
    leaf, masks = prove_tree(channel, layout, levels, mu)
    return tree.leaf_claims(layout, leaf, masks, alpha, known)


@dataclass(frozen=True)
class Scheme:
    """What a setup chooses beside the length of rows: lanes of the helper argument (0: the tree), and kzg (or ipa)."""

    lanes: int = 0
    kzg: bool = False

    @property
    def tau_g2(self) -> Twisted | None:
        return multiply_twisted(TAU, G2) if self.kzg else None

    def parameters(self, c: int) -> Parameters:
        argument = LookupArgument.HELPER if self.lanes else LookupArgument.TREE
        if self.tau_g2 is None:
            return Parameters(c, argument, self.lanes or 1)
        return Parameters(c, argument, self.lanes or 1, Opening.KZG, kzg.setup_digest(self.tau_g2))


TRANSPARENT = Scheme()


def setup(
    relation: Relation,
    c: int,
    values: Mapping[int, Sequence[int]],
    randomness: Randomness,
    hooks: Hooks | None = None,
    scheme: Scheme = TRANSPARENT,
) -> tuple[VerifyingKey, CommittedColumn]:
    """A verifying key with its model proof, and the model column. `values` holds the model and table tensors."""
    hooks = hooks or Hooks()
    parameters = scheme.parameters(c)
    layout = Layout(relation, parameters)
    own = {tensor: list(entries) for tensor, entries in values.items()}
    blindings = randomness("model", layout.committed_row_count(Column.MODEL))
    model = commit_column(layout, Column.MODEL, own, blindings, hooks)
    zeros = [0] * layout.committed_row_count(Column.TABLE)
    table = commit_column(layout, Column.TABLE, own, zeros, hooks)
    data, points = encode_relation(relation), (model.points, table.points)
    key = VerifyingKey(parameters, scheme.tau_g2, data, relation, layout, *points, b"")
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
            tau_g2=key.tau_g2,
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
