"""Lengths that say little: a message fills the next bucket, a power of two, so that its size shows only its magnitude.

::

    padded := u32 length, big-endian  message  zeros
"""

from __future__ import annotations

from zkseal.errors import InvalidEncoding

__all__ = ["LEAST_BUCKET", "bucket", "pad", "unpad"]

LEAST_BUCKET = 4096
_HEAD = 4


def bucket(size: int, least: int = LEAST_BUCKET) -> int:
    """Bytes of the bucket in which a message of `size` bytes travels."""
    return max(least, 1 << (size + _HEAD - 1).bit_length())


def pad(message: bytes, least: int = LEAST_BUCKET) -> bytes:
    """The message in its bucket."""
    head = len(message).to_bytes(_HEAD, "big")
    return head + message + bytes(bucket(len(message), least) - _HEAD - len(message))


def unpad(padded: bytes) -> bytes:
    """The message. Raises `InvalidEncoding` if `pad` would not have written this."""
    length = int.from_bytes(padded[:_HEAD], "big")
    message, rest = padded[_HEAD : _HEAD + length], padded[_HEAD + length :]
    if len(padded) < _HEAD or len(message) != length or any(rest):
        raise InvalidEncoding("The padding of a message is not zero, or shorter than it says.", reason="padding")
    return message
