"""Evidence with random changes: bytes of the payload and of what comes with it, values inside of its JSON."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from zkseal.tee import Evidence, Platform

# A long text is cut where a parser would name another place.
ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 1.0, 1e999, 2**70, "", "x", "00", "é", "\ud83d\ude00", "\ud800"),
    *([], {}, [1, 2], {"a": 1}, "AAAA", [["a"]], {"keys": []}),
]


def changed_bytes(evidence: Evidence, rng: random.Random) -> Evidence:
    """The evidence with some bytes of one of its parts changed, cut out or put in."""
    given = evidence.endorsements
    lists = [(name, i) for name in ("certificates", "rims", "pcrs") for i in range(len(getattr(given, name) or ()))]
    alone = [(name, None) for name in ("collateral", "public_key", "signature") if getattr(given, name)]
    name, index = rng.choice([("payload", None)] * 3 + lists + alone)
    if name == "payload":
        return replace(evidence, payload=flipped(evidence.payload, rng))
    value = getattr(given, name)
    if name == "collateral":
        other: Any = flipped(value.encode(), rng).decode("utf-8", "replace")
    elif index is None:
        other = flipped(value, rng)
    else:
        other = (*value[:index], flipped(value[index], rng), *value[index + 1 :])
    return replace(evidence, endorsements=replace(given, **{name: other}))


def flipped(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        if not changed:
            break
        at = rng.randrange(min(len(changed), 64) if rng.random() < 0.3 else len(changed))
        match rng.randrange(10):
            case 0 | 1:
                changed[at] = rng.randrange(256)
            case 2:
                del changed[at : at + rng.randrange(1, 5)]
            case 3:
                changed[at:at] = rng.randbytes(rng.randrange(1, 4))
            case 4:
                del changed[at:]
            case _:
                changed[at] ^= 1 << rng.randrange(8)
    return bytes(changed)


def has_json(evidence: Evidence) -> bool:
    """Whether the payload is JSON or a token."""
    return evidence.payload.lstrip()[:1] in (b"[", b"{") or evidence.platform is Platform.CONFIDENTIAL_SPACE


def changed_values(evidence: Evidence, rng: random.Random) -> Evidence:
    """The evidence with one value of its JSON, or of a token in it, of another type or gone."""
    if evidence.platform is Platform.CONFIDENTIAL_SPACE:
        return replace(evidence, payload=_changed_token(evidence.payload.decode().strip(), rng).encode())
    document = json.loads(evidence.payload)
    if evidence.platform is Platform.NVIDIA_NRAS and rng.random() < 0.7:
        outer, devices = document
        holder, name = rng.choice([(outer, 1), *((devices, name) for name in devices)])
        holder[name] = _changed_token(holder[name], rng)
    else:
        document = _changed(document, rng)
    return replace(evidence, payload=json.dumps(document).encode())


def _changed(document: Any, rng: random.Random) -> Any:
    path = rng.choice(list(_paths(document)))
    if not path:
        return rng.choice(ODD)
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    if rng.random() < 0.2:
        del holder[path[-1]]
    else:
        holder[path[-1]] = rng.choice(ODD)
    return document


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    steps = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for step in steps:
        yield from _paths(value[step], (*path, step))


def _changed_token(text: str, rng: random.Random) -> str:
    parts = text.split(".")
    index = rng.randrange(3)
    if index == 2:
        parts[2] = rng.choice(["", parts[2][:-1], parts[2] + "A", "!"])
    else:
        decoded = json.loads(base64.urlsafe_b64decode(parts[index] + "=" * (-len(parts[index]) % 4)))
        encoded = json.dumps(_changed(decoded, rng)).encode()
        parts[index] = base64.urlsafe_b64encode(encoded).rstrip(b"=").decode()
    return ".".join(parts)
