"""What an enclave binds into its attestation: its keys, the model that it serves, the policy, and who asked.

Hardware signs 64 bytes of the software's choice. They are a digest of `RuntimeData`, which travels beside the evidence,
so that a verified quote speaks of these keys and of this model, the one of a zero-knowledge proof included. Its place
differs by platform: `RuntimeData.binding`. The idea of hashed runtime data is that of Trustee's KBS protocol.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import Any

from zkseal.errors import InvalidEncoding, UnknownVersion, WrongLength
from zkseal.receipts import cbor
from zkseal.tee.result import Assurance, Platform

__all__ = ["MAX_RUNTIME_DATA_BYTES", "RuntimeData"]

DOMAIN = b"zkseal/rd/v1"
VERSION = 1
MAX_RUNTIME_DATA_BYTES = 1024

_QUOTED_BY_TPM = {Platform.TPM, Platform.AZURE_SNP, Platform.AZURE_TDX, Platform.CONFIDENTIAL_SPACE}

# Bytes of each field.
_SIZES = {
    "hpke_public_key": 32,
    "signing_public_key": 33,
    "model_digest": 32,
    "zk_model_commitment": 32,
    "policy_digest": 32,
    "boot_epoch": 16,
    "nonce": 32,
}


@dataclass(frozen=True)
class RuntimeData:
    """What is bound. All fields are public.

    Attributes:
        ceiling: most that evidence of this kind can show (`Attester.assurance_ceiling`): evidence that a verifier finds
            to show more contradicts itself.
        hpke_public_key: X25519, 32 bytes: requests and keys are encrypted to it.
        signing_public_key: secp256k1, compressed, 33 bytes: answers are signed by it.
        model_digest: SHA-256 of the sealed model's header.
        zk_model_commitment: model id of the verifying key, to whose committed weights proofs speak.
        policy_digest: of the policy under which the key of the model is released.
        boot_epoch: random bytes of this start of the enclave, so that receipts of two starts cannot be mixed.
        nonce: the challenge of whoever asked for the attestation.
    """

    ceiling: Assurance
    hpke_public_key: bytes
    signing_public_key: bytes
    model_digest: bytes
    zk_model_commitment: bytes
    policy_digest: bytes
    boot_epoch: bytes
    nonce: bytes

    def __post_init__(self) -> None:
        for name, size in _SIZES.items():
            got = len(getattr(self, name))
            if got != size:
                text = f"The runtime data's {name} has {got} bytes instead of {size}."
                raise WrongLength(text, expected=size, got=got)

    def to_cbor(self) -> bytes:
        """The one encoding."""
        values = {name: getattr(self, name) for name in _SIZES}
        return cbor.dumps({"runtime": VERSION, "ceiling": int(self.ceiling), **values})

    @staticmethod
    def from_cbor(data: bytes) -> RuntimeData:
        """Raises: DecodeError: not the one encoding of runtime data of this version."""
        value = cbor.loads(data, max_bytes=MAX_RUNTIME_DATA_BYTES)
        if not isinstance(value, dict) or set(value) != {"runtime", "ceiling", *_SIZES}:
            raise InvalidEncoding("The runtime data has missing or unknown entries.", reason="runtime data")
        if value["runtime"] != VERSION or isinstance(value["runtime"], bool):
            text = f"Runtime data of version {value['runtime']!r} is not known to this release."
            raise UnknownVersion(text, got=value["runtime"], expected=VERSION)
        ceiling = value["ceiling"]
        if type(ceiling) is not int or ceiling not in [int(level) for level in Assurance]:
            raise InvalidEncoding("The runtime data names an assurance that there is not.", reason="ceiling")
        if not all(isinstance(value[name], bytes) for name in _SIZES):
            raise InvalidEncoding("A field of the runtime data holds no bytes.", reason="runtime data")
        return RuntimeData(Assurance(ceiling), **{name: value[name] for name in _SIZES})

    @property
    def digest(self) -> bytes:
        """SHA-256 of the encoding: names this start of the enclave in receipts."""
        return hashlib.sha256(self.to_cbor()).digest()

    def report_data(self) -> bytes:
        """SHA-512, domain separated: 64 bytes for quotes and reports."""
        return hashlib.sha512(DOMAIN + self.to_cbor()).digest()

    def qualifying_data(self) -> bytes:
        """SHA-256, domain separated: 32 bytes for what a TPM quotes, and for tokens."""
        return hashlib.sha256(DOMAIN + self.to_cbor()).digest()

    def binding(self, platform: Platform, index: int = 0) -> bytes:
        """The bytes that evidence of a platform has to carry, as its nonce or report data.

        Args:
            index: which GPU; each one gets a nonce of its own, so that one cannot answer for another.
        """
        if platform in _QUOTED_BY_TPM:
            return self.qualifying_data()
        if platform is Platform.NVIDIA:
            return hashlib.sha256(self.report_data() + index.to_bytes(4, "big")).digest()
        return self.report_data()

    def to_json(self) -> dict[str, Any]:
        """JSON view."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: v.hex() if isinstance(v, bytes) else v.name.lower() for name, v in found.items()}
