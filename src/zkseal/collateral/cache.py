"""The folder of fetched collateral: contents by digest, entries by name.

::

    DIR/entries/intel/tdx/tcb/90c06f000000.json   an entry: what was fetched from where and when, and its digest
    DIR/objects/8f2e..                            contents, named by their SHA-256

A content is written before the entry that names it, each in one step, so that a reader and a fetcher that is killed see
an entry with its content or none. Folders are of mode 0700 and files of mode 0600: they tell whose chips are appraised.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from zkseal.errors import DigestMismatch, FileUnavailable, InvalidEncoding, UnknownVersion
from zkseal.files.atomic import write_atomically
from zkseal.json_text import distinct, parse_json

__all__ = ["Cache", "Entry"]

VERSION = 1
MAX_ENTRY_BYTES = 1 << 16


@dataclass(frozen=True)
class Entry:
    """What the cache knows of one item.

    Attributes:
        sha256: of the content, hexadecimal.
        size: bytes of the content.
        fetched_at, issued_at, expires_at: Unix seconds; see `item.Checked`.
        issuer_chain: PEM, or nothing.
    """

    name: str
    url: str
    sha256: str
    size: int
    fetched_at: int
    issued_at: int | None
    expires_at: int | None
    issuer_chain: str


_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "url": (str,),
    "sha256": (str,),
    "size": (int,),
    "fetched_at": (int,),
    "issued_at": (int, type(None)),
    "expires_at": (int, type(None)),
    "issuer_chain": (str,),
}


class Cache:
    """A folder. It is made when something is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entry(self, name: str) -> Entry | None:
        """The entry of an item, or None.

        Raises:
            FileUnavailable, InvalidEncoding, UnknownVersion: it cannot be read.
        """
        path = self._entry_path(name)
        data = _read(path, MAX_ENTRY_BYTES)
        if data is None:
            return None
        try:
            value = parse_json(data, object_pairs_hook=distinct)
        except ValueError as error:
            raise _damaged(path) from error
        if isinstance(value, dict) and value.get("collateral") not in (None, VERSION):
            text = f"{path} is of a version that this release does not read. Fetch into another folder."
            raise UnknownVersion(text, got=value["collateral"], expected=VERSION)
        if not isinstance(value, dict) or set(value) != {"collateral", *_TYPES} or value["name"] != name:
            raise _damaged(path)
        if any(type(value[key]) not in types for key, types in _TYPES.items()):
            raise _damaged(path)
        return Entry(**{key: value[key] for key in _TYPES})

    def content(self, entry: Entry) -> bytes:
        """The content of an entry.

        Raises:
            FileUnavailable: it is not there.
            DigestMismatch: it is another one.
        """
        if len(entry.sha256) != 64 or not set(entry.sha256) <= set("0123456789abcdef"):
            raise _damaged(self._entry_path(entry.name))
        path = self._folder / "objects" / entry.sha256
        data = _read(path, entry.size)
        if data is None:
            text = f"{path} is missing, though an entry names it. Fetch {entry.name} again."
            raise FileUnavailable(text, path=str(path), reason="missing")
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise DigestMismatch(f"{path} was damaged or changed. Remove it and fetch again.", path=str(path))
        return data

    def data(self, name: str) -> bytes | None:
        """The content of an item, or None where the cache has none."""
        entry = self.entry(name)
        return None if entry is None else self.content(entry)

    def write(self, entry: Entry, data: bytes) -> None:
        """Writes content and entry.

        Raises:
            OutOfDisk, FileUnavailable: see `write_atomically`.
        """
        path = self._folder / "objects" / entry.sha256
        _make_folder(path.parent, self._folder)
        write_atomically(path, [data], secret=True)
        path = self._entry_path(entry.name)
        _make_folder(path.parent, self._folder)
        text = json.dumps({"collateral": VERSION, **asdict(entry)}, indent=1, sort_keys=True)
        write_atomically(path, [text.encode()], secret=True)

    def _entry_path(self, name: str) -> Path:
        return self._folder.joinpath("entries", *f"{name}.json".split("/"))


def entry_of(name: str, url: str, data: bytes, **times: Any) -> Entry:
    """The entry of a content that was just fetched."""
    return Entry(name, url, hashlib.sha256(data).hexdigest(), len(data), **times)


def _make_folder(path: Path, top: Path) -> None:
    """Makes `path` and its parents, down from `top`, for their owner alone."""
    for folder in (top, *(top / part for part in reversed(path.relative_to(top).parents)), path):
        try:
            folder.mkdir(mode=0o700, parents=folder == top, exist_ok=True)
        except OSError as error:
            text = f"{folder} cannot be made: {error.strerror}. Name another folder."
            raise FileUnavailable(text, path=str(folder), reason=str(error.strerror)) from error


def _read(path: Path, max_bytes: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        text = f"{path} cannot be read: {error.strerror}."
        raise FileUnavailable(text, path=str(path), reason=str(error.strerror)) from error
    if len(data) > max_bytes:
        raise _damaged(path)
    return data


def _damaged(path: Path) -> InvalidEncoding:
    return InvalidEncoding(f"{path} is no part of a folder of collateral. Remove it and fetch again.", reason="entry")


assert {entry.name for entry in fields(Entry)} == set(_TYPES)
