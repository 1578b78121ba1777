"""Sealed models are read chunk by chunk, in memory, in any order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sealed.examples import CHUNK, PARTS, Example

from zkseal import files
from zkseal.errors import DecryptionFailed, WrongInput
from zkseal.pipeline import ProvingKey
from zkseal.sealed import PROVING_KEY_SECTION, SealedModel, UnlockedModel
from zkseal.sealed.layout import Body

pytestmark = pytest.mark.native

NAME = "proving-key"
LENGTH = len(PARTS[NAME])


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return Example.make(tmp_path_factory.mktemp("sealed") / "m.zks")


@pytest.fixture(scope="module")
def unlocked(example: Example) -> UnlockedModel:
    return example.unlock()


def test_sections_are_listed_with_their_lengths(unlocked: UnlockedModel) -> None:
    assert {name: unlocked.length(name) for name in unlocked.sections} == {n: len(part) for n, part in PARTS.items()}


@settings(deadline=None)
@given(start=st.integers(0, LENGTH), data=st.data())
def test_any_part_of_a_section_can_be_read(start: int, data: st.DataObject, unlocked: UnlockedModel) -> None:
    length = data.draw(st.integers(0, LENGTH - start))
    assert unlocked.read(NAME, start, length) == PARTS[NAME][start : start + length]


def test_a_section_without_bytes_is_empty(unlocked: UnlockedModel) -> None:
    assert unlocked.read("tokenizer") == b""
    assert [bytes(piece) for piece in unlocked.pieces("tokenizer")] == [b""]


@pytest.mark.parametrize(("start", "length"), [(-1, 1), (0, -1), (0, LENGTH + 1), (LENGTH + 1, 0), (LENGTH, 1)])
def test_nothing_beyond_a_section_is_read(start: int, length: int, unlocked: UnlockedModel) -> None:
    with pytest.raises(WrongInput):
        unlocked.read(NAME, start, length)


def test_a_section_is_read_into_memory_that_is_as_long(unlocked: UnlockedModel) -> None:
    memory = bytearray(LENGTH)
    unlocked.read_into(NAME, memoryview(memory))
    assert memory == PARTS[NAME]
    for length in (0, LENGTH - 1, LENGTH + 1):
        with pytest.raises(WrongInput):
            unlocked.read_into(NAME, memoryview(bytearray(length)))


def test_an_unknown_section_is_named(unlocked: UnlockedModel) -> None:
    for call in (unlocked.length, unlocked.read, lambda name: next(unlocked.pieces(name))):
        with pytest.raises(WrongInput, match="weights"):
            call("weights")


def test_a_changed_chunk_hurts_only_who_reads_it(example: Example, tmp_path: Path) -> None:
    """Chunks are opened when they are asked for, and not before."""
    layout = Body(example.header)
    at = example.body_start + layout.place(layout.sections[0], 2, 1).start
    changed, path = bytearray(example.data), tmp_path / "m.zks"
    changed[at] ^= 1
    path.write_bytes(changed)
    unlocked = example.unlock(path)
    assert unlocked.read(NAME, 0, 2 * CHUNK) == PARTS[NAME][: 2 * CHUNK]
    assert unlocked.read(NAME, 3 * CHUNK) == PARTS[NAME][3 * CHUNK :]
    with pytest.raises(DecryptionFailed):
        unlocked.read(NAME, 2 * CHUNK, 1)
    with pytest.raises(DecryptionFailed):
        unlocked.verify()
    memory = bytearray(b"x" * LENGTH)
    with pytest.raises(DecryptionFailed):
        unlocked.read_into(NAME, memoryview(memory))
    assert memory == bytes(LENGTH)


def test_a_body_that_changes_while_it_is_used_is_refused(example: Example) -> None:
    """A host that shares the memory of an enclave may change the body after the model was unlocked."""
    data = bytearray(example.data)
    model = SealedModel.parse(memoryview(data), "shared", publisher=example.publisher.public_key)
    unlocked = model.unlock(model.data_key(example.recipient))
    assert unlocked.read(NAME) == PARTS[NAME]
    data[example.body_start + 5] ^= 1
    with pytest.raises(DecryptionFailed):
        unlocked.read(NAME)


def test_a_holder_of_the_data_key_cannot_replace_a_chunk(example: Example, tmp_path: Path) -> None:
    """A broker or an enclave has the key and can encrypt; what it encrypts is not what the publisher signed."""
    model_path, layout = tmp_path / "m.zks", Body(example.header)
    key = example.unlock().chunks.cipher
    whole = np.zeros(CHUNK, np.uint8)
    forged = key.seal(0, 0, False, CHUNK, whole)
    start = example.body_start + layout.place(layout.sections[0], 0, 1).start
    model_path.write_bytes(example.data[:start] + forged + example.data[start + len(forged) :])
    with pytest.raises(DecryptionFailed, match="publisher signed"):
        example.unlock(model_path).read(NAME)
    # With the leaf forged, too, the root decides.
    table = np.frombuffer(example.unlock().leaves, np.uint8).copy()
    table[:32] = np.frombuffer(bytes(32), np.uint8)
    sealed_table = key.seal(layout.table.number, 0, True, CHUNK, table)
    at = example.body_start + layout.table.start
    model_path.write_bytes(example.data[:at] + sealed_table)
    with pytest.raises(DecryptionFailed, match="publisher signed"):
        example.unlock(model_path)


def test_a_proving_key_is_used_from_memory(tiny_keys: tuple[ProvingKey, object], tmp_path: Path) -> None:
    """The way of an enclave: sealed file in, proving key out, the plaintext never on the disk."""
    proving_key, plain = tiny_keys[0], tmp_path / "m.zkp"
    files.save_proving_key(plain, proving_key)
    example = Example.make(tmp_path / "m.zks", {PROVING_KEY_SECTION: plain.read_bytes()})
    plain.unlink()
    with example.unlock().in_memory(PROVING_KEY_SECTION) as path:
        loaded = files.load_proving_key(path)
    # The mapping outlives the name: weights are read when they are used.
    assert loaded.verifying_key.model_id == proving_key.verifying_key.model_id
    assert not path.exists()
    for index, array in proving_key.weights.weights.items():
        np.testing.assert_array_equal(loaded.weights.weights[index], array)
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.zks"]
