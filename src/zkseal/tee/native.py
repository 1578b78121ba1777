"""The compiled core, imported when it is first needed: help and policies work without it."""

from __future__ import annotations

from typing import Any

from zkseal.errors import MissingDependency

__all__ = ["native"]


def native() -> Any:
    """The compiled core.

    Raises:
        MissingDependency: it is not built or not installed.
    """
    try:
        from zkseal import _native
    except ImportError as error:
        text = f"The compiled core of zkseal cannot be imported ({error}). Install the wheel, or run `make demo`."
        raise MissingDependency(text, package="zkseal._native") from error
    return _native
