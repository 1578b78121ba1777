"""TPM 2.0 structures that a quote is made of, read strictly (TPM 2.0 Library, part 2: 10.12.8, 11.3, 12.2)."""

from __future__ import annotations

from dataclasses import dataclass

from zkseal.errors import InvalidEncoding
from zkseal.tee.pem import ec_public_key, rsa_public_key

__all__ = [
    "Attest",
    "CertifiedNv",
    "Signature",
    "decode_attest",
    "decode_certified_nv",
    "decode_public",
    "decode_signature",
]

TPM_GENERATED = 0xFF544347
ST_ATTEST_QUOTE, ST_ATTEST_NV = 0x8018, 0x8014
ALG_RSA, ALG_NULL, ALG_RSASSA, ALG_ECDSA, ALG_ECC = 0x0001, 0x0010, 0x0014, 0x0018, 0x0023
ALG_SHA1, ALG_SHA256, ALG_SHA384, ALG_SHA512 = 0x0004, 0x000B, 0x000C, 0x000D
HASHES = {ALG_SHA1: "sha1", ALG_SHA256: "sha256", ALG_SHA384: "sha384", ALG_SHA512: "sha512"}
CURVES = {3: ("P-256", 32), 4: ("P-384", 48)}
DEFAULT_EXPONENT = 65537


class Reader:
    """Big-endian bytes, bounds checked."""

    def __init__(self, data: bytes, what: str) -> None:
        self._data, self._at, self._what = data, 0, what

    def take(self, count: int) -> bytes:
        """The next bytes."""
        if self._at + count > len(self._data):
            raise InvalidEncoding(f"The {self._what} ends too early.", reason=self._what)
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, count: int) -> int:
        """The next number."""
        return int.from_bytes(self.take(count), "big")

    def sized(self) -> bytes:
        """A TPM2B: two bytes of size, then so many."""
        return self.take(self.number(2))

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.take(len(self._data) - self._at)

    def end(self) -> None:
        """Nothing may follow."""
        if self._at != len(self._data):
            raise InvalidEncoding(f"Bytes follow the {self._what}.", reason=self._what)


@dataclass(frozen=True)
class Attest:
    """A TPMS_ATTEST of a quote.

    Attributes:
        extra_data: what the caller asked to be bound.
        selection: (bank, PCR numbers in order) for each bank, each once.
        pcr_digest: over the values of the selected PCRs, in order.
    """

    extra_data: bytes
    selection: tuple[tuple[str, tuple[int, ...]], ...]
    pcr_digest: bytes
    clock_ms: int
    reset_count: int
    restart_count: int
    firmware_version: int


@dataclass(frozen=True)
class Signature:
    """A TPMT_SIGNATURE: the scheme by its name in RFC 7518, the bytes as `attest_signature` takes them."""

    scheme: str
    value: bytes


@dataclass(frozen=True)
class CertifiedNv:
    """A TPMS_ATTEST of NV content.

    Attributes:
        index_name: hash algorithm and digest of the index's public area: its number, attributes and size.
    """

    extra_data: bytes
    index_name: bytes
    contents: bytes


def _attest(data: bytes, kind: int, what: str) -> tuple[Reader, bytes, tuple[int, int, int, int]]:
    """After the common part: the reader, extra data, and clock, resets, restarts and firmware."""
    reader = Reader(data, what)
    if reader.number(4) != TPM_GENERATED or reader.number(2) != kind:
        raise InvalidEncoding(f"These bytes are no {what} made inside a TPM.", reason=what)
    reader.sized()  # qualified signer
    extra_data = reader.sized()
    clock, resets, restarts = reader.number(8), reader.number(4), reader.number(4)
    reader.number(1)  # safe
    return reader, extra_data, (clock, resets, restarts, reader.number(8))


def decode_certified_nv(data: bytes) -> CertifiedNv:
    """Raises: InvalidEncoding: no certified NV content that a TPM made, or only a part of the content."""
    reader, extra_data, _ = _attest(data, ST_ATTEST_NV, "certified NV content")
    name, offset, contents = reader.sized(), reader.number(2), reader.sized()
    reader.end()
    if offset:
        raise InvalidEncoding("Only a part of the NV content is certified.", reason="certified NV content")
    return CertifiedNv(extra_data, name, contents)


def decode_attest(data: bytes) -> Attest:
    """Raises: InvalidEncoding: no quote that a TPM made."""
    reader, extra_data, (clock, resets, restarts, firmware) = _attest(data, ST_ATTEST_QUOTE, "quote")
    selection: list[tuple[str, tuple[int, ...]]] = []
    for _ in range(reader.number(4)):
        bank, bits = HASHES.get(reader.number(2)), reader.take(reader.number(1))
        if bank is None:
            raise InvalidEncoding("A PCR bank has a hash that is not known here.", reason="TPM quote")
        selection.append((bank, tuple(i for i in range(8 * len(bits)) if bits[i // 8] >> i % 8 & 1)))
    if len({bank for bank, _ in selection}) != len(selection):
        raise InvalidEncoding("A PCR bank is selected twice.", reason="TPM quote")
    pcr_digest = reader.sized()
    reader.end()
    return Attest(extra_data, tuple(selection), pcr_digest, clock, resets, restarts, firmware)


def decode_signature(data: bytes) -> Signature:
    """Raises: InvalidEncoding: neither RSASSA nor ECDSA with SHA-256 or SHA-384."""
    reader = Reader(data, "TPM signature")
    kind, name = reader.number(2), {ALG_SHA256: "256", ALG_SHA384: "384"}.get(reader.number(2))
    if name is None or kind not in (ALG_RSASSA, ALG_ECDSA):
        raise InvalidEncoding("The signature scheme of the TPM is not supported.", reason="TPM signature")
    if kind == ALG_RSASSA:
        found = Signature(f"RS{name}", reader.sized())
    else:
        width = 32 if name == "256" else 48
        parts = [reader.sized(), reader.sized()]
        if any(len(part) > width for part in parts):
            raise InvalidEncoding("A part of the TPM's signature is too long.", reason="TPM signature")
        found = Signature(f"ES{name}", b"".join(part.rjust(width, b"\0") for part in parts))
    reader.end()
    return found


def decode_public(data: bytes) -> bytes:
    """SubjectPublicKeyInfo of a TPMT_PUBLIC, RSA or ECC.

    Raises:
        InvalidEncoding: another kind of key.
    """
    reader = Reader(data, "TPM public key")
    kind = reader.number(2)
    reader.take(2 + 4)  # name algorithm, attributes
    reader.sized()  # policy
    if kind not in (ALG_RSA, ALG_ECC):
        raise InvalidEncoding("The TPM's key is neither RSA nor ECC.", reason="TPM public key")
    if reader.number(2) != ALG_NULL:
        reader.take(2 + 2)  # symmetric key bits and mode
    if reader.number(2) != ALG_NULL:
        reader.take(2)  # hash of the scheme
    if kind == ALG_RSA:
        reader.take(2)  # key bits
        exponent = reader.number(4) or DEFAULT_EXPONENT
        found = rsa_public_key(reader.sized(), exponent)
    else:
        curve, width = CURVES.get(reader.number(2), ("", 0))
        if reader.number(2) != ALG_NULL:
            reader.take(2)  # hash of the key derivation
        x, y = reader.sized(), reader.sized()
        found = ec_public_key(curve, x.rjust(width, b"\0"), y.rjust(width, b"\0"))
    reader.end()
    return found
