"""The socket between host and enclave: frames of a length and deterministic CBOR.

One side asks, the other answers, one at a time. An answer is ``{"ok": ..}`` or ``{"error": ..}``, whose error the other
side raises again. Errors on this wire are about keys and models; those of a request travel encrypted, inside an `ok`.
"""

from __future__ import annotations

import socket
from typing import Any

from zkseal.errors import EnclaveStopped, InvalidEncoding, WrongLength
from zkseal.plain_errors import decode_error
from zkseal.receipts import cbor

__all__ = ["MAX_FRAME_BYTES", "Wire"]

MAX_FRAME_BYTES = 1 << 28


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
