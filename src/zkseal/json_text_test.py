"""Nothing that stands in JSON ends the process, whatever the recursion limit is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkseal.json_text import MAX_DEPTH, distinct, parse_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(values, st.booleans())
def test_what_json_reads_is_read_alike(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert parse_json(text) == json.loads(text)
    if ascii_only:
        assert parse_json(text.encode()) == json.loads(text)


@given(st.text(alphabet='[]{}",:\\1 \n', max_size=60))
def test_what_json_refuses_is_refused(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            parse_json(text)
    else:
        assert parse_json(text) == expected


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_depth_has_a_bound(opening: str, closing: str) -> None:
    assert parse_json(opening * MAX_DEPTH + "1" + closing * MAX_DEPTH)
    with pytest.raises(ValueError, match="deeper"):
        parse_json(opening * (MAX_DEPTH + 1) + "1" + closing * (MAX_DEPTH + 1))


@pytest.mark.parametrize("text", ["[" * 1000, '{"a":' * 1000, '["\\"", ' * 1000, '{"\\\\":' * 1000])
def test_depth_is_measured_before_parsing(text: str) -> None:
    with pytest.raises(ValueError, match="deeper"):
        parse_json(text)


def test_brackets_in_strings_do_not_count() -> None:
    text = json.dumps(["[" * 1000, '\\"' + "{" * 1000])
    assert parse_json(text) == json.loads(text)


@pytest.mark.parametrize("text", [b"\xff", "[1]".encode("utf-16"), b"\xef\xbb\xbf[]"])
def test_other_encodings_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


@pytest.mark.parametrize("text", [None, 3, ["[]"]])
def test_other_types_are_refused(text: Any) -> None:
    with pytest.raises(TypeError):
        parse_json(text)


@pytest.mark.parametrize(
    "text",
    [r'"\ud800"', r'"\uDBFF"', r'["\udc00"]', r'{"\ud83d": 1}', r'"\ude00\ud83d"', r'"\ud83d\\ude00"', '"\ud800"'],
)
def test_half_a_surrogate_pair_is_refused(text: str) -> None:
    """No text with one can be encoded: whoever logs, hashes or answers with it would fail later."""
    with pytest.raises(ValueError, match=r"surrogate"):
        parse_json(text)


@pytest.mark.parametrize("text", [r'"\ud83d\uDE00"', r'"\\ud800"', r'"\u00e4\n\\\ud83d\ude00"', r'"\u0d80"'])
def test_whole_pairs_and_what_only_looks_like_one_are_read(text: str) -> None:
    assert parse_json(text) == json.loads(text)
    assert parse_json(text.encode()) == json.loads(text)


def test_names_can_be_asked_to_be_distinct() -> None:
    with pytest.raises(ValueError, match="twice"):
        parse_json('{"a": 1, "a": 2}', object_pairs_hook=distinct)


@pytest.mark.parametrize("text", ['"' + '\\"' * 200_000, '"' + "\\" * 200_001, '"\\' * 200_000])
def test_strings_without_an_end_take_linear_time(text: str) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)
    assert time.process_time() - started < 5


def test_the_recursion_limit_does_not_matter() -> None:
    """In a process of its own: without the bound the stack overflows, and no exception tells."""
    program = (
        "import sys; sys.setrecursionlimit(10**6)\n"
        "from zkseal.json_text import parse_json\n"
        "try: parse_json('[' * 10**6)\n"
        "except ValueError as error: print(error)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "deeper" in found.stdout
