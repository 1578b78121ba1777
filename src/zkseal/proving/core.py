"""The door to the compiled core: finds it, hands it arrays in the narrowest type, makes errors of its accidents."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import InternalError, MissingDependency, ResourceLimit, ValueOutOfBounds, WrongInput
from zkseal.relation import Column, Relation

__all__ = ["Integers", "Progress", "by_index", "native", "running"]

Integers = Mapping[str, npt.NDArray[Any]]
"""Integer arrays by tensor name, each of the shape of its tensor."""

Progress = Callable[[str, float], None]
"""Told the name of a stage and the share of it that is done, 0 to 1. It may raise, which stops the work."""

_STORAGE = (np.int8, np.int16, np.int32, np.int64)


def native() -> ModuleType:
    """The module `zkseal._native`.

    Raises:
        MissingDependency: it was not built, or for another platform.
    """
    try:
        from zkseal import _native
    except ImportError as error:
        raise MissingDependency(
            f"The compiled core zkseal._native cannot be loaded ({error}). Install a wheel of zkseal for this "
            "platform, or build it: make demo.",
            package="zkseal._native",
        ) from error
    return _native


@contextlib.contextmanager
def running(what: str) -> Iterator[None]:
    """Around a call of the core: a panic becomes `InternalError`, lack of memory becomes `ResourceLimit`."""
    try:
        yield
    except MemoryError as error:
        raise ResourceLimit(
            f"The memory does not suffice while {what}. `zkseal inspect` predicts what is needed.", resource="memory"
        ) from error
    except BaseException as error:
        # A panic of the core derives from BaseException, so that nothing swallows it by accident. It is our fault.
        if type(error).__name__ == "PanicException":
            _raise_interrupt(str(error))
            raise InternalError(f"The core failed while {what}: {error}. Please report this.", what=what) from error
        raise


def _raise_interrupt(panic: str) -> None:
    """Raises an interrupt that came while the core asked NumPy for its interface: the bridge panics, and tells why."""
    kinds: tuple[type[KeyboardInterrupt], ...] = (KeyboardInterrupt, *KeyboardInterrupt.__subclasses__())
    for kind in kinds:
        if repr(kind) in panic:
            raise kind from None


def storage(lo: int, hi: int) -> type[np.signedinteger[Any]]:
    """The narrowest type that holds [lo, hi]."""
    return next(kind for kind in _STORAGE if np.iinfo(kind).min <= lo and hi <= np.iinfo(kind).max)


def by_index(relation: Relation, values: Integers, columns: set[Column]) -> dict[int, npt.NDArray[Any]]:
    """The tensors of some columns by index, checked against shapes and bounds, as the core takes them.

    Raises:
        WrongInput: a tensor is missing or of another shape or kind.
        ValueOutOfBounds: an entry lies outside the bounds of its tensor.
    """
    result: dict[int, npt.NDArray[Any]] = {}
    for index, (name, tensor) in enumerate(zip(relation.names.tensors, relation.tensors, strict=True)):
        if tensor.column not in columns:
            continue
        array = np.asarray(values[name]) if name in values else None
        if array is None or array.shape != tensor.shape or array.dtype.kind not in "iu":
            got = "missing" if array is None else f"{array.dtype} of shape {array.shape}"
            raise WrongInput(
                f"Tensor '{name}' has to hold integers of shape {tensor.shape}; it is {got}.",
                name=name,
                expected=tensor.shape,
                got=None if array is None else array.shape,
            )
        outside = (array < tensor.lo) | (array > tensor.hi)
        if outside.any():
            where = tuple(int(axis) for axis in np.argwhere(outside)[0])
            raise ValueOutOfBounds(
                f"Tensor '{name}' has an entry outside [{tensor.lo}, {tensor.hi}] at {where}.",
                tensor=name,
                index=where,
                lo=tensor.lo,
                hi=tensor.hi,
            )
        result[index] = np.ascontiguousarray(array, dtype=storage(tensor.lo, tensor.hi))
    return result
