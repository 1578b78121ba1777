"""JSON of others, read with a bound on its depth.

`json.loads` nests one C frame a bracket and trusts the interpreter's recursion limit to stop it. A library that raises
that limit (py_ecc sets 100,000) takes the guard away from the whole process, and a kilobyte of brackets ends it without
an exception. So depth is measured before anything is parsed.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any

__all__ = ["MAX_DEPTH", "distinct", "parse_json", "printable"]

# Deeper than any document that zkseal reads: a tree of XGBoost takes 8 levels, an array has one a dimension.
MAX_DEPTH = 100

# A string, or what stands behind the last quotation mark. Possessive: linear in the text, whatever it holds.
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
# Text in which every escaped surrogate stands in a pair, high before low.
_PAIRED = re.compile(rb"(?:[^\\]++|\\u[dD][89abAB]..\\u[dD][c-fC-F]|\\(?!u[dD][89a-fA-F]).)*+", re.DOTALL)
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are distinct: `parse_json(text, object_pairs_hook=distinct)`."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def printable(text: str) -> str:
    """Text of others, for a line that people read.

    What moves a cursor, colours, breaks a line or turns its direction would let a stranger write the lines around it:
    each such character becomes a question mark.
    """
    return "".join(character if character.isprintable() else "?" for character in text)


def parse_json(text: str | bytes, **options: Any) -> Any:
    """`json.loads` of UTF-8 text of at most `MAX_DEPTH` levels, whose texts are UTF-8 too.

    JSON can escape half of a surrogate pair. Python reads it as a text that cannot be written, encoded or hashed.

    Args:
        options: of `json.loads`.

    Raises:
        ValueError: not UTF-8, no JSON, nested deeper, or with a lone surrogate.
        TypeError: `text` is neither text nor bytes.
    """
    if not isinstance(text, str | bytes):
        raise TypeError(f"JSON is text, not {type(text).__name__}")
    data = text.encode("utf-8") if isinstance(text, str) else text
    brackets = _STRINGS.sub(b"", data).translate(None, _ALL_BUT_BRACKETS)
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MAX_DEPTH:
        raise ValueError(f"JSON nested deeper than {MAX_DEPTH} levels")
    found = json.loads(text if isinstance(text, str) else text.decode("utf-8"), **options)
    paired = _PAIRED.match(data)
    if paired is None or paired.end() != len(data):
        raise ValueError("a text with a lone surrogate")
    return found
