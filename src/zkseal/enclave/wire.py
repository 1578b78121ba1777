"""The socket between host and enclave: `zkseal.frames`.

One side asks, the other answers, one at a time. An answer is ``{"ok": ..}`` or ``{"error": ..}``, whose error the other
side raises again. Errors on this wire are about keys and models; those of a request travel encrypted, inside an `ok`.
"""

from __future__ import annotations

import socket
from typing import Any

from zkseal import frames
from zkseal.errors import EnclaveStopped, InvalidEncoding
from zkseal.plain_errors import decode_error

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
        self._write(frames.encode(value, most=MAX_FRAME_BYTES))

    def receive(self) -> Any:
        """The next value. Raises `EnclaveStopped` at the end, and `DecodeError` for what is no frame."""
        try:
            frame = frames.receive(self._connection, most=MAX_FRAME_BYTES)
        except frames.Ended as ended:
            raise _stopped(ended) from ended
        return frames.decode(frame, most=MAX_FRAME_BYTES)

    def ask(self, question: dict[str, Any]) -> Any:
        """The answer to a question. Raises the error that the other end answers with, and as `send` and `receive`."""
        frame = frames.encode(question, most=MAX_FRAME_BYTES)
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
            frames.send(self._connection, frame)
        except frames.Ended as ended:
            raise _stopped(ended) from ended


def _stopped(ended: frames.Ended) -> EnclaveStopped:
    reason = "it does not answer in time" if isinstance(ended.__cause__, TimeoutError) else "its process ended"
    return EnclaveStopped(f"The enclave has stopped: {reason}. Start it anew.", reason=reason)
