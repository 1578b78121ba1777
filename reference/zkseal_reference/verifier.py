"""Chapters 1, 4, 5 and 6: verification of one proof, in the order of the book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import expansion, helper, ipa, kzg, linear, sumcheck, tree
from .claims import Claim, KnownValues, LinearForm, mask_coefficients
from .curve import Point, decode_compressed, encode_uncompressed
from .errors import StatementMismatch
from .field import HALF, P
from .keccak import keccak256
from .layout import Layout
from .lookups import LookupClaims
from .pairing import Twisted
from .proof import HelperMessages, IpaMessages, Proof, check_length, decode_proof, refuse_identity
from .relation import Column, GatherPublic, accesses_of
from .transcript import Transcript
from .weights import check_affordable

if TYPE_CHECKING:
    from .key import VerifyingKey

INFERENCE, MODEL = "inference", "model"
"""The kinds of proof."""

PublicValues = Mapping[int, Sequence[int]]


@dataclass(frozen=True)
class Statement:
    """Everything public that a proof is about. Public values are row-major, by tensor index."""

    kind: str
    layout: Layout
    tau_g2: Twisted | None
    relation_digest: bytes
    model: tuple[Point, ...]
    table: tuple[Point, ...]
    context: bytes
    public: PublicValues
    inputs: tuple[Point, ...]
    outputs: tuple[Point, ...]


def verify(
    key: VerifyingKey,
    context: bytes,
    public: PublicValues,
    input_commitments: Sequence[bytes],
    output_commitments: Sequence[bytes],
    proof: bytes,
) -> None:
    """Accepts by returning; raises a class of `errors` otherwise. Commitments are compressed points."""
    statement = Statement(
        kind=INFERENCE,
        layout=key.layout,
        tau_g2=key.tau_g2,
        relation_digest=key.relation_digest,
        model=key.model_commitments,
        table=key.table_commitments,
        context=context,
        public=public,
        inputs=tuple(decode_compressed(data) for data in input_commitments),
        outputs=tuple(decode_compressed(data) for data in output_commitments),
    )
    verify_statement(statement, proof)


def verify_statement(statement: Statement, data: bytes) -> None:
    """Steps 1 to 3 of chapter 6."""
    layout = statement.layout
    check_affordable(layout)
    check_public_values(layout, statement.public)
    check_commitments(layout, Column.INPUT, statement.inputs)
    check_commitments(layout, Column.OUTPUT, statement.outputs)
    check_length(layout, data)
    proof = decode_proof(layout, data)
    verify_equations(statement, proof)


# 1. The statement fits the relation


def check_public_values(layout: Layout, public: PublicValues) -> None:
    """Every public tensor is present, has the right number of values, all within bounds; gathered ones are indices."""
    relation = layout.relation
    if set(public) != set(relation.public_tensors):
        raise StatementMismatch(f"public values for tensors {sorted(relation.public_tensors)} are wanted")
    for index in relation.public_tensors:
        tensor, values = relation.tensors[index], public[index]
        if len(values) != tensor.entries:
            raise StatementMismatch(f"public tensor {index} has {tensor.entries} values, got {len(values)}")
        if not all(type(value) is int and tensor.lo <= value <= tensor.hi for value in values):
            raise StatementMismatch(f"public tensor {index}: a value is not an integer in its bounds")
    check_gathered_values(layout, public)


def check_gathered_values(layout: Layout, public: PublicValues) -> None:
    """Every value of a gather_public is an index of the axis it selects from."""
    relation = layout.relation
    for constraint in relation.constraints:
        for access in accesses_of(constraint):
            for axis_map, size in zip(access.maps, relation.tensors[access.tensor].axes, strict=True):
                if isinstance(axis_map, GatherPublic) and not all(0 <= v < size for v in public[axis_map.tensor]):
                    raise StatementMismatch(f"public tensor {axis_map.tensor}: a gathered value is no index")


def check_commitments(layout: Layout, column: Column, points: Sequence[Point]) -> None:
    """One for each committed row of the column, none the identity."""
    name, expected = column.name.lower(), layout.committed_row_count(column)
    if len(points) != expected:
        raise StatementMismatch(f"{expected} {name} commitments are wanted, got {len(points)}")
    for point in points:
        refuse_identity(point, name)


# 3. Transcript and equations


def commitments_digest(points: Sequence[Point]) -> bytes:
    """keccak256 of the uncompressed encodings, concatenated."""
    return keccak256(b"".join(encode_uncompressed(point) for point in points))


def start_transcript(statement: Statement, witness: Sequence[Point], mask: Point) -> Transcript:
    """Chapter 1: every message before the first challenge."""
    transcript = Transcript()
    transcript.absorb("zkseal", b"zkseal proof protocol v1/" + statement.kind.encode())
    transcript.absorb("params", statement.layout.parameters.encode())
    transcript.absorb("relation", statement.relation_digest)
    transcript.absorb("model", commitments_digest(statement.model))
    transcript.absorb("table", commitments_digest(statement.table))
    transcript.absorb("context", statement.context)
    for index in statement.layout.relation.public_tensors:
        values = b"".join(value.to_bytes(8, "big", signed=True) for value in statement.public[index])
        transcript.absorb("public", index.to_bytes(4, "big") + values)
    transcript.absorb_points("input", statement.inputs)
    transcript.absorb_points("output", statement.outputs)
    transcript.absorb_points("witness", witness)
    transcript.absorb_points("mask", (mask,))
    return transcript


def lookup_challenges(transcript: Transcript, layout: Layout) -> tuple[int, int]:
    """5.0: beta and alpha; neither is drawn without lookups."""
    if not layout.has_lookups:
        return 0, 0
    return transcript.challenge("beta"), transcript.challenge("alpha")


def verify_lookups(
    transcript: Transcript, layout: Layout, proof: Proof, alpha: int, known: KnownValues
) -> LookupClaims | None:
    """5.1, by the argument that the key chose; None without lookups."""
    if not layout.has_lookups:
        return None
    if isinstance(proof.lookups, HelperMessages):
        return helper.verify_helper(transcript, layout, proof.lookups, alpha, known)
    leaf, masks = tree.verify_tree(transcript, layout, proof.lookups)
    return tree.leaf_claims(layout, leaf, masks, alpha, known)


def draw_constraint_point(
    transcript: Transcript, layout: Layout, lookups: LookupClaims | None, beta: int
) -> expansion.Challenges:
    """5.2: eta, then zeta."""
    eta = transcript.challenge("eta")
    zeta = tuple(transcript.challenge("zeta") for _ in range(layout.nz))
    return expansion.Challenges(lookups, beta, eta, zeta)


def verify_equations(statement: Statement, proof: Proof) -> None:
    """Stages 5.0 to 5.3 and the opening."""
    layout = statement.layout
    known = KnownValues(layout, statement.public)
    transcript = start_transcript(statement, proof.witness, proof.mask)
    beta, alpha = lookup_challenges(transcript, layout)
    # 5.1
    lookups = verify_lookups(transcript, layout, proof, alpha, known)
    # 5.2
    challenges = draw_constraint_point(transcript, layout, lookups, beta)
    expanded = expansion.expand(layout, challenges, known)
    target = 0 if lookups is None else expansion.key_target(lookups, challenges.eta)
    products = verify_products(transcript, layout, expanded, target, proof, known)
    # 5.3
    claim = linear.combine(transcript, order_claims(lookups, products))
    commitments: dict[Column, Sequence[Point]] = {
        Column.MODEL: statement.model,
        Column.TABLE: statement.table,
        Column.INPUT: statement.inputs,
        Column.OUTPUT: statement.outputs,
        Column.WITNESS: proof.witness,
        Column.HELPER: proof.lookups.commitments if isinstance(proof.lookups, HelperMessages) else (),
    }
    opening = linear.verify_linear_claim(transcript, layout, claim, proof, commitments)
    verify_opening(transcript, opening, proof, statement.tau_g2)


def order_claims(lookups: LookupClaims | None, products: tuple[Claim, Claim, Claim]) -> tuple[Claim, ...]:
    """5.3: M, U, V, then G_0 .. G_{n-1} or H, g1, then g2."""
    u, v, g2 = products
    if lookups is None:
        return u, v, g2
    return lookups.multiplicities, u, v, *lookups.rest, g2


def verify_opening(transcript: Transcript, claim: linear.OpeningClaim, proof: Proof, tau_g2: Twisted | None) -> None:
    """Chapter 6, by the scheme that the key chose; the proof was decoded by the same parameters."""
    if isinstance(proof.opening, IpaMessages):
        ipa.verify_opening(transcript, claim, proof.opening)
    else:
        assert tau_g2 is not None, "a key of this scheme has it"
        kzg.verify_opening(transcript, claim, proof.opening, tau_g2)


def verify_products(
    transcript: Transcript,
    layout: Layout,
    expanded: expansion.Expansion,
    target: int,
    proof: Proof,
    known: KnownValues,
) -> tuple[Claim, Claim, Claim]:
    """5.2: the sumcheck of sum u v = T2 - const; leaves the claims U, V and g2."""
    start = (target - expanded.linear.constant) % P
    rho, last = sumcheck.verify_rounds(transcript, "product round", "product point", start, proof.product_rounds)
    u, v = proof.product_values
    transcript.absorb_scalars("product values", (u, v))
    mask = LinearForm(mu=mask_coefficients(layout.mask.g2(0, 1), rho, [HALF] * len(rho)))
    return (
        Claim(expansion.left_form(layout, expanded, rho, known), u),
        Claim(expansion.right_form(layout, expanded, rho, known), v),
        Claim(mask, (last - u * v) % P),
    )
