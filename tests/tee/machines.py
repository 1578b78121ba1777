"""Machines with roots of our own: a GPU, and an Azure VM under an SNP chip. What they sign is real in form.

The SNP chip is that of `tests.broker.vendors`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from tests.broker.vendors import DAY_S, MEASUREMENT, SnpVendor, _certificate, _der
from tests.tee.quotes import SHA256_BANK, attest_message

from zkseal.tee import Assurance, Endorsements, Evidence, Platform, Roots, RuntimeData

__all__ = ["DRIVER", "NOW", "AzureVm", "Gpus", "runtime_of"]

NOW = 1_800_000_000
DRIVER = b"550.90.07"
DRIVER_FIELD, FIRMWARE_FIELD = 3, 20


def runtime_of(**changes: Any) -> RuntimeData:
    """Runtime data of an enclave on hardware."""
    plain: dict[str, Any] = {
        "ceiling": Assurance.HARDWARE,
        "hpke_public_key": b"\x01" * 32,
        "signing_public_key": b"\x02" * 33,
        "model_digest": b"\x03" * 32,
        "zk_model_commitment": b"\x04" * 32,
        "policy_digest": b"\x05" * 32,
        "boot_epoch": b"\x06" * 16,
        "nonce": b"\x07" * 32,
    }
    return RuntimeData(**(plain | changes))


@dataclass
class Gpus:
    """A vendor of GPUs."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP384R1()))

    @property
    def _window(self) -> tuple[int, int]:
        return NOW - DAY_S, NOW + DAY_S

    @cached_property
    def roots(self) -> Roots:
        """What a test trusts."""
        builder = _certificate("GPU root", self.key.public_key(), "GPU root", self._window, authority=True)
        return Roots(nvidia_device=(_der(builder.sign(self.key, hashes.SHA384())),))

    def evidence(self, nonce: bytes, index: int = 0, *, firmware: bytes | None = None) -> Evidence:
        """A report of a new GPU."""
        key = ec.generate_private_key(ec.SECP384R1())
        leaf = _certificate("GPU", key.public_key(), "GPU root", self._window, authority=False)
        fields = [(DRIVER_FIELD, DRIVER)] + ([] if firmware is None else [(FIRMWARE_FIELD, firmware)])
        opaque = b"".join(
            kind.to_bytes(2, "little") + len(value).to_bytes(2, "little") + value for kind, value in fields
        )
        request = b"\x11\xe0\x01\xff" + nonce + b"\0"
        answer = b"\x11\x60\0\0\0" + bytes(3) + bytes(32) + len(opaque).to_bytes(2, "little") + opaque
        r, s = decode_dss_signature(key.sign(request + answer, ec.ECDSA(hashes.SHA384())))
        report = request + answer + r.to_bytes(48, "big") + s.to_bytes(48, "big")
        certificate = _der(leaf.sign(self.key, hashes.SHA384()))
        return Evidence(Platform.NVIDIA, report, Endorsements(certificates=(certificate,)), index)


def _url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class AzureVm:
    """A guest of an SNP chip that has a vTPM, as Azure's paravisor makes it; or as anybody can."""

    vendor: SnpVendor
    measurement: bytes = MEASUREMENT

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(65537, 2048)

    @cached_property
    def _hcl_report(self) -> bytes:
        modulus = self._key.public_key().public_numbers().n.to_bytes(256, "big")
        key = {"kid": "HCLAkPub", "kty": "RSA", "n": _url(modulus), "e": _url(b"\x01\0\x01")}
        claims = json.dumps({"keys": [key]}).encode()
        digest = hashlib.sha256(claims).digest().ljust(64, b"\0")
        report = self.vendor.report(digest, measurement=self.measurement)
        header = b"".join(number.to_bytes(4, "little") for number in (0, 0, 2, 1, len(claims)))
        return b"HCLA" + bytes(28) + report + header + claims

    def evidence(self, nonce: bytes, pcr4: bytes, shown: Sequence[bytes] | None = None, **more: Any) -> Evidence:
        """A quote of PCR 4 with its hardware report; `more` are entries of the bundle."""
        message = attest_message(nonce, [(SHA256_BANK, (4,))], hashlib.sha256(pcr4).digest())
        signature = self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        pcrs = [value.hex() for value in ((pcr4,) if shown is None else shown)]
        quote = {"message": message.hex(), "signature": signature.hex(), "pcrs": pcrs}
        payload = json.dumps({"hcl_report": self._hcl_report.hex(), "quote": quote, **more}).encode()
        endorsements = Endorsements(
            certificates=(self.vendor.vcek, _der(self.vendor.ask)), revocation_lists=(self.vendor.clean_list,)
        )
        return Evidence(Platform.AZURE_SNP, payload, endorsements)
