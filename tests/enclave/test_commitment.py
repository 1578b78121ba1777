"""What an enclave answers is what the committed model says, whoever sealed the file that it was started with.

An operator who has only the public verifying key of somebody's model seals it beside weights, or beside a program, of
its own, under its own publisher key, with its own broker.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.enclave.worlds import POLICY, World, sample

import zkseal
from zkseal.enclave import DevEnclaveClient, application
from zkseal.errors import RangeExceeded, WrongModel
from zkseal.files.arrays import pack_arrays, unpack_arrays
from zkseal.files.container import read_sections, write_container
from zkseal.files.kinds import PROVING_KEY
from zkseal.http_server.server import Server
from zkseal.receipts import cbor
from zkseal.relation import Column

pytestmark = pytest.mark.native

Arrays = dict[str, Any]
Change = Callable[[Arrays, dict[str, Any], set[int]], None]


def edited(world: World, change: Change, *, blindings: bool) -> bytes:
    """A proving key's file under the owner's verifying key, with other contents."""
    sections = dict(read_sections("key", memoryview(world.plaintext), PROVING_KEY))
    arrays: Arrays = {
        name: np.array(array) for name, array in unpack_arrays(sections["directory"], sections["arrays"]).items()
    }
    program = cbor.loads(bytes(sections["program"]), max_bytes=1 << 28)
    relation = world.proving_key.weights.relation
    model = {relation.tensor_index(name) for name in relation.tensors_of(Column.MODEL)}
    change(arrays, program, {number for index, number in program["weights"] if index in model})
    new: dict[str, list[bytes | memoryview]] = {name: [bytes(section)] for name, section in sections.items()}
    directory, pieces = pack_arrays(arrays)
    new["directory"], new["arrays"] = [directory], list(pieces)
    new["program"] = [cbor.dumps(program)]
    if not blindings:
        new["blindings"] = [bytes(len(sections["blindings"]))]
    path = Path(world.folder) / "edited.zkp"
    write_container(path, PROVING_KEY, new)
    return path.read_bytes()


def other_weights(arrays: Arrays, program: dict[str, Any], model: set[int]) -> None:
    for number in model:
        name = f"{number:010}"
        arrays[name] = (arrays[name] // 3).astype(arrays[name].dtype)


def other_program(arrays: Arrays, program: dict[str, Any], model: set[int]) -> None:
    """The committed weights stay; the steps of the program read others."""
    fresh: dict[int, int] = {}
    for number in sorted(model):
        old = arrays[f"{number:010}"]
        fresh[number] = len(arrays)
        arrays[f"{fresh[number]:010}"] = (old // 3).astype(old.dtype)

    def redirected(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: redirected(entry) for name, entry in value.items()}
        if not isinstance(value, list):
            return value
        if len(value) == 2 and type(value[0]) is int and value[0] in fresh and isinstance(value[1], list):
            shape = value[1]
            whole = bool(shape) and all(type(size) is int for size in shape)
            if whole and int(np.prod(shape)) == arrays[f"{value[0]:010}"].size:
                return [fresh[value[0]], shape]
        return [redirected(entry) for entry in value]

    program["program"] = redirected(program["program"])


def test_weights_of_somebody_else_are_found_at_the_start(world: World) -> None:
    for blindings in (False, True):
        forged = edited(world, other_weights, blindings=blindings)
        world.seal(plaintext=forged, commitment=world.proving_key.verifying_key.model_id)
        with pytest.raises(WrongModel), world.enclave():
            pass


def test_a_program_of_somebody_else_gets_no_signature(world: World) -> None:
    world.seal(plaintext=edited(world, other_program, blindings=True))
    with world.enclave() as host, Server(application(host), "127.0.0.1", 0).in_background() as url:
        client = DevEnclaveClient(url, POLICY, verifying_key=world.proving_key.verifying_key)
        with pytest.raises(WrongModel):
            client.ask(sample(), context=b"c")


def test_what_is_edited_into_the_same_is_accepted(world: World) -> None:
    """The control: the edits above do not fail for a reason of their own."""
    world.seal(plaintext=edited(world, lambda arrays, program, model: None, blindings=True))
    with world.enclave() as host, Server(application(host), "127.0.0.1", 0).in_background() as url:
        answered = DevEnclaveClient(url, POLICY).ask(sample(), context=b"c")
    honest = zkseal.answer(world.proving_key, sample(), context=b"c")
    assert np.array_equal(answered.outputs["y"], honest.outputs["y"])


def test_a_refusal_is_as_long_as_an_answer(tmp_path: Path) -> None:
    """Of a model whose answers are longer than the least bucket: the host sees lengths."""
    from onnx import helper
    from tests.e2e.small_models import model as onnx_model

    features, random = 3000, np.random.default_rng(1)
    samples = random.normal(size=(24, features)).astype(np.float32)
    weights = {"w": random.normal(size=(features, 3)).astype(np.float32), "b": random.normal(size=3).astype(np.float32)}
    graph = onnx_model([helper.make_node("Gemm", ["x", "w", "b"], ["y"], name="g")], weights, ("batch", features))
    key = zkseal.setup(zkseal.compile(graph.SerializeToString(), samples))[0]
    world, lines = World.of(tmp_path, key), list[dict[str, Any]]()
    world.seal(chunk_bytes=1 << 16)
    refused = np.where(np.arange(features) == 7, 1e6, samples[:1]).astype(np.float32)
    with world.enclave() as host, Server(application(host, log=lines.append), "127.0.0.1", 0).in_background() as url:
        client = DevEnclaveClient(url, POLICY)
        with pytest.raises(RangeExceeded):
            client.ask(refused)
        client.ask(samples[:1])
    sizes = [line["bytes"] for line in lines if line.get("bytes")]
    assert len(sizes) >= 2
    assert len(set(sizes[-2:])) == 1
    assert sizes[-1] > 4096 + 64


def test_a_key_is_checked_by_itself(world: World) -> None:
    key = world.proving_key
    key.weights.require_opened()
    zkseal.answer(key, sample(), checked=True)
