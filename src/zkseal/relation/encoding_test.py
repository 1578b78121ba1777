"""Byte-exact encoding against a string written by hand from chapter 2, round trips, and refusals of the decoder."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkseal.errors import InvalidRelation
from zkseal.relation import Column, Expr, Relation, RelationBuilder
from zkseal.relation.random_relations_test import RandomRelation, random_relations

# The relation of `small_relation`, production by production; `|` and line breaks are for the reader only.
GOLDEN = """
5a4b5352 | 0001 | 00000002 6869
00000005
  00 | 02 | 00000002 00000003 | fffffffffffffff8 | 0000000000000007
  02 | 01 | 00000003          | fffffffffffffff8 | 0000000000000007
  03 | 01 | 00000002          | ffffffffffffff80 | 000000000000007f
  05 | 01 | 00000002          | 0000000000000000 | 0000000000000002
  06 | 01 | 00000010          | 0000000000000000 | 000000000000000f
00000002 | 00000003 00000002
00000001 | 00000002 | 00000002 ffffffff
00000001 | 00000001 | 01 | 00000004
00000001
  00 | 00000000 | 01 00000001
    0003
      0000000000000001 | 02 | 01 00000000 | 02
        00000000 | 00 01 00000001 00000001 00000000 | 00 01 00000001 00000000 00000000
        00000001 | 00 01 00000001 00000000 00000000
      ffffffffffffffff | 00 | 00 | 01
        00000002 | 00 01 00000001 00000001 00000000
      0000000000000005 | 01 | 00 | 00
00000002
  00 | 01 00000001
    0003
      0000000000000001 | 00 | 00 | 01   00000001 | 01 00000001 00000000
      fffffffffffffffd | 00 | 00 | 01   00000001 | 02 00000001 00000003
      0000000000000001 | 00 | 00 | 01   00000001 | 00 01 fffffffe 00000001 ffffffff
  01 | 00
    0001
      0000000000000001 | 00 | 01 00000001 | 01
        00000000 | 00 01 00000001 00000001 00000000 | 00 00 00000002
"""


def small_relation() -> Relation:
    b = RelationBuilder()
    i, o = b.loop(3, "i"), b.loop(2, "o")
    w = b.tensor("w", (2, 3), Column.MODEL, -8, 7)
    x = b.tensor("x", (3,), Column.INPUT, -8, 7)
    y = b.tensor("y", (2,), Column.OUTPUT, -128, 127)
    tokens = b.tensor("tokens", (2,), Column.PUBLIC, 0, 2)
    table = b.table("small", [range(16)])
    b.lookup(table, [o], [((b.sum([i], x[i] * w[o, i]) - y[o] * 4) >> 2) + (Expr.constant(5) >> 1)])
    b.zero([o], x[b.gather([2, -1], o)] - x[b.gather_public(tokens, o)] * 3 + x[-2 * o - 1])
    b.zero([], b.sum([o], w[o, 2]), once=True)
    return b.finish(b"hi")


def golden_bytes() -> bytes:
    return bytes.fromhex(GOLDEN.replace("|", ""))


def test_encode_is_byte_exact() -> None:
    assert small_relation().encode().hex() == golden_bytes().hex()


def test_decode_of_the_golden_bytes_is_the_relation() -> None:
    decoded = Relation.decode(golden_bytes())
    assert decoded == small_relation()
    assert decoded.names.tensors == ("t0", "t1", "t2", "t3", "t4")


@given(random_relations())
@settings(max_examples=60, deadline=None)
def test_decode_inverts_encode(case: RandomRelation) -> None:
    data = case.relation.encode()
    decoded = Relation.decode(data)
    assert decoded == case.relation
    assert decoded.encode() == data


def test_decode_rejects_every_truncation() -> None:
    data = golden_bytes()
    for length in range(len(data)):
        with pytest.raises(InvalidRelation):
            Relation.decode(data[:length])


def test_decode_rejects_a_tail() -> None:
    with pytest.raises(InvalidRelation, match="ends at offset"):
        Relation.decode(golden_bytes() + b"\0")


@given(st.integers(0, len(golden_bytes()) - 1), st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_a_changed_byte_is_rejected_or_decodes_to_another_relation(position: int, difference: int) -> None:
    data = bytearray(golden_bytes())
    data[position] ^= difference
    try:
        decoded = Relation.decode(bytes(data))
    except InvalidRelation:
        return
    assert decoded != small_relation()
    assert decoded.encode() == bytes(data)


@given(st.binary(max_size=60))
def test_decode_of_noise_raises_only_its_own_error(noise: bytes) -> None:
    with pytest.raises(InvalidRelation):
        Relation.decode(b"ZKSR\0\1\0\0\0\0" + noise)


def replaced(old: str, new: str) -> bytes:
    """The golden bytes with one piece, which occurs once, replaced."""
    plain = golden_bytes()
    before, after = bytes.fromhex(old.replace(" ", "")), bytes.fromhex(new.replace(" ", ""))
    assert plain.count(before) == 1
    return plain.replace(before, after)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("5a4b5352 0001", "5a4b5353 0001", "begin with ZKSR"),
        ("5a4b5352 0001", "5a4b5352 0002", "version 2"),
        ("05 01 00000002 0000000000000000", "07 01 00000002 0000000000000000", "column code 7"),
        ("01 00 0001 0000000000000001 00 01", "02 00 0001 0000000000000001 00 01", "scope 2"),
        ("00000001 00 00000000 01 00000001 0003", "00000001 00 00000001 01 00000001 0003", "names table 1"),
        ("00000001 01 00000001 00000000 ff", "00000009 01 00000001 00000000 ff", "names tensor 9"),
        ("00000001 01 00000001 00000000 ff", "00000001 03 00000001 00000000 ff", "kind 3"),
        ("00000002 00000003 00000002 00000001", "00ffffff 00000003 00000002 00000001", "truncated"),
    ],
)
def test_decode_rejects_unknown_codes_and_indices(old: str, new: str, reason: str) -> None:
    with pytest.raises(InvalidRelation, match=reason):
        Relation.decode(replaced(old, new))
