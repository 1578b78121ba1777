"""The socket between host and enclave: frames of a length and deterministic CBOR.

One side asks, the other answers, one at a time. An answer is ``{"ok": ..}`` or ``{"error": ..}``, whose error the other
side raises again. Errors on this wire are about keys and models; those of a request travel encrypted, inside an `ok`.
"""

from __future__ import annotations

import socket
from typing import Any

from zkseal.errors import EnclaveStopped, InternalError, InvalidEncoding, WrongLength, ZksealError, error_classes
from zkseal.json_text import printable
from zkseal.receipts import cbor

__all__ = ["MAX_FRAME_BYTES", "Wire", "decode_error", "encode_error"]

MAX_FRAME_BYTES = 1 << 28
_CODES = {cls.code: cls for cls in error_classes()}


class Wire:
    """One end of the socket.

    Attributes:
        in_step: false once a question was sent whose answer did not come, or was none: what is received next would be
            taken for the answer to the next question, so nothing more may be asked.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.in_step = True

    def send(self, value: Any) -> None:
        """Raises `EnclaveStopped`: the other end is closed."""
        self._write(_frame(value))

    def receive(self) -> Any:
        """The next value. Raises `EnclaveStopped` at the end, and `DecodeError` for what is no frame."""
        length = int.from_bytes(self._take(4), "big")
        if length > MAX_FRAME_BYTES:
            raise WrongLength(f"A frame of {length} bytes is too long.", expected=MAX_FRAME_BYTES, got=length)
        return cbor.loads(self._take(length), max_bytes=MAX_FRAME_BYTES)

    def ask(self, question: dict[str, Any]) -> Any:
        """The answer to a question. Raises the error that the other end answers with, and as `send` and `receive`."""
        frame = _frame(question)
        self.in_step = False
        self._write(frame)
        answer = self.receive()
        match answer:
            case {"ok": value} if len(answer) == 1:
                self.in_step = True
                return value
            case {"error": dict(described)} if len(answer) == 1:
                error = decode_error(described)
                self.in_step = True
                raise error
        raise InvalidEncoding("The other end of the socket answers nothing that is known.", reason="wire")

    def close(self) -> None:
        """The other end is told."""
        self._connection.close()

    def _write(self, frame: bytes) -> None:
        try:
            self._connection.sendall(frame)
        except OSError as error:
            raise _stopped(error) from error

    def _take(self, count: int) -> bytes:
        data = bytearray(count)
        view, done = memoryview(data), 0
        try:
            while done < count:
                got = self._connection.recv_into(view[done:])
                if got == 0:
                    raise _stopped(None)
                done += got
        except OSError as error:
            raise _stopped(error) from error
        return bytes(data)


def _frame(value: Any) -> bytes:
    data = cbor.dumps(value)
    if len(data) > MAX_FRAME_BYTES:
        raise WrongLength(f"A frame of {len(data)} bytes is too long.", expected=MAX_FRAME_BYTES, got=len(data))
    return len(data).to_bytes(4, "big") + data


def _stopped(error: OSError | None) -> EnclaveStopped:
    reason = "it does not answer in time" if isinstance(error, TimeoutError) else "its process ended"
    return EnclaveStopped(f"The enclave has stopped: {reason}. Start it anew.", reason=reason)


def encode_error(error: Exception) -> dict[str, Any]:
    """An error as a map: its code, its sentence, and what of its fields is plain.

    An exception that is not of this package is an `InternalError` of its kind: its text may hold anything.
    """
    if not isinstance(error, ZksealError):
        kind = type(error).__name__
        error = InternalError(f"The enclave failed with {kind}. Please report this.", kind=kind)
    return {"code": error.code, "message": error.message, "fields": _plain(error.to_dict()["fields"])}


def _plain(value: Any) -> Any:
    """JSON values without floats, which this CBOR has not: they are written as text."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) or (isinstance(value, int) and not -(1 << 63) <= value < 1 << 63):
        return repr(value)
    return value


def decode_error(described: dict[str, Any]) -> ZksealError:
    """The error that `encode_error` wrote, its texts printable; an unknown code is an `InternalError`."""
    match described:
        case {"code": str(code), "message": str(message), "fields": dict(fields)} if len(described) == 3:
            told = {printable(name): _printable(value) for name, value in fields.items()}
            return _CODES.get(code, InternalError)(printable(message), **told)
    raise InvalidEncoding("The enclave answers with an error of another form.", reason="error")


def _printable(value: Any) -> Any:
    if isinstance(value, dict):
        return {printable(key): _printable(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_printable(entry) for entry in value]
    return printable(value) if isinstance(value, str) else value
