"""Deterministic CBOR against cbor2 in its canonical mode, and every other spelling refused."""

from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkseal.errors import DecodeError, InvalidEncoding, WrongLength
from zkseal.receipts import cbor

LIMIT = 1 << 16
scalars = st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=300) | st.text(max_size=300)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=30), inner, max_size=6),
    max_leaves=12,
)


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return 1 + max(map(depth, inner), default=-1) if isinstance(value, dict | list) else 0


@given(values.filter(lambda value: depth(value) <= cbor.MAX_DEPTH))
@settings(max_examples=200, deadline=None)
def test_dumps_agrees_with_cbor2_and_loads_is_its_inverse(value: Any) -> None:
    data = cbor.dumps(value)
    assert data == cbor2.dumps(value, canonical=True)
    assert cbor.loads(data, max_bytes=LIMIT) == value


@given(st.binary(max_size=40))
@settings(max_examples=400, deadline=None)
def test_loads_accepts_nothing_but_what_dumps_writes(data: bytes) -> None:
    try:
        value = cbor.loads(data, max_bytes=LIMIT)
    except DecodeError:
        return
    assert cbor.dumps(value) == data


@pytest.mark.parametrize(
    ("hexed", "reason"),
    [
        ("1817", "number not in its shortest form"),
        ("190017", "number not in its shortest form"),
        ("1a0000ffff", "number not in its shortest form"),
        ("1b00000000ffffffff", "number not in its shortest form"),
        ("5817" + "00" * 23, "number not in its shortest form"),
        ("9fff", "indefinite length"),
        ("bfff", "indefinite length"),
        ("5f40ff", "indefinite length"),
        ("1c", "reserved head"),
        ("c11a514b67b0", "tag"),
        ("f97e00", "float or simple value"),
        ("fb3ff0000000000000", "float or simple value"),
        ("f7", "float or simple value"),
        ("f814", "float or simple value"),
        ("a10101", "key that is not text"),
        ("a2616101616102", "keys repeated or out of order"),
        ("a2616201616102", "keys repeated or out of order"),
        ("a262616101616202", "keys repeated or out of order"),
        ("61ff", "text that is not UTF-8"),
        ("81" * 9 + "80", "nested too deeply"),
    ],
)
def test_loads_refuses_other_spellings(hexed: str, reason: str) -> None:
    with pytest.raises(InvalidEncoding) as caught:
        cbor.loads(bytes.fromhex(hexed), max_bytes=LIMIT)
    assert caught.value.reason == reason


@pytest.mark.parametrize("hexed", ["", "18", "41", "6261", "9a7fffffff", "ba7fffffff", "5b7fffffffffffffff", "0000"])
def test_loads_refuses_wrong_lengths_before_allocating(hexed: str) -> None:
    with pytest.raises(WrongLength):
        cbor.loads(bytes.fromhex(hexed), max_bytes=LIMIT)


def test_loads_refuses_more_bytes_than_asked_for() -> None:
    with pytest.raises(WrongLength):
        cbor.loads(cbor.dumps(b"x" * 100), max_bytes=50)


@pytest.mark.parametrize("value", [[{}] * 11, {str(index): 0 for index in range(11)}, [[0] * 5, [0] * 5]])
def test_loads_refuses_more_items_than_asked_for(value: Any) -> None:
    """A byte of a list takes far more in memory: eight million empty maps have half a gigabyte."""
    assert cbor.loads(cbor.dumps(value), max_bytes=LIMIT, max_items=12) == value
    with pytest.raises(InvalidEncoding):
        cbor.loads(cbor.dumps(value), max_bytes=LIMIT, max_items=10)


def test_items_have_a_bound_by_default() -> None:
    data = b"\x9a" + (cbor.MAX_ITEMS + 1).to_bytes(4, "big") + b"\xa0" * (cbor.MAX_ITEMS + 1)
    with pytest.raises(InvalidEncoding):
        cbor.loads(data, max_bytes=len(data))


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}])
def test_dumps_refuses_text_that_is_not_utf_8(value: Any) -> None:
    with pytest.raises(InvalidEncoding):
        cbor.dumps(value)


@pytest.mark.parametrize("value", [1.5, (1, 2), {1: 2}, 2**64, -(2**64) - 1, {"a": object()}])
def test_dumps_refuses_what_the_subset_lacks(value: Any) -> None:
    with pytest.raises(InvalidEncoding):
        cbor.dumps(value)


def test_dumps_refuses_deep_nesting() -> None:
    value: Any = 0
    for _ in range(cbor.MAX_DEPTH + 2):
        value = [value]
    with pytest.raises(InvalidEncoding):
        cbor.dumps(value)
