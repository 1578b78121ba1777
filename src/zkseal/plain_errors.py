"""Errors as plain maps, which cross from one process to another and are raised there again."""

from __future__ import annotations

from typing import Any

from zkseal.errors import InternalError, InvalidEncoding, ZksealError, error_classes
from zkseal.json_text import printable

__all__ = ["decode_error", "encode_error"]

_CODES = {cls.code: cls for cls in error_classes()}


def encode_error(error: Exception) -> dict[str, Any]:
    """An error as a map: its code, its sentence, and what of its fields is plain.

    An exception that is not of this package is an `InternalError` of its kind: its text may hold anything.
    """
    if not isinstance(error, ZksealError):
        kind = type(error).__name__
        error = InternalError(f"A process of zkseal failed with {kind}. Please report this.", kind=kind)
    return {"code": error.code, "message": error.message, "fields": _plain(error.to_dict()["fields"])}


def _plain(value: Any) -> Any:
    """JSON values without floats, which this CBOR has not: they are written as text."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) or (isinstance(value, int) and not -(1 << 63) <= value < 1 << 63):
        return repr(value)
    return value


def decode_error(described: dict[str, Any]) -> ZksealError:
    """The error that `encode_error` wrote, its texts printable; an unknown code is an `InternalError`."""
    match described:
        case {"code": str(code), "message": str(message), "fields": dict(fields)} if len(described) == 3:
            told = {printable(name): _printable(value) for name, value in fields.items()}
            return _CODES.get(code, InternalError)(printable(message), **told)
    raise InvalidEncoding("An error of another process is of another form.", reason="error")


def _printable(value: Any) -> Any:
    if isinstance(value, dict):
        return {printable(key): _printable(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_printable(entry) for entry in value]
    return printable(value) if isinstance(value, str) else value
