"""A socket between a process and whoever started it: frames of a length and deterministic CBOR."""

from __future__ import annotations

import socket
from typing import Any

from zkseal.errors import WrongLength
from zkseal.receipts import cbor

__all__ = ["MAX_FRAME_BYTES", "Ended", "decode", "encode", "receive", "send"]

MAX_FRAME_BYTES = 1 << 30
"""Longest frame, if whoever sends and whoever receives agree on nothing shorter."""
_LENGTH_BYTES = 4


class Ended(Exception):
    """The other end of the socket is closed, or does not answer in time (its cause is a `TimeoutError`)."""


def encode(value: Any, *, most: int = MAX_FRAME_BYTES) -> bytes:
    """The frame of a value, without its length. Raises `WrongLength`."""
    data = cbor.dumps(value)
    _require_short(len(data), most)
    return data


def decode(data: bytes, *, most: int = MAX_FRAME_BYTES) -> Any:
    """The value of a frame. Raises `DecodeError`."""
    return cbor.loads(data, max_bytes=most)


def send(connection: socket.socket, frame: bytes) -> None:
    """Raises `Ended`."""
    try:
        connection.sendall(len(frame).to_bytes(_LENGTH_BYTES, "big"))
        connection.sendall(frame)
    except OSError as error:
        raise Ended from error


def receive(connection: socket.socket, *, most: int = MAX_FRAME_BYTES) -> bytes:
    """The next frame. Raises `Ended`, and `WrongLength` for a length that no frame has."""
    length = int.from_bytes(_take(connection, _LENGTH_BYTES), "big")
    _require_short(length, most)
    return bytes(_take(connection, length))


def _take(connection: socket.socket, count: int) -> bytearray:
    data = bytearray()
    try:
        # Memory is taken as bytes arrive, not as they are announced.
        while len(data) < count:
            got = connection.recv(min(count - len(data), 1 << 20))
            if not got:
                raise Ended
            data += got
    except OSError as error:
        raise Ended from error
    return data


def _require_short(length: int, most: int) -> None:
    if length > most:
        raise WrongLength(f"A frame of {length} bytes is too long.", expected=most, got=length)
