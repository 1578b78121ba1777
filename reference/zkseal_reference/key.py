"""Chapter 6, "Verifying key": strict decoding, the model proof, the model id."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from . import kzg, verifier
from .curve import UNCOMPRESSED_BYTES, Point, decode_uncompressed, encode_uncompressed
from .decoder import Reader, decode_relation
from .errors import (
    DecodeFailure,
    InvalidEncoding,
    InvalidParameters,
    ModelProofRejected,
    ProtocolError,
    ReferenceLimit,
    UnknownVersion,
    WrongLength,
)
from .generators import SETUP_DIGEST
from .keccak import keccak256
from .layout import Layout
from .model_relation import derive_model_relation
from .pairing import G2_BYTES, Twisted, decode_g2, encode_g2
from .parameters import PARAMETERS_BYTES, Opening, Parameters, decode_parameters
from .proof import refuse_identity
from .relation import Column, Relation, encode_relation, relation_digest, u16, u32

MAGIC, VERSION = b"ZKVK", 1


@dataclass(frozen=True)
class VerifyingKey:
    """What a verifier knows of a model: parameters, relation, commitments, and a proof that the model is in bounds.

    tau_g2 is the setup of scheme `kzg`, and None for `ipa`.
    """

    parameters: Parameters
    tau_g2: Twisted | None
    relation_bytes: bytes
    relation: Relation
    layout: Layout
    model_commitments: tuple[Point, ...]
    table_commitments: tuple[Point, ...]
    model_proof: bytes

    @classmethod
    def decode(cls, data: bytes, check_model_proof: bool = True) -> VerifyingKey:
        """The key of these bytes; raises a class of `errors`."""
        key = read_key(data)
        if check_model_proof:
            verify_model_proof(key)
        return key

    def encode(self) -> bytes:
        return b"".join(
            (
                MAGIC + u16(VERSION) + self.parameters.encode(),
                encode_g2(self.tau_g2) if self.tau_g2 is not None else b"",
                u32(len(self.relation_bytes)) + self.relation_bytes,
                u32(len(self.model_commitments)),
                *(encode_uncompressed(point) for point in self.model_commitments),
                u32(len(self.table_commitments)),
                *(encode_uncompressed(point) for point in self.table_commitments),
                u32(len(self.model_proof)) + self.model_proof,
            )
        )

    @cached_property
    def relation_digest(self) -> bytes:
        return relation_digest(self.relation_bytes)

    @property
    def model_id(self) -> bytes:
        """The name of the model; the model proof is no part of it."""
        return keccak256(
            b"zkseal model id v1"
            + self.parameters.encode()
            + self.relation_digest
            + verifier.commitments_digest(self.model_commitments)
            + verifier.commitments_digest(self.table_commitments)
        )


def read_key(data: bytes) -> VerifyingKey:
    """Decodes without the model proof."""
    reader = Reader(data, WrongLength)
    if reader.take(4) != MAGIC:
        raise InvalidEncoding("not a verifying key: the first bytes are not ZKVK")
    version = reader.unsigned(2)
    if version != VERSION:
        raise UnknownVersion(f"verifying key of version {version}: this verifier knows {VERSION}")
    parameters = decode_parameters(reader.take(PARAMETERS_BYTES))
    tau_g2 = read_tau_g2(reader) if parameters.opening == Opening.KZG else None
    check_setup_digest(parameters, tau_g2)
    relation_bytes = reader.take(reader.unsigned(4))
    relation = decode_relation(relation_bytes)
    layout = Layout(relation, parameters)
    model = read_commitments(reader, layout, Column.MODEL)
    for point in model:
        refuse_identity(point, "model")
    table = read_commitments(reader, layout, Column.TABLE)
    model_proof = reader.take(reader.unsigned(4))
    reader.end()
    return VerifyingKey(parameters, tau_g2, relation_bytes, relation, layout, model, table, model_proof)


def read_tau_g2(reader: Reader) -> Twisted:
    """Whatever is wrong with it is InvalidEncoding."""
    data = reader.take(G2_BYTES)
    try:
        return decode_g2(data)
    except DecodeFailure as error:
        raise InvalidEncoding(f"tau*G2: {error}") from error


def check_setup_digest(parameters: Parameters, tau_g2: Twisted | None) -> None:
    """That of the ipa generators, or of the key's own tau G2."""
    if parameters.setup_digest != (SETUP_DIGEST if tau_g2 is None else kzg.setup_digest(tau_g2)):
        raise InvalidParameters("the setup digest is not that of the key's setup")


def read_commitments(reader: Reader, layout: Layout, column: Column) -> tuple[Point, ...]:
    """Exactly as many as the column has committed rows, and all their bytes."""
    expected, count = layout.committed_row_count(column), reader.unsigned(4)
    if count != expected:
        raise InvalidEncoding(f"{expected} {column.name.lower()} commitments are wanted, the key has {count}")
    data = reader.take(count * UNCOMPRESSED_BYTES)
    starts = range(0, len(data), UNCOMPRESSED_BYTES)
    return tuple(decode_uncompressed(data[at : at + UNCOMPRESSED_BYTES]) for at in starts)


def model_statement(key: VerifyingKey) -> verifier.Statement | None:
    """What the model proof proves; None if the relation has no model tensor."""
    relation = derive_model_relation(key.relation)
    if relation is None:
        return None
    return verifier.Statement(
        kind=verifier.MODEL,
        layout=Layout(relation, key.parameters),
        tau_g2=key.tau_g2,
        relation_digest=relation_digest(encode_relation(relation)),
        model=key.model_commitments,
        table=(),
        context=b"",
        public={},
        inputs=(),
        outputs=(),
    )


def verify_model_proof(key: VerifyingKey) -> None:
    """Every failure of the model proof itself is ModelProofRejected, caused by the error that a proof would give."""
    statement = model_statement(key)
    if statement is None:
        if key.model_proof:
            raise InvalidEncoding("a model proof for a relation without model tensors")
        return
    try:
        verifier.verify_statement(statement, key.model_proof)
    except ReferenceLimit:
        raise
    except ProtocolError as error:
        raise ModelProofRejected(f"the model proof fails: {error.code}: {error}") from error
