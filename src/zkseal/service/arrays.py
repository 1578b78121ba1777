"""Arrays in JSON: nested lists, or their bytes with a type and a shape.

`{"dtype": "float32", "shape": [1, 8], "data": "<base64>"}` holds little-endian entries in row-major order; nested lists
are for people and small models. A missing entry (NaN) is null, in both directions.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import WrongInput
from zkseal.pipeline import Interface

__all__ = ["nested", "read_inputs", "to_nested"]

Array = npt.NDArray[Any]

_DTYPES = ("float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "bool")
_PACKED = {"dtype", "shape", "data"}
_NUMBERS = frozenset({int, float, bool, type(None)})
MAX_AXES = 32
"""More than any model has, and as many as numpy goes through. The product of a million lengths takes minutes."""


def read_inputs(given: Mapping[str, Any], interface: Interface) -> dict[str, Array]:
    """An array for each input of a model, of whatever shape. Errors name the model's inputs, and nothing of what was
    given.

    Raises:
        WrongInput: an input is missing or unknown, or is no array of numbers.
    """
    names = [port.name for port in interface.inputs]
    if set(given) != set(names):
        missing = sorted(set(names) - set(given))
        what = f"Missing: {missing}. " if missing else "There is one that it does not have. "
        text = f"{what}The model has the inputs {names}: give an array for each of them."
        raise WrongInput(text, name=missing[0] if missing else None, expected=names)
    return {name: _array(given[name], name) for name in names}


def _array(value: Any, name: str) -> Array:
    """The array of one input; NaN is a missing entry, of which the model decides. Raises `WrongInput`."""
    array = _packed(value, name) if isinstance(value, Mapping) else _nested(value, name)
    if array.dtype.kind == "f" and np.isinf(array).any():
        raise _refused(name, "it holds infinity")
    return array


def _nested(value: Any, name: str) -> Array:
    try:
        # As objects first: as texts all entries would take as much room as the longest one.
        entries = np.asarray(value, dtype=object)
        if entries.ndim > MAX_AXES or not _NUMBERS.issuperset(map(type, entries.flat)):
            raise _refused(name, "its lists have different lengths, or hold something else than numbers")
        array = np.asarray(value)
        if array.dtype.kind == "O":
            array = array.astype(np.float64)
    except (ValueError, TypeError, OverflowError):
        raise _refused(name, "its lists have different lengths, or hold something else than numbers") from None
    if array.dtype.kind not in "biuf":
        raise _refused(name, "it holds something else than numbers of 64 bits")
    return array


def _packed(value: Mapping[str, Any], name: str) -> Array:
    dtype, shape, data = (value.get(key) for key in ("dtype", "shape", "data"))
    if set(value) != _PACKED or dtype not in _DTYPES or not isinstance(data, str):
        raise _refused(name, f"a packed array has dtype (one of {', '.join(_DTYPES)}), shape and data in base64")
    if not (isinstance(shape, list) and len(shape) <= MAX_AXES and all(map(_is_length, shape))):
        raise _refused(name, "its shape is no list of lengths")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise _refused(name, "its data is no base64") from None
    little = np.dtype(dtype).newbyteorder("<")
    if len(raw) != math.prod(shape) * little.itemsize:
        raise _refused(name, "its data is of another length than its shape and type say")
    try:
        return np.frombuffer(raw, little).astype(np.dtype(dtype)).reshape(shape)
    except ValueError:
        # One axis is empty, and the others are longer than numpy can count.
        raise _refused(name, "its shape is no list of lengths") from None


def _is_length(axis: Any) -> bool:
    return type(axis) is int and 0 <= axis < 1 << 31


def _refused(name: str, reason: str) -> WrongInput:
    # Without the exception that was met: its text may quote what was given.
    return WrongInput(f"Input '{name}' cannot be read: {reason}.", name=name, reason=reason)


def to_nested(array: Array) -> Any:
    """Nested lists of numbers; NaN becomes null, which JSON has."""
    numbers = np.asarray(array)
    if numbers.dtype.kind != "f" or np.isfinite(numbers).all():
        return numbers.tolist()
    shown = numbers.astype(object)
    shown[~np.isfinite(numbers)] = None
    return shown.tolist()


def nested(outputs: Iterable[Mapping[str, Array]]) -> list[dict[str, Any]]:
    """Outputs by name, for each input."""
    return [{name: to_nested(array) for name, array in arrays.items()} for arrays in outputs]
