"""What a verifier is given: every field of a proof and a statement, and which error must follow when it changes.

`test_tampering` walks the proof types of both verifiers and fails on a field that is not listed here.
"""

from __future__ import annotations

from dataclasses import dataclass

from zkseal_reference.layout import Layout
from zkseal_reference.parameters import Opening
from zkseal_reference.relation import Column

COMMITMENT, SCALAR, POINT = "commitment", "scalar", "point"
"""What 32 bytes of a proof are; a commitment is a point that must not be the identity."""

LINEAR, OPENING = "LinearClaimRejected", "OpeningRejected"


@dataclass(frozen=True)
class Field:
    """A part of a proof, in the order of the bytes: names in the Rust and the Python type, and who notices a change."""

    rust: str
    python: str
    error: str


FIELDS = (
    Field("witness", "witness", LINEAR),
    Field("mask", "mask", LINEAR),
    Field("lookups", "lookups", LINEAR),
    Field("product_rounds", "product_rounds", LINEAR),
    Field("product_values", "product_values", LINEAR),
    Field("row_rounds", "row_rounds", LINEAR),
    Field("blinding", "blinding", LINEAR),
    Field("blinding_value", "blinding_value", LINEAR),
    Field("column_rounds", "column_rounds", LINEAR),
    Field("combined", "combined", LINEAR),
    Field("opening", "opening", OPENING),
)

STATEMENT = ("kind", "layout", "tau_g2", "relation_digest", "model", "table", "context", "public", "inputs", "outputs")
"""Fields of the reference's Statement; all are absorbed, tau*G2 by its digest in the parameters.

`CHANGES` of test_tampering changes each.
"""


@dataclass(frozen=True)
class Element:
    """32 bytes of a proof: of which field, what kind, and the error when they change to something well-formed."""

    field: str
    kind: str
    error: str


def elements(layout: Layout) -> list[Element]:
    """Every 32 bytes of a proof in order: chapter 6, "Proof bytes", written out a third time."""
    kzg = layout.parameters.opening == Opening.KZG
    shape: dict[str, list[str]] = {
        "witness": [COMMITMENT] * layout.committed_row_count(Column.WITNESS),
        "mask": [COMMITMENT],
        "lookups": lookup_elements(layout),
        "product_rounds": [SCALAR] * (2 * layout.n2),
        "product_values": [SCALAR] * 2,
        "row_rounds": [SCALAR] * (2 * layout.row_variables),
        "blinding": [COMMITMENT] * 2,
        "blinding_value": [SCALAR],
        "column_rounds": [SCALAR] * (2 * (layout.c + 1)),
        "combined": [SCALAR] * 2,
        "opening": [POINT] * 7 + [SCALAR] * 6 if kzg else [POINT] * (2 * layout.c) + [SCALAR],
    }
    listed = [Element(field.python, kind, field.error) for field in FIELDS for kind in shape[field.python]]
    # s, the blinding of `combined`, enters the opened commitment only.
    last = max(index for index, element in enumerate(listed) if element.field == "combined")
    listed[last] = Element("combined", SCALAR, OPENING)
    return listed


def lookup_elements(layout: Layout) -> list[str]:
    """Those of the helper argument, or of the layers of the tree."""
    if not layout.has_helper:
        return [SCALAR] * sum(2 * (j + 1) + 4 for j in range(layout.n))
    rounds = (layout.n + 1) * (layout.parameters.lanes + 2)
    return [COMMITMENT] * layout.committed_row_count(Column.HELPER) + [SCALAR] * (rounds + layout.parameters.lanes + 2)
