"""The receipt: a statement and the evidence for it.

Deterministic CBOR of ``{"receipt": 1, "statement": {..}, "evidence": [{"type": .., ..}, ..]}``. A new kind of evidence
is a new class with its own type tag in `_EVIDENCE`; what is there keeps its bytes (docs/decisions/receipt-format.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from zkseal.errors import InvalidEncoding, StatementMismatch, UnknownVersion, WrongLength
from zkseal.receipts import cbor
from zkseal.receipts.answers import SignedAnswer, read_answer
from zkseal.receipts.segments import SegmentedEvidence
from zkseal.receipts.statement import Statement, exact_map, typed

__all__ = [
    "MAX_RECEIPT_BYTES",
    "RECEIPT_VERSION",
    "DevTeeEvidence",
    "Evidence",
    "Receipt",
    "TeeEvidence",
    "ZkEvidence",
]

RECEIPT_VERSION = 1
MAX_RECEIPT_BYTES = 1 << 26
"""Bound on what is read: 64 MiB, room for some million public values."""
MAX_EVIDENCE = 16
ZK_VERSIONS = (1, 2)
TEE_VERSION = 1
SETUP_DIGEST_BYTES = 32

_KEYS = ("evidence", "receipt", "statement")


@dataclass(frozen=True)
class ZkEvidence:
    """A zero-knowledge proof: `proof` in the bytes of docs/protocol/6-opening.md.

    Version 2 says which trusted setup the proof rests on, by the digest of its tau*G2; version 1 rests on none.
    """

    TYPE: ClassVar[str] = "zk"
    proof: bytes
    setup_digest: bytes | None = None

    def __post_init__(self) -> None:
        if self.setup_digest is not None and len(self.setup_digest) != SETUP_DIGEST_BYTES:
            raise WrongLength(
                f"A setup digest has {SETUP_DIGEST_BYTES} bytes, not {len(self.setup_digest)}.",
                expected=SETUP_DIGEST_BYTES,
                got=len(self.setup_digest),
            )

    @property
    def proof_bytes(self) -> int:
        """Bytes of the proof."""
        return len(self.proof)

    @property
    def version(self) -> int:
        """1 without a setup, 2 with one."""
        return 1 if self.setup_digest is None else 2

    def encode(self) -> dict[str, Any]:
        """The evidence as a map of deterministic CBOR."""
        encoded = {"type": self.TYPE, "version": self.version, "proof": self.proof}
        return encoded if self.setup_digest is None else encoded | {"setup": self.setup_digest}

    @classmethod
    def decode(cls, value: dict[str, Any]) -> ZkEvidence:
        """The inverse of `encode`; the type tag was read already."""
        if isinstance(value.get("version"), int) and value["version"] not in ZK_VERSIONS:
            raise UnknownVersion(
                f"Evidence of type zk has version {value['version']}; this release reads {ZK_VERSIONS}. Update zkseal.",
                got=value["version"],
                expected=list(ZK_VERSIONS),
            )
        has_setup = value.get("version") == 2
        keys = ("proof", "setup", "type", "version") if has_setup else ("proof", "type", "version")
        entries = exact_map(value, keys, "zk evidence")
        typed(entries["version"], int, "version")
        setup_digest = typed(entries["setup"], bytes, "setup") if has_setup else None
        return cls(typed(entries["proof"], bytes, "proof"), setup_digest)

    def to_json(self) -> dict[str, Any]:
        """JSON view with the proof in hexadecimal."""
        viewed = {"type": self.TYPE, "version": self.version, "proof": self.proof.hex()}
        return viewed if self.setup_digest is None else viewed | {"setup": self.setup_digest.hex()}


@dataclass(frozen=True)
class _Attested:
    """An answer that an enclave signed, and the attestation of its key.

    Attributes:
        answer: COSE_Sign1, see `zkseal.receipts.answers`.
        attestation: `zkseal.tee.AttestationBundle` in its encoding; read by whoever appraises it.
    """

    TYPE: ClassVar[str]
    DEVELOPMENT: ClassVar[bool]

    answer: bytes
    attestation: bytes

    @property
    def signed(self) -> SignedAnswer:
        """The answer, read; its signature is checked by an appraisal. Raises `DecodeError`."""
        return read_answer(self.answer, development=self.DEVELOPMENT)

    def encode(self) -> dict[str, Any]:
        """The evidence as a map of deterministic CBOR."""
        return {"type": self.TYPE, "version": TEE_VERSION, "answer": self.answer, "attestation": self.attestation}

    @classmethod
    def decode(cls, value: dict[str, Any]) -> Self:
        """The inverse of `encode`; the type tag was read already."""
        if isinstance(value.get("version"), int) and value["version"] != TEE_VERSION:
            raise UnknownVersion(
                f"Evidence of type {cls.TYPE} has version {value['version']}; this release reads {TEE_VERSION}. Update "
                "zkseal.",
                got=value["version"],
                expected=TEE_VERSION,
            )
        entries = exact_map(value, ("answer", "attestation", "type", "version"), f"{cls.TYPE} evidence")
        typed(entries["version"], int, "version")
        return cls(typed(entries["answer"], bytes, "answer"), typed(entries["attestation"], bytes, "attestation"))

    def to_json(self) -> dict[str, Any]:
        """JSON view: the claims, and the bytes in hexadecimal. Nothing of it is checked."""
        return {
            "type": self.TYPE,
            "version": TEE_VERSION,
            "development": self.DEVELOPMENT,
            "claims": self.signed.claims.to_json(),
            "answer": self.answer.hex(),
            "attestation": self.attestation.hex(),
        }


@dataclass(frozen=True)
class TeeEvidence(_Attested):
    """Of an enclave whose attestation may be of a production root; appraising it tells."""

    TYPE: ClassVar[str] = "tee"
    DEVELOPMENT: ClassVar[bool] = False


@dataclass(frozen=True)
class DevTeeEvidence(_Attested):
    """Of a development enclave: a sandbox, a software TPM. Says nothing to whoever does not trust its operator."""

    TYPE: ClassVar[str] = "tee-dev"
    DEVELOPMENT: ClassVar[bool] = True


Evidence = ZkEvidence | SegmentedEvidence | TeeEvidence | DevTeeEvidence
"""Union of all kinds of evidence."""

_EVIDENCE: dict[str, type[ZkEvidence] | type[SegmentedEvidence] | type[TeeEvidence] | type[DevTeeEvidence]] = {
    ZkEvidence.TYPE: ZkEvidence,
    SegmentedEvidence.TYPE: SegmentedEvidence,
    TeeEvidence.TYPE: TeeEvidence,
    DevTeeEvidence.TYPE: DevTeeEvidence,
}


@dataclass(frozen=True)
class Receipt:
    """A statement and one or more pieces of evidence for it."""

    statement: Statement
    evidence: tuple[Evidence, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.evidence) <= MAX_EVIDENCE:
            raise InvalidEncoding(
                f"A receipt has 1 to {MAX_EVIDENCE} pieces of evidence, not {len(self.evidence)}.", reason="evidence"
            )

    @property
    def proof_evidence(self) -> ZkEvidence | SegmentedEvidence:
        """The zero-knowledge proof, in one piece or in segments.

        Raises:
            StatementMismatch: there is none, or more than one.
        """
        proofs = [evidence for evidence in self.evidence if isinstance(evidence, ZkEvidence | SegmentedEvidence)]
        if len(proofs) != 1:
            raise StatementMismatch(
                f"The receipt holds {len(proofs)} zero-knowledge proofs where one is expected.", column="evidence"
            )
        return proofs[0]

    @property
    def zk(self) -> ZkEvidence:
        """The zero-knowledge proof in one piece.

        Raises:
            StatementMismatch: there is none, or more than one, or it is in segments.
        """
        proof = self.proof_evidence
        if not isinstance(proof, ZkEvidence):
            raise StatementMismatch(
                f"The receipt's proof is in {len(proof.proofs)} segments; here a proof in one piece is needed. Verify "
                "it with the verifying key of the model in segments.",
                column="evidence",
            )
        return proof

    @property
    def segmented(self) -> SegmentedEvidence:
        """The zero-knowledge proof in segments.

        Raises:
            StatementMismatch: there is none, or more than one, or it is in one piece.
        """
        proof = self.proof_evidence
        if not isinstance(proof, SegmentedEvidence):
            raise StatementMismatch(
                "The receipt's proof is in one piece; the key is of a model in segments. Ask for the receipt as it was "
                "made.",
                column="evidence",
            )
        return proof

    @property
    def attested(self) -> TeeEvidence | DevTeeEvidence | None:
        """The enclave's answer, if there is one.

        Raises:
            StatementMismatch: there is more than one.
        """
        answers = [evidence for evidence in self.evidence if isinstance(evidence, TeeEvidence | DevTeeEvidence)]
        if len(answers) > 1:
            raise StatementMismatch(
                f"The receipt holds {len(answers)} signed answers where at most one is expected.", column="evidence"
            )
        return answers[0] if answers else None

    @property
    def proved(self) -> bool:
        """Whether there is a zero-knowledge proof, checked or not."""
        return any(isinstance(evidence, ZkEvidence | SegmentedEvidence) for evidence in self.evidence)

    def with_proof(self, proved: Receipt) -> Receipt:
        """This receipt and the proof of another one of the same statement.

        Raises:
            StatementMismatch: the statements differ, or there is a proof already.
        """
        if proved.statement != self.statement or self.proved:
            raise StatementMismatch(
                "The proof is of another statement, or the receipt has one already. Prove with the answer's opening.",
                column="statement",
            )
        return Receipt(self.statement, (*self.evidence, proved.proof_evidence))

    @property
    def proof(self) -> bytes:
        """The bytes of the zero-knowledge proof. Raises `StatementMismatch` as `zk` does."""
        return self.zk.proof

    def to_cbor(self) -> bytes:
        """The receipt's one encoding."""
        return cbor.dumps(
            {
                "receipt": RECEIPT_VERSION,
                "statement": self.statement.encode(),
                "evidence": [evidence.encode() for evidence in self.evidence],
            }
        )

    @staticmethod
    def from_cbor(data: bytes, *, max_items: int = cbor.MAX_ITEMS) -> Receipt:
        """The receipt whose one encoding is `data`.

        Args:
            max_items: as of `cbor.loads`; for whoever reads receipts of strangers.

        Raises:
            DecodeError: the bytes are cut, have a tail, are not deterministic, are of another version, or have
                missing or unknown entries.
        """
        value = cbor.loads(data, max_bytes=MAX_RECEIPT_BYTES, max_items=max_items)
        version = value.get("receipt") if isinstance(value, dict) else None
        if isinstance(version, int) and version != RECEIPT_VERSION:
            raise UnknownVersion(
                f"Receipt version {version} is not known to this release, which reads {RECEIPT_VERSION}.",
                got=version,
                expected=RECEIPT_VERSION,
            )
        entries = exact_map(value, _KEYS, "a receipt")
        typed(entries["receipt"], int, "receipt")
        evidence = tuple(_decode_evidence(item) for item in typed(entries["evidence"], list, "evidence"))
        return Receipt(Statement.decode(entries["statement"]), evidence)

    def to_json(self) -> dict[str, Any]:
        """JSON view, for people and logs; the authority is the CBOR."""
        return {
            "receipt": RECEIPT_VERSION,
            "statement": self.statement.to_json(),
            "evidence": [evidence.to_json() for evidence in self.evidence],
        }


def _decode_evidence(value: Any) -> Evidence:
    if not isinstance(value, dict):
        raise InvalidEncoding("A piece of evidence is not a map.", reason="not a map")
    tag = typed(value.get("type"), str, "the type of evidence")
    kind = _EVIDENCE.get(tag)
    if kind is None:
        raise UnknownVersion(
            f"Evidence of type {tag!r} is not known to this release. Update zkseal to check this receipt.",
            got=tag,
            expected=sorted(_EVIDENCE),
        )
    return kind.decode(value)
