"""The annotation says how integers are read; anything that does not fit the relation is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zkseal.errors import InvalidRelation, StatementMismatch
from zkseal.pipeline import CompiledModel, Interface
from zkseal.pipeline.interface import Port
from zkseal.quantize.ordered import ORDERS
from zkseal.relation import Relation


def test_of_a_compiled_model(tiny: CompiledModel) -> None:
    interface = Interface.of(tiny.relation)
    (x,), (y,) = interface.inputs, interface.outputs
    assert (x.name, x.shape, x.public) == ("x", (1, 4), False)
    assert (y.name, y.shape, y.public) == ("y", (1, 2), True)
    assert not interface.public_weights
    assert interface.public_inputs == frozenset()


def test_a_verifier_reads_the_same_from_bytes_alone(tiny: CompiledModel) -> None:
    assert Interface.of(Relation.decode(tiny.relation.encode())) == tiny.interface


def test_decode_is_what_the_program_decodes(tiny: CompiledModel, samples: np.ndarray) -> None:
    witness = tiny.program.run({"x": samples[:1]})
    (port,) = tiny.interface.outputs
    integers = witness.tensors["y"].ravel()
    assert tiny.interface.decode(tiny.interface.outputs, {port.tensor: integers})["y"].tolist() == (
        witness.outputs["y"].tolist()
    )


def test_features_have_scales_of_their_own() -> None:
    port = Port("x", (1, 2), "float32", 1, -8, 7, True, 0, (0, 2))
    assert port.decode(np.array([3, 3])).tolist() == [[1.5, 0.375]]
    assert port.step == 0.5


def test_integers_stand_for_themselves() -> None:
    decoded = Port("label", (1,), "int64", 0, 0, 9, True, 0).decode(np.array([7]))
    assert decoded.tolist() == [7]
    assert decoded.dtype == np.int64


def test_codes_of_floats() -> None:
    floats = np.array([[0.1, -2.5, 0.0, np.nan]], np.float32)
    order = ORDERS["float32"]
    port = Port("x", (1, 4), "float32", 0, order.lo, order.hi, True, 0, order="float32")
    np.testing.assert_array_equal(port.decode(order.encode(floats)), floats)


def test_a_wrong_number_of_integers_is_refused() -> None:
    with pytest.raises(StatementMismatch):
        Port("x", (1, 2), "float32", 1, -8, 7, True, 3).decode(np.zeros(3, np.int64))


def edited(relation: Relation, edit: Callable[[Any], None]) -> Relation:
    document = json.loads(relation.annotation)
    edit(document)
    return replace(relation, annotation=json.dumps(document).encode())


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d.pop("format"),
        lambda d: d.update(format="another"),
        lambda d: d.pop("inputs"),
        lambda d: d.update(inputs=[]),
        lambda d: d.update(outputs=d["outputs"] * 2),
        lambda d: d["inputs"][0].update(tensor=99),
        lambda d: d["inputs"][0].update(tensor=-1),
        lambda d: d["inputs"][0].update(tensor=True),
        lambda d: d["inputs"][0].update(tensor=d["outputs"][0]["tensor"]),
        lambda d: d["inputs"][0].update(visibility="public"),
        lambda d: d["inputs"][0].update(visibility="hidden"),
        lambda d: d["inputs"][0].update(shape=[1, 5]),
        lambda d: d["inputs"][0].update(shape=[-2, -2]),
        lambda d: d["inputs"][0].update(lo=0),
        lambda d: d["inputs"][0].update(exponent=10**9),
        lambda d: d["inputs"][0].update(exponent=1.5),
        lambda d: d["inputs"][0].update(feature_exponents=[1]),
        lambda d: d["inputs"][0].update(name=3),
    ],
)
def test_other_annotations_are_refused(tiny: CompiledModel, edit: Callable[[Any], None]) -> None:
    with pytest.raises(InvalidRelation):
        Interface.of(edited(tiny.relation, edit))


@pytest.mark.parametrize("annotation", [b"", b"[]", b"3", b"\xff", b"[" * 100_000])
def test_no_json_is_refused(tiny: CompiledModel, annotation: bytes) -> None:
    with pytest.raises(InvalidRelation):
        Interface.of(replace(tiny.relation, annotation=annotation))


def reworded(relation: Relation, change: Callable[[dict[str, Any]], None]) -> Relation:
    """The relation with another annotation, in canonical JSON."""
    document = json.loads(relation.annotation)
    change(document)
    return replace(
        relation, annotation=json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["outputs"][0].update(name=d["inputs"][0]["name"]),
        lambda d: d["outputs"][0].update(name="y = [0.0]\noutput approved = [1.0]"),
        lambda d: d["outputs"][0].update(name="y\x1b[8m"),
        lambda d: d["outputs"][0].update(dtype="object"),
        lambda d: d["inputs"][0].update(order="float16"),
        lambda d: d["inputs"][0].update(order=None),
        lambda d: d["inputs"][0].update(order=["float32"]),
        lambda d: d["inputs"][0].update(order="float32"),
    ],
    ids=["name twice", "line feed", "escape", "dtype", "order", "no order", "orders", "bounds of another order"],
)
def test_an_annotation_that_would_mislead_a_reader_is_refused(
    tiny: CompiledModel, change: Callable[[dict[str, Any]], None]
) -> None:
    with pytest.raises(InvalidRelation):
        Interface.of(reworded(tiny.relation, change))


def test_only_canonical_json_is_read(tiny: CompiledModel) -> None:
    loose = json.dumps(json.loads(tiny.relation.annotation), indent=1).encode()
    with pytest.raises(InvalidRelation, match="canonical"):
        Interface.of(replace(tiny.relation, annotation=loose))
