"""Messages of a worker that may be anything."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkseal import frames
from zkseal.errors import RangeExceeded, WorkerLost, ZksealError
from zkseal.executors.conversation import Answer, Question, read_answer
from zkseal.plain_errors import encode_error

QUESTION = Question(bytes(16), b"")
USED = {"memory_bytes": 5, "cpu_ms": 7}

numbers = st.integers(-(1 << 63), (1 << 64) - 1)
plain = st.recursive(
    st.none() | st.booleans() | numbers | st.binary(max_size=9) | st.text(max_size=9).filter(str.isprintable),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "stage", "ok"]), inner),
    max_leaves=6,
)
names = st.sampled_from(["stage", "permille", "ok", "used", "error", "memory_bytes", "other"])
messages = st.dictionaries(names, plain, max_size=4).map(lambda entries: frames.encode({"id": bytes(16), **entries}))


def said(*messages: bytes) -> Any:
    """A worker that says this, and then is gone."""
    source: Iterator[bytes] = iter(messages)

    def receive() -> bytes:
        try:
            return next(source)
        except StopIteration:
            raise WorkerLost("gone", worker="0", reason="end") from None

    return receive


def message(**entries: Any) -> bytes:
    return frames.encode({"id": bytes(16), **entries})


def test_progress_then_the_answer() -> None:
    told: list[tuple[str, float]] = []
    receive = said(message(stage="opening", permille=500), message(ok={"a": 1}, used=USED))
    answer = read_answer("0", receive, QUESTION, lambda *update: told.append(update))
    assert (answer.value, answer.memory_bytes, answer.cpu_ms) == ({"a": 1}, 5, 7)
    assert told == [("opening", 0.5)]


def test_answers_to_other_questions_are_passed_over() -> None:
    stale = frames.encode({"id": b"1" * 16, "ok": "old", "used": USED})
    answer = read_answer("0", said(stale, message(ok="new", used=USED)), QUESTION, lambda *update: None)
    assert answer.value == "new"


def test_an_error_arrives_as_what_it_was() -> None:
    error = encode_error(RangeExceeded("x is 3", tensor="x"))
    with pytest.raises(RangeExceeded):
        read_answer("0", said(message(error=error)), QUESTION, lambda *update: None)


def test_stages_are_short_and_printable_and_shares_lie_between_0_and_1() -> None:
    told: list[tuple[str, float]] = []
    receive = said(message(stage="\x1b[2J" + "x" * 999, permille=-5), message(stage="y", permille=1 << 60))
    with pytest.raises(WorkerLost):
        read_answer("0", receive, QUESTION, lambda *update: told.append(update))
    assert told[0][0].isprintable()
    assert len(told[0][0]) <= 64
    assert [share for _, share in told] == [0.0, 1.0]


@given(st.lists(messages | st.binary(max_size=40), max_size=4))
def test_whatever_a_worker_says_there_is_an_answer_or_an_error_of_ours(said_before: list[bytes]) -> None:
    with contextlib.suppress(ZksealError):
        assert isinstance(read_answer("0", said(*said_before), QUESTION, lambda *update: None), Answer)
