"""As much of DER (ITU-T X.690) as is needed to name things and to say until when they are valid.

Nothing is believed because of it: names become parts of URLs, after their length and alphabet are known, and times say
when to ask again. Certificates, lists and signatures are checked in Rust.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from zkseal.errors import InvalidEncoding

__all__ = ["children", "extension_of", "issuer_of", "list_times", "octets_of"]

SEQUENCE, OCTET_STRING, OBJECT_IDENTIFIER, INTEGER = 0x30, 0x04, 0x06, 0x02
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
_EXTENSIONS_OF_CERTIFICATE = 0xA3


def children(data: bytes) -> list[tuple[int, bytes]]:
    """(tag, contents) of values that stand one after another.

    Raises:
        InvalidEncoding: they do not fill `data`, or a length has more than three bytes.
    """
    return list(_values(data))


def _values(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise _invalid()
        tag, size = data[at], data[at + 1]
        at += 2
        if size >= 0x80:
            count = size & 0x7F
            if not 1 <= count <= 3:
                raise _invalid()
            size = int.from_bytes(data[at : at + count], "big")
            at += count
        if at + size > len(data):
            raise _invalid()
        yield tag, data[at : at + size]
        at += size


def _inside(data: bytes, *path: int) -> list[tuple[int, bytes]]:
    """The values inside the first value, then inside its child number `path[0]`, and so on."""
    values = children(data)
    for index in (0, *path):
        if index >= len(values):
            raise _invalid()
        values = children(values[index][1])
    return values


def extension_of(certificate: bytes, oid: bytes) -> bytes | None:
    """Contents of an extension of a certificate (RFC 5280, 4.1), by the contents of its identifier."""
    for tag, contents in _inside(certificate, 0):
        if tag == _EXTENSIONS_OF_CERTIFICATE:
            for _, extension in _inside(contents):
                parts = children(extension)
                if parts and parts[0] == (OBJECT_IDENTIFIER, oid):
                    return parts[-1][1]
    return None


def issuer_of(certificate: bytes) -> bytes:
    """The name of who signed a certificate, undecoded: the sequence after serial number and algorithm."""
    sequences = [contents for tag, contents in _inside(certificate, 0) if tag == SEQUENCE]
    if len(sequences) < 2:
        raise _invalid()
    return sequences[1]


def octets_of(values: bytes, oid: bytes) -> bytes | None:
    """In a sequence of (identifier, value), the octets of one."""
    for _, pair in _inside(values):
        parts = children(pair)
        if len(parts) == 2 and parts[0] == (OBJECT_IDENTIFIER, oid) and parts[1][0] == OCTET_STRING:
            return parts[1][1]
    return None


def list_times(revocation_list: bytes) -> tuple[int, int | None]:
    """When a revocation list (RFC 5280, 5.1) was made, and when the next one comes if it says so. Unix seconds."""
    times = [
        _seconds(tag, contents) for tag, contents in _inside(revocation_list, 0) if tag in (UTC_TIME, GENERALIZED_TIME)
    ]
    if not times:
        raise _invalid()
    return times[0], times[1] if len(times) > 1 else None


def _seconds(tag: int, contents: bytes) -> int:
    try:
        text = contents.decode("ascii")
        if tag == UTC_TIME:  # two digits of the year: 1950 to 2049 (RFC 5280, 4.1.2.5.1)
            text = ("19" if text[:2] >= "50" else "20") + text
        return int(datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise _invalid() from error


def _invalid() -> InvalidEncoding:
    return InvalidEncoding("This is no certificate or revocation list in DER.", reason="DER")
