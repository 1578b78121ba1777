"""Deterministic CBOR: the subset of RFC 8949 in which receipts and file headers are written.

There is one byte string for each value (RFC 8949 section 4.2.1): shortest heads, definite lengths, map keys in
bytewise order of their encodings, no tags, no floats, no undefined. `loads` refuses every other form, so that a digest
of the bytes is a digest of the value, and nobody can make a second receipt that says the same.

A value is None, bool, an int in [-2^64, 2^64), bytes, str, a list of values, or a dict from str to values.
"""

from __future__ import annotations

from typing import Any

from zkseal.errors import InvalidEncoding, WrongLength

__all__ = ["MAX_DEPTH", "MAX_ITEMS", "dumps", "loads"]

MAX_DEPTH = 8
"""Deepest nesting of lists and maps that is written or read."""
MAX_ITEMS = 1 << 20
"""Entries of all lists and maps together that are read, unless the caller says another number."""

_UINT, _NINT, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_FALSE, _TRUE, _NULL = 0xF4, 0xF5, 0xF6


def dumps(value: Any) -> bytes:
    """The one encoding of `value`.

    Raises:
        InvalidEncoding: a part of `value` is of a type or size that the subset does not have.
    """
    parts: list[bytes] = []
    _write(value, parts, 0)
    return b"".join(parts)


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << (8 * size):
            return bytes([major << 5 | extra]) + argument.to_bytes(size, "big")
    raise InvalidEncoding("An integer does not fit in 64 bits.", reason="integer too large")


def _write(value: Any, parts: list[bytes], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InvalidEncoding(f"Values are nested deeper than {MAX_DEPTH}.", reason="depth")
    match value:
        case None:
            parts.append(bytes([_NULL]))
        case bool():
            parts.append(bytes([_TRUE if value else _FALSE]))
        case int():
            parts.append(_head(_UINT, value) if value >= 0 else _head(_NINT, -1 - value))
        case bytes():
            parts += (_head(_BYTES, len(value)), value)
        case str():
            text = _encoded(value)
            parts += (_head(_TEXT, len(text)), text)
        case list():
            parts.append(_head(_ARRAY, len(value)))
            for item in value:
                _write(item, parts, depth + 1)
        case dict():
            parts.append(_head(_MAP, len(value)))
            for key, item in sorted(((_key(key), item) for key, item in value.items()), key=lambda pair: pair[0]):
                parts.append(key)
                _write(item, parts, depth + 1)
        case _:
            raise InvalidEncoding(f"A {type(value).__name__} has no encoding.", reason="type")


def _key(key: Any) -> bytes:
    if not isinstance(key, str):
        raise InvalidEncoding("Keys of a map are text.", reason="key type")
    text = _encoded(key)
    return _head(_TEXT, len(text)) + text


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidEncoding("A text has a lone surrogate, which has no encoding.", reason="text") from None


def loads(data: bytes, *, max_bytes: int, max_items: int = MAX_ITEMS) -> Any:
    """The value of `data`, which must be its one encoding and nothing more.

    Args:
        max_items: entries of all lists and maps together that are read at most. One takes a byte of `data`, and more in
            memory.

    Raises:
        WrongLength: `data` is longer than `max_bytes`, is cut short, or has a tail.
        InvalidEncoding: `data` is not the one encoding of a value, or has more than `max_items` parts.
    """
    if len(data) > max_bytes:
        raise WrongLength(f"{len(data)} bytes where at most {max_bytes} are read.", expected=max_bytes, got=len(data))
    reader = _Reader(data, max_items)
    value = reader.value(0)
    if reader.offset != len(data):
        raise WrongLength(
            f"{len(data) - reader.offset} bytes follow the end of the value.", expected=reader.offset, got=len(data)
        )
    return value


class _Reader:
    """Position in the bytes. Nothing is allocated for a length before that many bytes are known to be there."""

    def __init__(self, data: bytes, items: int) -> None:
        self.data = data
        self.offset = 0
        self.items = items

    def take(self, count: int) -> bytes:
        end = self.offset + count
        if end > len(self.data):
            raise WrongLength(
                f"The bytes end at {len(self.data)} inside a value that needs {end}.", expected=end, got=len(self.data)
            )
        taken = self.data[self.offset : end]
        self.offset = end
        return taken

    def head(self) -> tuple[int, int]:
        start = self.offset
        initial = self.take(1)[0]
        major, low = initial >> 5, initial & 31
        if low < 24:
            return major, low
        if low > 27:
            raise _refused(start, "indefinite length" if low == 31 else "reserved head")
        size = 1 << (low - 24)
        argument = int.from_bytes(self.take(size), "big")
        if major != _SIMPLE and argument < (24 if size == 1 else 1 << (4 * size)):
            raise _refused(start, "number not in its shortest form")
        return major, argument

    def value(self, depth: int) -> Any:
        start = self.offset
        if depth > MAX_DEPTH:
            raise _refused(start, "nested too deeply")
        major, argument = self.head()
        match major:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self.take(argument)
            case 3:
                return self.text(start, argument)
            case 4:
                return [self.value(depth + 1) for _ in range(self.count(argument))]
            case 5:
                return self.map(argument, depth)
            case 6:
                raise _refused(start, "tag")
        # Simple values are compared as bytes: 0xf8 0x14, for one, is another spelling of False.
        simple = {_FALSE: False, _TRUE: True, _NULL: None}
        initial = self.data[start]
        if initial not in simple:
            raise _refused(start, "float or simple value")
        return simple[initial]

    def count(self, argument: int) -> int:
        """Every item takes at least one byte, so a count beyond the bytes that are left is refused at once."""
        left = len(self.data) - self.offset
        if argument > left:
            raise WrongLength(f"{argument} items where {left} bytes are left.", expected=argument, got=left)
        self.items -= argument
        if self.items < 0:
            raise _refused(self.offset, "too many items")
        return argument

    def text(self, start: int, length: int) -> str:
        try:
            return self.take(length).decode()
        except UnicodeDecodeError:
            raise _refused(start, "text that is not UTF-8") from None

    def map(self, argument: int, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        previous = b""
        for _ in range(self.count(argument)):
            start = self.offset
            major, length = self.head()
            if major != _TEXT:
                raise _refused(start, "key that is not text")
            key = self.text(start, length)
            encoded = self.data[start : self.offset]
            if encoded <= previous:
                raise _refused(start, "keys repeated or out of order")
            previous = encoded
            result[key] = self.value(depth + 1)
        return result


def _refused(offset: int, reason: str) -> InvalidEncoding:
    return InvalidEncoding(f"Not deterministic CBOR at byte {offset}: {reason}.", reason=reason, offset=offset)
