"""What somebody who has the compiled model can see of a verifying key in segments."""

from __future__ import annotations

import hashlib

from zkseal.errors import WrongModel
from zkseal.lowering import Program
from zkseal.pipeline import CompiledModel
from zkseal.proving import SegmentedVerifyingKey, VerifyingKey, setup
from zkseal.relation import Column, Relation
from zkseal.relation.relation import Names, Origins
from zkseal.relation.types import Scope, Zero
from zkseal.segments.split import split

__all__ = ["require_split_of"]

_RELATION_AT = 4 + 2 + 37
_POINT_BYTES = 64
"""Of a verifying key with the opening ipa: docs/protocol/6-opening.md."""


def require_split_of(model: CompiledModel, verifying_key: SegmentedVerifyingKey) -> None:
    """The key is one of this model in segments: relation by relation, and with its tables and public weights.

    Splits the model again and compares. Says nothing about hidden weights, which only commitments stand for.

    Raises:
        WrongModel: it is of another model, or was split by a release that cuts elsewhere. Names the first segment.
        SetupError: the model cannot be cut so often.
    """
    parts = split(model, len(verifying_key.segments))
    if parts.annotation != verifying_key.annotation:
        raise _other_model("inputs and outputs are others", parts.annotation, verifying_key.annotation)
    for index, (mine, theirs) in enumerate(zip(parts.segments, verifying_key.segments, strict=True)):
        relation = mine.program.relation.encode()
        if (relation, mine.public) != (theirs.key.core.relation, theirs.public):
            raise _other_model(
                f"segment {index} shows something else", relation, theirs.key.core.relation, segment=index
            )
        own, other = _committed_tables(mine.program, theirs.key), _table_commitments(theirs.key)
        if own != other:
            raise _other_model(f"segment {index} has other tables or public weights", own, other, segment=index)


def _committed_tables(program: Program, like: VerifyingKey) -> bytes:
    """Commitments to the tables of a program, in rows as long as those of the key.

    They are not blinded, and lie in a column of their own: a relation of the tables alone has the same.
    """
    tables = program.relation.tensors_of(Column.TABLE)
    names = Names(tuple(tables), (), (), (), ("nothing",))
    origins = Origins(("",) * len(tables), (), ("",))
    nothing = Zero(Scope.EVERY_PROOF, (), ())
    relation = Relation(b"", tuple(tables.values()), (), (), (), (), (nothing,), names, origins, program.relation.fixed)
    return _table_commitments(setup(relation, relation.fixed, row_bits=like.row_bits, scheme=like.scheme)[1])


def _table_commitments(key: VerifyingKey) -> bytes:
    """The points as they stand in a verifying key, behind the relation and the commitments of the model."""
    data = key.data
    model_at = _RELATION_AT + 4 + _count(data, _RELATION_AT)
    table_at = model_at + 4 + _POINT_BYTES * _count(data, model_at)
    return data[table_at + 4 : table_at + 4 + _POINT_BYTES * _count(data, table_at)]


def _count(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _other_model(what: str, expected: bytes, got: bytes, **fields: int) -> WrongModel:
    digests = (hashlib.sha256(data).hexdigest() for data in (expected, got))
    return WrongModel(
        f"The verifying key is not that of this model in segments: {what}. Ask for the key that setup made of it.",
        **dict(zip(("expected", "got"), digests, strict=True)),
        **fields,
    )
