"""Reading arrays from files."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from zkseal.cli.samples import UNNAMED, read_arrays
from zkseal.errors import FileUnavailable, InvalidEncoding


def test_npz_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.eye(2), y=np.arange(3))
    arrays = read_arrays(tmp_path / "a.npz")
    assert arrays["x"].tolist() == [[1, 0], [0, 1]]
    assert arrays["y"].tolist() == [0, 1, 2]


def test_single_arrays_have_no_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", np.eye(2))
    np.save(tmp_path / "a.npy", np.eye(2))
    (tmp_path / "a.json").write_text(json.dumps([[1, 0], [0, 1]]))
    (tmp_path / "a.csv").write_text("left,right\n1,0\n0,1\n")
    (tmp_path / "b.csv").write_text("1,0\n0,1\n")
    for name in ("a.npz", "a.npy", "a.json", "a.csv", "b.csv"):
        assert read_arrays(tmp_path / name)[UNNAMED].tolist() == [[1, 0], [0, 1]]


def test_json_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"x": [1, 2.5]}))
    assert read_arrays(tmp_path / "a.json")["x"].tolist() == [1, 2.5]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", b"1"),
        ("a.npz", b"no archive"),
        ("a.npz", b""),
        ("a.npz", b"PK\x03\x04 and no more"),
        ("a.npy", b"no array"),
        ("a.json", b"{"),
        ("a.json", b'{"x": "text"}'),
        ("a.json", b"[[1], [2, 3]]"),
        ("a.json", b"[]"),
        ("a.csv", b"a,b\n1,c\n"),
        ("a.csv", b"1,2\n3\n"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidEncoding) as caught:
        read_arrays(tmp_path / name)
    assert caught.value.path == str(tmp_path / name)


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"x": 1}]), allow_pickle=True)
    with pytest.raises(InvalidEncoding):
        read_arrays(tmp_path / "a.npy")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.write(tmp_path / "a.npy", "x.npy")
    with pytest.raises(InvalidEncoding):
        read_arrays(tmp_path / "a.npz")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnavailable) as caught:
        read_arrays(tmp_path / "absent.npy")
    assert caught.value.path == str(tmp_path / "absent.npy")
