"""The package reads CBOR, JSON and numbers as Python does, and refuses what Python refuses, by the same names."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.web.node import Node, by_python

from zkseal.pipeline import CompiledModel
from zkseal.pipeline.interface import Interface, Port
from zkseal.quantize.ordered import ORDERS
from zkseal.receipts import cbor
from zkseal.relation import Column, Relation

pytestmark = pytest.mark.native

LIMIT = 1 << 20
many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 64), (1 << 64) - 1)
    | st.binary(max_size=40)
    | st.text(st.characters(codec="utf-8"), max_size=12)
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text("ab\u00e9\U0001f600", max_size=3), inner),
    max_leaves=12,
)


def read_again(data: bytes) -> str:
    return cbor.dumps(cbor.loads(data, max_bytes=LIMIT)).hex()


@many
@given(values)
def test_values_of_cbor_survive(node: Node, value: Any) -> None:
    data = by_python(lambda: cbor.dumps(value))
    if isinstance(data, bytes):  # else it is nested too deeply to be written
        assert node.ask("cbor", data=data) == by_python(lambda: read_again(data))


@many
@given(values, st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=3))
def test_changed_cbor_has_the_same_verdict(node: Node, value: Any, changes: list[tuple[int, int]]) -> None:
    data = by_python(lambda: bytearray(cbor.dumps(value)))
    if isinstance(data, bytearray):
        for place, byte in changes:
            data[place % len(data)] = byte
        assert node.ask("cbor", data=bytes(data)) == by_python(lambda: read_again(bytes(data)))


@many
@given(st.binary(max_size=24))
def test_any_bytes_have_the_same_verdict_as_cbor(node: Node, data: bytes) -> None:
    assert node.ask("cbor", data=data) == by_python(lambda: read_again(data))


@pytest.mark.parametrize("data", ["9f00ff", "81" * 9 + "00", "1bffffffffffffffff", "3bffffffffffffffff", "7aff"])
@pytest.mark.parametrize("tail", ["", "00"])
def test_edges_of_cbor(node: Node, data: str, tail: str) -> None:
    whole = bytes.fromhex(data + tail)
    assert node.ask("cbor", data=whole) == by_python(lambda: read_again(whole))


# Numbers


@many
@given(
    st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=6),
    st.integers(-1024, 1024),
    st.lists(st.integers(-1024, 1024), min_size=6, max_size=6) | st.none(),
)
def test_numbers_are_those_of_python(
    node: Node, integers: list[int], exponent: int, features: list[int] | None
) -> None:
    kept = None if features is None else tuple(features[: len(integers)])
    port = Port("x", (len(integers),), "float32", exponent, 0, 0, True, 0, kept)
    with np.errstate(all="ignore"):
        expected = port.decode(np.array(integers, np.int64))
    assert node.ask("numbers", port=described(port), integers=list(map(str, integers))) == bits(expected)


@many
@given(st.sampled_from(["float32", "float64"]), st.data())
def test_codes_of_floats_are_those_of_python(node: Node, name: str, data: st.DataObject) -> None:
    order = ORDERS[name]
    codes = data.draw(st.lists(st.integers(order.lo, order.hi), min_size=1, max_size=6))
    codes += [0, order.lo, order.hi, order.infinity, order.infinity - 1, 1 - order.infinity]
    port = Port("x", (len(codes),), name, 0, order.lo, order.hi, True, 0, None, name)
    expected = port.decode(np.array(codes, np.int64)).astype(np.float64)
    assert node.ask("numbers", port=described(port), integers=list(map(str, codes))) == bits(expected)


def described(port: Port) -> dict[str, Any]:
    features = None if port.feature_exponents is None else list(port.feature_exponents)
    return {"exponent": port.exponent, "features": features, "order": port.order, "size": port.shape[0]}


def bits(numbers: np.ndarray) -> list[str]:
    """Every NaN as node writes it."""
    return [struct.pack(">d", float("nan") if np.isnan(number) else number).hex() for number in numbers]


# Annotations


@pytest.fixture(scope="module")
def tensors(tiny: CompiledModel) -> list[dict[str, str]]:
    columns = {Column.INPUT: "input", Column.OUTPUT: "output", Column.PUBLIC: "public"}
    return [
        {"index": str(index), "column": columns[tensor.column], "size": str(tensor.size), "lo": str(tensor.lo)}
        | {"hi": str(tensor.hi)}
        for index, tensor in enumerate(tiny.relation.tensors)
        if tensor.column in columns
    ]


def read_interface(relation: Relation, annotation: bytes) -> Any:
    interface = Interface.of(replace(relation, annotation=annotation))
    inputs, outputs = ([port.name for port in ports] for ports in (interface.inputs, interface.outputs))
    return {"inputs": inputs, "outputs": outputs, "weights": "public" if interface.public_weights else "private"}


def nested(levels: int) -> Any:
    return [nested(levels - 1)] if levels else []


CHANGES: dict[str, Any] = {
    "nothing": lambda d: None,
    "another format": lambda d: d.update(format="another"),
    "no inputs": lambda d: d.pop("inputs"),
    "an output twice": lambda d: d.update(outputs=d["outputs"] * 2),
    "no weights": lambda d: d.pop("weights"),
    "a tensor that is none": lambda d: d["inputs"][0].update(tensor=99),
    "a tensor that is a flag": lambda d: d["inputs"][0].update(tensor=True),
    "a public input that is private": lambda d: d["inputs"][0].update(visibility="public"),
    "another shape": lambda d: d["inputs"][0].update(shape=[1, 5]),
    "a negative shape": lambda d: d["inputs"][0].update(shape=[-2, -2]),
    "other bounds": lambda d: d["inputs"][0].update(lo=-5),
    "bounds beyond 2^53": lambda d: d["inputs"][0].update(lo=-(1 << 61)),
    "an exponent out of range": lambda d: d["inputs"][0].update(exponent=1025),
    "no exponent": lambda d: d["inputs"][0].pop("exponent"),
    "features of another number": lambda d: d["inputs"][0].update(feature_exponents=[1]),
    "features": lambda d: d["inputs"][0].update(feature_exponents=[1, 2, 3, 4]),
    "no features": lambda d: d["inputs"][0].update(feature_exponents=None),
    "a name that breaks the line": lambda d: d["outputs"][0].update(name="y\ny = 1"),
    "a name that turns the line": lambda d: d["outputs"][0].update(name="y\u202e"),
    "a name of another alphabet": lambda d: d["outputs"][0].update(name="\u00e9\u4e2d\U0001f600"),
    "a name too long": lambda d: d["outputs"][0].update(name="y" * 1025),
    "one name for two": lambda d: d["outputs"][0].update(name=d["inputs"][0]["name"]),
    "no name": lambda d: d["outputs"][0].update(name=""),
    "an unknown type": lambda d: d["outputs"][0].update(dtype="object"),
    "an unknown order": lambda d: d["inputs"][0].update(order="float16"),
    "an order with other bounds": lambda d: d["inputs"][0].update(order="float32"),
    "more entries": lambda d: d.update(more=[None, True, "\u007f", {"b": 1, "a": -2}]),
    "a fraction": lambda d: d.update(more=0.5),
    "no number": lambda d: d.update(more=float("nan")),
    "an integer of 20 digits": lambda d: d.update(more=10**20 - 1),
    "an integer of 21 digits": lambda d: d.update(more=10**20),
    "32 axes": lambda d: d["inputs"][0].update(shape=[1] * 31 + [4]),
    "33 axes": lambda d: d["inputs"][0].update(shape=[1] * 32 + [4]),
    "axes whose product takes minutes": lambda d: d["inputs"][0].update(shape=[2**53 - 1] * 60_000),
    "a shape that is an object": lambda d: d["inputs"][0].update(shape={}),
    "ports that are an object": lambda d: d.update(inputs={}),
    "100 levels": lambda d: d.update(more=nested(98)),
    "101 levels": lambda d: d.update(more=nested(99)),
    "a long text": lambda d: d.update(more="\\" * 300_000),
    "names sorted by code points": lambda d: d.update({"\uff61": 1, "\U00010000": 2}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_annotations_have_the_same_verdict(
    node: Node, tiny: CompiledModel, tensors: list[dict[str, str]], name: str
) -> None:
    document = json.loads(tiny.relation.annotation)
    CHANGES[name](document)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    expected = by_python(lambda: read_interface(tiny.relation, text))
    assert node.ask("interface", annotation=text, tensors=tensors) == expected
    assert isinstance(expected, dict) == (name in ACCEPTED)


ACCEPTED = {
    "nothing",
    "no name",
    "an integer of 20 digits",
    "32 axes",
    "100 levels",
    "features",
    "no features",
    "a name of another alphabet",
    "more entries",
    "a long text",
    "names sorted by code points",
}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b",", b", ", 1),
        lambda text: text.replace(b'"format"', b'"\\u0066ormat"'),
        lambda text: text.replace(b"{", b'{"a":1,"a":1,', 1),
        lambda text: text + b"\n",
        lambda text: text[:-1],
        lambda text: text.replace(b'"exponent":', b'"exponent":0'),
        lambda text: text.replace(b'"exponent":', b'"exponent":-0', 1),
        lambda text: text[:-1] + b',"zz":' + b"9" * 5000 + b"}",
        lambda _: b"[" * 100_000,
        lambda _: b"",
        lambda _: b"\xff",
        lambda _: b"null",
    ],
)
def test_other_spellings_of_an_annotation_are_refused(
    node: Node, tiny: CompiledModel, tensors: list[dict[str, str]], change: Any
) -> None:
    text = change(tiny.relation.annotation)
    assert by_python(lambda: read_interface(tiny.relation, text)) == "rejected InvalidRelation"
    assert node.ask("interface", annotation=text, tensors=tensors) == "rejected InvalidRelation"
