"""Verifying keys, receipts and openings in files."""

from __future__ import annotations

import os
from typing import Any

import numpy.typing as npt

from zkseal.errors import InvalidEncoding
from zkseal.files.arrays import pack_arrays, unpack_arrays
from zkseal.files.container import read_container, write_container
from zkseal.files.kinds import OPENING, RECEIPT, VERIFYING_KEY
from zkseal.proving import ColumnOpening, Opening, VerifyingKey
from zkseal.receipts import Receipt, cbor

__all__ = [
    "load_opening",
    "load_receipt",
    "load_verifying_key",
    "save_opening",
    "save_receipt",
    "save_verifying_key",
]

Path = str | os.PathLike[str]

MAX_HEAD_BYTES = 1 << 26
_COLUMNS = ("input", "output")


def save_verifying_key(path: Path, key: VerifyingKey) -> None:
    """Writes a verifying key, whole or not at all. Raises `OutOfDisk`, `FileUnavailable`."""
    write_container(path, VERIFYING_KEY, {"verifying key": [key.data]})


def load_verifying_key(path: Path) -> VerifyingKey:
    """Reads a key and checks its model proof. Raises `FileUnavailable`, `DecodeError`, `ModelProofRejected`."""
    return VerifyingKey(bytes(read_container(path, VERIFYING_KEY)["verifying key"]))


def save_receipt(path: Path, receipt: Receipt) -> None:
    """Writes a receipt, whole or not at all. Raises `OutOfDisk`, `FileUnavailable`."""
    write_container(path, RECEIPT, {"receipt": [receipt.to_cbor()]})


def load_receipt(path: Path) -> Receipt:
    """Reads a receipt. Its proof is not checked. Raises `FileUnavailable`, `DecodeError`."""
    return Receipt.from_cbor(bytes(read_container(path, RECEIPT)["receipt"]))


def save_opening(path: Path, opening: Opening) -> None:
    """Writes an opening, whole or not at all; readable by its owner only. Raises `OutOfDisk`, `FileUnavailable`.

    Its head holds the model id, the blindings of each column, and powers of tau if the key has them.
    """
    head: dict[str, Any] = {"model": opening.model_id}
    if opening.powers:
        head["powers"] = opening.powers
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, column in zip(_COLUMNS, (opening.input, opening.output), strict=True):
        head[name] = None if column is None else column.blindings
        for index, array in (column.tensors if column is not None else {}).items():
            arrays[f"{name}/{index:010}"] = array
    directory, pieces = pack_arrays(arrays)
    write_container(path, OPENING, {"head": [cbor.dumps(head)], "directory": [directory], "arrays": pieces})


def load_opening(path: Path) -> Opening:
    """Reads an opening. Raises `FileUnavailable`, `DecodeError`."""
    sections = read_container(path, OPENING)
    head = cbor.loads(bytes(sections["head"]), max_bytes=MAX_HEAD_BYTES)
    arrays = unpack_arrays(sections["directory"], sections["arrays"])
    try:
        columns = [_column(name, head[name], arrays) for name in _COLUMNS]
        model_id, powers = head["model"], head.get("powers")
        if not isinstance(model_id, bytes) or set(head) - {"powers"} != {"model", *_COLUMNS}:
            raise ValueError("entries")
        if "powers" in head and not (isinstance(powers, bytes) and powers):
            raise ValueError("powers")
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidEncoding(f"The head of '{path}' is damaged: {error!r}.", path=str(path), reason="head") from error
    return Opening(model_id, columns[0], columns[1], powers or b"")


def _column(name: str, blindings: Any, arrays: dict[str, npt.NDArray[Any]]) -> ColumnOpening | None:
    if blindings is None:
        return None
    if not isinstance(blindings, bytes):
        raise TypeError("blindings are no bytes")
    prefix = f"{name}/"
    return ColumnOpening(
        {int(key[len(prefix) :]): array for key, array in arrays.items() if key.startswith(prefix)}, blindings
    )
