"""Containers: whole or not at all, every changed bit found, every other form refused."""

import errno
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zkseal.errors import (
    DecodeError,
    DigestMismatch,
    FileUnavailable,
    InvalidEncoding,
    OutOfDisk,
    UnknownVersion,
    WrongFileKind,
    WrongLength,
)
from zkseal.files import atomic
from zkseal.files.arrays import pack_arrays, unpack_arrays
from zkseal.files.container import MAGIC, FileKind, identify, read_container, write_container
from zkseal.receipts import cbor

KIND = FileKind(b"TEST", "test file", ".zkt", 3, ("first", "second"))
SECRET = FileKind(b"SECR", "secret file", ".zks", 1, ("only",), secret=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    target = tmp_path / "file.zkt"
    write_container(target, KIND, {"first": [b"abc", b"def"], "second": [bytes(100), b"tail"]})
    return target


def test_round_trip(path: Path) -> None:
    sections = read_container(path, KIND)
    assert {name: bytes(data) for name, data in sections.items()} == {
        "first": b"abcdef",
        "second": bytes(100) + b"tail",
    }
    assert path.stat().st_size == 192 + 64 + 104


def test_every_changed_bit_is_found(path: Path) -> None:
    data = path.read_bytes()
    for offset in range(len(data)):
        changed = bytearray(data)
        changed[offset] ^= 1 << (offset % 8)
        path.write_bytes(changed)
        with pytest.raises(DecodeError):
            read_container(path, KIND)


def test_every_cut_and_any_tail_is_found(path: Path) -> None:
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(WrongLength if length >= 12 + 4 else WrongFileKind):
            read_container(path, KIND)
    path.write_bytes(data + b"\0")
    with pytest.raises(WrongLength):
        read_container(path, KIND)


def test_changed_contents_are_a_digest_mismatch(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(DigestMismatch) as caught:
        read_container(path, KIND)
    assert caught.value.path == str(path)


def test_another_kind_is_refused(path: Path) -> None:
    with pytest.raises(WrongFileKind) as caught:
        read_container(path, SECRET)
    assert (caught.value.expected, caught.value.got) == ("secret file", "TEST")
    path.write_text("no zkseal file at all")
    with pytest.raises(WrongFileKind):
        read_container(path, KIND)
    path.write_bytes(b"")
    with pytest.raises(WrongFileKind):
        read_container(path, KIND)


def test_another_version_is_refused(path: Path) -> None:
    newer = FileKind(KIND.code, KIND.name, KIND.suffix, 4, KIND.sections)
    with pytest.raises(UnknownVersion) as caught:
        read_container(path, newer)
    assert (caught.value.got, caught.value.expected) == (3, 4)


def test_other_sections_are_refused(path: Path) -> None:
    renamed = FileKind(KIND.code, KIND.name, KIND.suffix, KIND.version, ("first", "third"))
    with pytest.raises(InvalidEncoding):
        read_container(path, renamed)
    with pytest.raises(InvalidEncoding):
        write_container(path, KIND, {"second": [], "first": []})


def test_identify(path: Path, tmp_path: Path) -> None:
    assert identify(path, [SECRET, KIND]) is KIND
    with pytest.raises(WrongFileKind):
        identify(path, [SECRET])
    with pytest.raises(FileUnavailable):
        identify(tmp_path / "absent", [KIND])
    with pytest.raises(FileUnavailable):
        identify(tmp_path, [KIND])


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnavailable) as caught:
        write_container(tmp_path / "absent" / "file", SECRET, {"only": [b""]})
    assert str(tmp_path / "absent" / "file") in str(caught.value)


def test_a_secret_file_is_its_owners_alone(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old and readable")
    write_container(target, SECRET, {"only": [b"x"]})
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_another_file_follows_the_umask(path: Path) -> None:
    mask = os.umask(0o022)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int) -> None:
    before = path.read_bytes()

    def full(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OutOfDisk) as caught:
        write_container(path, KIND, {"first": [b"new"], "second": [b"new"]})
    assert caught.value.path == str(path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_really_full_disk_is_out_of_disk() -> None:
    """/dev/full answers ENOSPC to every write: the real error, not a made-up one."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(OSError, match="space") as caught:
            atomic._write_all(descriptor, memoryview(b"x"))
    finally:
        os.close(descriptor)
    assert isinstance(atomic._typed(caught.value, Path("x")), OutOfDisk)


def test_an_interrupt_in_the_middle_leaves_nothing(path: Path) -> None:
    before = path.read_bytes()

    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic.write_atomically(path, chunks(), secret=False)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


arrays = st.dictionaries(
    st.text(st.characters(codec="ascii"), min_size=1, max_size=8),
    st.sampled_from(["int8", "int16", "int32", "int64", "float32"]).flatmap(
        lambda dtype: hnp.arrays(np.dtype(dtype), hnp.array_shapes(min_dims=0, max_dims=3, max_side=5))
    ),
    max_size=4,
)


@given(arrays)
@settings(max_examples=60, deadline=None)
def test_arrays_round_trip(arrays: dict[str, np.ndarray]) -> None:
    directory, pieces = pack_arrays(arrays)
    loaded = unpack_arrays(directory, memoryview(b"".join(pieces)))
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype
        assert loaded[name].shape == array.shape
        assert loaded[name].tobytes() == array.tobytes()
        assert not loaded[name].flags.writeable


@pytest.mark.parametrize(
    "entries",
    [
        {},
        [1],
        [["a", "int8", [4]]],
        [["a", "object", [4], 0]],
        [["a", "int8", [-4], 0]],
        [["a", "int8", [True] * 4, 0]],
        [["a", "int8", [4], 8]],
        [["b", "int8", [2], 0], ["a", "int8", [2], 64]],
        [["a", "int8", [2], 0], ["a", "int8", [2], 64]],
    ],
)
def test_other_directories_are_refused(entries: object) -> None:
    with pytest.raises(InvalidEncoding):
        unpack_arrays(cbor.dumps(entries), memoryview(bytes(66)))


def test_arrays_of_the_wrong_length_are_refused() -> None:
    directory, pieces = pack_arrays({"a": np.zeros(5, np.int16)})
    data = b"".join(pieces)
    for wrong in (data[:-1], data + b"\0"):
        with pytest.raises(WrongLength):
            unpack_arrays(directory, memoryview(wrong))
    with pytest.raises(InvalidEncoding):
        pack_arrays({"a": np.array([None])})


def test_the_magic_tells_text_mode_from_binary() -> None:
    assert b"\r\n" in MAGIC
    assert MAGIC[0] > 127


def test_files_written_together_appear_together(path: Path) -> None:
    other = path.with_name("other")
    before = path.read_bytes()
    with atomic.together():
        write_container(path, KIND, {"first": [b"new"], "second": []})
        write_container(other, SECRET, {"only": [b"x"]})
        assert path.read_bytes() == before
        assert not other.exists()
    assert bytes(read_container(path, KIND)["first"]) == b"new"
    assert bytes(read_container(other, SECRET)["only"]) == b"x"
    assert sorted(os.listdir(path.parent)) == ["file.zkt", "other"]


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_failure_beside_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> None:
    before = path.read_bytes()

    def fail(*_: object) -> int:
        raise failure

    def write_both() -> None:
        with atomic.together():
            write_container(path, KIND, {"first": [b"new"], "second": []})
            monkeypatch.setattr(os, "write", fail)
            write_container(path.with_name("other"), SECRET, {"only": [b"x"]})

    with pytest.raises(OutOfDisk if isinstance(failure, OSError) else KeyboardInterrupt):
        write_both()
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_an_interrupt_waits_until_all_files_have_their_names(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other, rename = path.with_name("other"), os.replace

    def interrupted_rename(source: Path, target: Path) -> None:
        rename(source, target)
        signal.raise_signal(signal.SIGINT)

    def write_both() -> None:
        with atomic.together():
            write_container(path, KIND, {"first": [b"new"], "second": []})
            write_container(other, SECRET, {"only": [b"x"]})

    monkeypatch.setattr(os, "replace", interrupted_rename)
    with pytest.raises(KeyboardInterrupt):
        write_both()
    assert sorted(os.listdir(path.parent)) == ["file.zkt", "other"]
    assert bytes(read_container(other, SECRET)["only"]) == b"x"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_two_results_of_one_name_are_refused(path: Path) -> None:
    before = path.read_bytes()

    def write_both() -> None:
        with atomic.together():
            write_container(path, KIND, {"first": [b"new"], "second": []})
            write_container(path, SECRET, {"only": [b"x"]})

    with pytest.raises(FileUnavailable):
        write_both()
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_only_ordinary_files_are_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(FileUnavailable) as caught:
            write_container(tmp_path / name, SECRET, {"only": [b"x"]})
        assert caught.value.path == str(tmp_path / name)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ["folder", "pipe"]
