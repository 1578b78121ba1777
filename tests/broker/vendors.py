"""A vendor of our own: an SEV-SNP chain and a TPM with a certified attestation key, whose roots only a test trusts.

The keys, certificates, revocation lists and reports are real in form and signature, so that a production release runs
through the same verifiers as AMD's and Google's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from zkseal.tee import Endorsements, Evidence, Platform, Roots, RuntimeData

ARC = "1.3.6.1.4.1.3704.1"
CHIP = bytes(range(64))
TCB = bytes([3, 0, 0, 0, 0, 0, 8, 115])  # boot loader, TEE, .., SNP, microcode
MEASUREMENT = hashlib.sha384(b"the enclave of this test").digest()
DEBUG_BIT = 19
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48)
DAY_S = 86400


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _certificate(
    subject: str, key: object, issuer: str, window: tuple[int, int], *, authority: bool
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name(issuer))
    builder = builder.public_key(key).serial_number(x509.random_serial_number())  # type: ignore[arg-type]
    builder = builder.not_valid_before(_at(window[0])).not_valid_after(_at(window[1]))
    if authority:
        usage = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        )
        usages = x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(usages, critical=True)
    return builder


def _der(certificate: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return certificate.public_bytes(Encoding.DER)


class SnpVendor:
    """ARK, ASK and VCEK as AMD makes them: RSA-4096-PSS, RSA-4096-PSS, P-384."""

    def __init__(self, now: int) -> None:
        self.now = now
        window = (now - DAY_S, now + 365 * DAY_S)
        self._ark, self._ask = (rsa.generate_private_key(65537, 4096) for _ in range(2))
        self._vcek = ec.generate_private_key(ec.SECP384R1())
        ark = _certificate("ARK-Test", self._ark.public_key(), "ARK-Test", window, authority=True)
        ask = _certificate("SEV-Test", self._ask.public_key(), "ARK-Test", window, authority=True)
        self.ark = ark.sign(self._ark, hashes.SHA384(), rsa_padding=PSS)
        self.ask = ask.sign(self._ark, hashes.SHA384(), rsa_padding=PSS)
        self.vcek = self.leaf(window)

    def leaf(self, window: tuple[int, int]) -> bytes:
        """A VCEK certificate of the chip, valid in a window of Unix seconds."""
        builder = _certificate("SEV-VCEK", self._vcek.public_key(), "SEV-Test", window, authority=False)
        levels = {"1": TCB[0], "2": TCB[1], "3": TCB[6], "8": TCB[7]}
        values = {f"{ARC}.3.{arc}": bytes([2, 1, level]) for arc, level in levels.items()}
        values |= {f"{ARC}.2": b"\x16\x08Milan-B0", f"{ARC}.4": CHIP}
        for oid, value in values.items():
            builder = builder.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), False)
        return _der(builder.sign(self._ask, hashes.SHA384(), rsa_padding=PSS))

    @property
    def roots(self) -> Roots:
        """What a broker of a test trusts."""
        return Roots(amd=(_der(self.ark),), amd_authorities=(_der(self.ask),))

    def revocation_list(self, *revoked: int) -> bytes:
        """Of the ARK, with serial numbers."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(_name("ARK-Test"))
        builder = builder.last_update(_at(self.now - DAY_S)).next_update(_at(self.now + 365 * DAY_S))
        for serial in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_at(self.now - DAY_S))
            builder = builder.add_revoked_certificate(entry.build())
        return _der(builder.sign(self._ark, hashes.SHA384(), rsa_padding=PSS))

    @cached_property
    def clean_list(self) -> bytes:
        """Nothing is revoked."""
        return self.revocation_list()

    def report(
        self, report_data: bytes, *, measurement: bytes = MEASUREMENT, debug: bool = False, vmpl: int = 0
    ) -> bytes:
        """A signed report."""
        body = bytearray(0x2A0)
        guest_policy = 0x30000 | (debug << DEBUG_BIT)
        body[0:4] = (3).to_bytes(4, "little")
        body[8:16] = guest_policy.to_bytes(8, "little")
        body[0x30:0x34] = vmpl.to_bytes(4, "little")
        body[0x34:0x38] = (1).to_bytes(4, "little")
        body[0x50:0x90] = report_data
        body[0x90:0xC0] = measurement
        body[0x1A0:0x1E0] = CHIP
        for at in (0x38, 0x180, 0x1E0, 0x1F0):  # current, reported, committed, launch
            body[at : at + 8] = TCB
        r, s = decode_dss_signature(self._vcek.sign(bytes(body), ec.ECDSA(hashes.SHA384())))
        return bytes(body) + r.to_bytes(72, "little") + s.to_bytes(72, "little") + bytes(368)

    def evidence(
        self,
        runtime: RuntimeData,
        *,
        measurement: bytes = MEASUREMENT,
        debug: bool = False,
        vmpl: int = 0,
        leaf: bytes | None = None,
        lists: tuple[bytes, ...] | None = None,
    ) -> Evidence:
        """Evidence that is bound to runtime data."""
        report = self.report(runtime.binding(Platform.SNP), measurement=measurement, debug=debug, vmpl=vmpl)
        lists = (self.clean_list,) if lists is None else lists
        endorsements = Endorsements(certificates=(leaf or self.vcek, _der(self.ask)), revocation_lists=lists)
        return Evidence(Platform.SNP, report, endorsements)


@dataclass(frozen=True)
class TpmVendor:
    """An authority and the attestation key (P-256) of a TPM that it certifies."""

    now: int

    @cached_property
    def _authority(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    @property
    def _window(self) -> tuple[int, int]:
        return self.now - DAY_S, self.now + 365 * DAY_S

    @cached_property
    def roots(self) -> Roots:
        """What a broker of a test trusts."""
        builder = _certificate("EK/AK Root", self._authority.public_key(), "EK/AK Root", self._window, authority=True)
        return Roots(tpm=(_der(builder.sign(self._authority, hashes.SHA256())),))

    @cached_property
    def certificate(self) -> bytes:
        """Of the attestation key."""
        builder = _certificate("AK", self._key.public_key(), "EK/AK Root", self._window, authority=False)
        return _der(builder.sign(self._authority, hashes.SHA256()))

    def evidence(self, runtime: RuntimeData, pcr14: bytes) -> Evidence:
        """A quote of PCR 14 that is bound to runtime data."""
        nonce = runtime.binding(Platform.TPM)

        def sized(data: bytes) -> bytes:
            return len(data).to_bytes(2, "big") + data

        clock = (1).to_bytes(8, "big") + (1).to_bytes(4, "big") + bytes(4) + b"\x01" + bytes(8)
        selection = (1).to_bytes(4, "big") + b"\x00\x0b\x03" + (1 << 14).to_bytes(3, "little")
        quoted = sized(hashlib.sha256(pcr14).digest())
        message = b"\xffTCG\x80\x18" + sized(b"") + sized(nonce) + clock + selection + quoted
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256())))
        signature = b"\x00\x18\x00\x0b" + sized(r.to_bytes(32, "big")) + sized(s.to_bytes(32, "big"))
        public_key = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        endorsements = Endorsements(
            certificates=(self.certificate,), public_key=public_key, signature=signature, pcrs=(pcr14,)
        )
        return Evidence(Platform.TPM, message, endorsements)
