"""One question to a worker and its answer, of which only what belongs to the question counts.

::

    question := {"id": 16 random bytes, "do": .., "key": digest, "path": text, ..}
    message  := {"id", "stage", "permille"} | {"id", "ok", "used": {"memory_bytes", "cpu_ms"}} | {"id", "error"}

A worker that answers twice, or late, would otherwise answer the next question with the result of this one.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zkseal import frames
from zkseal.errors import DecodeError, InvalidEncoding, ResultRejected, ZksealError
from zkseal.json_text import printable
from zkseal.plain_errors import decode_error

__all__ = ["Answer", "Question", "read_answer"]

MAX_STAGE = 64
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Question:
    """A question, encoded, and the number by which its answer is known."""

    identity: bytes
    frame: bytes

    @staticmethod
    def of(plain: dict[str, Any]) -> Question:
        """With a number of its own."""
        identity = secrets.token_bytes(16)
        return Question(identity, frames.encode({"id": identity, **plain}))


@dataclass(frozen=True)
class Answer:
    """What a worker returned, not checked.

    Attributes:
        memory_bytes: the most memory that its process has held so far, as it says.
        cpu_ms: of all its threads, for this answer, as it says.
    """

    value: Any
    memory_bytes: int
    cpu_ms: int


def read_answer(worker: str, receive: Callable[[], bytes], question: Question, progress: Progress) -> Answer:
    """The answer to a question, out of all messages that a worker sends.

    Args:
        receive: the next message. Raises `WorkerLost`.

    Raises:
        ResultRejected: it sends something that is no message.
        ZksealError: the error that it answers with.
    """
    while True:
        try:
            found = _read(frames.decode(receive()), question, progress)
        except DecodeError as error:
            raise ResultRejected(
                f"Worker '{worker}' sends something that is no message ({error.code}). Find out who runs it.",
                worker=worker,
                reason=error.code,
            ) from error
        if isinstance(found, ZksealError):
            raise found
        if found is not None:
            return found


def _read(message: Any, question: Question, progress: Progress) -> Answer | ZksealError | None:
    """The answer in a message, if there is one. Raises `DecodeError`."""
    if not isinstance(message, dict) or message.get("id") != question.identity:
        return None
    match message:
        case {"stage": str(stage), "permille": int(permille)} if len(message) == 3:
            progress(printable(stage[:MAX_STAGE]), min(max(permille, 0), 1000) / 1000)
            return None
        case {"ok": value, "used": {"memory_bytes": int(memory_bytes), "cpu_ms": int(cpu_ms)}} if len(message) == 3:
            return Answer(value, memory_bytes, cpu_ms)
        case {"error": dict(described)} if len(message) == 2:
            return decode_error(described)
    raise InvalidEncoding("A message of a worker has other entries.", reason="message")
