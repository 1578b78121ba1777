"""Keys of models in segments in files: by digest, one by one, and never another's."""

from __future__ import annotations

import hashlib
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

import zkseal
from zkseal import files, segments
from zkseal.errors import DecodeError, DigestMismatch, FileUnavailable, WrongFileKind, WrongModel
from zkseal.files.segments import drop_stale_segments
from zkseal.pipeline import CompiledModel
from zkseal.proving import SegmentedVerifyingKey
from zkseal.segments import SegmentedProvingKey

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def keys(request: pytest.FixtureRequest) -> tuple[SegmentedProvingKey, SegmentedVerifyingKey]:
    tiny: CompiledModel = request.getfixturevalue("tiny")
    return segments.setup_segments(segments.split(tiny, 2))


@pytest.fixture
def path(keys: tuple[SegmentedProvingKey, SegmentedVerifyingKey], tmp_path: Path) -> Path:
    files.save_any_proving_key(tmp_path / "m.zkp", keys[0])
    files.save_any_verifying_key(tmp_path / "m.zkv", keys[1])
    return tmp_path / "m.zkp"


def test_keys_round_trip(
    path: Path, keys: tuple[SegmentedProvingKey, SegmentedVerifyingKey], samples: np.ndarray
) -> None:
    loaded, verifying_key = files.load_any_proving_key(path), files.load_any_verifying_key(path.with_suffix(".zkv"))
    assert verifying_key.model_id == keys[1].model_id
    assert zkseal.describe(loaded) == zkseal.describe(keys[0])
    result = zkseal.prove(loaded, samples[:1], context=b"c")
    files.save_receipt(path.with_suffix(".zkr"), result.receipt)
    files.save_opening(path.with_suffix(".zko"), result.opening)
    receipt, opening = files.load_receipt(path.with_suffix(".zkr")), files.load_opening(path.with_suffix(".zko"))
    said = zkseal.verify(receipt, verifying_key, context=b"c")
    assert np.array_equal(said.outputs["y"], zkseal.prove(keys[0], samples[:1]).outputs["y"])
    assert list(zkseal.check_opening(receipt, opening, verifying_key)) == ["x"]


def test_segments_are_named_by_the_digest_of_their_files_and_are_secret(path: Path) -> None:
    parts = files.segment_files(path)
    assert len(parts) == 2
    for part in (path, *parts):
        assert stat.S_IMODE(part.stat().st_mode) == 0o600
    for part in parts:
        assert part.stem == hashlib.sha256(part.read_bytes()).hexdigest()


def test_a_segment_is_proved_with_its_own_file_alone(path: Path, samples: np.ndarray, tmp_path: Path) -> None:
    key = files.load_segmented_proving_key(path)
    run = segments.begin(key, samples[:1])
    alone = tmp_path / "elsewhere.zks"
    shutil.copy(files.segment_files(path)[1], alone)
    shutil.rmtree(path.with_name("m.zkp.segments"))
    proof = segments.prove_segment(files.load_segment_key(alone), run.jobs[1])
    segments.verify_segment(key.verifying_key, run, 1, proof)


def test_a_segment_that_is_missing_damaged_or_another_is_refused(path: Path, samples: np.ndarray) -> None:
    first, second = files.segment_files(path)
    key, data = files.load_segmented_proving_key(path), first.read_bytes()
    first.write_bytes(second.read_bytes())
    with pytest.raises(WrongModel) as caught:
        zkseal.prove(key, samples[:1])
    assert caught.value.segment == 0
    first.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(DigestMismatch):
        zkseal.prove(key, samples[:1])
    first.unlink()
    with pytest.raises(FileUnavailable):
        zkseal.prove(key, samples[:1])


def test_a_new_key_of_the_same_name_leaves_no_old_segment(path: Path, tiny: CompiledModel) -> None:
    old = set(files.segment_files(path))
    files.save_any_proving_key(path, segments.setup_segments(segments.split(tiny, 2))[0])
    note = path.with_name("m.zkp.segments") / "note.zks"
    note.write_text("mine")
    drop_stale_segments(path)
    new = set(files.segment_files(path))
    assert not old & new
    assert set(note.parent.iterdir()) == {*new, note}


def test_loaders_of_whole_models_refuse_segments(path: Path) -> None:
    with pytest.raises(WrongFileKind):
        files.load_proving_key(path)
    with pytest.raises(WrongFileKind):
        files.load_verifying_key(path.with_suffix(".zkv"))
    with pytest.raises(WrongFileKind):
        files.load_segment_key(path)
    with pytest.raises(WrongFileKind):
        files.load_any_verifying_key(path)


def test_every_changed_byte_of_the_index_is_refused(path: Path) -> None:
    data = path.read_bytes()
    for offset in range(0, len(data), 101):
        path.write_bytes(data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :])
        with pytest.raises(DecodeError):
            files.load_segmented_proving_key(path)
