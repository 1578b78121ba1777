"""Server-sent events, as the service writes them: `id`, `event` and one line of `data`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from zkseal.errors import InvalidEncoding
from zkseal.json_text import parse_json

__all__ = ["ServerEvent", "read_events"]


@dataclass(frozen=True)
class ServerEvent:
    """One event. `data` is its JSON."""

    id: str
    kind: str
    data: dict[str, Any]


def read_events(lines: Iterable[str]) -> Iterator[ServerEvent]:
    """Events of a stream; comments, which keep it alive, and other fields are passed over. Raises `InvalidEncoding`."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            if name in ("id", "event", "data"):
                fields[name] = value.removeprefix(" ")
            continue
        if "event" in fields and "data" in fields:
            yield ServerEvent(fields.get("id", ""), fields["event"], _data(fields["data"]))
        fields = {}


def _data(text: str) -> dict[str, Any]:
    try:
        found = parse_json(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidEncoding("An event of the service holds no JSON object.", reason="event")
    return found
