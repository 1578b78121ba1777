"""Names of values and nodes that are not in use."""

from __future__ import annotations

from collections.abc import Container

__all__ = ["fresh_name"]


def fresh_name(stem: str, *taken: Container[str]) -> str:
    """The first of `stem`, `stem_1`, `stem_2` .. that none of `taken` contains."""
    name, count = stem, 1
    while any(name in names for names in taken):
        name, count = f"{stem}_{count}", count + 1
    return name
