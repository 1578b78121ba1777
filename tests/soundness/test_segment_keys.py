"""Keys of models in segments: both verifiers refuse them unless all that joins segments is the same on both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import zkseal
from zkseal import proving, segments
from zkseal.proving.segmented_key import segment_annotation
from zkseal.relation import Column, Relation, RelationBuilder
from zkseal.segments.split_test import deep_graph

from .native import Attempt, Lies, Setting, reference_key
from .native import verdict as verdict_of_one
from .segmented import COUNT, SAMPLES, key_bytes, key_verdict, keys

pytestmark = pytest.mark.native


def parts() -> list[tuple[bytes, tuple[int, ...]]]:
    return [(segment.key.data, segment.public) for segment in keys().verifying_key.segments]


def segment_relation(index: int, entering: tuple[int, ...], leaving: tuple[int, ...], hi: int = 7) -> Relation:
    """x enters, y leaves, both of three bits and otherwise free. Segment `index` of two."""
    b = RelationBuilder()
    for name, size, column in (("x", entering, Column.INPUT), ("y", leaving, Column.OUTPUT)):
        i = b.loop(size[0], name)
        tensor = b.tensor(name, size, column, lo=0, hi=hi)
        b.range([i], tensor[i], bits=3)
    return b.finish(segment_annotation(index, 2))


def simple_key(relation: Relation, row_bits: int = 7) -> bytes:
    return proving.setup(relation, {}, row_bits=row_bits)[1].data


def pair() -> bytes:
    """A key of two segments without weights."""
    parts = [simple_key(segment_relation(index, (3,), (3,))) for index in (0, 1)]
    return key_bytes(b"", [(data, ()) for data in parts])


def long_pair(last_rows: int) -> bytes:
    """A key of two segments, of which little is proved and 2^20 rows and more are committed at each end."""
    parts = []
    for index, leaving in enumerate((1 << 20, last_rows)):
        b = RelationBuilder()
        b.tensor("x", (1 << 20, 1 << 7), Column.INPUT, lo=0, hi=7)
        y = b.tensor("y", (leaving, 1 << 7), Column.OUTPUT, lo=0, hi=7)
        b.zero([], y[0, 0])
        parts.append((simple_key(b.finish(segment_annotation(index, 2))), ()))
    return key_bytes(b"", parts)


def test_the_key_as_setup_made_it_is_accepted() -> None:
    key = keys().verifying_key
    assert key_verdict(key.data) == "accepted"
    assert key_bytes(key.annotation, parts()) == key.data
    assert key_verdict(pair()) == "accepted"


def test_segments_have_together_as_many_rows_as_a_receipt_has_room_for() -> None:
    assert key_verdict(long_pair(1 << 20)) == "accepted"


CROSSING = {
    "another shape of equal size in rows": ((3,), (4,), 7, 7, 7),
    "a shorter shape": ((3,), (2,), 7, 7, 7),
    "other bounds": ((3,), (3,), 15, 7, 7),
    "other rows": ((3,), (3,), 7, 7, 8),
}


def crossing(name: str) -> tuple[bytes, str]:
    """The key, and the error that is due."""
    leaving, entering, hi, first_bits, second_bits = CROSSING[name]
    first = simple_key(segment_relation(0, (3,), leaving), first_bits)
    second = simple_key(segment_relation(1, entering, (3,), hi), second_bits)
    expected = "InvalidRelation" if first_bits == second_bits else "InvalidParameters"
    return key_bytes(b"", [(first, ()), (second, ())]), expected


@pytest.mark.parametrize("name", CROSSING)
def test_a_boundary_with_two_layouts_is_refused(name: str) -> None:
    data, error = crossing(name)
    assert key_verdict(data) == error


KEYS: dict[str, tuple[Callable[[], bytes], str]] = {
    "segments swapped": (lambda: _joined([parts()[k] for k in (1, 0, 2)]), "InvalidRelation"),
    "a segment missing": (lambda: _joined(parts()[:2]), "InvalidRelation"),
    "a segment twice": (lambda: _joined([*parts(), parts()[2]]), "InvalidRelation"),
    "one segment": (lambda: _joined(parts()[:1]), "InvalidEncoding"),
    "no segment": (lambda: _joined([]), "InvalidEncoding"),
    "too many segments": (lambda: _patched(10 + len(keys().verifying_key.annotation), 257), "InvalidEncoding"),
    "a public tensor that is not named": (lambda: _joined([*parts()[:2], (parts()[2][0], ())]), "InvalidRelation"),
    "a public tensor named as the input": (lambda: _joined([*parts()[:2], (parts()[2][0], (0,))]), "InvalidRelation"),
    "a public tensor behind a gap": (lambda: _joined([*parts()[:2], (parts()[2][0], (2,))]), "InvalidRelation"),
    "a public tensor too many": (lambda: _joined([*parts()[:2], (parts()[2][0], (1, 2))]), "InvalidRelation"),
    "a tail": (lambda: keys().verifying_key.data + b"\0", "WrongLength"),
    "cut short": (lambda: keys().verifying_key.data[:-1], "WrongLength"),
    "another version": (lambda: b"ZKSV\0\2" + keys().verifying_key.data[6:], "UnknownVersion"),
    "the key of a segment": (lambda: parts()[0][0], "InvalidEncoding"),
    "a whole model among the segments": (lambda: _joined([*parts()[:2], (_whole(), (1,))]), "InvalidRelation"),
    "a changed byte in a model proof": (
        lambda: _joined([(_flipped(parts()[0][0]), ()), *parts()[1:]]),
        "ModelProofRejected",
    ),
    "a long annotation": (lambda: _patched(6, (1 << 20) + 1), "InvalidEncoding"),
    "more rows than a receipt has room for": (lambda: long_pair((1 << 20) + 1), "InvalidParameters"),
}


def _joined(own: list[tuple[bytes, tuple[int, ...]]]) -> bytes:
    return key_bytes(keys().verifying_key.annotation, own)


def _patched(at: int, number: int) -> bytes:
    data = keys().verifying_key.data
    return data[:at] + number.to_bytes(4, "big") + data[at + 4 :]


def _whole() -> bytes:
    key = keys().segments[2]
    relation = replace(key.program.relation, annotation=b"")
    weights = {**relation.fixed, **key.program.parameters}
    return proving.setup(relation, weights, row_bits=key.verifying_key.row_bits)[1].data


def _flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("name", KEYS)
def test_a_changed_key_is_refused(name: str) -> None:
    make, error = KEYS[name]
    assert key_verdict(make()) == error


def test_everything_in_a_key_is_in_the_model_id() -> None:
    key = keys().verifying_key
    ids = {key.model_id}
    ids.add(replace(key, annotation=b"other").model_id)
    again = segments.setup_segments(segments.split(zkseal.compile(deep_graph(3), SAMPLES), COUNT))[1]
    ids.add(again.model_id)
    ids.add(replace(key, segments=(*key.segments[:2], again.segments[2])).model_id)
    assert len(ids) == 4


# The joint: what (4) of the chapter is for


def test_without_equal_layouts_free_padding_of_one_proof_would_be_data_of_the_next() -> None:
    """Of segment 0 three values leave, and a fourth hides where its column has padding; segment 1 reads four.

    Both proofs hold under one commitment. Only the comparison of layouts refuses it.
    """
    row_bits, free = 7, 5
    setting = Setting(segment_relation(0, (3,), (3,)).encode(), row_bits, {})
    address = reference_key(setting.key).layout.addresses[1].base + 3
    first = setting.prove({0: [1, 2, 3], 1: [4, 0, 6]}, Lies(padding=[(address, free)]))
    weights, second = proving.setup(segment_relation(1, (4,), (4,)), {}, row_bits=row_bits)
    tensors = {0: np.array([4, 0, 6, free], dtype=np.int8), 1: np.array([1, 1, 1, 1], dtype=np.int8)}
    made = weights.core.prove(first.context, tensors, None, first.extra["output_blindings"], None)
    assert made["input_commitments"] == first.outputs
    assert verdict_of_one(first) == "accepted"
    assert (
        verdict_of_one(
            Attempt(second.data, first.context, {}, first.outputs, made["output_commitments"], made["proof"])
        )
        == "accepted"
    )
    assert key_verdict(key_bytes(b"", [(setting.key, ()), (second.data, ())])) == "InvalidRelation"
