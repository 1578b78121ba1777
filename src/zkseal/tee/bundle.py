"""Evidence of a whole machine in one value: its main evidence, its GPUs, and the runtime data that all are bound to.

`attested.appraise_bundle` says what it is worth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from zkseal.errors import InvalidEncoding, UnknownVersion
from zkseal.receipts import cbor
from zkseal.tee.evidence import Evidence
from zkseal.tee.evidence_encoding import decode_evidence, encode_evidence
from zkseal.tee.result import Platform
from zkseal.tee.runtime_data import MAX_RUNTIME_DATA_BYTES, RuntimeData

__all__ = [
    "DEV_MEDIA_TYPE",
    "MAX_BUNDLE_BYTES",
    "MEDIA_TYPE",
    "AttestationBundle",
]

MEDIA_TYPE = "application/vnd.zkseal.evidence+cbor"
DEV_MEDIA_TYPE = "application/vnd.zkseal.evidence-dev+cbor"
VERSION = 1
MAX_BUNDLE_BYTES = 1 << 23
MAX_BUNDLE_ITEMS = 1 << 13
MAX_SUBMODULES = 16

# Names of submodules: they stand in tables and in EARs, beside the machine's own entry, whose name is its platform.
_NAME = re.compile(r"[a-z][a-z0-9]{0,15}")

_KEYS = {"bundle", "evidence", "media_type", "runtime", "submodules"}


@dataclass(frozen=True)
class AttestationBundle:
    """What an enclave shows.

    Attributes:
        evidence: of the machine or the process.
        submodules: of its devices, by name: `gpu0`, `gpu1`.
    """

    runtime_data: RuntimeData
    evidence: Evidence
    submodules: Mapping[str, Evidence] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.submodules) > MAX_SUBMODULES:
            raise InvalidEncoding(f"{len(self.submodules)} submodules are too many.", reason="submodules")
        for name in self.submodules:
            if not isinstance(name, str) or not _NAME.fullmatch(name) or name in list(Platform):
                raise InvalidEncoding(f"{name!r} is no name of a submodule; gpu0 is one.", reason="submodules")

    @property
    def media_type(self) -> str:
        """Another one for evidence that can show no production assurance: by its ceiling, or because of a sandbox."""
        production = self.runtime_data.ceiling.production and self.evidence.platform is not Platform.SANDBOX
        return MEDIA_TYPE if production else DEV_MEDIA_TYPE

    def to_cbor(self) -> bytes:
        """The one encoding."""
        return cbor.dumps(
            {
                "bundle": VERSION,
                "media_type": self.media_type,
                "runtime": self.runtime_data.to_cbor(),
                "evidence": encode_evidence(self.evidence),
                "submodules": {name: encode_evidence(evidence) for name, evidence in self.submodules.items()},
            }
        )

    @staticmethod
    def from_cbor(data: bytes) -> AttestationBundle:
        """Raises: DecodeError: not the one encoding of a bundle, or of the other media type."""
        value = cbor.loads(data, max_bytes=MAX_BUNDLE_BYTES, max_items=MAX_BUNDLE_ITEMS)
        if not isinstance(value, dict) or set(value) != _KEYS:
            raise InvalidEncoding("The attestation has missing or unknown entries.", reason="bundle")
        if value["bundle"] != VERSION or isinstance(value["bundle"], bool):
            text = f"Attestations of version {value['bundle']!r} are not known to this release."
            raise UnknownVersion(text, got=value["bundle"], expected=VERSION)
        runtime, submodules = value["runtime"], value["submodules"]
        if not isinstance(runtime, bytes) or len(runtime) > MAX_RUNTIME_DATA_BYTES or not isinstance(submodules, dict):
            raise InvalidEncoding("The attestation's runtime data or submodules are none.", reason="bundle")
        bundle = AttestationBundle(
            RuntimeData.from_cbor(runtime),
            decode_evidence(value["evidence"]),
            {name: decode_evidence(entry) for name, entry in submodules.items()},
        )
        if value["media_type"] != bundle.media_type:
            text = (
                f"The attestation says to be {value['media_type']!r}, but what it holds makes it {bundle.media_type}."
            )
            raise InvalidEncoding(text, reason="media type")
        return bundle
