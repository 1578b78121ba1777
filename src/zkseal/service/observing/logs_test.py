"""Lines hold listed fields of plain characters; libraries and uncaught exceptions are told by their kind."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from zkseal.errors import RangeExceeded
from zkseal.service.observing.logs import ServiceLog, capture_libraries

SECRET = "61518.8125"


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_fields_that_are_not_listed_are_not_written() -> None:
    stream = io.StringIO()
    ServiceLog(stream).event("x", job="job_1", inputs=SECRET, code=None, duration_ms=1.5)
    (line,) = lines(stream)
    assert {name: line[name] for name in line if name != "time"} == {
        "event": "x",
        "job": "job_1",
        "code": None,
        "duration_ms": 1.5,
    }


@pytest.mark.parametrize("value", [[SECRET], {"x": SECRET}, "a\nb", "é", "x" * 200, f'"{SECRET}"', b"x", object()])
def test_what_is_not_plain_is_a_question_mark(value: Any) -> None:
    stream = io.StringIO()
    ServiceLog(stream).event("x", job=value)
    assert lines(stream)[0]["job"] == "?"


def test_a_failure_is_told_by_its_kind_and_place() -> None:
    stream = io.StringIO()
    try:
        raise RangeExceeded(f"'x' is {SECRET}.", value=float(SECRET))
    except RangeExceeded as error:
        ServiceLog(stream).failure("failed", error, job="job_1")
    (line,) = lines(stream)
    assert (line["error"], line["job"]) == ("RangeExceeded", "job_1")
    assert line["where"].startswith("zkseal.")
    assert SECRET not in stream.getvalue()


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """As in a process that serves; everything is put back afterwards."""
    root, handlers, level = logging.getLogger(), logging.getLogger().handlers[:], logging.getLogger().level
    for module, name in (
        (sys, "excepthook"),
        (threading, "excepthook"),
        (sys, "unraisablehook"),
        (warnings, "showwarning"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    stream = io.StringIO()
    capture_libraries(ServiceLog(stream))
    yield stream
    root.handlers[:], root.level = handlers, level


def test_libraries_are_told_without_their_text(captured: io.StringIO) -> None:
    logging.getLogger("asyncio").error("Task exception was never retrieved %s", SECRET)
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("sqlalchemy").exception("statement %s", SECRET)
    warnings.showwarning(f"overflow in {SECRET}", RuntimeWarning, "x.py", 1)
    assert SECRET not in captured.getvalue()
    assert [(line["event"], line.get("logger")) for line in lines(captured)] == [
        ("library", "asyncio"),
        ("library", "sqlalchemy"),
        ("library", "warnings"),
    ]
    assert lines(captured)[1]["error"] == "ValueError"


def test_exceptions_that_nobody_caught_are_told_without_their_text(captured: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError(SECRET)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    (line,) = lines(captured)
    assert (line["event"], line["error"]) == ("uncaught", "ValueError")
    assert SECRET not in captured.getvalue()
