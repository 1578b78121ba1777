"""Development evidence of a sandboxed process. Nothing but the process itself stands behind it; its type says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from zkseal.tee.evidence import Evidence
from zkseal.tee.result import Assurance, Platform
from zkseal.tee.runtime_data import RuntimeData
from zkseal.tee.sandbox_evidence import SandboxClaims, encode_sandbox, signed_part

__all__ = ["SandboxAttester"]


class SandboxAttester:
    """Signs a statement of the process about itself.

    Args:
        issuer: public key of the signer, secp256k1, compressed.
        sign: ES256K by the issuer (`_native.SigningKey.sign`).
        measurement: SHA-256 of the code that the process runs.
        isolation: mechanisms that are on.
    """

    platform: ClassVar[Platform] = Platform.SANDBOX
    assurance_ceiling: ClassVar[Assurance] = Assurance.SANDBOX
    status: ClassVar[str] = "development only: no hardware"

    def __init__(
        self, issuer: bytes, sign: Callable[[bytes], bytes], *, measurement: bytes, isolation: tuple[str, ...] = ()
    ) -> None:
        self._issuer, self._sign = issuer, sign
        self._measurement, self._isolation = measurement, isolation

    def attest(self, runtime_data: RuntimeData) -> Evidence:
        """Evidence bound to `runtime_data`."""
        return self.evidence_over(runtime_data.binding(self.platform))

    def evidence_over(self, bound: bytes) -> Evidence:
        """Evidence bound to other 64 bytes."""
        claims = SandboxClaims(self._measurement, bound, self._isolation, self._issuer)
        return Evidence(self.platform, encode_sandbox(claims, self._sign(signed_part(claims))))
