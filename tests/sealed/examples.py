"""Sealed models of the tests: small chunks, so that a file has many of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zkseal._native import HpkeKey, PublisherKey
from zkseal.sealed import SealedHeader, SealedModel, SealingTerms, UnlockedModel, seal
from zkseal.sealed.layout import Body
from zkseal.tee import Assurance

CHUNK = 1024
TERMS = SealingTerms("credit", 3, b"z" * 32, b"p" * 32, Assurance.HARDWARE, 1_800_000_000, "MIT")
PARTS = {"proving-key": bytes(range(256)) * 14, "tokenizer": b"", "notes": b"two words"}
"""Three and a half chunks, none, and a short one."""

REFERENCE_FIELDS: dict[str, object] = {
    "name": TERMS.name,
    "version": TERMS.version,
    "zk model": TERMS.zk_model_commitment,
    "policy": TERMS.policy_digest,
    "assurance": int(TERMS.minimum_assurance),
    "created": TERMS.created,
    "licence": TERMS.licence,
}
"""`TERMS` as fields of a header, for the reference."""


@dataclass(frozen=True)
class Example:
    """A sealed model with its keys."""

    path: Path
    publisher: PublisherKey
    recipient: HpkeKey
    header: SealedHeader

    @classmethod
    def make(cls, path: Path, parts: dict[str, bytes] | None = None, terms: SealingTerms = TERMS) -> Example:
        """A new file, under new keys."""
        publisher, recipient = PublisherKey.generate(), HpkeKey.generate()
        sections = PARTS if parts is None else parts
        header = seal(path, sections, terms, publisher, [recipient.public_key], chunk_bytes=CHUNK)
        return cls(path, publisher, recipient, header)

    @property
    def data(self) -> bytes:
        """The file."""
        return self.path.read_bytes()

    @property
    def body_start(self) -> int:
        """Where the chunks begin."""
        return len(self.data) - Body(self.header).length

    def unlock(self, path: Path | None = None) -> UnlockedModel:
        """The sections of this file, or of another one, under this file's keys."""
        model = SealedModel.open(path or self.path, publisher=self.publisher.public_key)
        return model.unlock(model.data_key(self.recipient))

    def read_all(self, path: Path | None = None) -> dict[str, bytes]:
        """Everything that can be read."""
        unlocked = self.unlock(path)
        return {name: unlocked.read(name) for name in unlocked.sections}
