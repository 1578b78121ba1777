"""What a verifier is given: every field of a proof and a statement, and which error must follow when it changes.

`test_tampering` walks the proof types of both verifiers and fails on a field that is not listed here.
"""

from __future__ import annotations

from dataclasses import dataclass

from zkseal_reference.layout import Layout
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
    Field("lookups", "layers", LINEAR),
    Field("product_rounds", "product_rounds", LINEAR),
    Field("product_values", "product_values", LINEAR),
    Field("row_rounds", "row_rounds", LINEAR),
    Field("blinding", "blinding", LINEAR),
    Field("blinding_value", "blinding_value", LINEAR),
    Field("column_rounds", "column_rounds", LINEAR),
    Field("combined", "combined", LINEAR),
    Field("opening", "opening_rounds", OPENING),
    Field("opening", "opening_scalar", OPENING),
)

STATEMENT = ("kind", "layout", "relation_digest", "model", "table", "context", "public", "inputs", "outputs")
"""Fields of the reference's Statement; all are absorbed. `CHANGES` of test_tampering changes each."""


@dataclass(frozen=True)
class Element:
    """32 bytes of a proof: of which field, what kind, and the error when they change to something well-formed."""

    field: str
    kind: str
    error: str


def elements(layout: Layout) -> list[Element]:
    """Every 32 bytes of a proof in order: chapter 6, "Proof bytes", written out a third time."""
    shape: dict[str, list[str]] = {
        "witness": [COMMITMENT] * layout.committed_row_count(Column.WITNESS),
        "mask": [COMMITMENT],
        "layers": [SCALAR] * sum(2 * (j + 1) + 4 for j in range(layout.n)),
        "product_rounds": [SCALAR] * (2 * layout.n2),
        "product_values": [SCALAR] * 2,
        "row_rounds": [SCALAR] * (2 * layout.row_variables),
        "blinding": [COMMITMENT] * 2,
        "blinding_value": [SCALAR],
        "column_rounds": [SCALAR] * (2 * (layout.c + 1)),
        "combined": [SCALAR] * 2,
        "opening_rounds": [POINT] * (2 * layout.c),
        "opening_scalar": [SCALAR],
    }
    listed = [Element(field.python, kind, field.error) for field in FIELDS for kind in shape[field.python]]
    # s, the blinding of `combined`, enters the opened commitment only.
    last = max(index for index, element in enumerate(listed) if element.field == "combined")
    listed[last] = Element("combined", SCALAR, OPENING)
    return listed
