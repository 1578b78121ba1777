"""Arrays and openings as plain data for deterministic CBOR: element type, shape, little-endian bytes."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import InvalidEncoding
from zkseal.proving.prove import ColumnOpening, Opening

__all__ = ["array_from_plain", "arrays_from_plain", "arrays_to_plain", "opening_from_plain", "opening_to_plain"]

DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")
MAX_NDIM = 8
MAX_ARRAYS = 1 << 12

Array = npt.NDArray[Any]


def arrays_to_plain(arrays: Mapping[str, Array]) -> dict[str, Any]:
    """By name. Raises `InvalidEncoding` for elements that are no numbers."""
    return {name: _array_to_plain(np.asarray(array)) for name, array in arrays.items()}


def arrays_from_plain(plain: Any) -> dict[str, Array]:
    """The arrays, each in memory of its own. Raises `InvalidEncoding`."""
    if not isinstance(plain, dict) or len(plain) > MAX_ARRAYS:
        raise _refused("arrays are a map of at most 4096")
    return {name: array_from_plain(entry) for name, entry in plain.items()}


def _array_to_plain(array: Array) -> dict[str, Any]:
    if array.dtype.name not in DTYPES or array.ndim > MAX_NDIM:
        raise _refused(f"an array of {array.dtype} with {array.ndim} axes is not sent")
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return {"type": array.dtype.name, "shape": list(array.shape), "data": little.tobytes()}


def array_from_plain(plain: Any) -> Array:
    """One array. Raises `InvalidEncoding`."""
    match plain:
        case {"type": str(name), "shape": list(shape), "data": bytes(data)} if (
            len(plain) == 3
            and name in DTYPES
            and len(shape) <= MAX_NDIM
            and all(type(axis) is int and 0 <= axis < 1 << 40 for axis in shape)
        ):
            dtype = np.dtype(name).newbyteorder("<")
            if math.prod(shape) * dtype.itemsize == len(data):
                # Where one axis is empty, the others may be longer than numpy can count.
                with contextlib.suppress(ValueError):
                    return np.frombuffer(data, dtype).reshape(shape).astype(name)
    raise _refused("an array has other entries, or other bytes than its shape takes")


def opening_to_plain(opening: Opening) -> dict[str, Any]:
    """A secret: for the response that its owner decrypts."""
    columns = {"input": opening.input, "output": opening.output}
    plain = {name: None if column is None else _column_to_plain(column) for name, column in columns.items()}
    return {"model": opening.model_id, "powers": opening.powers, **plain}


def opening_from_plain(plain: Any) -> Opening:
    """Raises `InvalidEncoding`."""
    match plain:
        case {"model": bytes(model_id), "powers": bytes(powers), "input": given, "output": made} if len(plain) == 4:
            return Opening(model_id, _column(given), _column(made), powers)
    raise _refused("an opening has other entries")


def _column_to_plain(column: ColumnOpening) -> dict[str, Any]:
    tensors = [[index, _array_to_plain(np.asarray(array))] for index, array in sorted(column.tensors.items())]
    return {"blindings": column.blindings, "tensors": tensors}


def _column(plain: Any) -> ColumnOpening | None:
    match plain:
        case None:
            return None
        case {"blindings": bytes(blindings), "tensors": list(tensors)} if len(plain) == 2:
            return ColumnOpening(dict(_tensor(entry) for entry in tensors), blindings)
    raise _refused("a column of an opening has other entries")


def _tensor(plain: Any) -> tuple[int, Array]:
    match plain:
        case [int(index), dict(array)] if not isinstance(index, bool) and 0 <= index < 1 << 32:
            return index, array_from_plain(array)
    raise _refused("a tensor of an opening has no index")


def _refused(reason: str) -> InvalidEncoding:
    return InvalidEncoding(f"These are no arrays, or no opening: {reason}.", reason=reason)
