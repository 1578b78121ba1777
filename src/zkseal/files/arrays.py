"""Integer arrays in a file: a directory of names, types and shapes, and the raw bytes, used in place.

A section pair: ``directory`` is deterministic CBOR ``[[name, dtype, [axis, ..], offset], ..]`` in ascending order of
names; ``arrays`` holds each array little-endian, row-major, from its offset, a multiple of 64, with zeros between.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import InvalidEncoding, WrongLength
from zkseal.files.container import ALIGNMENT, Buffer
from zkseal.receipts import cbor

__all__ = ["pack_arrays", "unpack_arrays"]

DTYPES = ("int8", "int16", "int32", "int64", "float32", "float64")
MAX_NDIM = 8
MAX_DIRECTORY_BYTES = 1 << 24


def pack_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[bytes, list[Buffer]]:
    """The sections ``directory`` and ``arrays`` of these arrays; the second as pieces, not copied where possible."""
    directory: list[Any] = []
    pieces: list[Buffer] = []
    end = 0
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        if array.dtype.name not in DTYPES:
            raise InvalidEncoding(f"Array '{name}' is of type {array.dtype}, not one of {DTYPES}.", reason="dtype")
        offset = -(-end // ALIGNMENT) * ALIGNMENT
        pieces.append(bytes(offset - end))
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        pieces.append(little.reshape(-1).view(np.uint8).data)
        directory.append([name, array.dtype.name, list(array.shape), offset])
        end = offset + array.nbytes
    return cbor.dumps(directory), pieces


def unpack_arrays(directory: Buffer, data: memoryview) -> dict[str, npt.NDArray[Any]]:
    """The arrays of the two sections, read-only views of `data`.

    Raises:
        InvalidEncoding, WrongLength: `pack_arrays` would not have written these bytes.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    end, previous = 0, ""
    entries = cbor.loads(bytes(directory), max_bytes=MAX_DIRECTORY_BYTES)
    for entry in entries if isinstance(entries, list) else [None]:
        name, dtype, shape, offset = _entry(entry)
        if arrays and name <= previous:
            raise InvalidEncoding(f"Array '{name}' is repeated or out of order.", reason="order")
        count = math.prod(shape)
        start, stop = -(-end // ALIGNMENT) * ALIGNMENT, offset + count * np.dtype(dtype).itemsize
        if offset != start or any(data[end:start]):
            raise InvalidEncoding(f"Array '{name}' is misplaced.", reason="offset")
        if stop > len(data):
            raise WrongLength(f"Array '{name}' is cut short.", expected=stop, got=len(data))
        arrays[name] = np.frombuffer(data, np.dtype(dtype).newbyteorder("<"), count, offset).reshape(shape)
        end, previous = stop, name
    if end != len(data):
        raise WrongLength("Bytes follow the last array.", expected=end, got=len(data))
    return arrays


def _entry(entry: Any) -> tuple[str, str, Sequence[int], int]:
    match entry:
        case [str(name), str(dtype), list(shape), int(offset)] if (
            dtype in DTYPES and len(shape) <= MAX_NDIM and all(type(n) is int and 0 <= n < 1 << 40 for n in shape)
        ):
            return name, dtype, shape, offset
    raise InvalidEncoding("The directory of arrays has an entry of another form.", reason="directory")
