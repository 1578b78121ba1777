"""Proving keys in files."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zkseal import files, pipeline
from zkseal.conftest import tiny_graph
from zkseal.errors import DecodeError, InvalidEncoding, ModelProofRejected, UnknownVersion, WrongModel
from zkseal.files import kinds
from zkseal.files.arrays import pack_arrays, unpack_arrays
from zkseal.files.container import Buffer, FileKind, read_container, write_container
from zkseal.graph import Graph
from zkseal.lowering.archive.classes import MODULES, class_of
from zkseal.lowering.values import Parameter
from zkseal.pipeline import CompiledModel, ProvingKey
from zkseal.proving import VerifyingKey
from zkseal.receipts import cbor

pytestmark = pytest.mark.native

Keys = tuple[ProvingKey, VerifyingKey]


@pytest.fixture
def path(keys: Keys, tmp_path: Path) -> Path:
    """The key of the tiny model in a file."""
    files.save_proving_key(tmp_path / "m.zkp", keys[0])
    return tmp_path / "m.zkp"


def test_keys_round_trip(keys: Keys, path: Path, samples: np.ndarray) -> None:
    proving_key, verifying_key = keys
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = files.load_proving_key(path)
    assert loaded.verifying_key.model_id == verifying_key.model_id
    assert loaded.provenance == proving_key.provenance
    assert pipeline.describe(loaded) == pipeline.describe(proving_key)
    result = pipeline.prove(loaded, samples[2])
    statement = pipeline.verify(result.receipt, verifying_key)
    expected = proving_key.program.predict({"x": samples[2:3]})["y"]
    assert statement.outputs["y"].tolist() == result.outputs["y"].tolist() == expected.tolist()


def test_a_loaded_key_is_written_as_it_was(path: Path, tmp_path: Path) -> None:
    files.save_proving_key(tmp_path / "again.zkp", files.load_proving_key(path))
    assert (tmp_path / "again.zkp").read_bytes() == path.read_bytes()


def test_the_measured_accuracy_is_kept(tiny: CompiledModel, samples: np.ndarray, tmp_path: Path) -> None:
    model = pipeline.compile(tiny.graph, samples, max_error=1.0)
    files.save_proving_key(tmp_path / "m.zkp", pipeline.setup(model)[0])
    assert files.load_proving_key(tmp_path / "m.zkp").provenance.accuracy == model.accuracy


def test_a_key_is_the_same_before_and_after(keys: Keys, path: Path) -> None:
    """Names, integers and their types: setup and reading make one kind of key."""
    before, after = keys[0], files.load_proving_key(path)
    assert after.program.relation == before.program.relation
    assert after.program.relation.names == before.program.relation.names
    assert after.program.layouts == before.program.layouts
    assert list(after.program.parameters) == list(before.program.parameters)
    assert list(after.weights.weights) == list(before.weights.weights)
    for index, integers in before.weights.weights.items():
        assert after.weights.weights[index].dtype == integers.dtype
        assert np.array_equal(after.weights.weights[index], integers)


def test_weights_stay_in_the_mapped_file_and_are_there_once(path: Path) -> None:
    loaded = files.load_proving_key(path)
    for array in loaded.weights.weights.values():
        assert not array.flags.owndata
        assert not array.flags.writeable
    gemm = loaded.program.steps[0].accumulator.terms[0][0]  # type: ignore[attr-defined]
    assert isinstance(gemm.right.value, Parameter)
    assert np.shares_memory(gemm.right.value.stored, loaded.program.parameters["w1"])


def test_the_float_model_is_not_in_a_key(tiny: CompiledModel, path: Path) -> None:
    data = path.read_bytes()
    assert all(array.tobytes() not in data for array in tiny.graph.initializers.values())


def test_a_key_of_the_format_before_is_refused(path: Path) -> None:
    old = kinds.PROVING_KEY
    before = FileKind(old.code, old.name, old.suffix, old.version - 1, old.sections, secret=True)
    write_container(path, before, {name: [data] for name, data in read_container(path, old).items()})
    with pytest.raises(UnknownVersion) as caught:
        files.load_proving_key(path)
    assert (caught.value.got, caught.value.expected) == (2, 3)


FORMS = {2: "0614be4e156e", 3: "0614be4e156e"}
"""By version of proving keys: how the digest of all fields of all classes of programs begins."""


def test_other_fields_have_another_version() -> None:
    """A file of this version has these fields. Whoever changes them raises `PROVING_KEY.version` and adds a line.

    A new class changes no file that exists: it takes a new digest only.
    """
    classes = sorted(name for names in MODULES.values() for name in names)
    form = {name: [f"{part.name}: {part.type}" for part in fields(class_of(name))] for name in classes}
    digest = hashlib.sha256(json.dumps(form).encode()).hexdigest()
    assert digest[:12] == FORMS[kinds.PROVING_KEY.version]


def rewritten(path: Path, **changed: bytes | list[Buffer]) -> None:
    """The key with other contents in some sections and right digests."""
    sections: dict[str, Any] = dict(read_container(path, kinds.PROVING_KEY))
    sections |= {name.replace("_", " "): data for name, data in changed.items()}
    pieces = {name: data if isinstance(data, list) else [data] for name, data in sections.items()}
    write_container(path, kinds.PROVING_KEY, pieces)


HEADS: dict[str, Callable[[Any], object]] = {
    "no name": lambda head: head.update(name=3),
    "more": lambda head: head.update(more=3),
    "operators": lambda head: head.update(operators=[["Gemm", "two"]]),
    "notes": lambda head: head.update(notes=[3]),
    "options": lambda head: head.update(options={"bits": ["text", "a"]}),
    "an option less": lambda head: head["options"].pop("bits") and head["options"].update(more=["int", 1]),
    "accuracy": lambda head: head.update(accuracy="{}"),
    "endless accuracy": lambda head: head.update(accuracy="[" * 100_000),
}

PROGRAMS: dict[str, Callable[[Any], object]] = {
    "no program": lambda plain: plain.pop("program"),
    "another program": lambda plain: plain.update(program=3),
    "no names": lambda plain: plain.update(names=3),
    "no weights": lambda plain: plain.update(weights=3),
    "a weight less": lambda plain: plain["weights"].pop(),
    "a weight more": lambda plain: plain["weights"].append([0, 0]),
    "a weight of no tensor": lambda plain: plain["weights"][0].__setitem__(0, 10_000),
    "a weight that is text": lambda plain: plain["weights"].__setitem__(0, "w1"),
    "a weight without integers": lambda plain: plain["weights"][0].__setitem__(1, 10_000),
    "a weight of another size": lambda plain: plain["weights"][0].__setitem__(1, plain["weights"][1][1]),
}


@pytest.mark.parametrize(
    ("section", "change"),
    [*(("head", change) for change in HEADS.values()), *(("program", change) for change in PROGRAMS.values())],
    ids=[*HEADS, *PROGRAMS],
)
def test_a_key_that_setup_did_not_make_is_refused(path: Path, section: str, change: Callable[[Any], object]) -> None:
    plain = cbor.loads(bytes(read_container(path, kinds.PROVING_KEY)[section]), max_bytes=1 << 24)
    change(plain)
    rewritten(path, **{section: cbor.dumps(plain)})
    with pytest.raises(InvalidEncoding) as caught:
        files.load_proving_key(path)
    assert caught.value.path == str(path)


@pytest.mark.parametrize("plain", [None, 3, [], {}, "text"])
@pytest.mark.parametrize("section", ["head", "program"])
def test_other_sections_are_refused(path: Path, section: str, plain: object) -> None:
    rewritten(path, **{section: cbor.dumps(plain)})
    with pytest.raises(InvalidEncoding):
        files.load_proving_key(path)


def test_arrays_that_are_not_numbered_are_refused(path: Path) -> None:
    old = read_container(path, kinds.PROVING_KEY)
    arrays = {f"{name}x": array for name, array in unpack_arrays(old["directory"], old["arrays"]).items()}
    directory, pieces = pack_arrays(arrays)
    rewritten(path, directory=directory, arrays=pieces)
    with pytest.raises(InvalidEncoding):
        files.load_proving_key(path)


def test_a_verifying_key_that_proves_nothing_is_refused(path: Path) -> None:
    data = bytearray(read_container(path, kinds.PROVING_KEY)["verifying key"])
    data[-1] ^= 1
    rewritten(path, verifying_key=bytes(data))
    with pytest.raises(ModelProofRejected):
        files.load_proving_key(path)


def test_a_verifying_key_of_other_commitments_is_refused(tiny: CompiledModel, path: Path) -> None:
    """Even of the same weights: the blindings are others."""
    rewritten(path, verifying_key=pipeline.setup(tiny)[1].data)
    with pytest.raises(WrongModel):
        files.load_proving_key(path)


def test_a_verifying_key_of_another_structure_is_refused(path: Path) -> None:
    graph = Graph(**{**vars(tiny_graph()), "outputs": ("h",), "nodes": tiny_graph().nodes[:1]})
    other = pipeline.setup(pipeline.compile(graph, np.ones((4, 4), np.float32)))[1]
    rewritten(path, verifying_key=other.data)
    with pytest.raises(DecodeError):
        files.load_proving_key(path)


def test_a_verifying_key_that_is_cut_short_is_refused(path: Path) -> None:
    rewritten(path, verifying_key=b"ZKVK")
    with pytest.raises(DecodeError):
        files.load_proving_key(path)
