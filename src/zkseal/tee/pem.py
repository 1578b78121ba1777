"""PEM (RFC 7468) to DER, and public keys as SubjectPublicKeyInfo (RFC 5280, 4.1.2.7)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from zkseal.errors import InvalidEncoding

__all__ = ["certificates", "ec_public_key", "is_pem", "pem_blocks", "rsa_public_key"]

MAX_BLOCKS = 256
MAX_LABEL_BYTES = 64
_BEGIN, _DASHES = b"-----BEGIN ", b"-----"
_EC_HEADS = {
    "P-256": bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200"),
    "P-384": bytes.fromhex("3076301006072a8648ce3d020106052b81040022036200"),
}
_RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")


def is_pem(data: bytes) -> bool:
    """True if `data` looks like PEM."""
    return data.lstrip().startswith(b"-----BEGIN ")


def pem_blocks(data: bytes) -> list[tuple[str, bytes]]:
    """(label, DER) of each block.

    Raises:
        InvalidEncoding: a block has no end, another label there, or holds no base64; or there are too many.
    """
    found: list[tuple[str, bytes]] = []
    for label, body in _blocks(data):
        if len(found) == MAX_BLOCKS:
            raise InvalidEncoding(f"There are more than {MAX_BLOCKS} PEM blocks.", reason="PEM")
        try:
            found.append((label, base64.b64decode(b"".join(body.split()), validate=True)))
        except (ValueError, binascii.Error) as error:
            raise InvalidEncoding("A PEM block holds no base64.", reason="PEM") from error
    return found


def _blocks(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(label, what stands between the lines) of each block, in one pass over the bytes."""
    start = data.find(_BEGIN)
    while start >= 0:
        at = start + len(_BEGIN)
        end_of_label = data.find(_DASHES, at, at + MAX_LABEL_BYTES + len(_DASHES))
        label = data[at : max(end_of_label, at)]
        body = end_of_label + len(_DASHES)
        # The next line of dashes has to be the end of this block: nothing is searched twice.
        end = data.find(_DASHES, body)
        last = b"-----END " + label + _DASHES
        if not label or not _is_label(label) or not data[body : body + 1].isspace() or not data.startswith(last, end):
            raise InvalidEncoding("A PEM block has no end.", reason="PEM")
        yield label.decode(), data[body:end]
        start = data.find(_BEGIN, end + len(last))


def _is_label(label: bytes) -> bool:
    return label.isascii() and label.decode().replace(" ", "A").isalnum() and label == label.upper()


def certificates(data: bytes) -> list[bytes]:
    """Certificates in DER: of PEM all of them, or `data` itself."""
    if not is_pem(data):
        return [data]
    return [der for label, der in pem_blocks(data) if label == "CERTIFICATE"]


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def rsa_public_key(modulus: bytes, exponent: int) -> bytes:
    """SubjectPublicKeyInfo of an RSA key; the modulus is big-endian."""

    def integer(value: int) -> bytes:
        return _der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))

    key = _der(0x30, integer(int.from_bytes(modulus, "big")), integer(exponent))
    return _der(0x30, _RSA_ALGORITHM, _der(3, b"\0", key))


def ec_public_key(curve: str, x: bytes, y: bytes) -> bytes:
    """SubjectPublicKeyInfo of a point on P-256 or P-384.

    Raises:
        InvalidEncoding: another curve, or coordinates of another width.
    """
    width = {"P-256": 32, "P-384": 48}.get(curve)
    if width is None or len(x) != width or len(y) != width:
        raise InvalidEncoding(f"{curve} with coordinates of {len(x)} and {len(y)} bytes is no key.", reason="EC key")
    return _EC_HEADS[curve] + b"\x04" + x + y
