"""Compiled models, receipts and openings in files."""

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zkseal import files, pipeline
from zkseal.errors import DigestMismatch, InvalidEncoding, UnknownVersion, WrongFileKind
from zkseal.files import kinds
from zkseal.files.arrays import pack_arrays
from zkseal.files.container import Buffer, read_container, write_container
from zkseal.pipeline import CompiledModel
from zkseal.proving import ColumnOpening, Opening
from zkseal.receipts import Receipt, Side, Statement, ZkEvidence, cbor


def test_a_compiled_model_round_trips(tiny: CompiledModel, samples: np.ndarray, tmp_path: Path) -> None:
    measured = replace(tiny, accuracy=pipeline.evaluate(tiny, samples))
    files.save_model(tmp_path / "m.zkc", measured)
    loaded = files.load_model(tmp_path / "m.zkc")
    assert loaded.relation.encode() == tiny.relation.encode()
    assert loaded.accuracy == measured.accuracy
    assert loaded.options == tiny.options
    assert loaded.program.predict({"x": samples[:1]})["y"].tolist() == (
        tiny.program.predict({"x": samples[:1]})["y"].tolist()
    )
    assert stat.S_IMODE((tmp_path / "m.zkc").stat().st_mode) == 0o600
    files.save_model(tmp_path / "again.zkc", loaded)
    assert (tmp_path / "again.zkc").read_bytes() == (tmp_path / "m.zkc").read_bytes()


def rewritten(path: Path, **sections: bytes) -> None:
    """The compiled model with other contents in some sections and right digests."""
    old = read_container(path, kinds.COMPILED)
    new = {name: [sections.get(name, bytes(data))] for name, data in old.items()}
    write_container(path, kinds.COMPILED, new)


def test_a_model_of_a_release_that_lowers_otherwise_is_refused(tiny: CompiledModel, tmp_path: Path) -> None:
    path = tmp_path / "m.zkc"
    files.save_model(path, tiny)
    rewritten(path, relation=tiny.relation.encode() + b"\0")
    with pytest.raises(UnknownVersion):
        files.load_model(path)


@pytest.mark.parametrize("head", [{}, [], 3, {"visibility": ["private", "public"]}, {"visibility": ["a", "b", "c"]}])
def test_a_damaged_head_is_refused(tiny: CompiledModel, tmp_path: Path, head: object) -> None:
    path = tmp_path / "m.zkc"
    files.save_model(path, tiny)
    rewritten(path, head=cbor.dumps(head))
    with pytest.raises(InvalidEncoding):
        files.load_model(path)


def with_operator(head: dict[str, Any]) -> None:
    head["graph"]["nodes"][1]["op"] = ["Relu"]


def with_exponent(head: dict[str, Any]) -> None:
    head["calibration"][0][1] = "text"


@pytest.mark.parametrize("change", [with_operator, with_exponent])
def test_a_model_that_no_frontend_made_is_refused(
    tiny: CompiledModel, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    path = tmp_path / "m.zkc"
    files.save_model(path, tiny)
    head: Any = cbor.loads(bytes(read_container(path, kinds.COMPILED)["head"]), max_bytes=1 << 20)
    change(head)
    rewritten(path, head=cbor.dumps(head))
    with pytest.raises(InvalidEncoding) as caught:
        files.load_model(path)
    assert (caught.value.reason, caught.value.path) == ("model", str(path))


def test_an_accuracy_nested_without_end_is_refused(tiny: CompiledModel, tmp_path: Path) -> None:
    path = tmp_path / "m.zkc"
    files.save_model(path, tiny)
    head: Any = cbor.loads(bytes(read_container(path, kinds.COMPILED)["head"]), max_bytes=1 << 20)
    head["accuracy"] = "[" * 100_000
    rewritten(path, head=cbor.dumps(head))
    with pytest.raises(InvalidEncoding) as caught:
        files.load_model(path)
    assert caught.value.reason == "accuracy"


def example_receipt() -> Receipt:
    return Receipt(Statement(bytes(32), Side(), Side.of({1: np.arange(3)}), b"c"), (ZkEvidence(b"proof"),))


def test_a_receipt_round_trips(tmp_path: Path) -> None:
    files.save_receipt(tmp_path / "r.zkr", example_receipt())
    assert files.load_receipt(tmp_path / "r.zkr") == example_receipt()
    kind, contents = files.load(tmp_path / "r.zkr")
    assert (kind, contents) == (files.RECEIPT, example_receipt())


def test_an_opening_round_trips_and_is_its_owners_alone(tmp_path: Path) -> None:
    tensors: dict[int, npt.NDArray[Any]] = {3: np.array([[1, -2]], np.int16), 12: np.array([7], np.int8)}
    files.save_opening(tmp_path / "o.zko", Opening(b"m" * 32, ColumnOpening(tensors, b"b" * 64), None))
    loaded = files.load_opening(tmp_path / "o.zko")
    assert loaded.input is not None
    assert {index: array.tolist() for index, array in loaded.input.tensors.items()} == {3: [[1, -2]], 12: [7]}
    assert (loaded.model_id, loaded.input.blindings, loaded.output) == (b"m" * 32, b"b" * 64, None)
    assert stat.S_IMODE((tmp_path / "o.zko").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "head",
    [{}, [], {"model": "m", "input": None, "output": None}, {"model": b"m", "input": 3, "output": None},
     {"model": b"m", "input": None, "output": None, "more": 1}],
)  # fmt: skip
def test_other_openings_are_refused(tmp_path: Path, head: object) -> None:
    directory, pieces = pack_arrays({})
    sections: dict[str, list[Buffer]] = {"head": [cbor.dumps(head)], "directory": [directory], "arrays": pieces}
    write_container(tmp_path / "o.zko", kinds.OPENING, sections)
    with pytest.raises(InvalidEncoding):
        files.load_opening(tmp_path / "o.zko")


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    files.save_receipt(tmp_path / "r.zkr", example_receipt())
    for load in (files.load_model, files.load_proving_key, files.load_verifying_key, files.load_opening):
        with pytest.raises(WrongFileKind):
            load(tmp_path / "r.zkr")


def test_a_damaged_file_is_found_whatever_it_is(tiny: CompiledModel, tmp_path: Path) -> None:
    path = tmp_path / "m.zkc"
    files.save_model(path, tiny)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(DigestMismatch):
        files.load(path)
